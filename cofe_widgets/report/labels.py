"""What is said about a record around its trace."""

from __future__ import annotations

from ..ecg import LEADS, Record


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
    """What to call a record."""
    meta = record.meta
    if meta.get("source") == "simulated" and not meta.get("title"):
        return " ".join(["Simulated ECG", *map(str, meta.get("labels", ()))])
    return str(meta.get("title") or meta.get("source") or "ECG")


def facts(record: Record) -> list[str]:
    """What stands beside the title, in a few words each."""
    meta, found = record.meta, []
    age, sex = meta.get("age"), meta.get("sex")
    if age is not None:
        found.append(f"{age:g} years" if isinstance(age, (int, float)) else f"{age} years")
    if sex:
        found.append({"M": "male", "F": "female"}.get(str(sex), str(sex)))
    found.append(
        f"{record.duration_s:.1f} s" if record.duration_s < 600 else clock(record.duration_s)
    )
    if meta.get("format"):
        found.append(str(meta["format"]))
    found += [f"⚠ {one}" for one in meta.get("warnings", ())]
    return found


def clock(seconds: float) -> str:
    """A time of a long record as hours, minutes and seconds: ``1:05:09``."""
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def note(record: Record) -> str:
    """The filter band and the rate, as printed on the paper."""
    low, high = record.meta.get("high_pass_hz"), record.meta.get("low_pass_hz")
    if low is not None and high is not None:
        band = f"{low:g}–{high:g} Hz"
    elif low is not None or high is not None:
        band = f"from {low:g} Hz" if high is None else f"to {high:g} Hz"
    else:
        band = "filter as recorded"
    return f"{band}   {record.fs:g} samples/s"
