"""Lines of several methods in one plot: which colour and dashes, and the key that says so."""

from __future__ import annotations

from collections.abc import Container, Sequence

from ...markup import escaped
from .palette import PALETTE

#: Colour and dashes.
Style = tuple[str, str]
#: Colours of methods, by name in the palette; maps that know nothing are dashed, in the text's.
_COLOURS = ("p", "qrs", "t", "changed", "positive", "negative")
DASHES = ("6 3", "2 3", "8 3 2 3", "1 2")
_ROW, _STROKE, _PIXELS_A_LETTER = 18, 46, 6.3


def styles(names: Sequence[str], dummies: Container[str], theme: str) -> dict[str, Style]:
    """Colour and dashes of each name; beyond six methods the colours come again, dashed."""
    colour, taken = PALETTE[theme], [0, 0]
    out: dict[str, Style] = {}
    for name in names:
        known = name not in dummies
        place = taken[known]
        taken[known] += 1
        if known:
            turn = place // len(_COLOURS)
            dash = DASHES[(turn - 1) % len(DASHES)] if turn else ""
            out[name] = (str(colour[_COLOURS[place % len(_COLOURS)]]), dash)
        else:
            out[name] = (str(colour["text"]), DASHES[place % len(DASHES)])
    return out


def stroke(style: Style, width: float = 1.6) -> str:
    """The attributes of a line."""
    dash = f' stroke-dasharray="{style[1]}"' if style[1] else ""
    return f'stroke="{style[0]}" stroke-width="{width}"{dash} fill="none"'


def upright(text: str, y: float, x: float) -> str:
    """A text that is read from below."""
    turned = f"translate({x:.1f} {y:.1f}) rotate(-90)"
    return f'<text transform="{turned}" text-anchor="middle">{escaped(text)}</text>'


def key(
    said: dict[str, str], style: dict[str, Style], left: float, width: float
) -> tuple[str, float]:
    """A stroke and the words of each name, in rows as wide as is told; and how high they are, px."""
    out, x, y = [], left, 16.0
    for name, words in said.items():
        wide = _STROKE + _PIXELS_A_LETTER * len(words)
        if x > left and x + wide > width:
            x, y = left, y + _ROW
        out.append(f'<path d="M{x:.0f} {y:.0f}h22" {stroke(style[name], 2)}/>')
        out.append(f'<text x="{x + 27:.0f}" y="{y + 4:.0f}">{escaped(words)}</text>')
        x += wide
    return "".join(out), y + _ROW - 4
