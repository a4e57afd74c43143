"""What each change of a typical answer carries: the game between its changes, shared out."""

from __future__ import annotations

import torch
from torch import Tensor

from ...errors import ExplainError
from ...generative.beat_parts import BeatParts, territory_share
from ...generative.latent_edit import NAMES, SPACES, LatentEdit
from ...generative.networks import networks
from ...models.number_type import number_type
from ...vocabulary.edits import EDITS
from ...vocabulary.territories import BEAT_PARTS, CHANGES, TERRITORIES, waves_of
from ..counterfactual.reasons import CARRIES, Reason, Reasons
from ..counterfactual.result import Counterfactual
from .case import Case
from .looking import BATCH
from .pieces import effects
from .shares import interaction, shared

#: Interactions of this share of the way are told.
TOLD = 0.15
#: Styles moved by less than this, in SD, are no change.
LEAST_STYLES_SD = 0.3
#: Pieces that carry less are told together.
LEAST_SHARE = 0.02
#: What a model needs of a typical answer carries at least so much there.
LEAST_NEEDED = 0.05
#: A change of amplitude is told by territory where one, or two, carry so much of it.
ONE_ALONE, TWO_ALONE = 0.6, 0.85
#: Change of amplitude -> part of the beat; part -> the waves in it.
AMPLITUDE_WAVE = {"p_wave_taken_away": "p", "r_amplitude": "qrs", "st": "st", "t_amplitude": "t"}
WAVES_OF_PART = {"p": ("p",), "qrs": ("q", "r", "s"), "st": ("st",), "t": ("t",)}


def why(cf: Counterfactual) -> Reasons:
    """What each change of a typical answer carries of the moved score, exactly shared out.

    What has no name is shared out over parts of the beat in territories: each is carried from the
    counterfactual into the original along the beats, and taken out of the counterfactual; the mean of
    the two counts.
    """
    need = cf.needed
    with number_type():
        case = Case(cf)
        game = _Typical(case, need.why)
        return game.reasons()


