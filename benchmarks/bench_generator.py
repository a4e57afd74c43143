"""The generator and its encoder: what they redraw, and how real what they draw of nobody looks.

Recordings that no training saw (val and test splits, in mV). An AUC of 0.5 means that a classifier
cannot tell drawn from real. It takes some ten minutes; ``python -m benchmarks.bench_generator
FIGURE.png`` also draws six redrawn records and six samples.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from cofe_widgets.ecg import INDEPENDENT_LEADS, LEADS, Record, expand_matrix
from cofe_widgets.generative import inversion
from cofe_widgets.generative.networks import networks
from cofe_widgets.generative.prior import normal_styles
from cofe_widgets.models.architectures.generator import (
    CODES,
    LAYERS,
    NOISE_INPUT,
    SAMPLES,
    STYLE,
    Latent,
    agreement,
)
from cofe_widgets.signals import measure, r_peaks
from cofe_widgets.train.data.records import load_real
from cofe_widgets.train.data.source import filtered

from .bench_realism import SHARED
from .separable import told_apart

Array = NDArray[np.float64]

FS = 250.0
BANDS_HZ = ((0.5, 1), (1, 4), (4, 15), (15, 25), (25, 40))
TOLERANCE_S = 0.02
#: Records, and samples, in every comparison of reality.
COMPARED = 128
MEASURED = {
    "heart_rate_bpm": "heart rate",
    "pr_ms": "PR",
    "qrs_ms": "QRS",
    "qt_ms": "QT",
    "p_amplitude_mv": "P amplitude",
    "r_amplitude_mv": "R amplitude",
    "t_amplitude_mv": "T amplitude",
}


def as_records(signals: torch.Tensor) -> list[Record]:
    """Twelve-lead records of eight leads ``(n, 8, 2500)``, mV."""
    return [Record(expand_matrix() @ one.numpy(), FS, LEADS) for one in signals]


# -- what is redrawn ------------------------------------------------------------------------------


@torch.no_grad()
def redrawn(x: torch.Tensor, r_s: torch.Tensor) -> tuple[Latent, torch.Tensor]:
    """Latents of records and what G draws of them."""
    nets = networks()
    parts = [nets.encoder(a, b) for a, b in zip(x.split(32), r_s.split(32), strict=True)]
    fields = Latent.__dataclass_fields__
    latent = Latent(*(torch.cat([getattr(part, k) for part in parts]) for k in fields))
    drawn = torch.cat(
        [
            nets.generator(Latent(*(getattr(latent, k)[rows] for k in fields)))
            for rows in torch.arange(len(x)).split(32)
        ]
    )
    return latent, drawn


def kept_beats(records: list[Record], drawn: list[Record]) -> Array:
    """R-peaks of each record that the drawing has within 20 ms, and all it has: ``(n, 2)``."""
    out = np.zeros((len(records), 2))
    for row, one, other in zip(out, records, drawn, strict=True):
        true, ours = r_peaks(one), r_peaks(other)
        near = np.abs(true[:, None] - ours).min(axis=1, initial=np.inf) <= TOLERANCE_S
        row[:] = near.sum(), len(true)
    return out


def reconstruction(x: torch.Tensor, r_s: torch.Tensor, refined: int) -> pd.Series:
    """Medians of r and RMSE of encoding alone and after 100 steps, and the share of beats kept."""
    latent, drawn = redrawn(x, r_s)
    r, rmse = agreement(drawn, x)
    out = {"records": len(x), "r": r.median(), "RMSE uV": rmse.median()}
    kept = kept_beats(as_records(x), as_records(drawn))
    out["R-peaks kept, median record"] = np.median(kept[:, 0] / kept[:, 1])
    out["R-peaks kept, all together"] = kept[:, 0].sum() / kept[:, 1].sum()
    out["records with all R-peaks kept"] = (kept[:, 0] == kept[:, 1]).mean()
    some = torch.arange(0, len(x), max(1, len(x) // refined))
    fields = Latent.__dataclass_fields__
    chosen = Latent(*(getattr(latent, k)[some] for k in fields))
    nets = networks()
    better = inversion.refined(chosen, x[some], 100)
    with torch.no_grad():
        r, rmse = agreement(nets.generator(better), x[some])
    out |= {"refined": len(some), "r refined": r.median(), "RMSE uV refined": rmse.median()}
    return pd.Series({k: float(v) for k, v in out.items()})


# -- what is drawn of nobody ----------------------------------------------------------------------


@torch.no_grad()
def prior(styles: torch.Tensor, latent: Latent, noise: bool) -> torch.Tensor:
    """Samples with the given styles on the beats of real records: morphology alone is compared."""
    n = len(styles)
    codes = torch.zeros(n, latent.r_s.shape[1], CODES)
    none = torch.zeros(n, SAMPLES // 4)
    generator = networks().generator
    parts = [
        generator(Latent(styles[k], latent.r_s[k], codes[k], none[k], torch.ones(len(k))), noise)
        for k in torch.arange(n).split(32)
    ]
    return torch.cat(parts)


@torch.no_grad()
def styles_of(kind: str, n: int, truncation: float) -> torch.Tensor:
    """Styles of the mapping network, or of the normal distribution of encoded styles."""
    nets, random = networks(), torch.Generator().manual_seed(0)
    if kind == "mapping network":
        z = torch.randn(n, NOISE_INPUT, generator=random)
        return nets.generator.styles_from_noise(z, truncation)
    z = torch.randn(n, LAYERS * STYLE, generator=random)
    return normal_styles(nets.encoder, z, truncation)


def spectrum(x: torch.Tensor) -> dict[str, float]:
    """Mean power of each band, dB."""
    hz = torch.fft.rfftfreq(x.shape[2], 1 / FS)
    power = torch.fft.rfft(x).abs().square().mean(dim=(0, 1))
    return {
        f"{low:g}-{high:g} Hz": 10 * float(power[(hz >= low) & (hz < high)].mean().log10())
        for low, high in BANDS_HZ
    }


def distances(real: pd.DataFrame, drawn: pd.DataFrame) -> pd.Series:
    """Kolmogorov-Smirnov distance of every measurement where it was found."""
    return pd.Series(
        {
            title: ks_2samp(real[name].dropna(), drawn[name].dropna()).statistic
            for name, title in MEASURED.items()
            if drawn[name].notna().any()
        }
    )


def reality(x: torch.Tensor, r_s: torch.Tensor, epochs: int = 15) -> None:
    """Print spectra, distributions and classifiers for every kind of drawing."""
    latent, drawn = redrawn(x, r_s)
    n = len(x)
    with torch.no_grad():
        noisy = torch.cat(
            [
                networks().generator(
                    Latent(*(getattr(latent, k)[rows] for k in Latent.__dataclass_fields__)), True
                )
                for rows in torch.arange(n).split(32)
            ]
        )
    kinds: dict[str, Callable[[], torch.Tensor]] = {
        "redrawn": lambda: drawn,
        "redrawn, noise": lambda: noisy,
        "normal in W+": lambda: prior(styles_of("normal", n, 1.0), latent, False),
        "normal in W+, noise": lambda: prior(styles_of("normal", n, 1.0), latent, True),
        "mapping, noise": lambda: prior(styles_of("mapping network", n, 1.0), latent, True),
    }
    compare(x, kinds, epochs)


def compare(
    x: torch.Tensor, kinds: dict[str, Callable[[], torch.Tensor]], epochs: int = 15
) -> None:
    """Print how each kind of drawing differs from the real records ``x``."""
    n = len(x)
    real = as_records(x)
    truth, own = measure(real), spectrum(x)
    bands, ks = {}, {}
    print(f"\n  AUC (95 %) of telling {n} drawn from {n} real: 10 s, median beat, measurements")
    for kind, make in kinds.items():
        made = make()
        records = as_records(made)
        bands[kind] = {band: db - own[band] for band, db in spectrum(made).items()}
        ks[kind] = distances(truth, measure(records))
        apart = told_apart(real, records, [str(i) for i in range(n)] * 2, epochs)
        each = [f"{a:.2f} ({low:.2f}-{high:.2f})" for a, low, high in apart.values()]
        print(f"  {kind:<22} {'  '.join(each)}", flush=True)
    print("\n  power against the real records, dB")
    print(pd.DataFrame(bands).T.round(1).to_string())
    print(
        "\n  Kolmogorov-Smirnov distance of measurements; last, of two halves of the real records"
    )
    halves = distances(truth.iloc[::2], truth.iloc[1::2])
    print(pd.DataFrame(ks | {"real, halves": halves}).T.round(2).to_string())


def picture(x: torch.Tensor, r_s: torch.Tensor, path: Path, rows: int = 6) -> None:
    """Leads II and V1 of real records in black, redrawn in red, and of samples in blue."""
    from matplotlib.figure import Figure

    some = torch.arange(0, len(x), len(x) // rows)[:rows]
    latent, drawn = redrawn(x[some], r_s[some])
    made = prior(styles_of("normal", rows, 1.0), latent, True)
    figure = Figure(figsize=(15, 2.0 * rows), layout="constrained")
    axes = figure.subplots(rows, 2)
    time = np.arange(1250) / FS
    for row, (left, right) in enumerate(axes):
        for k, lead in enumerate(("II", "V1")):
            at = INDEPENDENT_LEADS.index(lead)
            left.plot(time, x[some][row, at, :1250] - 2 * k, "k", lw=0.8)
            left.plot(time, drawn[row, at, :1250] - 2 * k, "C3", lw=0.7)
            right.plot(time, made[row, at, :1250] - 2 * k, "C0", lw=0.8)
        for axis in (left, right):
            axis.set_ylim(-4, 2)
            axis.set_yticks([])
    figure.savefig(path, dpi=80)


def main(figure: Path | None = None) -> None:
    """Print all of it."""
    if not SHARED.is_dir():
        print(f"\ngenerator: skipped, no real recordings: {SHARED} does not exist")
        return
    real = load_real(SHARED / "records")
    print("\ngenerator and encoder on recordings that no training saw (mV, 0.5-40 Hz)")
    held: dict[str, tuple[torch.Tensor, torch.Tensor]] = {
        split: filtered(real.where((real.splits == split) & real.millivolts))
        for split in ("val", "test")
    }
    table = {split: reconstruction(*parts, refined=24) for split, parts in held.items()}
    print(pd.DataFrame(table).round(3).to_string())
    x, r_s = (torch.cat([held[s][k] for s in held]) for k in (0, 1))
    some = torch.linspace(0, len(x) - 1, COMPARED).long()
    reality(x[some], r_s[some])
    if figure is not None:
        picture(x, r_s, figure)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
