"""What an agent may spend: limits and approval, before anything is posted."""

from __future__ import annotations

import asyncio
import gc
import json
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage, TextBlock, ToolCallBlock
from llama_index.core.llms.mock import MockFunctionCallingLLM
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.tools import FunctionTool, ToolOutput
from llama_index.core.tools.calling import acall_tool, call_tool
from llama_index.core.workflow import (
    Context,
    HumanResponseEvent,
    InputRequiredEvent,
    StartEvent,
    StopEvent,
    Workflow,
    step,
)
from llamaindex_seacloud import SeaCloud, SeaCloudToolSpec
from llamaindex_seacloud.spending import STATE_KEY, CallRefused, SpendingGuard
from pydantic import BaseModel
from seacloud_client.errors import ConfigurationError, InvalidInputError, SubmitOutcomeUnknown
from seacloud_client.media_tools.steps import aplay
from seacloud_emulator import Emulator, Fault
from tasks_seen import posts
from workflows.errors import WorkflowCancelledByUser

if TYPE_CHECKING:
    import llama_index.core.workflow as types_only
    from llama_index.core.workflow import Context as Renamed

# llama_index.core's agents look at all attributes of their classes, the deprecated ones of pydantic too.
pytestmark = pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")

MODEL = "nano_banana_2"
FILM = "pixverse_v6_t2v"
PROMPT = {"prompt": "a cat astronaut"}
BOTH = pytest.mark.parametrize("flavour", ["sync", "async"])
NO_MEMORY = pytest.mark.filterwarnings("ignore:Skipping serialization of known unserializable key")
"""LlamaIndex says so whenever a context with an agent's memory is saved."""


@pytest.fixture(autouse=True)
def _at_once(seacloud_env: Emulator) -> None:
    seacloud_env.configure(queue_seconds=0.0, run_seconds=0.0)


def call(tool: FunctionTool, flavour: str, arguments: Mapping[str, Any] = PROMPT) -> ToolOutput:
    return call_tool(tool, dict(arguments)) if flavour == "sync" else asyncio.run(acall_tool(tool, dict(arguments)))


def tool_of(**options: Any) -> FunctionTool:
    return SeaCloudToolSpec(MODEL, **options).to_tool_list()[0]


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


# Limits


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


# Approval


@BOTH
@pytest.mark.parametrize("name", ["generate", "submit"])
def test_approval_is_asked_with_what_would_be_sent(seacloud_env: Emulator, flavour: str, name: str) -> None:
    asked: list[Any] = []

    def approve(model: str, parameters: dict[str, Any]) -> bool:
        asked.append((model, dict(parameters), len(seacloud_env.requests)))
        parameters["prompt"] = "something else"  # it is a copy
        return True

    tools = SeaCloudToolSpec(MODEL, split=True, parameters={"num_images": 1}, approve=approve).to_tool_list()
    assert not call(tools[0 if name == "generate" else 1], flavour).is_error
    assert asked == [(MODEL, {**PROMPT, "num_images": 1}, 0)]
    assert seacloud_env.requests[0].json == {**PROMPT, "num_images": 1}


@BOTH
@pytest.mark.parametrize("answer", [False, None, "yes", 1])
def test_only_true_approves(seacloud_env: Emulator, flavour: str, answer: Any) -> None:
    tool = tool_of(approve=lambda _model, _parameters: answer, max_calls=1)
    for _ in range(2):  # what was refused is not counted
        output = call(tool, flavour)
        assert isinstance(output.exception, CallRefused)
        assert f"The call of {MODEL} was not approved" in output.content
    assert seacloud_env.requests == []


@pytest.mark.parametrize("answer", [True, False])
async def test_async_approval(seacloud_env: Emulator, *, answer: bool) -> None:
    async def approve(model: str, parameters: Mapping[str, Any]) -> bool:
        await asyncio.sleep(0)
        return answer

    assert (await acall_tool(tool_of(approve=approve), PROMPT)).is_error is not answer
    assert posts(seacloud_env) == answer


def test_async_approval_needs_async_calls(seacloud_env: Emulator) -> None:
    async def approve(model: str, parameters: Mapping[str, Any]) -> bool:
        return True

    tool = tool_of(approve=approve, max_calls=1)
    for _ in range(2):
        assert "approve is async" in call(tool, "sync").content
    gc.collect()  # a coroutine that nobody awaited would be told of here
    assert seacloud_env.requests == []


