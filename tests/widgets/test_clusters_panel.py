"""The panel of clusters: computes, colours, and draws the beats of what is selected."""

import re

import numpy as np
import pytest
import traitlets as t

import cofe_widgets as cw
from cofe_widgets.widgets.audit.discovery import COLOURS, NOT_KNOWN, ClustersPanel

pytestmark = pytest.mark.slow
N = 10


@pytest.fixture(scope="module")
def panel():
    hearts = [one.record for name in ("LBBB", "RBBB") for one in cw.simulate(name, n=N, seed=1)]
    labels = [*["left"] * N, *["right"] * (N - 1), None]
    panel = ClustersPanel(hearts, cw.load("nine-resnet"), labels)
    panel.target, panel.representation = "LBBB", "features"
    panel.bar.start()
    return panel


def test_it_computes_and_shows(panel):
    assert isinstance(panel.value, cw.Clusters)
    assert panel.value.representation == "features"
    assert len(panel.scatter.x) == 2 * N
    assert panel._picture.value.startswith("<svg")
    assert panel._shown.layout.display == ""


def test_colours_are_those_of_kinds(panel):
    for colour in COLOURS:
        panel.colour = colour
        assert len(panel.scatter.colors) == 2 * N
        counts = [int(one) for one in re.findall(r"\((\d+)\)", panel._legend.value)]
        assert sum(counts) == 2 * N
    panel.colour = "label"
    assert f"{NOT_KNOWN} (1)" in panel._legend.value
    shades = np.array(panel.scatter.colors)
    assert len(set(shades[:N])) == 1
    assert len(set(shades)) == 3


def test_a_lasso_selects_records_and_draws_their_beats(panel):
    panel.scatter.selected = np.array([3, 1])
    assert panel.selected == (1, 3)
    assert "selection: 2 records (2 left)" in panel._chosen.value
    panel._none.click()
    assert panel.selected == ()
    assert panel.scatter.selected is None
    assert "Draw around points" in panel._chosen.value


def test_records_can_be_selected_by_their_places(panel):
    panel.selected = (5,)
    assert list(panel.scatter.selected) == [5]
    assert "selection: 1 record (1 left)" in panel._chosen.value
    with pytest.raises(t.TraitError, match="not among those"):
        panel.selected = (99,)
    assert panel.selected == (5,)


def test_a_new_split_begins_without_a_selection(panel):
    panel.selected = (2,)
    panel.clusters = 2
    panel.bar.start()
    assert panel.selected == ()
    assert panel.value.k == 2


def test_too_few_records_are_said_beside_the_bar():
    few = [one.record for one in cw.simulate("NSR", n=3)]
    panel = ClustersPanel(few, cw.load("nine-resnet"))
    panel.bar.start()
    assert panel.value is None
    assert "12 at least" in panel.bar.words
