"""A recipe's work on a terminal: a bar, the rows of the log as they come, what ships."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...models import load
from ...steps import Step
from .parallel import rank


def follow(steps: Iterable[Step[Any]], name: str) -> Any:
    """Do the work to its end; the result of the last step (None where it was cut off).

    The bar shows on a terminal only. Of several processes (`parallel`) the first alone speaks.
    """
    from tqdm import tqdm

    bar, row, result = None, None, None
    for step in steps:
        result = step.result
        if rank():
            continue
        if bar is None:
            form = "{l_bar}{bar}| {elapsed}<{remaining}"
            bar = tqdm(total=1.0, bar_format=form, smoothing=0, disable=None)
        if not bar.n:  # a run that is resumed has not done that much just now
            bar.initial = bar.n = step.fraction
        bar.set_description(f"{name}: {step.message}", refresh=False)
        bar.update(step.fraction - bar.n)
        if step.partial is not None and step.partial is not row:
            row = step.partial
            _say(bar, "  ".join(f"{k} {_short(v)}" for k, v in row.items()))
        if result is not None:
            metrics = load(result).card["metrics"]
            _say(bar, "\n".join([*(f"{k}: {v}" for k, v in metrics.items()), step.message]))
    if bar is not None:
        bar.close()
        if result is None:
            print(f"{name}: {step.message}", flush=True)
    return result


def _short(value: float | int | str) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _say(bar: Any, text: str) -> None:
    with bar.external_write_mode():
        print(text, flush=True)
