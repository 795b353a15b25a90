"""A task's whole way, driven without a socket or a clock: waits, deadlines, outages, and what ends it early."""

from __future__ import annotations

import itertools
import random

import pytest
from flow_driver import World, answer
from seacloud_client import lifecycle
from seacloud_client.downloads import Downloader
from seacloud_client.errors import (
    AuthenticationError,
    ConfigurationError,
    ConnectionFailed,
    ContentBlocked,
    NotFoundError,
    RateLimitError,
    ServerError,
    SubmitOutcomeUnknown,
    TaskCancelled,
    TaskTimedOut,
    TimedOut,
)
from seacloud_client.interrupts import Interrupted
from seacloud_client.lifecycle import OUTAGE_SECONDS, Lifecycle, WaitOptions
from seacloud_client.settings import Settings
from seacloud_client.task_flows import Created, TaskCalls

SETTINGS = Settings(base_url="https://x.test/model", timeout=30)
CREATED = answer({"request_id": "mmsu_1", "queue_position": 0})
QUEUED = answer({"status": "IN_QUEUE"})
RUNNING = answer({"status": "IN_PROGRESS", "progress": 0.5})
COMPLETED = answer({"status": "COMPLETED"})
RESULT = answer({"request_id": "mmsu_1", "outputs": [{"type": "image", "url": "https://c.test/0.png"}]})
NOT_YET = answer({"status": "IN_PROGRESS"}, 202)
GOING = answer({"status": "CANCELLATION_REQUESTED"}, 202)


def life(world, *, new=True, max_retries=2, **options):
    return Lifecycle(
        TaskCalls(SETTINGS),
        WaitOptions(**{"timeout": 600.0, **options}),
        model="m",
        body=b"{}" if new else None,
        task=None if new else Created("m", "mmsu_1"),
        max_retries=max_retries,
        downloader=Downloader(SETTINGS),
        now=world.now,
    )


def finish(world, task):
    """What `Queue.run` does. Gives the words of the statuses and the result."""
    words = []
    while True:
        told = world.run(task.advance())
        words.append(told.status)
        result = world.run(task.fetch()) if told.is_over else None
        if result is not None:
            return words, result


def ended(world, task, cause):
    """What the driver does when a wait is left by an exception."""
    flow = task.end(cause)
    if flow is not None:
        world.run(flow)
    return cause


def test_from_the_creation_to_the_result():
    world = World(CREATED, QUEUED, RUNNING, COMPLETED, RESULT)
    words, result = finish(world, life(world))
    assert words == ["IN_QUEUE", "IN_QUEUE", "IN_PROGRESS", "COMPLETED"]
    assert [output.url for output in result.outputs] == ["https://c.test/0.png"]
    assert world.made() == [("POST", "m"), *[("GET", "status")] * 3, ("GET", "response")]


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


def test_retry_after_is_capped():
    world = World(CREATED, answer({"status": "IN_QUEUE"}, retry_after="86400"), COMPLETED, RESULT)
    finish(world, life(world, interval=2.0))
    assert world.sleeps == [2.0, 60.0]


def test_completed_but_the_result_not_there_yet():
    world = World(CREATED, COMPLETED, NOT_YET, COMPLETED, RESULT)
    words, _ = finish(world, life(world, interval=1.0))
    assert words == ["IN_QUEUE", "COMPLETED", "COMPLETED"]
    assert world.sleeps == [1.0, 1.0]


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
    with pytest.raises(SubmitOutcomeUnknown):
        world.run(task.advance())
    assert world.calls[0].timeout == 2.0


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
    [(answer(b"", 503), ServerError), (TimedOut("late"), TimedOut), (answer(b"", 429), RateLimitError)],
)
def test_an_outage_that_does_not_end_ends_the_wait(said, error):
    world = World(CREATED, said)
    began = world.time
    with pytest.raises(error):
        finish(world, life(world))
    assert OUTAGE_SECONDS < world.time - began < 3 * OUTAGE_SECONDS


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (answer({"detail": "no"}, 401), AuthenticationError),
        (answer(b"", 500), ServerError),
        (answer({"detail": "Not Found"}, 404), NotFoundError),
    ],
)
def test_what_will_not_pass_ends_the_wait_at_once(said, error):
    world = World(CREATED, said)
    with pytest.raises(error):
        finish(world, life(world))
    assert len(world.calls) == 2


def waiting(world, **options):
    """A task that was created and asked after once."""
    task = life(world, **options)
    world.run(task.advance())
    world.run(task.advance())
    return task


def test_a_deadline_cancels_the_task():
    world = World(CREATED, RUNNING, GOING)
    task = waiting(world)
    error = ended(world, task, TaskTimedOut("Too late."))
    assert world.made()[-1] == ("PUT", "cancel")
    assert (error.model, error.task_id) == ("m", "mmsu_1")
    assert str(error).startswith("Too late. The task was cancelled.")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (answer({"status": "ALREADY_COMPLETED"}, 400), "result can still be fetched"),
        (answer({"status": "NOT_FOUND"}, 404), "does not know the task"),
        (answer({"detail": "no"}, 401), "could not be cancelled, so it may go on and be billed"),
        (TimedOut("No answer."), "could not be cancelled, so it may go on and be billed"),
    ],
)
def test_what_becomes_of_the_task_is_told(said, words):
    world = World(CREATED, RUNNING, said)
    assert words in str(ended(world, waiting(world), TaskTimedOut("Too late.")))


