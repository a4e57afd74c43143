"""What are attribution maps worth? Against causes that are known, beside maps that know nothing.

``python -m benchmarks scorecard``: on simulated twins (what a condition truly altered, three shipped models),
on planted models (a model whose one reason is known: does the map find it?), a whole quick card with the time
it takes, and the agreement of the formulas with Quantus. Small unless told: ``--records 16`` for more of
everything, ``--methods saliency lrp`` for some methods, ``--all`` for those too that take many passes, ``--only
twins planted quick quantus real``. Needs no recording but for ``real``: perturbation on labelled real records.
"""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

import cofe_widgets as cw
from cofe_widgets import Scorecard
from cofe_widgets.audit.scorecards import QUICK, Check
from cofe_widgets.audit.scorecards.asked import QUICK_METHODS
from cofe_widgets.audit.scorecards.formulas import relevance_mass
from cofe_widgets.ecg import LEADS
from cofe_widgets.errors import EcgError
from cofe_widgets.explain.attribution import ATTRIBUTION_METHODS

from . import scorecard_real
from .bench_signals import Line
from .lesson import keep
from .planted import PLANTED, measuring
from .planted_rivals import cells, parts_of
from .scorecard_quantus import lines as quantus_lines
from .soft_beats import FS

RECORDS, SEED = 8, 41
#: Model -> targets that the simulator can draw the cause of.
TWINS = {
    "nine-resnet": ("LBBB", "RBBB", "LVH", "LQRSV", "IAVB", "AF"),
    "af-resnet": ("AF",),
    "potassium-resnet": ("potassium_mmol_l",),
}
LOCALISATION = ("precision_recall", "pointing_game", "relevance_mass", "relevance_rank")
#: Planted models and what a map has to find of them.
REASONS = {
    "t_v2": "T in V1-V2",
    "st_v2_v3": "ST in V1-V4",
    "r_v5": "QRS in V5-V6",
    "p_ii": "P in II, III, aVF",
    "qrs": "QRS in all leads",
    "qt": "ST and T in all leads",
    "irregularity": "QRS in all leads (when beats come)",
    "v6_offset": "V6 throughout",
    "first_100_ms": "the first 100 ms of I",
    "hum": "50 Hz: share of the map's own power there",
}
TWINS_SAID = (
    "simulated hearts that the model recognises: area under precision-recall of |map| on the samples that "
    "the condition altered; * better than the best map that does not know the model"
)
PLANTED_SAID = (
    "models whose reason was planted: share of |map| on the leads and times in which it lies"
)
PICTURE, BAR_S = Path("runs/scorecard.svg"), 60.0


class OnReason(Check):
    """Share of a map on the leads and times in which a planted model's reason lies."""

    category, reference, higher_is_better, unit = "localisation", "cofe_widgets", True, "share"
    name, title = "reason", "On the reason"

    def __init__(self, planted: str) -> None:
        self.planted = planted

    def measure(self, place, subject):
        maps = place.maps(subject)
        if self.planted == "hum":
            return at_50_hz(maps, place.records[0].fs)[:, None]
        masks = np.stack([reason(self.planted, record) for record in place.records])
        return relevance_mass(maps, masks)[:, None]


def at_50_hz(maps, fs):
    """Share of a map's power within 1 Hz of 50 Hz, ``(n,)``: a map of hum is hum."""
    power = np.square(np.abs(np.fft.rfft(maps, axis=2))).sum(axis=1)
    near = np.abs(np.fft.rfftfreq(maps.shape[2], 1 / fs) - 50) <= 1
    total = power.sum(axis=1)
    return power[:, near].sum(axis=1) / np.where(total > 0, total, 1)


def reason(planted, record):
    """Which samples of which leads a planted reason lies in, ``(12, samples)``; none without a beat."""
    out = np.zeros(record.signal.shape, bool)
    if planted == "v6_offset":
        out[LEADS.index("V6")] = True
    elif planted == "first_100_ms":
        out[0, : round(0.1 * record.fs)] = True
    else:
        try:
            parts = parts_of(record)
        except EcgError:
            return out
        where = cells(planted) or {("qrs", lead) for lead in LEADS}
        for part, lead in where:
            out[LEADS.index(lead)] |= parts[part]
    return out


# -- the tables


