"""What a rhythm network that nobody here wrote makes of both ECGs, where it is installed."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from typing import Any

import numpy as np

from ....ecg import Record
from ....explain.counterfactual.card import TrustRow, Verdict
from ..context import TrustContext

NAME = "Outside opinion of the rhythm"
#: Targets that are rhythms, and what openecg calls them.
RHYTHMS = {"AF": "afib", "SR": "sinus"}
#: It looks at ten seconds of lead II at this rate.
FS = 500.0


def judge(context: TrustContext) -> list[TrustRow]:
    """One row, where ``openecg`` is installed and the target is a rhythm that it knows; else none."""
    cf = context.cf
    known = RHYTHMS.get(cf.target)
    if known is None or not installed():
        return []
    before, after = rhythm(cf.original), rhythm(cf.record(1.0))
    towards = bool(cf.predictions[-1] >= cf.predictions[0])
    agrees = (after == known) is towards
    verdict: Verdict = "good" if agrees else "mind"
    sentence = f"openecg calls the original {before} and the changed ECG {after}."
    yardstick = f"{'' if towards else 'not '}{known}"
    return [TrustRow(NAME, float(agrees), "", yardstick, verdict, sentence)]


def installed() -> bool:
    """Whether ``openecg`` and what runs it are there (the extra ``outside``)."""
    return find_spec("openecg") is not None and find_spec("onnxruntime") is not None


@lru_cache(maxsize=1)
def _network() -> Any:
    from openecg.deploy import OnnxCodec

    return OnnxCodec()


def rhythm(record: Record) -> str:
    """What openecg calls the rhythm of the first ten seconds: sinus, afib, paced, ventricular ...

    Lee, openecg 0.11 (Apache-2.0): a network of lead II at 500 Hz, trained on recordings and labels
    that none of the models here saw.
    """
    from openecg.layered import RHYTHM_NAMES

    lead = record.select(("II",)).resample(FS).filled().signal[0]
    said = _network().encode(lead.astype(np.float32), fs=int(FS)).rhythm
    return str(RHYTHM_NAMES[int(np.bincount(said, minlength=6).argmax())])
