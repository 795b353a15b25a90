"""A durable tool's call whose post fails, or is tried again, and a journal that cannot be written."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from durable_calls import Service, call_of, claim, full, run
from seacloud_client.errors import (
    APIError,
    ConfigurationError,
    ConnectionFailed,
    ProtocolError,
    SeaCloudError,
    StreamBroken,
    SubmitOutcomeUnknown,
    TaskCancelled,
    TimedOut,
)
from seacloud_client.interrupts import cancel_all
from seacloud_client.media_tools.durable import Work, done, post_seconds
from seacloud_client.media_tools.journal import PATIENCE, TaskJournal
from seacloud_client.media_tools.outcomes import CallFailed
from seacloud_client.media_tools.steps import quick
from seacloud_client.queue import Queue

BOTH = pytest.mark.parametrize("flavour", ["sync", "async"])


@pytest.fixture
def journal(tmp_path: Path) -> TaskJournal:
    return TaskJournal(tmp_path / "journal.sqlite", patience=0.2)


# A post that is tried again


class Retried(Service):
    """Each post is the next of several, and sees the intent as it is then."""

    def __init__(self, journal: TaskJournal, *posts: Any, limit: int | None = None) -> None:
        super().__init__(limit=limit)
        self.journal, self.next, self.intents = journal, iter(posts), list[Any]()

    def work(self) -> Work:
        return replace(super().work(), retries=2)

    def _posted(self, how: str) -> Any:
        self.intents.append(self.journal.find("t", "c"))
        self.post = next(self.next)
        return super()._posted(how)


@pytest.fixture
def _no_backoff(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seacloud_client.media_tools.durable.backoff", lambda _: 0.001)


@BOTH
@pytest.mark.usefixtures("_no_backoff")
def test_each_attempt_has_an_intent_of_its_own_age(journal: TaskJournal, flavour: str) -> None:
    service = Retried(journal, ConnectionFailed("No route."), ConnectionFailed("No route."), "mmsu_1")
    assert run(done(service.work(), call_of(journal)), flavour)["of"] == "mmsu_1"
    ages = [entry.changed for entry in service.intents]
    assert ages == sorted(set(ages))
    assert [entry.state for entry in service.intents] == ["intent"] * 3


@BOTH
@pytest.mark.usefixtures("_no_backoff")
def test_attempts_come_to_an_end(journal: TaskJournal, flavour: str) -> None:
    service = Retried(journal, *[ConnectionFailed("No route.")] * 3, limit=1)
    with pytest.raises(CallFailed, match=r"^told: No route\.$"):
        run(done(service.work(), call_of(journal)), flavour)
    assert len(service.posts) == 3
    assert journal.entries() == []
    assert service.counter.take("ever")


@BOTH
@pytest.mark.usefixtures("_no_backoff")
def test_nobody_posts_by_an_intent_that_is_gone(journal: TaskJournal, flavour: str) -> None:
    """A person took the call for dead between two attempts, and another run has it since."""
    service = Retried(journal, ConnectionFailed("No route."), "mmsu_1", limit=1)
    work = service.work()

    def post() -> Any:
        journal.delete_thread("t")
        claim(journal)
        return service._posted("post")

    with pytest.raises(SubmitOutcomeUnknown, match="about to be posted"):
        run(done(replace(work, post=quick(post)), call_of(journal)), flavour)
    assert service.posts == ["post"]
    assert service.counter.take("ever")
    assert [entry.owner for entry in journal.entries()] == ["somebody else"]


@BOTH
def test_interrupted_between_two_attempts(journal: TaskJournal, flavour: str) -> None:
    service = Retried(journal, ConnectionFailed("No route."), "mmsu_1", limit=1)
    interrupting = threading.Thread(target=interrupt)
    interrupting.start()
    with pytest.raises(TaskCancelled, match=r"was interrupted\. Nothing was sent\."):
        run(done(service.work(), call_of(journal)), flavour)
    interrupting.join(20)
    assert service.posts == ["post"]
    assert journal.entries() == []
    assert service.counter.take("ever")


def interrupt() -> None:
    deadline = time.monotonic() + 20
    while cancel_all() == 0 and time.monotonic() < deadline:
        time.sleep(0.005)


@BOTH
@pytest.mark.usefixtures("_no_backoff")
def test_an_intent_that_cannot_be_renewed(journal: TaskJournal, flavour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "renew", full)
    service = Retried(journal, ConnectionFailed("No route."), "mmsu_1")
    with pytest.raises(ConfigurationError, match="The disk is full"):
        run(done(service.work(), call_of(journal)), flavour)
    assert service.posts == ["post"]
    assert journal.entries() == []


@BOTH
@pytest.mark.parametrize(
    ("cause", "under_way"),
    [(ProtocolError("no JSON"), False), (StreamBroken("It broke off."), False), (TimedOut("It was late."), True)],
    ids=repr,
)
def test_what_may_still_be_under_way(tmp_path: Path, flavour: str, cause: SeaCloudError, *, under_way: bool) -> None:
    """In sync code a call that timed out or was interrupted goes on for a while, in its thread."""
    error = SubmitOutcomeUnknown("No answer came.")
    error.__cause__ = cause
    journal = TaskJournal(tmp_path / "journal.sqlite")
    for call_id, failure, expected in (("c", error, under_way), ("d", KeyboardInterrupt(), True)):
        with pytest.raises(type(failure)):
            run(done(Service(post=failure).work(), call_of(journal, call_id)), flavour)
        assert journal.forget("t", call_id) is not expected


def test_how_long_a_post_may_take() -> None:
    assert post_seconds(Queue(api_key="sk-x").settings) == PATIENCE
    assert post_seconds(Queue(api_key="sk-x", request_timeout=120).settings) == PATIENCE + 90


# A journal that cannot be written


@pytest.mark.parametrize("fails", [full, lambda *_, **__: False], ids=["full", "forgotten"])
def test_a_handle_that_cannot_be_noted_is_told(
    journal: TaskJournal, fails: Callable[..., bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "posted", fails)
    with pytest.raises(SubmitOutcomeUnknown, match="Task mmsu_1 was posted, but this could not be written") as raised:
        run(done(Service().work(), call_of(journal)))
    assert raised.value.task_id == "mmsu_1"


def test_an_end_that_cannot_be_noted_is_given(journal: TaskJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "done", full)
    assert run(done(Service().work(), call_of(journal)))["made"] == "a cat"
    assert [entry.state for entry in journal.entries()] == ["posted"]


@BOTH
@pytest.mark.parametrize("error", [SubmitOutcomeUnknown("No answer came."), KeyboardInterrupt()], ids=repr)
def test_an_unknown_outcome_that_cannot_be_noted_is_one(
    journal: TaskJournal, flavour: str, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "unknown", full)
    with pytest.raises(type(error)) as raised:
        run(done(Service(post=error).work(), call_of(journal)), flavour)
    told = str(raised.value) + "".join(getattr(raised.value, "__notes__", []))
    if isinstance(error, SeaCloudError) or hasattr(error, "add_note"):
        assert "This could not be written down: The disk is full. " in told
    assert [entry.state for entry in journal.entries()] == ["intent"], "so it is unknown to the resumed run too"


@BOTH
def test_a_handle_that_cannot_be_noted_does_not_take_an_interruptions_place(
    journal: TaskJournal, flavour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "posted", full)
    error = KeyboardInterrupt()
    error.seacloud_task = {"model": "m", "request_id": "mmsu_7"}  # type: ignore[attr-defined]  # as the queue has it
    with pytest.raises(KeyboardInterrupt) as raised:
        run(done(Service(post=error).work(), call_of(journal)), flavour)
    assert raised.value is error
    if hasattr(error, "add_note"):
        assert "Task mmsu_7 was posted, but this could not be written" in error.__notes__[0]


@BOTH
def test_a_refusal_that_cannot_be_noted_is_one(
    journal: TaskJournal, flavour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "release", full)
    refusal, service = APIError("No balance.", status=402), Service(limit=1)
    service.post = refusal
    with pytest.raises(
        CallFailed, match=r"^told: No balance\. .*forget\(.*thread t, call c.*The disk is full"
    ) as raised:
        run(done(service.work(), call_of(journal)), flavour)
    assert raised.value.__cause__ is refusal
    assert service.counter.take("ever")


def test_an_intent_that_cannot_be_written_posts_nothing(journal: TaskJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(limit=1)
    monkeypatch.setattr(journal, "claim", full)
    with pytest.raises(ConfigurationError, match="The disk is full"):
        run(done(service.work(), call_of(journal)))
    assert service.posts == []
    assert service.counter.take("ever")
