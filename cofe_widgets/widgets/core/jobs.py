"""The kernel's half of the job protocol; the browser's is ``js/src/core/jobs.ts``.

From the browser: ``request {kind, id, epoch, ...}``, ``cancel {id}``, ``ack {id, seq}``,
``ready {view}``, ``visible {view, visible}``. To it: ``start``, ``step``, ``done``, ``error``,
``cancelled`` and ``snapshot``, each with ``{kind, id, epoch}``. Every request gets a reply, and
exactly one that ends it. Knows nothing of widgets: it is given a function that sends.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

log = logging.getLogger(__name__)

#: Frames on their way that the browser has not acknowledged yet.
CREDIT = 2

Send = Callable[[dict[str, Any], list[bytes]], None]


@dataclass(frozen=True)
class Update:
    """What the browser is told while a job runs: ``points`` of all steps are kept, of frames the newest."""

    content: dict[str, Any]
    points: tuple[tuple[float, float], ...] = ()
    frame: dict[str, Any] | None = None
    buffers: tuple[bytes, ...] = ()

    def after(self, earlier: Update | None) -> Update:
        """Add what an earlier step, never sent, still had to say."""
        if earlier is None:
            return self
        keeps = self.frame is not None
        return Update(
            self.content,
            earlier.points + self.points,
            self.frame if keeps else earlier.frame,
            self.buffers if keeps else earlier.buffers,
        )

    def message(self) -> dict[str, Any]:
        """Content of the message."""
        return {**self.content, "points": [list(p) for p in self.points], "frame": self.frame}


@dataclass(frozen=True)
class Finish:
    """The end of a job: ``apply`` puts the result in place, in the thread of the kernel's loop."""

    apply: Callable[[], None] = lambda: None
    content: dict[str, Any] = field(default_factory=dict)
    buffers: tuple[bytes, ...] = ()


Work = Generator[Update, None, Finish]
Start = Callable[[dict[str, Any], Sequence[bytes]], tuple[dict[str, Any], Work]]


class Refused(ValueError):
    """A request that is not begun; the message is for the person who made it."""


@dataclass
class _Job:
    kind: str
    id: str
    epoch: int
    about: dict[str, Any]
    stopped: threading.Event = field(default_factory=threading.Event)
    seq: int = 0
    acknowledged: int = 0
    pending: Update | None = None
    so_far: Update | None = None

    def head(self, type_: str) -> dict[str, Any]:
        return {"type": type_, "kind": self.kind, "id": self.id, "epoch": self.epoch}


