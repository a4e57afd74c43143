"""Sanity checks of attribution methods on models that measure one wave (Wagner et al. 2024, section 2.3).

``python -m benchmarks specificity``: six regressors of the P, R and T amplitude in twelve leads, every
attribution method there is and two maps that know nothing; ``--records 40`` for more ECGs, ``--seconds
60`` for methods that take longer, ``--methods saliency lrp`` for some, ``--simulated`` for simulated
hearts alone. Records are of the test split. The tables go to ``runs/specificity.csv``, the picture
(figure 3 of the paper) to ``runs/specificity.svg``.
"""

from __future__ import annotations

import time
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

import cofe_widgets as cw
from cofe_widgets import Predictor, Record
from cofe_widgets.audit.scorecards.specificity import (
    beat_times_s,
    curve,
    largest_is_inside,
    spatial_specificity,
    temporal_specificity,
)
from cofe_widgets.errors import EcgError, ExplainError
from cofe_widgets.report.figures.specificity import SpecificityPanel, specificity_svg

from .bench_counterfactuals import DATA, held_back
from .lesson import keep

WAVES = {"p": "p", "r": "qrs", "t": "t"}
ARCHITECTURES = {"xresnet1d50": "XResNet", "lenet": "LeNet"}
RECORDS, SEED, SECONDS = 16, 23, 10.0
#: A method is shown by no fewer records; one too slow for these is left out.
LEAST = 4
#: The crop that is explained, s of the record; its rate.
CROP, FS = (2.5, 5.0), 100.0
RANDOM, SIGNAL = "random", "|signal|"
DUMMIES = (RANDOM, SIGNAL)
#: What the paper's figure shows, by our names.
SHOWN = ("saliency", "gradcam", "integrated_gradients", "lrp")
OF_PAPER = "the paper: saliency 6 of 6; IG, LRP and GradCAM fail (their largest value is at R)"
CSV, SVG = Path("runs/specificity.csv"), Path("runs/specificity.svg")


class Subject(NamedTuple):
    """A crop of 2.5 s of an ECG, its R-peaks (s), its median beat, where its waves lie (s after R)."""

    record: Record
    r_peaks_s: np.ndarray
    beat: np.ndarray
    spans_s: dict[str, tuple[float, float]]


@dataclass(frozen=True)
class Maps:
    """Specificities of one method on one model.

    Attributes
    ----------
    spatial : (12, records)
    temporal : (records, times)
    seconds : float, of a record's twelve maps
    note : why there are none
    """

    spatial: np.ndarray
    temporal: np.ndarray
    seconds: float = 0.0
    note: str = ""


def subjects(n: int, simulated: bool = False) -> list[Subject]:
    """Sinus rhythms with P waves: real ones of the test split, spread over it, or simulated ones."""
    if DATA.is_dir() and not simulated:
        every = held_back("SR")
    else:
        every = [one.record for one in cw.simulate("NSR", 2 * n, seed=SEED, fs=250)]
    found = [one for record in every if (one := _subject(record)) is not None]
    chosen = np.unique(np.linspace(0, len(found) - 1, min(n, len(found))).round().astype(int))
    return [found[k] for k in chosen]


def _subject(record: Record) -> Subject | None:
    """None where a wave cannot be told, or no beat is whole in the crop."""
    try:
        beat = cw.median_beat(record)
    except EcgError:
        return None
    spans = {
        wave: (one.onset_ms / 1000, one.offset_ms / 1000)
        for wave, one in (("p", beat.p), ("r", beat.qrs), ("t", beat.t))
    }
    if beat.doubts or not np.isfinite(list(spans.values())).all():
        return None
    crop = record.select(cw.LEADS).resample(FS).crop(*CROP)
    inside = beat.r_peaks_s - CROP[0]
    inside = inside[(inside >= 0.3) & (inside <= CROP[1] - CROP[0] - 0.51)]
    if not len(inside):
        return None
    size = np.nanmean(np.abs(beat.signal), axis=0)
    shown = np.interp(1000 * beat_times_s(FS), beat.time_ms, size)
    return Subject(crop, inside, shown, spans)