@BOTH
def test_an_error_in_the_callback_posts_nothing(seacloud_env: Emulator, flavour: str) -> None:
    def approve(model: str, parameters: Mapping[str, Any]) -> bool:
        raise LookupError("nobody is here")

    tool = tool_of(approve=approve, max_calls=1)
    for _ in range(2):
        assert isinstance(call(tool, flavour).exception, LookupError)
    assert seacloud_env.requests == []


@BOTH
def test_wrong_arguments_are_nobodys_question(seacloud_env: Emulator, flavour: str) -> None:
    asked: list[Any] = []
    output = call(tool_of(approve=lambda *given: bool(asked.append(given))), flavour, {"prompt": ""})
    assert isinstance(output.exception, InvalidInputError)
    assert asked == []


async def test_nothing_else_waits_while_a_person_is_asked(seacloud_env: Emulator) -> None:
    asked, answered = threading.Event(), threading.Event()

    def approve(model: str, parameters: Mapping[str, Any]) -> bool:
        if parameters == PROMPT:
            return True
        asked.set()
        return answered.wait(10)

    tool = tool_of(approve=approve)
    dog = asyncio.create_task(acall_tool(tool, {"prompt": "a dog"}))
    assert await asyncio.to_thread(asked.wait, 10)
    cat = await asyncio.wait_for(acall_tool(tool, PROMPT), 10)
    answered.set()
    assert [cat.is_error, (await dog).is_error] == [False, False]


@BOTH
def test_outside_of_agents_a_call_has_no_id(seacloud_env: Emulator, flavour: str) -> None:
    asked: list[Any] = []
    tool = tool_of(approve=lambda _model, _parameters, call_id: asked.append(call_id))
    assert isinstance(call(tool, flavour).exception, CallRefused)
    assert asked == [None]


# A person


async def ask_by_call(model: str, parameters: Mapping[str, Any], call_id: str, ctx: Context) -> bool:
    answer = await ctx.wait_for_event(
        HumanResponseEvent,
        waiter_id=call_id,
        waiter_event=InputRequiredEvent(prefix=parameters["prompt"], call_id=call_id),
        requirements={"call_id": call_id},
    )
    return bool(answer.response == "yes")


@pytest.mark.parametrize("prompts", [("a cat", "a cat"), ("a cat", "a dog")], ids=["same", "two"])
async def test_each_call_of_a_reply_is_a_question_of_its_own(seacloud_env: Emulator, prompts: tuple[str, str]) -> None:
    (tool,) = SeaCloudToolSpec(MODEL, approve=ask_by_call).to_tool_list()
    calls = [
        ToolCallBlock(tool_call_id=f"call-{number}", tool_name=str(tool.metadata.name), tool_kwargs={"prompt": prompt})
        for number, prompt in enumerate(prompts)
    ]
    replies = iter([calls, [TextBlock(text="Done.")]])
    llm = MockFunctionCallingLLM(
        response_generator=lambda *_, **__: ChatMessage(role="assistant", blocks=next(replies))
    )
    handler = FunctionAgent(llm=llm, tools=[tool], streaming=False, timeout=20).run("Please draw.")
    asked: dict[str, str] = {}
    async for event in handler.stream_events():
        if isinstance(event, InputRequiredEvent):
            asked[event.call_id] = event.prefix
            answer = "yes" if event.call_id == "call-1" else "no"
            handler.ctx.send_event(HumanResponseEvent(response=answer, call_id=event.call_id))
    output = await handler
    assert asked == {"call-0": prompts[0], "call-1": prompts[1]}
    refused = {each.tool_id: each.tool_output.is_error for each in output.tool_calls}
    assert refused == {"call-0": True, "call-1": False}
    assert [task.parameters for task in seacloud_env.tasks] == [{"prompt": prompts[1]}]


async def ask(model: str, parameters: Mapping[str, Any], ctx: Context) -> bool:
    question = f"{model} {parameters['prompt']}"
    answer = await ctx.wait_for_event(
        HumanResponseEvent,
        waiter_id=question,
        waiter_event=InputRequiredEvent(prefix=question),
        requirements={"question": question},
    )
    return bool(answer.response == "yes")


