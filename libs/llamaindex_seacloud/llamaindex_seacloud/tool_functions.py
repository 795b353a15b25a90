"""The tools that create tasks, as functions that LlamaIndex's `FunctionTool`s call.

This module has no `from __future__ import annotations`: LlamaIndex finds the parameter that takes the workflow's
context by comparing its annotation with the class `Context` itself.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from llama_index.core.base.llms.types import ContentBlock, TextBlock
from llama_index.core.tools import FunctionTool, ToolMetadata
from llama_index.core.workflow import Context
from seacloud_client.errors import SeaCloudError
from seacloud_client.queue import Queue, Task, TaskResult, TaskStatus

from llamaindex_seacloud.generation import generated_event, progress_event, told
from llamaindex_seacloud.showing import Saved, Showing
from llamaindex_seacloud.spending import SpendingGuard
from llamaindex_seacloud.tool_arguments import ToolArguments

_Contextual = Callable[..., Awaitable[list[ContentBlock]]]


@dataclass(frozen=True, kw_only=True)
class Generation:
    """One model's generation: a task is created and waited for.

    Attributes:
        queue: where the tasks go.
        arguments: what the model's arguments must be.
        guard: who decides whether a task may be created.
        showing: how results are shown.
    """

    queue: Queue
    arguments: ToolArguments
    guard: SpendingGuard
    showing: Showing

    def metadata(self, name: str) -> ToolMetadata:
        """What the agent's model is told of the tool."""
        return self.arguments.metadata(name)

    def tool(self, metadata: ToolMetadata, *, stream_progress: bool) -> FunctionTool:
        """The tool."""
        if stream_progress or self.guard.needs_context:
            return FunctionTool(async_fn=self._contextual(stream_progress=stream_progress), metadata=metadata)
        return FunctionTool(fn=self.run, async_fn=self.arun, metadata=metadata)

    def run(self, /, **given: Any) -> list[ContentBlock]:
        """Generates, and waits for the result."""
        model, checked = self.arguments.model, self.arguments.check(given)
        try:
            with self.guard.allowing(model, checked):
                result = self.queue.run(model, checked)
        except SeaCloudError as error:
            raise told(error, self.queue.settings) from None
        return self.showing.blocks(result, self.showing.save(result))

    async def arun(self, /, **given: Any) -> list[ContentBlock]:
        """`run`, async. If it is cancelled, so is the task."""
        return self.showing.blocks(*await self._agenerate(given, None, None))

    def _contextual(self, *, stream_progress: bool) -> _Contextual:
        """`arun` for agents, which can tell the workflow's stream of events how the task is getting on."""

        async def generate(workflow_context: Context, **given: Any) -> list[ContentBlock]:
            def tell(status: TaskStatus) -> None:
                workflow_context.write_event_to_stream(progress_event(self.arguments.model, status))

            result, saved = await self._agenerate(given, workflow_context, tell if stream_progress else None)
            if stream_progress:
                workflow_context.write_event_to_stream(generated_event(result, saved))
            return self.showing.blocks(result, saved)

        return generate

    async def _agenerate(
        self,
        given: Mapping[str, Any],
        workflow_context: Context | None,
        tell: Callable[[TaskStatus], object] | None,
    ) -> tuple[TaskResult, Saved]:
        model, checked = self.arguments.model, self.arguments.check(given)
        try:
            async with self.guard.aallowing(model, checked, workflow_context):
                result = await self.queue.arun(model, checked, on_update=tell)
        except SeaCloudError as error:
            raise told(error, self.queue.settings) from None
        return result, await self.showing.asave(result)


_NO_WAIT = "This one does not wait: it gives the id of a task, by which to ask for its status and result later."


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One model's tasks, by one POST each, which are not waited for.

    Attributes:
        queue: where the tasks go.
        arguments: what the model's arguments must be.
        guard: who decides whether a task may be created.
    """

    queue: Queue
    arguments: ToolArguments
    guard: SpendingGuard

    def metadata(self, name: str) -> ToolMetadata:
        """What the agent's model is told of the tool."""
        return self.arguments.metadata(name, _NO_WAIT)

    def tool(self, metadata: ToolMetadata, *, stream_progress: bool) -> FunctionTool:  # noqa: ARG002  # as of the others
        """The tool. It has no progress to tell."""
        if self.guard.needs_context:
            return FunctionTool(async_fn=self._contextual(), metadata=metadata)
        return FunctionTool(fn=self.run, async_fn=self.arun, metadata=metadata)

    def run(self, /, **given: Any) -> list[ContentBlock]:
        """Creates a task, and tells its handle."""
        model, checked = self.arguments.model, self.arguments.check(given)
        try:
            with self.guard.allowing(model, checked):
                return _created(self.queue.submit(model, checked))
        except SeaCloudError as error:
            raise told(error, self.queue.settings) from None

    async def arun(self, /, **given: Any) -> list[ContentBlock]:
        """`run`, async."""
        return await self._asubmit(given, None)

    def _contextual(self) -> _Contextual:
        async def submit(workflow_context: Context, **given: Any) -> list[ContentBlock]:
            return await self._asubmit(given, workflow_context)

        return submit

    async def _asubmit(self, given: Mapping[str, Any], workflow_context: Context | None) -> list[ContentBlock]:
        model, checked = self.arguments.model, self.arguments.check(given)
        try:
            async with self.guard.aallowing(model, checked, workflow_context):
                return _created(await self.queue.asubmit(model, checked))
        except SeaCloudError as error:
            raise told(error, self.queue.settings) from None


def _created(task: Task) -> list[ContentBlock]:
    text = f"Task {task.request_id} of {task.model} was created. Ask for its status after a while, then for its result."
    return [TextBlock(text=text)]
