"""The tasks of the multimodal queue: a state machine that time alone drives.

A task waits `queue_seconds`, runs `run_seconds`, and is then `COMPLETED`, which means terminal, not successful (S):
a failure is told by `error` and `error_type`, keys that a success does not have at all.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from seacloud_emulator.works import Work

IN_QUEUE, IN_PROGRESS, COMPLETED = "IN_QUEUE", "IN_PROGRESS", "COMPLETED"


@dataclass(frozen=True)
class Failure:
    """Why a task failed: what goes into `error` and `error_type`."""

    error: str
    error_type: str


CANCELED = Failure("The task was canceled by its owner.", "CANCELED")

TRIGGERS = {
    "[blocked]": Failure("The prompt was blocked by content moderation.", "CONTENT_BLOCKED"),
    "[fail]": Failure("The model failed to make a result.", "INFERENCE_FAILURE"),
    "[timeout]": Failure("The model did not finish in time.", "INFERENCE_TIMEOUT"),
    "[invalid]": Failure("The model refused the parameters.", "REQUEST_INVALID"),
    "[broken]": Failure("Runtime execution failed", "INTERNAL_SERVER_ERROR"),
}
"""Words in a prompt that make its task fail, and how."""


@dataclass(frozen=True)
class TaskView:
    """A task as it is at this moment.

    Attributes:
        request_id: its id, `mmsu_...`.
        endpoint: the model that it runs on.
        parameters: the body that it was created with.
        status: `IN_QUEUE`, `IN_PROGRESS` or `COMPLETED`.
        error_type: what kind of failure it ended with, or None.
    """

    request_id: str
    endpoint: str
    parameters: dict[str, Any]
    status: str
    error_type: str | None


@dataclass
class Task:
    """A task. Times are those of a monotonic clock, in seconds."""

    request_id: str
    endpoint: str
    parameters: dict[str, Any]
    owner: str
    works: list[Work]
    created: float
    starts: float
    ends: float
    created_at: datetime
    failure: Failure | None = None
    canceled: float | None = None
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)

    @property
    def status(self) -> str:
        """The state at this moment."""
        now = self.clock()
        if self.canceled is not None or now >= self.ends:
            return COMPLETED
        return IN_PROGRESS if now >= self.starts else IN_QUEUE

    @property
    def progress(self) -> float:
        """How much of the run is done, from 0 to 1."""
        length = self.ends - self.starts
        return round(min(1.0, max(0.0, (self.clock() - self.starts) / length)), 3) if length else 1.0

    @property
    def outcome(self) -> Failure | None:
        """The failure that the task has ended with, or None."""
        return CANCELED if self.canceled is not None else self.failure

    def cancel(self) -> bool:
        """Cancels the task, if it is not over. Says whether it was."""
        if self.status == COMPLETED:
            return False
        self.canceled = self.clock()
        return True

    def view(self) -> TaskView:
        """The task as others may see it."""
        status = self.status
        failure = self.outcome if status == COMPLETED else None
        return TaskView(
            self.request_id, self.endpoint, self.parameters, status, failure.error_type if failure else None
        )

    def status_body(self, response_url: str) -> dict[str, Any]:
        """The answer to a question for the status."""
        status = self.status
        body = {"status": status, "request_id": self.request_id, "response_url": response_url, "logs": self.logs()}
        return {**body, **_DETAILS[status](self)}

    def logs(self) -> list[dict[str, str]]:
        """What the task has said so far (C): a line at each quarter of the run."""
        lines = [(0.0, "Queued.")]
        if self.status != IN_QUEUE:
            done = int(self.progress * 4)
            lines += [(self._at(quarter), f"Step {quarter} of 4") for quarter in range(1, done + 1)]
        if self.status == COMPLETED:
            outcome = self.outcome
            over = (self.canceled or self.ends) - self.created
            lines = [line for line in lines if line[0] <= over]
            lines.append((over, outcome.error if outcome else "Done."))
        return [{"message": text, "timestamp": self._stamp(seconds)} for seconds, text in lines]

    def inference_seconds(self) -> float:
        """How long the task ran, or had run when it was canceled."""
        ended = self.ends if self.canceled is None else self.canceled
        return round(max(0.0, ended - self.starts), 3)

    def _at(self, quarter: int) -> float:
        return self.starts - self.created + (self.ends - self.starts) * quarter / 4

    def _stamp(self, seconds: float) -> str:
        moment = datetime.fromtimestamp(self.created_at.timestamp() + seconds, timezone.utc)
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _completed(task: Task) -> dict[str, Any]:
    body: dict[str, Any] = {"metrics": {"inference_time": task.inference_seconds()}}
    outcome = task.outcome
    if outcome is not None:
        body |= {"error": outcome.error, "error_type": outcome.error_type}
    return body


_DETAILS: dict[str, Callable[[Task], dict[str, Any]]] = {
    IN_QUEUE: lambda _: {"queue_position": 0},  # always 0 at present (D)
    IN_PROGRESS: lambda task: {"progress": task.progress},
    COMPLETED: _completed,
}


class Tasks:
    """The tasks of the queue, oldest first. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tasks: dict[str, Task] = {}
        self._made = 0

    def create(
        self, endpoint: str, parameters: dict[str, Any], owner: str, works: list[Work], times: tuple[float, float]
    ) -> Task:
        """Puts a task into the queue.

        Args:
            endpoint: the model that it runs on.
            parameters: the body of the request.
            owner: the key that it belongs to.
            works: what it will make.
            times: seconds in the queue, and seconds of running after that.
        """
        queue_seconds, run_seconds = times
        now = time.monotonic()
        with self._lock:
            self._made += 1
            seed = f"{self._made} {endpoint} {sorted(parameters.items(), key=str)}"
            task = Task(
                request_id=f"mmsu_{hashlib.sha256(seed.encode()).hexdigest()[:24]}",
                endpoint=endpoint,
                parameters=parameters,
                owner=_digest(owner),
                works=works,
                created=now,
                starts=now + queue_seconds,
                ends=now + queue_seconds + run_seconds,
                created_at=datetime.now(timezone.utc),
                failure=_failure_of(parameters),
            )
            self._tasks[task.request_id] = task
        return task

    def of(self, owner: str, endpoint: str, request_id: str) -> Task | None:
        """A task, if there is one of this id on this endpoint that belongs to this key."""
        task = self.by_id(request_id)
        return task if task and (task.endpoint, task.owner) == (endpoint, _digest(owner)) else None

    def by_id(self, request_id: str) -> Task | None:
        """A task by its id alone, whoever's it is."""
        with self._lock:
            return self._tasks.get(request_id)

    def views(self) -> list[TaskView]:
        """All tasks as they are at this moment."""
        with self._lock:
            tasks = list(self._tasks.values())
        return [task.view() for task in tasks]

    def clear(self) -> None:
        """Forgets all tasks."""
        with self._lock:
            self._tasks.clear()
            self._made = 0


def _failure_of(parameters: dict[str, Any]) -> Failure | None:
    prompt = str(parameters.get("prompt", "")).lower()
    return next((failure for word, failure in TRIGGERS.items() if word in prompt), None)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
