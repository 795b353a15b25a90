"""Durable tools within a process: one post for a call, whoever runs it; what is told, and what is an error."""

from __future__ import annotations

import asyncio
import pickle
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, ToolMessage
from langchain_seacloud import SeaCloudGenerationTool, SeaCloudToolkit, TaskJournal
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import ToolNode
from seacloud_client.errors import (
    ConfigurationError,
    NotFoundError,
    SubmitOutcomeUnknown,
    TaskCancelled,
    TaskTimedOut,
)
from seacloud_client.interrupts import cancel_all
from seacloud_client.media_tools.journal import PATIENCE
from seacloud_client.queue import Queue
from seacloud_emulator import Emulator, Fault
from tasks_seen import journal_threads, posts, states

MODEL = "nano_banana_2"
CONFIG: Any = {"configurable": {"thread_id": "t"}}
CALL: Any = {"type": "tool_call", "id": "c", "name": "generate_with_nano_banana_2", "args": {"prompt": "a cat"}}
POST = {"method": "POST", "path": "/queue/"}
BOTH = pytest.mark.parametrize("flavour", ["sync", "async"])

pytestmark = pytest.mark.usefixtures("quick_tasks")


def durable(journal: TaskJournal, **settings: Any) -> SeaCloudGenerationTool:
    return SeaCloudGenerationTool(model=MODEL, journal=journal, **settings)


def call(tool: Any, flavour: str, **changes: Any) -> ToolMessage:
    made = {**CALL, **changes}
    message = tool.invoke(made, CONFIG) if flavour == "sync" else asyncio.run(tool.ainvoke(made, CONFIG))
    assert isinstance(message, ToolMessage)
    return message


@BOTH
def test_a_call_is_made_once(seacloud_env: Emulator, journal: TaskJournal, flavour: str) -> None:
    first = call(durable(journal), flavour)
    again = call(durable(journal), flavour)
    assert first.status == "success"
    assert (again.content, again.artifact) == (first.content, first.artifact)
    assert posts(seacloud_env) == 1
    other = call(durable(journal), flavour, id="d")
    assert other.artifact["request_id"] != first.artifact["request_id"]
    assert posts(seacloud_env) == 2


@pytest.mark.parametrize("workers", [8])
def test_many_workers_at_once_post_once(seacloud_env: Emulator, tmp_path: Path, workers: int) -> None:
    """Each with a journal of its own on the same file, as processes have it; the post takes a while."""
    seacloud_env.faults.add(Fault(match=POST, delay=0.3))
    path = tmp_path / "journal.sqlite"

    def work(number: int) -> ToolMessage:
        return call(durable(TaskJournal(path, patience=5)), "sync" if number % 2 else "async")

    with ThreadPoolExecutor(workers) as pool:
        messages = list(pool.map(work, range(workers)))
    assert posts(seacloud_env) == 1
    (task,) = seacloud_env.tasks
    assert {message.artifact["request_id"] for message in messages} == {task.request_id}
    assert {message.status for message in messages} == {"success"}


def test_a_worker_is_not_waited_for_forever(seacloud_env: Emulator, journal: TaskJournal) -> None:
    said = {"prompt": "a cat", "parameters": None}
    journal.claim("t", "c", model=MODEL, said=said, parameters={}, owner="somebody else")
    with pytest.raises(SubmitOutcomeUnknown, match="about to be posted"):
        call(durable(journal), "sync")
    assert posts(seacloud_env) == 0


@BOTH
@pytest.mark.parametrize("fault", [{"disconnect_after": 0}, {"status": 502}, {"malformed_json": True}], ids=str)
def test_an_unknown_outcome_is_an_error_of_the_run(
    seacloud_env: Emulator, journal: TaskJournal, flavour: str, fault: dict[str, Any]
) -> None:
    seacloud_env.faults.add(Fault(match=POST, **fault))
    for _ in range(2):
        with pytest.raises(SubmitOutcomeUnknown, match="is not posted again"):
            call(durable(journal), flavour)
    assert posts(seacloud_env) == 1
    assert states(journal) == ["unknown"]
    assert journal.forget("t", "c")
    assert call(durable(journal), flavour).status == "success"
    assert posts(seacloud_env) == 2


@BOTH
@pytest.mark.parametrize("status", [403, 422, 429])
def test_a_refusal_is_told_and_forgotten(
    seacloud_env: Emulator, journal: TaskJournal, flavour: str, status: int
) -> None:
    seacloud_env.faults.add(Fault(match=POST, status=status))
    refused = call(durable(journal), flavour)
    assert refused.status == "error"
    assert f"HTTP {status}" in refused.text
    assert states(journal) == []
    assert call(durable(journal), flavour).status == "success"


