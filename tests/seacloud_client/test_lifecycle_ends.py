"""What ends a task's way early, driven without a socket: what becomes of the task, and what the error says of it."""

from __future__ import annotations

import sys

import pytest
from flow_driver import World, answer
from seacloud_client import lifecycle
from seacloud_client.errors import (
    AuthenticationError,
    ContentBlocked,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    SubmitOutcomeUnknown,
    TaskCancelled,
    TaskTimedOut,
    TimedOut,
)
from seacloud_client.interrupts import Interrupted
from task_lives import (
    COMPLETED,
    CREATED,
    GOING,
    RUNNING,
    ended,
    life,
    waiting,
)

HAS_NOTES = sys.version_info >= (3, 11)


def notes_of(error):
    return getattr(error, "__notes__", [])


def test_a_deadline_cancels_the_task():
    world = World(CREATED, RUNNING, GOING)
    task = waiting(world)
    error = ended(world, task, TaskTimedOut("Too late."))
    assert world.calls[-1].method == "PUT"
    assert world.calls[-1].url == "https://x.test/model/v1/queue/m/requests/mmsu_1/cancel"
    assert (error.model, error.task_id) == ("m", "mmsu_1")
    assert str(error).startswith("Too late. The task was cancelled.")


@pytest.mark.parametrize(
    ("said", "words", "may_go_on"),
    [
        (GOING, "The task was cancelled.", False),
        (
            answer({"status": "ALREADY_COMPLETED"}, 400),
            "The task had just finished: its result can still be fetched.",
            True,
        ),
        (answer({"status": "NOT_FOUND"}, 404), "The service does not know the task any more.", True),
        (TimedOut("No answer."), "It could not be cancelled, so it may go on and be billed [No answer].", True),
    ],
)
def test_what_becomes_of_the_task_is_told(said, words, may_go_on):
    world = World(CREATED, RUNNING, said)
    error = ended(world, waiting(world), TaskTimedOut("Too late."))
    assert error.may_go_on is may_go_on
    assert error.message == f"Too late. {words}"
    assert error.args == (error.message,)


def test_a_cancellation_that_is_refused_tells_why():
    world = World(CREATED, RUNNING, answer({"detail": "no"}, 401))
    error = ended(world, waiting(world), TaskTimedOut("Too late."))
    assert "It could not be cancelled, so it may go on and be billed [" in error.message
    assert "api_key" in error.message


def test_a_cancellation_that_is_not_answered_in_time_is_told():
    world = World(CREATED, RUNNING, answer(b"", 503, retry_after="9"))
    error = ended(world, waiting(world), TaskTimedOut("Too late."))
    assert error.message.endswith("be billed [The service did not answer in time].")


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
    with pytest.raises(TaskCancelled) as caught:
        ended(world, task, Interrupted())
    assert caught.value.message == "The wait for the task of m was interrupted. The task was left running."
    assert caught.value.task_id == "mmsu_1"
    assert world.made() == [("POST", "m"), ("GET", "status")]


def test_an_error_of_someone_elses_gets_a_note():
    world = World(CREATED, RUNNING, GOING)
    error = ended(world, waiting(world), KeyboardInterrupt())
    assert error.seacloud_task == {"model": "m", "request_id": "mmsu_1"}
    note = "SeaCloud task mmsu_1 of m: The task was cancelled."
    assert notes_of(error) == ([note] if HAS_NOTES else [])


def test_an_error_of_someone_elses_before_anything_was_sent_needs_no_note():
    world = World(CREATED)
    error = ended(world, life(world), KeyboardInterrupt())
    assert error.seacloud_task == {"model": "m", "request_id": None}
    assert notes_of(error) == []


def test_an_error_of_someone_elses_while_the_creation_is_not_answered_gets_a_note():
    world = World(Interrupted())
    task = life(world)
    with pytest.raises(Interrupted):
        world.run(task.advance())
    error = ended(world, task, KeyboardInterrupt())
    assert error.seacloud_task == {"model": "m", "request_id": None}
    note = "SeaCloud task of m: It had been posted and not been answered: it may exist, run and be billed."
    assert notes_of(error) == ([note] if HAS_NOTES else [])


def test_a_wait_is_ended_once():
    world = World(CREATED, RUNNING, GOING)
    task = waiting(world)
    ended(world, task, KeyboardInterrupt())
    assert task.end(KeyboardInterrupt()) is None
    assert [method for method, _ in world.made()].count("PUT") == 1


