"""The colours of an ECG are written once, and both sides draw with them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from cofe_widgets.ecg import Record
from cofe_widgets.report.figures.ecg_svg import ecg_svg
from cofe_widgets.report.figures.palette import PALETTE

ROOT = Path(__file__).resolve().parents[2]
COLOURS = {v.lower() for theme in PALETTE.values() for v in theme.values() if isinstance(v, str)}
DRAWING = [
    *sorted((ROOT / "js" / "src").rglob("*.ts")),
    ROOT / "js" / "src" / "index.css",
    *sorted((ROOT / "cofe_widgets" / "report" / "figures").glob("*.py")),
]


def test_light_and_dark_have_the_same_names_and_plain_colours():
    assert PALETTE["light"].keys() == PALETTE["dark"].keys()
    for theme in PALETTE.values():
        for name, value in theme.items():
            if name.endswith("_opacity"):
                assert 0 < value < 1, name
            else:
                assert re.fullmatch("#[0-9a-f]{6}", value), name


@pytest.mark.parametrize("path", DRAWING, ids=lambda path: path.name)
def test_no_colour_of_the_palette_is_written_elsewhere(path: Path):
    text = path.read_text("utf-8").lower()
    spelt = {colour for colour in COLOURS if colour in text}
    for match in re.finditer(r"rgba?\((\d+)[, ]+(\d+)[, ]+(\d+)", text):
        colour = "#{:02x}{:02x}{:02x}".format(*map(int, match.groups()))
        spelt |= {colour} & COLOURS
    assert not spelt, f"{path.name} spells {sorted(spelt)}: take it from palette.json"


def test_the_style_sheet_uses_only_colours_there_are():
    css = (ROOT / "js" / "src" / "index.css").read_text("utf-8")
    defined = set(re.findall(r"^\s*--cofe-([\w-]+):", css, re.M)) | PALETTE["light"].keys()
    used = set(re.findall(r"var\(--cofe-([\w-]+)\)", css))
    assert {"changed", "paper", "accent", "negative"} <= used
    assert used <= defined


def test_the_svg_draws_with_the_palette():
    signal = np.tile(np.sin(np.arange(5000) / 60).astype(np.float32) * 0.5, (12, 1))
    light = PALETTE["light"]
    svg = ecg_svg(Record(signal, 500), changed=Record(2 * signal, 500))
    drawn = {"paper", "minor", "major", "trace", "changed"}
    assert set(re.findall("#[0-9a-f]{6}", svg)) == {light[name] for name in drawn}