@BOTH
def test_a_failure_is_told_again(seacloud_env: Emulator, journal: TaskJournal, flavour: str) -> None:
    args = {"prompt": "a cat [blocked]"}
    told = [call(durable(journal), flavour, args=args) for _ in range(2)]
    assert told[0].status == told[1].status == "error"
    assert told[0].text == told[1].text
    assert seacloud_env.tasks[0].request_id in told[0].text
    assert posts(seacloud_env) == 1
    assert states(journal) == ["failed"]


@BOTH
def test_what_is_not_finished_in_time_goes_on(seacloud_env: Emulator, journal: TaskJournal, flavour: str) -> None:
    seacloud_env.configure(run_seconds=1.5)
    with pytest.raises(TaskTimedOut, match="left running"):
        call(durable(journal, timeout=0.5), flavour)
    assert states(journal) == ["posted"]
    assert call(durable(journal), flavour).status == "success"
    assert posts(seacloud_env) == 1


def test_a_service_that_knows_nothing_of_it_is_an_error(seacloud_env: Emulator, journal: TaskJournal) -> None:
    seacloud_env.faults.add(Fault(match="/status", status=404, body={"detail": "Request not found"}, times=9))
    with pytest.raises(NotFoundError) as raised:
        call(durable(journal), "sync")
    assert raised.value.task_id == seacloud_env.tasks[0].request_id
    assert states(journal) == ["posted"]


async def test_a_cancelled_run_leaves_the_task_running(seacloud_env: Emulator, journal: TaskJournal) -> None:
    seacloud_env.configure(run_seconds=1.5)
    run = asyncio.create_task(durable(journal).ainvoke(CALL, CONFIG))
    assert await asyncio.to_thread(seacloud_env.wait_for, lambda emulator: len(emulator.requests) > 1)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert seacloud_env.tasks[0].error_type is None
    assert (await durable(journal).ainvoke(CALL, CONFIG)).status == "success"
    assert posts(seacloud_env) == 1


async def test_cancelled_while_it_is_posted(seacloud_env: Emulator, journal: TaskJournal) -> None:
    """The answer is still waited for, so that the handle can be written down."""
    seacloud_env.faults.add(Fault(match=POST, delay=0.5))
    run = asyncio.create_task(durable(journal).ainvoke(CALL, CONFIG))
    assert await asyncio.to_thread(seacloud_env.wait_for, lambda emulator: bool(emulator.requests))
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert states(journal) == ["posted"]
    assert (await durable(journal).ainvoke(CALL, CONFIG)).status == "success"
    assert posts(seacloud_env) == 1


async def test_cancelled_while_no_answer_comes(seacloud_env: Emulator, journal: TaskJournal) -> None:
    seacloud_env.faults.add(Fault(match=POST, delay=9))
    run = asyncio.create_task(durable(journal).ainvoke(CALL, CONFIG))
    assert await asyncio.to_thread(seacloud_env.wait_for, lambda emulator: bool(emulator.requests))
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert states(journal) == ["unknown"]


def test_an_interrupted_wait_is_an_error_of_the_run(seacloud_env: Emulator, journal: TaskJournal) -> None:
    seacloud_env.configure(run_seconds=1.5)
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(call, durable(journal), "sync")
        assert seacloud_env.wait_for(lambda emulator: len(emulator.requests) > 1)
        assert cancel_all() == 1
        with pytest.raises(TaskCancelled, match="left running"):
            run.result()
    assert states(journal) == ["posted"]
    assert call(durable(journal), "sync").status == "success"


def test_cancelled_by_somebody_is_told(seacloud_env: Emulator, journal: TaskJournal) -> None:
    seacloud_env.configure(run_seconds=9)
    tool = durable(journal)
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(call, tool, "sync")
        assert seacloud_env.wait_for(lambda emulator: len(emulator.requests) > 1)
        tool.queue.task(MODEL, seacloud_env.tasks[0].request_id).cancel()
        assert "cancelled" in run.result().text
    assert states(journal) == ["failed"]


def test_what_a_durable_call_needs_to_know(seacloud_env: Emulator, journal: TaskJournal) -> None:
    tool = durable(journal)
    for called, config in ((CALL, {}), (CALL["args"], CONFIG)):
        with pytest.raises(ConfigurationError, match=r"thread_id.*Nothing was sent"):
            tool.invoke(called, config)
    assert not seacloud_env.requests


@pytest.mark.parametrize("durability", [None, "async", "exit", "sync"])
def test_the_graph_must_write_each_step(seacloud_env: Emulator, journal: TaskJournal, durability: Any) -> None:
    graph = StateGraph(MessagesState).add_node("tools", ToolNode([durable(journal)])).add_edge(START, "tools")
    compiled = graph.compile(checkpointer=InMemorySaver())
    question: Any = {"messages": [AIMessage("", tool_calls=[CALL])]}
    if durability == "sync":
        assert compiled.invoke(question, CONFIG, durability="sync")["messages"][-1].status == "success"
        return
    with pytest.raises(ConfigurationError, match='durability="sync"'):
        compiled.invoke(question, CONFIG, durability=durability)
    assert not seacloud_env.requests


