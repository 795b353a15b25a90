"""What an agent may spend: limits, approval, and what is given back."""

from __future__ import annotations

import asyncio
import copy
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from seacloud_client.errors import (
    APIError,
    ConfigurationError,
    ConnectionFailed,
    ContentBlocked,
    InvalidInputError,
    ProtocolError,
    RateLimitError,
    SeaCloudError,
    ServerError,
    SubmitOutcomeUnknown,
    TaskCancelled,
    TaskFailed,
    TaskTimedOut,
    TimedOut,
)
from seacloud_client.media_tools.journal import TaskJournal
from seacloud_client.media_tools.outcomes import CallRefused, is_final, was_not_posted
from seacloud_client.media_tools.spending import (
    MAX_CONVERSATIONS,
    CallCounter,
    JournalLimit,
    Limit,
    Slot,
    allow,
    guarded,
)
from seacloud_client.media_tools.steps import Flow, aplay, play, quick

BOTH = pytest.mark.parametrize("flavour", ["sync", "async"])


def run(flow: Flow[Any], flavour: str) -> Any:
    return play(flow) if flavour == "sync" else asyncio.run(aplay(flow))


# What is certain


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (APIError("no", status=400), True),
        (RateLimitError("no", status=429), True),
        (ConfigurationError("no key"), True),
        (InvalidInputError("no"), True),
        (ConnectionFailed("no"), True),
        (CallRefused("no"), True),
        (TimedOut("no answer"), False),
        (ProtocolError("no JSON"), False),
        (SubmitOutcomeUnknown("it may exist"), False),
        (TaskFailed("it failed"), False),
        (KeyboardInterrupt(), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_says_that_no_task_was_created(error: BaseException, *, expected: bool) -> None:
    assert was_not_posted(error) is expected
    if isinstance(error, SeaCloudError):
        error.task_id = "mmsu_1"  # it is about a task that there is
        assert not was_not_posted(error)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (TaskFailed("it failed"), True),
        (ContentBlocked("it was blocked"), True),
        (TaskCancelled("somebody cancelled it", body={"status": "COMPLETED"}), True),
        (TaskCancelled("the wait was interrupted"), False),
        (TaskTimedOut("it takes long"), False),
        (ServerError("try later", status=503), False),
    ],
    ids=str,
)
def test_what_says_how_a_task_ended(error: SeaCloudError, *, expected: bool) -> None:
    assert is_final(error) is expected


# Counting


def test_a_counter_counts_by_name() -> None:
    counter = CallCounter(2)
    assert [counter.take(name) for name in ("a", "a", "a", "b")] == [True, True, False, True]
    counter.give_back("a")
    assert counter.take("a")
    counter.give_back("nobody")
    assert [counter.take("nobody") for _ in range(3)] == [True, True, False], "what was not taken is not given back"


@BOTH
def test_what_a_journal_has_is_looked_at_and_not_counted(flavour: str, tmp_path: Path) -> None:
    """Only the journal counts: what is forgotten there is given back, whoever had it forgotten."""
    journal = TaskJournal(tmp_path / "journal.sqlite", patience=0.0)
    limit = JournalLimit(number=1, models=frozenset({"m"})).beforehand(journal, "t")
    for _ in range(2):
        run(allow([limit]), flavour)
    journal.claim("t", "c", model="m", said={}, parameters={}, owner="another process")
    with pytest.raises(CallRefused, match=r"^1 task\(s\) may be created in this conversation"):
        run(allow([limit]), flavour)
    assert journal.forget("t", "c")
    run(run(allow([limit]), flavour).give_back(), flavour)


def test_any_number() -> None:
    counter = CallCounter(None)
    assert all(counter.take("a") for _ in range(100))


