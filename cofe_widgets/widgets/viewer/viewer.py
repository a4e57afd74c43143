"""`EcgViewer`: one ECG on ECG paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import traitlets as t

from ...deprecated import warn_of_former
from ...ecg import Record
from ...markup import line
from ...report.figures.ecg_svg import ecg_svg
from ...report.figures.marks import gaps, within
from ...report.figures.overview import as_uri, overview_svg
from ...report.figures.paper import PAGE_SECONDS
from ...report.figures.shade import attribution_band, shade_within
from ...report.figures.shade import cause as cause_shade
from ...report.labels import clock, facts, shown
from ..core.codec import as_text
from ..core.component import Component, packed_ecg, packed_layer, packed_shade
from .beat import packed_beat
from .fiducials import packed_waves, table, who

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

    from ...explain import Attribution


#: Records up to this length are sent to the browser whole, s.
WHOLE_S = 300.0


class EcgViewer(Component):
    """An electrocardiogram on ECG paper, with calipers.

    Parameters
    ----------
    record : Record
        Any leads, any rate and length; ten seconds a page. Without the twelve leads every lead has
        its row. Of a record of more than five minutes only the page on screen is sent to the
        browser, and a strip shows all of it.
    overlay : Record, optional
        Drawn over it in red, with the same leads where it has them.
    attribution : Attribution, optional
        Shown as a band behind the trace.
    delineation : Delineation, Truth or pandas.DataFrame, optional
        Where the waves of each lead begin, peak and end (a fiducial table, or what has one in
        ``fiducials``): quiet bands with ticks and letters, on and off by ``show_waves``.
    cause : array_like, shape (leads, samples), optional
        How far a condition moved every sample, mV (``sim.truth.cause``); shown as an attribution
        is, and instead of it.
    start : float
        Where the page begins, s: ``viewer.start = 3600`` turns to it. Of a record of up to five
        minutes it is the page of ten seconds that holds this moment.
    median : bool
        Show the median beat of lead II and the chest leads below, with its measured waves, PR,
        QRS, QT and QTc.
    format : {"3x4+1", "3x4", "6x2", "12x1"}
        Rows by columns; ``+1`` adds a rhythm strip of lead II.
    speed : {25, 50}
        mm/s.
    gain : {5, 10, 20}
        mm/mV.
    order : {"standard", "cabrera"}
        Order of the limb leads.

    Raises
    ------
    TypeError
        When ``record`` or ``overlay`` is no `Record`, ``delineation`` holds no fiducial table, or
        a keyword is unknown.
    ValueError
        When ``cause`` or ``delineation`` does not belong to the record, or both ``attribution``
        and ``cause`` are given.
    traitlets.TraitError
        When a setting is none of those above.
    """

    _component = t.Unicode("viewer").tag(sync=True)
    _ecg = t.Dict(allow_none=True).tag(sync=True)
    _overlay = t.Dict(default_value=None, allow_none=True).tag(sync=True)
    _shade = t.Dict(default_value=None, allow_none=True).tag(sync=True)
    _waves = t.Dict(default_value=None, allow_none=True).tag(sync=True)

    _beat = t.Dict(default_value=None, allow_none=True).tag(sync=True)
    _strip = t.Unicode("").tag(sync=True)

    #: Where the page begins, s from the start of the record.
    start = t.Float(0.0).tag(sync=True)
    #: Whether the waves of ``delineation`` are shown.
    show_waves = t.Bool(True).tag(sync=True)

    def __init__(
        self,
        record: Record,
        *,
        overlay: Record | None = None,
        attribution: Attribution | None = None,
        delineation: Any = None,
        cause: ArrayLike | None = None,
        start: float = 0.0,
        median: bool = False,
        format: str = "3x4+1",
        speed: int = 25,
        gain: int = 10,
        order: str = "standard",
        saliency: Attribution | None = None,
    ) -> None:
        if saliency is not None:
            warn_of_former("saliency=", "attribution=")
            attribution = saliency if attribution is None else attribution
        for name, value in (("record", record), ("overlay", overlay)):
            if not isinstance(value, Record) and not (name == "overlay" and value is None):
                raise TypeError(f"{name} is {type(value).__name__}: expected a Record (cw.read)")
        if attribution is not None and cause is not None:
            raise ValueError("attribution and cause would lie over each other: show one of them")
        self.record, self.overlay, self.attribution = record, overlay, attribution
        self.delineation = delineation
        self._drawn = cause_shade(cause, record) if cause is not None else None
        if attribution is not None:
            self._drawn = attribution_band(attribution)
        self._marks = gaps(record)
        self._fiducials = None if delineation is None else table(delineation)
        super().__init__(
            **self._part(*self._sent(start)),
            _strip=self._overview() if self._is_long else "",
            _beat=packed_beat(record) if median else None,
            start=start,
            format=format,
            speed=speed,
            gain=gain,
            order=order,
        )

    @property
    def saliency(self) -> Attribution | None:
        """The old name of ``attribution``."""
        warn_of_former("EcgViewer.saliency", "EcgViewer.attribution")
        return self.attribution

    # -- what of a long record goes to the browser

    @property
    def _is_long(self) -> bool:
        return self.record.duration_s > WHOLE_S

    def _sent(self, start: float) -> tuple[float, float]:
        """From where to where samples are sent: all of a short record, of a long one a page."""
        if not self._is_long:
            return 0.0, self.record.duration_s
        start = min(max(start, 0.0), self.record.duration_s - 1)
        return start, min(start + PAGE_SECONDS, self.record.duration_s)

    def _part(self, start: float, end: float) -> dict[str, Any]:
        """The traits that draw a part of the record."""
        part, whole = self._cut(self.record, start, end), self.record
        ecg = packed_ecg(part, within(self._marks, start, end)) | {
            "facts": facts(whole),
            "origin": start,
            "total": whole.duration_s if self._is_long else 0.0,
        }
        overlay, shade = None, shade_within(self._drawn, start, end)
        if self.overlay is not None:
            layer = packed_layer(shown(self._cut(self.overlay, start, end)))
            overlay = {**layer, "title": line(self.overlay.meta.get("title") or "overlay")}
        return {
            "_ecg": ecg,
            "_overlay": overlay,
            "_shade": shade and packed_shade(shade),
            "_waves": self._fiducials
            if self._fiducials is None
            else packed_waves(self._waves_within(start, end), ecg["leads"], who(self.delineation)),
        }

    def _cut(self, record: Record, start: float, end: float) -> Record:
        """A part of a record, itself where that is all."""
        if start <= 0 and end >= record.duration_s:
            return record
        last = record.duration_s
        return record.crop(min(start, last - 0.1), min(max(end, 0.1), last))

    def _waves_within(self, start: float, end: float) -> pd.DataFrame:
        """The waves that touch a part of the record, in ms from its start."""
        found = self._fiducials
        assert found is not None
        if start <= 0 and end >= self.record.duration_s:
            return found
        first = found["onset_ms"].fillna(found["peak_ms"])
        last = found["offset_ms"].fillna(found["peak_ms"])
        some = found[(last >= 1000 * start) & (first <= 1000 * end)].copy()
        some[["onset_ms", "peak_ms", "offset_ms"]] -= 1000 * start
        return some

    def _overview(self) -> str:
        peaks = getattr(self.delineation, "r_peaks_s", None)
        return as_uri(overview_svg(self.record, peaks))

    @t.validate("start")
    def _start_inside(self, proposal: Any) -> float:
        """Within the record; where all of it is sent, at a page."""
        start = min(max(float(proposal["value"]), 0.0), max(self.record.duration_s - 1, 0.0))
        return start if self._is_long else start // PAGE_SECONDS * PAGE_SECONDS

    @t.observe("start")
    def _turn(self, change: Any) -> None:
        if self._is_long and self._ecg["origin"] != change["new"]:
            with self.hold_sync():
                for name, value in self._part(*self._sent(change["new"])).items():
                    self.set_trait(name, value)

    def _stored(self) -> dict[str, Any]:
        """A page has no kernel to turn to: of a long record it holds five minutes."""
        state = super()._stored()
        if not self._is_long:
            return state
        start = min(self.start, self.record.duration_s - 1)
        end = min(start + WHOLE_S, self.record.duration_s)
        part = self._part(start, end)
        part["_ecg"] |= {"total": 0.0}
        part["_ecg"]["facts"] = [*part["_ecg"]["facts"], f"here {clock(start)} to {clock(end)}"]
        return {**state, **as_text(part)}

    def picture(self) -> str:
        """The page as SVG."""
        start, end = self.start, min(self.start + PAGE_SECONDS, self.record.duration_s)
        return ecg_svg(
            self._cut(self.record, start, end),
            changed=self.overlay and self._cut(self.overlay, start, end),
            shade=shade_within(self._drawn, start, end),
            waves=self._waves_within(start, end)
            if self._fiducials is not None and self.show_waves
            else None,
            marks=within(self._marks, start, end),
            layout=self.format,
            speed=self.speed,
            gain=self.gain,
            order=self.order,
        )
