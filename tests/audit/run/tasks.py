"""Tasks that workers of the tests import."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

POISON = 61.0


def size(record):
    return {
        "samples": record.samples,
        "peak": float(record.signal.max()),
        "mean": record.signal.mean(axis=1),
    }


def picky(record):
    """Fails for the one with an age of POISON."""
    if record.meta.get("age") == POISON:
        raise KeyError("this one")
    return size(record)


def out_of_memory(record):
    if record.meta.get("age") == POISON:
        raise MemoryError
    return size(record)


def deadly(record):
    """Kills its worker, as a system does that is out of memory, for one record."""
    if record.meta.get("age") == POISON:
        os.kill(os.getpid(), signal.SIGKILL)
    return size(record)


def slow(record):
    time.sleep(0.05)
    return size(record)


def mixed(record):
    return {"value": 1 if record.meta.get("age") == POISON else "text"}


def strange(record):
    return {"value": object()}


@dataclass(frozen=True)
class Counted:
    """A task of many, which writes down how often it was asked of whom."""

    log: str
    pause_s: float = 0.0

    name: ClassVar[str] = "counted"
    many: ClassVar[bool] = True

    def __call__(self, records):
        time.sleep(self.pause_s)
        with Path(self.log).open("a") as file:
            file.write("".join(f"{one.meta['place']} {os.getpid()}\n" for one in records))
        return [
            {"place": one.meta["place"], "mean": np.asarray(one.signal.mean(axis=1))}
            for one in records
        ]


class Method:
    """A task whose method takes many."""

    def many(self, records):
        return [size(one) for one in records]
