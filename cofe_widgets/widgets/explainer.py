"""`Explainer`: open an ECG, see the model's answer, ask what would change it, drag the answer."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets as t

from ..ecg import Record
from .base import packed_ecg
from .codec import pack
from .counterfactual import CounterfactualViewer, answer, changes
from .jobs import Finish, Jobs, Refused, Step, Work

if TYPE_CHECKING:
    from ..explain import Counterfactual
    from ..wrap import Predictor

#: The browser refuses more; whoever speaks to the kernel directly is refused here.
MAX_UPLOAD_BYTES = 8 * 2**20
#: What the buttons for a simulated ECG ask for, and what it is called then.
EXAMPLES = {"NSR": "Simulated sinus rhythm", "AF": "Simulated atrial fibrillation"}


class Explainer(CounterfactualViewer):
    """The app: upload, answer, counterfactual, saliency, table of changes.

    Made by `cofe_widgets.explore`. ``record``, ``counterfactual`` and ``attribution`` hold the
    values on screen; ``target``, ``level``, ``severity`` and ``show_saliency`` can be set.

    Parameters
    ----------
    record : Record or None
        What to start with.
    predictor : Predictor
        A classifier (softmax or sigmoid outputs).
    """

    epoch = t.Int(0).tag(sync=True)

    def __init__(self, record: Record | None, predictor: Predictor) -> None:
        if predictor.output == "linear":
            raise ValueError(
                f"{predictor.name} answers with values, not probabilities: this app explains "
                "classifiers (output='softmax' or 'sigmoid')"
            )
        super(CounterfactualViewer, self).__init__(_live=True, _targets=list(predictor.outputs))
        self.predictor = predictor
        self._forget()
        kinds = {
            "open": self._open,
            "explain": self._explain,
            "attribute": self._attribute,
            "page": self._page,
        }
        self._jobs = Jobs(self._tell, kinds, lambda epoch: self.set_trait("epoch", epoch))
        self.on_msg(lambda _, content, buffers: self._jobs.handle(content, buffers))
        self.target = predictor.outputs[-1]
        if record is not None:
            self._place(record, self._answer_to(record))
        self.observe(lambda _: self._ask_attribution(), "target")

    def explain(self, target: str | None = None, level: float | None = None) -> None:
        """Press the button from Python; the result arrives in ``counterfactual``."""
        self.target = target or self.target
        self.level = level or self.level
        self._jobs.begin("explain", {"target": self.target, "level": self.level})

    def stop(self) -> None:
        """Cancel what runs."""
        self._jobs.stop()

    def close(self) -> None:
        """Cancel what runs and take the widget away."""
        if hasattr(self, "_jobs"):  # not where the arguments were refused
            self._jobs.stop()
        super().close()

    def _tell(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        self.send(content, buffers)

    # -- jobs: each checks its request, and returns what to tell the views and the work

    def _open(
        self, parameters: dict[str, Any], buffers: Sequence[bytes]
    ) -> tuple[dict[str, Any], Work]:
        condition = parameters.get("example")
        if condition is not None:
            if condition not in EXAMPLES:
                raise Refused(f"no example is called {condition!r}: {', '.join(EXAMPLES)}")
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
        from .. import io

        yield Step({"fraction": 0.1, "message": f"Reading {', '.join(files)}"})
        return self._opened(io.read(files))

    def _example(self, condition: str) -> Work:
        from ..simulate import simulate

        yield Step({"fraction": 0.1, "message": "Simulating"})
        seed = int(np.random.default_rng().integers(2**31))
        record = simulate(condition, n=1, seed=seed)[0].record
        return self._opened(record.with_signal(record.signal, title=EXAMPLES[condition]))

    def _opened(self, record: Record) -> Finish:
        """A new ECG; where the model cannot read it, it is shown all the same, with the reason."""
        try:
            said, why = self._answer_to(record), ""
        except ValueError as error:
            said, why = None, f"{self.predictor.name} has no answer: {error}"
        return Finish(apply=lambda: self._place(record, said, why))

    def _explain(
        self, parameters: dict[str, Any], _: Sequence[bytes]
    ) -> tuple[dict[str, Any], Work]:
        record = self._needs_record()
        target, level = parameters.get("target"), parameters.get("level")
        if target not in self.predictor.outputs:
            known = ", ".join(self.predictor.outputs)
            raise Refused(f"{self.predictor.name} has no output {target!r}: choose one of {known}")
        if not isinstance(level, (int, float)) or not 0 < level < 1:
            raise Refused(f"level {level!r}: expected a probability between 0 and 1")
        return {"target": target, "level": level}, self._search(record, target, float(level))

    def _search(self, record: Record, target: str, level: float) -> Work:
        from ..explain import counterfactual
        from ..explain.inversion import prepare

        result: Counterfactual | None = None
        before = prepare(record)
        steps = counterfactual.steps(  # type: ignore[attr-defined]
            record, self.predictor, target=target, level=level
        )
        with closing(steps):
            for step in steps:
                result = step.result if step.result is not None else result
                frame, buffers = _frame(before, step.signal)
                yield Step(
                    {"fraction": float(step.fraction), "message": step.message},
                    ((float(step.fraction), float(step.prediction)),),
                    frame,
                    buffers,
                )
        if result is None:
            raise RuntimeError("the search ended without a result")
        changes(result.measurements)  # measured here, in the thread, not while the loop waits
        return Finish(apply=lambda: self._show_counterfactual(result))

    def _attribute(
        self, parameters: dict[str, Any], _: Sequence[bytes]
    ) -> tuple[dict[str, Any], Work]:
        return {}, self._look(self._needs_record(), str(parameters["target"]))

    def _look(self, record: Record, target: str) -> Work:
        from ..explain import attribute

        yield Step({"fraction": 0.1, "message": "Saliency"})
        found = attribute(record, self.predictor, target=target)
        return Finish(apply=lambda: self._show_attribution(found))

    def _page(self, _: dict[str, Any], __: Sequence[bytes]) -> tuple[dict[str, Any], Work]:
        self._needs_record()
        return {}, self._written()

    def _written(self) -> Work:
        from .page import page

        yield Step({"fraction": 0.1, "message": "Writing the page"})
        return Finish(content={"name": "ecg-explained.html"}, buffers=(page(self).encode(),))

    # -- values to traits

    def _needs_record(self) -> Record:
        if self.record is None:
            raise Refused("there is no ECG yet: open one first")
        return self.record

    def _answer_to(self, record: Record) -> dict[str, Any]:
        return answer(self.predictor.name, self.predictor.predict(record))

    def _place(self, record: Record, said: dict[str, Any] | None, why: str = "") -> None:
        self._jobs.outdate()
        packed_ecg(record)  # what cannot be shown is refused before the ECG on screen is given up
        self._show_record(record)
        self.set_trait("_answer", said)
        # Cleared first: the same reason twice must be seen twice.
        self._error = ""
        self._error = why
        if said is None:
            return
        outputs = said["outputs"]
        if len(outputs) > 1:
            # The question people ask: what would make it say something else?
            top = max(outputs, key=lambda output: output["probability"])["name"]
            if self.target == top:
                self.target = next(o["name"] for o in reversed(outputs) if o["name"] != top)
        self._ask_attribution()

    def _ask_attribution(self) -> None:
        if self.record is not None and self._answer is not None:
            self._jobs.begin("attribute", {"target": self.target})


def _frame(before: Record, signal: Any) -> tuple[dict[str, Any] | None, tuple[bytes, ...]]:
    """A candidate on its way to the screen, with the ECG it is drawn over."""
    if signal is None:
        return None, ()
    original, packed = pack(before.signal), pack(signal)
    data = (packed.pop("data"), original.pop("data"))
    frame = {"fs": before.fs, "leads": list(before.leads), "packed": packed, "original": original}
    return frame, data
