"""The kernel's half of the job protocol: replies, credit, latest wins, stopping."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from cofe_widgets.widgets.core.jobs import CREDIT, Finish, Jobs, Refused, Update, Work


class Browser:
    """Collects what the kernel sends."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.buffers: list[list[bytes]] = []

    def send(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        self.heard.append(content)
        self.buffers.append(buffers)

    def types(self, id_: str | None = None) -> list[str]:
        return [m["type"] for m in self.heard if id_ is None or m["id"] == id_]


def counting(n: int, done: list[str] | None = None, gate: threading.Event | None = None) -> Work:
    """Steps 1..n, a frame each; waits for the gate before each."""
    try:
        for k in range(1, n + 1):
            if gate is not None:
                gate.wait(5)
            content = {"fraction": k / n, "message": f"step {k}"}
            yield Update(content, ((k / n, 0.1 * k),), {"k": k}, (bytes([k]),))
        return Finish(content={"total": n})
    finally:
        if done is not None:
            done.append("closed")


def make(work: Any, about: dict[str, Any] | None = None) -> tuple[Jobs, Browser]:
    browser = Browser()
    kinds = {"explain": lambda parameters, _: (about or {"target": "AF"}, work())}
    jobs = Jobs(browser.send, kinds, dated=("explain",))
    return jobs, browser


def request(id_: str, kind: str = "explain", **more: Any) -> dict[str, Any]:
    return {"type": "request", "kind": kind, "id": id_, "epoch": 0, **more}


def test_without_a_loop_the_work_is_done_at_once_and_in_order():
    jobs, browser = make(lambda: counting(CREDIT))
    jobs.handle({"type": "ready", "view": "v"})
    jobs.handle(request("a"))
    assert browser.types() == ["snapshot", "start", "step", "step", "done"]
    assert browser.heard[-1] == {
        "type": "done", "kind": "explain", "id": "a", "epoch": 1, "total": CREDIT
    }  # fmt: skip


def test_two_frames_of_credit_drop_frames_between_but_no_point_and_never_the_last():
    jobs, browser = make(lambda: counting(10))
    jobs.handle({"type": "ready", "view": "v"})
    jobs.handle(request("a"))
    steps = [m for m in browser.heard if m["type"] == "step"]
    assert [m["frame"]["k"] for m in steps] == [1, 2, 10]
    assert [m["seq"] for m in steps] == [1, 2, 3]
    assert [len(m["points"]) for m in steps] == [1, 1, 8]
    assert browser.types()[-1] == "done"


def test_an_acknowledgement_gives_credit_back():
    gate = threading.Event()

    async def session() -> Browser:
        jobs, browser = make(lambda: counting(6, gate=gate))
        jobs.handle({"type": "ready", "view": "v"})
        jobs.handle(request("a"))
        gate.set()
        await until(lambda: jobs._running == {} or len(browser.types()) >= 4)
        return browser

    browser = asyncio.run(session())
    assert browser.types().count("step") >= CREDIT

    jobs: Jobs
    jobs, browser = make(lambda: acknowledging(jobs, 6))
    jobs.handle({"type": "ready", "view": "v"})
    jobs.handle(request("a"))
    assert [m["frame"]["k"] for m in browser.heard if m["type"] == "step"] == [1, 2, 3, 4, 5, 6]


def acknowledging(jobs: Jobs, n: int) -> Work:
    """A browser that keeps up: it has acknowledged all before the next step."""
    for k in range(1, n + 1):
        yield Update({"fraction": k / n, "message": ""}, (), {"k": k}, (b"x",))
        jobs.handle({"type": "ack", "id": "a", "seq": k})
    return Finish()


def test_nothing_streams_while_no_view_is_visible():
    jobs, browser = make(lambda: counting(5))
    jobs.handle(request("a"))
    assert browser.types() == ["start", "done"]
    jobs.handle({"type": "ready", "view": "v"})
    jobs.handle({"type": "visible", "view": "v", "visible": False})
    jobs.handle(request("b"))
    assert browser.types("b") == ["start", "done"]
    jobs.handle({"type": "visible", "view": "v", "visible": True})
    jobs.handle(request("c"))
    assert "step" in browser.types("c")


async def until(true: Any, seconds: float = 10) -> None:
    """Let the loop run until something is so."""
    for _ in range(int(seconds / 0.005)):
        if true():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never came to pass")


def test_the_latest_wins_and_the_first_is_told():
    gate = threading.Event()
    begun = threading.Event()
    closed: list[str] = []

    def work() -> Work:
        begun.set()
        return (yield from counting(4, closed, gate))

    async def session() -> Browser:
        jobs, browser = make(work)
        jobs.handle({"type": "ready", "view": "v"})
        jobs.handle(request("a"))
        await until(begun.is_set)  # work that has not begun has nothing to close
        jobs.handle(request("b"))
        gate.set()
        await until(lambda: "done" in browser.types("b"))
        return browser

    browser = asyncio.run(session())
    assert browser.types("a") == ["start", "cancelled"]
    assert browser.types("b")[0] == "start"
    assert browser.types("b")[-1] == "done"
    epochs = {m["id"]: m["epoch"] for m in browser.heard if m["type"] == "start"}
    assert epochs == {"a": 1, "b": 2}
    assert closed == ["closed", "closed"]


def test_stop_is_answered_at_once_and_closes_the_generator():
    gate = threading.Event()
    closed: list[str] = []

    async def session() -> Browser:
        jobs, browser = make(lambda: counting(1000, closed, gate))
        jobs.handle({"type": "ready", "view": "v"})
        jobs.handle(request("a"))
        jobs.handle({"type": "cancel", "kind": "explain", "id": "a"})
        assert browser.types("a") == ["start", "cancelled"]  # though the work still waits
        gate.set()
        await until(lambda: bool(closed))
        await asyncio.sleep(0.05)
        return browser

    browser = asyncio.run(session())
    assert browser.types("a") == ["start", "cancelled"]


def test_cancelling_what_is_over_is_answered_too():
    jobs, browser = make(lambda: counting(1))
    jobs.handle(request("a"))
    jobs.handle({"type": "cancel", "kind": "explain", "id": "a"})
    assert browser.types("a") == ["start", "done", "cancelled"]


def failing(error: Exception) -> Work:
    yield Update({"fraction": 0.1, "message": ""})
    raise error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValueError("lead V1 is flat: record it again"), "lead V1 is flat: record it again"),
        (RuntimeError("out of memory"), "RuntimeError: out of memory"),
    ],
)
def test_errors_reach_the_person(error, words, caplog):
    jobs, browser = make(lambda: failing(error))
    jobs.handle(request("a"))
    assert browser.types("a") == ["start", "error"]
    assert browser.heard[-1]["message"] == words


