"""The split tools, for work that takes long: an agent creates a task, does other things, and comes back for it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

from langchain_core.runnables import RunnableConfig
from langchain_core.tools import ToolException
from langchain_core.tools.base import ArgsSchema
from pydantic import BaseModel, Field, model_validator
from seacloud_client.queue import Cancellation, Task, TaskResult, TaskStatus
from typing_extensions import Self

from langchain_seacloud.durable import Work, was_not_posted
from langchain_seacloud.guarded_tool import GuardedTool
from langchain_seacloud.queue_tool import QueueTool
from langchain_seacloud.showing_tool import ShowingTool
from langchain_seacloud.tool_progress import progress_of
from langchain_seacloud.tool_steps import Flow, Step, aplay, play
from langchain_seacloud.tool_texts import ContentAndArtifact, clean_line

MAX_LOG_LINES = 3
"""How many of a task's last log lines are told."""


class SeaCloudSubmitTool(GuardedTool):
    """Creates a task of one model, by one POST, and does not wait for it.

    The content and the artifact hold the task's handle: `model` and `request_id`. Contract, limits, approval and
    journal are those of `SeaCloudGenerationTool`.
    """

    verb: ClassVar[str] = "submit_to"

    def _default_description(self) -> str:
        return (
            f"{self._arguments.description()} This one does not wait: it gives the id of a task, by which to ask for "
            "its status and result later."
        )

    def _run(self, prompt: str | None = None, *, config: RunnableConfig, **said: Any) -> ContentAndArtifact:
        return play(self._submit(prompt, said, config))

    async def _arun(self, prompt: str | None = None, *, config: RunnableConfig, **said: Any) -> ContentAndArtifact:
        return await aplay(self._submit(prompt, said, config))

    def _submit(self, prompt: str | None, said: Mapping[str, Any], config: RunnableConfig) -> Flow[ContentAndArtifact]:
        said = said if prompt is None else {**said, "prompt": prompt}
        parameters = self._arguments.check(said)
        call = self._durable_call(said, parameters, config)
        allow = partial(self._allow, parameters, config)
        if call is not None:
            content, artifact = yield from call.run(
                Work(
                    allow=allow,
                    post=self._submission(parameters, on_interrupt="keep"),
                    task=self.queue.task,
                    finish=_handed_over,
                    told=self.told,
                )
            )
            return content, artifact
        slot = yield from allow()
        with self.telling_errors():
            try:
                task: Task = yield self._submission(parameters, on_interrupt="cancel")
            except BaseException as error:
                if was_not_posted(error):
                    slot.give_back()
                raise
        return _created(task)


def _created(task: Task) -> ContentAndArtifact:
    told = f"Task {task.request_id} of {task.model} was created. Ask for its status after a while, then for its result."
    return [{"type": "text", "text": told}], dict(task.to_dict())


def _handed_over(task: Task) -> Flow[ContentAndArtifact]:
    yield from ()
    return _created(task)


class TaskInput(BaseModel):
    """Which task is meant."""

    model: str = Field(description="The id of the model that the task was created with.")
    request_id: str = Field(description="The task's id, as it was given when it was created.")


class TaskTool(QueueTool):
    """A tool that asks about a task that there is, whoever created it."""

    args_schema: ArgsSchema | None = TaskInput

    models: list[str] = Field(default_factory=list)
    """The models whose tasks may be asked about; by default all."""

    default_name: ClassVar[str] = ""
    default_description: ClassVar[str] = ""

    @model_validator(mode="after")
    def _describe(self) -> Self:
        self.name = self.name or self.default_name
        self.description = self.description or self.default_description
        return self

    def _run(self, model: str, request_id: str) -> ContentAndArtifact:
        return play(self._ask(model, request_id))

    async def _arun(self, model: str, request_id: str) -> ContentAndArtifact:
        return await aplay(self._ask(model, request_id))

    def _ask(self, model: str, request_id: str) -> Flow[ContentAndArtifact]:
        if self.models and model not in self.models:
            raise ToolException(f"There is no model {clean_line(model)!r} here: there are {', '.join(self.models)}.")
        with self.telling_errors():
            return (yield from self._ask_about(self.queue.task(model, request_id)))

    def _ask_about(self, task: Task) -> Flow[ContentAndArtifact]:
        raise NotImplementedError


class SeaCloudTaskStatusTool(TaskTool):
    """Tells how a task is getting on. That it failed is an answer, and no error."""

    default_name: ClassVar[str] = "seacloud_task_status"
    default_description: ClassVar[str] = (
        "Tells how a SeaCloud task is getting on. It costs nothing. Tasks take seconds to minutes: do other things "
        "between two questions."
    )

    def _ask_about(self, task: Task) -> Flow[ContentAndArtifact]:
        status: TaskStatus = yield Step(task.status, task.astatus)
        told = [f"Task {task.request_id} of {task.model}: {clean_line(status.status)}"]
        if status.progress is not None:
            told.append(f"{status.progress:.0%} done")
        if status.queue_position:
            told.append(f"{status.queue_position} before it")
        if status.is_failed:
            told.append(f"it failed: {clean_line(status.error or status.error_type or '')}")
        elif status.is_over:
            told.append("its result can be fetched")
        text = ", ".join(told) + "."
        if status.logs and not status.is_over:
            text += f" Its log says: {'; '.join(clean_line(line) for line in status.logs[-MAX_LOG_LINES:])}"
        failure = {"error": status.error, "error_type": status.error_type} if status.is_failed else {}
        return [{"type": "text", "text": text}], {**progress_of(task.model, status), **failure}


class SeaCloudTaskResultTool(TaskTool, ShowingTool):
    """Gives what a task has made, as `SeaCloudGenerationTool` does; a task that is not finished is told as such."""

    default_name: ClassVar[str] = "seacloud_task_result"
    default_description: ClassVar[str] = (
        "Gives what a SeaCloud task has made: where it is, and pictures themselves. It costs nothing, and does not "
        "wait: if the task is not finished yet, it says so."
    )

    def _ask_about(self, task: Task) -> Flow[ContentAndArtifact]:
        result: TaskResult | None = yield Step(task.result, task.aresult)
        if result is None:
            told = f"Task {task.request_id} of {task.model} is not finished yet. Ask again later."
            return [{"type": "text", "text": told}], dict(task.to_dict())
        return (yield from self._answer(result))


class SeaCloudCancelTool(TaskTool):
    """Cancels a task. That it is over or not known is an answer, and no error."""

    default_name: ClassVar[str] = "seacloud_cancel_task"
    default_description: ClassVar[str] = "Cancels a SeaCloud task whose result is not wanted any more."

    def _ask_about(self, task: Task) -> Flow[ContentAndArtifact]:
        answer: Cancellation = yield Step(task.cancel, task.acancel)
        told = f"Task {task.request_id} of {task.model} {_CANCELLED[answer]}."
        return [{"type": "text", "text": told}], {**task.to_dict(), "cancellation": answer.value}


_CANCELLED: Mapping[Cancellation, str] = {
    Cancellation.REQUESTED: "is being cancelled",
    Cancellation.ALREADY_COMPLETED: "was over before: its result can be fetched, if it has one",
    Cancellation.NOT_FOUND: "is not known to the service",
}
