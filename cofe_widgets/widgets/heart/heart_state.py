"""What one position of all dials of `HeartLab` makes: a heart, its twin, and what is shown of them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from ...audit.comparison import comparison
from ...report.figures.shade import Shade, cause
from ...report.rows import compared
from ...simulate import CONDITIONS, Simulated, simulate
from ...simulate.conditions import POTASSIUM, parse
from ..core.component import packed_ecg, packed_layer, packed_shade
from ..viewer.beat import packed_beat
from ..viewer.fiducials import packed_waves, table

if TYPE_CHECKING:
    import pandas as pd

    from ...ecg import Record
    from ...signals.delineation.delineate import Delineation

#: Kinds of conditions under the headings that a person looks for them.
HEADINGS = {
    "Rhythm": ("rhythm", "atrial ectopy", "ventricular ectopy"),
    "Conduction": ("conduction", "bundle", "fascicle"),
    "Voltage": ("voltage",),
    "Infarction": ("infarction", "acute"),
    "Repolarisation and potassium": ("repolarisation", "potassium"),
}


class Settings(NamedTuple):
    """Everything that is dialled."""

    codes: tuple[str, ...]
    severity: float
    potassium: float | None
    seed: int
    age: float
    sex: str
    noise: tuple[tuple[str, float | str], ...]
    overlay: str
    lead: str


class HeartState:
    """What one set of settings makes; each part is computed when it is first asked for."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def simulated(self) -> Simulated:
        """The heart as dialled."""
        at = self.settings
        return simulate(
            "+".join(at.codes),
            seed=at.seed,
            severity=at.severity,
            noise=dict(at.noise),
            age=at.age,
            sex=at.sex,
            potassium=at.potassium,
        )[0]

    @cached_property
    def twin(self) -> Simulated:
        """The same heart without the condition."""
        return self.simulated.twin("NSR")

    @cached_property
    def delineation(self) -> Delineation:
        """What the shipped delineator makes of the record."""
        from ...signals.delineation.delineate import delineate

        return delineate(self.simulated.record)

    @cached_property
    def comparison(self) -> pd.DataFrame:
        """True, measured and healthy values."""
        return comparison(self.simulated, self.twin, self.settings.lead)

    @property
    def words(self) -> str:
        """The conditions in words."""
        words = " with ".join(CONDITIONS[code].words for code in self.settings.codes)
        return words[0].upper() + words[1:]

    @property
    def record(self) -> Record:
        """The record, under a title that says what it is."""
        record = self.simulated.record
        return record.with_signal(record.signal, title=self.words)

    @property
    def overlaid(self) -> Record | None:
        """The twin's record, where that is what is shown."""
        return self.twin.record if self.settings.overlay == "twin" else None

    @property
    def shade(self) -> Shade | None:
        """The cause map, where that is what is shown."""
        if self.settings.overlay != "cause":
            return None
        sim = self.simulated
        moved = "; it also moves the beats" if sim.truth.rhythm_altered else ""
        return cause(sim.truth.cause, sim.record, f"altered by the condition{moved}")

    @property
    def waves(self) -> pd.DataFrame | None:
        """The fiducial table, where waves are what is shown."""
        source = {"truth": lambda: self.simulated.truth, "delineation": lambda: self.delineation}
        ask = source.get(self.settings.overlay)
        return table(ask()) if ask else None

    def numbers(self) -> dict[str, Any]:
        """The traits that hold the table and the median beat."""
        beat = packed_beat(self.simulated.record)
        return {"_rows": compared(self.comparison), "_beat": beat}

    def shown(self, waves_too: bool = True) -> dict[str, Any]:
        """The traits that show it, less the table; without the waves where those take too long."""
        record = self.record
        shade, waves, twin = self.shade, self.waves if waves_too else None, self.overlaid
        said = "true waves" if self.settings.overlay == "truth" else "delineated waves"
        ecg = packed_ecg(record)
        level = record.meta["potassium_mmol_l"]
        return {
            "_ecg": {**ecg, "facts": [*ecg["facts"], f"potassium {level:.1f} mmol/L"]},
            "_twin": twin and packed_layer(twin),
            "_shade": shade and packed_shade(shade),
            "_waves": None if waves is None else packed_waves(waves, record.leads, said),
        }


def partners(condition: str) -> tuple[str, ...]:
    """Conditions that are simulated together with one."""
    if condition == "NSR":
        return ()
    found = []
    for code in CONDITIONS:
        try:
            if code not in ("NSR", condition) and parse(f"{condition}+{code}"):
                found.append(code)
        except ValueError:
            continue
    return tuple(found)


def choices(condition: str) -> list[dict[str, Any]]:
    """What the menus offer: every condition under its heading, and who goes with the first."""
    with_it = partners(condition)
    return [
        {
            "code": code,
            "words": about.words,
            "heading": next(
                (h for h, kinds in HEADINGS.items() if about.kind in kinds), about.kind.capitalize()
            ),
            "graded": about.graded and code not in POTASSIUM,
            "potassium": sorted(POTASSIUM[code]) if code in POTASSIUM else None,
            "partner": code in with_it,
        }
        for code, about in CONDITIONS.items()
    ]
