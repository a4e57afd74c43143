"""Which signals of a file are leads of an ECG, and what they are called; none is dropped in silence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..ecg import LEADS, LIMB_LEADS
from ..errors import EcgError
from ..vocabulary.leads import OTHER_LEADS, no_ecg, own_name, standard_lead
from .units import to_millivolts
from .wanted import Wanted

_KNOWN = {*LEADS, *OTHER_LEADS}
#: The IEC's names of V3 and V4 are also two places on a head.
_ON_THE_HEAD = ("C3", "C4")


@dataclass(frozen=True)
class Choice:
    """The signals of a file that become leads.

    Attributes
    ----------
    rows : tuple of int
        Their places among the signals of the file, standard leads first.
    leads : tuple of str
        Their names in the record, all different.
    notes : tuple of str
        What was left out and why, and which leads are of unknown position.
    """

    rows: tuple[int, ...]
    leads: tuple[str, ...]
    notes: tuple[str, ...]


def choose(names: Sequence[str], units: Sequence[str] | None, wanted: Wanted) -> Choice:
    """The leads among signals of the given ``names`` and ``units`` (None: all in millivolts).

    Raises
    ------
    EcgError
        When none is a lead, or the caller names one that is not there.
    """
    raw = [own_name(name) or f"signal {row + 1}" for row, name in enumerate(names)]
    renamed = _renamed(raw, wanted.names)
    head = any(no_ecg(name) == "an EEG" for name in raw)
    left: dict[int, str] = {}
    called: dict[int, str] = {}
    for row, name in enumerate(raw):
        what = no_ecg(name) or ("an EEG" if head and name.upper() in _ON_THE_HEAD else "")
        if units is not None and to_millivolts(units[row]) is None:
            left[row] = f"in {units[row][:20]!r}, which is no unit of voltage"
        elif what and row not in renamed:
            left[row] = what
        else:
            called[row] = renamed.get(row) or standard_lead(name) or name
    if not called:
        raise EcgError(f"no ECG inside: {_held(raw, left)}")
    unique = _unique(called, raw, renamed)
    return _picked(unique, _notes(unique, raw, left), wanted)


def listed(names: Iterable[str], most: int = 12) -> str:
    """Names in a sentence, of many the first ones."""
    some = list(names)
    more = f" and {len(some) - most} more" if len(some) > most else ""
    return ", ".join(some[:most]) + more


def _renamed(raw: Sequence[str], names: Mapping[str, str]) -> dict[int, str]:
    """New names of signals, by row."""
    found: dict[int, str] = {}
    for old, new in names.items():
        same = [r for r, name in enumerate(raw) if name.casefold() == own_name(old).casefold()]
        lead = standard_lead(old)
        same = same or [r for r, name in enumerate(raw) if lead and standard_lead(name) == lead]
        if not same:
            raise EcgError(f"it has no signal {old!r} to call {new}: it holds {listed(raw)}")
        found[same[0]] = new
    return found


def _held(raw: Sequence[str], left: Mapping[int, str]) -> str:
    """What a file without an ECG holds."""
    if not raw:
        return "it holds no signal"
    for row, why in left.items():
        if standard_lead(raw[row]) and why.startswith("in "):
            return f"lead {raw[row]} is {why}"
    return f"it holds {listed(raw)}"


def _unique(
    called: Mapping[int, str], raw: Sequence[str], renamed: Mapping[int, str]
) -> dict[int, str]:
    """Names by row, all different, in the order of leads: a second one of a name is numbered."""
    unique: dict[int, str] = {}
    # The caller's word goes first, then the lead that is spelt as the standard has it.
    for row in sorted(called, key=lambda row: (row not in renamed, called[row] != raw[row], row)):
        name, number = called[row], 2
        while name in unique.values():
            name = f"{raw[row][:30]} ({number})"
            number += 1
        unique[row] = name
    order = {lead: place for place, lead in enumerate(LEADS)}
    rows = sorted(unique, key=lambda row: (order.get(unique[row], len(LEADS)), row))
    return {row: unique[row] for row in rows}


def _notes(unique: Mapping[int, str], raw: Sequence[str], left: Mapping[int, str]) -> list[str]:
    """What is to be said of the signals."""
    notes = []
    twice = {row: name for row, name in unique.items() if name.startswith(f"{raw[row][:30]} (")}
    if twice:
        again = listed(f"{raw[row]} as {name}" for row, name in twice.items())
        notes.append(
            f"a lead is there more than once: the second is kept by another name ({again})"
        )
    unknown = [n for row, n in unique.items() if n not in _KNOWN and row not in twice]
    if unknown:
        notes.append(
            f"{listed(unknown)}: of unknown position, kept by the name in the file; "
            f"read(..., leads={{{unknown[0]!r}: 'II'}}) says which lead it is"
        )
    if left:
        said = listed(f"{raw[row]} ({why})" for row, why in left.items())
        notes.append(f"left out, being no ECG: {said}")
    return notes


def _picked(unique: Mapping[int, str], notes: list[str], wanted: Wanted) -> Choice:
    """The part of the leads that the caller wants, with what it needs to be derived."""
    rows = list(unique)
    if wanted.leads is not None:
        limb = any(lead in LIMB_LEADS for lead in wanted.leads)
        wants = {*wanted.leads, *(LIMB_LEADS if limb else ())}
        rows = [row for row in rows if unique[row] in wants]
        if not rows:
            there = listed(unique.values())
            raise EcgError(f"it has no lead {listed(wanted.leads)}: it has {there}")
    return Choice(tuple(rows), tuple(unique[row] for row in rows), tuple(notes))
