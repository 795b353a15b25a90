"""A tool's call, durable or not: what is posted, noted, told and raised, with no framework, no service and no clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from seacloud_client.errors import (
    APIError,
    ConfigurationError,
    InvalidInputError,
    SeaCloudError,
    SubmitOutcomeUnknown,
    TaskCancelled,
    TaskFailed,
    TaskTimedOut,
)
from seacloud_client.media_tools.durable import DurableCall, Work, done
from seacloud_client.media_tools.journal import TaskJournal
from seacloud_client.media_tools.outcomes import CallFailed, CallRefused
from seacloud_client.media_tools.spending import CallCounter, JournalLimit, allow
from seacloud_client.media_tools.steps import Flow, aplay, play, quick

BOTH = pytest.mark.parametrize("flavour", ["sync", "async"])


def run(flow: Flow[Any], flavour: str = "sync") -> Any:
    return play(flow) if flavour == "sync" else asyncio.run(aplay(flow))


@pytest.fixture
def journal(tmp_path: Path) -> TaskJournal:
    return TaskJournal(tmp_path / "journal.sqlite", patience=0.2)


def call_of(journal: TaskJournal, call_id: str = "c", **said: Any) -> DurableCall:
    said = said or {"prompt": "a cat"}
    return DurableCall.of(journal, "t", call_id, model="m", said=said, parameters=said)


class Service:
    """What a call's work asks, and what it is told: each answer is a value, or an error to raise."""

    def __init__(self, post: Any = "mmsu_1", result: Any = "a cat", limit: int | None = None) -> None:
        self.posts: list[str] = []
        self.counter = CallCounter(limit)
        self.post, self.result = post, result

    def work(self) -> Work:
        return Work(
            allow=lambda: allow([self.counter.ever()]),
            once=quick(lambda: self._posted("once")),
            answer=self._answer,
            post=quick(lambda: SimpleNamespace(request_id=self._posted("post"))),
            task=lambda model, request_id: SimpleNamespace(model=model, request_id=request_id),  # type: ignore[arg-type,return-value]  # a task's likeness
            finish=self._finish,
            told=lambda error: f"told: {error.message}",
        )

    def _posted(self, how: str) -> Any:
        self.posts.append(how)
        return self._given(self.post)

    def _answer(self, made: Any) -> Flow[Any]:
        yield from ()
        return {"of": made, "made": self._given(self.result)}

    def _finish(self, task: Any) -> Flow[Any]:
        return self._answer(task.request_id)

    @staticmethod
    def _given(value: Any) -> Any:
        if isinstance(value, BaseException):
            raise value
        return value


# Without a journal


@BOTH
def test_it_is_done_once_and_answered(flavour: str) -> None:
    service = Service(limit=1)
    assert run(done(service.work(), None), flavour) == {"of": "mmsu_1", "made": "a cat"}
    assert service.posts == ["once"]
    with pytest.raises(CallRefused, match="1 task"):
        run(done(service.work(), None), flavour)


@BOTH
def test_any_failure_of_the_services_is_for_the_agents_model(flavour: str) -> None:
    cause = TaskTimedOut("It takes long.")
    with pytest.raises(CallFailed, match=r"^told: It takes long\.$") as raised:
        run(done(Service(post=cause).work(), None), flavour)
    assert raised.value.__cause__ is cause


def test_what_was_not_posted_is_not_counted() -> None:
    service = Service(post=APIError("no", status=429), limit=1)
    for _ in range(2):
        with pytest.raises(CallFailed):
            run(done(service.work(), None))
    service.post = TaskFailed("It failed.")
    with pytest.raises(CallFailed):
        run(done(service.work(), None))
    with pytest.raises(CallRefused):
        run(done(service.work(), None))


# With one


@BOTH
def test_the_same_call_is_posted_once_and_gives_the_same(journal: TaskJournal, flavour: str) -> None:
    service = Service()
    first = run(done(service.work(), call_of(journal)), flavour)
    service.result = "another"
    assert run(done(service.work(), call_of(journal)), flavour) == first == {"of": "mmsu_1", "made": "a cat"}
    assert service.posts == ["post"]
    assert run(done(service.work(), call_of(journal, "d")), flavour)["made"] == "another"
    assert service.posts == ["post"] * 2


