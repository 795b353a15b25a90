"""A tool's call; if it is durable, it is posted once, and gone on with after the process was killed.

A framework that resumes a run does its interrupted step again, from the start. So what the tool has done is written to
a journal, step by step, under the conversation and the id of the tool call, which the framework's checkpoint holds and
a resumed run brings again. That needs the checkpoint to be on disk before the task is posted: otherwise it may be lost
while the journal has the call, and a new call would be paid for.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from typing import Any

from pydantic_core import from_json

from seacloud_client.drivers import MARGIN, SALVAGE_SECONDS
from seacloud_client.errors import (
    ConfigurationError,
    ConnectionFailed,
    InvalidInputError,
    SeaCloudError,
    SubmitOutcomeUnknown,
    TaskCancelled,
    TaskFailed,
    TimedOut,
)
from seacloud_client.flows import Sleep, backoff
from seacloud_client.interrupts import Interrupted
from seacloud_client.json_bodies import to_json
from seacloud_client.media_tools.journal import (
    DONE,
    FAILED,
    INTENT,
    PATIENCE,
    POSTED,
    JournalEntry,
    TaskJournal,
)
from seacloud_client.media_tools.outcomes import CallFailed, CallRefused, is_final, was_not_posted
from seacloud_client.media_tools.spending import JournalLimit, Slot, guarded
from seacloud_client.media_tools.steps import Flow, Step, blocking, pause
from seacloud_client.settings import Settings
from seacloud_client.tasks import Task

LOOK_SECONDS = 0.1
"""How often the journal is looked at while another process may be about to post."""

LEEWAY = 2.5
"""Seconds for what comes before and after a post, besides its own: to begin with it, and to note what became of it."""

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
        post: with a journal, the step that posts the task, by one attempt, and gives its handle. If it is interrupted,
            it leaves the task running.
        task: the handle of a task that there is, from its model and id.
        finish: the tool's answer, as JSON, from a task. If it is interrupted, it does not cancel the task.
        told: what the agent's model is told of a failure.
        limit: with a journal, how many tasks the conversation may have there; by default any number.
        retries: with a journal, how often at most `post` is done again after a connection that could not be made.
        seconds: how long `post` may be under way, each time (`post_seconds`).
    """

    allow: Callable[[], Flow[Slot]]
    once: Step
    answer: Callable[[Any], Flow[Any]]
    post: Step
    task: Callable[[str, str], Task]
    finish: Callable[[Task], Flow[Any]]
    told: Callable[[SeaCloudError], str]
    limit: JournalLimit | None = None
    retries: int = 0
    seconds: float = PATIENCE


