"""Who is asked before a task is created: what it is given, where it runs, and that nobody waits for it in vain."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import gc
import threading
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import pytest
from seacloud_client.errors import ConfigurationError
from seacloud_client.media_tools.approvals import Approver
from seacloud_client.media_tools.outcomes import CallRefused
from seacloud_client.media_tools.spending import CallCounter, allow
from seacloud_client.media_tools.steps import Flow, Step, aplay, blocking, play

BOTH = pytest.mark.parametrize("flavour", ["sync", "async"])
PARAMETERS = {"prompt": "a cat", "styles": ["soft"]}
LIMIT = 20
"""Seconds that anything is waited for."""


def run(flow: Flow[Any], flavour: str) -> Any:
    return play(flow) if flavour == "sync" else asyncio.run(aplay(flow))


def asking(
    approve: Any, context_name: str | None = None, *, call_id: str | None = "call-1", context: Any = None
) -> Step:
    approver = Approver.of(approve, context_name)
    return approver.asking("m", PARAMETERS, async_calls="acall", call_id=call_id, context=context)


# What it is given


@BOTH
def test_who_is_asked_gets_a_copy(flavour: str) -> None:
    asked: list[Any] = []

    def approve(model: str, parameters: dict[str, Any], person: str) -> bool:
        asked.append((model, {**parameters, "styles": list(parameters["styles"])}, person))
        parameters["styles"].append("loud")
        return True

    run(allow([], asking(approve, "person", context="Ada")), flavour)
    assert asked == [("m", {"prompt": "a cat", "styles": ["soft"]}, "Ada")]
    assert PARAMETERS["styles"] == ["soft"]


def by_name(model: str, parameters: Any, call_id: str | None) -> Any:
    return call_id == "call-1"


def by_keyword(model: str, parameters: Any, *, call_id: str | None = None) -> Any:
    return call_id == "call-1"


class Asked:
    """Something that is no function, and can be called as one."""

    def __call__(self, model: str, parameters: Any, call_id: str | None) -> Any:
        return call_id == "call-1"


@functools.wraps(by_name)
def wrapped(*given: Any, **named: Any) -> Any:
    return by_name(*given, **named)


@BOTH
@pytest.mark.parametrize(
    "approve",
    [by_name, by_keyword, Asked(), Asked().__call__, functools.partial(by_keyword), wrapped],
    ids=["name", "keyword", "object", "method", "partial", "wrapped"],
)
def test_it_is_given_the_calls_id_by_its_name(flavour: str, approve: Any) -> None:
    run(allow([], asking(approve)), flavour)
    with pytest.raises(CallRefused):
        run(allow([], asking(approve, call_id=None)), flavour)


@BOTH
@pytest.mark.parametrize(
    "approve",
    [
        lambda _model, _parameters: True,
        lambda *given: len(given) == 2,
        lambda *given, **named: (len(given), named) == (2, {}),
        lambda call_id, _parameters: call_id == "m",
        lambda _model, _parameters, more=None: more is None,
    ],
    ids=["two", "any", "any-named", "another-of-this-name", "default"],
)
def test_it_is_given_nothing_that_it_does_not_ask_for(flavour: str, approve: Any) -> None:
    run(allow([], asking(approve)), flavour)


def needs_more(model: str, parameters: Any, workflow: Any) -> bool:
    return True


@pytest.mark.parametrize(
    "approve",
    [
        lambda: True,
        lambda _model: True,
        needs_more,
        functools.partial(needs_more, "m", {}),
        functools.wraps(by_name)(lambda _: True),
    ],
    ids=["none", "one", "three", "one-is-left", "wrapped"],
)
def test_what_cannot_be_called_so_is_told_at_once(approve: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^approve is called as approve\(model, parameters"):
        Approver.of(approve)


def test_what_tells_nothing_of_itself_is_left_as_it_is() -> None:
    assert Approver.of(type) == Approver(function=type)


# What it answers


@BOTH
@pytest.mark.parametrize("answer", [False, None, "no", "yes", {"approved": False}, 1], ids=repr)
def test_only_true_approves(flavour: str, answer: Any) -> None:
    counter = CallCounter(1)
    for _ in range(2):  # what was refused is not counted
        with pytest.raises(CallRefused, match=r"^The call of m was not approved\. Nothing was sent or charged\."):
            run(allow([counter.ever()], asking(lambda *_: answer)), flavour)


@pytest.mark.parametrize("answer", [True, False])
async def test_async_approval(*, answer: bool) -> None:
    async def approve(model: str, parameters: Mapping[str, Any]) -> bool:
        await asyncio.sleep(0)
        return answer

    if answer:
        await aplay(allow([], asking(approve)))
    else:
        with pytest.raises(CallRefused):
            await aplay(allow([], asking(approve)))
    with pytest.raises(ConfigurationError, match=r"in async calls alone \(acall\)\. Nothing was sent"):
        play(allow([], asking(approve)))
    gc.collect()  # a coroutine that nobody awaited would be told of here


async def test_an_answer_that_comes_later_may_be_any_awaitable() -> None:
    answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    answer.set_result(True)
    await aplay(allow([], asking(lambda *_: answer)))
    with pytest.raises(ConfigurationError, match="approve is async"):
        play(allow([], asking(lambda *_: answer)))


# Where it runs


async def test_a_sync_one_runs_in_a_thread_with_the_context_variables() -> None:
    person = contextvars.ContextVar[str]("person")
    person.set("Ada")
    threads: list[int] = []

    def approve(model: str, parameters: Any) -> bool:
        threads.append(threading.get_ident())
        return person.get() == "Ada"

    await aplay(allow([], asking(approve)))
    assert threads != [threading.get_ident()]
    threads.clear()
    play(allow([], asking(approve)))
    assert threads == [threading.get_ident()], "a sync call is as it was"


@pytest.mark.parametrize("context_name", [None, "workflow"])
async def test_what_needs_the_event_loop_runs_in_it(context_name: str | None) -> None:
    """An async one, and one that is given the framework's context, which belongs there."""

    async def is_async(model: str, parameters: Any) -> bool:
        return asyncio.get_running_loop() is not None

    class IsAsync:
        async def __call__(self, model: str, parameters: Any) -> bool:
            return asyncio.get_running_loop() is not None

    def has_context(model: str, parameters: Any, workflow: Any) -> bool:
        return asyncio.get_running_loop() is not None

    for approve in [is_async, IsAsync()] if context_name is None else [has_context]:
        await aplay(allow([], asking(approve, context_name)))


