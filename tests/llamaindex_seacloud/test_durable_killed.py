"""Durable tools whose process is killed (SIGKILL): the restored run goes on with the task, and posts nothing."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import durable_workflow_program
import pytest
from durable_workflow_program import MODEL, run
from llama_index.core.base.llms.types import ImageBlock
from llamaindex_seacloud import TaskJournal
from seacloud_client.errors import SubmitOutcomeUnknown
from seacloud_emulator import Emulator, Fault
from tasks_seen import posts

# llama_index.core's agents look at all attributes of their classes, the deprecated ones of pydantic too.
pytestmark = [
    pytest.mark.heavy,
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning"),
]

POST = {"method": "POST", "path": "/queue/"}


class Programs:
    """The process that runs the program, in a child for each directory."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def start(self, directory: Path, point: str) -> int:
        """Runs the program in a directory, and gives its process id."""
        if self._process is None:  # by now the environment says where the emulator is
            self._process = subprocess.Popen(
                [sys.executable, durable_workflow_program.__file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=dict(os.environ),
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{directory}\t{point}\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        if self._process is not None:
            self._process.communicate()


@pytest.fixture(scope="module")
def programs() -> Iterator[Programs]:
    made = Programs()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def _quick(seacloud_env: Emulator) -> None:
    seacloud_env.configure(queue_seconds=0.05, run_seconds=0.2)


def until(condition: Any, seconds: float = 40.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def is_over(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


def killed_at(programs: Programs, directory: Path, point: str) -> None:
    process = programs.start(directory, point)
    until(lambda: is_over(process))


def questions(emulator: Emulator) -> int:
    return sum("/llm/" in record.path for record in emulator.requests)


def journal_of(directory: Path) -> TaskJournal:
    return TaskJournal(directory / "journal.sqlite", patience=0.5)


def check_made(output: Any, emulator: Emulator) -> None:
    (call,) = output.tool_calls
    (task,) = emulator.tasks
    assert not call.tool_output.is_error, call.tool_output.content
    assert f"task {task.request_id}" in call.tool_output.content
    assert isinstance(call.tool_output.blocks[1], ImageBlock)
    assert str(call.tool_output.blocks[1].url) in str(output)
    assert posts(emulator) == 1


KNOWN = ["before the intent", "after the handle", "while waiting", "before the end is noted", "after the end is noted"]


@pytest.mark.parametrize("point", KNOWN)
async def test_the_restored_run_finds_the_task(
    programs: Programs, seacloud_env: Emulator, tmp_path: Path, point: str
) -> None:
    killed_at(programs, tmp_path, point)
    assert posts(seacloud_env) == (0 if point == "before the intent" else 1)
    check_made(await run(tmp_path), seacloud_env)
    assert questions(seacloud_env) == 2, "the model was asked for the call once, and then for its answer"
    (entry,) = journal_of(tmp_path).entries()
    assert (entry.model, entry.state, entry.request_id) == (MODEL, "done", seacloud_env.tasks[0].request_id)


async def test_what_is_done_is_not_even_asked_for(programs: Programs, seacloud_env: Emulator, tmp_path: Path) -> None:
    killed_at(programs, tmp_path, "after the end is noted")
    before = len(seacloud_env.requests)
    check_made(await run(tmp_path), seacloud_env)
    assert len(seacloud_env.requests) == before + 1  # the model's answer


async def test_a_run_that_was_not_saved_has_posted_nothing(
    programs: Programs, seacloud_env: Emulator, tmp_path: Path
) -> None:
    killed_at(programs, tmp_path, "before the run is saved")
    assert not (tmp_path / "run.json").exists()
    assert posts(seacloud_env) == 0
    check_made(await run(tmp_path), seacloud_env)


@pytest.mark.parametrize("point", ["after the intent", "after the post"])
async def test_killed_between_intent_and_handle(
    programs: Programs, seacloud_env: Emulator, tmp_path: Path, point: str
) -> None:
    killed_at(programs, tmp_path, point)
    before = posts(seacloud_env)
    assert before == (point == "after the post")
    for _ in range(2):  # however often it is restored
        (call,) = (await run(tmp_path)).tool_calls
        assert isinstance(call.tool_output.exception, SubmitOutcomeUnknown)
        assert "may exist, run and be billed" in call.tool_output.content
        assert "Do not call this again by yourself" in call.tool_output.content
    assert posts(seacloud_env) == before
    (entry,) = journal_of(tmp_path).entries()
    assert entry.state == "intent"
    if point == "after the post":  # a person has found the task, or found that there is none
        assert journal_of(tmp_path).settle(entry.thread_id, entry.call_id, seacloud_env.tasks[0].request_id)
    else:
        assert journal_of(tmp_path).forget(entry.thread_id, entry.call_id)
    check_made(await run(tmp_path), seacloud_env)


def kill_at_random(programs: Programs, emulator: Emulator, directory: Path, seconds: float) -> set[str]:
    """Kills a run so long after the model was asked, restores it, and gives the states that it was in."""
    directory.mkdir()
    emulator.reset()
    emulator.configure(queue_seconds=0.05, run_seconds=0.2)
    emulator.faults.add(Fault(match=POST, delay=0.2))
    process = programs.start(directory, "never")
    until(lambda: questions(emulator) or is_over(process))
    time.sleep(seconds)
    if not is_over(process):
        os.kill(process, signal.SIGKILL)
        until(lambda: is_over(process))
    states = {entry.state for entry in journal_of(directory).entries()} or {"nothing"}
    before = posts(emulator)
    (call,) = asyncio.run(run(directory)).tool_calls
    if call.tool_output.is_error:
        assert isinstance(call.tool_output.exception, SubmitOutcomeUnknown), call.tool_output.content
        assert posts(emulator) == before <= 1
    else:
        assert posts(emulator) == len(emulator.tasks) == 1
    return states


def test_killed_at_some_moments(programs: Programs, seacloud_env: Emulator, tmp_path: Path) -> None:
    """From the model's call on: there is one task or none, and it is found, or nobody knows and nothing is posted."""
    chance = random.Random(3)  # noqa: S311  # no secret
    for number in range(5):
        kill_at_random(programs, seacloud_env, tmp_path / str(number), chance.uniform(0.0, 1.2))


@pytest.mark.long
@pytest.mark.timeout(300)
def test_killed_at_any_moment(programs: Programs, seacloud_env: Emulator, tmp_path: Path) -> None:
    chance = random.Random(7)  # noqa: S311  # no secret
    ends: set[str] = set()
    for number in range(15):
        ends |= kill_at_random(programs, seacloud_env, tmp_path / str(number), chance.uniform(0.0, 1.2))
    assert len(ends) > 1, ends  # it was killed at different points
