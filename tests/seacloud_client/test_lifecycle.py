"""A task's whole way, driven without a socket or a clock: waits, deadlines, outages, and options."""

from __future__ import annotations

import itertools
import random

import httpx
import pytest
from flow_driver import World, answer
from seacloud_client import lifecycle
from seacloud_client.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectionFailed,
    ForeignOriginError,
    InvalidRequestError,
    NotFoundError,
    ProtocolError,
    RateLimitError,
    ServerError,
    SubmitOutcomeUnknown,
    TaskTimedOut,
    TimedOut,
)
from seacloud_client.lifecycle import OUTAGE_SECONDS, WaitOptions
from task_lives import (
    BODY,
    COMPLETED,
    CREATED,
    DOWNLOADER,
    GOING,
    NOT_YET,
    QUEUED,
    RESULT,
    RUNNING,
    ended,
    finish,
    life,
    waiting,
)


def test_from_the_creation_to_the_result():
    world = World(CREATED, QUEUED, RUNNING, COMPLETED, RESULT)
    words, result = finish(world, life(world))
    assert words == ["IN_QUEUE", "IN_QUEUE", "IN_PROGRESS", "COMPLETED"]
    [output] = result.outputs
    assert (output.url, output.downloader) == ("https://c.test/0.png", DOWNLOADER)
    assert world.made() == [("POST", "m"), *[("GET", "status")] * 3, ("GET", "response")]
    assert world.calls[0].content == BODY


def test_a_creation_tells_its_first_status():
    world = World(answer({"request_id": "mmsu_1", "queue_position": 3}))
    told = world.run(life(world).advance())
    assert (told.status, told.request_id, told.queue_position) == ("IN_QUEUE", "mmsu_1", 3)


def test_without_parameters_an_empty_object_is_posted():
    world = World(CREATED)
    world.run(life(world, body=None).advance())
    assert world.calls[0].content == b"{}"


def test_a_handle_is_asked_after_at_once():
    world = World(COMPLETED, RESULT)
    finish(world, life(world, new=False))
    assert world.sleeps == []


def test_waits_grow_from_half_a_second_to_ten_with_jitter(monkeypatch):
    monkeypatch.setattr(lifecycle, "random", random.Random(7))  # noqa: S311  # chance would fail this once in a while
    worlds = [World(CREATED, *[RUNNING] * 15, COMPLETED, RESULT) for _ in range(20)]
    for world in worlds:
        finish(world, life(world))
    for number, waits in enumerate(zip(*(world.sleeps for world in worlds), strict=True)):
        middle = min(0.5 * 1.5**number, 10.0)
        assert all(0.9 * middle - 1e-9 <= wait <= min(1.1 * middle, 10.0) + 1e-9 for wait in waits)
        assert len(set(waits)) > 5
    assert max(worlds[0].sleeps) > 8


def test_a_fixed_interval():
    world = World(CREATED, *[RUNNING] * 5, COMPLETED, RESULT)
    finish(world, life(world, interval=3.0))
    assert world.sleeps == [3.0] * 6


def test_retry_after_of_a_status_wins_where_it_is_longer():
    asked = answer({"status": "IN_QUEUE"}, retry_after="7")
    world = World(CREATED, asked, answer({"status": "IN_QUEUE"}, retry_after="0"), COMPLETED, RESULT)
    finish(world, life(world, interval=2.0))
    assert world.sleeps == [2.0, 7.0, 2.0]


def test_retry_after_does_not_shorten_the_callers_own_interval():
    world = World(CREATED, answer({"status": "IN_QUEUE"}, retry_after="200"), COMPLETED, RESULT)
    finish(world, life(world, interval=120.0))
    assert world.sleeps == [120.0, 120.0]


def test_retry_after_of_a_refused_question_is_kept_too():
    world = World(CREATED, answer(b"", 429, retry_after="7"), COMPLETED, RESULT)
    finish(world, life(world, interval=2.0, max_retries=0))
    assert world.sleeps == [2.0, 7.0]


@pytest.mark.parametrize("asked", ["20", "60"])
def test_a_service_that_asks_for_more_time_than_there_is_is_not_asked_once_more(asked):
    world = World(CREATED, answer({"status": "IN_QUEUE"}, retry_after=asked))
    with pytest.raises(TaskTimedOut):
        finish(world, life(world, timeout=25.0, interval=20.0))
    assert world.made() == [("POST", "m"), ("GET", "status")]
    assert world.sleeps == [20.0, 5.0]


