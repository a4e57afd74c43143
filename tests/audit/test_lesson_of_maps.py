"""The lesson about attribution maps runs from top to bottom, and says what it should."""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.slow
NOTEBOOK = Path(__file__).resolve().parents[2] / "notebooks" / "04_signal_or_noise.ipynb"


@pytest.fixture(scope="module")
def run():
    book = nbformat.read(NOTEBOOK, as_version=4)
    kept = dict(os.environ)
    os.environ["COFE_COUNT"] = "2"
    try:
        folder = {"metadata": {"path": str(NOTEBOOK.parent)}}
        NotebookClient(book, timeout=900, resources=folder).execute()
    finally:
        os.environ.clear()
        os.environ |= kept
    return book


def said(book, word):
    (cell,) = [c for c in book.cells if c.cell_type == "code" and word in c.source]
    return "".join(
        out.get("text", "") or out.get("data", {}).get("text/plain", "") for out in cell.outputs
    )


def test_every_method_is_marked_beside_maps_that_know_nothing(run):
    import cofe_widgets as cw

    marks = said(run, "average_precision_score")
    assert all(name in marks for name in (*cw.ATTRIBUTION_METHODS, "(|signal|)", "(random)"))


def test_the_scorecard_speaks_of_the_methods_asked(run):
    assert "On nine-resnet: Saliency for left bundle branch block (LBBB)" in said(run, "card.words")


def test_the_figures_of_both_papers_are_there(run):
    assert "the paper: saliency 6 of 6" in said(run, 'told["specificity"]')
    assert "the paper: self-consistency" in said(run, 'told["bank"]')


def test_the_outside_network_is_explained_or_said_to_be_missing(run):
    found = said(run, "bundled_codec_onnx_path")
    assert "afib" in found or "is not installed" in found
