"""``python -m benchmarks [NAME ...]``: print the tables, all of them unless named."""

from __future__ import annotations

import importlib
import sys

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
    "trust",
    "realism",
    "delineation",
    "long",
)


def main(chosen: list[str]) -> int:
    """Run the chosen benchmarks, all of them when none is named."""
    unknown = sorted(set(chosen) - set(NAMES))
    if unknown:
        print(f"no benchmark {', '.join(unknown)}: there are {', '.join(NAMES)}")
        return 2
    for name in chosen or NAMES:
        importlib.import_module(f"benchmarks.bench_{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
