"""What an agent may spend: limits, before anything is posted."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.tools import FunctionTool
from llama_index.core.workflow import (
    Context,
    StartEvent,
    StopEvent,
    Workflow,
    step,
)
from llamaindex_seacloud import SeaCloudToolSpec
from llamaindex_seacloud.spending import STATE_KEY, CallRefused, SpendingGuard
from llamaindex_tools import BOTH, MODEL, PROMPT, call, tool_of
from pydantic import BaseModel
from seacloud_client.errors import ConfigurationError, SubmitOutcomeUnknown
from seacloud_client.media_tools.steps import aplay
from seacloud_emulator import Emulator, Fault
from tasks_seen import posts

if TYPE_CHECKING:
    pass

# llama_index.core's agents look at all attributes of their classes, the deprecated ones of pydantic too.
pytestmark = pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")

FILM = "pixverse_v6_t2v"


@pytest.fixture(autouse=True)
def _at_once(seacloud_env: Emulator) -> None:
    seacloud_env.configure(queue_seconds=0.0, run_seconds=0.0)


class Batch(Workflow):
    """Calls a tool several times at once, as an agent does with the calls of one answer."""

    def __init__(self, tool: FunctionTool, times: int) -> None:
        super().__init__(timeout=30)
        self.tool, self.times = tool, times

    @step
    async def call(self, ctx: Context, ev: StartEvent) -> StopEvent:
        arguments = {**PROMPT, str(self.tool.ctx_param_name): ctx}
        answers = await asyncio.gather(
            *(self.tool.acall(**arguments) for _ in range(self.times)), return_exceptions=True
        )
        return StopEvent(result=sorted(type(answer).__name__ for answer in answers))


@BOTH
def test_a_limit_for_all_tools_of_a_spec(seacloud_env: Emulator, flavour: str) -> None:
    tools = SeaCloudToolSpec([MODEL, "flux_2_pro"], split=True, max_calls=3).to_tool_list()
    outputs = [call(tool, flavour) for tool in (*tools[:3], tools[0], tools[3])]
    assert [output.is_error for output in outputs] == [False, False, False, True, True]
    assert isinstance(outputs[3].exception, CallRefused)
    assert "3 task(s) may be created ever" in outputs[3].content
    assert "Nothing was sent or charged" in outputs[3].content
    assert posts(seacloud_env) == 3
    assert not call(tool_of(max_calls=3), flavour).is_error, "another spec counts for itself"


@BOTH
def test_what_was_certainly_not_created_does_not_count(seacloud_env: Emulator, flavour: str) -> None:
    tool = tool_of(max_calls=1)
    seacloud_env.faults.add(Fault(match="/queue/", status=429, retry_after=0))
    assert "HTTP 429" in call(tool, flavour).content
    assert call(tool, flavour, {"prompt": ""}).is_error
    assert not call(tool, flavour).is_error
    assert "may be created" in call(tool, flavour).content


@BOTH
def test_what_may_have_been_created_counts(seacloud_env: Emulator, flavour: str) -> None:
    tool = tool_of(max_calls=1)
    seacloud_env.faults.add(Fault(match={"method": "POST", "path": "/queue/"}, disconnect_after=0, times=5))
    output = call(tool, flavour)
    assert isinstance(output.exception, SubmitOutcomeUnknown)
    assert "Do not call this again by yourself" in output.content
    assert isinstance(call(tool, flavour).exception, CallRefused)
    assert posts(seacloud_env) == 1


def test_a_task_that_failed_counts(seacloud_env: Emulator) -> None:
    tool = tool_of(max_calls=1)
    assert call(tool, "sync", {"prompt": "[blocked] a cat"}).is_error
    assert isinstance(call(tool, "sync").exception, CallRefused)


def test_many_threads_at_once_keep_the_limit(seacloud_env: Emulator) -> None:
    tool = tool_of(max_calls=3)
    start = threading.Barrier(8, timeout=20)

    def one(_: int) -> bool:
        start.wait()
        return call(tool, "sync").is_error

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(8))) == 5
    assert posts(seacloud_env) == 3


@pytest.mark.parametrize("limit", [-1, True, 1.5, "3"])
@pytest.mark.parametrize("name", ["max_calls", "max_calls_per_context"])
def test_limits_are_numbers(name: str, limit: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"{name} must be 0 or more"):
        SeaCloudToolSpec(MODEL, **{name: limit})


@pytest.mark.parametrize("stream_progress", [False, True])
async def test_a_limit_for_each_context(seacloud_env: Emulator, *, stream_progress: bool) -> None:
    """The calls of one answer run at the same time."""
    (tool,) = SeaCloudToolSpec(MODEL, max_calls_per_context=2).to_tool_list(stream_progress=stream_progress)
    batch = Batch(tool, 3)
    context: Context[Any] = Context(batch)
    two_of_three = ["CallRefused", "ToolOutput", "ToolOutput"]
    assert await batch.run(ctx=context) == two_of_three
    assert await batch.run(ctx=context) == ["CallRefused"] * 3, "the same conversation, another run"
    assert await batch.run() == two_of_three
    restored: Context[Any] = Context.from_dict(batch, json.loads(json.dumps(context.to_dict())))
    assert await batch.run(ctx=restored) == ["CallRefused"] * 3
    assert posts(seacloud_env) == 4


async def test_a_context_counts_what_was_created_alone(seacloud_env: Emulator) -> None:
    batch = Batch(tool_of(max_calls_per_context=1, max_calls=1), 1)
    context: Context[Any] = Context(batch)
    seacloud_env.faults.add(Fault(match="/queue/", status=429, retry_after=0))
    assert await batch.run(ctx=context) == ["RateLimitError"]
    assert await context.store.get(STATE_KEY) == {MODEL: 0}
    assert await batch.run(ctx=context) == ["ToolOutput"]
    assert await batch.run(ctx=context) == ["CallRefused"]
    assert await context.store.get(STATE_KEY) == {MODEL: 1}


async def test_a_limit_for_each_context_in_several_event_loops(seacloud_env: Emulator) -> None:
    batch = Batch(tool_of(max_calls_per_context=1), 3)

    def one(_: int) -> list[str]:
        async def run() -> Any:
            return await batch.run()

        return list(asyncio.run(run()))

    with ThreadPoolExecutor(3) as pool:
        answers = await asyncio.gather(*(asyncio.wrap_future(pool.submit(one, number)) for number in range(3)))
    assert answers == [["CallRefused", "CallRefused", "ToolOutput"]] * 3
    assert posts(seacloud_env) == 3


class SlowStore:
    """A workflow's state that is kept far away: others come in between reading and writing."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}

    async def get(self, name: str, default: Any) -> Any:
        value = self.kept.get(name, default)
        await asyncio.sleep(0.001)
        return value

    async def set(self, name: str, value: Any) -> None:
        await asyncio.sleep(0.001)
        self.kept[name] = value


