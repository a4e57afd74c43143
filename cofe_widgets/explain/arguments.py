"""What explanations are given: checked before work begins, and noted where it was mended."""

from __future__ import annotations

from typing import Any

from ..ecg import Record
from ..errors import ExplainError
from ..wrapper import Predictor


def check_predictor(f: Any) -> None:
    """Refuse what is no predictor.

    Raises
    ------
    ExplainError
        Saying what was given and what makes one.
    """
    if isinstance(f, Predictor):
        return
    swapped = isinstance(f, Record) or (
        isinstance(f, list | tuple) and f and isinstance(f[0], Record)
    )
    text = f"f={f!r:.80} is a text" if isinstance(f, str) else f"f is a {type(f).__name__}"
    raise ExplainError(
        f"{text}: expected a Predictor (cw.load, cw.wrap)"
        + (
            ". Are the arguments swapped? The record comes first, then the predictor"
            if swapped
            else ""
        )
    )


def filled(record: Record) -> dict[str, Any]:
    """What provenance says of a record whose missing samples were filled; nothing of others."""
    said = [
        one for one in record.meta.get("warnings", ()) if one.startswith("missing samples were")
    ]
    return {"filled": said[-1]} if said else {}
