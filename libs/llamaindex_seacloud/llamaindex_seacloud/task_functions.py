"""The tools that ask about a task that there is, whoever created it: its status, its result, to cancel it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llama_index.core.base.llms.types import ContentBlock
from llama_index.core.tools import FunctionTool, ToolMetadata
from seacloud_client.media_tools.questions import (
    DESCRIPTIONS,
    TaskInput,
    cancellation_text,
    check_model,
    status_text,
    unfinished_text,
)
from seacloud_client.media_tools.steps import Flow, Step, aplay, play
from seacloud_client.queue import Cancellation, Queue, Task, TaskResult, TaskStatus

from llamaindex_seacloud.generation import Answer, blocks_of, telling_errors, text_answer
from llamaindex_seacloud.showing import Showing
from llamaindex_seacloud.tool_arguments import read_arguments
from llamaindex_seacloud.tool_signatures import function_tool


@dataclass(frozen=True, kw_only=True)
class TaskQuestion(ABC):
    """A question about a task. It costs nothing.

    Attributes:
        queue: where the task is.
        models: the models whose tasks may be asked about.
    """

    queue: Queue
    models: Sequence[str]

    def metadata(self, name: str) -> ToolMetadata:
        """What the agent's model is told of the tool."""
        return ToolMetadata(DESCRIPTIONS[name], name, TaskInput)

    def tool(self, metadata: ToolMetadata, *, stream_progress: bool) -> FunctionTool:  # noqa: ARG002  # as of the others
        """The tool. It has no progress to tell."""
        return function_tool(self.run, self.arun, metadata)

    def run(self, /, **given: Any) -> list[ContentBlock]:
        """Asks."""
        task = self._task(given)
        with telling_errors(self.queue.settings):
            return blocks_of(play(self._ask(task)))

    async def arun(self, /, **given: Any) -> list[ContentBlock]:
        """`run`, async."""
        task = self._task(given)
        with telling_errors(self.queue.settings):
            return blocks_of(await aplay(self._ask(task)))

    def _task(self, given: Mapping[str, Any]) -> Task:
        meant = read_arguments(TaskInput, given)
        check_model(meant.model, self.models)
        return self.queue.task(meant.model, meant.request_id)

    @abstractmethod
    def _ask(self, task: Task) -> Flow[Answer]: ...


@dataclass(frozen=True, kw_only=True)
class StatusQuestion(TaskQuestion):
    """How a task is getting on. That it failed is an answer, and no error."""

    def _ask(self, task: Task) -> Flow[Answer]:
        status: TaskStatus = yield Step(task.status, task.astatus)
        return text_answer(status_text(task, status, self.queue.settings))


@dataclass(frozen=True, kw_only=True)
class ResultQuestion(TaskQuestion):
    """What a task has made. That it is not finished yet is an answer, and no error.

    Attributes:
        showing: how results are shown.
    """

    showing: Showing

    def _ask(self, task: Task) -> Flow[Answer]:
        result: TaskResult | None = yield Step(task.result, task.aresult)
        if result is None:
            return text_answer(unfinished_text(task))
        return (yield from self.showing.answer(result))


@dataclass(frozen=True, kw_only=True)
class CancelRequest(TaskQuestion):
    """To cancel a task. That it is over or not known is an answer, and no error."""

    def _ask(self, task: Task) -> Flow[Answer]:
        answer: Cancellation = yield Step(task.cancel, task.acancel)
        return text_answer(cancellation_text(task, answer))
