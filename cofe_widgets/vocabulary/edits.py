"""The edit parameters of a counterfactual: the few numbers with a name by which an ECG is changed.

One row a parameter, one name everywhere: in a search, in ``keep=``, in ``Counterfactual.moved``, on a
trust card. What each does to an ECG is written in `generative` (`latent_edit`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, log

from .measurements import MEASUREMENTS

_ATRIA = ("p_presence", "p_amplitude_mv", "pr_ms")


@dataclass(frozen=True)
class EditParameter:
    """One number of an edit; zero leaves the record as it is.

    Attributes
    ----------
    name : str
    title, unit : str
        Of the amount that people read.
    sd : float
        What one standard deviation of it is worth.
    low, high : float
        How far it may go.
    amount : callable
        From the number to the amount that people read, in ``unit``.
    least : float
        The smallest amount away from rest that is worth a word.
    asks : tuple of str
        The measurements that it asks to change.
    """

    name: str
    title: str
    unit: str
    sd: float
    low: float
    high: float
    amount: Callable[[float], float]
    least: float
    asks: tuple[str, ...]

    @property
    def in_sentence(self) -> str:
        """The title as it stands within a sentence."""
        return (
            self.title
            if self.title[:2].isupper() or self.title[1:2] in " "
            else (self.title[:1].lower() + self.title[1:])
        )

    @property
    def rest(self) -> float:
        """The amount that changes nothing."""
        return self.amount(0.0)

    def shows(self, amount: float) -> bool:
        """Whether an amount is so far from rest that it is worth a word."""
        return abs(amount - self.rest) >= self.least

    def number(self, amount: float) -> float:
        """The number behind an amount that people read."""
        if self.amount is exp:
            return log(max(amount, 1e-3))
        return (amount - self.rest) / (self.amount(1.0) - self.rest)


def _itself(number: float) -> float:
    return number


#: Irregularity: added coefficient of variation of RR (below zero, e-fold loss of the variation that is
#: there); amplitude of added fibrillatory waves (below zero, e-fold loss of the record's own); share of
#: the P wave taken away (below zero, a typical P wave is added); log of the factor on the heart rate;
#: seconds of PR; log of the factors on QRS duration and on JT; and three directions of W+: QRS
#: amplitude by 20 %, ST by 0.1 mV, T by 0.1 mV. P waves are there or not: half a P wave is no more
#: usual than none, so its SD is large.
EDITS: dict[str, EditParameter] = {
    one.name: one
    for one in (
        EditParameter(
            "irregularity", "RR irregularity", "of the mean", 0.10, -0.6, 0.45,
            _itself, 0.02, ("rr_sd_ms",),
        ),
        EditParameter(
            "f_wave_amplitude", "fibrillatory waves", "", 0.5, -3.0, 2.0, _itself, 0.1, _ATRIA
        ),
        EditParameter(
            "p_wave_taken_away", "P waves taken away", "", 0.9, -2.2, 1.0, _itself, 0.1, _ATRIA
        ),
        EditParameter(
            "heart_rate", "heart rate", "x", 0.20, -0.65, 0.65,
            exp, 0.03, ("heart_rate_bpm", "rr_sd_ms", "qt_ms"),
        ),
        EditParameter(
            "pr", MEASUREMENTS["pr_ms"].title, "ms", 0.022, -0.15, 0.20,
            lambda seconds: 1000 * seconds, 5.0, ("pr_ms",),
        ),
        EditParameter(
            "qrs", MEASUREMENTS["qrs_ms"].title, "x", 0.12, -0.5, 0.8, exp, 0.03, ("qrs_ms", "qt_ms")
        ),
        EditParameter("jt", "JT", "x", 0.07, -0.45, 0.45, exp, 0.03, ("qt_ms",)),
        EditParameter(
            "r_amplitude", "QRS amplitude", "x", 1.5, -6.0, 8.0,
            lambda units: 1 + 0.2 * units, 0.03, ("r_amplitude_mv", "q_amplitude_mv"),
        ),
        EditParameter(
            "st", "ST", "mV", 0.5, -5.0, 6.0, lambda units: 0.1 * units, 0.02, ("j_amplitude_mv",)
        ),
        EditParameter(
            "t_amplitude", "T", "mV", 1.2, -10.0, 12.0,
            lambda units: 0.1 * units, 0.03, ("t_amplitude_mv",),
        ),
    )
}  # fmt: skip
#: How far the styles went beside the named parameters, in standard deviations, under this name.
MORPHOLOGY = "morphology_sd"
#: Names of earlier versions: in saved counterfactuals, and in ``keep=``.
FORMER_NAMES = {
    "heart_rate_factor": "heart_rate",
    "pr_ms": "pr",
    "qrs_factor": "qrs",
    "jt_factor": "jt",
    "qt": "jt",
    "r_amplitude_factor": "r_amplitude",
    "st_mv": "st",
    "t_amplitude_mv": "t_amplitude",
}


def amounts(numbers: dict[str, float], morphology_sd: float = 0.0) -> dict[str, float]:
    """The numbers of an edit as people read them, each in its own unit."""
    told = {name: one.amount(numbers[name]) for name, one in EDITS.items()}
    return {**told, MORPHOLOGY: morphology_sd}
