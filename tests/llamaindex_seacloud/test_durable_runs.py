"""By what a durable tool's call is known again, what is saved when, and what it may spend."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from durable_workflows import MODEL, POST, PROMPT, Call, OneCall, call, context_of, durable, save_nothing
from llama_index.core.agent.workflow import AgentWorkflow, FunctionAgent, ReActAgent
from llama_index.core.base.llms.types import ChatMessage, ChatResponse
from llama_index.core.tools import ToolOutput
from llama_index.core.tools.calling import call_tool
from llama_index.core.workflow import (
    Context,
    HumanResponseEvent,
    InputRequiredEvent,
    StartEvent,
    StopEvent,
    step,
)
from llamaindex_seacloud import SeaCloud, SeaCloudToolSpec, TaskJournal
from llamaindex_seacloud.durable import THREAD_KEY
from llamaindex_seacloud.spending import STATE_KEY, CallRefused
from pydantic import BaseModel
from seacloud_client.errors import ConfigurationError, SubmitOutcomeUnknown
from seacloud_emulator import Emulator, Fault
from tasks_seen import posts, states

# llama_index.core's agents look at all attributes of their classes, the deprecated ones of pydantic too.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning"),
    pytest.mark.usefixtures("quick_tasks"),
]


# By what it is known


def test_outside_of_workflows_nothing_is_sent(seacloud_env: Emulator, journal: TaskJournal) -> None:
    tool = durable(journal)
    assert tool.requires_context
    assert "Context is required" in call_tool(tool, PROMPT).content
    assert seacloud_env.requests == []


class Plain(OneCall):
    """A workflow whose events have no id of a call."""

    @step
    async def call(self, ctx: Context, ev: StartEvent) -> StopEvent:
        return await super().call(ctx, Call())


async def test_a_call_that_could_not_be_known_again(seacloud_env: Emulator, journal: TaskJournal) -> None:
    error = await Plain(durable(journal)).run()
    assert isinstance(error, ConfigurationError)
    assert "FunctionAgent" in error.message
    assert "tool_id" in error.message
    assert seacloud_env.requests == []
    assert journal.entries() == []


@pytest.mark.parametrize("given", ["journal", "save_run"])
def test_a_journal_and_who_saves_go_together(journal: TaskJournal, given: str) -> None:
    option = {"journal": journal, "save_run": save_nothing}[given]
    with pytest.raises(ConfigurationError, match="journal and save_run go together"):
        SeaCloudToolSpec(MODEL, **{given: option})  # type: ignore[arg-type]


class Narrow(BaseModel):
    """A state of the user's, with no place for anything of ours."""

    topic: str = ""


class Wide(Narrow):
    """The same, with one."""

    seacloud_thread: str = ""


class Typed(OneCall):
    @step
    async def call(self, ctx: Context[Narrow], ev: Call) -> StopEvent:
        return await super().call(ctx, ev)


class TypedWide(OneCall):
    @step
    async def call(self, ctx: Context[Wide], ev: Call) -> StopEvent:
        return await super().call(ctx, ev)


async def test_a_state_of_the_users(seacloud_env: Emulator, journal: TaskJournal) -> None:
    error = await Typed(durable(journal)).run(start_event=Call())
    assert isinstance(error, ConfigurationError)
    assert f"`{THREAD_KEY}: str`" in error.message
    assert seacloud_env.requests == []
    assert isinstance(await TypedWide(durable(journal)).run(start_event=Call()), ToolOutput)
    assert len(journal.entries()[0].thread_id) == 32, "a name of its own"


@pytest.mark.parametrize("kind", ["FunctionAgent", "AgentWorkflow"])
async def test_in_agents(make_llm: Callable[..., SeaCloud], seacloud_env: Emulator, tmp_path: Path, kind: str) -> None:
    journal = TaskJournal(tmp_path / "journal.sqlite")
    agent: Any = FunctionAgent(name="Painter", description="Paints.", tools=[durable(journal)], llm=make_llm())
    runs = agent if kind == "FunctionAgent" else AgentWorkflow(agents=[agent], timeout=30)
    output = await runs.run("Please draw a cat astronaut")
    (made,) = output.tool_calls
    assert not made.tool_output.is_error, made.tool_output.content
    (entry,) = journal.entries()
    assert (entry.call_id, entry.state) == (made.tool_id, "done")


