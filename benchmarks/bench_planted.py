"""Are explanations true of the model? Planted models, whose reason is known, explained and scored.

``python -m benchmarks planted``; ``--records 8`` for fewer of each kind, ``--rivals 4`` for fewer of them
explained by saliency and plain descent too, ``--only t_v2 qt`` for some models, ``--models`` for the
table that says how well the models themselves are planted.
"""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

import cofe_widgets as cw
from cofe_widgets import Counterfactual, Predictor, Record
from cofe_widgets.errors import ExplainError
from cofe_widgets.vocabulary.edits import EDITS

from .bench_counterfactuals import DATA, held_back
from .bench_signals import Line
from .planted import ENDS, PLANTED, is_of, plant
from .planted_rivals import descent, saliency
from .planted_turns import table as turns_table

RECORDS, RIVALS, SEED = 40, 10, 31
#: Of each kind, for the table of the models.
TURNED = 10
SHARE_BAR, FALSE_BAR, ADMITTED_BAR, TOLD_BAR = 0.8, 0.1, 1.0, 0.9
#: A needed answer may be longer than a restricted search's by rounding and its own last step.
SLACK = 1.02
#: Every score, one row a record and model.
SCORES = Path("runs/planted.csv")


def records(n: int, kinds: Sequence[str] = ("simulated", "real")) -> dict[str, list[Record]]:
    """Simulated sinus rhythms, and real ones of the test split, spread over it; 12 leads at 250 Hz."""
    out = {}
    if "simulated" in kinds:
        out["simulated"] = [one.record for one in cw.simulate("NSR", n, seed=SEED, fs=250)]
    if "real" in kinds and DATA.is_dir():
        real = held_back("SR")
        chosen = np.unique(np.linspace(0, len(real) - 1, min(n, len(real))).round().astype(int))
        out["real"] = [real[k] for k in chosen]
    return out


def restricted(name: str, record: Record, f: Predictor) -> float:
    """How far a search goes to which all but the reason's own named numbers are forbidden, SD.

    NaN where it does not get there, and where the reason is no named number of the whole ECG.
    """
    others = [edit for edit in EDITS if edit not in PLANTED[name].names]
    if len(others) == len(EDITS):
        return np.nan
    try:
        found = cw.counterfactual(record, f, "X", ENDS, severities=2, keep=others).needed
    except ExplainError:
        return np.nan
    return distance(found) if found.reached else np.nan


def distance(needed: Counterfactual) -> float:
    """SD over the named changes of a needed answer."""
    return float(needed.provenance["distance"])


def explained(name: str, record: Record, f: Predictor) -> dict[str, float | str]:
    """The explanation of one record, scored against the planted reason."""
    one = PLANTED[name]
    began = time.perf_counter()
    try:
        found = cw.counterfactual(record, f, "X", ENDS, severities=2)
        reasons, needed = found.reasons, found.needed
    except ExplainError as error:  # said before the search: there is nothing that could change it
        return {"seconds": time.perf_counter() - began, "admitted": 1.0, "said": str(error)}
    row: dict[str, float | str] = {
        "seconds": time.perf_counter() - began,
        "reached": float(found.reached),
        "needed reached": float(needed.reached),
        "admitted": float(not reasons.attrs["nameable"] or not found.reached),
        "logic": str(reasons.attrs["logic"]),
        "said": "; ".join(f"{r.name} {r.share:.2f}{'*' * r.needed}" for r in reasons.itertuples()),
    }
    if not one.nameable:
        return row
    true, local = (
        np.array([is_of(reason, names) for reason in reasons.name], bool)
        for names in (one.names, one.causes)
    )
    reported = reasons.needed.to_numpy(bool)
    own = needed.reasons
    own_true = np.array([is_of(reason, one.names) for reason in own.name], bool)
    row |= {
        "share": float(reasons.share[true].sum()),
        "needed share": float(own.share[own_true].sum()),
        "local": float(reasons.share[local].sum()),
        "false": float((reported & ~true).sum() / max(1, reported.sum())),
        "named": float((reported & true).any()),
        "told": float(row["logic"] == one.logic),
    }
    if needed.reached:
        row["distance"], row["restricted"] = distance(needed), restricted(name, record, f)
        if row["restricted"] == row["restricted"]:
            row["no longer"] = float(row["distance"] <= SLACK * row["restricted"])
    return row


def scores(
    names: Sequence[str], kinds: dict[str, list[Record]], rivals: int, path: Path = SCORES
) -> pd.DataFrame:
    """A row for each planted model and record; saved after every model."""
    rows: list[dict[str, object]] = []
    path.parent.mkdir(parents=True, exist_ok=True)
    for name in names:
        for kind, some in kinds.items():
            for k, record in enumerate(some):
                f = plant(name, record)
                row: dict[str, object] = {"model": name, "kind": kind, "record": k}
                row |= explained(name, record, f)
                if k < rivals:
                    row["saliency"] = saliency(name, record, f)
                    row["descent"], row["descent reached"] = descent(name, record, f, ENDS)
                rows.append(row)
        pd.DataFrame(rows).to_csv(path, index=False)
        mine = pd.DataFrame([row for row in rows if row["model"] == name])
        print("  " + summary(name, mine).to_frame().T.to_string(header=False), flush=True)
    return pd.DataFrame(rows)


