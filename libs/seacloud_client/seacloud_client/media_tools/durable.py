"""A tool's call; if it is durable, it is posted once, and gone on with after the process was killed.

A framework that resumes a run does its interrupted step again, from the start. So what the tool has done is written to
a journal, step by step, under the conversation and the id of the tool call, which the framework's checkpoint holds and
a resumed run brings again. That needs the checkpoint to be on disk before the task is posted: otherwise it may be lost
while the journal has the call, and a new call would be paid for.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pydantic_core import from_json

from seacloud_client.errors import (
    ConfigurationError,
    InvalidInputError,
    SeaCloudError,
    SubmitOutcomeUnknown,
    TaskCancelled,
    TaskFailed,
)
from seacloud_client.flows import Sleep
from seacloud_client.json_bodies import to_json
from seacloud_client.media_tools.journal import DONE, FAILED, INTENT, POSTED, JournalEntry, TaskJournal
from seacloud_client.media_tools.outcomes import CallFailed, CallRefused, is_final, was_not_posted
from seacloud_client.media_tools.spending import JournalLimit, Slot, guarded
from seacloud_client.media_tools.steps import Flow, Step, blocking
from seacloud_client.tasks import Task

LOOK_SECONDS = 0.1
"""How often the journal is looked at while another process may be about to post."""

_NO_WORD = (
    "A task was about to be posted, and what became of it was not written down: the process ended, or it may still be "
    "posting."
)

_HINT = (
    "Look among the account's tasks. If it is there, call the journal's settle(thread_id, call_id, request_id), and if "
    "not, forget(thread_id, call_id). Then resume the run."
)


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a tool's call does.

    Attributes:
        allow: asks whether the task may be created, and takes the right to do it.
        once: without a journal, the step that creates the task (and waits for it, if the tool does).
        answer: the tool's answer, from what that step gives.
        post: with a journal, the step that creates the task, and gives its handle. If it is interrupted, it leaves the
            task running.
        task: the handle of a task that there is, from its model and id.
        finish: the tool's answer, as JSON, from a task. If it is interrupted, it does not cancel the task.
        told: what the agent's model is told of a failure.
        limit: with a journal, how many tasks the conversation may have there; by default any number.
    """

    allow: Callable[[], Flow[Slot]]
    once: Step
    answer: Callable[[Any], Flow[Any]]
    post: Step
    task: Callable[[str, str], Task]
    finish: Callable[[Task], Flow[Any]]
    told: Callable[[SeaCloudError], str]
    limit: JournalLimit | None = None


def done(work: Work, call: DurableCall | None) -> Flow[Any]:
    """Does a call's work, by the journal if there is one, and gives the tool's answer.

    Raises:
        CallFailed: for what the agent's model is to be told: without a journal any failure of the service's, with one
            those that are certain.
        SeaCloudError: with a journal, as `DurableCall.run` does.
        ConfigurationError: if it cannot be decided whether the task may be created.
    """
    if call is not None:
        return (yield from call.run(work))
    slot = yield from work.allow()
    try:
        made: Any = yield from guarded(slot, work.once)
    except SeaCloudError as error:
        raise CallFailed(work.told(error)) from error
    return (yield from work.answer(made))


