"""`to_html`: a page without kernel, network or second file, whose slider still works."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..ecg import Record
from ..report.sections import Told, sections_page
from .core.component import Component
from .explainer.counterfactual_viewer import CounterfactualViewer
from .viewer.viewer import EcgViewer


def to_html(
    value: Any,
    path: str | os.PathLike[str],
    *,
    attribution: Any = None,
    keep_identity: bool = False,
    heading: str = "Report",
) -> Path:
    """Write an explanation as one page: open it offline, drag the slider, send it to a colleague.

    Parameters
    ----------
    value : Record, Counterfactual or several of one ECG, Attribution, MapComparison, Scorecard, or a widget
        What to show. A page of the app (`explore`) has everything but upload and Explain. Maps beside each
        other (`compare_maps`) and a scorecard are pictures, tables and words, a scorecard with its curves.
        Or a value of many records (a glocal map, a table of groups), or a report: a mapping of headings to
        texts, such values, or lists of both.
    path : path
        Where to write; an existing file is replaced.
    attribution : Attribution, optional
        Shown behind the trace of a Record or Counterfactual, on demand.
    keep_identity : bool
        Whether the page is titled by the name of the ECG's file, which may be that of a person.
        Otherwise by ``meta["title"]`` where you gave one, or a number made from its samples.
    heading : str
        Of a report.

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    TypeError
        When ``value`` is nothing that can be shown.
    """
    target = Path(path)
    still = _still(value, heading)
    if still:
        target.write_text(still, "utf-8")
        return target
    widget = as_widget(value, attribution)
    try:
        text = widget.page(keep_identity=keep_identity)
    finally:
        if widget is not value:
            widget.close()
    target.write_text(text, "utf-8")
    return target


def _still(value: Any, heading: str) -> str:
    """The page of a value that has nothing to move; empty for others."""
    from ..audit import Scorecard
    from ..explain import Counterfactual
    from ..report.maps import MapComparison, comparison_page
    from ..report.scorecard import scorecard_page

    if isinstance(value, MapComparison):
        return comparison_page(value)
    if isinstance(value, Scorecard):
        return scorecard_page(value)
    if isinstance(value, Mapping):
        return sections_page(heading, value)
    if isinstance(value, Told) and not isinstance(value, Counterfactual | Component):
        return sections_page(heading, {type(value).__name__: value})
    return ""


def as_widget(value: Any, attribution: Any = None) -> Component:
    """The component that shows a value."""
    if isinstance(value, Component):
        return value
    if isinstance(value, Record):
        return EcgViewer(value, attribution=attribution)
    from ..explain import Attribution, Counterfactual

    if isinstance(value, Counterfactual):
        return CounterfactualViewer(value, attribution)
    if isinstance(value, Sequence) and value and all(isinstance(v, Counterfactual) for v in value):
        return CounterfactualViewer(value, attribution)
    if isinstance(value, Attribution):
        return EcgViewer(value.record, attribution=value)
    raise TypeError(
        f"{type(value).__name__} cannot be shown: expected a Record, Counterfactual, Attribution, "
        "MapComparison, Scorecard or a widget of cofe_widgets"
    )
