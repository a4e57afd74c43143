"""Counterfactuals of simulated hearts against their true twins: does the explanation tell the truth?

``python -m benchmarks twins``: every shipped model, every condition that it knows. Needs no recording.
"""

from __future__ import annotations

import pandas as pd

import cofe_widgets as cw
from cofe_widgets.audit import TwinScore

from .bench_signals import Line

HEARTS, SEED = 16, 11
#: Model -> its targets and the conditions that stand for them.
ASKED = {
    "af-resnet": {"AF": "AF"},
    "nine-resnet": {k: k for k in ("SB", "STach", "IAVB", "RBBB", "LBBB", "LQRSV", "LVH", "AF")},
    "potassium-resnet": {"potassium_mmol_l": "HYPERK"},
}
R_BAR, SIGN_BAR = 0.6, 0.9


def scores(hearts: int = HEARTS, seed: int = SEED) -> dict[tuple[str, str], TwinScore]:
    """A score for every model and condition; a model that is not shipped has none."""
    out = {}
    for model, targets in ASKED.items():
        if model not in cw.available().index:
            print(f"  {model} is not among the shipped models: not asked")
            continue
        f = cw.load(model)
        for target, condition in targets.items():
            out[model, condition] = cw.audit.twin_score(condition, f, target, hearts, seed)
    return out


def table(found: dict[tuple[str, str], TwinScore]) -> pd.DataFrame:
    """A row a score; medians over its hearts."""
    rows = {}
    for key, score in found.items():
        medians = score.pairs[["healthy", "twin", "r", "iou", "energy", "chance"]].median()
        rows[key] = {
            "hearts": len(score.pairs),
            "recognised": score.pairs.recognised.mean(),
            "reached": score.pairs.reached.mean(),
            **medians,
            "changes": len(score.changes),
            "signs": score.signs_right,
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def lines(found: dict[tuple[str, str], TwinScore]) -> list[Line]:
    """The bars: each model's hearts together, all of them, and those whose illness the model sees.

    No explanation of a model that does not see an illness can show it.
    """
    out = []
    for model in dict.fromkeys(key[0] for key in found):
        out += _bars(model, [score for key, score in found.items() if key[0] == model])
    out += _bars("all", list(found.values()))
    return out + _bars("all that are recognised", list(found.values()), recognised=True)


def _bars(name: str, some: list[TwinScore], recognised: bool = False) -> list[Line]:
    pairs, changes = [], []
    for score in some:
        kept = score.pairs[score.pairs.recognised] if recognised else score.pairs
        pairs.append(kept.r)
        changes.append(score.changes.right[score.changes.heart.isin(kept.heart)])
    r, right = pd.concat(pairs).dropna(), pd.concat(changes)
    signs = right.astype(float).mean()
    size = f"median {r.median():.2f} of {len(r)} hearts"
    return [
        Line(f"{name}: r with the truth", size, f">= {R_BAR}", bool(r.median() >= R_BAR)),
        Line(
            f"{name}: signs",
            f"{signs:.1%} of {len(right)} true changes",
            f">= {SIGN_BAR:.0%}",
            bool(signs >= SIGN_BAR),
        ),
    ]


def main() -> None:
    """Print scores, what became of every measurement, and the bars."""
    print(f"\nsimulated twins: {HEARTS} hearts of each condition, seed {SEED}")
    found = scores()
    shown = {"float_format": "{:.2f}".format}
    print(table(found).to_string(**shown))
    parts = {key: score.table for key, score in found.items()}
    print(pd.concat(parts, names=["model", "condition"]).to_string(**shown))
    print("\n".join(map(str, lines(found))))


if __name__ == "__main__":
    main()
