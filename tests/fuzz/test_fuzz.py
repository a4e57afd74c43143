"""A short run of the mutations; ``make fuzz`` is the long one."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

import cofe_widgets as cw
from cofe_widgets.io.formats import FORMATS

from . import targets
from .trial import Outcomes, Target, case, trials

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are Linux's")
#: Of a reader, and of a kind of value; the long run goes on where these end.
READ, VALUES = 300, 40


def assert_sound(outcomes: Outcomes) -> None:
    said = "\n".join(f"case {n}: {what}: {why[-600:]}" for n, what, why in outcomes.faults[:5])
    assert not outcomes.faults, said


@pytest.mark.slow
@pytest.mark.parametrize("name", [one.name for one in FORMATS])
def test_mutated_recordings_are_read_or_refused(name: str) -> None:
    (target,) = [one for one in targets.readers() if one.name == name]
    outcomes = trials(target, READ)
    assert outcomes.counts["read"] > 10 and outcomes.counts["refused"] > 10
    assert_sound(outcomes)


@pytest.mark.slow
def test_mutated_values_are_sound_or_refused(tmp_path: Path) -> None:
    kinds = targets.values(tmp_path)
    assert [one.name for one in kinds] == [
        *(
            "Counterfactual",
            "Attribution",
            "Delineation",
            "Quality",
            "CounterfactualTable",
            "TwinScore",
            "Scorecard",
        ),
        *("weights", "stored result"),
    ]
    for target in kinds:
        outcomes = trials(target, VALUES)
        assert outcomes.counts["read"] > 0 and outcomes.counts.total() == VALUES
        assert_sound(outcomes)


def test_every_format_has_files_to_begin_with_that_are_read() -> None:
    assert {one.name for one in FORMATS} == set(targets.READERS)
    for target in targets.readers():
        for number, seed in enumerate(target.seeds):
            target.use(target.read(seed), 20 * number)


def hangs(_: object) -> None:
    while True:
        time.sleep(1)


@pytest.mark.parametrize(
    ("read", "outcome"),
    [
        (lambda _: None, "read"),
        (lambda _: 1 / 0, "escaped"),
        (lambda _: bytearray(2**31), "memory"),
        (lambda _: sum(range(10**8)), "slow"),
        (lambda _: sys.exit(3), "died"),
        (hangs, "hung"),
    ],
)
def test_each_fault_is_noticed(read, outcome, monkeypatch) -> None:
    monkeypatch.setattr("tests.fuzz.trial.PATIENCE_S", 1.0 if outcome == "hung" else 20.0)
    monkeypatch.setattr("tests.fuzz.trial.MOST_S", 0.3)
    target = Target("any", [{"a.xml": b"<a/>"}], read, lambda found, number: None, (cw.EcgError,))
    outcomes = trials(target, 2)
    assert outcomes.counts == {outcome: 2}
    assert len(outcomes.faults) == (0 if outcome == "read" else 2)


def test_a_case_is_always_the_same() -> None:
    target = targets.readers()[0]
    assert [case(target, n) for n in range(20)] == [case(target, n) for n in range(20)]
    assert len({str(case(target, n)) for n in range(20)}) > 15
