"""From file to counterfactual: import, simulator, networks, saliency, the path of 21 severities."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from statistics import median


def timed(work: Callable[[], object], times: int) -> float:
    """Median seconds of ``times`` runs, after one to warm up."""
    work()
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return median(seconds)


def import_s(statement: str) -> float:
    """Median seconds of a statement in a fresh interpreter, by its own clock."""
    code = f"import time; t = time.perf_counter(); {statement}; print(time.perf_counter() - t)"
    run = [sys.executable, "-c", code]
    return median(
        float(subprocess.run(run, capture_output=True, text=True, check=True).stdout)
        for _ in range(5)
    )


def main() -> None:
    """Print the table."""
    import torch

    import cofe_widgets as cw
    from cofe_widgets.generative.inversion import invert
    from cofe_widgets.generative.networks import networks
    from cofe_widgets.io import sample_path
    from cofe_widgets.simulate import draw

    path = sample_path("sinus")
    record, f = cw.read(path), cw.load("af-resnet")
    inversion, nets = invert([record]), networks()
    x = torch.from_numpy(inversion.records[0].signal[[0, 1, *range(6, 12)]].copy())[None]

    def encode_and_draw() -> None:
        with torch.no_grad():
            nets.generator(nets.encoder(x, inversion.latent.r_s))

    def synthesis() -> None:
        with torch.no_grad():
            nets.generator(inversion.latent)

    def whole_path() -> None:
        found = cw.counterfactual(cw.read(path), cw.load("af-resnet"), target="AF")
        assert found.reached and len(found.signals) == 21

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    simulator = 200 / timed(lambda: draw(["NSR", "AF"] * 100, 0), 5)
    torch.set_num_threads(threads)
    rows = [
        ("import cofe_widgets", f"{1000 * import_s('import cofe_widgets'):.0f} ms", "500 ms"),
        ("simulator, one core, 12 leads 10 s at 250 Hz", f"{simulator:.0f} /s", "200 /s"),
        ("one synthesis", f"{1000 * timed(synthesis, 30):.1f} ms", ""),
        ("encoder + generator", f"{1000 * timed(encode_and_draw, 30):.1f} ms", "60 ms"),
        ("prediction", f"{1000 * timed(lambda: f.predict(record), 20):.1f} ms", ""),
        ("saliency", f"{1000 * timed(lambda: cw.attribute(record, f, 'AF'), 10):.1f} ms", ""),
        ("file to 21 severities", f"{timed(whole_path, 5):.2f} s", "6 s"),
    ]
    print(f"\nengine ({threads} threads)            median      target")
    for name, value, target in rows:
        print(f"  {name:<46}{value:>10}{target:>10}")


if __name__ == "__main__":
    main()