def nets() -> dict[tuple[str, str], Predictor]:
    """The regressors, by wave and architecture, asked about one crop."""
    out = {}
    for wave in WAVES:
        for architecture in ARCHITECTURES:
            name = f"{wave}-amplitude-{architecture}"
            if name not in cw.available(hidden=True).index:
                print(f"  {name} is not among the shipped models: not asked")
                continue
            f = cw.load(name)
            out[wave, architecture] = cw.wrap(
                f.module,
                fs=FS,
                seconds=CROP[1] - CROP[0],
                leads=f.leads,
                outputs=f.outputs,
                output="linear",
                name=name,
            )
    return out


def _dummy(name: str, records: Sequence[Record], lead: int) -> np.ndarray:
    """Maps that know nothing of the model, ``(records, 12, samples)``."""
    signals = np.stack([one.signal for one in records])
    if name == SIGNAL:
        return np.abs(signals)
    return np.random.default_rng([SEED, lead]).standard_normal(signals.shape)


def took(work: Callable[[], object], usual: float) -> float:
    """Seconds that a piece of work takes; of one that takes longer than usual, at its second time.

    The first time everything is loaded and laid out.
    """
    for _ in range(2):
        began = time.perf_counter()
        work()
        seconds = time.perf_counter() - began
        if seconds <= usual:
            break
    return seconds


