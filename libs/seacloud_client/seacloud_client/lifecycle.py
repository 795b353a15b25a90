"""One task's way from its creation to its result, sans-IO, and what to do when that is cut short."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, TypeAlias, TypeVar

from seacloud_client.deadlines import until
from seacloud_client.downloads import Downloader
from seacloud_client.errors import (
    ConfigurationError,
    ProtocolError,
    RateLimitError,
    SeaCloudError,
    SubmitOutcomeUnknown,
    TaskCancelled,
    TaskFailed,
    TaskTimedOut,
    TimedOut,
    TransportError,
)
from seacloud_client.flows import MAX_RETRY_AFTER, Flow, HttpAnswer, HttpCall, Sleep
from seacloud_client.interrupts import Interrupted
from seacloud_client.media import TaskResult
from seacloud_client.task_flows import (
    NOT_CREATED,
    Created,
    TaskCalls,
    ask_result,
    ask_status,
    ask_to_cancel,
    post_once,
    read_created,
    tells_of_no_task,
)
from seacloud_client.task_wire import Cancellation, TaskStatus, failure_of

T = TypeVar("T")

OnInterrupt: TypeAlias = Literal["cancel", "keep"]
"""What becomes of the remote task when a wait for it is interrupted, or ends without a result: it is cancelled, or it
is left running."""

FIRST_INTERVAL = 0.5
"""Seconds before a new task is asked after for the first time."""

GROWTH = 1.5
"""By what each wait is longer than the one before it."""

MAX_INTERVAL = 10.0
"""The longest wait, in seconds: the vendor's own clients go up to it (C)."""

JITTER = 0.1
"""By how much of its length a wait is shorter or longer, so that thousands of tasks do not ask at the same moment."""

LAST_LOOK = 1.0
"""A wait that would end after the deadline ends this many seconds before it, for one last question."""

OUTAGE_SECONDS = 30.0
"""How long the service may be out of reach before a wait for a task gives up."""

CANCEL_SECONDS = 3.0
"""How long cancelling a task may take after an interruption."""

