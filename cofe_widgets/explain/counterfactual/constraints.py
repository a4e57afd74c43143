"""`Constraints`: what an answer may, must and must not change, refused early where nothing could meet it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import inf, isfinite, isnan
from numbers import Real
from typing import Any

import torch
from torch import Tensor

from ...errors import ExplainError
from ...generative.directions import DIRECTIONS, Edit, directions
from ...generative.inversion import Inversion
from ...generative.latent_edit import LAYER_GROUPS, NAMES, SPACES, LatentEdit
from ...generative.limits import Limits, kept, parts_named
from ...signals.changes import Findings
from ...vocabulary.edits import EDITS, FORMER_NAMES
from ...vocabulary.measurements import MEASUREMENTS
from .objective import Objective

#: Moves at random, of so many SD along each axis, by which it is looked whether a model responds to what
#: may change,
LOOKS, FAR_SD = 6, 2.0
#: and the least share of the way to the target that its answer must move.
RESPONSE = 0.01

#: Lowest and highest value of a measurement; None where there is no such bound.
Range = tuple[float | None, float | None]


@dataclass(frozen=True)
class Constraints:
    """What an answer may, must and must not change.

    Attributes
    ----------
    keep : sequence of str
        What must not change: parts of an ECG (`generative.limits`).
    vary : sequence of str
        What alone may change; empty for everything that is not kept.
    ranges : mapping of str to (low, high)
        Measurements (`vocabulary.measurements`) that may not leave a range, each in its unit.
    require : mapping of str to float
        Edit parameters that must go at least so far from rest, each in the unit of
        `Counterfactual.moved`.
    closeness : float
        From 0, where changes that come together in nature cost less together, to 1, where each is
        paid for alone.

    Raises
    ------
    ExplainError
        For an unknown name, listing those there are, and for constraints that contradict each other.
    """

    keep: Sequence[str] = ()
    vary: Sequence[str] = ()
    ranges: Mapping[str, Range] = field(default_factory=dict)
    require: Mapping[str, float] = field(default_factory=dict)
    closeness: float = 0.0

    def __post_init__(self) -> None:
        for name, check in (
            ("keep", _names), ("vary", _names), ("ranges", _ranges),
            ("require", _required), ("closeness", _share),
        ):  # fmt: skip
            object.__setattr__(self, name, check(name, getattr(self, name)))
        both = parts_named(self.vary, "vary") & (kept(self.keep) if self.vary else set())
        if both:
            raise ExplainError(f"vary and keep contradict each other: both name {_listed(both)}")
        fixed = self.kept.intersection(self.require)
        if fixed:
            raise ExplainError(
                f"require= contradicts keep= or vary=: {_listed(fixed)} must change and may not"
            )

    @cached_property
    def kept(self) -> frozenset[str]:
        """The edit parameters and groups of layers that do not change."""
        keep = kept(self.keep)
        if not self.vary:
            return keep
        return frozenset((*NAMES, *LAYER_GROUPS)) - parts_named(self.vary, "vary")

    def limits(self, inversion: Inversion, tighter: Mapping[str, float] | None = None) -> Limits:
        """How far each edit parameter may go for one record, ``(1, NAMES)``.

        Parameters
        ----------
        inversion : Inversion
            Of the record alone.
        tighter : mapping of str to float, optional
            By how much less than asked a measurement may change, where an answer left its range by
            as much; infinite where it was gone, so that nothing that asks for it may change.

        Raises
        ------
        ExplainError
            When the record itself is out of a range, or is so with what must be present.
        """
        low, high, begin = (one.clone() for one in Limits.usual()[:3])
        for name, amount in self.require.items():
            at = NAMES.index(name)
            number = EDITS[name].number(amount)
            begin[0, at] = number
            (low if number > 0 else high)[0, at] = number
        if self.ranges:
            edit = Edit(directions(), LatentEdit(inversion, SPACES[0], 0))
            for name in self.ranges:
                less = (tighter or {}).get(name, 0.0)
                self._bound(name, edit, less, low, high)
                asking = [name in one.asks and less == inf for one in EDITS.values()]
                held = torch.tensor(asking) & (begin[0] == 0)
                low[0, held] = high[0, held] = 0.0
        return Limits(low, high, begin, self.closeness)

    def _bound(self, name: str, edit: Edit, less: float, low: Tensor, high: Tensor) -> None:
        """Narrow the bounds ``(1, NAMES)`` of the edit parameter that turns a measurement."""
        now, about, turned = edit.measured[name], MEASUREMENTS[name], DIRECTIONS[name].number
        if isnan(now):
            raise ExplainError(
                f"ranges: {about.in_sentence} cannot be measured in this ECG, so nothing can hold it"
            )
        least, most = self.ranges[name]
        if not (-inf if least is None else least) <= now <= (inf if most is None else most):
            raise ExplainError(
                f"ranges exclude the original: its {about.in_sentence} is {_told(name, now)}, the "
                f"range is {self._range(name)}"
            )
        at = NAMES.index(turned)
        rising = edit.numbers({name: about.least})[at] > edit.numbers({name: -about.least})[at]
        for end, upper in ((least, False), (most, True)):
            if end is None:
                continue
            change = max(end - now - less, 0.0) if upper else min(end - now + less, 0.0)
            number = edit.numbers({name: change})[at]
            if upper == rising:
                high[0, at] = min(float(high[0, at]), max(number, 0.0))
            else:
                low[0, at] = max(float(low[0, at]), min(number, 0.0))
        if low[0, at] > high[0, at]:
            raise ExplainError(
                f"require and ranges contradict each other: {turned}={self.require[turned]:g} takes "
                f"the {about.in_sentence} of this ECG ({_told(name, now)}) out of {self._range(name)}"
            )

    def left(self, findings: Findings) -> dict[str, float]:
        """Ranges that an answer leaves, and by how much beyond the measurement's own error.

        A wave that is gone measures 0 mV. An interval that is gone with its wave is infinitely far out,
        save where RR is irregular and the interval means nothing.
        """
        out = {}
        for name, (least, most) in self.ranges.items():
            value = _value(findings, name)
            beyond = max(
                -inf if least is None else least - value, -inf if most is None else value - most
            )
            if isnan(value):
                beyond = inf
            if beyond > _error(findings, name):
                out[name] = beyond
        return out

    def honoured(self, findings: Findings) -> str:
        """What became of the measurements that have a range, in words."""
        said = []
        for name in self.ranges:
            value, title = _value(findings, name), MEASUREMENTS[name].in_sentence
            if isnan(value):
                said.append(f"{title} cannot be measured any more")
            elif not isfinite(_error(findings, name)):
                said.append(f"{title} is uncertain where RR is irregular")
            else:
                said.append(f"{title} is {_told(name, value)}")
        return ", ".join(said)

    def refuse_unseen(self, edit: LatentEdit, objective: Objective, start: Tensor) -> None:
        """Refuse a model that does not respond to any of what may change of one record.

        Raises
        ------
        ExplainError
            Saying what may change.
        """
        if not self.vary and not self.keep:
            return  # where everything may change, the search tells a constant model from a flat one
        here = edit.within(SPACES[1] if edit.opens(SPACES[1]) else SPACES[0])
        noise = torch.Generator().manual_seed(11)
        moves = FAR_SD * torch.randn(LOOKS, here.size, generator=noise)
        with torch.no_grad():
            moved = (objective.score(here.signals(moves)) - start).abs().max()
        if float(moved) > RESPONSE * float((objective.target_score - start).abs()):
            return
        free = [name for name in (*NAMES, *LAYER_GROUPS) if name not in self.kept]
        answer = float(objective.answer(start)[0])
        raise ExplainError(
            f"{objective.f.name} sees nothing of what may change: it answers {objective.target} "
            f"{answer:.3g} whatever becomes of {_listed(free)}. Let something else change (vary=, keep=)"
        )

    def call(self) -> dict[str, Any]:
        """The arguments that make the same constraints, as JSON can hold them."""
        return {
            "keep": list(self.keep),
            "vary": list(self.vary),
            "ranges": {name: list(ends) for name, ends in self.ranges.items()},
            "require": dict(self.require),
            "closeness": self.closeness,
        }

    def words(self) -> str:
        """What was asked beside the target, in words; empty where nothing was."""
        said = []
        if self.vary:
            said.append(f"only {_listed(self.vary)} may change")
        if self.keep:
            said.append(f"{_listed(self.keep)} may not change")
        said += [f"{MEASUREMENTS[name].in_sentence} {self._range(name)}" for name in self.ranges]
        said += [
            f"{EDITS[name].title} {amount:g} {EDITS[name].unit} or more".replace("  ", " ")
            for name, amount in self.require.items()
        ]
        if self.closeness:
            said.append(f"closeness {self.closeness:g}")
        return ", ".join(said)

    def _range(self, name: str) -> str:
        least, most = self.ranges[name]
        if most is None:
            return "unbounded" if least is None else f"{_told(name, least)} or more"
        if least is None:
            return f"{_told(name, most)} or less"
        return f"{_told(name, least).split(' ')[0]} to {_told(name, most)}"


def _told(name: str, value: float) -> str:
    """A measurement with its unit."""
    about = MEASUREMENTS[name]
    return f"{value:.{about.digits}f} {about.unit}"


def _value(findings: Findings, name: str) -> float:
    """A measurement of the answer; a wave that is gone measures 0 mV."""
    value = findings.after.values[name]
    return 0.0 if isnan(value) and name.endswith("_amplitude_mv") else value


def _error(findings: Findings, name: str) -> float:
    """What the measurement is uncertain by in the answer."""
    about = MEASUREMENTS[name]
    return about.least_irregular if findings.irregular else about.least


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def _names(by: str, given: Any) -> tuple[str, ...]:
    if isinstance(given, str):
        given = (given,)
    try:
        names = tuple(given)
        hash(names)
    except TypeError as error:
        what = "must not change" if by == "keep" else "alone may change"
        raise ExplainError(f"{by}={given!r}: expected a list of what {what}") from error
    parts_named([name for name in names if by == "vary" or name not in FORMER_NAMES], by)
    return names


def _of_mapping(by: str, given: Any, known: Iterable[str], example: str) -> dict[str, Any]:
    """What was given by name; refused where it is no mapping or a name is unknown."""
    if not isinstance(given, Mapping):
        raise ExplainError(f"{by}={given!r}: expected a dict, {example}")
    for name in given:
        if name not in known:
            raise ExplainError(f"{by}: unknown {name!r}, choose of {', '.join(known)}")
    return dict(given)


def _ranges(by: str, given: Any) -> dict[str, Range]:
    example = '{"pr_ms": (120, 200)}'
    out: dict[str, Range] = {}
    for name, ends in _of_mapping(by, given, DIRECTIONS, example).items():
        pair = list(ends) if isinstance(ends, Iterable) and not isinstance(ends, str) else []
        if len(pair) != 2 or any(end is not None and not _is_number(end) for end in pair):
            raise ExplainError(
                f"{by}: {name!r} is given {ends!r}: expected its lowest and its highest value (None "
                f"for no bound), {example}"
            )
        least, most = (None if end is None or not isfinite(end) else float(end) for end in pair)
        if least is not None and most is not None and least > most:
            raise ExplainError(f"{by}: {name!r} has its lowest value {least:g} above {most:g}")
        out[name] = least, most
    return out


def _required(by: str, given: Any) -> dict[str, float]:
    out = {}
    for name, amount in _of_mapping(by, given, NAMES, '{"heart_rate": 1.2}').items():
        one = EDITS[name]
        ends = one.amount(one.low), one.amount(one.high)
        if not _is_number(amount) or not ends[0] <= amount <= ends[1]:
            raise ExplainError(
                f"{by}: {name!r} is given {amount!r}: expected {ends[0]:.3g} to {ends[1]:.3g}"
                f" {one.unit}".rstrip()
            )
        if amount == one.rest:
            raise ExplainError(f"{by}: {name}={amount:g} is no change; keep={name!r} holds it")
        out[name] = float(amount)
    return out


def _share(by: str, given: Any) -> float:
    if not _is_number(given) or not 0 <= given <= 1:
        raise ExplainError(f"{by}={given!r}: expected a number from 0 (plausible) to 1 (close)")
    return float(given)


def _is_number(given: Any) -> bool:
    return isinstance(given, Real) and not isinstance(given, bool) and not isnan(given)
