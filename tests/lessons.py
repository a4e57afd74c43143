"""Notebooks run from top to bottom, and what their cells said."""

import os
from pathlib import Path

import nbformat
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"


def executed(name, folder, **environment):
    """The notebook after all of it was run in a folder."""
    book = nbformat.read(NOTEBOOKS / name, as_version=4)
    kept = dict(os.environ)
    os.environ |= environment
    try:
        NotebookClient(book, timeout=900, resources={"metadata": {"path": str(folder)}}).execute()
    finally:
        os.environ.clear()
        os.environ |= kept
    return book


def said(book, word):
    """What the one code cell with a word in its source said."""
    (cell,) = [c for c in book.cells if c.cell_type == "code" and word in c.source]
    return "".join(
        out.get("text", "") or out.get("data", {}).get("text/plain", "") for out in cell.outputs
    )