class Waiting:
    """Asks a person who takes their time. Whatever happens, they answer in the end."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.began, self.answered, self.ended = threading.Event(), threading.Event(), threading.Event()
        self.error = error

    def __call__(self, model: str, parameters: Any) -> bool:
        self.began.set()
        in_time = self.answered.wait(LIMIT)
        self.ended.set()
        if self.error is not None:
            raise self.error
        return in_time


async def happened(event: threading.Event) -> None:
    assert await asyncio.to_thread(event.wait, LIMIT)


@asynccontextmanager
async def asked(person: Waiting, counter: CallCounter) -> AsyncIterator[asyncio.Task[Any]]:
    question = asyncio.create_task(aplay(allow([counter.ever()], asking(person))))
    try:
        await happened(person.began)
        yield question
    finally:
        person.answered.set()


async def test_the_event_loop_goes_on_while_a_person_is_asked() -> None:
    person = Waiting()
    async with asked(person, CallCounter(1)) as question:
        assert not question.done()
    await asyncio.wait_for(question, LIMIT)


async def test_people_who_are_asked_leave_the_threads_that_files_are_written_in() -> None:
    """Otherwise a journal could not be written while people think."""
    people = [Waiting(), Waiting(), Waiting()]
    with ThreadPoolExecutor(1) as executor:
        asyncio.get_running_loop().set_default_executor(executor)
        questions = [asyncio.create_task(aplay(allow([], asking(person)))) for person in people]
        for person in people:
            await happened(person.began)
        assert await asyncio.wait_for(blocking(lambda: "written").later(), LIMIT) == "written"
        for person in people:
            person.answered.set()
        await asyncio.wait_for(asyncio.gather(*questions), LIMIT)


@pytest.mark.parametrize("error", [None, LookupError("nobody is told")], ids=repr)
async def test_a_question_to_a_person_that_is_cancelled_is_not_counted(error: BaseException | None) -> None:
    """The cancellation does not wait for them, and what they say is nobody's."""
    counter, person = CallCounter(1), Waiting(error)
    async with asked(person, counter) as question:
        assert not counter.take("ever"), "meanwhile it is taken"
        question.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(question, LIMIT)
        assert counter.take("ever")
        assert not person.ended.is_set()
    await happened(person.ended)


async def test_a_cancelled_question_is_not_counted() -> None:
    counter, began = CallCounter(1), asyncio.Event()

    async def approve(model: str, parameters: Mapping[str, Any]) -> bool:
        began.set()
        await asyncio.sleep(30)
        return True

    question = asyncio.create_task(aplay(allow([counter.ever()], asking(approve))))
    await asyncio.wait_for(began.wait(), LIMIT)
    assert not counter.take("ever"), "meanwhile it is taken"
    question.cancel()
    with pytest.raises(asyncio.CancelledError):
        await question
    assert counter.take("ever")


@BOTH
@pytest.mark.parametrize("error", [LookupError("of the user's"), StopIteration()], ids=repr)
def test_what_it_raises_is_the_callers(flavour: str, error: Exception) -> None:
    def approve(model: str, parameters: Any) -> bool:
        raise error

    counter = CallCounter(1)
    with pytest.raises((LookupError, RuntimeError)):  # Python lets no `StopIteration` out of a generator
        run(allow([counter.ever()], asking(approve)), flavour)
    assert counter.take("ever")