def maps(f: Predictor, method: str, some: Sequence[Subject], seconds: float) -> Maps:
    """A method's specificities on a model, of as many records as ``seconds`` allow."""
    none = np.full((len(cw.LEADS), 0), np.nan), np.empty((0, len(beat_times_s(FS))))

    def explained(records: list[Record], lead: int) -> np.ndarray:
        if method in DUMMIES:
            return _dummy(method, records, lead)
        made = cw.attribute(records, f, f.outputs[lead], method)
        return np.stack([one.values for one in made])

    try:
        each = len(cw.LEADS) * took(lambda: explained([some[0].record], 0), seconds / 50)
        most = len(some) if method in DUMMIES else int(seconds / max(each, 1e-9))
        if most < LEAST:
            return Maps(*none, each, f"left out: {each:.0f} s a record; --seconds gives it time")
        chosen = some[:: max(1, -(-len(some) // most))]
        began = time.perf_counter()
        records = [one.record for one in chosen]
        found = np.stack([explained(records, lead) for lead in range(len(cw.LEADS))])
    except ExplainError as error:
        return Maps(*none, 0.0, f"refused: {error}")
    each = (time.perf_counter() - began) / len(chosen)
    spatial = np.stack([spatial_specificity(found[lead], lead) for lead in range(len(found))])
    temporal = np.stack(
        [temporal_specificity(found[:, k], one.r_peaks_s, FS) for k, one in enumerate(chosen)]
    )
    return Maps(spatial, temporal, each)


def span(some: Sequence[Subject], wave: str) -> tuple[float, float]:
    """Where a wave lies, medians over the records, s after R."""
    begin, end = np.median([one.spans_s[wave] for one in some], axis=0)
    return float(begin), float(end)


def row(found: Maps, within: tuple[float, float]) -> dict[str, object]:
    """One line of the table."""
    if found.note:
        return {"records": 0, "note": found.note}
    times = beat_times_s(FS)
    middle = curve(found.temporal)[0]
    inside = (times >= within[0]) & (times <= within[1])
    spatial = pd.DataFrame(found.spatial.T, columns=list(cw.LEADS))  # whose medians leave out NaN
    return {
        "records": len(spatial),
        "limb": spatial[list(cw.LEADS[:6])].stack().median(),
        "chest": spatial[list(cw.LEADS[6:])].stack().median(),
        "peak_ms": float(1000 * times[int(middle.argmax())]),
        "inside": largest_is_inside(middle, times, within),
        "share_inside": float(middle[inside].sum() / middle.sum()),
        "seconds": found.seconds,
        **spatial.median().to_dict(),
        "note": "",
    }


def measured(
    some: Sequence[Subject], methods: Sequence[str], seconds: float
) -> dict[str, dict[str, Maps]]:
    """Specificities of every method and dummy on every regressor, by their names."""
    out = {}
    for f in nets().values():
        out[f.name] = {name: maps(f, name, some, seconds) for name in (*methods, *DUMMIES)}
        print(f"  {f.name}: done", flush=True)
    return out


def table(found: dict[str, dict[str, Maps]], some: Sequence[Subject]) -> pd.DataFrame:
    """A row for each model and method."""
    rows = {
        (model, method): row(one, span(some, model[0]))
        for model, of_model in found.items()
        for method, one in of_model.items()
    }
    made = pd.DataFrame.from_dict(rows, orient="index")
    made.index = pd.MultiIndex.from_tuples(rows, names=["model", "method"])
    return made


def panels(found: dict[str, dict[str, Maps]], some: Sequence[Subject]) -> list[SpecificityPanel]:
    """The picture's panels: the paper's methods (others where some are not there) and the dummies."""
    known = [
        m for m in next(iter(found.values())) if all(not one[m].note for one in found.values())
    ]
    shown = [name for name in SHOWN if name in known]
    shown += [name for name in known if name not in (*shown, *DUMMIES)][: len(SHOWN) - len(shown)]
    shown += DUMMIES
    return [
        SpecificityPanel(
            f"{model[0].upper()} amplitude, {ARCHITECTURES[model.rpartition('-')[2]]}",
            WAVES[model[0]],
            span(some, model[0]),
            {name: of_model[name].spatial for name in shown},
            {name: curve(of_model[name].temporal) for name in shown},
            beat_times_s(FS),
            np.median([one.beat for one in some], axis=0),
        )
        for model, of_model in found.items()
    ]


def main(given: Sequence[str] = ()) -> None:
    parser = ArgumentParser(prog="python -m benchmarks specificity")
    parser.add_argument("--records", type=int, default=RECORDS)
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, help="most for a model and method"
    )
    parser.add_argument("--methods", nargs="+", default=list(cw.ATTRIBUTION_METHODS))
    parser.add_argument(
        "--simulated", action="store_true", help="simulated hearts, no real records"
    )
    parser.add_argument("--save", action="store_true", help="for notebook 04")
    options = parser.parse_args(list(given))
    real = DATA.is_dir() and not options.simulated
    some = subjects(options.records, not real)
    kind = "real sinus rhythms of the test split" if real else "simulated sinus rhythms"
    about = f"Specificity of maps of amplitude regressors; {len(some)} {kind}"
    print(about)
    found = measured(some, options.methods, options.seconds)
    made = table(found, some)
    shown = [
        "records",
        "limb",
        "chest",
        "V1",
        "peak_ms",
        "inside",
        "share_inside",
        "seconds",
        "note",
    ]
    print(made[shown].round(3).to_string())
    kept = made[made.note == ""]
    passed = kept.groupby("method").inside.agg(["sum", "count"])
    print(
        "\nlargest relevance in the wave that is measured (the paper's condition), of the models:"
    )
    print("\n".join(f"  {name:<24}{int(n)} of {int(of)}" for name, n, of in passed.itertuples()))
    print(OF_PAPER)
    CSV.parent.mkdir(exist_ok=True)
    made.to_csv(CSV)
    SVG.write_text(specificity_svg(panels(found, some), DUMMIES))
    print(f"tables in {CSV}, picture in {SVG}")
    if options.save:
        means = kept.groupby("method")[["limb", "chest", "V1", "share_inside"]].mean()
        means.insert(0, "largest in its wave", [f"{n} of {of}" for _, n, of in passed.itertuples()])
        means = means.reindex(
            [name for name in (*options.methods, *DUMMIES) if name in means.index]
        )
        keep("specificity", [about, OF_PAPER], means, SVG)


if __name__ == "__main__":
    main()
