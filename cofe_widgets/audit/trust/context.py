"""`TrustContext`: what the rows of a trust card look at, each thing worked out once and when asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...ecg import INDEPENDENT_LEADS, LEADS
from ...errors import ExplainError
from ...signals import r_peaks
from ...wrapper import Predictor

if TYPE_CHECKING:
    from ...explain.counterfactual import Counterfactual
    from ...explain.counterfactual.reasons import Reasons
    from ...signals.changes import Findings

Signal = NDArray[np.float32]
Times = NDArray[np.float64]

#: Rows of a twelve-lead signal that say something of their own; the others follow from them.
INDEPENDENT_ROWS = [LEADS.index(name) for name in INDEPENDENT_LEADS]


@dataclass(frozen=True)
class TrustContext:
    """A counterfactual, and what is at hand to judge it.

    Attributes
    ----------
    cf : Counterfactual
    f : Predictor or None
        The model it explains.
    second : Predictor or None
        A model of the same outputs, trained independently.
    """

    cf: Counterfactual
    f: Predictor | None = None
    second: Predictor | None = None

    @property
    def before(self) -> Signal:
        """The first frame, ``(12, samples)`` mV."""
        return self.cf.signals[0]

    @property
    def after(self) -> Signal:
        """The last frame, ``(12, samples)`` mV."""
        return self.cf.signals[-1]

    @cached_property
    def beats_s(self) -> tuple[Times, Times]:
        """R-peaks of the first and of the last frame, seconds."""
        before, after = (
            np.asarray(r_peaks(one)) for one in (self.cf.original, self.cf.record(1.0))
        )
        return before, after

    @cached_property
    def why(self) -> Reasons | None:
        """What carries the answer; None where the model, or the way it was found, is not at hand."""
        try:
            return self.cf.why if self.f is not None or "why" in vars(self.cf) else None
        except ExplainError:
            return None

    @property
    def findings(self) -> Findings:
        """Both frames measured, and what differs between them."""
        return self.cf.findings
