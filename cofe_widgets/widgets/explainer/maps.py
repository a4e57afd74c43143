"""Where the model looks: maps of several methods beside each other, and what each is worth on this model."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import traitlets as t

from ...ecg import Record
from ...errors import ExplainError
from ...explain.attribution.registry import title_of
from ...report.figures.scorecard import scorecard_figure
from ...report.figures.shade import attribution_band
from ...report.maps import UNCHECKED, agreement_words, compare_maps, packed_waves
from ...report.scorecard import scorecard_words
from ..core.codec import pack
from ..core.component import packed_shade
from ..core.jobs import Finish, Refused, Update, Work
from .counterfactual_viewer import CounterfactualViewer
from .what_if import WhatIf

if TYPE_CHECKING:
    import pandas as pd

    from ...audit import Scorecard
    from ...explain import Attribution
    from ...explain.agreement import Agreement
    from ...explain.attribution import Method

#: A model's weights, target and method -> the rows of its scorecard, and of how many ECGs it is.
Checked = dict[tuple[str, str, str], "tuple[pd.DataFrame, int]"]
#: What the check is made of is said wherever it is shown.
OF_SIMULATED = "Checked on {n} simulated ECGs and hearts, none of yours."


class Maps(WhatIf, CounterfactualViewer):
    """The maps of a live page: ``map_method`` and ``compare_with`` are explained, compared and checked."""

    #: How many simulated ECGs a check looks at: fewer are quicker and tell less.
    check_records = t.Int(16, min=4, max=200)
    #: A folder in which what a check measured is kept by content: the same check later takes seconds.
    check_store = t.Unicode(None, allow_none=True)

    def _start_maps(self) -> None:
        self._known: dict[tuple[str, str], Attribution] = {}
        self._checked: Checked = {}
        self._agreed: Agreement | None = None
        self._mapped: tuple[str, ...] = ()  # the target on screen, and the methods
        self._placing = False
        self.set_trait("_methods", self._menu())
        self.observe(
            lambda _: self._ask_attribution(), ["target", "map_method", "compare_with", "mode"]
        )
        self.observe(
            lambda _: self._show_agreement(),
            ["_found", "chosen", "show_needed", "_attribution", "mode"],
        )

    @property
    def maps(self) -> tuple[Attribution, ...]:
        """The maps on screen, the first of ``map_method``."""
        target, *names = self._mapped or ("",)
        return tuple(self._known[target, name] for name in names)

    @property
    def agreement(self) -> Agreement | None:
        """Where the first map and the counterfactual on screen point; None without both."""
        return self._agreed

    # -- what is asked

    @t.validate("map_method")
    def _known_method(self, proposal: t.Bunch) -> str:
        return _named(proposal["value"])

    @t.validate("compare_with")
    def _known_methods(self, proposal: t.Bunch) -> list[str]:
        return [_named(name) for name in dict.fromkeys(proposal["value"])]

    def _methods_asked(self) -> list[str]:
        return list(dict.fromkeys([self.map_method, *self.compare_with]))

    def _ask_attribution(self) -> None:
        if self.mode == "maps":
            self.show_attribution = True
        if self.record is None or self._answer is None or self._placing:
            return
        wanted = self._methods_asked()
        shown = self._mapped == (self.target, *wanted) and not self._jobs.busy("attribute")
        if not shown or (self.mode == "maps" and self._maps is None):
            self._jobs.begin("attribute", {"target": self.target, "methods": wanted})

    # -- jobs

    def _attribute(
        self, parameters: dict[str, Any], _: Sequence[bytes]
    ) -> tuple[dict[str, Any], Work]:
        record = self._needs_record()
        target, methods = self._asked_maps(parameters)
        about = {"target": target, "methods": [one.name for one in methods]}
        return about, self._look(record, target, methods)

    def _asked_maps(self, parameters: dict[str, Any]) -> tuple[str, list[Method]]:
        from ...explain.attribution import find

        target = parameters.get("target")
        if target not in self.predictor.outputs:
            known = ", ".join(self.predictor.outputs)
            raise Refused(f"{self.predictor.name} has no output {target!r}: choose one of {known}")
        names = parameters.get("methods", [parameters.get("method", self.map_method)])
        if not isinstance(names, list) or not 1 <= len(names) <= 3:
            raise Refused(f"methods {names!r}: expected the names of one to three")
        return target, [find(str(name)) for name in dict.fromkeys(names)]

    def _look(self, record: Record, target: str, methods: list[Method]) -> Work:
        from ...explain import attribute

        found: dict[str, Attribution] = {}
        for k, method in enumerate(methods):
            yield Update({"fraction": k / len(methods), "message": method.title})
            known = self._known.get((target, method.name))
            try:
                found[method.name] = known or attribute(record, self.predictor, target, method)
            except ExplainError as error:
                return Finish(apply=lambda why=str(error): self._not_mapped(why))  # type: ignore[misc]
        packed = None
        if self.mode == "maps":
            yield Update({"fraction": 1.0, "message": "Comparing"})
            packed = self._packed(list(found.values()))
        return Finish(apply=lambda: self._show_maps(target, found, packed))

    def _check(self, parameters: dict[str, Any], _: Sequence[bytes]) -> tuple[dict[str, Any], Work]:
        self._needs_record()
        target, methods = self._asked_maps(parameters)
        names = [one.name for one in methods]
        return {"target": target, "methods": names}, self._measure(target, names)

    def _measure(self, target: str, methods: list[str]) -> Work:
        from ...audit import scorecard
        from ...audit.scorecards import with_and_without

        f, n = self.predictor, self.check_records
        card: Scorecard | None = None
        yield Update({"fraction": 0.0, "message": f"Simulating {n} ECGs"})
        records = with_and_without(f, target, n)
        steps = scorecard.steps(
            f, records, methods, target, quick=True, store=self.check_store or None
        )
        with closing(steps):
            for step in steps:
                card = step.result
                yield Update({"fraction": float(step.fraction), "message": step.message})
        assert card is not None
        return Finish(apply=lambda: self._take_card(f.weight_hash, card))

    # -- values to traits

    def _show_record(self, record: Record) -> None:
        self._known, self._mapped, self._agreed = {}, (), None
        super()._show_record(record)

    def _forget_maps(self) -> None:
        """Another model: no map of the last one stays."""
        self._known, self._mapped = {}, ()
        for name in ("_attribution", "_maps", "_agreement"):
            self.set_trait(name, None)

    def _place_methods(self, first: str, *others: str) -> None:
        """Say which maps are on screen, without asking for them."""
        self._placing = True
        try:
            self.map_method, self.compare_with = first, list(others)
        finally:
            self._placing = False

    def _not_mapped(self, why: str) -> None:
        """The map on screen stays, and so does what is said to be on screen."""
        if self._mapped:
            self._place_methods(*self._mapped[1:])
        self._error = ""
        self._error = why

    def _show_maps(
        self, target: str, found: dict[str, Attribution], packed: dict[str, Any] | None
    ) -> None:
        first = next(iter(found))
        self._known |= {(target, name): one for name, one in found.items()}
        self._mapped = (target, *found)
        self.attribution = found[first]
        self.set_trait("_maps", packed)
        with self.hold_sync():
            self._place_methods(*found)
            self._attribution = packed_shade(attribution_band(found[first]))
            self.set_trait("_methods", self._menu())

    def _take_card(self, weights: str, card: Scorecard) -> None:
        """Keep what a check found, and show it beside the maps that are on screen."""
        table = card.table
        for target in card.targets:
            mine = table[table.target == target]
            for method in card.methods:
                rows = mine[mine.dummy | (mine.method == method)]
                self._checked[weights, target, method] = rows, card.provenance["records"]
        self.set_trait("_methods", self._menu())
        if self.maps and self._maps is not None:
            self.set_trait("_maps", self._packed(list(self.maps)))

    # -- what is known of the methods

    def badge(self, method: str, target: str) -> str:
        """What a check of this model said of a method for a target; "unchecked" where there was none."""
        from ...audit.scorecards.scorecard import verdict

        found = self._checked.get((self.predictor.weight_hash, target, method))
        return UNCHECKED if found is None else verdict(found[0], method, target).badge

    def _menu(self) -> list[tuple[str, str, str]]:
        from ...explain.attribution import methods

        return [(one.name, one.title, self.badge(one.name, self.target)) for one in methods()]

    def _packed(self, maps: list[Attribution]) -> dict[str, Any]:
        """What stands below the ECG, as the browser shows it."""
        compared = compare_maps(maps, self)
        return {
            "target": maps[0].target,
            "methods": [
                {"title": title_of(one.method), "badge": compared.badge(one.method)} for one in maps
            ],
            "waves": packed_waves(compared),
            "picture": {"data": compared.figure()},
            "check": self._packed_check(maps),
        }

    def _packed_check(self, maps: list[Attribution]) -> dict[str, Any] | None:
        """What was checked of these maps, in words and as a picture."""
        import pandas as pd

        keys = [(self.predictor.weight_hash, one.target, one.method) for one in maps]
        found = [self._checked[key] for key in keys if key in self._checked]
        if not found:
            return None
        table = (
            pd.concat([rows for rows, _ in found])
            .drop_duplicates(["method", "check"])
            .reset_index(drop=True)
        )
        return {
            "words": [
                scorecard_words(table[table.dummy | (table.method == method)], self.predictor.name)
                for method in dict.fromkeys(table.method[~table.dummy])
            ],
            "about": OF_SIMULATED.format(n=min(n for _, n in found)),
            "picture": {"data": scorecard_figure(table, self.predictor.name)},
        }

    def _show_agreement(self) -> None:
        """Compare the first map with the counterfactual on screen, where both are there."""
        from ...explain.agreement import agreement

        cf, first = self.counterfactual, self.attribution
        self._agreed = None
        if self.mode != "maps" or cf is None or first is None:
            self.set_trait("_agreement", None)
            return
        try:
            found = agreement(first, cf)
        except ValueError as error:
            self.set_trait("_agreement", {"words": f"Not compared: {error}.", "where": None})
            return
        self._agreed = found
        where = {"fs": found.fs, "leads": list(found.leads), "signal": pack(found.where)}
        words = agreement_words(found, first.method)
        of = [self.chosen, self.show_needed]
        self.set_trait("_agreement", {"words": words, "where": where, "of": of})

    # -- what the app gives

    def _needs_record(self) -> Record:
        raise NotImplementedError


def _named(method: str) -> str:
    """The name of a method there is."""
    from ...explain.attribution import find

    try:
        return find(method).name
    except ValueError as error:
        raise t.TraitError(str(error)) from error
