"""The tools that ask about a task that there is, whoever created it: its status, its result, to cancel it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from llama_index.core.base.llms.types import ContentBlock, TextBlock
from llama_index.core.tools import FunctionTool, ToolMetadata
from pydantic import BaseModel, Field
from seacloud_client.errors import InvalidInputError, SeaCloudError
from seacloud_client.queue import Cancellation, Queue, Task, TaskResult, TaskStatus

from llamaindex_seacloud.generation import clean_line, told
from llamaindex_seacloud.showing import Showing
from llamaindex_seacloud.tool_arguments import read_arguments

MAX_LOG_LINES = 3
"""How many of a task's last log lines are told."""


class TaskInput(BaseModel):
    """Which task is meant."""

    model: str = Field(description="The id of the model that the task was created with.")
    request_id: str = Field(description="The task's id, as it was given when it was created.")


@dataclass(frozen=True, kw_only=True)
class TaskQuestion(ABC):
    """A question about a task. It costs nothing.

    Attributes:
        queue: where the task is.
        models: the models whose tasks may be asked about.
    """

    queue: Queue
    models: Sequence[str]

    description: ClassVar[str]

    def metadata(self, name: str) -> ToolMetadata:
        """What the agent's model is told of the tool."""
        return ToolMetadata(self.description, name, TaskInput)

    def tool(self, metadata: ToolMetadata, *, stream_progress: bool) -> FunctionTool:  # noqa: ARG002  # as of the others
        """The tool. It has no progress to tell."""
        return FunctionTool(fn=self.run, async_fn=self.arun, metadata=metadata)

    def run(self, /, **given: Any) -> list[ContentBlock]:
        """Asks."""
        task = self._task(given)
        try:
            return self._ask(task)
        except SeaCloudError as error:
            raise told(error, self.queue.settings) from None

    async def arun(self, /, **given: Any) -> list[ContentBlock]:
        """`run`, async."""
        task = self._task(given)
        try:
            return await self._aask(task)
        except SeaCloudError as error:
            raise told(error, self.queue.settings) from None

    def _task(self, given: Mapping[str, Any]) -> Task:
        meant = read_arguments(TaskInput, given)
        if meant.model not in self.models:
            raise InvalidInputError(
                f"There is no model {clean_line(meant.model)!r} here: there are {', '.join(self.models)}. Nothing was "
                "sent."
            )
        return self.queue.task(meant.model, meant.request_id)

    @abstractmethod
    def _ask(self, task: Task) -> list[ContentBlock]: ...

    @abstractmethod
    async def _aask(self, task: Task) -> list[ContentBlock]: ...


@dataclass(frozen=True, kw_only=True)
class StatusQuestion(TaskQuestion):
    """How a task is getting on. That it failed is an answer, and no error."""

    description = (
        "Tells how a SeaCloud task is getting on. It costs nothing. Tasks take seconds to minutes: do other things "
        "between two questions."
    )

    def _ask(self, task: Task) -> list[ContentBlock]:
        return self._told(task, task.status())

    async def _aask(self, task: Task) -> list[ContentBlock]:
        return self._told(task, await task.astatus())

    def _told(self, task: Task, status: TaskStatus) -> list[ContentBlock]:
        facts = [f"Task {task.request_id} of {task.model}: {clean_line(status.status)}"]
        if status.progress is not None:
            facts.append(f"{status.progress:.0%} done")
        if status.queue_position:
            facts.append(f"{status.queue_position} before it")
        if status.is_failed:
            facts.append(f"it failed: {clean_line(status.error or status.error_type or '')}")
        elif status.is_over:
            facts.append("its result can be fetched")
        text = f"{', '.join(facts)}."
        if status.logs and not status.is_over:
            text += f" Its log says: {'; '.join(clean_line(line) for line in status.logs[-MAX_LOG_LINES:])}"
        return [TextBlock(text=self.queue.settings.without_key(text))]


@dataclass(frozen=True, kw_only=True)
class ResultQuestion(TaskQuestion):
    """What a task has made. That it is not finished yet is an answer, and no error.

    Attributes:
        showing: how results are shown.
    """

    showing: Showing

    description = (
        "Gives what a SeaCloud task has made: where it is, and pictures themselves. It costs nothing, and does not "
        "wait: if the task is not finished yet, it says so."
    )

    def _ask(self, task: Task) -> list[ContentBlock]:
        result = task.result()
        return _unfinished(task) if result is None else self.showing.blocks(result, self.showing.save(result))

    async def _aask(self, task: Task) -> list[ContentBlock]:
        result: TaskResult | None = await task.aresult()
        return _unfinished(task) if result is None else self.showing.blocks(result, await self.showing.asave(result))


def _unfinished(task: Task) -> list[ContentBlock]:
    return [TextBlock(text=f"Task {task.request_id} of {task.model} is not finished yet. Ask again later.")]


@dataclass(frozen=True, kw_only=True)
class CancelRequest(TaskQuestion):
    """To cancel a task. That it is over or not known is an answer, and no error."""

    description = "Cancels a SeaCloud task whose result is not wanted any more."

    def _ask(self, task: Task) -> list[ContentBlock]:
        return _cancellation_told(task, task.cancel())

    async def _aask(self, task: Task) -> list[ContentBlock]:
        return _cancellation_told(task, await task.acancel())


_CANCELLED: Mapping[Cancellation, str] = {
    Cancellation.REQUESTED: "is being cancelled",
    Cancellation.ALREADY_COMPLETED: "was over before: its result can be fetched, if it has one",
    Cancellation.NOT_FOUND: "is not known to the service",
}


def _cancellation_told(task: Task, answer: Cancellation) -> list[ContentBlock]:
    return [TextBlock(text=f"Task {task.request_id} of {task.model} {_CANCELLED[answer]}.")]