def post_seconds(settings: Settings) -> float:
    """For how many seconds one attempt of a queue to post a task may be under way, an interrupted one too."""
    return settings.timeout + MARGIN + SALVAGE_SECONDS + LEEWAY


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
        thread_id: the conversation, and `call_id` the id of the model's tool call. Some gateways use an id anew in each
            turn: where the conversation has it for other words, and that call is over, the id goes on with a digest of
            the words, by which the resumed run finds it too. An id with the same words again is the same call.
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
            CallRefused: if it is refused, or its id is in use for something else that is not over.
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
            elif not self._is_same(entry):
                return (yield from self._renamed(entry).run(work))
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
        seen, until = None, 0.0
        while entry is not None and entry.state == INTENT:
            patience = self.journal.patience_with(entry)
            if entry != seen:  # it is new, or was renewed
                seen, until = entry, time.monotonic() + patience  # as well: the clock on the wall may be put back
            if time.time() - entry.changed >= patience or time.monotonic() >= until:
                break
            yield Sleep(LOOK_SECONDS)
            entry = yield find
        return entry

    def _post(self, work: Work) -> Flow[Task | None]:
        """Posts the task; `None` if another process was faster, or a person took the call for dead meanwhile.

        If no connection is made, it is posted again, by an intent that is renewed: so an intent is never older than one
        attempt may take, as long as there is one.
        """
        slot = yield from work.allow()
        facts: dict[str, Any] = {
            "model": self.model,
            "said": self.said,
            "parameters": self.parameters,
            "owner": self.owner,
            "seconds": work.seconds,
        }
        if work.limit is not None:
            facts.update(limit=work.limit.number, models=work.limit.models)
        claim = partial(self.journal.claim, self.thread_id, self.call_id, **facts)
        try:
            entry: JournalEntry | None = yield blocking(claim)
        except BaseException:  # it may have been cancelled just when the intent was written
            yield from self._withdraw(slot)
            raise
        if entry is None or entry.owner != self.owner:
            yield from slot.give_back()
            if entry is None and work.limit is not None:
                raise work.limit.used_up()
            return None
        for attempt in count():
            try:
                task: Task = yield work.post
            except BaseException as error:
                if attempt >= work.retries or not isinstance(error, ConnectionFailed):
                    yield from self._note_failure(error, work, slot)
                    raise
            else:
                yield from self._note(task.request_id)
                return task
            if not (yield from self._may_try_again(attempt, slot)):
                return None
        raise AssertionError  # count() has no end

    def _may_try_again(self, attempt: int, slot: Slot) -> Flow[bool]:
        """Waits, and renews the intent. Says whether it is still there."""
        try:
            yield pause(backoff(attempt))
            is_there: bool = yield blocking(partial(self.journal.renew, self.thread_id, self.call_id, self.owner))
        except BaseException as error:  # nothing was sent so far
            yield from self._withdraw(slot)
            if isinstance(error, Interrupted):
                raise TaskCancelled(f"The call of {self.model} was interrupted. Nothing was sent.") from None
            raise
        if not is_there:
            yield from slot.give_back()
        return is_there

    def _withdraw(self, slot: Slot) -> Flow[str]:
        """Takes the intent back: there is no task. Gives what is to be said if that cannot be written down."""
        yield from slot.give_back()
        problem = yield from self._try_to(self.journal.release, self.owner)
        return problem and (
            "The journal could not be told that there is no task, so it will take this call for an unknown outcome, "
            f"until forget(thread_id, call_id) is called for thread {self.thread_id}, call {self.call_id}. [{problem}]"
        )

    def _try_to(self, write: Callable[..., Any], *facts: Any, **more: Any) -> Flow[str]:
        """Writes something of the call down; gives what went wrong with that, if anything did."""
        try:
            yield blocking(partial(write, self.thread_id, self.call_id, *facts, **more))
        except ConfigurationError as error:
            return error.message
        return ""

    def _over(self, write: Callable[[str, str, Any], None], what: Any) -> Flow[None]:
        """Notes the end. If that cannot be written, the call stays `posted`, and a resumed run asks for it again."""
        yield from self._try_to(write, what)

    def _note_failure(self, error: BaseException, work: Work, slot: Slot) -> Flow[None]:
        """Notes what became of a post that was refused or interrupted, or has no usable answer.

        What cannot be written down takes no other failure's place: it is said besides.
        """
        if isinstance(error, SeaCloudError) and was_not_posted(error):
            unwritten = yield from self._withdraw(slot)
            error.message = f"{error.message} {unwritten}".rstrip()
            raise CallFailed(work.told(error)) from error
        handle = getattr(error, "seacloud_task", None) or {"request_id": getattr(error, "task_id", None)}
        if handle["request_id"] is not None:  # it was interrupted when the task was just created
            try:
                yield from self._note(handle["request_id"])
            except SubmitOutcomeUnknown as lost:
                if isinstance(error, SeaCloudError):
                    raise
                _add_note(error, lost.message)
            return
        problem = error.message if isinstance(error, SeaCloudError) else "The post was interrupted."
        facts = {"owner": self.owner, "under_way": not _has_ended(error)}
        unwritten = yield from self._try_to(self.journal.unknown, problem, **facts)
        if unwritten:
            problem = f"This could not be written down: {unwritten} {problem}"
            _add_note(error, problem)
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
            f"A task for {self.model} may exist, run and be billed (thread {self.thread_id}, call {self.call_id}). It "
            f"is not posted again. {_HINT} What happened: {problem}",  # last, since it may be long, and is cut then
            status=cause.status if cause else None,
            code=cause.code if cause else None,
            request_id=cause.request_id if cause else None,
        )
        error.model = self.model
        return error

    def _is_same(self, entry: JournalEntry) -> bool:
        """The tool's own parameters may have changed since: they do not make it another call."""
        return entry.model == self.model and entry.said == self.said

    def _renamed(self, entry: JournalEntry) -> DurableCall:
        """The call by an id of its own, where its id is another's.

        Only where that one is over: such an entry stays, so that the resumed run comes to the same id.
        """
        words = json.dumps([self.model, self.said], sort_keys=True)
        call_id = f"{self.call_id}~{hashlib.sha256(words.encode()).hexdigest()[:16]}"
        if entry.state not in (DONE, FAILED) or self.call_id.endswith(call_id[-17:]):
            raise CallRefused(
                f"The id of this call, {self.call_id[:100]}, is in use in this conversation for something else that is "
                "not over. Nothing was sent or charged. Call it again when that is over."
            )
        return replace(self, call_id=call_id)


def _has_ended(error: BaseException) -> bool:
    """Whether nobody is posting any more: an answer came, or the connection is gone.

    One that timed out or was interrupted in sync code may go on in its thread for a while.
    """
    cause = error.__cause__
    return isinstance(error, SubmitOutcomeUnknown) and cause is not None and not isinstance(cause, TimedOut)


def _add_note(error: BaseException, note: str) -> None:
    if hasattr(error, "add_note"):  # Python 3.11
        error.add_note(note)
