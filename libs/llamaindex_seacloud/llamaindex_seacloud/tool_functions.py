"""The tools that create tasks, as functions that LlamaIndex's `FunctionTool`s call.

This module has no `from __future__ import annotations`: LlamaIndex finds the parameter that takes the workflow's
context by comparing its annotation with the class `Context` itself.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from llama_index.core.base.llms.types import ContentBlock
from llama_index.core.tools import FunctionTool, ToolMetadata
from llama_index.core.workflow import Context
from seacloud_client.lifecycle import OnInterrupt
from seacloud_client.media_tools.durable import Work, done, post_seconds
from seacloud_client.media_tools.questions import NO_WAIT, created_text
from seacloud_client.media_tools.steps import Flow, Step, aplay, play
from seacloud_client.media_tools.texts import error_text
from seacloud_client.queue import Queue, Task, TaskResult, TaskStatus

from llamaindex_seacloud.generation import (
    Answer,
    blocks_of,
    generated_event,
    progress_event,
    telling_errors,
    text_answer,
)
from llamaindex_seacloud.showing import Showing
from llamaindex_seacloud.spending import SpendingGuard
from llamaindex_seacloud.tool_arguments import ToolArguments
from llamaindex_seacloud.tool_signatures import function_tool

Tell: TypeAlias = Callable[[TaskStatus], object] | None
"""Is told how a task is getting on."""


@dataclass(frozen=True, kw_only=True)
class TaskMaker(ABC):
    """One model's tasks: their creation, and what is told of it.

    Attributes:
        queue: where the tasks go.
        arguments: what the model's arguments must be.
        guard: who decides whether a task may be created.
    """

    queue: Queue
    arguments: ToolArguments
    guard: SpendingGuard

    @abstractmethod
    def metadata(self, name: str) -> ToolMetadata:
        """What the agent's model is told of the tool."""

    @abstractmethod
    def _once(self, parameters: Mapping[str, Any], tell: Tell) -> Step:
        """The step that creates a task, and does with it what the tool does."""

    @abstractmethod
    def _answer(self, made: Any) -> Flow[Answer]:
        """The tool's answer, from what that step gives."""

    @abstractmethod
    def _finish(self, tell: Tell, task: Task) -> Flow[Answer]:
        """The tool's answer from a task that there is, which is left running if this is interrupted."""

    def tool(self, metadata: ToolMetadata, *, stream_progress: bool) -> FunctionTool:
        """The tool.

        Args:
            metadata: what the agent's model is told of it.
            stream_progress: whether it tells the workflow's stream of events how a task is getting on.
        """
        if stream_progress or self.guard.needs_context:
            return FunctionTool(async_fn=self._contextual(stream_progress=stream_progress), metadata=metadata)
        return function_tool(self.run, self.arun, metadata)

    def run(self, /, **given: Any) -> list[ContentBlock]:
        """Creates a task, and gives what the tool tells."""
        parameters = self.arguments.check(given)
        with telling_errors(self.queue.settings):
            return blocks_of(play(self._create(given, parameters)))

    async def arun(self, /, **given: Any) -> list[ContentBlock]:
        """`run`, async. If it is cancelled, so is the task."""
        parameters = self.arguments.check(given)
        with telling_errors(self.queue.settings):
            return blocks_of(await aplay(self._create(given, parameters)))

    def _contextual(self, *, stream_progress: bool) -> Callable[..., Awaitable[list[ContentBlock]]]:
        """`arun` for agents and workflows, which have a context."""

        async def create(workflow_context: Context, **given: Any) -> list[ContentBlock]:
            def tell(status: TaskStatus) -> None:
                workflow_context.write_event_to_stream(progress_event(self.arguments.model, status))

            parameters = self.arguments.check(given)
            flow = self._create(given, parameters, workflow_context, tell if stream_progress else None)
            with telling_errors(self.queue.settings):
                answer = await aplay(flow)
            if stream_progress and "facts" in answer:
                workflow_context.write_event_to_stream(generated_event(answer))
            return blocks_of(answer)

        return create

    def _create(
        self,
        said: Mapping[str, Any],
        parameters: Mapping[str, Any],
        workflow_context: Context | None = None,
        tell: Tell = None,
    ) -> Flow[Answer]:
        """Creates a task for what the agent's model said, and gives the tool's answer."""
        model, call = self.arguments.model, None
        durability = self.guard.durability
        if durability is not None and workflow_context is not None:
            call = yield from durability.call(workflow_context, model, said=said, parameters=parameters)
        work = Work(
            allow=partial(self.guard.allow, model, parameters, workflow_context, call),
            once=self._once(parameters, tell),
            answer=self._answer,
            post=self._submission(parameters, on_interrupt="keep", max_retries=0),
            task=self.queue.task,
            finish=partial(self._finish, tell),
            told=partial(error_text, settings=self.queue.settings),
            limit=self.guard.journal_limit,
            retries=self.queue.settings.max_retries,
            seconds=post_seconds(self.queue.settings),
        )
        answer: Answer = yield from done(work, call)
        return answer

    def _submission(
        self, parameters: Mapping[str, Any], *, on_interrupt: OnInterrupt, max_retries: int | None = None
    ) -> Step:
        """The step that creates a task, and gives its handle."""
        options: dict[str, Any] = {"on_interrupt": on_interrupt, "max_retries": max_retries}
        submit = partial(self.queue.submit, self.arguments.model, parameters, **options)
        return Step(submit, partial(self.queue.asubmit, self.arguments.model, parameters, **options))


@dataclass(frozen=True, kw_only=True)
class Generation(TaskMaker):
    """One model's generation: a task is created and waited for.

    Attributes:
        showing: how results are shown.
    """

    showing: Showing

    def metadata(self, name: str) -> ToolMetadata:
        """What the agent's model is told of the tool."""
        return self.arguments.metadata(name)

    def _once(self, parameters: Mapping[str, Any], tell: Tell) -> Step:
        run = partial(self.queue.run, self.arguments.model, parameters, on_update=tell)
        arun = partial(self.queue.arun, self.arguments.model, parameters, on_update=tell)
        return Step(run, arun)

    def _answer(self, made: TaskResult) -> Flow[Answer]:
        return self.showing.answer(made)

    def _finish(self, tell: Tell, task: Task) -> Flow[Answer]:
        wait = partial(self.queue.wait, task, on_update=tell, on_interrupt="keep")
        await_ = partial(self.queue.await_, task, on_update=tell, on_interrupt="keep")
        result: TaskResult = yield Step(wait, await_)
        return (yield from self.showing.answer(result))


@dataclass(frozen=True, kw_only=True)
class Submission(TaskMaker):
    """One model's tasks, by one POST each, which are not waited for."""

    def metadata(self, name: str) -> ToolMetadata:
        """What the agent's model is told of the tool."""
        return self.arguments.metadata(name, NO_WAIT)

    def tool(self, metadata: ToolMetadata, *, stream_progress: bool) -> FunctionTool:  # noqa: ARG002  # as of the others
        """The tool. It has no progress to tell."""
        return super().tool(metadata, stream_progress=False)

    def _once(self, parameters: Mapping[str, Any], tell: Tell) -> Step:  # noqa: ARG002  # as of the others
        return self._submission(parameters, on_interrupt="cancel")

    def _answer(self, made: Task) -> Flow[Answer]:
        yield from ()
        return text_answer(created_text(made))

    def _finish(self, tell: Tell, task: Task) -> Flow[Answer]:  # noqa: ARG002  # as of the others
        return self._answer(task)
