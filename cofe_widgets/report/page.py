"""An explanation as one page: no kernel, no network, no second file, and its slider still works."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._version import __version__
from ..markup import escaped, line, plain
from .outputs import said
from .reasons import REASON_HEADS, reason_texts

#: What the second answer is called.
NEEDS = "What the model needs"
_STATIC = Path(__file__).resolve().parents[1] / "static"

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
main { overflow-wrap: anywhere; }
main svg { max-width: 100%; height: auto; }
.still table { border-collapse: collapse; margin: 10px 0 18px; font-variant-numeric: tabular-nums; }
.still th, .still td { padding: 3px 10px; border-bottom: 1px solid #8a919c66; text-align: left; }
.still { overflow-x: auto; }
.still table { overflow-wrap: normal; }
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


def page(heading: str, picture: str, state: Mapping[str, Any]) -> str:
    """A complete page.

    Parameters
    ----------
    heading : str
    picture : str
        SVG that stands there until the page comes alive.
    state : mapping
        What the browser module shows, as JSON can hold it.
    """
    held = _json({"module": asset("index.js"), "state": _harmless(state)})
    ecg = state.get("_ecg")
    name = ecg["title"] if ecg else "ECG"
    return _document(
        f"{name} · cofe_widgets",
        heading,
        f'<div id="ecg">{picture}{_words(state)}</div>',
        f"""<script type="application/json" id="held">{held}</script>
<script type="module">{_START}</script>
""",
    )


def still_page(heading: str, body: str) -> str:
    """A complete page of a value that shows itself without scripts: pictures and tables.

    Parameters
    ----------
    heading : str
    body : str
        HTML of this package, in which what was given from outside is escaped.
    """
    return _document(f"{heading} · cofe_widgets", heading, body)


def _document(title: str, heading: str, body: str, scripts: str = "") -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{escaped(line(title))}</title>
<style>{_STYLE}{asset("index.css")}</style>
</head>
<body>
<main>
<h1>{escaped(heading)}</h1>
<p class="about">Made with cofe_widgets {__version__}. Works without a network. \
For research and teaching: not a medical device.</p>
{body}
</main>
{scripts}</body>
</html>
"""


def _json(value: Any) -> str:
    """JSON that no record's title can break out of: nothing in it looks like markup."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _harmless(value: Any) -> Any:
    """The same without endless words, or characters that turn text about; ``data`` are no words."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, Mapping):
        return {_harmless(k): one if k == "data" else _harmless(one) for k, one in value.items()}
    return [_harmless(one) for one in value] if isinstance(value, list | tuple) else value


def _words(state: Mapping[str, Any]) -> str:
    """All but the curves for readers without scripts, replaced when the page comes alive."""
    parts = []
    if state.get("_answer"):
        answers = ", ".join(said(o, state["_answer"][o["name"]]) for o in state["_outputs"])
        parts.append(f"<p>Model’s answer: {escaped(answers)}</p>")
    for found in state.get("_found", ()):
        parts.append(_answer(found, "Counterfactual"))
        if found.get("needed"):
            parts.append(f"<h2>{NEEDS}</h2>{_answer(found['needed'], NEEDS)}")
    if state.get("_edited"):
        parts.append(_table(state["_edited"]["changes"], "As dialled"))
    if state.get("_maps"):
        parts.append(_maps(state["_maps"], state.get("_agreement") or {}))
    return "".join(parts)


def _maps(maps: Mapping[str, Any], agreement: Mapping[str, Any]) -> str:
    """Maps beside each other, their numbers by wave, and what is known of them; pictures are of this package."""
    said = [agreement.get("words", "")]
    said += [f"{one['title']}: {one['badge']}" for one in maps["methods"]]
    head = "".join(f"<th>{escaped(one['title'])}</th>" for one in maps["methods"])
    rows = ""
    for row in maps["waves"]:
        cells = "".join(
            f"<td>{escaped(c['share'])} ({escaped(c['times'])})</td>" for c in row["cells"]
        )
        rows += f"<tr><th>{escaped(row['wave'])}</th>{cells}</tr>"
    words = "".join(f"<p>{escaped(one)}</p>" for one in said if one)
    check = maps["check"]
    checked = ""
    if check:
        told = [*check["words"], check["about"]]
        checked = "".join(f"<p>{escaped(one)}</p>" for one in told) + check["picture"]["data"]
    return (
        f"{maps['picture']['data']}{words}<table><thead><tr><th>Wave</th>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table>{checked}"
    )


def _answer(found: Mapping[str, Any], name: str) -> str:
    """One of the two answers: words, measurements, what carries it, whether to believe it."""
    rows = (f"{row['name']} {row['value']}: {row['sentence']}" for row in found["trust"]["rows"])
    return (
        f"<p>{escaped(found['words'] or found['message'])}</p>{_table(found['changes'], name)}"
        f"{_reasons(found.get('reasons'))}<p>{escaped(found['trust']['headline'])}</p>"
        f"<ul>{''.join(f'<li>{escaped(row)}</li>' for row in rows)}</ul>"
    )


def _reasons(reasons: Mapping[str, Any] | None) -> str:
    if not reasons:
        return ""
    head = "".join(f"<th>{word}</th>" for word in REASON_HEADS)
    rows = (
        f"<tr><th>{escaped(said)}</th><td>{share}</td><td>{what}</td></tr>"
        for said, share, what in reason_texts(reasons)
    )
    about = f": {reasons['together']}" if reasons["together"] else ""
    return (
        f"<p>What carries the answer{escaped(about)}</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


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
    said = "".join(f"<td>{escaped(cell)}</td>" for cell in cells)
    return f"<tr><th>{escaped(row['label'])}</th>{said}</tr>"