class Jobs:
    """Runs jobs in threads, one of each kind, the latest one winning.

    Parameters
    ----------
    send : callable
        ``send(content, buffers)`` to all views.
    kinds : mapping of str to callable
        ``start(parameters, buffers) -> (about, work)``: checks the request in the caller's thread
        (`Refused`, or any ValueError, refuses it), says what the views shall know about the job,
        and returns the generator that does the work in another thread.
    epoch : callable
        Told of every new epoch. An epoch is one accepted request; what is older is out of date.
    dated : iterable of str
        Kinds of which a request made before the last `outdate` is cancelled: it was about another
        ECG.
    """

    def __init__(
        self,
        send: Send,
        kinds: Mapping[str, Start],
        epoch: Callable[[int], None] = lambda _: None,
        dated: Iterable[str] = (),
    ) -> None:
        self._send, self._kinds, self._tell_epoch = send, dict(kinds), epoch
        self._dated = frozenset(dated)
        self._running: dict[str, _Job] = {}
        self._views: dict[str, bool] = {}
        self._epoch = 0
        self._oldest = 0  # requests made in an earlier epoch were about another ECG
        # One torch at a time; taken step by step, so that a new job waits one step at most.
        self._turn = threading.Lock()

    # -- messages from the browser

    def handle(self, content: Mapping[str, Any], buffers: Sequence[bytes] = ()) -> None:
        """Take one message of the browser."""
        match content:
            case {"type": "request", "kind": str(kind), "id": str(id_)}:
                self._request(kind, id_, dict(content), buffers)
            case {"type": "cancel", "id": str(id_)}:
                self._cancel(str(content.get("kind", "")), id_)
            case {"type": "ack", "id": str(id_), "seq": int(seq)}:
                self._acknowledge(id_, seq)
            case {"type": "ready", "view": str(view)}:
                self._ready(view)
            case {"type": "visible", "view": str(view), "visible": bool(visible)}:
                self._views[view] = visible
                if not visible:
                    return
                for job in tuple(self._running.values()):
                    self._flush(job)
            case _:
                told = dict(content) if isinstance(content, Mapping) else {}
                said: dict[str, Any] = {
                    k: str(told[k]) for k in ("type", "kind", "id") if k in told
                }
                words = f"a message the kernel does not understand: {said}"
                self._send({"kind": "", "id": "", **said, "type": "error", "message": words}, [])

    def outdate(self) -> None:
        """What was asked before now, or runs, was about another ECG."""
        self._oldest = self._epoch
        for kind in tuple(self._running):
            self._end(kind)

    def busy(self, kind: str) -> bool:
        """Whether a job of this kind runs."""
        return kind in self._running

    def begin(self, kind: str, parameters: dict[str, Any] | None = None) -> None:
        """Ask from Python, as a view would."""
        self._request(kind, f"kernel:{self._epoch + 1}", dict(parameters or {}), ())

    def stop(self) -> None:
        """Cancel all that runs."""
        for kind in tuple(self._running):
            self._end(kind)

    def _request(
        self, kind: str, id_: str, parameters: dict[str, Any], buffers: Sequence[bytes]
    ) -> None:
        head = {"kind": kind, "id": id_, "epoch": self._epoch}
        if kind not in self._kinds:
            known = ", ".join(self._kinds)
            words = f"no job is called {kind!r}: known are {known}"
            return self._send({**head, "type": "error", "message": words}, [])
        if kind in self._dated and parameters.get("epoch", self._epoch) < self._oldest:
            words = "asked about the ECG before this one"
            return self._send({**head, "type": "cancelled", "message": words}, [])
        try:
            about, work = self._kinds[kind](parameters, buffers)
        except Exception as error:
            return self._send({**head, "type": "error", "message": _words(error)}, [])
        self._end(kind)
        self._epoch += 1
        job = self._running[kind] = _Job(kind, id_, self._epoch, about)
        self._tell_epoch(self._epoch)
        self._send({**job.head("start"), **about}, [])
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            # A notebook executed without an event loop: the work is done here and now.
            self._work(job, work, lambda act, *rest: act(*rest))
            return None
        deliver = loop.call_soon_threadsafe
        threading.Thread(target=self._work, args=(job, work, deliver), daemon=True).start()
        return None

    def _cancel(self, kind: str, id_: str) -> None:
        for job in tuple(self._running.values()):
            if job.id == id_:
                return self._end(job.kind)
        # Over already: the reply may have crossed the request.
        self._send({"type": "cancelled", "kind": kind, "id": id_, "epoch": self._epoch}, [])
        return None

    def _end(self, kind: str) -> None:
        job = self._running.pop(kind, None)
        if job is not None:
            job.stopped.set()
            self._send(job.head("cancelled"), [])

    def _acknowledge(self, id_: str, seq: int) -> None:
        for job in self._running.values():
            if job.id == id_:
                job.acknowledged = min(job.seq, max(job.acknowledged, seq))
                self._flush(job)

    def _ready(self, view: str) -> None:
        """A view was drawn: what was sent before it existed is lost to it."""
        self._views[view] = True
        jobs = [job for job in self._running.values() if job.about]
        for job in jobs:
            seen = (job.so_far or Update({"fraction": 0.0, "message": ""})).message()
            content = {**job.head("snapshot"), **job.about, **seen, "view": view}
            self._send(content, list(job.so_far.buffers if job.so_far else ()))
            job.acknowledged = job.seq
        if not jobs:
            empty = {"kind": "", "id": "", "epoch": self._epoch}
            self._send({**empty, "type": "snapshot", "view": view}, [])

    # -- the work, in a thread of its own, and its results, in the thread of the loop

    def _work(self, job: _Job, work: Work, deliver: Callable[..., Any]) -> None:
        try:
            while not job.stopped.is_set():
                with self._turn:
                    step = next(work)
                deliver(self._step, job, step)
        except StopIteration as end:
            self._hand_over(deliver, self._finish, job, end.value)
        except Exception as error:
            if not isinstance(error, ValueError):
                log.exception("job %s failed", job.kind)
            self._hand_over(deliver, self._fail, job, _words(error))
        finally:
            work.close()

    @staticmethod
    def _hand_over(deliver: Callable[..., Any], *arguments: Any) -> None:
        try:
            deliver(*arguments)
        except RuntimeError:
            log.debug("the kernel's loop has ended: nobody is left to tell")

    def _step(self, job: _Job, step: Update) -> None:
        if job.stopped.is_set():
            return
        job.so_far = step.after(job.so_far)
        job.pending = step.after(job.pending)
        self._flush(job)

    def _flush(self, job: _Job, last: bool = False) -> None:
        """Send what waits, if a view can be seen and keeps up; the last always goes."""
        seen = any(self._views.values())
        if job.pending is None or not seen or (job.seq - job.acknowledged >= CREDIT and not last):
            return
        step, job.pending = job.pending, None
        job.seq += 1
        self._send({**job.head("step"), **step.message(), "seq": job.seq}, list(step.buffers))

    def _finish(self, job: _Job, finish: Finish) -> None:
        if job.stopped.is_set():
            return
        self._flush(job, last=True)
        self._running.pop(job.kind, None)
        try:
            finish.apply()
        except Exception as error:
            log.exception("the result of job %s could not be shown", job.kind)
            self._send({**job.head("error"), "message": _words(error)}, [])
            return
        self._send({**job.head("done"), **finish.content}, list(finish.buffers))

    def _fail(self, job: _Job, words: str) -> None:
        if job.stopped.is_set():
            return
        self._running.pop(job.kind, None)
        self._send({**job.head("error"), "message": words}, [])


def _words(error: Exception) -> str:
    """An error for a person: ours as they are, others with their kind."""
    text = str(error).strip() or "no reason given"
    return text if isinstance(error, ValueError) else f"{type(error).__name__}: {text}"