async def test_a_limit_for_each_context_with_a_slow_state() -> None:
    context: Any = SimpleNamespace(store=SlowStore())
    guards = [SpendingGuard([MODEL, FILM], max_calls_per_context=4), SpendingGuard([FILM], max_calls_per_context=4)]

    async def one(number: int) -> bool:
        model = MODEL if number % 4 == 0 else FILM
        try:
            await aplay(guards[0 if model == MODEL else number % 2].allow(model, {}, context))
        except CallRefused:
            return False
        return True

    assert sum(await asyncio.gather(*map(one, range(16)))) == sum(context.store.kept[STATE_KEY].values())
    assert context.store.kept[STATE_KEY][FILM] <= 4


async def test_a_call_that_is_cancelled_while_somebody_is_asked_is_not_counted(seacloud_env: Emulator) -> None:
    context: Any = SimpleNamespace(store=SlowStore())
    asked = asyncio.Event()

    async def approve(model: str, parameters: Mapping[str, Any]) -> bool:
        asked.set()
        await asyncio.sleep(30)
        return True

    guard = SpendingGuard([MODEL], max_calls=1, max_calls_per_context=1, approve=approve)

    async def ask_first() -> None:
        await aplay(guard.allow(MODEL, PROMPT, context))
        pytest.fail("nobody approved")

    asking = asyncio.create_task(ask_first())
    await asked.wait()
    assert context.store.kept == {STATE_KEY: {MODEL: 1}}, "meanwhile it is taken"
    with pytest.raises(CallRefused):
        await ask_first()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert context.store.kept == {STATE_KEY: {MODEL: 0}}


def test_a_limit_for_each_context_needs_one(seacloud_env: Emulator) -> None:
    tool = tool_of(max_calls_per_context=1)
    assert tool.requires_context
    assert "Context is required" in call(tool, "sync").content
    assert "Context is required" in call(tool, "async").content
    assert seacloud_env.requests == []


class Narrow(BaseModel):
    """A state of the user's, with no place for anything of ours."""

    topic: str = ""


class Wide(Narrow):
    """The same, with one."""

    seacloud_calls: dict[str, int] = {}


class Typed(Batch):
    """A workflow with a state of the user's."""

    @step
    async def call(self, ctx: Context[Narrow], ev: StartEvent) -> StopEvent:
        return await super().call(ctx, ev)


class TypedWide(Batch):
    """The same, whose state has a place for the count."""

    @step
    async def call(self, ctx: Context[Wide], ev: StartEvent) -> StopEvent:
        return await super().call(ctx, ev)


async def test_a_state_of_the_users(seacloud_env: Emulator) -> None:
    tool = tool_of(max_calls_per_context=1)
    assert await Typed(tool, 1).run() == ["ConfigurationError"]
    assert seacloud_env.requests == []
    assert await TypedWide(tool, 2).run() == ["CallRefused", "ToolOutput"]
