"""The tools that ask about a task that there is, whoever created it: what is said of them, and what they answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, Field

from seacloud_client.errors import InvalidInputError
from seacloud_client.media_tools.texts import clean_line, harmless_line
from seacloud_client.settings import Settings
from seacloud_client.task_wire import Cancellation, TaskStatus
from seacloud_client.tasks import Task

MAX_LOG_LINES = 3
"""How many of a task's last log lines are told."""

STATUS_TOOL, RESULT_TOOL, CANCEL_TOOL = "seacloud_task_status", "seacloud_task_result", "seacloud_cancel_task"
"""The tools' names."""

DESCRIPTIONS: Mapping[str, str] = {
    STATUS_TOOL: (
        "Tells how a SeaCloud task is getting on. It costs nothing. Tasks take seconds to minutes: do other things "
        "between two questions."
    ),
    RESULT_TOOL: (
        "Gives what a SeaCloud task has made: where it is, and pictures themselves. It costs nothing, and does not "
        "wait: if the task is not finished yet, it says so."
    ),
    CANCEL_TOOL: "Cancels a SeaCloud task whose result is not wanted any more.",
}
"""What the agent's model is told of each."""

NO_WAIT = "This one does not wait: it gives the id of a task, by which to ask for its status and result later."
"""What the agent's model is told of a tool that creates a task, besides what it makes."""


class TaskInput(BaseModel):
    """Which task is meant."""

    model: str = Field(description="The id of the model that the task was created with.")
    request_id: str = Field(description="The task's id, as it was given when it was created.")


def check_model(model: str, models: Sequence[str]) -> None:
    """Holds a question to the models whose tasks may be asked about.

    Raises:
        InvalidInputError: if it is none of them. Nothing was sent.
    """
    if model not in models:
        raise InvalidInputError(
            f"There is no model {clean_line(model)!r} here: there are {', '.join(models)}. Nothing was sent."
        )


def created_text(task: Task) -> str:
    """What is told of a task that was just created."""
    return f"Task {task.request_id} of {task.model} was created. Ask for its status after a while, then for its result."


def status_text(task: Task, status: TaskStatus, settings: Settings) -> str:
    """How a task is getting on. That it failed is an answer, and no error."""
    facts = [f"Task {task.request_id} of {task.model}: {clean_line(status.status)}"]
    if status.progress is not None:
        facts.append(f"{status.progress:.0%} done")
    if status.queue_position:
        facts.append(f"{status.queue_position} before it")
    if status.is_failed:
        facts.append(f"it failed: {harmless_line(status.error or status.error_type or '', settings)}")
    elif status.is_over:
        facts.append("its result can be fetched")
    text = f"{', '.join(facts)}."
    if status.logs and not status.is_over:
        text += f" Its log says: {'; '.join(harmless_line(line, settings) for line in status.logs[-MAX_LOG_LINES:])}"
    return text


def unfinished_text(task: Task) -> str:
    """What is told in place of a result that is not there yet."""
    return f"Task {task.request_id} of {task.model} is not finished yet. Ask again later."


def cancellation_text(task: Task, answer: Cancellation) -> str:
    """What became of a cancellation. That the task is over or not known is an answer, and no error."""
    return f"Task {task.request_id} of {task.model} {_CANCELLED[answer]}."


_CANCELLED: Mapping[Cancellation, str] = {
    Cancellation.REQUESTED: "is being cancelled",
    Cancellation.ALREADY_COMPLETED: "was over before: its result can be fetched, if it has one",
    Cancellation.NOT_FOUND: "is not known to the service",
}


def progress_facts(model: str, status: TaskStatus) -> dict[str, Any]:
    """How a task is getting on, as an event's data: what is not known is left out."""
    facts = {
        "model": model,
        "request_id": status.request_id,
        "status": status.status,
        "queue_position": status.queue_position,
        "progress": status.progress,
    }
    return {name: value for name, value in facts.items() if value is not None}
