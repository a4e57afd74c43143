"""The live grid of concepts: computed ones, computing, choosing a cell, opening a record."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import traitlets as t

import cofe_widgets as cw
from cofe_widgets.widgets.audit.concepts import ConceptGrid
from cofe_widgets.widgets.viewer.viewer import EcgViewer

from ..explain.concepts.planted import high, records, wrapped
from ..hostile import NAMES, assert_harmless, assert_xml


@pytest.fixture(scope="module")
def some():
    return records()[0]


@pytest.fixture(scope="module")
def scores(some):
    return cw.concepts(some, wrapped(), [high("I"), high("II")], causal=0)


@pytest.fixture
def grid(scores, some):
    return ConceptGrid(scores, some)


def test_computed_scores_are_drawn_as_they_are(grid, scores):
    cells = grid._grid.cells
    assert list(cells.column) == ["A", "B"]
    assert list(cells.row) == [
        f"{name} · {layer}" for name in scores.names for layer in scores.layers
    ]
    drawn = np.asarray(cells.color).astype(float) / 40
    assert drawn == pytest.approx(scores.quartiles[1, :2].reshape(4, 2), abs=1 / 80)
    assert len(grid._grid.stars.text) == int(scores.stars[:2].sum())
    assert "offsets" in grid._grid.figure.title


def test_what_cannot_be_told_apart_is_grey(scores, some):
    accuracy = scores.accuracy.copy()
    accuracy[:, :, 0, 0] = 0.6
    grid = ConceptGrid(replace(scores, accuracy=accuracy), some)
    drawn = np.asarray(grid._grid.cells.color)
    assert (drawn[0] == "not told apart").all() and (drawn[1] != "not told apart").all()
    grid.chosen = ("high I", scores.layers[0], "A")
    assert "cannot be told apart in this layer" in grid._about.value


def test_a_click_on_a_cell_shows_what_lies_behind_it(grid, scores):
    grid._grid._clicked(None, {"data": {"rowNum": 1, "columnNum": 0}})
    assert np.asarray(grid._grid.cells.selected).tolist() == [[1, 0]]
    assert grid.chosen == ("high I", scores.layers[1], "A")
    assert [menu.value for menu in grid._menus] == list(grid.chosen)
    assert "TCAV 1.00" in grid._about.value and "★" in grid._about.value
    (plot,) = grid._plot.children
    assert plot.title == f"high I in {scores.layers[1]} for A"
    points = [np.asarray(mark.x) for mark in plot.marks if type(mark).__name__ == "Scatter"]
    assert np.array_equal(points[0], scores.scores[:, :, 0, 1, 0].ravel())
    assert len(points[1]) == 10 * 10  # ten random concepts of ten CAVs
    assert np.array_equal(points[2], scores.accuracy[:, :, 0, 1].ravel())
    rises, falls = grid._lists
    assert [place for _, place in rises.options] == scores.extremes(
        "high I", scores.layers[1], "A", 8
    )["positive"]
    assert falls.options == ()


def test_a_click_beside_the_cells_chooses_nothing(grid):
    before = grid.chosen
    grid._grid._clicked(None, {"data": {"rowNum": 99, "columnNum": 0}})
    grid._grid._clicked(None, {})
    assert grid.chosen == before


def test_menus_choose_too_and_nonsense_is_refused(grid, scores):
    grid._menus[2].value = "B"
    assert grid.chosen[2] == "B"
    for wrong in (("high I",), ("high I", "nowhere", "A")):
        with pytest.raises(t.TraitError):
            grid.chosen = wrong


def test_a_record_behind_a_cell_opens_in_the_viewer(grid, some):
    place = grid._lists[0].options[2][1]
    grid._lists[0].value = place
    (viewer,) = grid._ecg.children
    assert isinstance(viewer, EcgViewer) and viewer.record is some[place] and grid.opened == place
    grid.chosen = (grid.chosen[0], grid.chosen[1], "B")
    assert grid.opened == -1 and grid._ecg.children == ()
    with pytest.raises(cw.ExplainError, match="no record 999"):
        grid.open_record(999)


def test_without_records_it_says_what_to_give(scores):
    grid = ConceptGrid(scores)
    grid._lists[0].value = grid._lists[0].options[0][1]
    assert "Give records=" in grid._ecg.children[0].value and grid.opened == -1


def test_what_it_is_given_is_checked(scores, some):
    with pytest.raises(cw.ExplainError, match="give scores="):
        ConceptGrid()
    with pytest.raises(cw.ExplainError, match="expected cw.concepts"):
        ConceptGrid("scores")
    with pytest.raises(cw.ExplainError, match="3 records and scores of 160"):
        ConceptGrid(scores, some[:3])
    with pytest.raises(cw.ExplainError, match="no models to compute with"):
        ConceptGrid(scores, some).start()


def test_it_computes_here_where_there_is_no_loop(some):
    grid = ConceptGrid(records=some, models=wrapped(), concepts=[high("I")], causal=0, cavs=3)
    assert grid.scores is None and grid._details.layout.display == "none"
    with pytest.raises(cw.ExplainError, match="nothing was computed"):
        grid.picture()
    grid.start()
    assert grid.scores is not None and grid.scores.stars[0, :, 0].all() and not grid.busy
    assert grid._progress.value == 1.0 and grid._stop.disabled
    assert grid.picture().startswith("<svg")


def test_an_error_is_said_where_it_is_read(some):
    grid = ConceptGrid(records=some, models=wrapped(), concepts=["nonsense"])
    grid.start()
    assert 'role="alert"' in grid._message.value and "no concept" in grid._message.value
    assert not grid.busy and grid.scores is None


def test_it_computes_in_the_background_and_can_be_stopped(some):
    async def run() -> tuple[Any, Any]:
        grid = ConceptGrid(
            records=some, models=wrapped(), concepts=[high("I"), high("II")], causal=0
        )
        grid.start()
        assert grid.busy and not grid._stop.disabled
        await asyncio.sleep(0)
        grid.stop()
        stopped = grid.busy, grid._message.value
        grid.start()
        while grid.busy:
            await asyncio.sleep(0.01)
        return stopped, grid

    stopped, grid = asyncio.run(asyncio.wait_for(run(), 120))
    assert stopped == (False, '<span role="status">Stopped.</span>')
    assert grid.scores is not None and grid.scores.stars[0, :, 0].all()


@pytest.mark.parametrize("name", NAMES)
def test_names_are_shown_as_text(some, name):
    if len(name) > 100 or "\ud800" in name:
        with pytest.raises(cw.ExplainError, match="expected a name of 100 letters"):
            cw.concepts(some, wrapped(), [(name, [True, False] * 80)])
        return
    found = cw.concepts(
        some, wrapped(str(name)), [(name, [True, False] * 80)], causal=0, dummies=1, cavs=2
    )
    grid = ConceptGrid(found, some)
    for html in (grid._about.value, grid._causal.value, grid._words.value):
        assert_harmless(html)
    for picture in (found.figure(), found.figure(theme="dark"), found.figure("correlation")):
        assert_xml(picture)