@BOTH
def test_a_task_that_was_posted_is_gone_on_with(journal: TaskJournal, flavour: str) -> None:
    service = Service(result=TaskTimedOut("It takes long."))
    for _ in range(2):
        with pytest.raises(TaskTimedOut):
            run(done(service.work(), call_of(journal)), flavour)
    service.result = "a cat"
    assert run(done(service.work(), call_of(journal)), flavour)["of"] == "mmsu_1"
    assert service.posts == ["post"]


@BOTH
@pytest.mark.parametrize(
    "error", [TaskFailed("It failed."), TaskCancelled("It was cancelled.", body={"status": "COMPLETED"})]
)
def test_how_a_task_ended_is_told_again(journal: TaskJournal, flavour: str, error: SeaCloudError) -> None:
    service = Service(result=error)
    told = []
    for _ in range(2):
        with pytest.raises(CallFailed) as raised:
            run(done(service.work(), call_of(journal)), flavour)
        told.append((raised.value.message, raised.value.__cause__))
        service.result = "a cat"
    assert told == [(f"told: {error.message}", error), (f"told: {error.message}", None)]
    assert service.posts == ["post"]


def test_an_interrupted_wait_is_no_end(journal: TaskJournal) -> None:
    service = Service(result=TaskCancelled("The wait was interrupted."))
    with pytest.raises(TaskCancelled):
        run(done(service.work(), call_of(journal)))
    assert [entry.state for entry in journal.entries()] == ["posted"]


@BOTH
def test_a_refusal_leaves_no_trace(journal: TaskJournal, flavour: str) -> None:
    service = Service(post=APIError("no", status=422), limit=1)
    with pytest.raises(CallFailed, match="told: no"):
        run(done(service.work(), call_of(journal)), flavour)
    assert journal.entries() == []
    service.post = "mmsu_1"
    run(done(service.work(), call_of(journal)), flavour)


@BOTH
@pytest.mark.parametrize("error", [SubmitOutcomeUnknown("No answer came."), KeyboardInterrupt()], ids=repr)
def test_an_unknown_outcome_stays_one(journal: TaskJournal, flavour: str, error: BaseException) -> None:
    service = Service(post=error)
    with pytest.raises(type(error)):
        run(done(service.work(), call_of(journal)), flavour)
    service.post = "mmsu_2"
    with pytest.raises(SubmitOutcomeUnknown, match=r"a task for m may exist.*thread t, call c.*settle.*forget"):
        run(done(service.work(), call_of(journal)), flavour)
    assert service.posts == ["post"]
    assert [entry.state for entry in journal.entries()] == ["unknown"]
    assert journal.settle("t", "c", "mmsu_1")
    assert run(done(service.work(), call_of(journal)), flavour)["of"] == "mmsu_1"


@pytest.mark.parametrize("where", ["seacloud_task", "task_id"])
def test_a_handle_that_an_interruption_brings_is_noted(journal: TaskJournal, where: str) -> None:
    error: BaseException = KeyboardInterrupt() if where == "seacloud_task" else SubmitOutcomeUnknown("interrupted")
    setattr(error, where, {"model": "m", "request_id": "mmsu_7"} if where == "seacloud_task" else "mmsu_7")
    with pytest.raises(type(error)):
        run(done(Service(post=error).work(), call_of(journal)))
    assert [(entry.state, entry.request_id) for entry in journal.entries()] == [("posted", "mmsu_7")]


def claim(journal: TaskJournal) -> None:
    said = {"prompt": "a cat"}
    journal.claim("t", "c", model="m", said=said, parameters=said, owner="somebody else")


