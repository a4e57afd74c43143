"""No regular expression of the package takes longer than its text is long."""

from __future__ import annotations

import ast
import importlib
import itertools
import re
import time
from pathlib import Path

import pytest

import cofe_widgets

PACKAGE = Path(cofe_widgets.__file__).parent
#: Bytes of text that every pattern meets.
SIZE = 1_000_000
MODULES = sorted(
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
    for path in PACKAGE.rglob("*.py")
    if re.search(r"\bre\.[a-z]+\(", path.read_text("utf-8"))
)
#: Characters that classes of patterns stand for.
USUAL = "0 9aZ_.-+:/(<\t\n'\"\xe9"


def patterns() -> list[tuple[str, str, re.Pattern[str] | re.Pattern[bytes]]]:
    """Module, name and pattern of every compiled one, those in tuples and lists too."""
    found = []
    for module in MODULES:
        for name, value in vars(importlib.import_module(module)).items():
            inside = value if isinstance(value, tuple | list) else (value,)
            flat = [x for one in inside for x in (one if isinstance(one, tuple) else (one,))]
            found += [(module, name, one) for one in flat if isinstance(one, re.Pattern)]
    return found


PATTERNS = patterns()


def test_patterns_are_compiled_where_this_test_finds_them() -> None:
    assert len(PATTERNS) > 15
    inline = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}"
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "re"
        and node.func.attr
        in ("match", "search", "fullmatch", "sub", "split", "findall", "finditer")
    ]
    assert inline == []


def worst(pattern: re.Pattern[str] | re.Pattern[bytes]) -> list[str]:
    """Texts that make a pattern go back: each of its characters again and again, alone and in pairs."""
    source = (
        pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    )
    characters = sorted(
        set(USUAL) | {c for c in source if not c.isalnum() and c not in "\\?*{}|^$"}
    )
    words = re.findall(r"[A-Za-z]{2,}", source)
    units = [*characters, *(a + b for a, b in itertools.pairwise(characters))]
    units += sorted({word + end for word in words[:6] for end in " 0-"})
    starts = ["", *sorted(set(words[:4]))]
    first = {1: starts[:2]}
    return [
        start + unit * (SIZE // len(unit))
        for unit in units
        for start in first.get(len(unit), starts[:1])
    ]


def seconds(pattern: re.Pattern, text: str, size: int) -> float:  # type: ignore[type-arg]
    given = text[:size] + "!"
    data = given if isinstance(pattern.pattern, str) else given.encode("latin-1", "replace")
    started = time.process_time()
    pattern.search(data)
    pattern.fullmatch(data)
    return time.process_time() - started


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "name", "pattern"), PATTERNS, ids=[f"{m}.{n}" for m, n, _ in PATTERNS]
)
def test_a_pattern_is_linear_in_its_worst_text(module: str, name: str, pattern: re.Pattern) -> None:  # type: ignore[type-arg]
    texts = sorted(worst(pattern), key=lambda text: seconds(pattern, text, SIZE // 50))
    for text in texts[-3:]:
        # One that is not linear would take hours for all of it: a part shows it first.
        tenth = seconds(pattern, text, SIZE // 10)
        assert tenth < 10 * seconds(pattern, text, SIZE // 50) + 0.1, text[:20]
        half = seconds(pattern, text, SIZE // 2)
        assert half < 10 * tenth + 0.2, text[:20]
        whole = seconds(pattern, text, SIZE)
        assert whole < 2.0 and whole < 3 * half + 0.1, (text[:20], half, whole)
