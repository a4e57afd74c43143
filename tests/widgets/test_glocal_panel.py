"""The glocal map live: classes, groups, cells and the records behind them."""

import numpy as np
import pytest
import traitlets

import cofe_widgets as cw
from cofe_widgets.errors import ExplainError
from cofe_widgets.widgets.audit.glocal import (
    ABOVE_SIGNAL,
    EVERYBODY,
    SHARE,
    SO_LABELLED,
    GlocalPanel,
)


@pytest.fixture(scope="module")
def hearts():
    return [one.record for name in ("NSR", "AF") for one in cw.simulate(name, n=3, seed=2)]


@pytest.fixture(scope="module")
def f():
    return cw.load("af-resnet")


@pytest.fixture
def panel(hearts, f):
    panel = GlocalPanel(hearts, f)
    panel.target = "AF"
    panel.bar.start()
    return panel


def test_it_computes_draws_and_tells(panel):
    assert len(panel.value) == 6
    assert panel._beats.value.count("<polyline") == 12
    assert "Saliency for atrial fibrillation" in panel._words.value
    assert panel._grid.cells.color.shape == (12, 24)


def test_a_cell_lists_its_records_and_opens_them(panel):
    lead, segment = panel.value.top[0]
    panel._grid._clicked(
        None, {"data": {"rowNum": cw.LEADS.index(lead), "columnNum": 23}}
    )  # as bqplot tells it
    assert panel.cell == (lead, "tp")
    panel.cell = (lead, segment)
    places = [place for _, place in panel._list.options]
    assert places == panel.value.contributors(lead, segment)
    panel._list.value = places[0]
    assert panel.opened == places[0]
    (viewer,) = panel._ecg.children
    marked = viewer.attribution.values
    row = cw.LEADS.index(lead)
    assert marked[row].any() and not np.delete(marked, row, axis=0).any()
    panel.cell = ("I", "R peak")
    assert panel.opened == -1 and not panel._ecg.children


def test_groups_and_what_cells_show(panel):
    panel.group = SO_LABELLED
    panel.bar.start()
    assert list(panel.value.places) == [3, 4, 5]
    panel.group = EVERYBODY
    panel.bar.start()
    assert len(panel.value) == 6
    panel.shown = SHARE
    assert np.nansum(panel._grid.cells.color) == pytest.approx(1, abs=1e-3)
    panel.shown = ABOVE_SIGNAL
    assert panel._grid._colours.min == -panel._grid._colours.max


def test_labels_of_your_own_make_the_group(hearts, f):
    panel = GlocalPanel(hearts, f, labels=[["AF"], [], None, [], [], []])
    panel.target, panel.group = "AF", SO_LABELLED
    panel.bar.start()
    assert list(panel.value.places) == [0]


def test_a_map_made_before_is_shown(hearts, f):
    panel = GlocalPanel(hearts, f, value=cw.glocal(hearts, f, "AF", top=2))
    assert panel.target == "AF" and len(panel.value) == 2


def test_what_cannot_be_shown_is_refused(panel):
    with pytest.raises(traitlets.TraitError, match="expected a lead and a segment"):
        panel.cell = ("V9", "R peak")
    with pytest.raises(traitlets.TraitError, match="choose of"):
        panel.shown = "colour"
    with pytest.raises(ExplainError, match="no record 9"):
        panel.open_record(9)


def test_nobody_in_the_group_is_said_in_its_bar(hearts, f):
    panel = GlocalPanel(hearts, f, labels=[[]] * 6)
    panel.target, panel.group = "AF", SO_LABELLED
    panel.bar.start()
    assert "nobody is in the group" in panel.bar.words
    assert panel.value is None
