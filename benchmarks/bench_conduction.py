"""Blocks asked of nine-resnet on real held-back sinus records: what was changed, is it the block?

``python -m benchmarks conduction``; of other weights ``python -m benchmarks.bench_conduction FILE``.
Also how large a step flips the model's answers. Where the folder of real records is not there,
simulated ones are asked, and the title says so.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch

import cofe_widgets as cw
from cofe_widgets import Counterfactual, Predictor, Record
from cofe_widgets.generative.inversion import invert
from cofe_widgets.generative.latent_edit import SPACES, LatentEdit
from cofe_widgets.generative.model_output import ModelOutput
from cofe_widgets.signals.criteria import diagnosis, holds
from cofe_widgets.signals.measurements.measure import measured
from cofe_widgets.train.core import metrics
from cofe_widgets.vocabulary.edits import EDITS, EditParameter

from .bench_counterfactuals import DATA, records_of
from .bench_signals import Line

RECORDS = 30
#: The adversarial step that should flip no answer in most records, uV RMS.
STEP_UV = 20.0
#: Target -> share of the records in which it should be what it is called.
BLOCKS = {"IAVB": 0.8, "LBBB": 0.7, "RBBB": 0.7}
#: Share of the way that PR carries where first-degree block is explained by it.
CARRIED = 0.6


def sinus(f: Predictor, target: str) -> list[Record]:
    """Held-back sinus records to which the model does not answer ``target``, spread over the sources."""
    every = records_of("SR")
    asked = [r for r, a in zip(every, f.predict(every), strict=True) if a[target] < 0.5]
    places = np.linspace(0, len(asked) - 1, min(RECORDS, len(asked))).round().astype(int)
    return [asked[i] for i in places]


def _number(one: EditParameter, amount: float) -> float:
    """The edit parameter of an amount that people read."""
    if math.isclose(one.amount(1.0), math.e):
        return math.log(amount)
    return (amount - one.rest) / (one.amount(1.0) - one.rest)


@torch.no_grad()
def carried(cf: Counterfactual, f: Predictor, name: str) -> float:
    """Share of the moved score that one number carries, against all others together (Shapley value).

    NaN where the styles moved too: what they did cannot be told from `Counterfactual.moved`.
    """
    if cf.space != SPACES[0].name:
        return math.nan
    numbers = {key: _number(one, cf.moved[key]) for key, one in EDITS.items()}
    parts = [{}, {name: numbers[name]}, {**numbers, name: 0.0}, numbers]
    rows = torch.tensor([[part.get(key, 0.0) for key in EDITS] for part in parts])
    edit = LatentEdit(invert([cf.original]), SPACES[0], cf.provenance["seed"])
    none, alone, others, all_ = ModelOutput(f, cf.target).score(edit.edited(rows)).tolist()
    return 0.5 * ((alone - none) + (all_ - others)) / (all_ - none)


def explained(f: Predictor, target: str) -> pd.DataFrame:
    """A row a record: space, PR and QRS before and after, whether the criteria are met."""
    rows: list[dict[str, Any]] = []
    for record in sinus(f, target):
        cf = cw.counterfactual(record, f, target, severities=2)
        before, after = measured(cf.original), measured(cf.record())
        rows.append(
            {
                "record": record.meta.get("source", ""),
                "reached": cf.reached,
                "space": [space.name for space in SPACES].index(cf.space) + 1,
                **{f"{key} before": before.values[key] for key in ("pr_ms", "qrs_ms")},
                **{f"{key} after": after.values[key] for key in ("pr_ms", "qrs_ms")},
                "PR asked": cf.moved["pr"],
                "PR carries": carried(cf, f, "pr"),
                "criteria": holds(diagnosis(target, after)),
            }
        )
    return pd.DataFrame(rows).set_index("record")


def _share(met: pd.Series | np.ndarray) -> str:
    return f"{int(np.sum(met))} of {len(met)}"


def lines(target: str, table: pd.DataFrame) -> list[Line]:
    """The bars of one target."""
    bar, n = BLOCKS[target], len(table)
    first = table.reached & (table.space == 1)
    out = [
        Line(f"{target}: reached", _share(table.reached)),
        Line(f"{target}: in the first space", _share(first)),
    ]
    if target == "IAVB":
        right = first & (table["PR carries"] >= CARRIED)
        said = f"{_share(right)}, median share {table['PR carries'].median():.0%}"
        met = right.sum() / n >= bar
        out.append(Line(f"{target}: PR carries it, first space", said, f">= {bar:.0%}", bool(met)))
        long = table["PR asked"] + table["pr_ms before"] > 200
        out.append(Line(f"{target}: PR measured before + asked > 200", _share(long)))
    known = table.criteria.notna()
    met_there = table.reached & table.criteria.eq(True)
    said = f"{_share(met_there)} ({n - int(known.sum())} cannot be measured)"
    judged = None if target == "IAVB" else bool(met_there.sum() / n >= bar)
    out.append(Line(f"{target}: criteria met after", said, f">= {bar:.0%}", judged))
    for key in ("pr_ms", "qrs_ms"):
        ends = [table[f"{key} {when}"].median() for when in ("before", "after")]
        out.append(Line(f"{target}: median {key}", f"{ends[0]:.0f} -> {ends[1]:.0f}"))
    return out


def flips(f: Predictor, records: Sequence[Record]) -> Line:
    """Share of records in which a single step of `STEP_UV` flips the nearest of the nine answers."""
    x = torch.from_numpy(np.stack([record.standard().signal for record in records]))
    module, output = f.module, f.output
    nearest = metrics.nearest_answer(module, x, output, range(len(f.outputs)))
    least = metrics.smallest_step(module, x, output, nearest)
    share = float((least <= STEP_UV).mean())
    figure = f"{share:.0%} of {len(x)}; median of the smallest step {metrics.median_uv(least)}"
    return Line(f"a step of {STEP_UV:g} uV flips an answer", figure, "< 50%", share < 0.5)


def main() -> None:
    """The flips, then a table and the bars of every block."""
    given = [word for word in sys.argv[1:] if word.endswith(".safetensors")]
    f = cw.load(given[0] if given else "nine-resnet")
    kind = "real held-back" if DATA.is_dir() else "SIMULATED"
    print(f"\nblocks asked of {f.name}, {kind} sinus records", flush=True)
    found = [flips(f, [*records_of("SR"), *records_of("AF")])]
    for target in BLOCKS:
        table = explained(f, target)
        print(f"\nto {target}\n{table.to_string(float_format='{:.3g}'.format)}", flush=True)
        found += lines(target, table)
    print("\n".join(map(str, found)))


if __name__ == "__main__":
    main()
