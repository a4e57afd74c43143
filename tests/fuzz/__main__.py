"""``python -m tests.fuzz [NAME ...]``: a table of what came of mutated files; status 1 after a fault."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from .targets import Target, readers, values
from .trial import Outcomes, case, trials


def main() -> int:
    """Run the trials that were asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument(
        "name", nargs="*", help="readers and kinds of values; all of them unless named"
    )
    parser.add_argument("--readers", type=int, default=10_000, help="mutations a reader")
    parser.add_argument("--values", type=int, default=3_000, help="mutations a kind of value")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument(
        "--out", type=Path, default=Path("test-results/fuzz"), help="where faults go"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cofe-widgets-fuzz-") as folder:
        asked = [(one, options.readers) for one in readers()]
        asked += [(one, options.values) for one in values(Path(folder))]
        chosen = [one for one in asked if not options.name or one[0].name in options.name]
        faults = sum(_row(target, count, options) for target, count in chosen)
    print(f"{faults} faults" + (f", in {options.out}" if faults else ""))
    return 1 if faults else 0


def _row(target: Target, count: int, options: argparse.Namespace) -> int:
    """Print what came of a target; how many faults there are."""
    start = time.monotonic()
    outcomes = trials(target, count, options.first)
    said = ", ".join(f"{n} {name}" for name, n in sorted(outcomes.counts.items()))
    minutes = (time.monotonic() - start) / 60
    print(
        f"{target.name:<22}{said}; slowest {outcomes.slowest_s:.2f} s ({minutes:.1f} min)",
        flush=True,
    )
    return _kept(target, outcomes, options.out)


def _kept(target: Target, outcomes: Outcomes, folder: Path) -> int:
    """Write the files of every fault, and what was said; how many there are."""
    seen: set[str] = set()
    for number, outcome, said in outcomes.faults:
        place = folder / f"{target.name} {number}".replace(" ", "-")
        place.mkdir(parents=True, exist_ok=True)
        for name, data in case(target, number).items():
            (place / name).write_bytes(data)
        (place / "said.txt").write_text(f"{outcome}\n{said}\n", errors="replace")
        last = (said.strip() or outcome).splitlines()[-1][:150]
        if last not in seen and len(seen) < 20:
            seen.add(last)
            print(f"    case {number}: {outcome}: {last}")
    return len(outcomes.faults)


if __name__ == "__main__":
    sys.exit(main())
