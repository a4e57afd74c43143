"""Real sinus records with another PR interval: what first-degree block is, and nothing beside it.

Real records of first-degree block are few, and what is common to them is not the PR interval alone.
Here the same patient's record is shown with a long PR and with a normal one, the QRS now and then
broader or narrower: time is moved along the beats (`generative.time_warp`), every wave keeps its shape.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from ...ecg import LEADS, Record
from ...errors import EcgError
from ...generative.time_warp import LEAST_PAUSE_S, TimeEdit, Timeline, carry, parts_of
from ...models.phase import pad_beats
from ...signals.median_beat import MedianBeat, median_beat
from .records import FS, SAMPLES

#: PR intervals that are shown, s: first-degree block, and none. Nobody is asked about those between.
LONG_PR_S, NORMAL_PR_S = (0.215, 0.32), (0.125, 0.185)
#: Shortest PR segment and least share of JT that are left.
LEAST_SEGMENT_S, LEAST_JT = 0.02, 0.8
#: Share of the records whose QRS changes too, and the log of the factor on it.
RESHAPED, QRS_LOG = 0.4, (-0.1, 0.35)
#: Share of beats with a P wave below which a record is no case.
SURE_P = 0.8


class MovedPr:
    """The records of a set whose PR interval can be moved, and their moving.

    Parameters
    ----------
    signals : (n, 12, 2500) float32 mV
    sinus : (n,) bool
        Records in sinus rhythm of which first-degree block is known to be there or not.

    Attributes
    ----------
    can : (n,) bool
        Records in whose median beat a P wave is surely there, and which have room for a longer PR.
    """

    def __init__(self, signals: NDArray[np.float32], sinus: NDArray[np.bool_]) -> None:
        self.signals, self.can = signals, np.zeros(len(signals), bool)
        self.pr_s, self.least_s, self.most_s = (np.full(len(signals), np.nan) for _ in range(3))
        self.r_s: dict[int, NDArray[np.float32]] = {}
        self.parts: dict[int, list[float]] = {}
        for i in np.flatnonzero(sinus):
            try:
                beat = median_beat(Record(signals[i], FS, LEADS))
            except EcgError:
                continue
            self._look(int(i), beat)

    def _look(self, i: int, beat: MedianBeat) -> None:
        """Note where the parts of a record's beats lie, if its P waves are sure."""
        sure = len(beat.has_p) and beat.has_p.mean() >= SURE_P and np.isfinite(beat.p.onset_ms)
        if not sure or {"P", "P onset"} & set(beat.doubts):
            return
        parts = parts_of(beat)
        p, _, q, j, jt = parts
        room = float(np.nanmin(beat.rr_ms)) / 1000 - LEAST_PAUSE_S - q - j - LEAST_JT * jt
        self.pr_s[i] = (beat.qrs.onset_ms - beat.p.onset_ms) / 1000
        self.least_s[i], self.most_s[i] = p + LEAST_SEGMENT_S, room
        self.r_s[i], self.parts[i] = pad_beats(beat.r_peaks_s), parts
        self.can[i] = room > LONG_PR_S[0] + 0.01

    def __call__(
        self, rng: np.random.Generator, rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.bool_]]:
        """Records of ``rows``, all of which `can`, half of them with a long PR interval.

        Returns
        -------
        signals : (len(rows), 12, 2500) mV
        long : (len(rows),) bool, whether the PR interval is long now
        reshaped : (len(rows),) bool, whether the QRS is broader or narrower than it was
        """
        n = len(rows)
        long = (rng.random(n) < 0.5) | (self.least_s[rows] > NORMAL_PR_S[1])
        low = np.where(long, LONG_PR_S[0], np.maximum(self.least_s[rows], NORMAL_PR_S[0]))
        high = np.where(long, np.minimum(LONG_PR_S[1], self.most_s[rows]), NORMAL_PR_S[1])
        asked = rng.uniform(np.minimum(low, high), high) - self.pr_s[rows]
        reshaped = rng.random(n) < RESHAPED
        qrs = rng.uniform(*QRS_LOG, n) * reshaped
        still = torch.zeros(n, dtype=torch.float64)
        r_s = torch.from_numpy(np.stack([self.r_s[int(i)] for i in rows]))
        parts = torch.tensor([self.parts[int(i)] for i in rows])
        timeline = Timeline.of(r_s, parts, SAMPLES, FS)
        edit = TimeEdit(
            spread=still,
            irregularity=still,
            rate=still,
            pattern=torch.zeros_like(timeline.times_s[:, 1:]),
            pr_s=torch.from_numpy(asked),
            qrs=torch.from_numpy(qrs),
            qt=still,
        )
        moved, _ = carry(torch.from_numpy(self.signals[rows]), timeline, edit, FS, SAMPLES)
        return moved.numpy().astype(np.float32), long, reshaped
