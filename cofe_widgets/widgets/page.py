"""`to_html`: a page without kernel, network or second file, whose slider still works."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from ..ecg import Record
from .base import Component, asset
from .codec import as_text
from .counterfactual import CounterfactualViewer
from .outputs import output_of, said
from .screen import Screen
from .viewer import EcgViewer

# No network at all: the browser itself holds the page to it.
_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' blob:; style-src 'unsafe-inline'; "
    "img-src data: blob:; base-uri 'none'; form-action 'none'"
)

_STYLE = """
:root { color-scheme: light dark; }
body { margin: 0; background: #fff; color: #1c2430; font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1500px; margin: 0 auto; padding: 18px 20px 28px; }
h1 { font-size: 19px; margin: 0 0 4px; }
.about { color: #667080; margin: 0 0 14px; font-size: 13px; }
main svg { max-width: 100%; height: auto; }
@media (prefers-color-scheme: dark) {
  body { background: #15181d; color: #e8ebef; } .about { color: #a2abb8; }
}
"""

_START = """
const held = JSON.parse(document.getElementById("held").textContent);
const link = URL.createObjectURL(new Blob([held.module], { type: "text/javascript" }));
const { mount } = await import(link);
URL.revokeObjectURL(link);
mount(document.getElementById("ecg"), held.state);
"""


def to_html(value: Any, path: str | os.PathLike[str], *, attribution: Any = None) -> Path:
    """Write an explanation as one page: open it offline, drag the slider, send it to a colleague.

    Parameters
    ----------
    value : Record, Counterfactual or several of one ECG, Attribution, or a widget of this package
        What to show. A page of the app (`explore`) has everything but upload and Explain.
    path : path
        Where to write; an existing file is replaced.
    attribution : Attribution, optional
        Shown behind the trace of a Record or Counterfactual, on demand.

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
    widget = as_widget(value, attribution)
    try:
        text = page(widget)
    finally:
        if widget is not value:
            widget.close()
    target.write_text(text, "utf-8")
    return target


def as_widget(value: Any, attribution: Any = None) -> Component:
    """The component that shows a value."""
    if isinstance(value, Component):
        return value
    if isinstance(value, Record):
        return EcgViewer(value, saliency=attribution)
    from ..explain import Attribution, Counterfactual

    if isinstance(value, Counterfactual):
        return CounterfactualViewer(value, attribution)
    if isinstance(value, Sequence) and value and all(isinstance(v, Counterfactual) for v in value):
        return CounterfactualViewer(value, attribution)
    if isinstance(value, Attribution):
        return EcgViewer(value.record, saliency=value)
    raise TypeError(
        f"{type(value).__name__} cannot be shown: expected a Record, Counterfactual, Attribution "
        "or a widget of cofe_widgets"
    )


def page(widget: Component) -> str:
    """The page of a widget as it stands, complete."""
    state = _state(widget)
    held = _json({"module": asset("index.js"), "state": state})
    ecg = state.get("_ecg")
    name = escape(ecg["title"] if ecg else "ECG")
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{name} · cofe_widgets</title>
<style>{_STYLE}{asset("index.css")}</style>
</head>
<body>
<main>
<h1>{escape(_heading(widget))}</h1>
<p class="about">Made with cofe_widgets {_version()}. Works without a network. \
For research and teaching: not a medical device.</p>
<div id="ecg">{widget.picture()}{_words(state)}</div>
</main>
<script type="application/json" id="held">{held}</script>
<script type="module">{_START}</script>
</body>
</html>
"""


def _state(widget: Component) -> dict[str, Any]:
    """The traits of ours, bytes as base64; a page has nobody to ask, hence is not live."""
    plain = set(Component.class_trait_names()) - {"format", "speed", "gain", "order", "_component"}
    names = [
        n for n in widget.keys if n not in plain and n not in ("_esm", "_css", "_anywidget_id")
    ]
    state = as_text({name: getattr(widget, name) for name in names})
    if "_live" in state:
        state["_live"] = False
    if isinstance(widget, Screen) and not widget._dials:  # nobody is there to make any
        modes = [mode for mode in widget._menus["modes"] if mode[0] == widget.mode]
        state["_menus"] = {**state["_menus"], "modes": modes}
    return state


def _json(value: Any) -> str:
    """JSON that no record's title can break out of: nothing in it looks like markup."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _heading(widget: Component) -> str:
    if isinstance(widget, Screen) and widget.mode == "dials":
        return "What if it measured otherwise?"
    if isinstance(widget, CounterfactualViewer) and widget.counterfactual is not None:
        value = widget.counterfactual
        output = output_of(value)
        if not output["probability"]:
            return f"What would it take for {said(output, value.level)}?"
        return f"What would make the model say {value.target}?"
    return "Electrocardiogram"


def _words(state: dict[str, Any]) -> str:
    """All but the curves for readers without scripts, replaced when the page comes alive."""
    parts = []
    if state.get("_answer"):
        answers = ", ".join(said(o, state["_answer"][o["name"]]) for o in state["_outputs"])
        parts.append(f"<p>Model’s answer: {escape(answers)}</p>")
    for found in state.get("_found", ()):
        parts.append(f"<p>{escape(found['words'] or found['message'])}</p>")
        parts.append(_table(found["changes"], "Counterfactual"))
        parts.append(f"<p>{escape(found['trust']['headline'])}</p>")
        rows = (
            f"{row['name']} {row['value']}: {row['sentence']}" for row in found["trust"]["rows"]
        )
        parts.append(f"<ul>{''.join(f'<li>{escape(row)}</li>' for row in rows)}</ul>")
    if state.get("_edited"):
        parts.append(_table(state["_edited"]["changes"], "As dialled"))
    return "".join(parts)


def _table(changes: list[dict[str, Any]], name: str) -> str:
    if not changes:
        return ""
    head = "".join(f"<th>{word}</th>" for word in ("Measurement", "Original", name))
    rows = "".join(_row(row) for row in changes)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _row(row: dict[str, Any]) -> str:
    cells = (
        row["missing"] if row[key] is None else f"{row[key]:.{row['digits']}f} {row['unit']}"
        for key in ("original", "counterfactual")
    )
    said = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f"<tr><th>{escape(row['label'])}</th>{said}</tr>"


def _version() -> str:
    from .. import __version__

    return __version__
