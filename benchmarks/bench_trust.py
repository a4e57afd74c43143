"""The yardsticks of trust cards and the errors of narratives, measured again on real recordings.

``python -m benchmarks trust`` needs the folder of real records that the recipes use, and says so when
it is not there. Every line says what the package's constant is, and whether it still holds.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from math import inf
from statistics import median

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cofe_widgets.audit.trust import trust_card
from cofe_widgets.audit.trust.rows.reconstruction import R_LOW, R_MEDIAN
from cofe_widgets.audit.trust.rows.robustness import NOISE_HIGH, NOISE_LOW, NOISE_MEDIAN
from cofe_widgets.ecg import INDEPENDENT_LEADS, Record
from cofe_widgets.signals import measured
from cofe_widgets.signals.criteria.diagnoses import FEW_P, IRREGULAR_SHARE, MOST_P
from cofe_widgets.signals.criteria.infarction import PAIRS
from cofe_widgets.train.data.records import RealRecords, clean, load_real
from cofe_widgets.vocabulary.measurements import MEASUREMENTS, OF_RECORD

from .bench_counterfactuals import DATA, held_back

#: Muscle and mains lie above this; white noise as strong fills the rest of the band, too.
NOISE_HZ = 45.0
#: Cards made each way, at most.
CARDS = 20
#: Amplitudes of which a change counts where two neighbouring leads share it.
IN_LEADS = tuple(f"{wave}_amplitude_mv" for wave in ("q", "r", "s", "j", "st", "t"))


@dataclass(frozen=True)
class Line:
    """One yardstick: what was measured, the constant in use, whether it holds."""

    name: str
    figure: str
    constant: str
    holds: bool

    def __str__(self) -> str:
        kept = "holds" if self.holds else "MEASURE AGAIN"
        return f"  {self.name:<38}{self.figure:<46}{self.constant:<22}{kept}"


def record_of(signal: NDArray[np.float32]) -> Record:
    """A stored signal as a twelve-lead record."""
    return Record(signal, 250, INDEPENDENT_LEADS).standard()


def halves(real: RealRecords) -> pd.DataFrame:
    """How every number differs between the halves of each record; index the rhythm.

    Of numbers of leads (under ``name in leads``), the largest change that two neighbours share.
    """
    rows = []
    for signal in real.signals:
        first, last = (measured(record_of(signal).crop(a, a + 5.0)) for a in (0.0, 5.0))
        row = {
            name: abs(MEASUREMENTS[name].change(first.values[name], last.values[name]))
            for name in OF_RECORD
        }
        for name in IN_LEADS:
            by = {lead: last.leads[lead][name] - first.leads[lead][name] for lead in first.leads}
            shared = (min(abs(by[a]), abs(by[b])) for a, b in PAIRS if by[a] * by[b] > 0)
            row[f"{name} in leads"] = max(shared, default=0.0)
        rows.append(row)
    return pd.DataFrame(rows, index=list(real.rhythms))


def repeatability(real: RealRecords) -> list[Line]:
    """What halves of a recording differ by in 90 % of recordings, beside what counts as a change."""
    table = halves(real)
    sr, af = (table.loc[rhythm].quantile(0.9) for rhythm in ("SR", "AF"))
    lines = []
    for name in table:
        about = MEASUREMENTS[name.removesuffix(" in leads")]
        in_record = name in IN_LEADS  # what counts is the change that neighbours share
        if name.startswith(("rr_", "heart")) or about.least == inf or in_record:
            continue  # RR differs between halves because hearts do; its error is the detector's
        enough = about.least >= sr[name] and not about.least_irregular < af[name]
        figure = f"SR {sr[name]:.3g}, AF {af[name]:.3g} {about.unit}"
        used = f"{about.least:g}, {about.least_irregular:g}"
        lines.append(Line(name, figure, used, bool(enough)))
    return lines


def rhythm_limits(real: RealRecords) -> list[Line]:
    """How well few P waves and irregular RR tell fibrillation from sinus rhythm."""
    values = [measured(record_of(signal)).values for signal in real.signals]
    af = real.rhythms == "AF"
    share = np.array([one["p_presence"] for one in values])
    rr = np.array([one["rr_rmssd_ms"] / one["rr_mean_ms"] for one in values])
    few, irregular = share < FEW_P, rr > IRREGULAR_SHARE
    both = few & irregular

    def line(name: str, found: NDArray[np.bool_], constant: str, least: float) -> Line:
        figure = (
            f"AF {found[af].mean():.0%}, SR {found[~af].mean():.0%} of n {af.sum()}, {(~af).sum()}"
        )
        apart = found[af].mean() - found[~af].mean()
        return Line(name, figure, constant, bool(abs(apart) >= least))

    return [
        line("few beats with a P wave", few, f"below {FEW_P:g}", 0.9),
        line("most beats with a P wave", share >= MOST_P, f"from {MOST_P:g}", 0.9),
        line("RMSSD over mean RR", irregular, f"above {IRREGULAR_SHARE:g}", 0.75),
        line("both: what defines fibrillation", both, "", 0.9),
    ]


def noise_uv(real: RealRecords) -> NDArray[np.float64]:
    """White noise as strong as each record's content above `NOISE_HZ`, uV RMS."""
    from scipy.signal import butter, sosfiltfilt

    band = butter(4, NOISE_HZ, "high", fs=250, output="sos")
    fast = sosfiltfilt(band, np.asarray(real.signals, float), axis=2)
    blocks = np.sqrt(np.square(fast.reshape(len(real), 8, 20, -1)).mean(axis=3))
    whole = np.sqrt(125 / (125 - NOISE_HZ))
    return 1000 * whole * np.median(blocks, axis=2).mean(axis=1)


