"""The audit of a model runs from top to bottom, and ends with its page."""

import pytest

from tests.lessons import executed, said

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("audit")
    return executed("05_audit.ipynb", folder, COFE_COUNT="12"), (folder / "audit.html").read_text(
        "utf-8"
    )


def test_maps_of_the_group_say_where_the_model_looks(run):
    words = said(run[0], "maps = [")
    assert "Saliency for atrial fibrillation" in words and "first-degree AV block" in words
    assert "ranks as |signal| does" in words


def test_the_page_answers_the_questions_of_an_audit(run):
    page = run[1]
    heads = ("What it uses", "What it ignores", "What would change its mind", "Where it errs")
    places = [page.index(f"<h2>{head}</h2>") for head in (*heads, "Whom it errs on")]
    assert places == sorted(places)
    assert "72 simulated hearts; nothing here was measured on patients." in page
    assert "<script" not in page


def test_what_it_errs_in_is_counted(run):
    assert "LBBB: missed in" in said(run[0], "audit_report")
