"""Durable tools within a process: one post for a call, whoever runs it, and what is told of it."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from durable_workflows import MODEL, POST, PROMPT, Call, OneCall, call, context_of, durable
from llama_index.core.base.llms.types import ImageBlock
from llama_index.core.tools import ToolOutput
from llamaindex_seacloud import SeaCloudGenerated, TaskJournal
from llamaindex_seacloud.spending import CallRefused
from seacloud_client.errors import (
    ConfigurationError,
    ContentBlocked,
    PermissionDeniedError,
    SeaCloudError,
    SubmitOutcomeUnknown,
    TaskTimedOut,
)
from seacloud_emulator import Emulator, Fault
from tasks_seen import journal_threads, posts, states
from workflows.errors import WorkflowCancelledByUser

pytestmark = pytest.mark.usefixtures("quick_tasks")


async def test_a_call_is_made_once(seacloud_env: Emulator, journal: TaskJournal) -> None:
    first = await call(durable(journal))
    again = await call(durable(journal))
    assert isinstance(first, ToolOutput)
    assert isinstance(first.blocks[1], ImageBlock)
    assert again.blocks == first.blocks
    assert posts(seacloud_env) == 1
    other = await call(durable(journal), "d")
    assert other.content != first.content
    await call(durable(journal), thread="u")
    assert posts(seacloud_env) == 3


def test_many_workers_at_once_post_once(seacloud_env: Emulator, tmp_path: Path) -> None:
    """Each with a journal of its own on the same file, as processes have it; the post takes a while."""
    seacloud_env.faults.add(Fault(match=POST, delay=0.3))
    path = tmp_path / "journal.sqlite"

    def work(_: int) -> Any:
        return asyncio.run(call(durable(TaskJournal(path, patience=5))))

    with ThreadPoolExecutor(8) as pool:
        outputs = list(pool.map(work, range(8)))
    assert posts(seacloud_env) == 1
    (task,) = seacloud_env.tasks
    assert all(task.request_id in output.content for output in outputs)


async def test_a_worker_is_not_waited_for_forever(seacloud_env: Emulator, journal: TaskJournal) -> None:
    journal.claim("t", "c", model=MODEL, said=PROMPT, parameters={}, owner="somebody else")
    error = await call(durable(journal))
    assert isinstance(error, SubmitOutcomeUnknown)
    assert "about to be posted" in error.message
    assert posts(seacloud_env) == 0


@pytest.mark.parametrize("fault", [{"disconnect_after": 0}, {"status": 502}, {"malformed_json": True}], ids=str)
async def test_an_unknown_outcome_is_told_and_stays_one(
    seacloud_env: Emulator, journal: TaskJournal, fault: dict[str, Any]
) -> None:
    seacloud_env.faults.add(Fault(match=POST, **fault))
    for _ in range(2):
        error = await call(durable(journal))
        assert isinstance(error, SubmitOutcomeUnknown)
        assert "is not posted again" in error.message
        assert error.message.endswith("Do not call this again by yourself: say so to the user.")
    assert posts(seacloud_env) == 1
    assert states(journal) == ["unknown"]
    assert journal.forget("t", "c")
    assert isinstance(await call(durable(journal)), ToolOutput)
    assert posts(seacloud_env) == 2


@pytest.mark.parametrize("status", [403, 422, 429])
async def test_a_refusal_is_told_and_forgotten(seacloud_env: Emulator, journal: TaskJournal, status: int) -> None:
    seacloud_env.faults.add(Fault(match=POST, status=status))
    error = await call(durable(journal))
    assert isinstance(error, SeaCloudError)
    assert error.status == status
    assert isinstance(error, PermissionDeniedError) is (status == 403)
    assert states(journal) == []
    assert isinstance(await call(durable(journal)), ToolOutput)


async def test_a_failure_is_told_again(seacloud_env: Emulator, journal: TaskJournal) -> None:
    errors = [await call(durable(journal), prompt="a cat [blocked]") for _ in range(2)]
    assert isinstance(errors[0], ContentBlocked)
    assert str(errors[0]) == str(errors[1])
    assert seacloud_env.tasks[0].request_id in str(errors[0])
    assert posts(seacloud_env) == 1
    assert states(journal) == ["failed"]


async def test_what_is_not_finished_in_time_goes_on(seacloud_env: Emulator, journal: TaskJournal) -> None:
    seacloud_env.configure(run_seconds=1.5)
    error = await call(durable(journal, timeout=0.5))
    assert isinstance(error, TaskTimedOut)
    assert error.message.endswith("left running. Do not call this again by yourself: say so to the user.")
    assert states(journal) == ["posted"]
    assert isinstance(await call(durable(journal)), ToolOutput)
    assert posts(seacloud_env) == 1


@pytest.mark.parametrize("moment", ["while it is posted", "while it is waited for"])
async def test_a_cancelled_run_leaves_the_task_running(
    seacloud_env: Emulator, journal: TaskJournal, moment: str
) -> None:
    """The answer to a post is still waited for, so that the handle can be written down."""
    seacloud_env.configure(run_seconds=1.5)
    posting = moment == "while it is posted"
    if posting:
        seacloud_env.faults.add(Fault(match=POST, delay=0.5))
    workflow = OneCall(durable(journal))
    handler = workflow.run(ctx=await context_of(workflow), start_event=Call())
    requests = 1 if posting else 2
    assert await asyncio.to_thread(seacloud_env.wait_for, lambda emulator: len(emulator.requests) >= requests)
    await handler.cancel_run()
    with pytest.raises((WorkflowCancelledByUser, asyncio.CancelledError)):
        await handler
    for _ in range(200):
        if states(journal) == ["posted"]:
            break
        await asyncio.sleep(0.02)
    assert states(journal) == ["posted"]
    assert seacloud_env.tasks[0].error_type is None
    assert isinstance(await call(durable(journal)), ToolOutput)
    assert posts(seacloud_env) == 1


async def test_an_id_that_comes_again_with_other_words(seacloud_env: Emulator, journal: TaskJournal) -> None:
    """Some gateways use their ids anew in each turn; the same words are the same call."""
    made = [(await call(durable(journal), prompt=prompt)).content for prompt in ("a cat", "a dog", "a cat", "a dog")]
    assert made[:2] == made[2:]
    assert posts(seacloud_env) == 2
    assert [entry.call_id.partition("~")[0] for entry in journal.entries()] == ["c", "c"]


async def test_an_id_of_something_that_is_not_over(seacloud_env: Emulator, journal: TaskJournal) -> None:
    seacloud_env.faults.add(Fault(match=POST, disconnect_after=0))
    await call(durable(journal))
    error = await call(durable(journal), prompt="a dog")
    assert isinstance(error, CallRefused)
    assert "is in use in this conversation for something else" in error.message
    assert posts(seacloud_env) == 1


async def test_an_unknown_outcome_tells_what_to_do_whatever_the_service_says(
    seacloud_env: Emulator, journal: TaskJournal
) -> None:
    words = {"error": {"code": "INTERNAL", "message": "x y z " * 400}}
    seacloud_env.faults.add(Fault(match=POST, status=500, body=words))
    error = await call(durable(journal))
    assert isinstance(error, SubmitOutcomeUnknown)
    assert "(thread t, call c)" in error.message
    assert "settle(thread_id, call_id, request_id), and if not, forget(thread_id, call_id)" in error.message
    assert "x y z" in error.message
    assert error.message.endswith("... Do not call this again by yourself: say so to the user.")


async def test_an_unknown_outcome_that_cannot_be_written_down(
    seacloud_env: Emulator, journal: TaskJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise ConfigurationError("The disk is full.")

    monkeypatch.setattr(TaskJournal, "unknown", full)
    seacloud_env.faults.add(Fault(match=POST, malformed_json=True))
    error = await call(durable(journal))
    assert isinstance(error, SubmitOutcomeUnknown)
    assert "This could not be written down: The disk is full." in error.message


async def test_a_tool_whose_own_parameters_have_changed_since(seacloud_env: Emulator, journal: TaskJournal) -> None:
    first = await call(durable(journal, parameters={"seed": 1}))
    assert (await call(durable(journal, parameters={"seed": 2}))).content == first.content
    (entry,) = journal.entries()
    assert entry.parameters == {"seed": 1, **PROMPT}
    assert posts(seacloud_env) == 1


async def test_parameters_are_checked_before_anything_is_written(journal: TaskJournal) -> None:
    assert "Nothing was sent" in (await call(durable(journal), prompt="")).message
    assert states(journal) == []


async def test_submitting_is_durable_too(seacloud_env: Emulator, journal: TaskJournal) -> None:
    tools = [durable(journal, split=True, waiting=False) for _ in range(2)]
    first, again = [await call(tool) for tool in tools]
    assert first.content == again.content
    assert seacloud_env.tasks[0].request_id in first.content
    assert posts(seacloud_env) == 1


async def test_what_was_made_is_told_to_the_stream_again(seacloud_env: Emulator, journal: TaskJournal) -> None:
    made = []
    for _ in range(2):
        workflow = OneCall(durable(journal, stream_progress=True))
        handler = workflow.run(ctx=await context_of(workflow), start_event=Call())
        made += [event async for event in handler.stream_events() if isinstance(event, SeaCloudGenerated)]
        await handler
    assert made[0] == made[1]
    assert made[0].request_id == seacloud_env.tasks[0].request_id


async def test_a_journal_that_cannot_be_written(seacloud_env: Emulator, journal: TaskJournal) -> None:
    tool = durable(journal)
    journal.path.unlink()
    journal.path.mkdir()
    error = await call(tool)
    assert isinstance(error, ConfigurationError)
    assert "journal" in error.message
    assert posts(seacloud_env) == 0


async def test_the_event_loop_is_not_blocked(
    seacloud_env: Emulator, journal: TaskJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = journal_threads(monkeypatch)
    assert isinstance(await call(durable(journal, max_calls_per_context=1)), ToolOutput)
    assert threads
    assert threading.get_ident() not in threads
