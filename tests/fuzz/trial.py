"""Trials: mutated files given to a target in a process of its own, with a limit of memory and of time."""

from __future__ import annotations

import multiprocessing
import random
import resource
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from .mutate import Files, mutated
from .targets import KINDS, MOST_WORDS, Target

#: What one file may take: seconds of the processor, bytes beyond what there was before.
MOST_S, MOST_BYTES = 2.0, 2**30
#: A process that says nothing for so long hangs; a busy machine is slow, hence more than `MOST_S`.
PATIENCE_S = 20.0

Told = tuple[int, str, float, str]


@dataclass
class Outcomes:
    """What came of the trials of one target.

    Attributes
    ----------
    counts : Counter
        ``read``, ``refused``, and what should not be: ``escaped``, ``unsound``, ``slow``, ``memory``,
        ``hung``, ``died``.
    faults : list of (number of the case, outcome, what was said)
    slowest_s : float
    """

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[int, str, str]] = field(default_factory=list)
    slowest_s: float = 0.0

    def add(self, number: int, outcome: str, seconds: float, said: str) -> None:
        """One trial more."""
        self.counts[outcome] += 1
        self.slowest_s = max(self.slowest_s, seconds)
        if outcome not in ("read", "refused"):
            self.faults.append((number, outcome, said))


def case(target: Target, number: int) -> Files:
    """The files of a case, always the same."""
    rng = random.Random(f"{target.name} {number}")
    return mutated(rng.choice(target.seeds), KINDS, rng)


def tried(target: Target, number: int) -> Told:
    """One trial, in this process: number, outcome, seconds, and what was said."""
    given = case(target, number)
    start = time.process_time()
    try:
        found = target.read(given)
    except target.refuses as error:
        seconds = time.process_time() - start
        said = str(error)
        if _out_of_memory(error):
            return number, "memory", seconds, traceback.format_exc()
        if len(said) > MOST_WORDS:
            return number, "unsound", seconds, f"a message of {len(said)} letters: {said[:200]}"
        return number, "slow" if seconds > MOST_S else "refused", seconds, said
    except MemoryError:
        return number, "memory", time.process_time() - start, traceback.format_exc()
    except Exception:
        return number, "escaped", time.process_time() - start, traceback.format_exc()
    seconds = time.process_time() - start
    try:
        target.use(found, number)
    except Exception:
        return number, "unsound", seconds, traceback.format_exc()
    return number, "slow" if seconds > MOST_S else "read", seconds, ""


def _out_of_memory(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, MemoryError) or "allocate memory" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _work(target: Target, numbers: range, told: Connection) -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MOST_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for number in numbers:
        told.send(tried(target, number))
    told.close()


def trials(target: Target, count: int, first: int = 0) -> Outcomes:
    """Many trials of one target; a process that hangs or dies is replaced by another."""
    outcomes, number, end = Outcomes(), first, first + count
    context = multiprocessing.get_context("fork")  # what is imported and made is there at once
    while number < end:
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(target, range(number, end), there))
        process.start()
        there.close()
        try:
            while number < end:
                if not here.poll(PATIENCE_S):
                    outcomes.add(number, "hung", PATIENCE_S, "no answer")
                    break
                outcomes.add(*here.recv())
                number += 1
        except EOFError:
            process.join()
            outcomes.add(number, "died", 0.0, f"exit status {process.exitcode}")
        process.kill()
        process.join()
        here.close()
        number += 1  # past the one that hung or died
    return outcomes
