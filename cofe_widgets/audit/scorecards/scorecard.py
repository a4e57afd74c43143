"""`Scorecard`: what attribution maps are worth on one model, beside maps that know nothing of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

from ...errors import AuditError
from ...late import late
from ...markup import html_table, line
from ...values import Value, checks
from .check import CATEGORIES

if TYPE_CHECKING:
    import pandas as pd

#: Columns of the three tables of a scorecard, and what they hold.
TABLE: dict[str, str | tuple[str, ...]] = {
    **dict.fromkeys(("target", "method", "title"), "text"),
    "dummy": "bool",
    **dict.fromkeys(("check", "check_title"), "text"),
    "category": CATEGORIES,
    "better": ("higher", "lower"),
    "unit": ("share", "number", "r"),
    "judged": ("dummies", "bar", "nothing"),
    **dict.fromkeys(("value", "low", "high"), "number"),
    "best_dummy": "text",
    **dict.fromkeys(("dummy_value", "bar"), "number"),
    "beats": ("yes", "no", ""),
    "n": "whole",
    "note": "text",
}
CURVES: dict[str, str | tuple[str, ...]] = {
    **dict.fromkeys(("target", "method", "check"), "text"),
    **dict.fromkeys(("step", "value"), "number"),
}
LEADS: dict[str, str | tuple[str, ...]] = {
    **dict.fromkeys(("target", "method", "check", "lead"), "text"),
    "value": "number",
}
Drawn = Literal["table", "curves"]
Theme = Literal["light", "dark"]
DRAWN, THEMES = get_args(Drawn), get_args(Theme)
#: What is said of a map that no scorecard knows.
UNCHECKED = "unchecked"
_SAID = {"yes": True, "no": False, "": None}


@dataclass(frozen=True)
class Verdict:
    """What the checks say of one method for one target.

    Attributes
    ----------
    method, target : str
    beats, loses : tuple of str
        Checks in which it is better than the best dummy, and in which that is not shown.
    passes, fails : tuple of str
        Checks with a bar of their own that it meets, and that it does not.
    """

    method: str
    target: str
    beats: tuple[str, ...] = ()
    loses: tuple[str, ...] = ()
    passes: tuple[str, ...] = ()
    fails: tuple[str, ...] = ()

    @property
    def checked(self) -> bool:
        """Whether anything was judged."""
        return bool(self.beats or self.loses or self.passes or self.fails)

    @property
    def survives_randomisation(self) -> bool | None:
        """Whether its maps depend on what the model learned; None where that was not asked."""
        for names, said in ((self.fails, False), (self.passes, True)):
            if any(name.startswith("randomisation") for name in names):
                return said
        return None

    @property
    def badge(self) -> str:
        """A few words for a menu."""
        if not self.checked:
            return UNCHECKED
        judged = len(self.beats) + len(self.loses)
        said = [f"beats dummies in {len(self.beats)} of {judged}"] if judged else []
        if self.survives_randomisation is False:
            said.append("fails randomisation")
        if "completeness" in self.fails:
            said.append("does not add up")
        return f"checked: {'; '.join(said or ['meets its bars'])}"


def verdict(table: pd.DataFrame, method: str, target: str) -> Verdict:
    """What the rows of a scorecard's table say of a method for a target."""
    rows = table[(table.method == method) & (table.target == target)]

    def of(judged: str, beats: str) -> tuple[str, ...]:
        return tuple(rows.check[(rows.judged == judged) & (rows.beats == beats)])

    found = (of(*one) for one in (("dummies", "yes"), ("dummies", "no")))
    barred = (of(*one) for one in (("bar", "yes"), ("bar", "no")))
    return Verdict(method, target, *found, *barred)