@pytest.mark.parametrize("stream_progress", [False, True])
@pytest.mark.parametrize("answer", ["yes", "no"])
async def test_a_person_is_asked(
    make_llm: Callable[..., SeaCloud], seacloud_env: Emulator, answer: str, *, stream_progress: bool
) -> None:
    """The step is run again when the answer comes, and yet it is one task, and one that counts."""
    spec = SeaCloudToolSpec(MODEL, approve=ask, max_calls=1, max_calls_per_context=1)
    agent = FunctionAgent(tools=spec.to_tool_list(stream_progress=stream_progress), llm=make_llm(), timeout=30)
    handler = agent.run("Please draw a cat astronaut")
    questions = []
    async for event in handler.stream_events():
        if isinstance(event, InputRequiredEvent):
            questions.append(event.prefix)
            assert posts(seacloud_env) == 0
            handler.ctx.send_event(HumanResponseEvent(response=answer, question=event.prefix))
    output = await handler
    assert len(questions) == 1
    assert posts(seacloud_env) == (answer == "yes")
    told = output.tool_calls[-1].tool_output
    assert told.is_error is (answer == "no")
    assert ("was not approved" in told.content) is (answer == "no")
    assert await handler.ctx.store.get(STATE_KEY) == {MODEL: int(answer == "yes")}


@NO_MEMORY
async def test_an_answer_may_come_to_another_process(make_llm: Callable[..., SeaCloud], seacloud_env: Emulator) -> None:
    def agent() -> FunctionAgent:
        spec = SeaCloudToolSpec(MODEL, approve=ask, max_calls_per_context=1)
        return FunctionAgent(tools=spec.to_tool_list(), llm=make_llm(), timeout=30)

    handler = agent().run("Please draw a cat astronaut")
    question = ""
    async for event in handler.stream_events():
        if isinstance(event, InputRequiredEvent):
            question = event.prefix
            break
    saved = json.dumps(handler.ctx.to_dict())
    await handler.cancel_run()
    with pytest.raises((WorkflowCancelledByUser, asyncio.CancelledError)):
        await handler
    assert posts(seacloud_env) == 0

    resumed = agent()
    context: Context[Any] = Context.from_dict(resumed, json.loads(saved))
    await context.store.set("memory", ChatMemoryBuffer.from_defaults(llm=resumed.llm))  # LlamaIndex saves none
    handler = resumed.run(ctx=context)
    handler.ctx.send_event(HumanResponseEvent(response="yes", question=question))
    assert not (await handler).tool_calls[-1].tool_output.is_error
    assert posts(seacloud_env) == 1


@NO_MEMORY
async def test_a_run_that_is_restored_while_its_task_runs_does_not_pay_twice(
    make_llm: Callable[..., SeaCloud], seacloud_env: Emulator
) -> None:
    """There is no journal: the call is made anew. But what was paid for is counted in the state that was saved."""
    seacloud_env.configure(run_seconds=60.0)

    def agent() -> FunctionAgent:
        spec = SeaCloudToolSpec(MODEL, max_calls_per_context=1)
        return FunctionAgent(tools=spec.to_tool_list(), llm=make_llm(), timeout=30)

    handler = agent().run("Please draw a cat astronaut")
    for _ in range(1000):
        if seacloud_env.tasks:
            break
        await asyncio.sleep(0.01)
    saved = json.dumps(handler.ctx.to_dict())
    await handler.cancel_run()
    with pytest.raises((WorkflowCancelledByUser, asyncio.CancelledError)):
        await handler

    resumed = agent()
    context: Context[Any] = Context.from_dict(resumed, json.loads(saved))
    await context.store.set("memory", ChatMemoryBuffer.from_defaults(llm=resumed.llm))  # LlamaIndex saves none
    output = await resumed.run(ctx=context)
    assert "1 task(s) may be created in this conversation" in output.tool_calls[-1].tool_output.content
    assert posts(seacloud_env) == 1


Alias = Context


async def by_another_name(model: str, parameters: Mapping[str, Any], workflow: Alias[Any]) -> bool:
    return True


async def by_its_text(model: str, parameters: Mapping[str, Any], workflow: types_only.Context[Any]) -> bool:
    return True


async def not_to_be_known(model: str, parameters: Mapping[str, Any], workflow: Renamed) -> bool:
    return True


@pytest.mark.parametrize(
    ("approve", "expected"),
    [
        (ask, True),
        (by_another_name, True),
        (by_its_text, True),
        (print, False),
        (type, False),
        (lambda *_: True, False),
    ],
)
def test_a_context_is_found_by_its_annotation(approve: Any, *, expected: bool) -> None:
    assert SpendingGuard([MODEL], approve=approve).needs_context is expected


@pytest.mark.parametrize("approve", [not_to_be_known, lambda _model: True], ids=["context", "one"])
def test_what_cannot_be_asked_is_told_when_the_tools_are_made(approve: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"^approve is called as approve\(model, parameters\)"):
        tool_of(approve=approve)
