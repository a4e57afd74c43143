"""The notebooks of the project: clean, and of the words they should be."""

from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_stored_without_outputs_and_says_what_it_is_not(path):
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert code
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
    text = "".join(cell.source for cell in book.cells if cell.cell_type == "markdown").lower()
    assert "not a medical device" in text.replace("*", "")


def test_there_are_lessons_and_a_dashboard():
    assert {"01_quickstart.ipynb", "02_truth.ipynb", "dashboard.ipynb"} <= {
        path.name for path in NOTEBOOKS
    }
