"""What a model needs of a counterfactual, and what each of its changes carries."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ...generative.latent_edit import NAMES
from ...generative.networks import networks
from ...models.number_type import number_type
from ...provenance import provenance
from ...vocabulary.edits import EDITS
from ...vocabulary.territories import CHANGES
from ..counterfactual.path import inside, path
from ..counterfactual.reasons import Reason, Reasons
from ..counterfactual.result import NEEDED, Counterfactual
from .case import Case
from .controls import hide_unseen, meaningless
from .looking import BATCH, Looker
from .needed import Needed, needed
from .shares import shared

#: What the space of the needed answer is called.
SPACE = "named changes, each by itself"
#: The way goes a little farther than the crossing is thought to be, so that it surely passes it; where
#: the answer falls again beyond it, exactly as far.
AMPLE = (1.04, 1.0, 1.1)
#: Two changes do together so much more than each alone, as a share of the way, that both are needed.
BOTH = 0.4
#: ... or, made at once, so much less than their sum that either is enough.
EITHER = 1.4


class NamedPath:
    """The straight way from a record to named numbers; see `counterfactual.path.path`.

    Parameters
    ----------
    look : Looker
    numbers : (names,)
    """

    def __init__(self, look: Looker, numbers: Tensor) -> None:
        self.look, self.edit, self.move = look, look.edit, numbers

    @property
    def original(self) -> Tensor:
        """The record itself, ``(1, 12, samples)``, mV."""
        return self.look.original

    @torch.no_grad()
    def signals(self, shares: Tensor) -> Tensor:
        """ECGs ``(n, 12, samples)``, mV, at shares ``(n,)`` of the way."""
        parts = [self.look.signals(part[:, None] * self.move) for part in shares.split(BATCH)]
        return torch.cat(parts)

    def beats(self, share: float) -> Tensor:
        """The beats at a share of the way, ``(beats,)`` in s."""
        return self.edit.beats(share * self.move[None])[0]


def needed_answer(cf: Counterfactual) -> Counterfactual:
    """The smallest change of named things that this model needs, as a counterfactual of its own.

    Every change in it is necessary; none brings another along. Where nothing that has a name moves the
    model, or the name does not matter to it, `why` of the answer says so.

    Parameters
    ----------
    cf : Counterfactual
        The typical answer, with its model.

    Raises
    ------
    ExplainError
        When the model is not at hand.
    """
    with number_type():
        case = Case(cf)
        look = case.looker()
        found = needed(look, _typical_numbers(cf, look))
        unseen = hide_unseen(look, found.numbers) if found.reached else ()
        control = meaningless(look, found.numbers) if found.reached else ""
        return _answer(case, look, found, unseen, control)


def _typical_numbers(cf: Counterfactual, look: Looker) -> Tensor:
    """Named numbers of the typical answer, ``(names,)``, of what is large enough to see."""
    out = torch.zeros(len(look.edit.names))
    for k, name in enumerate(NAMES):
        edit = EDITS[name]
        amount = cf.moved.get(name, edit.rest)
        if edit.shows(amount):
            out[k] = edit.number(amount)
    return out


def _answer(
    case: Case, look: Looker, found: Needed, unseen: tuple[str, ...], control: str
) -> Counterfactual:
    """The needed answer with its path, and why."""
    cf, objective = case.cf, case.objective
    count = len(cf.signals)
    for farther in AMPLE:
        way = NamedPath(look, farther * found.numbers)
        signals, predictions, share = path(way, objective, case.start, count)
        if objective.reached(case.start, float(predictions[-1])):
            break
    numbers = look.edit.bounded(share * way.move[None])[0]
    reached = found.reached and objective.reached(case.start, float(predictions[-1]))
    why = _why_needed(look, found, numbers, unseen, control, reached)
    said = ", ".join(row.said for row in why.rows) or "nothing"
    message = f"{objective.goes(predictions)}: {said}"
    if not reached:
        message = f"no change that has a name takes it there alone or with two others; the nearest: {message}"
    elif control:
        message += f"; but this is no reason that has a name: {control}"
    known = provenance(
        cf.predictor,
        seed=case.seed,
        keep=list(case.keep),
        residual=True,
        output=case.f.output,
        networks_hash=networks().weight_hash,
        reconstruction_r=float(case.inversion.correlation[0]),
        beats_s=inside(way.beats(share)),
        distance=look.length(numbers),
        call={**cf.call, "answer": cf.call.get("answer", 0)},
    )
    moved = {row.name: row.amount for row in why.rows}
    out = Counterfactual(
        original=cf.original,
        signals=signals,
        predictions=predictions,
        severities=np.linspace(0, 1, count),
        target=cf.target,
        level=cf.level,
        reached=reached,
        space=SPACE,
        method=NEEDED,
        moved=moved,
        message=message,
        provenance=known,
        predictor=cf.predictor,
    )
    vars(out)["why"] = why
    vars(out)["needed"] = out
    return out


def _why_needed(
    look: Looker,
    found: Needed,
    numbers: Tensor,
    unseen: tuple[str, ...],
    control: str,
    reached: bool,
) -> Reasons:
    """The needed changes with their shares, and how they belong together."""
    active = numbers.nonzero()[:, 0].tolist()
    if not active:
        return Reasons((), 0.0, False, "", "nothing that has a name may change", unseen)
    nameable = reached and not control

    def value(masks: Tensor) -> Tensor:
        many = torch.zeros(len(masks), len(numbers))
        many[:, active] = masks * numbers[active]
        return look.moved(many)

    shares, _, values = shared(value, len(active))
    total = float(shares.sum())
    rows = []
    for k, share in zip(active, (shares / total).tolist(), strict=True):
        edit = CHANGES[look.edit.names[k]]
        amount = edit.amount(float(numbers[k]))
        rows.append(Reason(edit.name, edit.title, amount, edit.unit, share, nameable))
    rows.sort(key=lambda row: -row.share)
    logic, said = _logic(look, found, numbers, active, values) if nameable else ("", control)
    if not reached:
        said = "no change that has a name takes the model there"
    return Reasons(tuple(rows), total * look.way, nameable, logic, said, unseen)


def _logic(
    look: Looker, found: Needed, numbers: Tensor, active: list[int], values: Tensor
) -> tuple[str, str]:
    """How needed changes, and others that would do, belong together."""
    titles = [CHANGES[look.edit.names[k]].in_sentence for k in active]
    if len(active) > 1:
        alone = sum(float(values[1 << k] - values[0]) for k in range(min(len(active), 6)))
        extra = float(values[-1] - values[0]) - alone
        names = " and ".join(titles)
        if extra > BOTH:
            return "and", f"{names} act together: neither does it alone"
        return "sum", f"{names} add up"
    if not found.others:
        return "single", ""
    others = list(found.others)
    both = torch.stack([numbers + found.others[name] for name in others])
    # The other may lie where the answer changes nothing.
    moved = Looker(look.edit, look.objective, look.start).moved(both).tolist()
    either = [name for name, v in zip(others, moved, strict=True) if v < EITHER]
    if either:
        names = " or ".join(CHANGES[name].in_sentence for name in either)
        return "or", f"{titles[0]} is enough, and so is {names}: either does it alone"
    names = " or ".join(CHANGES[name].in_sentence for name in others)
    return "single", f"{names} would do, too, if moved as far"