@dataclass(frozen=True, kw_only=True)
class DurableCall:
    """One call of a durable tool.

    Attributes:
        journal: where it is written down.
        thread_id: the conversation, and `call_id` the id of the model's tool call.
        model: the model that generates.
        said: what the agent's model said.
        parameters: what is to be posted.
    """

    journal: TaskJournal
    thread_id: str
    call_id: str
    model: str
    said: Mapping[str, Any]
    parameters: Mapping[str, Any]
    owner: str = field(default_factory=lambda: secrets.token_hex(8))

    @classmethod
    def of(
        cls,
        journal: TaskJournal,
        thread_id: str,
        call_id: str,
        *,
        model: str,
        said: Mapping[str, Any],
        parameters: Mapping[str, Any],
    ) -> DurableCall:
        """The call, in values that compare equal to what the journal gives back.

        Raises:
            InvalidInputError: if they cannot be written as JSON, or the conversation or the id is no text.
        """
        if any("\ud800" <= letter <= "\udfff" for letter in thread_id + call_id):
            raise InvalidInputError(
                "A tool with a journal knows its call by the conversation and the call's id. One of them holds half of "
                "a surrogate pair, which is no character. Nothing was sent."
            )
        known = {"said": from_json(to_json(dict(said))), "parameters": from_json(to_json(dict(parameters)))}
        return cls(journal=journal, thread_id=thread_id, call_id=call_id, model=model, **known)

    def run(self, work: Work) -> Flow[Any]:
        """Does the work, or goes on with it, or gives what it gave before.

        Raises:
            CallRefused: if it is refused.
            CallFailed: if the task was not created, or failed, now or before.
            SubmitOutcomeUnknown: if the task may exist, and nobody knows.
            ConfigurationError: if the journal cannot be used.
            SeaCloudError: with the task's handle, if the task may go on but its result did not come: the run is to be
                resumed.
        """
        task: Task | None = None
        owner = self.owner
        while task is None:
            entry = yield from self._look()
            if entry is None:
                task = yield from self._post(work)
            elif entry.state == DONE:
                return entry.answer
            elif entry.state == FAILED:
                raise CallFailed(entry.problem or "The task failed.")
            elif entry.state == POSTED and entry.request_id is not None:
                task, owner = work.task(entry.model, entry.request_id), entry.owner
            else:
                raise self._unknown(entry.problem or _NO_WORD)
        try:
            answer = yield from work.finish(task)
        except (TaskFailed, TaskCancelled) as error:
            if not is_final(error):
                raise
            told = work.told(error)
            yield from self._over(partial(self.journal.failed, owner=owner), told)
            raise CallFailed(told) from error
        yield from self._over(partial(self.journal.done, owner=owner), answer)
        return answer

    def _look(self) -> Flow[JournalEntry | None]:
        """What is known of the call. If another process is about to post it, that is waited for a little."""
        find = blocking(partial(self.journal.find, self.thread_id, self.call_id))
        entry: JournalEntry | None = yield find
        until = time.monotonic() + self.journal.patience  # as well: the clock on the wall may be put back
        while entry is not None and entry.state == INTENT and self._is_fresh(entry) and time.monotonic() < until:
            yield Sleep(LOOK_SECONDS)
            entry = yield find
        if entry is not None:
            self._refuse_another(entry)
        return entry

    def _is_fresh(self, entry: JournalEntry) -> bool:
        return time.time() - entry.changed < self.journal.patience

    def _post(self, work: Work) -> Flow[Task | None]:
        """Posts the task; `None` if another process was faster."""
        slot = yield from work.allow()
        facts: dict[str, Any] = {
            "model": self.model,
            "said": self.said,
            "parameters": self.parameters,
            "owner": self.owner,
        }
        if work.limit is not None:
            facts.update(limit=work.limit.number, models=work.limit.models)
        claim = partial(self.journal.claim, self.thread_id, self.call_id, **facts)
        release = partial(self.journal.release, self.thread_id, self.call_id, self.owner)
        try:
            entry: JournalEntry | None = yield blocking(claim)
        except BaseException:  # it may have been cancelled just when the intent was written
            yield from slot.give_back()
            yield blocking(release)
            raise
        if entry is None or entry.owner != self.owner:
            yield from slot.give_back()
            if entry is None and work.limit is not None:
                raise work.limit.used_up()
            return None
        try:
            task: Task = yield work.post
        except BaseException as error:
            if isinstance(error, SeaCloudError) and was_not_posted(error):
                yield from slot.give_back()
                yield blocking(release)
                raise CallFailed(work.told(error)) from error
            yield from self._note_what_is_known(error)
            raise
        yield from self._note(task.request_id)
        return task

    def _over(self, write: Callable[[str, str, Any], None], what: Any) -> Flow[None]:
        """Notes the end. If that cannot be written, the call stays `posted`, and a resumed run asks for it again."""
        try:
            yield blocking(partial(write, self.thread_id, self.call_id, what))
        except ConfigurationError:
            return

    def _note_what_is_known(self, error: BaseException) -> Flow[None]:
        """Notes what became of a post that was interrupted, or has no usable answer."""
        handle = getattr(error, "seacloud_task", None) or {"request_id": getattr(error, "task_id", None)}
        if handle["request_id"] is not None:  # it was interrupted when the task was just created
            yield from self._note(handle["request_id"])
            return
        problem = error.message if isinstance(error, SeaCloudError) else "The post was interrupted."
        yield blocking(partial(self.journal.unknown, self.thread_id, self.call_id, problem, owner=self.owner))
        if isinstance(error, SeaCloudError):
            raise self._unknown(problem, error) from error

    def _note(self, request_id: str) -> Flow[None]:
        try:
            posted = partial(self.journal.posted, self.thread_id, self.call_id, request_id, owner=self.owner)
            problem = "" if (yield blocking(posted)) else "The journal does not know the call any more."
        except ConfigurationError as error:
            problem = error.message
        if problem:
            lost = self._unknown(f"Task {request_id} was posted, but this could not be written down. {problem}")
            lost.task_id = request_id
            raise lost

    def _unknown(self, problem: str, cause: SeaCloudError | None = None) -> SubmitOutcomeUnknown:
        error = SubmitOutcomeUnknown(
            f"{problem} So a task for {self.model} may exist, run and be billed (thread {self.thread_id}, call "
            f"{self.call_id}). It is not posted again. {_HINT}",
            status=cause.status if cause else None,
            code=cause.code if cause else None,
            request_id=cause.request_id if cause else None,
        )
        error.model = self.model
        return error

    def _refuse_another(self, entry: JournalEntry) -> None:
        """The tool's own parameters may have changed since: they do not make it another call."""
        if entry.model != self.model or entry.said != self.said:
            raise CallRefused(
                f"The id of this call, {self.call_id[:100]}, was used in this conversation before, for something else. "
                "Nothing was sent or charged. Call it again."
            )
