"""Durable tools whose process is killed (SIGKILL): the resumed graph goes on with the task, and posts nothing."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import durable_program
import pytest
from durable_program import run
from langchain_seacloud import TaskJournal
from seacloud_client.errors import SubmitOutcomeUnknown
from seacloud_client.queue import Queue
from seacloud_emulator import Emulator, Fault
from tasks_seen import posts

pytestmark = pytest.mark.heavy

PROGRAM = Path(durable_program.__file__)
FLAVOURS = pytest.mark.parametrize("flavour", ["sync", "async"])
THREAD = "boats"


@pytest.fixture(autouse=True)
def _quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seacloud_env: Emulator) -> None:
    monkeypatch.setenv("DURABLE_ASKED", str(tmp_path / "asked"))
    seacloud_env.configure(queue_seconds=0.05, run_seconds=0.2)


def start(directory: Path, flavour: str, point: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), str(directory), flavour, point],
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )


def killed_at(directory: Path, flavour: str, point: str) -> None:
    program = start(directory, flavour, point)
    _, complaints = program.communicate(timeout=50)
    assert program.returncode == -signal.SIGKILL, complaints


def check_made(state: Any, emulator: Emulator) -> None:
    message = state["messages"][-1]
    (task,) = emulator.tasks
    assert message.status == "success"
    assert message.artifact["request_id"] == task.request_id
    assert message.tool_call_id == "call_1"
    assert [block["type"] for block in message.content] == ["text", "image"]
    assert posts(emulator) == 1


KNOWN = ["before the intent", "after the handle", "while waiting", "before the end is noted", "after the end is noted"]


@pytest.mark.parametrize("point", KNOWN)
def test_the_resumed_graph_finds_the_task(seacloud_env: Emulator, tmp_path: Path, point: str) -> None:
    killed_at(tmp_path, "sync", point)
    assert posts(seacloud_env) == (0 if point == "before the intent" else 1)
    check_made(run(tmp_path, "sync", None), seacloud_env)
    assert (tmp_path / "asked").read_text() == "1"  # the model was not asked again
    (entry,) = TaskJournal(tmp_path / "agent.sqlite").entries()
    assert (entry.thread_id, entry.call_id, entry.state) == (THREAD, "call_1", "done")
    assert entry.request_id == seacloud_env.tasks[0].request_id


def test_async(seacloud_env: Emulator, tmp_path: Path) -> None:
    killed_at(tmp_path, "async", "while waiting")
    assert posts(seacloud_env) == 1
    check_made(run(tmp_path, "async", None), seacloud_env)


def test_what_is_done_is_not_even_asked_for(seacloud_env: Emulator, tmp_path: Path) -> None:
    killed_at(tmp_path, "sync", "after the end is noted")
    before = len(seacloud_env.requests)
    check_made(run(tmp_path, "async", None), seacloud_env)
    assert len(seacloud_env.requests) == before


@pytest.mark.parametrize(("flavour", "point"), [("sync", "after the intent"), ("async", "after the post")])
def test_killed_between_intent_and_handle(seacloud_env: Emulator, tmp_path: Path, flavour: str, point: str) -> None:
    killed_at(tmp_path, flavour, point)
    before = posts(seacloud_env)
    assert before == (point == "after the post")
    for _ in range(2):  # however often it is resumed
        with pytest.raises(SubmitOutcomeUnknown, match=r"may exist, run and be billed .*settle.*forget") as raised:
            run(tmp_path, flavour, None)
        assert raised.value.model == "nano_banana_2"
    assert posts(seacloud_env) == before


def test_a_person_has_found_the_task(seacloud_env: Emulator, tmp_path: Path) -> None:
    killed_at(tmp_path, "sync", "after the post")
    (task,) = seacloud_env.tasks
    assert TaskJournal(tmp_path / "agent.sqlite", patience=0.0).settle(THREAD, "call_1", task.request_id)
    check_made(run(tmp_path, "sync", None), seacloud_env)


def test_a_person_has_found_that_there_is_none(seacloud_env: Emulator, tmp_path: Path) -> None:
    killed_at(tmp_path, "sync", "after the intent")
    assert TaskJournal(tmp_path / "agent.sqlite", patience=0.0).forget(THREAD, "call_1")
    check_made(run(tmp_path, "sync", None), seacloud_env)


def test_killed_from_outside_while_the_post_is_under_way(seacloud_env: Emulator, tmp_path: Path) -> None:
    seacloud_env.faults.add(Fault(match={"method": "POST", "path": "/queue/"}, delay=1.5))
    program = start(tmp_path, "sync", "never")
    deadline = time.monotonic() + 40
    journal = TaskJournal(tmp_path / "agent.sqlite")
    while not journal.entries() and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.2)
    program.kill()
    program.communicate()
    assert [entry.state for entry in journal.entries()] == ["intent"]
    with pytest.raises(SubmitOutcomeUnknown):
        run(tmp_path, "sync", None)
    assert posts(seacloud_env) <= 1


def test_killed_from_outside_while_it_waits_and_finished_by_another(seacloud_env: Emulator, tmp_path: Path) -> None:
    seacloud_env.configure(run_seconds=3.0)
    program = start(tmp_path, "async", "never")
    journal = TaskJournal(tmp_path / "agent.sqlite")
    deadline = time.monotonic() + 40
    while not [entry for entry in journal.entries() if entry.state == "posted"] and time.monotonic() < deadline:
        time.sleep(0.01)
    program.kill()
    program.communicate()
    (entry,) = journal.entries()
    assert entry.request_id is not None
    assert Queue().task(entry.model, entry.request_id).wait().outputs  # it was not cancelled by the death
    check_made(run(tmp_path, "async", None), seacloud_env)


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize("flavour", ["sync", "async"])
def test_killed_at_any_moment(seacloud_env: Emulator, tmp_path: Path, flavour: str, monkeypatch: Any) -> None:
    """From the model's call on: there is one task or none, and it is found, or nobody knows and nothing is posted."""
    chance = random.Random(7)  # noqa: S311  # no secret
    ends: set[str] = set()
    for number in range(15):
        directory = tmp_path / str(number)
        directory.mkdir()
        monkeypatch.setenv("DURABLE_ASKED", str(directory / "asked"))
        seacloud_env.reset()
        seacloud_env.configure(queue_seconds=0.05, run_seconds=0.2)
        seacloud_env.faults.add(Fault(match={"method": "POST", "path": "/queue/"}, delay=0.2))
        program = start(directory, flavour, "never")
        while not (directory / "asked").exists():
            time.sleep(0.005)
        time.sleep(chance.uniform(0.0, 1.6))
        program.kill()
        program.communicate()
        journal = TaskJournal(directory / "agent.sqlite")
        ends.update([entry.state for entry in journal.entries()] or ["nothing"])
        before = posts(seacloud_env)
        try:
            state = run(directory, flavour, None)
        except SubmitOutcomeUnknown:
            assert posts(seacloud_env) == before
        else:
            assert state["messages"][-1].status == "success"
            assert posts(seacloud_env) == 1
    assert len(ends) > 1, ends  # it was killed at different points