# The agent asks its own workflow whether it runs.
@pytest.mark.filterwarnings("ignore:is_running called from within a step:DeprecationWarning")
async def test_an_agent_that_writes_its_calls_as_text(journal: TaskJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its calls get ids from LlamaIndex."""
    text = 'Thought: I draw.\nAction: generate_with_nano_banana_2\nAction Input: {"prompt": "a cat"}'
    answers = iter([text, "Thought: I can answer.\nAnswer: Here it is."])

    async def answer(*_: Any) -> ChatResponse:
        return ChatResponse(message=ChatMessage(role="assistant", content=next(answers)))

    monkeypatch.setattr(ReActAgent, "_get_response", answer)
    agent = ReActAgent(tools=[durable(journal)], llm=SeaCloud(model="gpt-4.1"), streaming=False, timeout=20)
    output = await agent.run("Draw a cat.")
    (made,) = output.tool_calls
    assert not made.tool_output.is_error, made.tool_output.content
    (entry,) = journal.entries()
    assert entry.call_id == made.tool_id


# What is saved, and when


@pytest.mark.filterwarnings("ignore:Skipping serialization of known unserializable key")
@pytest.mark.parametrize("flavour", ["sync", "async"])
async def test_the_run_is_saved_with_its_call_before_it_is_posted(
    seacloud_env: Emulator, journal: TaskJournal, flavour: str
) -> None:
    saved: list[dict[str, Any]] = []

    def save(workflow_context: Context) -> None:
        assert posts(seacloud_env) == len(journal.entries()) == 0
        saved.append(json.loads(json.dumps(handler.ctx.to_dict())))

    async def asave(workflow_context: Context) -> None:
        await asyncio.sleep(0)
        save(workflow_context)

    workflow = OneCall(durable(journal, save_run=save if flavour == "sync" else asave))
    handler = workflow.run(start_event=Call())
    output = await handler
    (kept,) = saved
    restored = OneCall(durable(journal, save_run=lambda _: pytest.fail("nothing is posted")))
    context: Context[Any] = Context.from_dict(restored, kept)
    assert await context.store.get(THREAD_KEY) == journal.entries()[0].thread_id
    assert (await restored.run(ctx=context)).content == output.content
    assert posts(seacloud_env) == 1


@pytest.mark.parametrize("error", [OSError("The disk is full."), ConfigurationError("There is no disk.")], ids=repr)
async def test_what_cannot_be_saved_is_not_posted(
    seacloud_env: Emulator, journal: TaskJournal, error: Exception
) -> None:
    def save(_: Context) -> None:
        raise error

    spec = SeaCloudToolSpec(MODEL, journal=journal, save_run=save, max_calls=1)
    workflow = OneCall(spec.to_tool_list()[0])
    if isinstance(error, OSError):
        with pytest.raises(OSError, match="The disk is full"):
            await workflow.run(start_event=Call())
    else:
        assert "There is no disk" in (await workflow.run(start_event=Call())).message
    assert seacloud_env.requests == []
    assert journal.entries() == []


# Spending


async def test_limits_count_what_the_journal_holds(seacloud_env: Emulator, journal: TaskJournal) -> None:
    await call(durable(journal, max_calls_per_context=1))
    fresh = durable(journal, max_calls_per_context=1)  # as after a restart
    assert isinstance(await call(fresh), ToolOutput), "the same call: it is paid for"
    assert "may be created in this conversation" in (await call(fresh, "d")).message
    assert isinstance(await call(fresh, "d", "u"), ToolOutput), "another conversation"
    assert posts(seacloud_env) == 2


async def test_what_the_journal_forgets_is_given_back(seacloud_env: Emulator, journal: TaskJournal) -> None:
    tool = durable(journal, max_calls_per_context=1)
    seacloud_env.faults.add(Fault(match=POST, disconnect_after=0))
    assert isinstance(await call(tool), SubmitOutcomeUnknown)
    assert journal.forget("t", "c")
    assert isinstance(await call(tool), ToolOutput)
    journal.delete_thread("t")
    assert isinstance(await call(tool, "d"), ToolOutput)
    assert posts(seacloud_env) == 3


async def test_a_limit_is_for_the_models_of_its_tools(seacloud_env: Emulator, journal: TaskJournal) -> None:
    """The journal has another spec's tasks as well, whose limit is its own."""
    one, other = (
        SeaCloudToolSpec(model, journal=journal, save_run=save_nothing, max_calls_per_context=1).to_tool_list()[0]
        for model in (MODEL, "flux_2_pro")
    )
    assert isinstance(await call(one, "c"), ToolOutput)
    assert isinstance(await call(other, "d"), ToolOutput)
    assert "may be created in this conversation" in (await call(other, "e")).message
    assert posts(seacloud_env) == 2


async def test_a_limit_holds_in_several_processes(seacloud_env: Emulator, journal: TaskJournal) -> None:
    """Another process posts between the count and the claim."""
    first = durable(journal, max_calls_per_context=1)

    async def save(_: Any) -> None:
        await call(first, "d")

    second = durable(journal, max_calls_per_context=1, save_run=save)
    assert "may be created in this conversation" in (await call(second)).message
    assert posts(seacloud_env) == journal.count("t") == 1


class Batch(OneCall):
    """Does several calls at the same time, as an agent does with those of one answer."""

    @step(num_workers=4)
    async def call(self, ctx: Context, ev: Call) -> StopEvent | Call | None:
        if ev.tool_id == "all":
            for number in range(3):
                ctx.send_event(Call(tool_id=f"c{number}"))
            return None
        output = (await super().call(ctx, ev)).result
        done = await ctx.store.get("done", default=[])
        await ctx.store.set("done", [*done, type(output).__name__])
        return StopEvent(result=sorted([*done, type(output).__name__])) if len(done) == 2 else None


async def test_the_calls_of_one_answer_keep_the_limit(seacloud_env: Emulator, journal: TaskJournal) -> None:
    seacloud_env.faults.add(Fault(match=POST, delay=0.2, times=3))
    workflow = Batch(durable(journal, max_calls_per_context=2))
    context = await context_of(workflow)
    assert await workflow.run(ctx=context, start_event=Call(tool_id="all")) == [
        "CallRefused",
        "ToolOutput",
        "ToolOutput",
    ]
    assert posts(seacloud_env) == journal.count("t") == 2
    assert await context.store.get(STATE_KEY, default=None) is None, "it is the journal that counts"


async def test_a_known_call_is_not_asked_about_again(seacloud_env: Emulator, journal: TaskJournal) -> None:
    asked: list[str] = []

    def approve(model: str, _: Any) -> bool:
        asked.append(model)
        return True

    for _ in range(2):
        await call(durable(journal, approve=approve))
    assert asked == [MODEL]


async def test_a_refused_call_is_neither_saved_nor_written_down(seacloud_env: Emulator, journal: TaskJournal) -> None:
    tool = durable(journal, approve=lambda *_: False, save_run=lambda _: pytest.fail("nothing is posted"))
    assert isinstance(await call(tool), CallRefused)
    assert states(journal) == []
    assert not seacloud_env.requests


async def test_a_person_is_asked_once(seacloud_env: Emulator, journal: TaskJournal) -> None:
    """The step is run again from its start when the answer comes, and once more when the run is restored."""
    saved: list[Any] = []

    async def ask(model: str, parameters: Mapping[str, Any], ctx: Context) -> bool:
        answer = await ctx.wait_for_event(HumanResponseEvent, waiter_event=InputRequiredEvent(prefix=model))
        return bool(answer.response == "yes")

    tool = durable(journal, approve=ask, save_run=lambda _: saved.append(handler.ctx.to_dict()))
    workflow = Asking(tool)
    handler = workflow.run(start_event=Call())
    async for event in handler.stream_events():
        if isinstance(event, InputRequiredEvent):
            assert saved == []
            handler.ctx.send_event(HumanResponseEvent(response="yes"))
    output = await handler
    (kept,) = saved
    restored = Asking(durable(journal, approve=lambda *_: pytest.fail("it was asked before")))
    assert (await restored.run(ctx=Context.from_dict(restored, json.loads(json.dumps(kept))))).content == output.content
    assert posts(seacloud_env) == 1


class Asking(OneCall):
    """A workflow whose tool may wait for a person."""

    @step
    async def call(self, ctx: Context, ev: Call) -> StopEvent | InputRequiredEvent:
        return await super().call(ctx, ev)

    @step
    async def answered(self, ev: HumanResponseEvent) -> None:
        """The tool waits for it; a workflow must have a step that takes it."""
