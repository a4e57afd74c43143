"""`EcgViewer`: one ECG on ECG paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

import traitlets as t

from ..ecg import Record
from .base import Component, packed_ecg, packed_layer
from .labels import shown
from .picture import ecg_svg
from .saliency import packed_saliency

if TYPE_CHECKING:
    from ..explain import Attribution


class EcgViewer(Component):
    """An electrocardiogram on ECG paper, with calipers.

    Parameters
    ----------
    record : Record
        Any leads, any rate; ten seconds a page. Without the twelve leads every lead has its row.
    overlay : Record, optional
        Drawn over it in red, with the same leads where it has them.
    saliency : Attribution, optional
        Shown as a band behind the trace.
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
        When ``record`` or ``overlay`` is no `Record`, or a keyword is unknown.
    traitlets.TraitError
        When a setting is none of those above.
    """

    _component = t.Unicode("viewer").tag(sync=True)
    _ecg = t.Dict(allow_none=True).tag(sync=True)
    _overlay = t.Dict(default_value=None, allow_none=True).tag(sync=True)
    _saliency = t.Dict(default_value=None, allow_none=True).tag(sync=True)

    def __init__(
        self,
        record: Record,
        *,
        overlay: Record | None = None,
        saliency: Attribution | None = None,
        format: str = "3x4+1",
        speed: int = 25,
        gain: int = 10,
        order: str = "standard",
    ) -> None:
        for name, value in (("record", record), ("overlay", overlay)):
            if not isinstance(value, Record) and not (name == "overlay" and value is None):
                raise TypeError(f"{name} is {type(value).__name__}: expected a Record (cw.read)")
        self.record, self.overlay, self.saliency = record, overlay, saliency
        super().__init__(
            _ecg=packed_ecg(record),
            _overlay=overlay
            and {**packed_layer(shown(overlay)), "title": overlay.meta.get("title", "overlay")},
            _saliency=saliency and packed_saliency(saliency),
            format=format,
            speed=speed,
            gain=gain,
            order=order,
        )

    def picture(self) -> str:
        """The first page as SVG."""
        return ecg_svg(
            self.record,
            changed=self.overlay,
            saliency=self.saliency,
            layout=self.format,
            speed=self.speed,
            gain=self.gain,
            order=self.order,
        )
