"""The lesson about attribution maps runs from top to bottom, and says what it should."""

import pytest

from tests.lessons import NOTEBOOKS, executed, said

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run():
    return executed("04_signal_or_noise.ipynb", NOTEBOOKS, COFE_COUNT="2")


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
