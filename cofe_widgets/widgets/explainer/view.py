"""What is on the page of an explained ECG: the traits that `js/src/explainer` shows.

The live app, a counterfactual by itself and an ECG under dials are all this page, with more or less
of it filled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import traitlets as t

from ...ecg import Record
from ...report.figures.ecg_svg import ecg_svg
from ...report.figures.shade import Shade, attribution_band
from ...vocabulary.explainability import LEVEL_OF, level_line
from ..core.component import Component, packed_ecg, packed_shade
from ..core.renamed import RenamedTrait

if TYPE_CHECKING:
    from ...explain import Attribution
    from ...explain.agreement import Agreement

#: What can be asked of an ECG: the words of the tabs, and what to do there first.
MODES = (
    (
        "counterfactual",
        "What would it take?",
        "Choose what the model should say, and press Explain.",
    ),
    (
        "dials",
        "What if?",
        "Drag a measurement: the recording stays in the background, red is what it becomes.",
    ),
    (
        "maps",
        "Where does it look?",
        "Choose a method. A map says where the model looks, not why; check it before you believe it.",
    ),
)
#: Simulated ECGs to begin with.
EXAMPLES = (("NSR", "sinus rhythm"), ("AF", "atrial fibrillation"))
METHODS = (
    ("refined", "Search for the smallest change"),
    ("direction", "One known direction (fast)"),
    ("gradient", "Plain gradient descent, as in CoFE"),
)
KEPT = (
    ("rhythm", "Rhythm", "Beats stay where they are, and P waves what they are"),
    ("intervals", "Intervals", "PR, QRS and QT stay"),
    ("morphology", "Shape", "The shape of the beats stays"),
)
COUNTS = (("1", "One answer"), ("2", "Two different answers"), ("3", "Three different answers"))
#: The two answers to the same question; the first is the default.
ANSWERS = (
    ("looks", "What it looks like", "the default: how the answer looks in a heart"),
    (
        "needs",
        "What the model needs",
        "for auditing: the smallest change of named things, each of them necessary",
    ),
)
#: What map and counterfactual point at, by the bits of `explain.agreement`.
POINTED = (
    ("3", "map and counterfactual agree"),
    ("1", "only the map"),
    ("2", "only the counterfactual"),
)
#: What is said below the ECG of how much its explanation says.
LEVELS_SAID = {shown: level_line(shown) for shown in LEVEL_OF}
MENUS = {
    "modes": MODES,
    "methods": METHODS,
    "kept": KEPT,
    "counts": COUNTS,
    "examples": EXAMPLES,
    "answers": ANSWERS,
    "pointed": POINTED,
    "levels": LEVELS_SAID,
}


class ExplainerView(Component):
    """The page of an explained ECG."""

    _component = t.Unicode("explainer").tag(sync=True)
    _live = t.Bool(False).tag(sync=True)
    _menus = t.Dict().tag(sync=True)
    #: Jobs that the kernel takes from the browser.
    _kinds = t.List(t.Unicode()).tag(sync=True)
    _ecg = t.Dict(default_value=None, allow_none=True).tag(sync=True)
    _models = t.List(t.Unicode()).tag(sync=True)
    _outputs = t.List(t.Dict()).tag(sync=True)
    _answer = t.Dict(default_value=None, allow_none=True).tag(sync=True)
    _found = t.List(t.Dict()).tag(sync=True)
    _attribution = t.Dict(default_value=None, allow_none=True).tag(sync=True)
    _dials = t.List(t.Dict()).tag(sync=True)
    _edited = t.Dict(default_value=None, allow_none=True).tag(sync=True)
    _error = t.Unicode("").tag(sync=True)

    #: Attribution methods: name, title, and what is known of each on this model and target.
    _methods = t.List(t.Tuple()).tag(sync=True)
    #: What stands below the ECG of the maps: picture, numbers by wave, check.
    _maps = t.Dict(default_value=None, allow_none=True).tag(sync=True)
    #: Where the first map and the counterfactual on screen point, and how far they agree.
    _agreement = t.Dict(default_value=None, allow_none=True).tag(sync=True)

    #: What is asked: ``"counterfactual"``, ``"dials"`` or ``"maps"``.
    mode = t.Enum([mode for mode, *_ in MODES], "counterfactual").tag(sync=True)
    #: Name of the model that answers.
    model = t.Unicode("").tag(sync=True)
    #: The output that is moved or watched, by name.
    target = t.Unicode("").tag(sync=True)
    #: The probability or value that it shall reach.
    level = t.Float(0.9).tag(sync=True)
    #: How a counterfactual is looked for.
    method = t.Enum([method for method, _ in METHODS], "refined").tag(sync=True)
    #: What must not change: any of ``"rhythm"``, ``"intervals"`` and ``"morphology"``.
    keep = t.List(t.Enum([kept for kept, *_ in KEPT])).tag(sync=True)
    #: How many different answers are looked for.
    diverse = t.Int(1, min=1, max=3).tag(sync=True)
    #: Which of the answers is shown, from 0.
    chosen = t.Int(0, min=0).tag(sync=True)
    #: Whether the answer on screen is what the model needs (for auditing: the smallest change of named
    #: things, each of them necessary), and not how the answer looks in a heart, which is the default.
    show_needed = t.Bool(False).tag(sync=True)
    #: Where the slider stands: 0 is the ECG itself, 1 the counterfactual.
    severity = t.Float(1.0, min=0.0, max=1.0).tag(sync=True)
    #: Whether the attribution is shown, as a band behind the traces.
    show_attribution = t.Bool(False).tag(sync=True)
    #: The attribution method whose map that is, one of ``cw.ATTRIBUTION_METHODS``.
    map_method = t.Unicode("saliency").tag(sync=True)
    #: Up to two more methods, shown beside it on the "maps" tab.
    compare_with = t.List(t.Unicode(), maxlen=2).tag(sync=True)
    show_saliency = RenamedTrait("show_attribution")
    #: Whether that band shows, instead, the share of the answer that the change drawn there carries.
    show_shares = t.Bool(False).tag(sync=True)
    #: Change asked of each measurement that is dialled, in its own unit.
    asked = t.Dict(key_trait=t.Unicode(), value_trait=t.Float()).tag(sync=True)
    #: The measurement over which the model's answer is drawn.
    dial = t.Unicode("").tag(sync=True)

    def __init__(self, modes: tuple[str, ...], **state: Any) -> None:
        offered = [mode for mode in MODES if mode[0] in modes]
        super().__init__(_menus={**MENUS, "modes": offered}, mode=modes[0], **state)

    record: Record | None = None
    attribution: Attribution | None = None

    @property
    def agreement(self) -> Agreement | None:
        """Where the first map and the counterfactual on screen point; None without both."""
        return None

    @t.observe("show_attribution")
    def _tell_who_listens_to_the_old_name(self, change: t.Bunch) -> None:
        self.notify_change(t.Bunch(change, name="show_saliency"))

    def _show_record(self, record: Record) -> None:
        """Show an ECG, and nothing yet that was found about it."""
        ecg = packed_ecg(record)
        self.record, self.attribution = record, None
        with self.hold_sync():
            for name in ("_attribution", "_edited", "_maps", "_agreement"):
                self.set_trait(name, None)
            self._found, self.chosen = [], 0
            self._dials, self.asked, self.dial = [], {}, ""
            self._ecg = ecg

    def _show_attribution(self, value: Attribution) -> None:
        self.attribution = value
        self._attribution = packed_shade(attribution_band(value))

    def _drawn(self) -> tuple[Record | None, Record | None]:
        """The ECG on screen and what lies over it."""
        return self.record, None

    def picture(self) -> str:
        """The ECG as SVG, what lies over it in red."""
        record, changed = self._drawn()
        if record is None:
            return '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'
        return ecg_svg(
            record,
            changed=changed,
            shade=self._shade(),
            pointed=self.agreement if self.mode == "maps" else None,
            layout=self.format,
            speed=self.speed,
            gain=self.gain,
            order=self.order,
        )

    def _shade(self) -> Shade | None:
        """The band behind the traces of the picture."""
        shown = self.attribution if self.show_attribution else None
        return attribution_band(shown) if shown is not None else None

    def _heading(self) -> str:
        """What stands above the page."""
        said = {"dials": "What if it measured otherwise?", "maps": "Where does the model look?"}
        return said.get(self.mode) or super()._heading()

    def _stored(self) -> dict[str, Any]:
        """The traits of ours, with the tabs that have something on them: nobody can make it on a page."""
        state = super()._stored()
        filled = {
            "counterfactual": self._found or self._dials,
            "dials": self._dials,
            "maps": self._maps,
        }
        modes = [one for one in self._menus["modes"] if filled[one[0]] or one[0] == self.mode]
        state["_menus"] = {**state["_menus"], "modes": modes}
        return state
