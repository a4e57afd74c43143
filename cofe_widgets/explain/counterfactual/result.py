"""What a search for a counterfactual comes to: the path, its answers, and what was asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...deprecated import warn_of_former
from ...ecg import LEADS, Record
from ...errors import ExplainError
from ...late import late
from ...markup import line
from ...models.architectures.generator import FS
from ...values import Value, archive, checks
from ...vocabulary.diagnoses import QUANTITIES
from ...vocabulary.edits import FORMER_NAMES
from ...vocabulary.measurements import MEASUREMENTS, OF_RECORD
from ...wrapper import Predictor
from .card import TrustCard
from .reasons import Reasons
from .words import Words

if TYPE_CHECKING:
    import pandas as pd

    from ...signals.changes import Findings

#: Samples of a frame: ten seconds.
FRAME = round(10 * FS)
#: How an answer was found that is what the model needs.
NEEDED = "needed"
#: No path has more frames, no model answers more (a potassium of 1e9 is none).
MOST_FRAMES, MOST_ANSWER = 1000, 1e9


@dataclass(frozen=True, eq=False)
class Candidate:
    """What a search has come to so far, for those who watch.

    Attributes
    ----------
    prediction : float
        The model's answer for the target.
    signal : (12, T) float32 or None
        The ECG that it answers, mV.
    """

    prediction: float
    signal: NDArray[np.float32] | None = None


@dataclass(frozen=True, eq=False)
class Counterfactual(Value):
    """How an ECG would have to change for a model to answer otherwise.

    Attributes
    ----------
    original : Record
        The record explained: 12 leads, 10 s at 250 Hz; frame 0 is exactly this.
    signals : (K, 12, T) float32
        The path, mV; the last frame is the counterfactual.
    predictions : (K,)
        The model's answer for ``target`` at every frame.
    severities : (K,)
        0 to 1, even in the model's log-odds (or value) between the original and the last frame.
    target, level
        What was asked: the output, and the answer it was to reach.
    reached : bool
        Whether the last frame reaches ``level``.
    space : str
        The smallest search space that sufficed.
    method : str
        How it was found.
    moved : dict
        What the edit asks for, each in its own unit (see `vocabulary.edits`); the ECG's measurements
        say what came of it.
    message : str
        The outcome in one sentence.
    provenance : dict
        Parameters, seed, model and network hashes, the beats the last frame is to have, package
        version.
    predictor : Predictor or None
        The model explained; not saved with the rest.
    """

    original: Record
    signals: NDArray[np.float32]
    predictions: NDArray[np.float64]
    severities: NDArray[np.float64]
    target: str
    level: float
    reached: bool
    space: str
    method: str
    moved: dict[str, float]
    message: str
    provenance: dict[str, Any] = field(default_factory=dict)
    predictor: Predictor | None = field(default=None, repr=False)

    _error = ExplainError
    _unsaved = frozenset({"predictor"})

    def __repr__(self) -> str:
        return f"Counterfactual({line(self.message)})"

    @property
    def model(self) -> str:
        """Name of the model."""
        return str(self.provenance.get("model") or "the model")

    @property
    def is_value(self) -> bool:
        """Whether the model answers with a value and not with a probability."""
        return bool(self.provenance.get("output") == "linear")

    def shown(self, answer: float) -> str:
        """An answer of the model, or the level asked, with its unit."""
        known = QUANTITIES.get(self.target)
        if known is not None:
            return f"{answer:.{known.digits}f} {known.unit}"
        return f"{answer:.3g}" if self.is_value else f"{answer:.2f}"

    def record(self, severity: float = 1.0, *, level: float | None = None) -> Record:
        """The ECG at a severity from 0 (the original) to 1 (the counterfactual).

        Between frames signals are interpolated. ``level`` is a former name of ``severity``.
        """
        if level is not None:
            warn_of_former("record(level=)", "record(severity=)")
            severity = level
        if not 0 <= severity <= 1:
            raise ExplainError(f"severity {severity:g}: expected a number from 0 to 1")
        if severity == 0:
            return self.original
        place = float(np.interp(severity, self.severities, np.arange(len(self.severities))))
        low = min(int(place), len(self.signals) - 2)
        share = np.float32(place - low)
        signal = self.signals[low] + share * (self.signals[low + 1] - self.signals[low])
        return Record(signal, FS, LEADS, {"source": "counterfactual", "severity": severity})

    @cached_property
    def measurements(self) -> pd.DataFrame:
        """Original and counterfactual in numbers: measurement, original, counterfactual, change, unit.

        NaN where a wave is absent; an axis changes by the shorter way round.
        """
        import pandas as pd

        before, after = self.findings.before.values, self.findings.after.values
        rows = []
        for name in OF_RECORD:
            about = MEASUREMENTS[name]
            change = about.change(before[name], after[name])
            rows.append((name, before[name], after[name], change, about.unit))
        columns = ["measurement", "original", "counterfactual", "change", "unit"]
        return pd.DataFrame(rows, columns=columns)

    @cached_property
    def findings(self) -> Findings:
        """Both ECGs measured, and what differs between them by more than the measurements' errors."""
        from ...signals.changes import Findings

        return Findings.between(self.original, self.record(1.0))

    @cached_property
    def needed(self) -> Counterfactual:
        """What the model needs of it: the smallest change of named things, each of them necessary.

        This counterfactual shows what the answer looks like in a heart; the needed one is uncoupled, and
        a model's reason. Saved with the rest.
        """
        found: Counterfactual = late("needed_answer")(self)
        return found

    @cached_property
    def why(self) -> Reasons:
        """What each of its changes carries of the moved answer, and which are needed; saved with the rest."""
        found: Reasons = late("why")(self)
        return found

    @property
    def reasons(self) -> pd.DataFrame:
        """`why` as a table: name, title, amount, unit, share, needed; its ``attrs`` say the rest."""
        return self.why.table()

    @cached_property
    def trust(self) -> TrustCard:
        """What speaks for and against it; saved with the rest."""
        card: TrustCard = late("trust_card")(self, self.predictor)
        return card

    def words(self, rephrase: Callable[[str], str] | None = None) -> Words:
        """What happened, in clinical words (see `words.words`).

        Parameters
        ----------
        rephrase : callable, optional
            Anything that says a text in other words; the result is marked so, the original is kept.
        """
        told: Words = late("words")(self, rephrase)
        return told

    # -- saving, loading, travelling (see `values.Value`)

    @property
    def is_needed(self) -> bool:
        """Whether it is what a model needs, and not what the answer looks like in a heart."""
        return self.method == NEEDED

    def _reasoned(self) -> bool:
        """Whether its reasons are known, or can be found out."""
        try:
            return self.why is not None
        except ExplainError:  # no model at hand, or made by a version that did not keep the way
            return False

    def _facts(self) -> dict[str, Any]:
        facts = {**super()._facts(), "trust": self.trust.to_dict()}
        if self._reasoned():
            facts["why"] = self.why.to_dict()
            if not self.is_needed:
                # Of the same record: it is there already.
                needed = {**Value._facts(self.needed), "why": self.needed.why.to_dict()}
                facts["needed"] = {k: one for k, one in needed.items() if k != "original"}
        return facts

    @classmethod
    def _restored(cls, facts: dict[str, Any]) -> Counterfactual:
        made = {
            name: kind.from_dict(facts.pop(name))
            for name, kind in (("trust", TrustCard), ("why", Reasons))
            if name in facts
        }
        needed = facts.pop("needed", None)
        moved = {FORMER_NAMES.get(name, name): size for name, size in facts["moved"].items()}
        found = cls(**{**facts, "moved": moved})
        vars(found).update(made)
        if found.is_needed:
            vars(found)["needed"] = found
        elif needed is not None:
            vars(found)["needed"] = cls._restored({**needed, "original": found.original})
        return found

    @classmethod
    def _from_former(cls, arrays: dict[str, NDArray[Any]]) -> Counterfactual:
        held = {name.removesuffix(".npy"): array for name, array in arrays.items()}
        told = archive.json_of(str(held["facts"]).encode())
        original = Record(held["original"], FS, LEADS, told["meta"])
        frames = {name: held[name] for name in ("signals", "predictions", "severities")}
        facts, known = told["facts"], told["facts"]["provenance"]
        call = {name: known[name] for name in ("seed", "residual", "keep") if name in known}
        call |= {"severities": len(frames["signals"]), "method": facts["method"]}
        facts["provenance"] = {**known, "call": call}
        return cls._restored({"original": original, **frames, **facts, "trust": told["trust"]})

    def _check(self) -> None:
        """Refuse fields of another kind, and frames that do not belong together."""
        super()._check()
        original, frames = self.original, len(self.signals)
        if original.leads != LEADS or original.fs != FS or original.samples != FRAME:
            raise ValueError(f"its original is {original!r}: expected 12 leads, 10 s at {FS:g} Hz")
        checks.array(original.signal, "original", np.float32, (len(LEADS), FRAME), checks.MOST_MV)
        if not 2 <= frames <= MOST_FRAMES:
            raise ValueError(f"its path has {frames} frames")
        shape = (frames, len(LEADS), FRAME)
        checks.array(self.signals, "signals", np.float32, shape, size=checks.MOST_MV)
        checks.array(self.predictions, "predictions", np.float64, (frames,), size=MOST_ANSWER)
        checks.array(self.severities, "severities", np.float64, (frames,), size=1, low=0)
        ends = float(self.severities[0]), float(self.severities[-1])
        if ends != (0.0, 1.0) or (np.diff(self.severities) <= 0).any():
            raise ValueError("its severities do not rise from 0 to 1")
        checks.number(self.level, "level", -MOST_ANSWER, MOST_ANSWER)
        for name, amount in self.moved.items():
            checks.number(amount, f"moved[{name[:20]!r}]")
        _check_call(self.provenance)
        needed = vars(self).get("needed")
        if needed is not None and needed is not self:
            needed._check()

    def __getstate__(self) -> dict[str, Any]:
        """All but a model of one's own, which may not travel; what it had to say of trust does."""
        if self.predictor is None or self.predictor.is_shipped:
            return dict(vars(self))
        _ = self.trust, self._reasoned()
        return {**vars(self), "predictor": None}


def _check_call(provenance: Mapping[str, Any]) -> None:
    """Refuse arguments that a call could not have had: made again, it would not end."""
    call = provenance.get("call", {})
    for name, least, most in (
        ("severities", 2, MOST_FRAMES),
        ("diverse", 1, 100),
        ("answer", 0, 99),
    ):
        checks.number(call.get(name, least), f"call[{name!r}]", least, most)
    beats = provenance.get("beats_s") or []
    if not isinstance(beats, list | tuple) or len(beats) > FRAME:
        raise ValueError("its beats are no list")
    for second in beats:
        checks.number(second, "beats", 0, FRAME / FS)
    r = provenance.get("reconstruction_r")
    if r is not None:
        checks.number(r, "reconstruction_r", -1.001, 1.001, missing=True)
