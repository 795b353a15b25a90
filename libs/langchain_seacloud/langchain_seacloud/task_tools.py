"""The split tools, for work that takes long: an agent creates a task, does other things, and comes back for it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from langchain_core.runnables import RunnableConfig
from langchain_core.tools.base import ArgsSchema
from pydantic import Field, model_validator
from seacloud_client.media_tools.questions import (
    CANCEL_TOOL,
    DESCRIPTIONS,
    NO_WAIT,
    RESULT_TOOL,
    STATUS_TOOL,
    TaskInput,
    cancellation_text,
    check_model,
    created_text,
    progress_facts,
    status_text,
    unfinished_text,
)
from seacloud_client.media_tools.steps import Flow, Step, aplay, play
from seacloud_client.queue import Cancellation, Task, TaskResult, TaskStatus
from typing_extensions import Self

from langchain_seacloud.guarded_tool import GuardedTool
from langchain_seacloud.queue_tool import QueueTool
from langchain_seacloud.showing_tool import ShowingTool
from langchain_seacloud.tool_progress import RunManager
from langchain_seacloud.tool_texts import ContentAndArtifact, text_block


class SeaCloudSubmitTool(GuardedTool):
    """Creates a task of one model, by one POST, and does not wait for it.

    The content and the artifact hold the task's handle: `model` and `request_id`. Contract, limits, approval and
    journal are those of `SeaCloudGenerationTool`.
    """

    verb: ClassVar[str] = "submit_to"

    def _default_description(self) -> str:
        return f"{self._arguments.description()} {NO_WAIT}"

    def _made(
        self,
        said: Mapping[str, Any],
        config: RunnableConfig,
        run_manager: RunManager,  # noqa: ARG002  # as of the others
    ) -> Flow[ContentAndArtifact]:
        once = partial(self._submission, on_interrupt="cancel")
        return self._create(said, config, once=once, answer=_created, finish=_created)


def _created(task: Task) -> Flow[ContentAndArtifact]:
    yield from ()
    return [text_block(created_text(task))], dict(task.to_dict())


class TaskTool(QueueTool):
    """A tool that asks about a task that there is, whoever created it."""

    args_schema: ArgsSchema | None = TaskInput

    models: list[str] = Field(default_factory=list)
    """The models whose tasks may be asked about; by default all."""

    default_name: ClassVar[str] = ""

    @model_validator(mode="after")
    def _describe(self) -> Self:
        self.name = self.name or self.default_name
        self.description = self.description or DESCRIPTIONS[self.default_name]
        return self

    def _run(self, model: str, request_id: str) -> ContentAndArtifact:
        return play(self._ask(model, request_id))

    async def _arun(self, model: str, request_id: str) -> ContentAndArtifact:
        return await aplay(self._ask(model, request_id))

    def _ask(self, model: str, request_id: str) -> Flow[ContentAndArtifact]:
        with self.telling_errors():
            check_model(model, self.models or [model])
            return (yield from self._ask_about(self.queue.task(model, request_id)))

    @abstractmethod
    def _ask_about(self, task: Task) -> Flow[ContentAndArtifact]: ...


class SeaCloudTaskStatusTool(TaskTool):
    """Tells how a task is getting on. That it failed is an answer, and no error."""

    default_name: ClassVar[str] = STATUS_TOOL

    def _ask_about(self, task: Task) -> Flow[ContentAndArtifact]:
        status: TaskStatus = yield Step(task.status, task.astatus)
        failure = {"error": status.error, "error_type": status.error_type} if status.is_failed else {}
        text = status_text(task, status, self.queue.settings)
        return [text_block(text)], {**progress_facts(task.model, status), **failure}


class SeaCloudTaskResultTool(TaskTool, ShowingTool):
    """Gives what a task has made, as `SeaCloudGenerationTool` does; a task that is not finished is told as such."""

    default_name: ClassVar[str] = RESULT_TOOL

    def _ask_about(self, task: Task) -> Flow[ContentAndArtifact]:
        result: TaskResult | None = yield Step(task.result, task.aresult)
        if result is None:
            return [text_block(unfinished_text(task))], dict(task.to_dict())
        return (yield from self._answer(result))


class SeaCloudCancelTool(TaskTool):
    """Cancels a task. That it is over or not known is an answer, and no error."""

    default_name: ClassVar[str] = CANCEL_TOOL

    def _ask_about(self, task: Task) -> Flow[ContentAndArtifact]:
        answer: Cancellation = yield Step(task.cancel, task.acancel)
        return [text_block(cancellation_text(task, answer))], {**task.to_dict(), "cancellation": answer.value}
