"""What a search for a counterfactual comes to: the path, its answers, and what was asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from ...ecg import LEADS, Record
from ...errors import ExplainError
from ...models.architectures.generator import FS
from ...vocabulary.diagnoses import QUANTITIES
from ...vocabulary.edits import FORMER_NAMES
from ...vocabulary.measurements import MEASUREMENTS, OF_RECORD
from ...wrapper import Predictor

if TYPE_CHECKING:
    import pandas as pd

    from ...audit.trust.card import TrustCard
    from ...report.words import Words
    from ...signals.changes import Findings


@dataclass(frozen=True, eq=False)
class Counterfactual:
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

    def __repr__(self) -> str:
        return f"Counterfactual({self.message})"

    @property
    def model(self) -> str:
        """Name of the model."""
        return str(self.provenance.get("model") or "the model")

    @property
    def is_value(self) -> bool:
        """Whether the model answers with a value and not with a probability."""
        return bool(self.provenance["output"] == "linear")

    def shown(self, answer: float) -> str:
        """An answer of the model, or the level asked, with its unit."""
        known = QUANTITIES.get(self.target)
        if known is not None:
            return f"{answer:.{known.digits}f} {known.unit}"
        return f"{answer:.3g}" if self.is_value else f"{answer:.2f}"

    def record(self, level: float = 1.0) -> Record:
        """The ECG at a severity from 0 (the original) to 1 (the counterfactual).

        Between frames signals are interpolated.
        """
        if not 0 <= level <= 1:
            raise ExplainError(f"severity {level:g}: expected a number from 0 to 1")
        if level == 0:
            return self.original
        place = float(np.interp(level, self.severities, np.arange(len(self.severities))))
        low = min(int(place), len(self.signals) - 2)
        share = np.float32(place - low)
        signal = self.signals[low] + share * (self.signals[low + 1] - self.signals[low])
        return Record(signal, FS, LEADS, {"source": "counterfactual", "severity": level})

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
    def trust(self) -> TrustCard:
        """What speaks for and against it; saved with the rest."""
        from ...audit.trust.trust_card import trust_card

        return trust_card(self, self.predictor)

    def words(self, rephrase: Callable[[str], str] | None = None) -> Words:
        """What happened, in clinical words (see `words.words`).

        Parameters
        ----------
        rephrase : callable, optional
            Anything that says a text in other words; the result is marked so, the original is kept.
        """
        from ...report.words import words

        return words(self, rephrase)

    def save(self, path: str | Path) -> None:
        """Write everything to one ``.npz`` file (no pickle inside)."""
        names = ("target", "level", "reached", "space", "method", "moved", "message", "provenance")
        facts = {k: getattr(self, k) for k in names}
        arrays = {k: getattr(self, k) for k in ("signals", "predictions", "severities")}
        told = {"facts": facts, "meta": dict(self.original.meta), "trust": self.trust.to_dict()}
        text = json.dumps(told, default=str)
        with Path(path).open("wb") as out:
            np.savez_compressed(out, facts=text, original=self.original.signal, **arrays)

    @classmethod
    def load(cls, path: str | Path) -> Counterfactual:
        """Read what `save` wrote.

        Raises
        ------
        ExplainError
            When the file is none of those.
        """
        try:
            with np.load(path, allow_pickle=False) as stored:
                text = json.loads(str(stored["facts"]))
                original = Record(stored["original"], FS, LEADS, text["meta"])
                arrays = {k: stored[k] for k in ("signals", "predictions", "severities")}
                moved = {FORMER_NAMES.get(k, k): v for k, v in text["facts"]["moved"].items()}
                found = cls(original=original, **arrays, **{**text["facts"], "moved": moved})
                from ...audit.trust.card import TrustCard

                vars(found)["trust"] = TrustCard.from_dict(text["trust"])
                return found
        except (ValueError, KeyError, TypeError, AttributeError, EOFError, BadZipFile) as error:
            raise ExplainError(f"{path} is no saved counterfactual") from error


@dataclass(frozen=True)
class Step:
    """One step of a search, for those who watch.

    Attributes
    ----------
    fraction : float
        Of the work done, 0 to 1.
    message : str
        What is being done.
    prediction : float
        The model's answer for the target at the current candidate.
    signal : (12, T) float32 or None
        The current candidate, mV.
    result : Counterfactual or None
        In the last step only.
    """

    fraction: float
    message: str
    prediction: float
    signal: NDArray[np.float32] | None = None
    result: Counterfactual | None = None