def test_a_result_that_cannot_be_applied_is_an_error():
    def work() -> Work:
        def apply() -> None:
            raise ValueError("cannot be shown")

        yield Update({"fraction": 0.5, "message": ""})
        return Finish(apply)

    jobs, browser = make(work)
    jobs.handle(request("a"))
    assert browser.types("a") == ["start", "error"]


def test_refused_and_unknown_requests_get_one_reply_and_no_start():
    browser = Browser()

    def refuse(parameters: dict[str, Any], _: Any) -> Any:
        raise Refused("there is no ECG yet: open one first")

    jobs = Jobs(browser.send, {"explain": refuse})
    jobs.handle(request("a"))
    jobs.handle(request("b", kind="dance"))
    for nonsense in ({"type": "request"}, {}, "hello", 7, {"type": "ack", "id": 3}):
        jobs.handle(nonsense)  # type: ignore[arg-type]
    assert browser.types() == ["error"] * 7
    assert "no ECG yet" in browser.heard[0]["message"]
    assert "dance" in browser.heard[1]["message"]


def test_a_question_about_an_earlier_ecg_is_not_begun():
    jobs, browser = make(lambda: counting(1))
    jobs.handle(request("a"))
    jobs.outdate()
    jobs.handle(request("b", epoch=0))
    jobs.handle({**request("c"), "epoch": 1})
    assert browser.types("b") == ["cancelled"]
    assert browser.types("c") == ["start", "done"]


def test_a_view_that_comes_late_gets_the_state_of_the_running_job():
    gate = threading.Event()

    async def session() -> Browser:
        jobs, browser = make(lambda: counting(3, gate=gate), {"target": "AF", "level": 0.9})
        jobs.handle({"type": "ready", "view": "one"})
        jobs.handle(request("a"))
        gate.set()
        gate.clear()
        await until(lambda: "step" in browser.types("a"))
        jobs.handle({"type": "ready", "view": "two"})
        gate.set()
        await until(lambda: "done" in browser.types("a"))
        return browser

    browser = asyncio.run(session())
    at = next(i for i, m in enumerate(browser.heard) if m.get("view") == "two")
    snapshot = browser.heard[at]
    assert snapshot["type"] == "snapshot"
    assert (snapshot["id"], snapshot["target"], snapshot["level"]) == ("a", "AF", 0.9)
    assert len(snapshot["points"]) >= 1
    assert browser.buffers[at] == [bytes([snapshot["frame"]["k"]])]


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """Every worker ends with its test."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(5)
        assert not thread.is_alive()
