"""Pictures of what maps look at and how alike they are: every value where it belongs, names harmless."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from cofe_widgets.audit.scorecards.specificity import beat_times_s
from cofe_widgets.report.figures.matrix import matrix_svg
from cofe_widgets.report.figures.palette import PALETTE
from cofe_widgets.report.figures.specificity import SpecificityPanel, specificity_svg

TIMES = beat_times_s(100.0)


def panel(title="R amplitude, LeNet", level=0.5, names=("saliency", "lrp", "random")):
    spatial = {name: np.full((12, 5), level) for name in names}
    bump = np.exp(-((TIMES / 0.05) ** 2))
    temporal = dict.fromkeys(names, (bump, 0.8 * bump, 1.1 * bump))
    return SpecificityPanel(title, "qrs", (-0.05, 0.05), spatial, temporal, TIMES, bump)


def tag(name):
    return "{http://www.w3.org/2000/svg}" + name


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_picture_has_a_mark_for_every_lead_and_method_and_a_curve_each(theme):
    svg = specificity_svg([panel(), panel("P")], ["random"], theme=theme)
    root = ElementTree.fromstring(svg)
    colour = PALETTE[theme]
    filled = [one for one in root.iter(tag("circle")) if one.get("fill") == colour["p"]]
    empty = [one for one in root.iter(tag("circle")) if one.get("fill") == "none"]
    assert len(filled) == 24 and len(empty) == 24
    curves = list(root.iter(tag("polyline")))
    assert len(curves) == 2 * (3 + 1)  # methods, and the beat
    assert sum(one.get("stroke-dasharray") is not None for one in curves) == 2
    assert len(list(root.iter(tag("polygon")))) == 4  # no band of quartiles for what knows nothing


def test_a_higher_specificity_lies_higher_and_the_wave_is_shaded_at_r():
    def height(level):
        low, high = panel(level=level), panel(level=0.6)  # the same scale in both
        root = ElementTree.fromstring(specificity_svg([high, low], ["random"], columns=1))
        return [float(one.get("cy")) for one in root.iter(tag("circle"))][-1]

    assert height(0.5) < height(0.2)
    root = ElementTree.fromstring(specificity_svg([panel()]))
    wash = next(r for r in root.iter(tag("rect")) if r.get("fill") == PALETTE["light"]["qrs"])
    beat = next(root.iter(tag("polyline"))).get("points").split()
    top = min(beat, key=lambda point: float(point.split(",")[1]))
    begin, width = float(wash.get("x")), float(wash.get("width"))
    assert begin < float(top.split(",")[0]) < begin + width


def test_methods_without_a_curve_are_left_out_of_it():
    one = panel()
    one.temporal["lrp"] = (np.full(80, np.nan),) * 3
    root = ElementTree.fromstring(specificity_svg([one]))
    assert len(list(root.iter(tag("polyline")))) == 3


def test_a_matrix_shows_its_values_deeper_the_larger_and_leaves_out_what_is_unknown():
    values = np.array([[1.0, -0.5], [np.nan, 0.25]])
    root = ElementTree.fromstring(matrix_svg(values, ["a", "b"], ["c", "d"], "likeness"))
    cells = [r for r in root.iter(tag("rect")) if r.get("fill-opacity")]
    light = PALETTE["light"]
    hues = [light["positive"], light["negative"], light["positive"]]
    assert [cell.get("fill") for cell in cells] == hues
    depth = [float(cell.get("fill-opacity")) for cell in cells]
    assert depth[0] > depth[1] > depth[2] > 0
    said = [text.text for text in root.iter(tag("text"))]
    assert {"1.00", "-0.50", "0.25", "a", "d", "likeness"} <= set(said) and "nan" not in said


def test_names_cannot_begin_a_tag():
    bad = "<script>x</script>"
    for svg in (
        specificity_svg([panel(title=bad, names=(bad,))]),
        matrix_svg(np.eye(1), [bad], [bad], bad),
    ):
        ElementTree.fromstring(svg)
        assert not re.search("<script", svg)
