"""What is said about a record around its trace."""

from __future__ import annotations

from ..ecg import LEADS, Record
from ..markup import line
from ..signals.measurements import disagreements, measured
from ..signals.quality import in_words
from ..values.identity import public_name
from ..vocabulary.meta import SOURCES, is_number, public_meta
from .measured import device_words

#: Letters of a title and of what stands beside it.
MOST_TITLE, MOST_FACT = 120, 300


def shown(record: Record) -> Record:
    """The part of a record that goes on paper: the twelve leads where it has or implies them."""
    if set(LEADS) <= set(record.leads):
        return record.select(LEADS)
    if {"V1", "V2", "V3", "V4", "V5", "V6"} <= set(record.leads):
        try:
            return record.standard()
        except ValueError:
            return record
    return record


def title(record: Record) -> str:
    """What to call a record on screen: its title, or its file."""
    meta = record.meta
    known = meta.get("title") or (meta.get("source") not in SOURCES and meta.get("source"))
    return line(known, MOST_TITLE) if known else public_title(record)


def public_title(record: Record) -> str:
    """What to call a record where the name of its file, which may be a person's, may not be told."""
    meta = record.meta
    if meta.get("source") == "simulated" and not meta.get("title"):
        labels = meta.get("labels", ())
        said = [labels] if isinstance(labels, str) else labels
        return line(" ".join(["Simulated ECG", *map(str, said)]), MOST_TITLE)
    return line(public_name(record), MOST_TITLE)


def facts(record: Record) -> list[str]:
    """What stands beside the title, in a few words each."""
    meta = public_meta(record.meta)
    found: list[str] = []
    age, sex = meta.get("age"), meta.get("sex")
    if age is not None:
        found.append(f"{age:g} years")
    if sex:
        found.append({"M": "male", "F": "female"}.get(str(sex), str(sex)))
    length = f"{record.duration_s:.1f} s" if record.duration_s < 600 else clock(record.duration_s)
    if "start_s" in meta and "of_s" in meta:
        length += f" from {clock(meta['start_s'])} of {clock(meta['of_s'])}"
    found.append(length)
    if meta.get("format"):
        found.append(str(meta["format"]))
    theirs, said = device_words(meta), [*meta.get("warnings", ())]
    if theirs:
        found.append(theirs)
        said += disagreements(measured(record).values, meta).values()
    said += in_words(record)
    found += [f"⚠ {one}" for one in dict.fromkeys(said)]
    return [line(one, MOST_FACT) for one in found]


def clock(seconds: float) -> str:
    """A time of a long record as hours, minutes and seconds: ``1:05:09``."""
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def note(record: Record) -> str:
    """The filter band and the rate, as printed on the paper."""
    given = (record.meta.get(name) for name in ("high_pass_hz", "low_pass_hz"))
    low, high = (one if is_number(one) else None for one in given)
    if low is not None and high is not None:
        band = f"{low:g}–{high:g} Hz"
    elif low is not None or high is not None:
        band = f"from {low:g} Hz" if high is None else f"to {high:g} Hz"
    else:
        band = "filter as recorded"
    return f"{band}   {record.fs:g} samples/s"