def noise_lines(real: RealRecords) -> list[Line]:
    """Noise of real resting ECGs."""
    found = np.quantile(noise_uv(real), (0.05, 0.5, 0.95))
    return [
        Line(
            f"noise, {share} of real ECGs",
            f"{uv:.1f} uV RMS",
            f"{used:g}",
            abs(uv / used - 1) < 0.2,
        )
        for share, uv, used in zip(
            ("5 %", "half", "95 %"), found, (NOISE_LOW, NOISE_MEDIAN, NOISE_HIGH), strict=True
        )
    ]


def redrawing(real: RealRecords) -> list[Line]:
    """How well held-back records are redrawn."""
    from cofe_widgets.generative.inversion import invert

    r = [float(invert([record_of(signal)]).correlation[0]) for signal in real.signals]
    low, half = np.quantile(r, (0.05, 0.5))
    return [
        Line(
            "redrawing, half of held-back ECGs",
            f"r {half:.3f}",
            f"{R_MEDIAN:g}",
            abs(half - R_MEDIAN) < 0.01,
        ),
        Line("redrawing, 5 % below", f"r {low:.3f}", f"{R_LOW:g}", abs(low - R_LOW) < 0.04),
    ]


def latent_lines(real: RealRecords) -> list[Line]:
    """Whether held-back records lie as far out as those that the encoder carries along."""
    from cofe_widgets.audit.trust.rows.distances import bank, coordinates, distances
    from cofe_widgets.generative.networks import networks

    encoder = networks().encoder
    known = bank(encoder)
    if known is None:
        return [Line("latent distances", "the encoder carries no real ECGs", "", False)]
    signals = np.stack([record_of(signal).signal for signal in real.signals])
    beats = [r_s[np.isfinite(r_s)].astype(float) for r_s in real.r_s]
    z = coordinates(encoder, signals, beats)
    z = z[np.isfinite(z).all(axis=1)]
    lines = []
    for name, found, limits in (
        ("from the mean", np.linalg.norm(z, axis=1), known.far),
        ("to the nearest", distances(z, known.z).min(axis=1), known.nearest),
    ):
        high = np.quantile(found, (0.95, 0.99))
        figure = f"held back 95 % {high[0]:.1f}, 99 % {high[1]:.1f} SD (n {len(z)})"
        used = f"carried {limits[0]:.1f}, {limits[1]:.1f}"
        lines.append(Line(f"latent distance {name}", figure, used, bool(high[0] < 1.2 * limits[0])))
    return lines


def cards() -> None:
    """Cards and narratives of held-back records: how they judge, what they cost."""
    import cofe_widgets as cw

    f = cw.load("af-resnet")
    spent, judged, headlines = [], {}, []
    for source, target in (("SR", "AF"), ("AF", "SR")):
        records = held_back(source)
        answers = f.predict(records)
        asked = [r for r, a in zip(records, answers, strict=True) if a[target] < 0.5][:CARDS]
        for cf in cw.counterfactual(asked, f, target=target):
            began = time.process_time()
            card = trust_card(cf, f)
            spent.append(1000 * (time.process_time() - began))
            headlines.append(f"{card.headline}\n    {cf.words().text}")
            for row in card.rows:
                judged.setdefault(row.name, Counter())[row.verdict] += 1
    print(
        f"\ntrust cards of {len(spent)} held-back records: {median(spent):.0f} ms of one core (bar 300)"
    )
    print("\n".join(f"  {name:<38}{dict(counts)}" for name, counts in judged.items()))
    print("\n".join(f"  {line}" for line in headlines))


def main() -> None:
    """Print the yardsticks, then the cards."""
    if not DATA.is_dir():
        print(f"\ntrust: no real records at {DATA}, nothing measured")
        return
    import torch

    from cofe_widgets.models.filters import BandPass

    real = load_real(DATA)
    real = real.where(real.millivolts)
    known = real.where(real.rhythms != "")
    held = real.where(real.splits != "train")
    filtered = BandPass(250.0)(torch.from_numpy(np.asarray(held.signals))).numpy()
    held = held.where(clean(held, filtered))
    lines = [
        *repeatability(known.where(known.splits != "train")),
        *rhythm_limits(known),
        *noise_lines(known),
        *redrawing(held),
        *latent_lines(held),
    ]
    print("\nyardsticks of trust           measured on real recordings         in use")
    print(*lines, sep="\n")
    cards()


if __name__ == "__main__":
    main()