@dataclass(frozen=True, eq=False)
class Scorecard(Value):
    """What attribution maps are worth on one model, beside maps that know nothing of it.

    Attributes
    ----------
    table : DataFrame
        A row a target, method (or dummy) and check: its figure with the 95 % interval over records, the
        best dummy and its figure, ``beats`` ("yes" where the paired interval of the difference from the best
        dummy, or the interval from the check's own bar, leaves out zero; "no"; "" where nothing is judged),
        records, and a note where it could not be asked.
    curves : DataFrame
        The checks that are curves, a row a point; with an empty method what the model itself answers there.
    leads : DataFrame
        Localisation by lead.
    provenance : dict
        Model and hash of its weights, methods with their options, settings, seed.
    """

    table: pd.DataFrame
    curves: pd.DataFrame
    leads: pd.DataFrame
    provenance: dict[str, Any] = field(default_factory=dict)

    _error = AuditError

    @property
    def model(self) -> str:
        """The name of the model."""
        return str(self.provenance["model"])

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets, in their order."""
        return tuple(dict.fromkeys(self.table.target))

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods without the dummies, in their order."""
        return tuple(dict.fromkeys(self.table.method[~self.table.dummy]))

    @property
    def dummies(self) -> tuple[str, ...]:
        """The dummies, in their order."""
        return tuple(dict.fromkeys(self.table.method[self.table.dummy]))

    def to_frame(self) -> pd.DataFrame:
        """The table, in which ``beats`` is True, False or None."""
        said = [_SAID[one] for one in self.table.beats]
        frame = self.table.copy()
        frame["beats"] = frame["beats"].astype(object)
        frame.loc[:, "beats"] = said
        return frame

    def verdict(self, method: str, target: str) -> Verdict:
        """What the checks say of a method for a target; an unchecked one where it is not in the table."""
        return verdict(self.table, method, target)

    def badge(self, method: str, target: str) -> str:
        """A few words for a menu: "checked: beats dummies in 4 of 5", "unchecked"."""
        return self.verdict(method, target).badge

    def words(self) -> str:
        """What the card says, a sentence a method and target."""
        return str(late("scorecard_words")(self.table, self.model))

    def figure(
        self, target: str | None = None, what: Drawn = "table", theme: Theme = "light"
    ) -> str:
        """The card as a picture, SVG.

        Parameters
        ----------
        target : str, optional
            One of them; by default all, one below the other.
        what : "table" or "curves"
            Methods by checks, dummies at the bottom; or the curves of the checks that are curves
            (randomisation, perturbation, insertion, deletion), dummies dashed.
        theme : "light" or "dark"

        Raises
        ------
        AuditError
            When the card has no such target, or no curves.
        """
        if target is not None and target not in self.targets:
            raise AuditError(f"no target {target!r} on this card: {', '.join(self.targets)}")
        for name, given, known in (("what", what, DRAWN), ("theme", theme, THEMES)):
            if given not in known:
                raise AuditError(f"{name}={given!r}: expected {' or '.join(map(repr, known))}")
        shown, curves = self.table, self.curves
        if target is not None:
            shown, curves = shown[shown.target == target], curves[curves.target == target]
        if what == "table":
            return str(late("scorecard_figure")(shown, self.model, theme))
        if not len(curves):
            raise AuditError(
                "no check of this card is a curve: ask for randomisation_pearson, perturbation, "
                "insertion or deletion"
            )
        return str(late("curves_figure")(curves, shown, self.model, theme))

    def __repr__(self) -> str:
        said = [
            f"{method} for {target}: {self.badge(method, target)}"
            for target in self.targets
            for method in self.methods
        ]
        return f"Scorecard({line(self.model)}; {line('; '.join(said))})"

    def _repr_html_(self) -> str:
        return self.figure() + html_table(self._short(), index=False)

    def _short(self) -> pd.DataFrame:
        """The columns that a person reads."""
        return self.table[["target", "title", "check_title", "value", "low", "high", "best_dummy",
                           "dummy_value", "beats", "n", "note"]]  # fmt: skip

    def _check(self) -> None:
        """Refuse tables of other columns."""
        super()._check()
        checks.frame(self.table, "table", TABLE)
        checks.frame(self.curves, "curves", CURVES)
        checks.frame(self.leads, "leads", LEADS)
        if not len(self.table):
            raise ValueError("it has no rows")
        if not isinstance(self.provenance.get("model"), str):
            raise ValueError("its provenance names no model")
