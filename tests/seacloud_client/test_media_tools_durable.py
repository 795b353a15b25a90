"""A tool's call, durable or not: what is posted, noted, told and raised, with no framework, no service and no clock."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from durable_calls import Service, call_of, claim, run
from seacloud_client.errors import (
    APIError,
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
from seacloud_client.media_tools.spending import JournalLimit
from seacloud_client.media_tools.steps import Flow, quick

BOTH = pytest.mark.parametrize("flavour", ["sync", "async"])


@pytest.fixture
def journal(tmp_path: Path) -> TaskJournal:
    return TaskJournal(tmp_path / "journal.sqlite", patience=0.2)


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
    with pytest.raises(SubmitOutcomeUnknown, match=r"A task for m may exist.*thread t, call c.*settle.*forget"):
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
        SubmitOutcomeUnknown, match=r"forget\(.*Task mmsu_1 was posted.*does not know the call any more"
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
def test_an_id_that_comes_again_with_other_words(journal: TaskJournal, flavour: str) -> None:
    """Some gateways use their ids anew in each turn."""
    service = Service()
    run(done(service.work(), call_of(journal)), flavour)
    service.post, service.result = "mmsu_2", TaskTimedOut("It takes long.")
    with pytest.raises(TaskTimedOut):
        run(done(service.work(), call_of(journal, prompt="a dog")), flavour)
    service.result = "a dog"
    for _ in range(2):  # the run is resumed: it is the same call
        assert run(done(service.work(), call_of(journal, prompt="a dog")), flavour) == {"of": "mmsu_2", "made": "a dog"}
    assert run(done(service.work(), call_of(journal)), flavour) == {"of": "mmsu_1", "made": "a cat"}
    assert service.posts == ["post"] * 2
    first, second = journal.entries()
    assert (first.call_id, second.said, second.state) == ("c", {"prompt": "a dog"}, "done")
    assert re.fullmatch("c~[0-9a-f]{16}", second.call_id)


@BOTH
def test_such_an_id_can_be_settled_and_forgotten(journal: TaskJournal, flavour: str) -> None:
    run(done(Service().work(), call_of(journal)), flavour)
    with pytest.raises(SubmitOutcomeUnknown, match=r"call c~[0-9a-f]{16}"):
        run(
            done(Service(post=SubmitOutcomeUnknown("No answer came.")).work(), call_of(journal, prompt="a dog")),
            flavour,
        )
    call_id = journal.entries()[-1].call_id
    assert journal.settle("t", call_id, "mmsu_9")
    assert run(done(Service().work(), call_of(journal, prompt="a dog")), flavour)["of"] == "mmsu_9"


@BOTH
def test_an_id_of_something_that_is_not_over(journal: TaskJournal, flavour: str) -> None:
    """It may be forgotten yet, and a resumed run would take the id itself then."""
    service = Service(result=TaskTimedOut("It takes long."))
    with pytest.raises(TaskTimedOut):
        run(done(service.work(), call_of(journal)), flavour)
    with pytest.raises(CallRefused, match=r"call, c, is in use.*not over\. Nothing was sent or charged"):
        run(done(service.work(), call_of(journal, prompt="a dog")), flavour)
    assert service.posts == ["post"]


def test_what_was_said_is_known_again_as_json(journal: TaskJournal) -> None:
    service = Service()
    for _ in range(2):
        run(done(service.work(), call_of(journal, sizes=(1, 2), of={"wide": True})))
    assert service.posts == ["post"]
    with pytest.raises(InvalidInputError, match="cannot be written as JSON"):
        call_of(journal, when=object())
