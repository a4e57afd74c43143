"""ECG paper as it is drawn in JupyterLab: true scale, peaks, themes."""

from __future__ import annotations

from itertools import pairwise

import pytest
from playwright.sync_api import expect

from .conftest import Server, Tab

PULSE = """(paper) => {
    const canvas = paper.querySelectorAll("canvas")[1];
    const ratio = devicePixelRatio, scale = Number(paper.dataset.pxPerMm);
    // The first calibration pulse: between 3 and 12 mm from the left, in the first row.
    const x0 = Math.round(3 * scale * ratio), x1 = Math.round(12 * scale * ratio);
    const height = Math.round(32 * scale * ratio);
    const { data, width } = canvas.getContext("2d").getImageData(x0, 0, x1 - x0, height);
    const rows = [], columns = new Map();
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
        if (data[4 * (y * width + x) + 3] < 128) continue;
        rows.push(y);
        columns.set(x, (columns.get(x) ?? 0) + 1);
    }
    const tall = [...columns].filter(([, n]) => n > 5 * scale * ratio).map(([x]) => x);
    return {
        scale, high: (Math.max(...rows) - Math.min(...rows)) / ratio,
        wide: (Math.max(...tall) - Math.min(...tall)) / ratio,
    };
}"""

GRID = """(paper) => {
    const canvas = paper.querySelectorAll("canvas")[0];
    const { data } = canvas.getContext("2d").getImageData(0, 3, canvas.width, 1);
    // Heavy lines are the darkest: take the columns within a hair of the least green.
    const green = Array.from({ length: canvas.width }, (_, x) => data[4 * x + 1]);
    const least = Math.min(...green);
    const lines = green.flatMap((g, x) => (g <= least + 3 && green[x - 1] > least + 3 ? [x] : []));
    return lines.map((x) => x / devicePixelRatio);
}"""

PEAKS = """(paper) => {
    // Columns of the rhythm strip where the trace is highest: R waves.
    const canvas = paper.querySelectorAll("canvas")[1];
    const ratio = devicePixelRatio, scale = Number(paper.dataset.pxPerMm);
    const { width, height } = canvas;
    const top = Math.round(height - 32 * scale * ratio);
    const bottom = height - Math.round(12 * scale * ratio);
    const { data } = canvas.getContext("2d").getImageData(0, top, width, bottom - top);
    const first = Array.from({ length: width }, (_, x) => {
        for (let y = 0; y < bottom - top; y++) if (data[4 * (y * width + x) + 3] > 128) return y;
        return bottom - top;
    });
    return { first: first.map((y) => (y + top) / ratio), scale, ratio };
}"""


@pytest.mark.parametrize("width", [1280, 1900])
def test_one_millivolt_is_ten_millimetres_and_one_second_is_25(
    lab: Server, tab: Tab, width: int
) -> None:
    tab.page.set_viewport_size({"width": width, "height": 900})
    page = lab.run(
        tab,
        lab.notebook(
            "import numpy as np, cofe_widgets as cw\n"
            "signal = np.zeros((12, 5000), np.float32)\n"
            "for k in range(10): signal[:, 1000 + k::1000] = 1.5\n"  # 1.5 mV at 2, 4, 6, 8 s
            "cw.EcgViewer(cw.Record(signal, 500))"
        ),
    )
    paper = page.locator(".cofe-paper[data-frames]")
    paper.wait_for()
    across, down = paper.evaluate(
        "(paper) => { const c = paper.querySelector('canvas');"
        " return [c.width / c.clientWidth, c.height / c.clientHeight]; }"
    )
    assert across == pytest.approx(down, rel=0.001)  # the same millimetre both ways
    pulse = paper.evaluate(PULSE)
    scale = pulse["scale"]
    assert pulse["high"] == pytest.approx(10 * scale, abs=1.6)
    assert pulse["wide"] == pytest.approx(5 * scale, abs=1.6)
    lines = paper.evaluate(GRID)
    assert len(lines) > 40
    steps = [b - a for a, b in pairwise(lines)]
    assert sum(steps) / len(steps) == pytest.approx(5 * scale, rel=0.01)

    strip = paper.evaluate(PEAKS)
    first, ratio = strip["first"], strip["ratio"]
    origin = 15 * scale
    spikes = []
    for second in (2, 4, 6, 8):
        near = range(
            int((origin + (25 * second - 3) * scale) * ratio),
            int((origin + (25 * second + 3) * scale) * ratio),
        )
        at = min(near, key=first.__getitem__)
        spikes.append(at / ratio)
        flat = first[int((origin + (25 * second - 12) * scale) * ratio)]
        assert flat - first[at] == pytest.approx(15 * scale, abs=1.6)  # 1.5 mV
    steps = [b - a for a, b in pairwise(spikes)]
    assert steps == pytest.approx([50 * scale] * 3, abs=1.6)
    assert tab.ours() == []


def test_the_paper_follows_the_theme(lab: Server, tab: Tab) -> None:
    page = lab.run(tab, lab.notebook("import cofe_widgets as cw\ncw.read('sample:sinus')"))
    paper = page.locator(".cofe-paper[data-frames]")
    paper.wait_for()
    ground = (
        "(paper) => [...paper.querySelector('canvas').getContext('2d')"
        ".getImageData(2, 2, 1, 1).data].slice(0, 3)"
    )
    assert min(paper.evaluate(ground)) > 170
    page.evaluate(
        "() => window.jupyterapp.commands.execute('apputils:change-theme', "
        "{ theme: 'JupyterLab Dark' })"
    )
    expect(page.locator(".cofe")).to_have_attribute("data-theme", "dark")
    page.wait_for_function(
        "() => document.querySelector('.cofe-paper canvas').getContext('2d')"
        ".getImageData(2, 2, 1, 1).data[0] < 90"
    )
    page.evaluate(
        "() => window.jupyterapp.commands.execute('apputils:change-theme', "
        "{ theme: 'JupyterLab Light' })"
    )
    expect(page.locator(".cofe")).to_have_attribute("data-theme", "light")
    assert tab.ours() == []
