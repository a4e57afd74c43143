"""The lesson that repeats the paper runs from top to bottom, with few hearts and no recordings."""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.slow
NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "03_cofe.ipynb"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """What every code cell said, by a word of its source."""
    book = nbformat.read(NOTEBOOK, as_version=4)
    folder = tmp_path_factory.mktemp("notebook")
    kept = dict(os.environ)
    os.environ |= {"COFE_COUNT": "2", "COFE_RECORDS": str(folder / "none")}
    try:
        NotebookClient(book, timeout=600, resources={"metadata": {"path": str(folder)}}).execute()
    finally:
        os.environ.clear()
        os.environ |= kept
    return book


def said(book, word):
    (cell,) = [c for c in book.cells if c.cell_type == "code" and word in c.source]
    return "".join(
        out.get("text", "") or out.get("data", {}).get("text/plain", "") for out in cell.outputs
    )


def test_it_runs_and_says_that_the_ecgs_are_simulated(run):
    assert "4 SIMULATED ECGs" in said(run, "def held_back")


def test_table_1_has_the_four_rows_and_they_go_the_papers_way(run):
    text = said(run, "paper = [")
    for feature in ("P amplitude (mV)", "RR variability (ms)", "T amplitude (mV)", "QRS duration"):
        assert feature in text


def test_both_ways_and_the_twins_are_reported(run):
    assert "towards" in said(run, "both_ways=True") and "back" in said(run, "both_ways=True")
    assert "TwinScore(AF: 3 of 3 hearts" in said(run, "af_score")
    assert "TwinScore(HYPERK" in said(run, "potassium_score")