def both_kinds(target: str, n: int, seed: int = SEED) -> list[cw.Record]:
    """Simulated records, half of them with a condition."""
    some = (("HYPERK" if target == "potassium_mmol_l" else target, n - n // 2), ("NSR", n // 2))
    return [
        one.record
        for k, (condition, many) in enumerate(some)
        for one in cw.simulate(condition, many, seed=seed + k, fs=250)
    ]


def on_twins(n: int, methods: Sequence[str]) -> pd.DataFrame:
    """A row a model, target, check and method; the figures that are not asked say why."""
    cards = []
    for model, targets in TWINS.items():
        f = cw.load(model)
        for target in targets:
            records = both_kinds(target, max(n, 4))
            how = replace(QUICK, hearts=max(n, 4))
            card = cw.scorecard(f, records, methods, target, LOCALISATION, settings=how)
            cards.append(card.table.assign(model=model))
    return pd.concat(cards, ignore_index=True)


def on_planted(n: int, methods: Sequence[str]) -> pd.DataFrame:
    """A row a planted model and method: the share of its map on the reason."""
    records = [one.record for one in cw.simulate("NSR", max(n, 4), seed=SEED, fs=FS)]
    cards = []
    for name in REASONS:
        f = measuring(name)
        able = [one for one in methods if _can(one, f, records)]
        card = cw.scorecard(f, records, able, "v", OnReason(name), settings=QUICK)
        cards.append(card.table.assign(model=PLANTED[name].title, reason=REASONS[name]))
    return pd.concat(cards, ignore_index=True)


def _can(method: str, f: cw.Predictor, records: Sequence[cw.Record]) -> bool:
    """Whether a method can explain a planted model at all (it has no convolution, say)."""
    from cofe_widgets.explain.attribution import find

    try:
        find(method).check_model(f, f.tensor(records[0]), "v")
    except cw.ExplainError:
        return False
    return True


def table(found: pd.DataFrame, rows: Sequence[str]) -> pd.DataFrame:
    """Methods and dummies in columns; a star where the best dummy is beaten."""
    star = {"yes": "*", "no": "", "": ""}
    said = [one.note or f"{one.value:.2f}{star[one.beats]}" for one in found.itertuples()]
    wide = found.assign(said=said).pivot_table(
        index=list(rows), columns="method", values="said", aggfunc="first", sort=False
    )
    return wide[list(dict.fromkeys(found.method))].fillna("-")


def quick_card(n: int, methods: Sequence[str]) -> tuple[Scorecard, float]:
    """A quick card of one model and how long it takes, s."""
    f, records = cw.load("nine-resnet"), both_kinds("IAVB", n)
    began = time.perf_counter()
    card = cw.scorecard(f, records, methods, "IAVB", quick=True)
    return card, time.perf_counter() - began


def on_real(methods: Sequence[str], targets: Sequence[str], save: bool) -> None:
    """Print experiment 4 on labelled real records beside the paper's figures."""
    if not scorecard_real.DATA.is_dir():
        print(f"\nlabelled real records: {scorecard_real.DATA} is not there: not asked")
        return
    print(f"\n{scorecard_real.SAID}")
    found, cards = scorecard_real.table(methods, targets)
    print(found.to_string(float_format="{:.2f}".format, na_rep="-"))
    if save:
        found.columns = [" ".join(map(str, names)) for names in found.columns]
        keep("real", [scorecard_real.SAID], found)
    for card in cards:
        drawn = PICTURE.with_name(f"scorecard-real-{card.targets[0]}.svg")
        drawn.write_text(card.figure(what="curves"), "utf-8")
    print(f"curves are in {PICTURE.with_name('scorecard-real-*.svg')}")


def _options(given: Sequence[str]) -> Namespace:
    parser = ArgumentParser(prog="python -m benchmarks scorecard", description=__doc__)
    parser.add_argument("--records", type=int, default=RECORDS, help="hearts or records of each")
    parser.add_argument("--methods", nargs="+", help="attribution methods")
    parser.add_argument("--targets", nargs="+", default=scorecard_real.ASKED, help="of real")
    parser.add_argument("--save", action="store_true", help="for notebook 04")
    parser.add_argument("--all", action="store_true", help="all methods, also slow ones")
    parts = ["twins", "planted", "quick", "quantus", "real"]
    parser.add_argument("--only", nargs="+", choices=parts, default=parts)
    return parser.parse_args(list(given))


def _flat(wide: pd.DataFrame) -> pd.DataFrame:
    """Its rows named by one text each, methods down and rows across, as a page shows it."""
    wide.index = [": ".join(map(str, names)) for names in wide.index]
    return wide.T


def main(given: Sequence[str] = ()) -> None:
    """Print the tables."""
    options = _options(given)
    methods = options.methods or [
        one for one in ATTRIBUTION_METHODS if options.all or one in QUICK_METHODS
    ]
    if "twins" in options.only:
        print(
            f"\nground truth: up to {options.records} simulated hearts that the model recognises; "
        )
        print(
            "  samples that the condition altered by more than 0.03 mV; * beats the best dummy (95 %)"
        )
        found = on_twins(options.records, methods)
        print(table(found, ["model", "target", "check"]).to_string())
        if options.save:
            best = found[found.check == "precision_recall"]
            keep("twins", [TWINS_SAID], _flat(table(best, ["model", "target"])))
    if "planted" in options.only:
        print(
            f"\nplanted models: {max(4, options.records)} simulated sinus rhythms; share of |map| on the reason"
        )
        found = on_planted(options.records, methods)
        print(table(found, ["model", "reason"]).to_string())
        if options.save:
            keep("planted", [PLANTED_SAID], _flat(table(found, ["model", "reason"])))
    if "quick" in options.only:
        card, seconds = quick_card(2 * options.records, methods)
        PICTURE.parent.mkdir(parents=True, exist_ok=True)
        PICTURE.write_text(card.figure(), "utf-8")
        print(f"\na quick card of {2 * options.records} records; its picture is in {PICTURE}")
        print(card.words())
        figure = f"{seconds:.0f} s, {len(methods)} methods and 4 dummies"
        print(Line("quick scorecard", figure, f"<= {BAR_S:.0f} s", seconds <= BAR_S))
    if "quantus" in options.only:
        print("\nagreement with Quantus 0.6")
        print("\n".join(map(str, quantus_lines())))
    if "real" in options.only:
        on_real(options.methods or scorecard_real.METHODS, options.targets, options.save)


if __name__ == "__main__":
    main()
