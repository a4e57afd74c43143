"""Columns of text, as commands print them."""

from __future__ import annotations

from collections.abc import Sequence


def table(head: Sequence[str] | None, rows: Sequence[Sequence[str]]) -> str:
    """Columns of text: names to the left, numbers and their heads to the right."""
    lines = [list(head), *rows] if head else list(rows)
    words = {0, len(lines[0]) - 1} if head else {0, 1}
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            f"{text:<{width}}" if column in words else f"{text:>{width}}"
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