def test_a_cancellation_takes_three_seconds_at_most():
    world = World(CREATED, RUNNING, TimedOut("late"), call_seconds=1.4)
    task = waiting(world)
    began = world.time
    ended(world, task, TaskTimedOut("Too late."))
    assert world.time - began <= 3.0
    assert all(call.timeout <= 1.5 for call in world.calls[2:])


def test_an_interruption_becomes_an_error_with_the_handle():
    world = World(CREATED, RUNNING, GOING)
    with pytest.raises(TaskCancelled, match=r"interrupted\. The task was cancelled\.") as caught:
        ended(world, waiting(world), Interrupted())
    assert caught.value.task_id == "mmsu_1"
    assert caught.value.__suppress_context__


def test_keep_leaves_it_running():
    world = World(CREATED, RUNNING)
    task = waiting(world, on_interrupt="keep")
    with pytest.raises(TaskCancelled, match="left running") as caught:
        ended(world, task, Interrupted())
    assert caught.value.task_id == "mmsu_1"
    assert world.made() == [("POST", "m"), ("GET", "status")]


def test_an_error_of_someone_elses_gets_a_note():
    world = World(CREATED, RUNNING, GOING)
    error = ended(world, waiting(world), KeyboardInterrupt())
    assert error.seacloud_task == {"model": "m", "request_id": "mmsu_1"}
    assert any(
        "mmsu_1 of m: The task was cancelled" in note
        for note in getattr(error, "__notes__", ["mmsu_1 of m: The task was cancelled"])
    )


def test_a_closed_iterator_cancels_but_not_after_the_end():
    world = World(CREATED, RUNNING, GOING)
    ended(world, waiting(world), GeneratorExit())
    assert world.made()[-1] == ("PUT", "cancel")
    world = World(CREATED, COMPLETED)
    assert waiting(world).end(GeneratorExit()) is None


CANCELED = answer({"status": "COMPLETED", "error": "stopped", "error_type": "CANCELED"})


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (answer({"detail": "no key"}, 401), AuthenticationError),
        (answer({"detail": "Not Found"}, 404), NotFoundError),
        (CANCELED, TaskCancelled),
    ],
)
def test_what_cannot_be_cancelled_is_not(said, kind):
    world = World(CREATED, said)
    task = life(world)
    world.run(task.advance())
    with pytest.raises(kind) as caught:
        world.run(task.advance())
    before = caught.value.message
    error = ended(world, task, caught.value)
    assert len(world.calls) == 2
    assert error.task_id == "mmsu_1"
    assert error.message == before


def test_the_same_error_from_a_callback_is_no_word_of_the_service():
    world = World(CREATED, RUNNING, GOING)
    ended(world, waiting(world), AuthenticationError("of another call"))
    assert world.made()[-1] == ("PUT", "cancel")


def test_a_failure_of_the_task_is_the_services_last_word():
    world = World(CREATED, answer({"status": "COMPLETED", "error": "no", "error_type": "CONTENT_BLOCKED"}))
    task = life(world)
    world.run(task.advance())
    with pytest.raises(ContentBlocked) as caught:
        world.run(task.advance())
    ended(world, task, caught.value)
    assert len(world.calls) == 2
    assert (caught.value.model, caught.value.task_id, caught.value.error_type) == ("m", "mmsu_1", "CONTENT_BLOCKED")


def test_a_result_that_cannot_be_fetched_leaves_the_task_alone():
    world = World(CREATED, COMPLETED)
    error = ended(world, waiting(world), TimedOut("Late."))
    assert len(world.calls) == 2
    assert "result can still be fetched" in str(error)


def test_interrupted_before_anything_was_sent():
    world = World(CREATED)
    with pytest.raises(TaskCancelled) as caught:
        ended(world, life(world), Interrupted())
    assert caught.value.task_id is None
    assert world.calls == []


def test_interrupted_while_the_creation_is_not_answered():
    world = World(Interrupted())
    task = life(world)
    with pytest.raises(Interrupted) as interrupted:
        world.run(task.advance())
    with pytest.raises(SubmitOutcomeUnknown, match="may exist, run and be billed"):
        ended(world, task, interrupted.value)
    assert len(world.calls) == 1


@pytest.mark.parametrize("said", [answer({"detail": "no"}, 422), answer({"detail": "no"}, 401)])
def test_interrupted_while_the_creation_is_being_refused(said):
    def refuse_and_interrupt(call):
        call.on_answer(said)
        return Interrupted()

    world = World(refuse_and_interrupt)
    task = life(world)
    with pytest.raises(Interrupted) as interrupted:
        world.run(task.advance())
    with pytest.raises(TaskCancelled):
        ended(world, task, interrupted.value)


def test_interrupted_while_the_creation_is_answered():
    def answer_and_interrupt(call):
        call.on_answer(CREATED)
        return Interrupted()

    world = World(answer_and_interrupt, GOING)
    task = life(world)
    with pytest.raises(Interrupted) as interrupted:
        world.run(task.advance())
    with pytest.raises(TaskCancelled) as caught:
        ended(world, task, interrupted.value)
    assert caught.value.task_id == "mmsu_1"
    assert world.made() == [("POST", "m"), ("PUT", "cancel")]


@pytest.mark.parametrize(
    "options",
    [
        {"timeout": 0},
        {"timeout": -1},
        {"timeout": float("inf")},
        {"timeout": float("nan")},
        {"interval": 0},
        {"interval": float("nan")},
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
