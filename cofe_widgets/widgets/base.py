"""What every component shares: the one browser module, the settings of the paper, the picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anywidget
import traitlets as t

from ..ecg import Record
from .codec import pack
from .labels import facts, note, shown, title
from .paper import GAINS, LAYOUTS, ORDERS, SPEEDS

_STATIC = Path(__file__).resolve().parents[1] / "static"


def asset(name: str) -> str:
    """The text of a built asset, ``index.js`` or ``index.css``.

    Raises
    ------
    ImportError
        When the JavaScript was not built.
    """
    try:
        return (_STATIC / name).read_text("utf-8")
    except OSError as error:
        raise ImportError(
            f"the browser module of cofe_widgets was not built ({_STATIC / name} is missing): "
            "install the package with pip, or run `make js` in a checkout"
        ) from error


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

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return None
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        return {**data, "image/svg+xml": self.picture()}, metadata


def packed_layer(record: Record) -> dict[str, Any]:
    """A record as a layer of the browser's ECG."""
    return {"fs": record.fs, "leads": list(record.leads), "signal": pack(record.signal)}


def packed_ecg(record: Record) -> dict[str, Any]:
    """A record with what is printed around it."""
    return {
        **packed_layer(shown(record)),
        "title": title(record),
        "facts": facts(record),
        "note": note(record),
    }
