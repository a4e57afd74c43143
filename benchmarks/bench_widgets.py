"""The front end: drawing twelve leads, and a dragged slider from input to pixels in JupyterLab."""

from __future__ import annotations

import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from statistics import median

import nbformat
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
DRAGS = 100
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
CELL = """
import sys; sys.path.insert(0, {root!r})
import cofe_widgets as cw
rec = cw.read("sample:sinus")
{shown}
"""

# One frame of the trace layer, all twelve leads and the strip, drawn by the viewer itself.
DRAW = """async (frames) => {
    const paper = document.querySelector(".cofe-paper"), took = [];
    const slider = document.querySelector("input.cofe-slider");
    for (let k = 0; k < frames; k++) {
        slider.value = (k % 20) / 20 + 0.03;
        slider.dispatchEvent(new Event("input"));
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        took.push(Number(paper.dataset.drawMs));
    }
    return took;
}"""

# Time from an input event to the frame that shows it, and what a fast hand leaves behind.
DRAG = """async (drags) => {
    const paper = document.querySelector(".cofe-paper"), took = [];
    const slider = document.querySelector("input.cofe-slider");
    const drawn = () => Number(paper.dataset.frames);
    for (let k = 0; k < drags; k++) {
        const before = drawn(), began = performance.now();
        slider.value = ((k * 37) % 100) / 100;
        slider.dispatchEvent(new Event("input"));
        while (drawn() === before) await new Promise(requestAnimationFrame);
        took.push(performance.now() - began);
    }
    const before = drawn();
    for (let k = 0; k < 50; k++) {
        slider.value = k / 50;
        slider.dispatchEvent(new Event("input"));
    }
    await new Promise((done) => setTimeout(done, 500));
    return { took, backlog: drawn() - before };
}"""

# A hand on a dial of `EcgLab` for three seconds: new ECGs drawn, each through the generator and the model.
DIAL = """async (moves) => {
    const root = document.querySelector(".cofe-explainer"), paper = root.querySelector(".cofe-paper");
    const slider = root.querySelectorAll(".cofe-range")[1];
    slider.dispatchEvent(new Event("pointerdown"));
    await new Promise((go) => setTimeout(go, 2000));
    const before = Number(paper.dataset.frames), began = performance.now();
    for (let k = 0; k <= moves; k++) {
        const share = 0.5 - 0.5 * Math.cos((4 * Math.PI * k) / moves);
        slider.value = String(Number(slider.min) + share * (slider.max - slider.min));
        slider.dispatchEvent(new Event("input"));
        await new Promise((go) => setTimeout(go, 16));
    }
    return (1000 * (Number(paper.dataset.frames) - before)) / (performance.now() - began);
}"""

VIEW = """async (frames) => {
    const paper = document.querySelector(".cofe-paper"), took = [];
    const order = document.querySelector("select[aria-label='Order of the limb leads']");
    for (let k = 0; k < frames; k++) {
        order.value = k % 2 ? "standard" : "cabrera";
        order.dispatchEvent(new Event("change"));
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        took.push(Number(paper.dataset.drawMs));
    }
    return took;
}"""


def main() -> None:
    """Measure in a real JupyterLab and print the table."""
    sys.path.insert(0, str(ROOT))
    from tests.chromium import find

    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(find()), args=FLAGS)
        server, url, token = _lab(Path(home))
        try:
            page = browser.new_page(viewport={"width": 1400, "height": 1000})
            _show(page, Path(home), url, token, "cw.EcgViewer(rec, format='12x1')")
            first = page.evaluate(VIEW, 40)
            _show(
                page,
                Path(home),
                url,
                token,
                "cw.counterfactual(rec, cw.load('af-resnet'), target='AF')",
            )
            drawn = page.evaluate(DRAW, 100)
            dragged = page.evaluate(DRAG, DRAGS)
            lab = "cw.EcgLab(rec, cw.load('af-resnet'), 'AF')"
            _show(page, Path(home), url, token, lab)
            dialled = [page.evaluate(DIAL, 180) for _ in range(3)]
        finally:
            server.terminate()
            server.wait(30)
            browser.close()
    rows = (
        ("paper and 12 x 5000 samples drawn", f"{median(first):.1f} ms", "4 ms"),
        ("12 leads, original and counterfactual, one frame", f"{median(drawn):.1f} ms", "4 ms"),
        (f"slider to drawn frame, {DRAGS} drags", f"{median(dragged['took']):.0f} ms", "60 ms"),
        ("frames drawn for 50 inputs at once (no backlog)", f"{dragged['backlog']}", "1"),
        ("ECGs drawn under a dragged measurement", f"{median(dialled):.0f} a s", ">= 20"),
    )
    print("\nfront end, medians in JupyterLab and headless Chromium")
    print(f"{'':52}{'measured':>12}{'wanted':>10}")
    for what, measured, wanted in rows:
        print(f"{what:52}{measured:>12}{wanted:>10}")


def _lab(home: Path) -> tuple[subprocess.Popen[bytes], str, str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1"),
        f"--port={port}",
        f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={home}",
        "--LabApp.expose_app_in_browser=True",
    ]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen(command, cwd=home, **quiet)  # type: ignore[call-overload]
    url = f"http://127.0.0.1:{port}"
    for _ in range(240):
        try:
            with urllib.request.urlopen(f"{url}/api/status?token={token}", timeout=5):
                return server, url, token
        except OSError:
            time.sleep(0.5)
    server.terminate()
    raise RuntimeError("JupyterLab did not start within two minutes")


def _show(page: Page, home: Path, url: str, token: str, shown: str) -> None:
    kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}
    cell = nbformat.v4.new_code_cell(CELL.format(root=str(ROOT), shown=shown))
    book = nbformat.v4.new_notebook(cells=[cell], metadata={"kernelspec": kernel})
    name = f"{secrets.token_hex(4)}.ipynb"
    nbformat.write(book, home / name)
    page.goto(f"{url}/lab/tree/{name}?reset&token={token}")
    page.wait_for_function(
        "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status"
        " === 'idle'",
        timeout=120_000,
    )
    page.evaluate("() => window.jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for_selector(".cofe-paper[data-frames]", timeout=120_000)
    page.wait_for_timeout(1000)


if __name__ == "__main__":
    main()
