"""One record after another, aligned: what a map holds about the R-peaks and in each of the 24 segments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from ...ecg import LEADS, Record
from ...errors import EcgError, ExplainError, WrapError
from ...signals.delineation import delineate
from ...vocabulary.segments import SEGMENTS
from ...wrapper import Predictor
from ..attribution import Attribution, attribute

Array = NDArray[np.float64]
#: A beat begins so long before R and ends so long after it (section 2.4), at this rate.
BEFORE_S, AFTER_S, BEAT_FS = 0.3, 0.5, 250.0
BEAT_S = np.arange(round(-BEFORE_S * BEAT_FS), round(AFTER_S * BEAT_FS)) / BEAT_FS
#: A segment that holds less than so many samples of a record is not there.
LEAST_SAMPLES = 0.5
#: Share of the R-peaks that the segments and the detector must both find: noise has beats for one of them.
LEAST_AGREEMENT = 0.8
NO_BEATS = "no beat lies whole in it, with 300 ms before its R-peak and 500 ms after it"

Row = dict[str, Any]


def beats_of(values: Array, fs: float, r_peaks_s: Array) -> Array:
    """Every beat of a record: 300 ms before R to 500 ms after it.

    Parameters
    ----------
    values : ndarray, shape (leads, samples)
    fs : float
    r_peaks_s : ndarray, shape (beats,)

    Returns
    -------
    ndarray, shape (whole beats, leads, 200)
        At 250 Hz; a sample is the mean over its 4 ms, so that nothing of a map falls between two.
        Beats that the record cuts are left out.
    """
    edges = np.append(BEAT_S, AFTER_S)
    samples = values.shape[1]
    whole = (r_peaks_s + edges[0] >= 0) & (r_peaks_s + edges[-1] <= (samples - 1) / fs)
    at = (r_peaks_s[whole, None] + edges) * fs
    left = np.minimum(at.astype(np.intp), samples - 2)
    known = np.nan_to_num(values)
    area = np.concatenate((np.zeros((len(values), 1)), known.cumsum(axis=1)), axis=1)
    integral = area[:, left] + (at - left) * known[:, left]
    return np.diff(integral, axis=2).transpose(1, 0, 2) * (BEAT_FS / fs)


def segment_means(values: Array, soft: NDArray[np.floating[Any]]) -> Array:
    """The mean of values over each segment: ``m_i = x_i . s_i / sum_t s_i`` (section 2.4).

    Parameters
    ----------
    values : ndarray, shape (leads, samples)
        A signal or a map.
    soft : ndarray, shape (leads, samples, 24)
        Probability of each segment, `Delineation.soft`; NaN where nothing can be told.

    Returns
    -------
    ndarray, shape (leads, 24)
        NaN where the segment is absent: less than half a sample of it in the record.
    """
    there = np.isfinite(soft).all(axis=2) & np.isfinite(values)
    weight = np.where(there[..., None], np.nan_to_num(soft), 0.0)
    total = weight.sum(axis=1)
    found = np.einsum("lt,lts->ls", np.where(there, np.nan_to_num(values), 0.0), weight)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(total >= LEAST_SAMPLES, found / total, np.nan))


@dataclass(frozen=True)
class Aligned:
    """Of records, a row each: what a model answers, and its map aligned. Pure, and pickles to workers.

    Parameters
    ----------
    f : Predictor
    target, method : str
        Output, and one of ``cw.ATTRIBUTION_METHODS``.
    options : mapping
        Of the method.

    Notes
    -----
    ``Aligned(f, "LBBB")(records)`` gives dicts with ``answers`` (outputs,); ``relevance``,
    ``amplitude`` (12, 24), the mean of |map| and |signal| (less its median) in each segment, over that in
    the whole record: 1 is an even spread; ``seconds`` (12, 24), how long each segment lasts in a beat;
    ``signal`` and ``attribution`` (12, 200), median beats, the latter of |map| over its mean. Leads that
    the model does not see are NaN. A record that cannot be aligned has ``failure`` and nothing else.
    """

    f: Predictor
    target: str
    method: str = "saliency"
    options: Mapping[str, Any] = field(default_factory=dict)

    #: What a row has beside ``answers``.
    arrays: ClassVar[tuple[str, ...]] = (
        "relevance",
        "amplitude",
        "seconds",
        "signal",
        "attribution",
    )

    def __call__(self, records: Sequence[Record]) -> list[Row]:
        """The rows of records."""
        answers = self._each(self.f.predict, list(records))
        some = [one for one, answer in zip(records, answers, strict=True) if _is(answer)]
        maps = iter(self._each(self._attribute, some))
        found: list[Row] = []
        for answer in answers:
            if not _is(answer):
                found.append({"failure": str(answer)})
                continue
            shade = next(maps)
            row: Row = self._row(shade) if _is(shade) else {"failure": str(shade)}
            if "failure" not in row:
                told = [answer[name] for name in self.f.outputs]
                row["answers"] = np.array(told, np.float32)
            found.append(row)
        return found

    def _attribute(self, records: list[Record]) -> list[Attribution]:
        return attribute(records, self.f, self.target, self.method, **self.options)

    @staticmethod
    def _each(do: Any, records: list[Record]) -> list[Any]:
        """What is done with all at once, or one by one where one of them spoils that; errors in their place."""
        if not records:
            return []
        try:
            return list(do(records))
        except (EcgError, ExplainError, WrapError):
            pass
        out: list[Any] = []
        for record in records:
            try:
                out += do([record])
            except (EcgError, ExplainError, WrapError) as error:
                out.append(error)
        return out

    @staticmethod
    def _row(shade: Attribution) -> Row:
        """The map of one record, aligned."""
        record = shade.record
        try:
            where = delineate(record)
        except EcgError as error:
            return {"failure": str(error)}
        if where.soft is None:
            return {
                "failure": "longer than five minutes: give parts of it, record.crop(start, end)"
            }
        size = np.abs(shade.values.astype(float))
        mean = float(np.nanmean(size)) if np.isfinite(size).any() else 0.0
        beats = beats_of(record.signal.astype(float), record.fs, where.r_peaks_s)
        if not len(beats):
            return {"failure": NO_BEATS}
        if where.agreement < LEAST_AGREEMENT:
            said = f"only {where.agreement:.0%} of its R-peaks are found by segments and detector alike"
            return {"failure": said}
        if not mean > 0:
            return {"failure": "its map is zero everywhere"}
        deflection = np.abs(record.signal - np.nanmedian(record.signal, axis=1, keepdims=True))
        on_beats = beats_of(size / mean, record.fs, where.r_peaks_s)
        row: Row = {
            "relevance": segment_means(size / mean, where.soft),
            "amplitude": segment_means(deflection / np.nanmean(deflection), where.soft),
            "seconds": np.nansum(where.soft, axis=1) / record.fs / max(len(where.r_peaks_s), 1),
            "signal": np.median(beats, axis=0),
            "attribution": np.median(on_beats, axis=0),
        }
        return {name: in_twelve(one, record.leads) for name, one in row.items()}


def in_twelve(values: Array, leads: Sequence[str]) -> NDArray[np.float32]:
    """Rows of leads in their places of twelve; NaN for those that are not there."""
    out = np.full((len(LEADS), values.shape[1]), np.nan, np.float32)
    for lead, row in zip(leads, values, strict=True):
        if lead in LEADS:
            out[LEADS.index(lead)] = row
    return out


def _is(found: Any) -> bool:
    return not isinstance(found, Exception)


#: Shapes of what a row holds.
SHAPES = {
    **dict.fromkeys(("relevance", "amplitude", "seconds"), (len(LEADS), len(SEGMENTS))),
    **dict.fromkeys(("signal", "attribution"), (len(LEADS), len(BEAT_S))),
}