CANCEL_ATTEMPT_SECONDS = 1.5
"""How long one call of that may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitOptions:
    """How a task is waited for.

    Attributes:
        timeout: seconds until the wait is given up.
        interval: seconds between questions; `None` for waits that grow from half a second to ten.
        on_interrupt: what becomes of the remote task if the wait ends without a result.
    """

    timeout: float
    interval: float | None = None
    on_interrupt: OnInterrupt = "cancel"

    def __post_init__(self) -> None:
        if not _is_seconds(self.timeout):
            raise ConfigurationError(f"timeout must be a positive number of seconds; got {self.timeout!r}.")
        if self.interval is not None and not _is_seconds(self.interval):
            raise ConfigurationError(f"interval must be a positive number of seconds; got {self.interval!r}.")
        if self.on_interrupt not in ("cancel", "keep"):
            raise ConfigurationError(f"on_interrupt must be 'cancel' or 'keep'; got {self.on_interrupt!r}.")


def _is_seconds(value: object) -> bool:
    return isinstance(value, (int, float)) and 0 < value < float("inf")


class Lifecycle:
    """Leads a task from its creation, or from its handle, to its end. The time begins to run when it is made.

    Args:
        calls: the queue's calls.
        options: how to wait.
        model: the model of a task that is to be created, and `body` its parameters.
        task: a task that there is already.
        max_retries: how often a call is repeated where that is safe.
        now: the clock.
    """

    def __init__(
        self,
        calls: TaskCalls,
        options: WaitOptions,
        *,
        model: str,
        body: bytes | None = None,
        task: Created | None = None,
        max_retries: int,
        downloader: Downloader,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.model = model
        self.task = task
        self.status: TaskStatus | None = None
        self._calls = calls
        self._options = options
        self._body = body
        self._max_retries = max_retries
        self._downloader = downloader
        self._now = now
        self._deadline = now() + options.timeout
        self._is_posted = False
        self._is_final = False
        self._interval = FIRST_INTERVAL
        self._wait = 0.0
        self._is_asked = False
        self._has_ended = False
        self._process = os.getpid()

    @property
    def is_over(self) -> bool:
        """Whether the task has come to its end."""
        return self.status is not None and self.status.is_over

    @property
    def created(self) -> Created:
        """The task.

        Raises:
            ValueError: if it was not created yet.
        """
        if self.task is None:
            raise ValueError("This task was not created yet.")
        return self.task

    def advance(self) -> Flow[TaskStatus]:
        """The next step: creates the task, or waits a while and asks how it is.

        Raises:
            TaskTimedOut: at the deadline.
            TaskFailed, ContentBlocked, TaskCancelled: when the service says so.
            SubmitOutcomeUnknown: if the task may have been created.
        """
        return until(self._noting_the_end(self._advance()), self._deadline, self._now, self._late)

    def fetch(self) -> Flow[TaskResult | None]:
        """The result; `None` if the service says after all that it is not there yet: then the task goes on."""
        return until(self._noting_the_end(self._fetch()), self._deadline, self._now, self._late)

    def end(self, cause: BaseException) -> Flow[None] | None:
        """What to do when the wait ends by an exception: cancels the task if need be, and lets the error say so.

        The error gets the task's handle. One that is not ours (`KeyboardInterrupt`, asyncio's `CancelledError`, one of
        a callback) gets it as a note, and as an attribute, `seacloud_task`.

        Raises:
            TaskCancelled: in place of `Interrupted`.
        """
        if self._has_ended or self._process != os.getpid():  # the child of a fork has the parent's waits, but as copies
            return None
        self._has_ended = True
        return None if self.is_over and isinstance(cause, GeneratorExit) else self._end(cause)

    def _noting_the_end(self, flow: Flow[T]) -> Flow[T]:
        try:
            return (yield from flow)
        except SeaCloudError as error:
            self._is_final = _is_final(error)
            raise

    def _advance(self) -> Flow[TaskStatus]:
        if self.task is None:
            return (yield from self._create())
        yield from self._pause()
        self.status = yield from self._patiently(self._ask_status)
        failure = failure_of(self.status)
        if failure is not None:
            raise failure
        self._plan(self.status.retry_after)
        return self.status

    def _create(self) -> Flow[TaskStatus]:
        call = self._calls.create(self.model, self._body or b"{}")
        call = replace(call, on_answer=partial(self._note, call))
        self._is_posted = True
        try:
            self.task = yield from post_once(call, self.model, max_retries=self._max_retries)
        except NOT_CREATED:
            self._is_posted = False
            raise
        self._plan(None)
        return TaskStatus(status="IN_QUEUE", request_id=self.task.request_id, queue_position=self.task.queue_position)

    def _note(self, call: HttpCall, answer: HttpAnswer) -> None:
        """Looks at the answer as soon as it is here: if the wait for it was interrupted, nobody else does."""
        try:
            self.task = read_created(answer, call, self.model)
        except SubmitOutcomeUnknown:
            return
        except SeaCloudError:
            self._is_posted = False

    def _fetch(self) -> Flow[TaskResult | None]:
        result = yield from self._patiently(self._ask_result)
        if result is None:
            self.status = None
        return result

    def _ask_status(self, task: Created) -> Flow[TaskStatus]:
        return ask_status(self._calls.status(task), task, max_retries=self._max_retries)

    def _ask_result(self, task: Created) -> Flow[TaskResult | None]:
        call = self._calls.result(task)
        return ask_result(call, task, max_retries=self._max_retries, downloader=self._downloader)

    def _patiently(self, ask: Callable[[Created], Flow[T]]) -> Flow[T]:
        """Asks again while the service is out of reach, for a while: the task goes on meanwhile."""
        began = self._now()
        while True:
            try:
                return (yield from ask(self.created))
            except SeaCloudError as failure:
                if not _may_pass(failure) or self._now() - began > OUTAGE_SECONDS:
                    raise
                self._plan(failure.retry_after if isinstance(failure, RateLimitError) else None)
            yield Sleep(self._wait)

    def _plan(self, asked: float | None) -> None:
        """Decides on the wait before the next question. What the service asks for wins, if it is longer."""
        wait = self._options.interval
        if wait is None:
            wait = min(self._interval * random.uniform(1 - JITTER, 1 + JITTER), MAX_INTERVAL)  # noqa: S311  # no secret
            self._interval = min(self._interval * GROWTH, MAX_INTERVAL)
        least = 0.0 if asked is None else min(asked, MAX_RETRY_AFTER)
        self._is_asked = least >= wait
        self._wait = max(least, wait)

    def _pause(self) -> Flow[None]:
        left = self._deadline - self._now()
        if self._wait >= left > 2 * LAST_LOOK and not self._is_asked:
            yield Sleep(left - LAST_LOOK)
        elif self._wait > 0:
            yield Sleep(self._wait)

    def _late(self) -> TaskTimedOut:
        known = f"; its last status was {self.status.status}" if self.status else ""
        seconds = f"{self._options.timeout:g} seconds"
        return TaskTimedOut(f"The task was not finished within {seconds}{known}. Raise timeout if it needs longer.")

    def _end(self, cause: BaseException) -> Flow[None]:
        told, may_go_on = yield from self._stop(cause)
        if isinstance(cause, Interrupted):
            kind = SubmitOutcomeUnknown if self.task is None and self._is_posted else TaskCancelled
            error = kind(f"The wait for the task of {self.model} was interrupted.")
            self._attach(error, told, may_go_on=may_go_on)
            raise error from None
        self._attach(cause, told, may_go_on=may_go_on)

    def _stop(self, cause: BaseException) -> Flow[tuple[str, bool]]:
        """Cancels the task, if that is wanted and makes sense.

        Says in a sentence what is the matter with it, and whether it may go on, or have come to a result.
        """
        if self.task is None:
            unknown = self._is_posted and not isinstance(cause, SubmitOutcomeUnknown)
            told = "It had been posted and not been answered: it may exist, run and be billed." if unknown else ""
            return told, self._is_posted
        if self._is_final:
            return "", not isinstance(cause, (TaskFailed, TaskCancelled))
        if self.is_over:
            return "The task has finished: its result can still be fetched.", True
        if self._options.on_interrupt == "keep":
            return "The task was left running.", True
        call = replace(self._calls.cancel(self.task), timeout=CANCEL_ATTEMPT_SECONDS)
        late = partial(TimedOut, "The service did not answer in time")
        try:
            answer = yield from until(
                ask_to_cancel(call, max_retries=self._max_retries), self._now() + CANCEL_SECONDS, self._now, late
            )
        except SeaCloudError as failure:
            return f"It could not be cancelled, so it may go on and be billed [{failure.message.rstrip('.')}].", True
        return _SENTENCES[answer], answer is not Cancellation.REQUESTED

    def _attach(self, error: BaseException, told: str, *, may_go_on: bool) -> None:
        task_id = self.task.request_id if self.task else None
        if isinstance(error, SeaCloudError):
            error.model, error.task_id = error.model or self.model, error.task_id or task_id
            error.message = f"{error.message} {told}".rstrip()
            error.may_go_on = may_go_on
        elif not isinstance(error, GeneratorExit):
            error.seacloud_task = {"model": self.model, "request_id": task_id}  # type: ignore[attr-defined]  # ours
            if told and hasattr(error, "add_note"):  # Python 3.11
                name = f"task {task_id}" if task_id else "task"
                error.add_note(f"SeaCloud {name} of {self.model}: {told}")


_SENTENCES = {
    Cancellation.REQUESTED: "The task was cancelled.",
    Cancellation.ALREADY_COMPLETED: "The task had just finished: its result can still be fetched.",
    Cancellation.NOT_FOUND: "The service does not know the task any more.",
}

_PASSING_STATUSES = frozenset({408, 425, 429})
"""Answers below 500 after which the same question may be answered: the service has said nothing of the task."""


def _is_final(error: SeaCloudError) -> bool:
    """Whether the service has said of a task what makes cancelling it pointless: that it is over, or unknown.

    A gateway's 404 and a refused key say nothing of the task: it goes on, and the attempt to cancel it costs nothing.
    """
    return isinstance(error, (TaskFailed, TaskCancelled)) or tells_of_no_task(error)


def _may_pass(failure: SeaCloudError) -> bool:
    """Whether a failure says nothing of the task but that the service is out of reach for now."""
    if isinstance(failure, ProtocolError):
        return failure.status is None or failure.status < 300
    status = failure.status or 0
    return isinstance(failure, TransportError) or status >= 500 or status in _PASSING_STATUSES
