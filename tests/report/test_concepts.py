"""Concept scores as pictures and in words."""

from dataclasses import replace

import numpy as np
import pytest

import cofe_widgets as cw
from cofe_widgets.report.figures.palette import PALETTE

from ..explain.concepts.planted import high, records, wrapped
from ..hostile import assert_xml


@pytest.fixture(scope="module")
def scores():
    some, *_ = records()
    found = cw.concepts(some, wrapped(), [high("I"), high("II")], causal=0)
    table = found.concepts.copy()
    table.loc[0, "own"] = "A"
    return replace(found, concepts=table)


def cells(picture):
    """Fill, opacity and words of every cell, in the order of the rows."""
    root = assert_xml(picture)
    out = []
    for group in (one for one in root.iter() if one.tag.endswith("}g")):
        title, rect, star = list(group)
        out.append((rect.get("fill"), float(rect.get("fill-opacity")), title.text, star.text))
    return out


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_grid_has_a_cell_for_every_layer_and_class(scores, theme):
    picture = scores.figure(theme=theme)
    found = cells(picture)
    colour = PALETTE[theme]
    assert len(found) == 2 * 2 * 2
    fill, opacity, said, star = found[0]  # high I, first layer, A
    assert (fill, opacity, star) == (colour["positive"], 0.9, "★")
    assert said.startswith("high I, relu, A: TCAV 1.00 (1.00 to 1.00)")
    fill, opacity, _, star = found[5]  # high II, first layer, B
    assert (fill, opacity, star) == (colour["negative"], 0.9, "★")
    assert colour["paper"] in picture
    assert picture.count('stroke-width="2.2"') == 1  # a bold frame round the own class of one
    assert "random concepts: a star in 0 of 40 cells" in picture


def test_a_row_that_cannot_be_told_apart_is_grey_and_has_no_star(scores):
    accuracy = scores.accuracy.copy()
    accuracy[:, :, 0, 0] = 0.69
    found = cells(replace(scores, accuracy=accuracy).figure())
    for fill, opacity, said, star in found[:2]:
        assert (fill, opacity) == ("#8a919c", 0.22) and not star
        assert said.endswith("it cannot be told apart here")
    assert found[2][3] == "★"


def test_the_correlation_is_drawn_for_concepts_that_speak_of_records(scores):
    picture = scores.figure("correlation")
    assert_xml(picture)
    assert "high I" in picture and "random 1" not in picture and "1.00" in picture
    assert scores.correlation.loc["high I", "A"] == pytest.approx(1)


def test_what_is_unknown_is_refused(scores):
    with pytest.raises(cw.ExplainError, match="no figure 'grids' .did you mean 'grid'"):
        scores.figure("grids")
    with pytest.raises(cw.ExplainError, match="no theme"):
        scores.figure(theme="blue")
    with pytest.raises(cw.ExplainError, match="no concept 'high'"):
        scores.extremes("high", "pool", "A")


def test_words_say_what_is_used_and_what_a_star_is_worth(scores):
    said = scores.words()
    assert said.startswith("TCAV of offsets on 160 records.")
    assert "high I (high I), separable in 2 of 2 layers: positive in 2 of 2 layers for A" in said
    assert "negative in 2 of 2 layers for B" in said
    assert "Random concepts have a star in 0 of 40 cells (0 %)" in said


def test_words_say_that_nothing_follows_where_a_concept_cannot_be_told(scores):
    accuracy = scores.accuracy.copy()
    accuracy[:, :, 0] = 0.5
    said = replace(scores, accuracy=accuracy).words()
    assert "high I (high I) cannot be told apart in any layer: nothing follows." in said


def test_an_own_class_without_a_star_is_said(scores):
    values = scores.scores.copy()
    values[:, ::2, 0, :, 0] = 0.0
    said = replace(scores, scores=values).words()
    assert "not used consistently for A, its own class" in said


def test_simulated_records_are_called_simulated():
    some, *_ = records(n=80, source="simulated")
    found = cw.concepts(some, wrapped(), [high("I")], causal=0, cavs=2, dummies=2)
    assert "on 80 records, all simulated" in found.words()
    assert "80 of 80 records are simulated" in found.figure()
    assert np.isfinite(found.effects[0]).all()