def interval(values: pd.Series) -> str:
    """Median with its 95 % interval by bootstrap over records; in per cent."""
    known = values.dropna().to_numpy(float)
    if not len(known):
        return "-"
    draws = np.random.default_rng(0).choice(known, (2000, len(known)))
    low, high = np.quantile(np.median(draws, axis=1), (0.025, 0.975))
    return f"{np.median(known):.0%} ({low:.0%}-{high:.0%})"


def _mean(values: pd.Series) -> str:
    known = values.dropna()
    return f"{known.mean():.0%}" if len(known) else "-"


#: Columns that a score may lack where no record had it.
_COLUMNS = (
    "reached",
    "share",
    "needed share",
    "local",
    "false",
    "named",
    "told",
    "no longer",
    "distance",
    "restricted",
    "saliency",
    "descent",
)


def summary(name: str, mine: pd.DataFrame) -> pd.Series:
    """One line of the table."""
    one, mine = PLANTED[name], mine.reindex(columns=[*mine.columns.union(_COLUMNS)])
    longer = mine.distance / mine.restricted
    return pd.Series(
        {
            "n": len(mine),
            "reached": _mean(mine.reached),
            "true share": interval(mine.share),
            "needed answer": interval(mine["needed share"]),
            "local": interval(mine.local),
            "false reasons": interval(mine.false),
            "named": _mean(mine.named),
            "admitted": "" if one.nameable else _mean(mine.admitted),
            "told": _mean(mine.told) if one.logic in ("and", "or") else "",
            "no longer": _mean(mine["no longer"]),
            "longest": f"{longer.max():.2f}" if longer.notna().any() else "-",
            "saliency": interval(mine.saliency),
            "descent": interval(mine.descent),
            "s": f"{mine.seconds.median():.2f}",
        },
        name=one.title,
    )


def lines(found: pd.DataFrame) -> list[Line]:
    """Every bar, met or not."""
    out = []
    found = found.reindex(columns=[*found.columns.union(_COLUMNS)])
    for name, mine in found.groupby("model", sort=False):
        one = PLANTED[str(name)]
        if not one.nameable:
            out.append(_line(one.title, "admitted", mine.admitted.mean(), ADMITTED_BAR))
            continue
        out.append(_line(one.title, "true share", mine.share.median(), SHARE_BAR))
        false = mine.false.median()
        out.append(
            Line(f"{one.title}: false reasons", f"{false:.0%}", "<= 10%", bool(false <= FALSE_BAR))
        )
        if one.logic in ("and", "or"):
            out.append(_line(one.title, f"called {one.logic}", mine.told.mean(), TOLD_BAR))
        longer = mine["no longer"].dropna()
        out.append(_line(one.title, "needed no longer", longer.mean(), 1.0))
    return out


def _line(title: str, what: str, value: float, bar: float) -> Line:
    return Line(f"{title}: {what}", f"{value:.0%}", f">= {bar:.0%}", bool(value >= bar))


def _options(given: Sequence[str]) -> Namespace:
    parser = ArgumentParser(prog="python -m benchmarks planted", description=__doc__)
    parser.add_argument("--records", type=int, default=RECORDS, help="of each kind")
    parser.add_argument("--rivals", type=int, default=RIVALS, help="of each kind, by rivals too")
    parser.add_argument("--only", nargs="+", choices=list(PLANTED), default=list(PLANTED))
    parser.add_argument("--kinds", nargs="+", choices=["simulated", "real"])
    parser.add_argument("--models", action="store_true", help="how well they are planted, alone")
    return parser.parse_args(list(given))


def main(given: Sequence[str] = ()) -> None:
    """Print the table, one line a model as it is done, then every bar."""
    options = _options(given)
    shown = {"float_format": "{:.2f}".format}
    if options.models:
        print(
            f"\nplanted models: {TURNED} records of each kind, one thing of them turned at a time"
        )
        print(turns_table(records(TURNED)).loc[list(PLANTED)].to_string(**shown))
        return
    kinds = records(options.records, options.kinds or ("simulated", "real"))
    counts = ", ".join(f"{len(some)} {kind}" for kind, some in kinds.items())
    print(f"\nplanted models, explained on sinus rhythms: {counts}")
    print("  medians over records with 95 % intervals; saliency: share on the reason's waves and")
    print("  leads; descent: share of what it measurably moved that belongs to the reason")
    found = scores(options.only, kinds, options.rivals)
    rows = [summary(str(name), mine) for name, mine in found.groupby("model", sort=False)]
    print(pd.DataFrame(rows).to_string())
    bars = lines(found)
    print("\n".join(map(str, bars)))
    print(f"  {sum(line.met is False for line in bars)} of {len(bars)} not met; rows in {SCORES}")


if __name__ == "__main__":
    main()
