"""Curves of a scorecard as a picture: each point where its value is, dummies dashed, both kinds of paper."""

from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from cofe_widgets.report.figures.curves import MODEL_SAID, curves_figure
from cofe_widgets.report.figures.palette import PALETTE

SVG = "{http://www.w3.org/2000/svg}"
STEPS = (0.0, 0.5, 1.0)
TITLES = {"saliency": "Saliency", "random": "random map"}
CHECKS = {
    "deletion": ("Deletion", "faithfulness"),
    "randomisation_pearson": ("Random weights", "randomisation"),
}


def drawn(values, theme="light", titles=TITLES):
    """The picture of curves by check and method."""
    curves = [
        {"target": "LBBB", "method": method, "check": check, "step": step, "value": value}
        for (check, method), line in values.items()
        for step, value in zip(STEPS, line, strict=True)
    ]
    table = [
        {
            "target": "LBBB",
            "method": method,
            "title": title,
            "dummy": method == "random",
            "check": check,
            "check_title": CHECKS[check][0],
            "category": CHECKS[check][1],
        }
        for check in CHECKS
        for method, title in titles.items()
    ]
    return curves_figure(pd.DataFrame(curves), pd.DataFrame(table), "a model", theme)


def lines(svg):
    return [one.attrib for one in ElementTree.fromstring(svg).iter(f"{SVG}polyline")]


def texts(svg):
    return ["".join(one.itertext()) for one in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def points(line):
    return np.array([one.split(",") for one in line["points"].split()], float)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_points_lie_where_their_values_are(theme):
    svg = drawn(
        {("deletion", "saliency"): (1.0, 0.25, 0.0), ("deletion", "random"): (1, 1, 0.5)}, theme
    )
    saliency, random = lines(svg)
    # From 0 to 1 over 200 px, upwards, steps over 380.
    np.testing.assert_allclose(points(saliency), [[0, 0], [190, 150], [380, 200]])
    np.testing.assert_allclose(points(random), [[0, 0], [190, 0], [380, 100]])
    assert "stroke-dasharray" in random and "stroke-dasharray" not in saliency
    assert PALETTE[theme]["paper"] in svg
    assert saliency["stroke"] == PALETTE[theme]["p"] and random["stroke"] == PALETTE[theme]["text"]


def test_panels_and_the_key_say_what_is_drawn():
    some = {(check, method): (1.0, 0.5, 0.1) for check in CHECKS for method in TITLES}
    said = texts(drawn(some))
    for words in (
        "Deletion · left bundle branch block (LBBB)",
        "Random weights · left bundle branch block (LBBB)",
        "share of samples changed",
        "what holds of the answer",
        "share of layers randomised, from the output",
        "Saliency",
        "random map",
    ):
        assert words in said
    assert MODEL_SAID not in said


def test_the_models_own_auroc_is_drawn_and_a_score_that_is_none_is_not():
    maps = {("randomisation_pearson", "saliency"): (1.0, 0.5, 0.1)}
    share = drawn({**maps, ("randomisation_pearson", ""): (0.9, 0.6, 0.5)})
    assert MODEL_SAID in texts(share) and len(lines(share)) == 2
    score = drawn({**maps, ("randomisation_pearson", ""): (4.0, -6.0, 2.0)})
    assert MODEL_SAID not in texts(score)
    (line,) = lines(score)
    np.testing.assert_allclose(points(line)[:, 1], [0, 100, 180])


def test_what_could_not_be_measured_is_left_out_and_minus_a_distance_has_room():
    svg = drawn({("deletion", "saliency"): (0.0, np.nan, -3.0)})
    (line,) = lines(svg)
    np.testing.assert_allclose(points(line), [[0, 50], [380, 200]])  # from -3 to 1
    assert "nan" not in svg


def test_a_name_cannot_break_the_picture():
    svg = drawn({("deletion", "saliency"): (1, 0, 0)}, titles={"saliency": "<script>x</script>"})
    assert "<script" not in svg
    ElementTree.fromstring(svg)
