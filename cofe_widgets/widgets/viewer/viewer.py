"""`EcgViewer`: one ECG on ECG paper."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import traitlets as t

from ...deprecated import warn_of_former
from ...ecg import Record
from ...report.figures.ecg_svg import ecg_svg
from ...report.figures.shade import attribution_band
from ...report.figures.shade import cause as cause_shade
from ...report.labels import shown
from ..core.component import Component, packed_ecg, packed_layer, packed_shade
from .beat import packed_beat
from .fiducials import packed_waves, table, who

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from ...explain import Attribution


class EcgViewer(Component):
    """An electrocardiogram on ECG paper, with calipers.

    Parameters
    ----------
    record : Record
        Any leads, any rate; ten seconds a page. Without the twelve leads every lead has its row.
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
        leads = shown(record).leads
        super().__init__(
            _ecg=packed_ecg(record),
            _overlay=overlay
            and {**packed_layer(shown(overlay)), "title": overlay.meta.get("title", "overlay")},
            _shade=self._drawn and packed_shade(self._drawn),
            _waves=None
            if delineation is None
            else packed_waves(delineation, leads, who(delineation)),
            _beat=packed_beat(record) if median else None,
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

    def picture(self) -> str:
        """The first page as SVG."""
        return ecg_svg(
            self.record,
            changed=self.overlay,
            shade=self._drawn,
            waves=table(self.delineation)
            if self.delineation is not None and self.show_waves
            else None,
            layout=self.format,
            speed=self.speed,
            gain=self.gain,
            order=self.order,
        )
