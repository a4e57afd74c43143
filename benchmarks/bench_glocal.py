"""Glocal maps: seconds a record, and memory against the number of records.

``python -m benchmarks glocal --records 200 1000`` maps so many simulated records, drawn as they are asked
for, each number in a process of its own; the group is the usual 100 of the highest answers.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys

_RUN = """
import json, resource, sys, time
import torch
import cofe_widgets as cw
torch.set_num_threads(1)
n, made = int(sys.argv[1]), 0.0
f = cw.load("nine-resnet")
def hearts():
    global made
    for k, first in enumerate(range(0, n, 20)):
        began = time.process_time()
        some = cw.simulate(("NSR", "AF", "LBBB", "IAVB")[k % 4], n=min(20, n - first), seed=k, fs=250)
        made += time.process_time() - began
        yield from (one.record for one in some)
began = time.process_time()
value = cw.glocal(hearts(), f, "LBBB")
took = time.process_time() - began - made
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"took": took, "peak": peak, "mapped": len(value), "failed": len(value.failures)}))
"""
#: MiB that 10,000 records may need.
BAR = 2048


def main(given: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks glocal", description=__doc__)
    parser.add_argument("--records", type=int, nargs="+", default=[200, 1000])
    options = parser.parse_args(given or [])
    print("\nglocal: simulated records, nine-resnet, saliency, one thread")
    print(
        f"  {'records':>8}{'in the group':>14}{'failed':>8}{'s of processor':>16}{'peak MiB':>10}"
    )
    for n in options.records:
        done = subprocess.run(
            [sys.executable, "-c", _RUN, str(n)], capture_output=True, text=True, check=True
        )
        row = json.loads(done.stdout.splitlines()[-1])
        print(
            f"  {n:>8}{row['mapped']:>14}{row['failed']:>8}{row['took']:>16.1f}{row['peak']:>10.0f}"
        )
    print(f"  bar for 10,000 records: {BAR} MiB")


if __name__ == "__main__":
    main(sys.argv[1:])