class _Typical:
    """The game between the changes of a typical answer."""

    def __init__(self, case: Case, need: Reasons) -> None:
        self.case, self.need, self.cf = case, need, case.cf
        move = vars(self.cf).get("_move")
        if move is None:
            raise ExplainError("this counterfactual does not hold the way it was found: rerun() it")
        components = len(move) - len(NAMES)
        space = next(
            space
            for space in SPACES
            if (space.components if space.components is not None else components) == components
        )
        residual = bool(self.cf.provenance.get("residual", True))
        frozen = NAMES if self.cf.method == "gradient" else ()
        self.edit = LatentEdit(case.inversion, space, case.seed, case.keep.union(frozen), residual)
        self.named, self.shift = self.edit.named(move[None])[0], self.edit.shift(move[None])[0]
        self.players = self._players(float(move[len(NAMES) :].norm()))

    def _players(self, styles_sd: float) -> list[tuple[str, list[int]]]:
        """Name -> which numbers; styles have none, and what is too small to see is one player."""
        out, small = [], []
        for k, name in enumerate(NAMES):
            edit = EDITS[name]
            if edit.shows(edit.amount(float(self.named[k]))):
                out.append((name, [k]))
            elif float(self.named[k]) != 0:
                small.append(k)
        if styles_sd >= LEAST_STYLES_SD:
            out.append(("", []))
        if small or (0 < styles_sd < LEAST_STYLES_SD):
            out.append(("small", small))
        return out

    @torch.no_grad()
    def value(self, masks: Tensor) -> Tensor:
        """Score that some players have moved, ``(n,)``."""
        gate, styles = torch.zeros(len(masks), len(NAMES)), torch.zeros(len(masks))
        names = [name for name, _ in self.players]
        for column, (name, at) in enumerate(self.players):
            gate[:, at] = masks[:, column, None]
            if name == "" or (name == "small" and "" not in names):
                styles = masks[:, column]
        scores = []
        for g, s in zip(gate.split(BATCH), styles.split(BATCH), strict=True):
            shift = s[:, None] * self.shift if bool(self.shift.any()) else None
            scores.append(self.case.objective.score(self.edit.edited(g * self.named, shift)))
        return torch.cat(scores) - self.case.start

    def reasons(self) -> Reasons:
        """All changes, the largest share first."""
        if not self.players:
            return Reasons((), 0.0, self.need.nameable, self.need.logic, self.need.together)
        shares, groups, values = shared(self.value, len(self.players))
        total = float(shares.sum())
        rows: list[Reason] = []
        needed_waves = frozenset[str]().union(*(waves_of(row.name) for row in self.need.needed))
        for (name, at), share in zip(self.players, (shares / total).tolist(), strict=True):
            if name in EDITS:
                edit = EDITS[name]
                amount = edit.amount(float(self.named[at[0]]))
                is_needed = bool(waves_of(name) & needed_waves) and abs(share) >= LEAST_NEEDED
                row = Reason(name, edit.title, amount, edit.unit, share, is_needed)
                split = name in AMPLITUDE_WAVE and abs(share) >= CARRIES
                rows += self._territories(row, needed_waves) if split else [row]
            elif name == "":
                rows += self._pieces(share, needed_waves)
            else:
                nan = float("nan")
                rows.append(Reason("small", "changes too small to name", nan, "", share, False))
        rows.sort(key=lambda row: -row.share)
        together = "; ".join(filter(None, (self.need.together, self._interactions(groups, values))))
        need = self.need
        return Reasons(tuple(rows), total, need.nameable, need.logic, together, need.unseen)

    def _interactions(self, groups: Tensor, values: Tensor) -> str:
        """Pairs of changes that act together, in words."""
        said = []
        whole = float(values[-1] - values[0])
        for i in range(len(groups)):
            for j in range(i + 1, len(groups)):
                size = interaction(values, i, j)
                names = [self._name(groups[k]) for k in (i, j)]
                if abs(size) >= TOLD * abs(whole) and all(names):
                    act = "act together" if size * whole > 0 else "overlap"
                    said.append((abs(size), f"{names[0]} and {names[1]} {act}: {size:+.1f}"))
        said.sort(reverse=True)
        return "; ".join(sentence for _, sentence in said[:2])

    def _name(self, group: Tensor) -> str:
        at = group.nonzero()[:, 0].tolist()
        name = self.players[at[0]][0] if len(at) == 1 else ""
        return EDITS[name].in_sentence if name in EDITS else ""

    @torch.no_grad()
    def _pieces(self, share: float, needed_waves: frozenset[str]) -> list[Reason]:
        """The share of what has no name by part of the beat and territory."""
        full, without = self._drawn(self.named, self.shift), self._drawn(self.named, None)
        names, pieces = BeatParts(self.case.inversion).pieces((full - without)[0])
        keep = pieces.abs().amax(dim=(1, 2)) > 1e-4
        names = [name for name, kept in zip(names, keep.tolist(), strict=True) if kept]
        carried = effects(self.edit, self.case.objective, self.named, without, pieces[keep])
        size = pieces[keep].abs().amax(dim=(1, 2)).tolist()
        out = []
        for (part, where), e, mv in zip(names, (share * carried).tolist(), size, strict=True):
            title = f"{BEAT_PARTS.get(part, 'between beats')} in {TERRITORIES[where].title}"
            waves = {f"{wave}_{where}" for wave in WAVES_OF_PART.get(part, ())}
            is_needed = bool(waves & needed_waves) and abs(e) >= LEAST_NEEDED
            out.append(Reason(f"{part}/{where}", title, mv, "mV", e, is_needed))
        small = [row for row in out if abs(row.share) < LEAST_SHARE]
        out = [row for row in out if abs(row.share) >= LEAST_SHARE]
        if small:
            rest = sum(row.share for row in small)
            out.append(Reason("morphology", "other morphology", float("nan"), "", rest, False))
        return out

    @torch.no_grad()
    def _territories(self, row: Reason, needed_waves: frozenset[str]) -> list[Reason]:
        """A change of amplitude by territory, where one or two of them carry nearly all of it."""
        k = NAMES.index(row.name)
        others = self.named.clone()
        others[k] = 0.0
        shift = self.shift if bool(self.shift.any()) else None
        without = self._drawn(others, shift)
        change = self._p_change(k) if row.name == "p_wave_taken_away" else None
        change = self._drawn(self.named, shift) - without if change is None else change
        pieces = torch.stack([territory_share(where) @ change[0] for where in TERRITORIES])
        carried = effects(self.edit, self.case.objective, others, without, pieces)
        top = carried.sort(descending=True).values
        if not (top[0] >= ONE_ALONE or top[:2].sum() >= TWO_ALONE):
            return [row]
        out = []
        size = pieces.abs().amax(dim=(1, 2)).tolist()
        for where, e, mv in zip(TERRITORIES, carried.tolist(), size, strict=True):
            if abs(e) < LEAST_SHARE:
                continue
            wave = AMPLITUDE_WAVE[row.name]
            title = f"{BEAT_PARTS[wave]} in {TERRITORIES[where].title}"
            name = f"{wave}_{where}" if wave != "qrs" else f"qrs/{where}"
            waves = {f"{one}_{where}" for one in WAVES_OF_PART[wave]}
            is_needed = bool(waves & needed_waves) and abs(e * row.share) >= LEAST_NEEDED
            sign = 1.0 if (row.amount >= CHANGES[row.name].rest) else -1.0
            sign = -sign if row.name == "p_wave_taken_away" else sign
            out.append(Reason(name, title, sign * mv, "mV", e * row.share, is_needed))
        rest = row.share - sum(one.share for one in out)
        if len(out) < len(TERRITORIES):
            out.append(Reason(row.name, f"{row.title} elsewhere", float("nan"), "", rest, False))
        return out

    def _drawn(self, named: Tensor, shift: Tensor | None) -> Tensor:
        """What the generator draws of numbers and a shift of the styles, ``(1, 8, samples)``."""
        request = self.edit.request(named[None], None if shift is None else shift[None])
        return networks().generator(request.drawable(self.case.inversion))

    def _p_change(self, k: int) -> Tensor:
        """What taking P waves away, or adding typical ones, does to the drawing, ``(1, 8, samples)``."""
        taken, inversion = float(self.named[k]), self.case.inversion
        own = inversion.p_drawn + inversion.p_left
        return -min(taken, 1.0) * own if taken > 0 else -taken * inversion.p_typical