@pytest.mark.parametrize(
    ("timeout", "sleeps"), [(10.0, [9.0, 1.0]), (2.5, [1.5, 1.0]), (2.0, [2.0]), (10.5, [10.0, 0.5])]
)
def test_the_last_look_is_a_second_before_the_deadline_if_there_is_time(timeout, sleeps):
    world = World(CREATED, RUNNING)
    with pytest.raises(TaskTimedOut):
        finish(world, life(world, timeout=timeout, interval=10.0))
    assert world.sleeps == sleeps
    assert world.made() == [("POST", "m"), *[("GET", "status")] * (len(sleeps) - 1)]


def test_a_result_cannot_be_fetched_before_there_is_a_task():
    world = World(CREATED)
    with pytest.raises(ValueError, match=r"^This task was not created yet\.$"):
        world.run(life(world).fetch())


def test_retry_after_is_capped():
    world = World(CREATED, answer({"status": "IN_QUEUE"}, retry_after="86400"), COMPLETED, RESULT)
    finish(world, life(world, interval=2.0))
    assert world.sleeps == [2.0, 60.0]


def test_completed_but_the_result_not_there_yet():
    world = World(CREATED, COMPLETED, NOT_YET, COMPLETED, RESULT)
    words, _ = finish(world, life(world, interval=1.0))
    assert words == ["IN_QUEUE", "COMPLETED", "COMPLETED"]
    assert world.sleeps == [1.0, 1.0]


def test_a_task_whose_result_is_not_there_goes_on_and_can_be_cancelled():
    world = World(CREATED, COMPLETED, NOT_YET, GOING)
    task = waiting(world)
    assert task.is_over
    assert world.run(task.fetch()) is None
    assert not task.is_over
    ended(world, task, TaskTimedOut("Too late."))
    assert world.made()[-1] == ("PUT", "cancel")


def test_a_result_that_does_not_come_runs_into_the_deadline():
    world = World(CREATED, COMPLETED, TimedOut("late"), call_seconds=1.0)
    with pytest.raises(TaskTimedOut, match="within 20 seconds; its last status was COMPLETED"):
        finish(world, life(world, timeout=20.0))


@pytest.mark.parametrize("timeout", [0.3, 5.0, 47.0, 600.0])
@pytest.mark.parametrize("interval", [None, 0.1, 3.0, 50.0])
def test_the_deadline_is_kept(timeout, interval):
    world = World(CREATED, RUNNING, call_seconds=0.05)
    began = world.time
    task = life(world, timeout=timeout, interval=interval)
    with pytest.raises(TaskTimedOut, match=f"within {timeout:g} seconds"):
        finish(world, task)
    assert timeout - 0.01 <= world.time - began <= timeout + 0.06
    if interval == 50.0 and timeout == 47.0:
        assert world.made()[-1] == ("GET", "status")  # one last look before the end


def test_an_error_of_the_deadline_says_how_the_task_was():
    world = World(CREATED, RUNNING)
    with pytest.raises(TaskTimedOut) as caught:
        finish(world, life(world, timeout=5.0))
    assert caught.value.message == (
        "The task was not finished within 5 seconds; its last status was IN_PROGRESS. Raise timeout if it needs longer."
    )
    world = World(ConnectionFailed("no"), call_seconds=9)
    with pytest.raises(TaskTimedOut) as caught:
        world.run(life(world, timeout=2.5).advance())
    assert caught.value.message == "The task was not finished within 2.5 seconds. Raise timeout if it needs longer."


@pytest.mark.parametrize(
    "said", [RUNNING, TimedOut("late"), answer({"detail": "x"}, 503), answer({"detail": "x"}, 429, retry_after="60")]
)
def test_calls_that_are_slow_or_fail_do_not_move_the_deadline(said):
    world = World(CREATED, said, call_seconds=25.0)
    began = world.time
    with pytest.raises(TaskTimedOut):
        finish(world, life(world, timeout=40.0))
    assert world.time - began == pytest.approx(40.0, abs=0.5)
    assert all(call.timeout <= 40.0 for call in world.calls)


def test_a_creation_that_takes_all_the_time_is_of_unknown_outcome():
    world = World(TimedOut("late"), call_seconds=99)
    task = life(world, timeout=2.0)
    with pytest.raises(SubmitOutcomeUnknown, match="A task for m was posted"):
        world.run(task.advance())
    assert world.calls[0].timeout == 3.5  # the deadline, and the time in which its answer can still be salvaged


