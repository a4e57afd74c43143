"""`Explainer`: open an ECG, see the model's answer, ask what would change it, drag the answer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t

from ...ecg import Record, stored_record
from ...io.formats import upload_hint
from ...report.figures.paper import PAGE_SECONDS
from ...vocabulary.diagnoses import QUANTITIES
from ..core.codec import detached
from ..core.component import packed_ecg, packed_layer
from ..core.jobs import Finish, Refused, Update, Work
from .counterfactual_viewer import CounterfactualViewer, packed_found
from .maps import Maps
from .view import EXAMPLES, KEPT, METHODS

if TYPE_CHECKING:
    from ...wrapper import Predictor

#: Records up to this length are shown whole; of a longer one, the window that is explained.
WHOLE_S = 300.0
#: The browser learns it from `_menus` and refuses more; whoever speaks to the kernel directly is
#: refused here.
MAX_UPLOAD_BYTES = 8 * 2**20


class Explainer(Maps):
    """The app: upload, answer, counterfactual, attribution, table of changes, trust card, dials.

    Made by `cofe_widgets.explore`. ``record``, ``counterfactuals``, ``counterfactual`` (the one on
    screen) and ``attribution`` hold the values on screen; ``target``, ``level``, ``method``,
    ``keep``, ``diverse``, ``severity``, ``chosen``, ``show_attribution``, ``map_method``,
    ``compare_with``, ``check_records``, ``mode`` and ``asked`` can be set; ``maps`` and ``agreement``
    are what the "maps" tab shows. What is explained begins at ``start`` (s) of what was opened,
    ``opened``: of a record that is longer than the model, ``app.start = 3600`` shows and explains
    another window.

    Parameters
    ----------
    record : Record or None
        What to start with.
    predictor : Predictor
    """

    #: Where the window that is shown and explained begins, s from the start of what was opened.
    start = t.Float(0.0).tag(sync=True)

    #: The record that was opened, of which ``record`` is a part.
    opened: Record | None = None

    def __init__(self, record: Record | None, predictor: Predictor) -> None:
        super(CounterfactualViewer, self).__init__(("counterfactual", "dials", "maps"))
        opener = {"formats": upload_hint(), "max_upload_bytes": MAX_UPLOAD_BYTES}
        self._menus = {**self._menus, **opener}
        self._own = predictor
        self._models = [predictor.name, *(n for n in _shipped() if n != predictor.name)]
        kinds = {
            "open": self._open,
            "explain": self._explain,
            "attribute": self._attribute,
            "check": self._check,
            "model": self._choose_model,
            "page": self._page,
        }
        self._start(predictor, kinds)
        self.target = predictor.outputs[-1]
        self._start_maps()
        if record is not None:
            part = self._part(record, 0.0)
            self._place(part, predictor.predict(part))
            self.opened = record

    def explain(self, target: str | None = None, level: float | None = None) -> None:
        """Press the button from Python; the result arrives in ``counterfactuals``."""
        self.target = target or self.target
        self.level = self.level if level is None else level
        names = ("target", "level", "method", "keep", "diverse")
        self._jobs.begin("explain", {name: getattr(self, name) for name in names})

    def stop(self) -> None:
        """Cancel what runs."""
        self._jobs.stop()

    # -- jobs: each checks its request, and returns what to tell the views and the work

    def _open(
        self, parameters: dict[str, Any], buffers: Sequence[bytes]
    ) -> tuple[dict[str, Any], Work]:
        condition = parameters.get("example")
        if condition is not None:
            if condition not in dict(EXAMPLES):
                known = ", ".join(dict(EXAMPLES))
                raise Refused(f"no example is called {condition!r}: {known}")
            return {}, self._example(condition)
        names = [str(name) for name in parameters.get("files", [])]
        if not names or len(names) != len(buffers):
            raise Refused("no file arrived: choose one again")
        size = sum(memoryview(data).nbytes for data in buffers)
        if size > MAX_UPLOAD_BYTES:
            raise Refused(
                f"{', '.join(names)}: {size / 2**20:.1f} MiB, more than "
                f"{MAX_UPLOAD_BYTES // 2**20} MiB. Read it in Python: cw.explore(cw.read(path))"
            )
        return {}, self._read({n: bytes(b) for n, b in zip(names, buffers, strict=True)})

    def _read(self, files: dict[str, bytes]) -> Work:
        from ... import io

        yield Update({"fraction": 0.1, "message": f"Reading {', '.join(files)}"})
        return self._opened(io.read(files))

    def _example(self, condition: str) -> Work:
        from ...simulate import simulate

        yield Update({"fraction": 0.1, "message": "Simulating"})
        seed = int(np.random.default_rng().integers(2**31))
        record = simulate(condition, n=1, seed=seed)[0].record
        return self._opened(
            record.with_signal(record.signal, title=f"Simulated {dict(EXAMPLES)[condition]}")
        )

    def _opened(self, record: Record) -> Finish:
        """A new ECG; where the model cannot read it, it is shown all the same, with the reason."""
        part = self._part(record, 0.0)
        said, why = _answered(self.predictor, part)

        def apply() -> None:
            self._place(part, said, why)
            self.opened = None  # nothing to turn to while the new one takes its place
            self.start = 0.0
            self.opened = record

        return Finish(apply=apply)

    def _part(self, record: Record, start: float) -> Record:
        """What is shown of a record: all of one of bearable length, or the window at ``start``."""
        if not start and record.duration_s <= WHOLE_S:
            return record
        end = min(start + max(self.predictor.seconds, PAGE_SECONDS), record.duration_s)
        part = record.crop(start, end)
        meta = {**part.meta, "start_s": start, "of_s": record.duration_s}
        return stored_record(part.signal, part.fs, part.leads, meta)

    @t.validate("start")
    def _start_inside(self, proposal: Any) -> float:
        """Where a whole window follows."""
        start = float(proposal["value"])
        if self.opened is None:
            return 0.0
        need = max(self.predictor.seconds, PAGE_SECONDS)
        return min(max(start, 0.0), max(self.opened.duration_s - need, 0.0))

    @t.observe("start")
    def _turn(self, change: Any) -> None:
        """Another window of what was opened: what was found of the last one goes."""
        if self.opened is not None:
            part = self._part(self.opened, change["new"])
            self._place(part, *_answered(self.predictor, part))

    def _choose_model(
        self, parameters: dict[str, Any], _: Sequence[bytes]
    ) -> tuple[dict[str, Any], Work]:
        name = parameters.get("model")
        if name not in self._models:
            raise Refused(f"no model is called {name!r}: choose one of {', '.join(self._models)}")
        return {}, self._load(str(name))

    def _load(self, name: str) -> Work:
        from ...wrapper import load

        yield Update({"fraction": 0.1, "message": f"Loading {name}"})
        predictor = self._own if name == self._own.name else load(name)
        said, why = (None, "") if self.record is None else _answered(predictor, self.record)
        return Finish(apply=lambda: self._other_model(predictor, said, why))

    def _other_model(self, predictor: Predictor, said: dict[str, float] | None, why: str) -> None:
        """The same ECG, another model: what was found of the last one goes."""
        self._jobs.outdate()
        self.counterfactuals, self.attribution = (), None
        with self.hold_sync():
            self._found = []
            for name in ("_answer", "_edited"):
                self.set_trait(name, None)
            self._forget_maps()
            self._use(predictor)
            if self.target not in predictor.outputs:
                self.target = predictor.outputs[-1]
        if self.record is not None:
            self._answer_is(said, why)
        self._dialled()

    def _explain(
        self, parameters: dict[str, Any], _: Sequence[bytes]
    ) -> tuple[dict[str, Any], Work]:
        record = self._needs_record()
        target, level = parameters.get("target"), parameters.get("level")
        if target not in self.predictor.outputs:
            known = ", ".join(self.predictor.outputs)
            raise Refused(f"{self.predictor.name} has no output {target!r}: choose one of {known}")
        if not isinstance(level, (int, float)) or not math.isfinite(level):
            raise Refused(f"level {level!r}: expected a number")
        if self.predictor.output != "linear" and not 0 < level < 1:
            raise Refused(f"level {level!r}: expected a probability between 0 and 1")
        about = {"target": target, "level": float(level)}
        return about, self._search(record, {**about, **_how(parameters)})

    def _search(self, record: Record, question: dict[str, Any]) -> Work:
        from ...explain import Candidate, Counterfactual, counterfactual
        from ...generative.inversion import prepare

        before, found = prepare(record), []
        steps = counterfactual.steps(record, self.predictor, **question)
        with closing(steps):
            for step in steps:
                content = {"fraction": float(step.fraction), "message": step.message}
                if isinstance(step.partial, Candidate):
                    frame, buffers = _frame(before, step.partial.signal)
                    point = (float(step.fraction), float(step.partial.prediction))
                    yield Update(content, (point,), frame, buffers)
                elif isinstance(step.partial, Counterfactual):
                    found.append(step.partial)
                    frame, buffers = _frame(before, step.partial.signals[-1])
                    point = (float(step.fraction), float(step.partial.predictions[-1]))
                    yield Update(content, (point,), frame, buffers)
        packed = []
        for one in found:  # measured here, in the thread, not while the loop waits
            yield Update({"fraction": 1.0, "message": "checking whether it can be believed"})
            packed.append(packed_found(one))
        return Finish(apply=lambda: self._show_counterfactuals(found, packed))

    def _page(self, _: dict[str, Any], __: Sequence[bytes]) -> tuple[dict[str, Any], Work]:
        self._needs_record()
        return {}, self._written()

    def _written(self) -> Work:
        yield Update({"fraction": 0.1, "message": "Writing the page"})
        return Finish(content={"name": "ecg-explained.html"}, buffers=(self.page().encode(),))

    # -- values to traits

    def _needs_record(self) -> Record:
        if self.record is None:
            raise Refused("there is no ECG yet: open one first")
        return self.record

    def _place(self, record: Record, said: dict[str, float] | None, why: str = "") -> None:
        packed_ecg(record)  # what cannot be shown is refused before the ECG on screen is given up
        self._jobs.outdate()
        self._edit = None
        self._show_record(record)
        self._answer_is(said, why)
        self._dialled()

    def _answer_is(self, said: dict[str, float] | None, why: str) -> None:
        self.set_trait("_answer", said)
        # Cleared first: the same reason twice must be seen twice.
        self._error = ""
        self._error = why
        if said is None:
            return
        self._ask_the_natural_question(said)
        self._ask_attribution()

    def _ask_the_natural_question(self, said: dict[str, float]) -> None:
        """Ask what would make it say something else; of a value, what would raise it."""
        if self.predictor.output == "linear":
            now, known = said[self.target], QUANTITIES.get(self.target)
            rise = 2.0 if known else max(0.2 * abs(now), 0.1)
            self.level = round(now + rise, known.digits if known else 2)
            return
        self.level = self.level if 0 < self.level < 1 else 0.9
        top = max(said, key=said.__getitem__)
        if self.target == top and len(said) > 1:
            self.target = next(name for name in reversed(said) if name != top)


def _shipped() -> list[str]:
    """Names of the shipped models of ECGs that menus name."""
    from ...models import available

    table = available()
    return [str(k) for k in table.index[table["outputs"] != ""]]


def _answered(predictor: Predictor, record: Record) -> tuple[dict[str, float] | None, str]:
    """A model's answer, or why it has none."""
    try:
        return predictor.predict(record), ""
    except ValueError as error:
        return None, f"{predictor.name} has no answer: {error}"


def _how(parameters: dict[str, Any]) -> dict[str, Any]:
    """Method, what is kept and how many answers, as `cofe_widgets.counterfactual` takes them."""
    method, keep = parameters.get("method", "refined"), parameters.get("keep", [])
    diverse = parameters.get("diverse", 1)
    if method not in dict(METHODS):
        raise Refused(f"method {method!r}: choose one of {', '.join(dict(METHODS))}")
    known = ", ".join(kept for kept, *_ in KEPT)
    if not isinstance(keep, list) or not set(keep) <= {kept for kept, *_ in KEPT}:
        raise Refused(f"keep {keep!r}: expected any of {known}")
    if diverse not in (1, 2, 3):
        raise Refused(f"diverse {diverse!r}: expected 1 to 3 answers")
    return {"method": method, "keep": tuple(keep), "diverse": diverse}


def _frame(before: Record, signal: Any) -> tuple[dict[str, Any] | None, tuple[bytes, ...]]:
    """A candidate on its way to the screen, with the ECG it is drawn over."""
    if signal is None:
        return None, ()
    now = packed_layer(before.with_signal(signal))
    return detached({"signal": now, "original": packed_layer(before)})
