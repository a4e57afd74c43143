"""A condition is one file and its row in the vocabulary: found, simulated, combined, told the truth of."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from cofe_widgets import simulate
from cofe_widgets.simulate import CONDITIONS, conditions
from cofe_widgets.simulate.conditions import registry
from cofe_widgets.simulate.heart import T
from cofe_widgets.vocabulary.diagnoses import DIAGNOSES, Diagnosis
from cofe_widgets.widgets.heart.heart_state import choices

TOY = """
from dataclasses import replace

from ..heart import T
from .condition import Condition, Rate, Stage


def _double_t(hearts, case):
    vectors = hearts.vectors.copy()
    vectors[:, T] *= (1 + case.severity)[:, None]
    return replace(hearts, vectors=vectors)


CONDITIONS = (
    Condition(
        "TALL_T", "toy", excludes=frozenset({"HYPERK"}), effects={Stage.REPOLARISATION: _double_t}
    ),
    Condition("RACE", "rhythm", rate=Rate(130, 1, 120, 140, by_severity=10), moves_beats=True),
)
"""
CODES = ("TALL_T", "RACE")


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Puts a file beside those of the conditions."""
    monkeypatch.setattr(conditions, "__path__", [*conditions.__path__, str(tmp_path)])
    yield (tmp_path / "toy.py").write_text
    sys.modules.pop(f"{conditions.__name__}.toy", None)


@pytest.fixture
def toy(add: Callable[[str], None], monkeypatch: pytest.MonkeyPatch) -> None:
    add(TOY)
    for code in CODES:
        monkeypatch.setitem(DIAGNOSES, code, Diagnosis(code, f"a toy, {code}"))
    found = registry.discover()
    assert list(found) == [*CONDITIONS, *CODES]
    for code in CODES:
        monkeypatch.setitem(CONDITIONS, code, found[code])


@pytest.mark.usefixtures("toy")
@pytest.mark.parametrize("others", ["NSR", "AF+LBBB", "SB+IMI+HYPOK"])
def test_a_condition_acts_alone_and_on_what_others_made_of_the_heart(others: str) -> None:
    name = "TALL_T" if others == "NSR" else f"{others}+TALL_T"
    for one in simulate(name, n=3, seed=5, severity=1.0, noise=0.0):
        without = one.twin(others)
        ill, healthy = (each.truth.hearts.vectors[0] for each in (one, without))
        np.testing.assert_array_equal(ill[T], 2 * healthy[T])
        np.testing.assert_array_equal(np.delete(ill, T, axis=0), np.delete(healthy, T, axis=0))
        assert one.record.meta["labels"] == tuple(name.split("+"))
        again = without.twin(name).record
        np.testing.assert_array_equal(again.signal, one.record.signal)


@pytest.mark.usefixtures("toy")
def test_its_truth_says_what_it_altered_and_its_twin_is_the_healthy_heart() -> None:
    for one in simulate("TALL_T", n=3, seed=5, severity=1.0, noise=0.0):
        twin, healthy = one.twin(), simulate("NSR", n=3, seed=5, severity=1.0, noise=0.0)[one.index]
        np.testing.assert_array_equal(twin.record.signal, healthy.record.signal)
        ratio = one.truth.lead_measurements.t_amplitude_mv / (
            twin.truth.lead_measurements.t_amplitude_mv
        )
        assert np.median(ratio) == pytest.approx(2, abs=0.3)
        np.testing.assert_allclose(
            one.truth.cause, one.record.signal - twin.record.signal, atol=1e-3
        )
        assert not one.truth.rhythm_altered


@pytest.mark.usefixtures("toy")
def test_a_rate_of_its_own_moves_the_beats_and_its_severity_shifts_it() -> None:
    for severity, rate in ((0.0, 125), (1.0, 135)):
        truths = [one.truth for one in simulate("RACE", n=8, seed=5, severity=severity)]
        rates = [truth.measurements["heart_rate_bpm"] for truth in truths]
        assert np.median(rates) == pytest.approx(rate, abs=2)
        assert all(truth.rhythm_altered for truth in truths)


@pytest.mark.usefixtures("toy")
def test_it_is_refused_beside_what_it_excludes_and_offered_in_the_menu() -> None:
    for name in ("TALL_T+HYPERK", "HYPERK+TALL_T"):
        with pytest.raises(ValueError, match="TALL_T and HYPERK are not simulated together"):
            simulate(name)
    with pytest.raises(ValueError, match="AF and RACE exclude each other"):
        simulate("AF+RACE")
    offered = {choice["code"]: choice for choice in choices("HYPERK")}
    assert offered["TALL_T"]["words"] == "a toy, TALL_T" and not offered["TALL_T"]["partner"]
    assert offered["RACE"]["heading"] == "Rhythm" and offered["RACE"]["partner"]


def test_once_removed_it_is_unknown() -> None:
    assert not set(CODES) & set(registry.discover())
    with pytest.raises(ValueError, match="unknown condition 'TALL_T': expected one of NSR, "):
        simulate("TALL_T")


def test_a_code_without_a_row_in_the_vocabulary_is_refused_at_import(
    add: Callable[[str], None],
) -> None:
    add(TOY)
    spec = registry.__spec__
    assert spec is not None and spec.loader is not None
    again = importlib.util.module_from_spec(spec)
    with pytest.raises(
        LookupError, match=r"simulate/conditions/toy\.py names TALL_T, .*add a row there first"
    ):
        spec.loader.exec_module(again)


def test_a_code_that_another_file_has_is_refused(add: Callable[[str], None]) -> None:
    add(TOY.replace('"TALL_T"', '"AF"'))
    with pytest.raises(LookupError, match=r"toy\.py names AF, which is simulated already"):
        registry.discover()
