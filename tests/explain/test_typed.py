"""What type checkers and editors know of `counterfactual`."""

from __future__ import annotations

import inspect
import re
from typing import get_type_hints

import pytest

import cofe_widgets as cw
from cofe_widgets.explain.counterfactual.typed import How

CALLS = """
import cofe_widgets as cw

f, record = cw.load("af-resnet"), cw.read("sample:sinus")
reveal_type(cw.counterfactual(record, f, "AF", ranges={"pr_ms": (120, None)}))
reveal_type(cw.counterfactual([record], f, target="AF", severities=2, keep=["pr"]))
reveal_type(cw.counterfactual(record, f, "AF", diverse=2))
reveal_type(cw.counterfactual.steps(record, f, "AF"))
cw.counterfactual(record, f, "AF", kep=["pr"])
"""


def test_every_argument_has_a_type():
    taken = inspect.signature(cw.counterfactual).parameters.values()
    named = {one.name for one in taken if one.kind is one.KEYWORD_ONLY}
    assert named == {*get_type_hints(How), "diverse"}


@pytest.mark.slow
def test_a_record_gives_a_counterfactual_and_several_a_list(tmp_path):
    api = pytest.importorskip("mypy.api")
    file = tmp_path / "calls.py"
    file.write_text(CALLS)
    said, trouble, _ = api.run([str(file), "--cache-dir", str(tmp_path / "cache")])
    assert not trouble
    kinds = [kind.split(".")[-1] for kind in re.findall(r'Revealed type is "(.*)"', said)]
    assert kinds[0] == "Counterfactual" and kinds[1] == "Counterfactual]" and kinds[2] == "Any"
    assert "list[" in said and "Generator[" in said and len(kinds) == 4
    assert 'Unexpected keyword argument "kep"' in said
