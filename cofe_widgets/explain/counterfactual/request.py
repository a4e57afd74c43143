"""`Request`: everything a caller asks of a counterfactual, checked, and a record as it is asked about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Integral
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ...ecg import Record
from ...errors import EcgError, ExplainError
from ...generative.inversion import Inversion, invert
from ...generative.latent_edit import LAYER_GROUPS, NAMES, SPACES, LatentEdit
from ...generative.limits import Limits
from ...wrapper.records import without_gaps
from .constraints import Constraints
from .global_direction import global_direction
from .objective import Objective

METHODS = ("refined", "direction", "gradient")


class Begun(NamedTuple):
    """A record as it is asked about.

    Attributes
    ----------
    inversion : Inversion
        Of it alone.
    start : (1,)
        Its score.
    limits : Limits
        How far its edits may go, ``(1, NAMES)``.
    """

    inversion: Inversion
    start: Tensor
    limits: Limits


@dataclass(frozen=True)
class Request:
    """Everything a caller asks for, checked."""

    objective: Objective
    severities: int
    seed: int
    method: str
    residual: bool
    diverse: int
    constraints: Constraints

    def __post_init__(self) -> None:
        for name in ("severities", "seed", "diverse"):
            if isinstance(getattr(self, name), bool) or not isinstance(
                getattr(self, name), Integral
            ):
                raise ExplainError(f"{name}={getattr(self, name)!r}: expected a whole number")
        if self.severities < 2:
            raise ExplainError(f"severities={self.severities}: a path has at least two frames")
        if self.method not in METHODS:
            raise ExplainError(f"method={self.method!r}: choose one of {', '.join(METHODS)}")
        if self.diverse < 1:
            raise ExplainError(f"diverse={self.diverse}: expected how many answers to look for")
        if self.diverse > 1 and self.method != "refined":
            raise ExplainError(
                f"diverse={self.diverse} needs method='refined': {self.method!r} has one answer"
            )
        if self.constraints.require and self.method != "refined":
            raise ExplainError(
                f"require= needs method='refined': {self.method!r} chooses what it changes itself"
            )
        if self.kept.issuperset({*NAMES, *LAYER_GROUPS}):
            raise ExplainError(
                "method='gradient' moves the styles alone, and none of them may change: nothing is left"
            )

    def edit(self, begun: Sequence[Begun]) -> LatentEdit:
        """What turns moves into ECGs of records, in the largest space."""
        inversion = begun[0].inversion
        if len(begun) > 1:
            inversion = Inversion.join([one.inversion for one in begun])
        limits = Limits.join([one.limits for one in begun])
        return LatentEdit(inversion, SPACES[-1], self.seed, self.kept, self.residual, limits)

    @cached_property
    def kept(self) -> frozenset[str]:
        """The edit parameters and groups of layers that do not change."""
        # The paper's way moves w alone.
        return self.constraints.kept.union(NAMES if self.method == "gradient" else ())

    def of(self, record: Record) -> Request:
        """The same request to the model as it is asked about a record (`Predictor.of`)."""
        f = self.objective.f
        bound = f.of(record)
        if bound is f:
            return self
        return replace(
            self, objective=Objective(bound, self.objective.target, self.objective.level)
        )

    def begin(self, record: Record) -> Begun:
        """A record as it is asked about; refused when it cannot be."""
        f = self.objective.f
        try:
            objective = self.of(record).objective
            if f.gaps != "refuse":
                record = without_gaps(record.completed(), f.gaps, f.name)
        except EcgError as error:
            raise ExplainError(str(error)) from error
        inversion = invert([record])
        with torch.no_grad():
            start = objective.score(inversion.signals)
        objective.sign(start)
        objective.refuse_without_gradient()
        begun = Begun(inversion, start, self.constraints.limits(inversion))
        self.constraints.refuse_unseen(self.edit([begun]), objective, start)
        return begun

    def call(self, number: int) -> dict[str, Any]:
        """The arguments that make the answer of this number again, beside record, model and level."""
        names = ("severities", "seed", "method", "residual", "diverse")
        call = {name: getattr(self, name) for name in names}
        return {**call, **self.constraints.call(), "answer": number}

    @cached_property
    def direction(self) -> Tensor | None:
        """The amortised direction, where the method begins with it."""
        return None if self.method == "gradient" else global_direction(self.objective)