def test_conversations_that_are_counted_are_bounded() -> None:
    counter = CallCounter(1)
    assert counter.take("first")
    assert not counter.take("first")
    for number in range(MAX_CONVERSATIONS):
        counter.take(str(number))
    assert len(counter._counts) == MAX_CONVERSATIONS
    assert counter.take("first")  # it was quiet for longest, so it was forgotten
    assert pickle.loads(pickle.dumps(counter)).limit == 1  # noqa: S301  # it is our own


def test_a_copy_counts_anew() -> None:
    counter = CallCounter(1)
    assert counter.take("a")
    assert copy.deepcopy(counter).take("a")


@pytest.mark.parametrize("limit", [-1, True, 1.5, "3"])
def test_limits_are_numbers(limit: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^max_calls must be 0 or more, or None for any number; got"):
        CallCounter(limit, "max_calls")


def test_many_threads_at_once_keep_the_limit() -> None:
    counter = CallCounter(50)
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: counter.take("a"), range(200))) == 50


# Slots


@BOTH
def test_all_limits_or_none(flavour: str) -> None:
    ever, conversations = CallCounter(5), CallCounter(1)
    limits = [ever.ever(), conversations.of_conversation("a")]
    assert isinstance(run(allow(limits), flavour), Slot)
    with pytest.raises(CallRefused, match=r"^1 task\(s\) may be created in this conversation, and they were\. Nothing"):
        run(allow(limits), flavour)
    assert [run(allow([ever.ever()]), flavour) is not None for _ in range(4)], "the refused one was given back"
    with pytest.raises(CallRefused, match=r"^draw was not called: 5 task\(s\) may be created ever, and they were\."):
        run(allow([ever.ever()], tool="draw"), flavour)


@BOTH
def test_a_slot_is_given_back_once(flavour: str) -> None:
    counter = CallCounter(2)
    first = run(allow([counter.ever()]), flavour)
    run(allow([counter.ever()]), flavour)
    for _ in range(2):
        run(first.give_back(), flavour)
    run(allow([counter.ever()]), flavour)
    with pytest.raises(CallRefused):
        run(allow([counter.ever()]), flavour)


@BOTH
@pytest.mark.parametrize("error", [LookupError("of the user's"), KeyboardInterrupt()], ids=repr)
def test_a_check_that_fails_gives_everything_back_and_ends_it(flavour: str, error: BaseException) -> None:
    counter = CallCounter(1)

    def fail() -> None:
        raise error

    with pytest.raises(type(error)):
        run(allow([counter.ever()], quick(fail), quick(lambda: pytest.fail("it is over"))), flavour)
    run(allow([counter.ever()], quick(lambda: "an answer that is nobody's")), flavour)


@BOTH
def test_a_limit_of_the_frameworks_own(flavour: str) -> None:
    counts: list[int] = []
    limit = Limit(
        number=1,
        whose="today",
        take=quick(lambda: not counts and not counts.append(1)),
        give_back=quick(counts.clear),
    )
    slot = run(allow([limit]), flavour)
    with pytest.raises(CallRefused, match="created today"):
        run(allow([limit]), flavour)
    run(slot.give_back(), flavour)
    assert counts == []


@BOTH
@pytest.mark.parametrize(
    ("error", "counts"),
    [(APIError("no", status=400), False), (SubmitOutcomeUnknown("it may exist"), True), (KeyboardInterrupt(), True)],
    ids=repr,
)
def test_what_was_certainly_not_created_is_given_back(flavour: str, error: BaseException, *, counts: bool) -> None:
    counter = CallCounter(1)

    def fail() -> None:
        raise error

    slot = run(allow([counter.ever()]), flavour)
    with pytest.raises(type(error)):
        run(guarded(slot, quick(fail)), flavour)
    assert counter.take("ever") is not counts


@BOTH
def test_what_was_created_counts(flavour: str) -> None:
    counter = CallCounter(1)
    slot = run(allow([counter.ever()]), flavour)
    assert run(guarded(slot, quick(lambda: "a task")), flavour) == "a task"
    assert not counter.take("ever")
