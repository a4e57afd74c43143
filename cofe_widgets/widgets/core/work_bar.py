"""`WorkBar`: begin, stop and watch one piece of long work from Python widgets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import ipywidgets as w
import traitlets as t

from ...markup import escaped
from ...steps import Step
from .jobs import Finish, Jobs, Update, Work

_KIND = "work"


class WorkBar(w.HBox):
    """A button that begins work, one that stops it, a bar and words of how far it is.

    The work is a generator of `Step`; it runs in a thread where there is an event loop.

    Parameters
    ----------
    begin : callable
        Gives the generator when asked; a ``ValueError`` it raises is shown, and nothing begins.
    done : callable
        Given the result.
    seen : callable, optional
        Given what a step shows of what there is so far.
    name : str
        On the button.

    Attributes
    ----------
    busy : bool
    words : str
        The newest message.
    """

    busy: bool = t.Bool(False)  # type: ignore[assignment]
    words: str = t.Unicode("")  # type: ignore[assignment]

    def __init__(
        self,
        begin: Callable[[], Iterator[Step[Any]]],
        done: Callable[[Any], None],
        seen: Callable[[Any], None] | None = None,
        name: str = "Compute",
    ) -> None:
        self._begin_work, self._done, self._seen = begin, done, seen
        self._jobs = Jobs(self._heard, {_KIND: self._begin})
        self._jobs.handle({"type": "ready", "view": "bar"})
        self._go = w.Button(description=name)
        self._stop = w.Button(description="Stop", disabled=True)
        self._go.on_click(lambda _: self.start())
        self._stop.on_click(lambda _: self.stop())
        self._progress = w.FloatProgress(0.0, min=0.0, max=1.0)
        self._progress.layout.visibility = "hidden"
        self._message = w.HTML()
        super().__init__(
            [self._go, self._stop, self._progress, self._message],
            layout=w.Layout(flex_flow="row wrap", align_items="center"),
        )

    def start(self) -> None:
        """Begin, anew where it runs already."""
        self._jobs.begin(_KIND)

    def stop(self) -> None:
        """Stop what runs."""
        self._jobs.stop()

    def say(self, words: str, wrong: bool = False) -> None:
        """Words beside the bar."""
        self.words = words
        role = "alert" if wrong else "status"
        self._message.value = f'<span role="{role}">{escaped(words)}</span>'

    def _begin(self, _: dict[str, Any], __: Sequence[bytes]) -> tuple[dict[str, Any], Work]:
        return {}, self._work(self._begin_work())

    def _work(self, steps: Iterator[Step[Any]]) -> Work:
        result = None
        for step in steps:
            result = step.result
            frame = None if step.partial is None or self._seen is None else {"shown": step.partial}
            yield Update({"fraction": step.fraction, "message": step.message}, frame=frame)
        return Finish(apply=lambda: self._take(result))

    def _take(self, result: Any) -> None:
        self._progress.value = 1.0
        self.say("")
        self._done(result)

    def _heard(self, content: dict[str, Any], _: list[bytes]) -> None:
        """What the job says."""
        kind = content["type"]
        if kind == "snapshot":  # for views that come later
            return
        if kind == "step":
            self._progress.value = float(content["fraction"])
            self.say(str(content["message"]))
            if content["frame"] is not None and self._seen is not None:
                self._seen(content["frame"]["shown"])
            self._jobs.handle({"type": "ack", "id": content["id"], "seq": content["seq"]})
            return
        self.busy = kind == "start"
        self._go.disabled, self._stop.disabled = self.busy, not self.busy
        self._progress.layout.visibility = "visible" if self.busy else "hidden"
        if kind == "cancelled":
            self.say("Stopped.")
        elif kind == "error":
            self.say(str(content["message"]), wrong=True)