def test_a_creation_that_is_answered_just_after_the_deadline_is_cancelled():
    world = World(CREATED, GOING, call_seconds=3.0)
    task = life(world, timeout=2.0)
    world.run(task.advance())
    with pytest.raises(TaskTimedOut, match=r"within 2 seconds\.") as caught:
        world.run(task.advance())
    assert ended(world, task, caught.value).message.endswith("The task was cancelled.")
    assert world.made() == [("POST", "m"), ("PUT", "cancel")]


def test_a_connection_that_is_never_made_runs_into_the_deadline():
    world = World(ConnectionFailed("no"), call_seconds=9)
    with pytest.raises(TaskTimedOut):
        world.run(life(world, timeout=10.0).advance())


def test_an_outage_is_ridden_out():
    down = answer(b"", 503)
    world = World(CREATED, RUNNING, *[down] * 7, RUNNING, COMPLETED, *[TimedOut("late")] * 5, RESULT)
    words, _ = finish(world, life(world))
    assert words == ["IN_QUEUE", "IN_PROGRESS", "IN_PROGRESS", "COMPLETED"]


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (answer(b"", 500), ServerError),
        (answer(b"", 503), ServerError),
        (TimedOut("late"), TimedOut),
        (answer(b"", 408), InvalidRequestError),
        (answer(b"", 429), RateLimitError),
        (answer(b"<html>", 200), ProtocolError),
        (ProtocolError("It cannot be decompressed."), ProtocolError),
    ],
)
def test_an_outage_that_does_not_end_ends_the_wait(said, error):
    world = World(CREATED, said)
    began = world.time
    with pytest.raises(error):
        finish(world, life(world))
    assert OUTAGE_SECONDS < world.time - began < 3 * OUTAGE_SECONDS


@pytest.mark.parametrize("status", [408, 425, 500, 501, 502, 520, 522])
@pytest.mark.parametrize("step", ["status", "result"])
def test_one_answer_that_says_nothing_of_the_task_does_not_end_it(status, step):
    failed = answer(b"", status)
    said = [RUNNING, failed, COMPLETED, RESULT] if step == "status" else [COMPLETED, failed, RESULT]
    world = World(CREATED, *said)
    finish(world, life(world, max_retries=0))
    assert [method for method, _ in world.made()].count("POST") == 1


@pytest.mark.parametrize(("interval", "questions"), [(15.0, 4), (30.5, 2)])
def test_an_outage_may_last_half_a_minute(interval, questions):
    world = World(CREATED, TimedOut("late"))
    with pytest.raises(TimedOut):
        finish(world, life(world, interval=interval, max_retries=0))
    assert world.made() == [("POST", "m"), *[("GET", "status")] * questions]


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (answer({"detail": "no"}, 401), AuthenticationError),
        (answer({"detail": "no"}, 413), InvalidRequestError),
        (answer({"detail": "Not Found"}, 404), NotFoundError),
        (answer(b"", 300, location="https://evil.test/"), ForeignOriginError),
    ],
)
def test_what_will_not_pass_ends_the_wait_at_once(said, error):
    world = World(CREATED, said)
    with pytest.raises(error):
        finish(world, life(world))
    assert len(world.calls) == 2


@pytest.mark.parametrize("status", [300, 307])
def test_a_question_that_is_redirected_without_an_end_ends_the_wait(status):
    world = World(CREATED, answer(b"", status, location="/model/again"))
    with pytest.raises(ProtocolError, match="redirects to") as caught:
        finish(world, life(world))
    assert caught.value.status == status
    assert len(world.calls) == 7


@pytest.mark.parametrize(
    "options",
    [
        {"timeout": 0},
        {"timeout": -1},
        {"timeout": float("inf")},
        {"timeout": float("nan")},
        {"timeout": httpx.Timeout(5)},
        {"timeout": "5"},
        {"interval": "5"},
        {"interval": 0},
        {"interval": float("nan")},
        {"interval": float("inf")},
        {"on_interrupt": "stop"},
    ],
)
def test_options_that_make_no_sense(options):
    with pytest.raises(ConfigurationError, match=next(iter(options))):
        WaitOptions(**{"timeout": 1.0, **options})


def test_thousands_of_tasks_do_not_ask_at_the_same_moment():
    moments = set()
    for _ in range(200):
        world = World(CREATED, *[RUNNING] * 3, COMPLETED, RESULT)
        finish(world, life(world))
        moments.add(round(sum(itertools.islice(world.sleeps, 3)), 3))
    assert len(moments) > 100
