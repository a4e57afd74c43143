"""An ECG whose measurements are dialled, live: what the app and `EcgLab` have in common."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

import traitlets as t

from ...ecg import Record
from ...report.labels import note
from ...report.outputs import outputs_of
from ..core.codec import detached
from ..core.component import packed_layer
from ..core.jobs import Finish, Jobs, Update, Work
from ..plots.curves import over_dial
from .edit_state import DialCurve, EditState, Wanted, dials
from .view import ExplainerView

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bqplot import Figure

    from ...generative.directions import Edit
    from ...wrapper import Predictor
    from ..plots.answer import AnswerPlot

#: Numbers that change faster than this cannot be read.
READ_S = 0.1


class WhatIf(ExplainerView):
    """The dials of a live page: ``asked`` is drawn, answered, measured, and shown as a curve."""

    epoch = t.Int(0).tag(sync=True)

    predictor: Predictor
    _jobs: Jobs

    def _start(self, predictor: Predictor, kinds: dict[str, Any]) -> None:
        """Take jobs from the browser, those of the dials and ``kinds``."""
        dial = {"dial": lambda *_: ({"following": True}, self._follow())}
        self._edit: Edit | None = None
        self._curve: DialCurve | None = None
        self._turned: EditState | None = None
        self._use(predictor)
        self._jobs = Jobs(
            self._say,
            {**dial, "encode": lambda *_: ({}, self._encode()), **kinds},
            lambda epoch: self.set_trait("epoch", epoch),
            dated=("explain",),
        )
        self._kinds, self._live = list(kinds), True
        self.on_msg(lambda _, content, buffers: self._jobs.handle(content, buffers))
        self.observe(self._dialled, ["asked", "dial", "target", "mode"])

    def _use(self, predictor: Predictor) -> None:
        """Let a model answer from here on."""
        self.predictor = predictor
        with self.hold_sync():
            self.model = predictor.name
            self._outputs = outputs_of(predictor)
        self._wanted = self._settings()

    def close(self) -> None:
        """Cancel what runs and take the widget away."""
        if hasattr(self, "_jobs"):  # not where the arguments were refused
            self._jobs.stop()
        if self._curve_plot is not None:
            self._curve_plot.close()
        super().close()

    @property
    def edited(self) -> Record:
        """The ECG as dialled."""
        return self._now().record

    @property
    def achieved(self) -> dict[str, float]:
        """What is measured on the ECG as dialled."""
        return self._now().achieved

    @property
    def answers(self) -> dict[str, float]:
        """What the model says of the ECG as dialled."""
        return self._now().answers

    def _now(self) -> EditState:
        if self._edit is None:
            raise ValueError("no ECG is under the dials yet: open one, and set mode='dials'")
        wanted = self._settings()
        if self._turned is None or self._turned.wanted != wanted:
            self._turned = EditState(self._edit, wanted)
        return self._turned

    def _drawn(self) -> tuple[Record | None, Record | None]:
        """The ECG on screen and what lies over it."""
        if self.mode == "dials" and self._edit is not None:
            return self._edit.record, self.edited if self.asked else None
        return super()._drawn()

    # -- what is dialled

    @t.validate("asked")
    def _asked_of_known_dials(self, proposal: t.Bunch) -> dict[str, float]:
        """Only dials there are, within their ranges; what is not changed is not asked."""
        known = {dial["name"]: dial for dial in self._dials}
        asked = {}
        for name, change in proposal["value"].items():
            if name not in known:
                raise t.TraitError(
                    f"{name!r} cannot be dialled: choose of {', '.join(known) or 'none yet'}"
                )
            change = min(max(change, known[name]["low"]), known[name]["high"])
            if change:
                asked[name] = change
        return asked

    def _settings(self) -> Wanted:
        return Wanted(tuple(sorted(self.asked.items())), self.dial, self.predictor)

    def _dialled(self, _: Any = None) -> None:
        if self.mode != "dials" or self.record is None:
            return
        if self._edit is None:
            if not self._jobs.busy("encode"):
                self._jobs.begin("encode")
            return
        # Read by the job's thread: whole, never while the dials are half set.
        self._wanted = self._settings()
        if not self._jobs.busy("dial"):  # one that runs sees what is wanted by itself
            self._jobs.begin("dial")

    # -- following the hand

    def _encode(self) -> Work:
        from ...generative.directions import directions

        assert self.record is not None
        yield Update({"fraction": 0.1, "message": "Encoding"})
        named = directions()
        edit = named.edit(self.record)
        found = dials(named, edit)
        return Finish(apply=lambda: self._take(edit, found))

    def _take(self, edit: Edit, found: list[dict[str, Any]]) -> None:
        self._edit, self._curve, self._turned = edit, None, None
        self._dials = found
        self._dialled()

    def _follow(self) -> Work:
        """Draw what is dialled until it stands still: the ECG first, then numbers, then the curve."""
        counted = 0.0
        while True:
            wanted, edit = self._wanted, self._edit
            assert edit is not None
            turned, curve = EditState(edit, wanted), self._curve_of(wanted)
            frame, buffers = detached(turned.shown())
            yield Update({"told": {"curve": self._curve_packed()}}, (), frame, buffers)
            # Under a moving hand the ECG comes first; the rest follows as often as can be read.
            if wanted != self._wanted and perf_counter() - counted < READ_S:
                continue
            numbers = turned.numbers()
            yield Update({"told": {**numbers, "curve": self._curve_packed()}})
            for _ in curve.grow() if curve is not None else ():
                yield Update({"told": {**numbers, "curve": self._curve_packed()}})
                if wanted != self._wanted:
                    break
            counted = perf_counter()
            if wanted == self._wanted:
                told = {**turned.shown(), **numbers, "curve": self._curve_packed()}
                told.update(base=packed_layer(edit.record), note=note(edit.record))
                return Finish(apply=lambda: self._stand(turned, told))  # noqa: B023

    def _curve_of(self, wanted: Wanted) -> DialCurve | None:
        """The curve over the dial in hand; the one there is where nothing but that dial moved."""
        if not wanted.dial or self._edit is None:
            self._curve = None
        elif self._curve is None or self._curve.wanted.around != wanted.around:
            about = next(dial for dial in self._dials if dial["name"] == wanted.dial)
            self._curve = DialCurve(self._edit, wanted, (about["low"], about["high"]))
        return self._curve

    def _curve_packed(self) -> dict[str, Any] | None:
        return self._curve.packed(self.target) if self._curve is not None else None

    def _stand(self, turned: EditState, told: dict[str, Any]) -> None:
        """Leave the last position in the trait; the dials may have moved on in the meantime."""
        self._turned = turned
        self._edited = told
        if turned.wanted != self._wanted:
            self._jobs.begin("dial")

    # -- the curve as a figure of its own

    _curve_plot: AnswerPlot | None = None
    _drawn_curve: dict[str, Any] | None = None

    @property
    def curve_figure(self) -> Figure:
        """The answer over the dial in hand, a bqplot figure: show it in a cell, add marks to it.

        It follows ``dial``, ``asked``, ``target`` and the curve, which grows while this widget can be
        seen; its marker can be dragged and the points of its curve clicked, which dials the
        measurement. Made on first use; closed with this widget.
        """
        if self._curve_plot is None:
            from ..plots.answer import AnswerPlot

            self._curve_plot = AnswerPlot(self._dial_to, "No measurement is dialled yet")
            self.observe(lambda _: self._draw_standing(), "_edited")
            self.observe(lambda _: self._draw_asked(), "asked")
            self._draw_standing()
        return self._curve_plot.figure

    def _say(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        """Send to the browser; the figure hears of the curve as it grows."""
        self.send(content, buffers)
        if self._curve_plot is not None and "told" in content:
            self._draw_curve(content["told"]["curve"], (content.get("frame") or {}).get("values"))

    def _draw_standing(self) -> None:
        edited = self._edited or {}
        self._draw_curve(edited.get("curve"), edited.get("values"))

    def _draw_asked(self) -> None:
        """Until the model has answered, the marker rides on the curve there is."""
        if self._jobs.busy("dial"):
            self._draw_curve(self._drawn_curve)

    def _draw_curve(
        self, curve: dict[str, Any] | None, values: Mapping[str, float] | None = None
    ) -> None:
        """Draw a curve as packed, and the marker on the answer of the ECG as dialled."""
        assert self._curve_plot is not None
        self._drawn_curve = curve
        about = {dial["name"]: dial for dial in self._dials}.get(curve["name"] if curve else "")
        output = next((one for one in self._outputs if one["name"] == self.target), None)
        if curve is None or about is None or output is None:
            return self._curve_plot.show(None)
        drawn = over_dial(about, curve["points"], output)
        at = (about["now"] or 0.0) + self.asked.get(curve["name"], 0.0)
        return self._curve_plot.show(drawn, at, values[self.target] if values else None)

    def _dial_to(self, place: float) -> None:
        if self._drawn_curve is None:
            return
        name = self._drawn_curve["name"]
        about = next(dial for dial in self._dials if dial["name"] == name)
        change = round(place - (about["now"] or 0.0), about["digits"] + 1)
        self.asked = {**self.asked, name: change}
