"""`HeartLab`: dial a heart's illness, see its ECG, and compare what was measured with what is true."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

import traitlets as t

from ...report.figures.ecg_svg import ecg_svg
from ...simulate import CONDITIONS, Simulated
from ...simulate.conditions import POTASSIUM, parse
from ...simulate.noise import EVERYDAY
from ...vocabulary.diagnoses import DIAGNOSES
from ..core.codec import as_text, detached
from ..core.component import Component
from ..core.jobs import Finish, Jobs, Update, Work
from .heart_state import HeartState, Settings, choices, partners

if TYPE_CHECKING:
    import pandas as pd

    from ...signals.delineation.delineate import Delineation

#: What an artefact adds to the noise when it is switched on: plain to see, and readable past it.
ARTEFACTS = {"wander": 6.0, "mains": 8.0, "emg": 6.0, "motion": 1.0}
#: Values, words and hints of what is chosen by menus and rows of buttons.
MENUS = {
    "overlays": (
        ("none", "Nothing", "The ECG alone"),
        ("truth", "Truth", "Where the waves truly begin, peak and end"),
        ("delineation", "Delineator", "Where the delineator finds them"),
        ("cause", "Cause", "What the condition altered, sample by sample"),
        ("twin", "Twin", "The same heart without the condition"),
    ),
    "artefacts": (
        ("wander", "Wander", "Baseline wander: breathing, sweat"),
        ("mains", "Mains", "Hum of 50 or 60 Hz"),
        ("emg", "Muscle", "Muscle tremor (EMG)"),
        ("motion", "Motion", "An electrode is pulled"),
    ),
    "electrodes": (
        ("", "electrodes in place"),
        ("RA-LA", "arms swapped (RA–LA)"),
        ("RA-LL", "right arm and foot (RA–LL)"),
        ("LA-LL", "left arm and foot (LA–LL)"),
        ("V1-V2", "V1 and V2 swapped"),
        ("V1-V3", "V1 and V3 swapped"),
    ),
    "clipping": (("0", "no clipping"), ("1", "clipped at 1 mV"), ("0.5", "clipped at 0.5 mV")),
}
OVERLAYS, REVERSALS = ([value for value, *_ in MENUS[name]] for name in ("overlays", "electrodes"))
CLIPPING = [float(value) for value, *_ in MENUS["clipping"]]
#: A delineation that takes longer than this would hold up a dragged slider.
LIVE_S = 0.12
#: Numbers that change faster than this cannot be read.
READ_S = 0.1


class HeartLab(Component):
    """A simulated heart under sliders, with its truth, its delineation and its healthy twin.

    Parameters
    ----------
    condition : str
        A code of `simulate.CONDITIONS`, or two joined by ``+``: ``"AF"``, ``"AF+LBBB"``.
    severity : float
        0 to 1, for conditions that have degrees.
    seed : int
        Which heart.
    age, sex : float, {"F", "M"}
        Whose.
    potassium : float, optional
        mmol/L, where the condition is hyper- or hypokalaemia.
    noise : float
        0 is a clean ECG, 1 an everyday one.
    overlay : {"none", "truth", "delineation", "cause", "twin"}
        What is shown on the ECG.

    Attributes
    ----------
    simulated, twin : Simulated
        The heart as dialled, and the same heart without the condition.
    delineation : Delineation
    comparison : pandas.DataFrame
        True, measured and healthy values (`widgets.comparison`).

    Raises
    ------
    ValueError
        For conditions that are unknown or exclude each other.
    traitlets.TraitError
        When a setting is out of its range.
    """

    _component = t.Unicode("heart").tag(sync=True)
    _live = t.Bool(True).tag(sync=True)
    _menus = t.Dict(MENUS).tag(sync=True)
    _choices = t.List(t.Dict()).tag(sync=True)
    _ecg = t.Dict(default_value=None, allow_none=True).tag(sync=True)
    _twin = t.Dict(default_value=None, allow_none=True).tag(sync=True)
    _shade = t.Dict(default_value=None, allow_none=True).tag(sync=True)
    _waves = t.Dict(default_value=None, allow_none=True).tag(sync=True)
    _rows = t.List(t.Dict()).tag(sync=True)
    _beat = t.Dict(default_value=None, allow_none=True).tag(sync=True)
    epoch = t.Int(0).tag(sync=True)

    condition = t.Enum(tuple(CONDITIONS), "NSR").tag(sync=True)
    #: A second condition, or empty.
    second = t.Enum(("", *CONDITIONS), "").tag(sync=True)
    severity = t.Float(0.8, min=0.0, max=1.0).tag(sync=True)
    #: Serum potassium in mmol/L; acts under hyper- and hypokalaemia.
    potassium = t.Float(4.2, min=2.0, max=9.0).tag(sync=True)
    seed = t.Int(0, min=0).tag(sync=True)
    age = t.Float(55.0, min=18.0, max=95.0).tag(sync=True)
    sex = t.Enum(("F", "M"), "F").tag(sync=True)
    noise = t.Float(1.0, min=0.0, max=3.0).tag(sync=True)
    #: Any of wander, mains, emg, motion.
    artefacts = t.List(t.Enum(tuple(ARTEFACTS))).tag(sync=True)
    #: Two electrodes that were swapped, such as ``"RA-LA"``, or empty.
    reversal = t.Enum(REVERSALS, "").tag(sync=True)
    #: mV at which the amplifier clips; 0: nowhere.
    clipping_mv = t.Enum(CLIPPING, 0.0).tag(sync=True)
    overlay = t.Enum(OVERLAYS, "truth").tag(sync=True)
    #: Lead of the amplitudes in the table.
    lead = t.Unicode("II").tag(sync=True)

    def __init__(
        self,
        condition: str = "NSR",
        *,
        severity: float = 0.8,
        seed: int = 91,
        age: float = 55,
        sex: str = "F",
        potassium: float | None = None,
        noise: float = 1.0,
        overlay: str = "truth",
        format: str = "3x4+1",
    ) -> None:
        codes = parse(condition)
        if len(codes) > 2:
            raise ValueError(f"condition={condition!r}: expected one condition, or two joined by +")
        dialled = {"severity": severity, "seed": seed, "age": age, "sex": sex, "noise": noise}
        super().__init__(
            condition=codes[0],
            second=codes[1] if len(codes) > 1 else "",
            overlay=overlay,
            format=format,
            lead=_best_lead(codes),
            **dialled,
        )
        self.potassium = self._within_disorder() if potassium is None else potassium
        self._choices = choices(self.condition)
        self._wanted = self._settings()
        self._delineation_s = float("inf")  # not known before the first
        self._heart = HeartState(self._wanted)
        self._jobs = Jobs(
            lambda content, buffers: self.send(content, buffers),
            {"heart": lambda parameters, _: ({"following": True}, self._follow())},
            lambda epoch: self.set_trait("epoch", epoch),
        )
        self.on_msg(lambda _, content, buffers: self._jobs.handle(content, buffers))
        self._show({**self._heart.shown(), **self._heart.numbers()})
        self.observe(self._other_condition, ["condition", "second"])
        dials = ("severity", "potassium", "seed", "age", "sex", "noise", "artefacts", "reversal")
        self.observe(self._dialled, [*dials, "clipping_mv", "overlay", "lead"])

    @property
    def simulated(self) -> Simulated:
        """The heart as dialled: record, truth, and how to make it again."""
        return self._now().simulated

    @property
    def twin(self) -> Simulated:
        """The same heart without the condition."""
        return self._now().twin

    @property
    def delineation(self) -> Delineation:
        """What the shipped delineator makes of the record."""
        return self._now().delineation

    @property
    def comparison(self) -> pd.DataFrame:
        """True, measured and healthy values of the heart as dialled."""
        return self._now().comparison

    def close(self) -> None:
        """Stop what runs and take the widget away."""
        if hasattr(self, "_jobs"):  # not where the arguments were refused
            self._jobs.stop()
        super().close()

    # -- what is dialled

    @t.validate("second")
    def _second_goes_with_the_first(self, proposal: t.Bunch) -> str:
        if proposal["value"] and proposal["value"] not in partners(self.condition):
            raise t.TraitError(
                f"{proposal['value']} is not simulated together with {self.condition}: "
                f"choose one of {', '.join(partners(self.condition)) or 'none'}"
            )
        return str(proposal["value"])

    @property
    def _codes(self) -> tuple[str, ...]:
        return (self.condition, self.second) if self.second else (self.condition,)

    def _settings(self) -> Settings:
        noise: dict[str, float | str] = {
            kind: self.noise * EVERYDAY.get(kind, 0.0) + (size if kind in self.artefacts else 0.0)
            for kind, size in ARTEFACTS.items()
        }
        if self.reversal:
            noise["reversal"] = self.reversal
        if self.clipping_mv:
            noise["clipping_mv"] = self.clipping_mv
        disordered = set(self._codes) & set(POTASSIUM)
        return Settings(
            codes=self._codes,
            severity=self.severity,
            potassium=self.potassium if disordered else None,
            seed=self.seed,
            age=self.age,
            sex=self.sex,
            noise=tuple(sorted(noise.items())),
            overlay=self.overlay,
            lead=self.lead,
        )

    def _within_disorder(self) -> float:
        """The potassium as dialled, or one of the disorder's own where that says otherwise."""
        for code in self._codes:
            if code in POTASSIUM:
                mild, severe = POTASSIUM[code]
                if not min(mild, severe) <= self.potassium <= max(mild, severe):
                    return round(mild + 0.6 * (severe - mild), 1)
        return self.potassium

    def _other_condition(self, change: t.Bunch) -> None:
        with self.hold_trait_notifications():
            if change["name"] == "condition":
                if self.second and self.second not in partners(self.condition):
                    self.second = ""
                self.lead = _best_lead((self.condition,))
                self._choices = choices(self.condition)
            self.potassium = self._within_disorder()
        self._dialled()

    # -- following the hand

    def _now(self) -> HeartState:
        if self._heart.settings != self._settings():
            self._heart = HeartState(self._settings())
        return self._heart

    def _dialled(self, _: Any = None) -> None:
        wanted = self._settings()
        if wanted == self._wanted:
            return
        # Read by the job's thread: whole, never while the dials are half set.
        self._wanted = wanted
        if not self._jobs.busy("heart"):  # one that runs sees what is wanted by itself
            self._jobs.begin("heart")

    def _follow(self) -> Work:
        """Simulate what is dialled until it stands still: the ECG first, then the numbers."""
        counted = 0.0
        while True:
            heart = HeartState(self._wanted)
            later = heart.settings.overlay == "delineation" and not self._delineates_live(heart)
            shown = heart.shown(waves_too=not later)
            frame, buffers = detached(shown)
            yield Update({}, (), frame, buffers)
            # Under a moving hand the ECG comes first; the numbers follow as often as can be read.
            if heart.settings != self._wanted and perf_counter() - counted < READ_S:
                continue
            numbers = heart.numbers()
            yield Update(as_text(numbers))
            counted = perf_counter()
            if heart.settings != self._wanted:
                continue
            if later:
                self._time_delineation(heart)
                shown = heart.shown()
            return Finish(apply=lambda: self._stand(heart, {**shown, **numbers}))  # noqa: B023

    def _delineates_live(self, heart: HeartState) -> bool:
        """Delineate with every frame where that is fast enough here; else once the hand rests."""
        if self._delineation_s <= LIVE_S:
            self._time_delineation(heart)
            return True
        return False

    def _time_delineation(self, heart: HeartState) -> None:
        began = perf_counter()
        _ = heart.delineation
        self._delineation_s = perf_counter() - began

    def _stand(self, heart: HeartState, shown: dict[str, Any]) -> None:
        """Leave the last heart in the traits; it may have been dialled on in the meantime."""
        self._heart = heart
        self._show(shown)
        if heart.settings != self._wanted:
            self._jobs.begin("heart")

    def _show(self, shown: dict[str, Any]) -> None:
        with self.hold_sync():
            for name, value in shown.items():
                self.set_trait(name, value)

    def picture(self) -> str:
        """The ECG as SVG, with what is shown on it."""
        heart = self._now()
        return ecg_svg(
            heart.record,
            changed=heart.overlaid,
            shade=heart.shade,
            waves=heart.waves,
            layout=self.format,
            speed=self.speed,
            gain=self.gain,
            order=self.order,
        )


def _best_lead(codes: tuple[str, ...]) -> str:
    """The lead in which one of the conditions is best seen: the first's that has one of its own."""
    return next((DIAGNOSES[c].best_lead for c in codes if DIAGNOSES[c].best_lead != "II"), "II")
