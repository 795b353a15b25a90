"""The state machine of tasks, with a clock of its own."""

from __future__ import annotations

from seacloud_emulator.tasks import Tasks


def task_at(times=(10.0, 20.0), prompt="x"):
    tasks = Tasks()
    task = tasks.create("nano_banana_2", {"prompt": prompt}, "key", [], times)
    start = task.created
    moment = [0.0]
    task.clock = lambda: start + moment[0]
    return tasks, task, moment


def test_time_alone_moves_a_task():
    _, task, moment = task_at()
    seen = []
    for moment[0] in (0.0, 9.9, 10.1, 20.0, 29.9, 30.1):
        seen.append((task.status, task.progress))
    assert [status for status, _ in seen] == ["IN_QUEUE"] * 2 + ["IN_PROGRESS"] * 3 + ["COMPLETED"]
    assert [progress for _, progress in seen] == [0.0, 0.0, 0.005, 0.5, 0.995, 1.0]


def test_logs_grow_as_the_task_runs():
    _, task, moment = task_at()
    lengths = []
    for moment[0] in (0.0, 10.1, 15.1, 20.1, 29.9, 30.1):
        lengths.append(len(task.logs()))
    assert lengths == [1, 1, 2, 3, 4, 6]
    stamps = [line["timestamp"] for line in task.logs()]
    assert stamps == sorted(stamps)
    assert task.logs()[-1]["message"] == "Done."


def test_a_cancelled_task_is_over_and_has_run_until_then():
    _, task, moment = task_at()
    moment[0] = 15.0
    assert task.cancel()
    assert not task.cancel()
    moment[0] = 18.0
    body = task.status_body("http://x")
    assert (body["status"], body["error_type"], body["metrics"]["inference_time"]) == ("COMPLETED", "CANCELED", 5.0)
    assert len([line for line in body["logs"] if line["message"].startswith("Step")]) == 1


def test_a_task_that_is_over_cannot_be_cancelled():
    _, task, moment = task_at()
    moment[0] = 31.0
    assert not task.cancel()
    assert task.outcome is None


def test_a_task_without_length_is_over_at_once():
    _, task, _ = task_at((0.0, 0.0))
    assert (task.status, task.progress) == ("COMPLETED", 1.0)


def test_ids_are_the_same_in_the_same_order_and_else_differ():
    first, second = Tasks(), Tasks()
    make = [
        [tasks.create("e", {"prompt": "x"}, "k", [], (0, 0)).request_id for _ in range(2)] for tasks in (first, second)
    ]
    assert make[0] == make[1]
    assert len(set(make[0])) == 2
    first.clear()
    assert first.views() == []
