"""How well two sets of records are told apart: by a small network, and by their measurements."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import rankdata

from cofe_widgets.ecg import INDEPENDENT_LEADS, LEADS, Record
from cofe_widgets.errors import EcgError
from cofe_widgets.signals import measure
from cofe_widgets.signals.filters import pass_band
from cofe_widgets.signals.median_beat import median_beat

Array = NDArray[np.float64]

SECONDS, FS, FOLDS = 10.0, 250.0, 5


def bootstrap(
    statistic: Callable[..., float], *samples: Array, times: int = 400, seed: int = 0
) -> tuple[float, float]:
    """95 % interval of a statistic of independent samples, each drawn again with replacement."""
    rng = np.random.default_rng(seed)
    values = [
        statistic(*(rng.choice(sample, len(sample)) for sample in samples)) for _ in range(times)
    ]
    return float(np.quantile(values, 0.025)), float(np.quantile(values, 0.975))


def auc(positive: Array, negative: Array) -> float:
    """Area under the ROC curve: how often a positive scores above a negative."""
    ranks = rankdata(np.concatenate([positive, negative]))
    n, m = len(positive), len(negative)
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


def folds_of(groups: list[str], seed: int = 0) -> NDArray[np.int64]:
    """Fold of each record; records of one person share theirs."""
    names = np.unique(groups)
    place = np.random.default_rng(seed).permutation(len(names)) % FOLDS
    return np.asarray([place[np.searchsorted(names, group)] for group in groups])


class SmallNet(torch.nn.Sequential):
    """Four strided convolutions, average and largest value over time, one logit."""

    def __init__(self, channels: int = 8) -> None:
        widths, layers = (channels, 24, 32, 48, 48), []
        for before, after in pairwise(widths):
            layers += [
                torch.nn.Conv1d(before, after, 7, stride=2, padding=3),
                torch.nn.BatchNorm1d(after),
                torch.nn.ReLU(),
            ]
        super().__init__(*layers)
        self.head = torch.nn.Linear(2 * widths[-1], 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in list(self)[:-1]:
            x = layer(x)
        return self.head(torch.cat([x.mean(dim=2), x.amax(dim=2)], dim=1))[:, 0]


def cnn_scores(
    x: NDArray[np.float32], y: NDArray[np.bool_], fold: NDArray[np.int64], epochs: int
) -> Array:
    """Cross-validated logits of `SmallNet` for arrays ``(n, leads, samples)`` in mV.

    Trained on random crops of four fifths of the length; the mean of three crops is tested. The
    last weights count: nothing of the held-out fold chooses among them.
    """
    torch.manual_seed(0)
    values, target = torch.from_numpy(x), torch.from_numpy(y.astype(np.float32))
    length, scores = round(0.8 * x.shape[2]), np.zeros(len(x))
    for held in range(FOLDS):
        learn = torch.from_numpy(np.flatnonzero(fold != held))
        test = np.flatnonzero(fold == held)
        net = SmallNet(x.shape[1])
        share = target[learn].mean()
        loss_of = torch.nn.BCEWithLogitsLoss(pos_weight=(1 - share) / share)
        steps = epochs * (len(learn) // 32 + 1)
        optimiser = torch.optim.AdamW(net.parameters(), 3e-3, weight_decay=1e-2)
        rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=steps)
        for _ in range(steps):
            rows = learn[torch.randint(len(learn), (32,))]
            start = int(torch.randint(x.shape[2] - length + 1, ()))
            loss = loss_of(net(values[rows, :, start : start + length]), target[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            rate.step()
        net.eval()
        starts = np.linspace(0, x.shape[2] - length, 3).astype(int)
        with torch.no_grad():
            logits = [net(values[test, :, s : s + length]) for s in starts]
        scores[test] = torch.stack(logits).mean(dim=0).numpy()
    return scores


def logistic_scores(table: pd.DataFrame, y: NDArray[np.bool_], fold: NDArray[np.int64]) -> Array:
    """Cross-validated logits of ridge logistic regression on measurements; NaN is a value, too."""
    values = table.to_numpy(float)
    missing = np.isnan(values)
    scores = np.zeros(len(values))
    for held in range(FOLDS):
        learn = fold != held
        middle = np.nan_to_num(np.nanmedian(values[learn], axis=0))
        filled = np.hstack([np.where(missing, middle, values), missing])
        spread = filled[learn].std(axis=0)
        scaled = (filled - filled[learn].mean(axis=0)) / np.where(spread > 1e-9, spread, np.inf)
        scaled = np.hstack([scaled.clip(-5, 5), np.ones((len(scaled), 1))])
        sign = np.where(y[learn], 1.0, -1.0)

        def cost(w: Array, x: Array = scaled[learn], sign: Array = sign) -> tuple[float, Array]:
            margin = sign * (x @ w)
            pull = -sign / (1 + np.exp(margin.clip(-50, 50)))
            value = np.logaddexp(0, -margin).mean() + 0.005 * (w[:-1] @ w[:-1])
            return float(value), x.T @ pull / len(x) + 0.01 * np.append(w[:-1], 0)

        best = minimize(cost, np.zeros(scaled.shape[1]), jac=True, method="L-BFGS-B").x
        scores[~learn] = scaled[~learn] @ best
    return scores


def strips(records: list[Record]) -> NDArray[np.float32]:
    """Eight leads at 250 Hz, 0.5-40 Hz, amplitude kept: ``(n, 8, 2500)`` mV."""
    out = []
    for record in records:
        signal = record.select(INDEPENDENT_LEADS).resample(FS).signal
        signal = pass_band(signal, FS, 0.5, 40.0)[:, : round(SECONDS * FS)]
        out.append(np.pad(signal, ((0, 0), (0, round(SECONDS * FS) - signal.shape[1])), "edge"))
    return np.asarray(out, np.float32)


def single_beats(records: list[Record]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Median beats ``(n, 8, 188)`` at 250 Hz, 0.25 s before R to 0.5 s after, and whose they are."""
    rows = [LEADS.index(lead) for lead in INDEPENDENT_LEADS]
    out, kept = [], []
    for i, record in enumerate(records):
        try:
            beat = median_beat(record)
        except EcgError:
            continue
        smooth = pass_band(beat.signal[rows], beat.fs, high_hz=40.0)
        inside = (beat.time_ms >= -250) & (beat.time_ms < 500)
        if np.isfinite(smooth[:, inside]).all():
            out.append(smooth[:, inside][:, ::2])
            kept.append(i)
    return np.asarray(out, np.float32), np.asarray(kept)


def told_apart(
    first: list[Record], second: list[Record], groups: list[str], epochs: int = 30
) -> dict[str, tuple[float, float, float]]:
    """AUC (with 95 % interval) of telling ``second`` from ``first``: strip, beat, measurements."""
    records = first + second
    y = np.arange(len(records)) >= len(first)
    fold = folds_of(groups)

    def summary(score: Array, y: NDArray[np.bool_]) -> tuple[float, float, float]:
        return (auc(score[y], score[~y]), *bootstrap(auc, score[y], score[~y]))

    beats, kept = single_beats(records)
    return {
        "10 s": summary(cnn_scores(strips(records), y, fold, epochs), y),
        "median beat": summary(cnn_scores(beats, y[kept], fold[kept], 2 * epochs), y[kept]),
        "measurements": summary(logistic_scores(measure(records), y, fold), y),
    }
