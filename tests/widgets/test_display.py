"""Values show themselves when last in a cell; nothing is paid for that elsewhere."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys

import pytest

from cofe_widgets.widgets import display


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_outside_ipython_nothing_is_imported():
    heavy = ("IPython", "anywidget", "ipywidgets", "torch", "scipy", "pandas", "wfdb")
    code = f"import sys, cofe_widgets; print([m for m in {heavy} if m in sys.modules])"
    assert python(code).strip() == "[]"


@pytest.mark.parametrize(
    ("make", "text"),
    [
        ("cw.simulate('NSR')[0].record", "Record(12 leads"),
        pytest.param(
            "cw.attribute(cw.simulate('NSR')[0].record, cw.load('af-resnet'), 'AF')",
            "Attribution(",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_value_last_in_a_cell_brings_widget_picture_and_text(make, text):
    code = f"""
import importlib
import json
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
import cofe_widgets as cw, sys
assert "anywidget" not in sys.modules
data, _ = shell.display_formatter.format({make})
print(json.dumps({{k: str(v)[:60] for k, v in data.items()}}))
"""
    shown = json.loads(python(code).splitlines()[-1])
    assert shown["text/plain"].startswith(text)
    assert shown["image/svg+xml"].startswith("<svg")
    assert "application/vnd.jupyter.widget-view+json" in shown


def test_values_are_known_by_the_module_that_defines_them():
    for module, name in display._SHOWN:
        assert getattr(importlib.import_module(module), name).__module__ == module
