"""Faults in sentences, one a kind."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from ...ecg import LEADS
from .fault import KINDS, Fault

#: So many stretches are told with their times.
MOST_TOLD = 3


def sentences(faults: Sequence[Fault], leads: tuple[str, ...]) -> tuple[str, ...]:
    """What is wrong with a record of these ``leads``: a sentence for every kind of fault."""
    found: list[str] = []
    for kind in KINDS:
        of_kind = [fault for fault in faults if fault.kind == kind]
        if of_kind:
            found += _said(kind, of_kind, leads)
    return tuple(found)


def _said(kind: str, faults: list[Fault], leads: tuple[str, ...]) -> list[str]:
    where = _names({fault.lead for fault in faults}, leads)
    largest = max((fault.size for fault in faults), default=0.0)
    if kind == "hum":
        hum = max(faults, key=lambda fault: fault.size)
        return [f"{where}: mains hum of up to {hum.size:.2g} mV at {hum.detail}"]
    if kind == "drift":
        return [f"{where}: the baseline wanders by up to {largest:.2g} mV"]
    if kind == "clipped":
        return [f"{where}: peaks are cut off, so their height is not known"]
    if kind == "swapped":
        return list(dict.fromkeys(fault.detail for fault in faults))
    if kind in ("spike", "step"):
        times = sorted({round(fault.start_s, 1) for fault in faults})
        what = {"spike": "brief spike", "step": "jump of the baseline"}[kind]
        s = "s" if len(times) > 1 else ""
        when = f" at {', '.join(f'{t:.1f}' for t in times)} s" if len(times) <= MOST_TOLD else ""
        return [f"{where}: {len(times)} {what}{s} of up to {largest:.2g} mV{when}"]
    return _stretches(kind, faults, leads)


def _stretches(kind: str, faults: list[Fault], leads: tuple[str, ...]) -> list[str]:
    """Dead stretches: leads that are dead at the same time are told together."""
    key = {fault: (round(fault.start_s, 1), round(fault.end_s, 1)) for fault in faults}
    together = [
        (span, {fault.lead for fault in group})
        for span, group in groupby(sorted(faults, key=lambda f: key[f]), key=lambda f: key[f])
    ]
    what = KINDS[kind][0]
    if len(together) > MOST_TOLD:
        where = _names({fault.lead for fault in faults}, leads)
        total = max(
            sum(f.end_s - f.start_s for f in faults if f.lead == lead)
            for lead in {fault.lead for fault in faults}
        )
        return [f"{where}: {what}, {len(together)} times, up to {total:.1f} s of a lead"]
    return [
        f"{_names(names, leads)}: {what} from {start:.1f} to {end:.1f} s"
        for (start, end), names in together
    ]


def _names(some: set[str], leads: tuple[str, ...]) -> str:
    """Names of leads, in short where they are many."""
    if len(leads) > 1 and some >= set(leads):
        return "all leads"
    order = [lead for lead in dict.fromkeys((*LEADS, *leads)) if lead in some]
    chest = [lead for lead in LEADS[6:] if lead in some]
    if len(chest) > 2 and int(chest[-1][1]) - int(chest[0][1]) == len(chest) - 1:
        order = [lead for lead in order if lead not in chest] + [f"{chest[0]}-{chest[-1]}"]
    return ", ".join(order)
