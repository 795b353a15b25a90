"""A workflow that does one tool call, as an agent's step does, with a durable tool."""

from __future__ import annotations

from typing import Any

from llama_index.core.tools import FunctionTool
from llama_index.core.workflow import Context, StartEvent, StopEvent, Workflow, step
from llamaindex_seacloud import SeaCloudToolSpec, TaskJournal
from llamaindex_seacloud.durable import THREAD_KEY
from seacloud_client.errors import SeaCloudError

MODEL = "nano_banana_2"
PROMPT = {"prompt": "a cat"}
POST = {"method": "POST", "path": "/queue/"}


class Call(StartEvent):
    """A model's tool call, as an agent's event."""

    tool_id: str = "c"
    said: dict[str, Any] = PROMPT


class OneCall(Workflow):
    """Does a tool call, as an agent's step does; an error is the workflow's result."""

    def __init__(self, tool: FunctionTool) -> None:
        super().__init__(timeout=30)
        self.tool = tool

    @step
    async def call(self, ctx: Context, ev: Call) -> StopEvent:
        try:
            return StopEvent(result=await self.tool.acall(**ev.said, **{str(self.tool.ctx_param_name): ctx}))
        except SeaCloudError as error:
            return StopEvent(result=error)


def save_nothing(_: Context) -> None:
    """Stands for a program's own."""


def durable(journal: TaskJournal, *, stream_progress: bool = False, **options: Any) -> FunctionTool:
    spec = SeaCloudToolSpec(MODEL, journal=journal, **{"save_run": save_nothing, **options})
    return spec.to_tool_list(stream_progress=stream_progress)[0]


async def context_of(workflow: Workflow, thread: str = "t") -> Context[Any]:
    context: Context[Any] = Context(workflow)
    await context.store.set(THREAD_KEY, thread)
    return context


async def call(tool: FunctionTool, tool_id: str = "c", thread: str = "t", **said: Any) -> Any:
    workflow = OneCall(tool)
    event = Call(tool_id=tool_id, said={**PROMPT, **said})
    return await workflow.run(ctx=await context_of(workflow, thread), start_event=event)