def test_the_child_of_a_fork_leaves_its_parents_task_alone(monkeypatch):
    task = waiting(World(CREATED, RUNNING))
    monkeypatch.setattr(lifecycle.os, "getpid", lambda: -1)
    assert task.end(KeyboardInterrupt()) is None


def test_a_closed_iterator_cancels_but_not_after_the_end():
    world = World(CREATED, RUNNING, GOING)
    ended(world, waiting(world), GeneratorExit())
    assert world.made()[-1] == ("PUT", "cancel")
    world = World(CREATED, COMPLETED)
    assert waiting(world).end(GeneratorExit()) is None


UNKNOWN = answer({"detail": "Request not found"}, 404)


def test_a_new_task_that_the_service_does_not_know_yet_is_cancelled_all_the_same():
    world = World(CREATED, RUNNING, UNKNOWN, UNKNOWN, GOING)
    error = ended(world, waiting(world), TaskTimedOut("Too late."))
    assert error.message == "Too late. The task was cancelled."
    assert world.made()[2:] == [("PUT", "cancel")] * 3


@pytest.mark.parametrize("call_seconds", [0.0, 0.2, 1.4])
def test_a_task_that_stays_unknown_is_not_asked_after_for_longer_than_there_is_time(call_seconds):
    world = World(CREATED, RUNNING, UNKNOWN, call_seconds=call_seconds)
    task = waiting(world)
    began = world.time
    ended(world, task, TaskTimedOut("Too late."))
    assert world.time - began <= 3.0


CANCELED = answer({"status": "COMPLETED", "error": "stopped", "error_type": "CANCELED"})


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (UNKNOWN, NotFoundError),
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
    assert "PUT" not in {method for method, _ in world.made()}
    assert error.task_id == "mmsu_1"
    assert error.message == before


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (answer(b"<h1>404 no healthy upstream</h1>", 404), NotFoundError),
        (answer({"detail": "no key"}, 401), AuthenticationError),
        (answer({"detail": "no"}, 403), PermissionDeniedError),
    ],
)
def test_an_answer_that_is_no_word_of_the_task_cancels_it(said, kind):
    world = World(CREATED, RUNNING, said, GOING)
    task = waiting(world)
    with pytest.raises(kind) as caught:
        world.run(task.advance())
    error = ended(world, task, caught.value)
    assert world.made()[-1] == ("PUT", "cancel")
    assert error.message.endswith("The task was cancelled.")


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
    assert error.message == "Late. The task has finished: its result can still be fetched."


def test_interrupted_before_anything_was_sent():
    world = World(CREATED)
    with pytest.raises(TaskCancelled) as caught:
        ended(world, life(world), Interrupted())
    assert caught.value.message == "The wait for the task of m was interrupted."
    assert caught.value.task_id is None
    assert world.calls == []


def test_interrupted_while_the_creation_is_not_answered():
    world = World(Interrupted())
    task = life(world)
    with pytest.raises(Interrupted) as interrupted:
        world.run(task.advance())
    with pytest.raises(SubmitOutcomeUnknown) as caught:
        ended(world, task, interrupted.value)
    assert caught.value.message == (
        "The wait for the task of m was interrupted. It had been posted and not been answered: it may exist, run and "
        "be billed."
    )
    assert len(world.calls) == 1


def test_a_creation_that_was_refused_left_nothing_behind():
    world = World(answer({"detail": "no"}, 422))
    task = life(world)
    with pytest.raises(InvalidRequestError) as caught:
        world.run(task.advance())
    before = caught.value.message
    assert ended(world, task, caught.value).message == before
    assert world.made() == [("POST", "m")]


def test_an_outcome_that_is_told_to_be_unknown_is_not_told_twice():
    world = World(TimedOut("late"))
    task = life(world)
    with pytest.raises(SubmitOutcomeUnknown) as caught:
        world.run(task.advance())
    before = caught.value.message
    assert ended(world, task, caught.value).message == before
    assert caught.value.task_id is None


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
    assert [(call.method, call.url) for call in world.calls] == [
        ("POST", "https://x.test/model/v1/queue/m"),
        ("PUT", "https://x.test/model/v1/queue/m/requests/mmsu_1/cancel"),
    ]
