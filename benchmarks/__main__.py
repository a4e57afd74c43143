"""``python -m benchmarks [NAME ...]``: print the tables, all of them unless named.

What begins with the first ``--`` are options of the benchmarks that are named.
"""

from __future__ import annotations

import importlib
import sys
from itertools import takewhile

NAMES = (
    "engine",
    "generator",
    "layers",
    "signals",
    "measurements",
    "quality",
    "widgets",
    "counterfactuals",
    "needed",
    "plain",
    "twins",
    "planted",
    "attribution",
    "scorecard",
    "specificity",
    "glocal",
    "discovery",
    "bank",
    "concepts",
    "conduction",
    "trust",
    "realism",
    "delineation",
    "long",
    "any_size",
)


def main(given: list[str]) -> int:
    """Run the chosen benchmarks, all of them when none is named."""
    chosen = list(takewhile(lambda one: not one.startswith("--"), given))
    options = given[len(chosen) :]
    unknown = sorted(set(chosen) - set(NAMES))
    if unknown:
        print(f"no benchmark {', '.join(unknown)}: there are {', '.join(NAMES)}")
        return 2
    for name in chosen or NAMES:
        run = importlib.import_module(f"benchmarks.bench_{name}").main
        run(options) if options else run()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
