"""Levels of explainability: how much an explanation says, from the bare answer to an expert's reasons.

Arends et al., "Signal or noise? Evaluating commonly used attribution methods for explaining deep neural
networks in electrocardiogram classification", 2026, table 2.
"""

from __future__ import annotations

from typing import NamedTuple


class Level(NamedTuple):
    """One level: its number, the paper's name for it, and what is told there."""

    number: int
    name: str
    tells: str


#: In their order.
LEVELS = (
    Level(0, "no explainability", "the answer alone"),
    Level(1, "localisation", "which part of the ECG mattered, not what about it"),
    Level(2, "feature modulation", "how a change of the ECG moves the answer"),
    Level(3, "named features", "what mattered has a clinical name"),
    Level(4, "causal reasoning", "why a feature speaks for the diagnosis"),
    Level(5, "expert-level explanation", "features, context and evidence together, as an expert"),
)
#: What is shown here -> its level. Nothing here reaches the two highest.
LEVEL_OF = {"answer": 0, "attribution": 1, "dials": 2, "counterfactual": 2, "reasons": 3}


def level_line(shown: str) -> str:
    """The level of what is shown, a key of `LEVEL_OF`, in one line."""
    number, name, tells = LEVELS[LEVEL_OF[shown]]
    return f"Explainability level {number} of {LEVELS[-1].number}, {name}: {tells}"
