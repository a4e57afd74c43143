"""No regular expression of the package takes longer than its text is long."""

from __future__ import annotations

import ast
import importlib
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
    units = [*characters, *(a + b for a, b in zip(characters, characters[1:], strict=False))]
    units += sorted({word + end for word in words[:6] for end in " 0-"})
    starts = ["", *sorted({word for word in words[:4]})]
    return [
        start + unit * (SIZE // len(unit)) + "!"
        for unit in units
        for start in starts[: 2 if len(unit) == 1 else 1]
    ]


def seconds(pattern: re.Pattern, text: str | bytes) -> float:  # type: ignore[type-arg]
    started = time.process_time()
    pattern.search(text)
    pattern.fullmatch(text)
    return time.process_time() - started


@pytest.mark.slow
@pytest.mark.parametrize(
    ("module", "name", "pattern"), PATTERNS, ids=[f"{m}.{n}" for m, n, _ in PATTERNS]
)
def test_a_pattern_is_linear_in_its_worst_text(module: str, name: str, pattern: re.Pattern) -> None:  # type: ignore[type-arg]
    for text in worst(pattern):
        given = text if isinstance(pattern.pattern, str) else text.encode("latin-1", "replace")
        # A quadratic one takes minutes for all of it: a tenth shows it first.
        tenth = seconds(pattern, given[: SIZE // 10])
        assert tenth < 0.2, (text[:20], tenth)
        half, whole = seconds(pattern, given[: SIZE // 2]), seconds(pattern, given)
        assert whole < 2.0
        assert whole < 3 * half + 0.1, (text[:20], half, whole)
