"""The lesson that repeats the paper runs from top to bottom, with few hearts and no recordings."""

import pytest

from tests.lessons import executed, said

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebook")
    return executed("03_cofe.ipynb", folder, COFE_COUNT="2", COFE_RECORDS=str(folder / "none"))


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
