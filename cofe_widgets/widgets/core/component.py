"""What every component shares: the one browser module, the settings of the paper, the picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import anywidget
import traitlets as t

from ...ecg import Record
from ...report.figures.marks import Mark, gaps, packed_marks, spoken
from ...report.figures.paper import GAINS, LAYOUTS, ORDERS, SPEEDS
from ...report.figures.shade import Shade
from ...report.labels import facts, note, public_title, shown, title
from ...report.page import asset, page
from .codec import as_text, pack

_OF_PAPER = ("format", "speed", "gain", "order")


class Component(anywidget.AnyWidget):
    """A widget of this package.

    The text of the module is read once, not watched: a watched file keeps closed widgets alive.
    """

    _esm = asset("index.js")
    _css = asset("index.css")
    _component = t.Unicode("").tag(sync=True)

    #: Rows by columns: ``"3x4+1"``, ``"3x4"``, ``"6x2"`` or ``"12x1"``.
    format = t.Enum(LAYOUTS, "3x4+1").tag(sync=True)
    #: Paper speed in mm/s: 25 or 50.
    speed = t.Enum(SPEEDS, 25).tag(sync=True)
    #: Gain in mm/mV: 5, 10 or 20.
    gain = t.Enum(GAINS, 10).tag(sync=True)
    #: Order of the limb leads: ``"standard"`` or ``"cabrera"``.
    order = t.Enum(ORDERS, "standard").tag(sync=True)

    def picture(self) -> str:
        """The same as a still SVG, for places where no widget can live."""
        raise NotImplementedError

    def page(self, *, keep_identity: bool = False) -> str:
        """The component as it stands as a complete HTML page (see `to_html`)."""
        state = self._stored()
        ecg = state.get("_ecg")
        if ecg and not keep_identity:
            state["_ecg"] = {**ecg, "title": ecg["name"]}
        return page(self._heading(), self.picture(), state)

    def _heading(self) -> str:
        """What stands above the page."""
        return "Electrocardiogram"

    def _stored(self) -> dict[str, Any]:
        """The traits of ours as JSON can hold them; a page has nobody to ask, hence is not live."""
        plain = set(Component.class_trait_names()) - {*_OF_PAPER, "_component"}
        names = [
            n for n in self.keys if n not in plain and n not in ("_esm", "_css", "_anywidget_id")
        ]
        state: dict[str, Any] = as_text({name: getattr(self, name) for name in names})
        # A page asks nobody, and what went wrong before it was written is no matter of its reader's.
        return state | {k: v for k, v in (("_live", False), ("_error", "")) if k in state}

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return None
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        return {**data, "image/svg+xml": self.picture()}, metadata


def packed_layer(record: Record) -> dict[str, Any]:
    """A record as a layer of the browser's ECG."""
    return {"fs": record.fs, "leads": list(record.leads), "signal": pack(record.signal)}


def packed_ecg(record: Record, marks: Sequence[Mark] | None = None) -> dict[str, Any]:
    """A record with what is printed around it; gaps are marked unless ``marks`` are given.

    ``title`` is what it is called on screen, ``name`` where that leaves the session.
    """
    drawn = shown(record)
    marks = gaps(drawn) if marks is None else marks
    return {
        **packed_layer(drawn),
        "title": title(record),
        "name": public_title(record),
        "facts": facts(record),
        "note": note(record),
        "marks": packed_marks(marks),
        "spoken": spoken(marks),
        "origin": 0.0,
        "total": 0.0,
    }


def packed_shade(shade: Shade) -> dict[str, Any]:
    """A band behind the traces as a layer of the browser's ECG."""
    words = ("limit", "opacity", "title", "hint", "reading", "unit", "negative", "positive")
    return {
        "fs": float(shade.fs),
        "leads": list(shade.leads),
        "signal": pack(shade.values),
        **{name: getattr(shade, name) for name in words},
    }
