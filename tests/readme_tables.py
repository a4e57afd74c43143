"""Tables of the README that are made from registries: ``python -m tests.readme_tables`` writes them.

A table stands between ``<!-- name -->`` and ``<!-- /name -->``; `test_readme` holds the file to it.
"""

from __future__ import annotations

import re
from pathlib import Path

from cofe_widgets.explain import attribution

README = Path(__file__).resolve().parents[1] / "README.md"


def methods() -> str:
    """The attribution methods: what they need of a model, and whether their values add up to its answer."""
    rows = ["| method | needs | adds up to the answer | source |", "|---|---|---|---|"]
    for name, row in attribution.table().iterrows():
        needs = row.needs.replace("_", " ") or "answers alone"
        adds = "yes" if row.complete else ""
        rows.append(f"| `{name}` | {needs} | {adds} | {row.reference} |")
    return "\n".join(rows)


TABLES = {"attribution methods": methods}


def written(text: str) -> str:
    """The README with its tables as the registries have them now.

    Raises
    ------
    ValueError
        When a table has no place.
    """
    for name, table in TABLES.items():
        place = re.compile(f"(<!-- {name} -->\n).*?(\n<!-- /{name} -->)", re.DOTALL)
        text, found = place.subn(lambda m, table=table: m[1] + table() + m[2], text)
        if found != 1:
            raise ValueError(f"README.md has {found} places for the table of {name}")
    return text


if __name__ == "__main__":
    README.write_text(written(README.read_text()))