@BOTH
def test_an_id_that_comes_again_with_other_words(seacloud_env: Emulator, journal: TaskJournal, flavour: str) -> None:
    """Some gateways use their ids anew in each turn; the same words are the same call."""
    made = [
        call(durable(journal), flavour, args={"prompt": prompt}).artifact["request_id"]
        for prompt in ("a cat", "a dog", "a cat", "a dog")
    ]
    assert made[:2] == made[2:] == [task.request_id for task in seacloud_env.tasks]
    assert posts(seacloud_env) == 2


@BOTH
def test_what_the_journal_forgets_is_given_back(seacloud_env: Emulator, journal: TaskJournal, flavour: str) -> None:
    tool = durable(journal, max_calls_per_thread=1)
    seacloud_env.faults.add(Fault(match=POST, disconnect_after=0))
    with pytest.raises(SubmitOutcomeUnknown):
        call(tool, flavour)
    assert "may be created in this conversation" in call(tool, flavour, id="d").text
    assert journal.forget("t", "c")
    assert call(tool, flavour).status == "success"
    journal.delete_thread("t")
    assert call(tool, flavour, id="e").status == "success"
    assert posts(seacloud_env) == 3


@BOTH
def test_a_connection_that_cannot_be_made_is_tried_again(
    seacloud_env: Emulator, tmp_path: Path, flavour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each time by an intent that was renewed: it is as old as the attempt."""
    monkeypatch.setattr("seacloud_client.media_tools.durable.backoff", lambda _: 0.01)
    renewed: list[bool] = []
    real = TaskJournal.renew
    monkeypatch.setattr(TaskJournal, "renew", lambda *facts: renewed.append(real(*facts)) or renewed[-1])
    journal = TaskJournal(tmp_path / "journal.sqlite")
    with closing(socket.socket()) as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        message = call(durable(journal, base_url=f"http://127.0.0.1:{nobody.getsockname()[1]}/model"), flavour)
    assert message.status == "error"
    assert renewed == [True, True]
    assert journal.entries() == []


@BOTH
def test_an_intent_follows_the_queues_limit(
    seacloud_env: Emulator, tmp_path: Path, flavour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = TaskJournal(tmp_path / "journal.sqlite")
    intents: list[float] = []
    real = TaskJournal.posted

    def posted(*facts: Any, **more: Any) -> bool:
        intents.extend(entry.seconds for entry in journal.entries() if entry.state == "intent")
        return real(*facts, **more)

    monkeypatch.setattr(TaskJournal, "posted", posted)
    call(durable(journal), flavour)
    call(durable(journal, shared_queue=Queue(request_timeout=200)), flavour, id="d")
    assert intents == [PATIENCE, PATIENCE + 170]


@BOTH
def test_a_task_that_may_go_on_is_not_to_be_called_for_again(seacloud_env: Emulator, flavour: str) -> None:
    """Without a journal, the task is cancelled; where that fails, each further call would be paid for besides."""
    seacloud_env.configure(run_seconds=9)
    seacloud_env.faults.add(Fault(match={"method": "PUT"}, status=403, times=9))
    tool = SeaCloudGenerationTool(model=MODEL, timeout=0.5)
    advice = "Do not call this again by yourself: say so to the user."
    assert call(tool, flavour).text.endswith(advice)
    seacloud_env.faults.clear()
    cancelled = call(tool, flavour).text
    assert "The task was cancelled." in cancelled
    assert advice not in cancelled


def test_a_tool_whose_own_parameters_have_changed_since(seacloud_env: Emulator, journal: TaskJournal) -> None:
    first = call(durable(journal, parameters={"seed": 1}), "sync")
    again = call(durable(journal, parameters={"seed": 2}), "sync")
    assert again.artifact == first.artifact
    assert posts(seacloud_env) == 1
    (entry,) = journal.entries()
    assert entry.parameters == {"seed": 1, "prompt": "a cat"}


def test_parameters_are_checked_before_anything_is_written(journal: TaskJournal) -> None:
    message = call(durable(journal), "sync", args={"prompt": " "})
    assert "Nothing was sent" in message.text
    assert states(journal) == []


def test_limits_count_what_the_journal_holds(seacloud_env: Emulator, journal: TaskJournal) -> None:
    call(durable(journal, max_calls_per_thread=1), "sync")
    fresh = durable(journal, max_calls_per_thread=1)  # as after a restart
    assert call(fresh, "sync").status == "success"  # the same call: it is paid for
    assert "may be created in this conversation" in call(fresh, "sync", id="d").text
    assert posts(seacloud_env) == 1


def test_a_known_call_is_not_asked_about_again(seacloud_env: Emulator, journal: TaskJournal) -> None:
    asked: list[str] = []

    def approve(model: str, _: Any) -> bool:
        asked.append(model)
        return True

    for _ in range(2):
        call(durable(journal, approve=approve), "sync")
    assert asked == [MODEL]


def test_a_refused_call_is_not_written_down(seacloud_env: Emulator, journal: TaskJournal) -> None:
    assert "not approved" in call(durable(journal, approve=lambda *_: False), "sync").text
    assert states(journal) == []
    assert not seacloud_env.requests


@BOTH
def test_submitting_is_durable_too(seacloud_env: Emulator, journal: TaskJournal, flavour: str) -> None:
    kit = SeaCloudToolkit(models=[MODEL], journal=journal, waiting=False)
    first, again = (call(kit.get_tools()[0], flavour, name="submit_to_nano_banana_2") for _ in range(2))
    assert first.artifact == again.artifact == {"model": MODEL, "request_id": seacloud_env.tasks[0].request_id}
    assert posts(seacloud_env) == 1


@BOTH
def test_a_journal_that_cannot_be_written(seacloud_env: Emulator, journal: TaskJournal, flavour: str) -> None:
    tool = durable(journal)
    journal.path.unlink()
    journal.path.mkdir()
    with pytest.raises(ConfigurationError, match="journal"):
        call(tool, flavour)
    assert posts(seacloud_env) == 0


@BOTH
@pytest.mark.parametrize("fails", [True, False])
def test_a_handle_that_cannot_be_written_down_is_not_lost(
    seacloud_env: Emulator, journal: TaskJournal, flavour: str, fails: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def posted(*_: Any, **__: Any) -> bool:
        if fails:
            raise ConfigurationError("The disk is full.")
        return False

    monkeypatch.setattr(TaskJournal, "posted", posted)
    with pytest.raises(SubmitOutcomeUnknown, match="could not be written down") as raised:
        call(durable(journal), flavour)
    assert raised.value.task_id == seacloud_env.tasks[0].request_id


def test_an_end_that_cannot_be_written_down_is_still_told(
    seacloud_env: Emulator, journal: TaskJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> bool:
        raise ConfigurationError("The disk is full.")

    monkeypatch.setattr(TaskJournal, "done", full)
    assert call(durable(journal), "sync").status == "success"
    assert states(journal) == ["posted"]


@BOTH
def test_a_limit_for_each_thread_is_the_tools_own(seacloud_env: Emulator, journal: TaskJournal, flavour: str) -> None:
    """Not another model's, whose tool has a limit of its own, though the journal has both; a shared one is for both."""
    one, other = (
        SeaCloudGenerationTool(model=model, journal=journal, max_calls_per_thread=1) for model in (MODEL, "flux_2_pro")
    )
    again = pickle.loads(pickle.dumps(one))  # noqa: S301  # it is our own
    calls = ((one, "a"), (other, "b"), (one, "c"), (other, "d"), (again, "e"))
    statuses = [call(tool, flavour, id=name, name=tool.name).status for tool, name in calls]
    assert statuses == ["success", "success", "error", "error", "error"]
    shared = SeaCloudToolkit(models=[MODEL, "flux_2_pro"], journal=journal, max_calls_per_thread=3, split=False)
    statuses = [
        call(tool, flavour, id=f"{tool.name} {number}", name=tool.name).status
        for number in range(2)
        for tool in shared.get_tools()
    ]
    assert statuses == ["success", "error", "error", "error"]
    assert posts(seacloud_env) == 3


@pytest.mark.parametrize("round_", range(3))
def test_a_limit_for_each_thread_holds_in_several_processes(
    seacloud_env: Emulator, tmp_path: Path, round_: int
) -> None:
    """Each with a tool and a journal of its own, on the same file, as processes have it."""
    start = threading.Barrier(2, timeout=20)

    def work(name: str) -> str:
        tool = durable(TaskJournal(tmp_path / "journal.sqlite"), max_calls_per_thread=1)
        start.wait()
        return call(tool, "sync", id=name).status

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(work, "ab")) == ["error", "success"]
    assert posts(seacloud_env) == 1


def test_a_pickled_tool_has_its_journal(seacloud_env: Emulator, journal: TaskJournal) -> None:
    copied = pickle.loads(pickle.dumps(durable(journal)))  # noqa: S301  # it is our own
    assert call(copied, "sync").status == "success"
    assert states(journal) == ["done"]


async def test_the_event_loop_is_not_blocked(
    seacloud_env: Emulator, journal: TaskJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = journal_threads(monkeypatch)
    assert (await durable(journal).ainvoke(CALL, CONFIG)).status == "success"
    assert threads
    assert threading.get_ident() not in threads