@BOTH
def test_another_process_that_is_about_to_post_is_waited_for(
    journal: TaskJournal, flavour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim(journal)
    find, looks = journal.find, []

    def find_later(*call: str) -> Any:
        looks.append(call)
        if len(looks) == 2:
            journal.posted("t", "c", "mmsu_1")
        return find(*call)

    monkeypatch.setattr(journal, "find", find_later)
    service = Service()
    assert run(done(service.work(), call_of(journal)), flavour)["of"] == "mmsu_1"
    assert service.posts == []


def test_but_not_forever(journal: TaskJournal) -> None:
    claim(journal)
    service = Service()
    with pytest.raises(SubmitOutcomeUnknown, match=r"about to be posted.*it may still be posting"):
        run(done(service.work(), call_of(journal)))
    assert service.posts == []


@BOTH
def test_who_claims_second_posts_nothing(journal: TaskJournal, flavour: str) -> None:
    """Another process writes its intent between the look and the claim, and posts."""
    service = Service(limit=1)
    work = service.work()
    before = work.allow

    def late() -> Flow[Any]:
        slot = yield from before()
        claim(journal)
        journal.posted("t", "c", "mmsu_9")
        return slot

    late_work = Work(**{**{name: getattr(work, name) for name in work.__dataclass_fields__}, "allow": late})
    assert run(done(late_work, call_of(journal)), flavour)["of"] == "mmsu_9"
    assert service.posts == []
    assert service.counter.take("ever"), "what it had taken was given back"


@BOTH
def test_a_limit_that_the_journal_has(journal: TaskJournal, flavour: str) -> None:
    """Another process posts between the count and the claim: the claim counts again."""
    service = Service(limit=5)
    work = replace(service.work(), limit=JournalLimit(number=1, models=frozenset({"m"}), tool="draw"))
    journal.claim("t", "d", model="m", said={}, parameters={}, owner="somebody else")
    with pytest.raises(CallRefused, match=r"^draw was not called: 1 task\(s\) may be created in this conversation"):
        run(done(work, call_of(journal)), flavour)
    assert service.posts == []
    assert run(done(work, DurableCall.of(journal, "u", "c", model="m", said={}, parameters={})), flavour)["of"]
    assert [service.counter.take("ever") for _ in range(5)] == [True] * 4 + [False], "the refused one was given back"


@BOTH
def test_a_call_that_was_forgotten_while_it_was_posted(journal: TaskJournal, flavour: str) -> None:
    """A person took it for dead, and another run claimed it since: what that one writes is not written over."""

    def post() -> Any:
        assert journal.delete_thread("t") is None
        claim(journal)
        return SimpleNamespace(request_id="mmsu_1")

    with pytest.raises(
        SubmitOutcomeUnknown, match=r"Task mmsu_1 was posted.*does not know the call any more"
    ) as raised:
        run(done(replace(Service().work(), post=quick(post)), call_of(journal)), flavour)
    assert raised.value.task_id == "mmsu_1"
    assert [(entry.owner, entry.request_id) for entry in journal.entries()] == [("somebody else", None)]


@pytest.mark.parametrize("half", ["\ud800", "c\udfff"])
def test_a_name_that_is_no_text(journal: TaskJournal, half: str) -> None:
    for thread, name in (("t", half), (half, "c")):
        with pytest.raises(InvalidInputError, match=r"half of a surrogate pair.*Nothing was sent\."):
            DurableCall.of(journal, thread, name, model="m", said={}, parameters={})


@BOTH
def test_an_id_that_comes_twice(journal: TaskJournal, flavour: str) -> None:
    service = Service()
    run(done(service.work(), call_of(journal)), flavour)
    with pytest.raises(CallRefused, match="used in this conversation before, for something else"):
        run(done(service.work(), call_of(journal, prompt="a dog")), flavour)
    assert service.posts == ["post"]


def test_what_was_said_is_known_again_as_json(journal: TaskJournal) -> None:
    service = Service()
    for _ in range(2):
        run(done(service.work(), call_of(journal, sizes=(1, 2), of={"wide": True})))
    assert service.posts == ["post"]
    with pytest.raises(InvalidInputError, match="cannot be written as JSON"):
        call_of(journal, when=object())


def full(*_: Any, **__: Any) -> bool:
    raise ConfigurationError("The disk is full.")


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


def test_an_intent_that_cannot_be_written_posts_nothing(journal: TaskJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(limit=1)
    monkeypatch.setattr(journal, "claim", full)
    with pytest.raises(ConfigurationError, match="The disk is full"):
        run(done(service.work(), call_of(journal)))
    assert service.posts == []
    assert service.counter.take("ever")
