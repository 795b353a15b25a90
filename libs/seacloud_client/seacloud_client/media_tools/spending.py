"""A guard over what an agent may spend: how many tasks its tools may create, and who is asked before each.

A framework says what a limit counts by (a thread, a run, a workflow's context). What counts, what is given back, and
what the agent's model is told is decided here; who is asked is `approvals`.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from seacloud_client.errors import ConfigurationError
from seacloud_client.media_tools.journal import TaskJournal
from seacloud_client.media_tools.outcomes import CallRefused, was_not_posted
from seacloud_client.media_tools.steps import Flow, Step, blocking, quick

T = TypeVar("T")

MAX_CONVERSATIONS = 10_000
"""How many conversations are counted at a time. Of more, those that were quiet for longest are forgotten."""

EVER = "ever"
"""Whose tasks a limit counts that is for all of a tool's life."""

IN_CONVERSATION = "in this conversation"
"""Whose tasks a limit counts that is for each conversation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Something that counts tasks, and says when there are enough.

    Attributes:
        number: how many there may be; `None` for any number.
        whose: `EVER` or `IN_CONVERSATION`, as the agent's model is told it.
        take: counts one more if that is allowed, and gives whether it was.
        give_back: counts one less.
    """

    number: int | None
    whose: str
    take: Step
    give_back: Step


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLimit:
    """How many tasks a conversation may have in a journal: a limit that holds in all processes at once.

    Nobody else counts them: so what a journal forgets is given back, whoever has it do that.

    Attributes:
        number: how many there may be.
        models: whose tasks count: those of the tools that share the limit.
        tool: the tool's name, if the agent's model is to be told it.
    """

    number: int
    models: frozenset[str]
    tool: str = ""

    def beforehand(self, journal: TaskJournal, thread_id: str) -> Limit:
        """Looks before anybody is asked whether there is room. It takes nothing: the journal's `claim` does."""

        def has_room() -> bool:
            return journal.count(thread_id, self.models) < self.number

        return Limit(number=self.number, whose=IN_CONVERSATION, take=blocking(has_room), give_back=quick(lambda: None))

    def used_up(self) -> CallRefused:
        """The error to raise where there are as many."""
        return _used_up(self.number, IN_CONVERSATION, self.tool)


class CallCounter:
    """Counts tasks: all that there are, or those of each conversation. Several tools may share it, in any threads.

    Args:
        limit: how many there may be, of each; `None` for any number.
        setting: what the limit is called, in errors.
        models: whose tasks it counts; tools that share it add theirs (`share`).

    Raises:
        ConfigurationError: if the limit is no number, or less than 0.
    """

    def __init__(
        self, limit: int | None, setting: str = "A limit for calls", models: Iterable[str] = frozenset()
    ) -> None:
        if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 0):
            raise ConfigurationError(f"{setting} must be 0 or more, or None for any number; got {limit!r}.")
        self.limit = limit
        self.models = frozenset(models)
        self._counts: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def share(self, model: str) -> None:
        """Has it count a model's tasks too."""
        with self._lock:
            self.models |= {model}

    def take(self, name: str) -> bool:
        """Counts one more of somebody's, if that is allowed, and says whether it was."""
        with self._lock:
            count = self._counts.pop(name, 0)
            allowed = self.limit is None or count < self.limit
            self._counts[name] = count + allowed
            while len(self._counts) > MAX_CONVERSATIONS:
                self._counts.popitem(last=False)
        return allowed

    def give_back(self, name: str) -> None:
        """Counts one less: it came to nothing."""
        with self._lock:
            if self._counts.get(name):
                self._counts[name] -= 1

    def ever(self) -> Limit:
        """The limit for all of a tool's life."""
        return self._limit(EVER, EVER)

    def of_conversation(self, name: str) -> Limit:
        """The limit for a conversation."""
        return self._limit(name, IN_CONVERSATION)

    def in_journal(self, tool: str = "") -> JournalLimit | None:
        """The limit for a conversation that a journal has; `None` for any number."""
        return None if self.limit is None else JournalLimit(number=self.limit, models=self.models, tool=tool)

    def _limit(self, name: str, whose: str) -> Limit:
        return Limit(
            number=self.limit,
            whose=whose,
            take=quick(partial(self.take, name)),
            give_back=quick(partial(self.give_back, name)),
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return (CallCounter, (self.limit, "A limit for calls", self.models))  # a copy counts anew


class Slot:
    """The right to create one task. It is given back if there was none after all."""

    def __init__(self) -> None:
        self._taken: list[Limit] = []

    def take(self, limit: Limit) -> Flow[bool]:
        """Takes it from a limit too, and says whether that was allowed."""
        allowed: bool = yield limit.take
        if allowed:
            self._taken.append(limit)
        return allowed

    def give_back(self) -> Flow[None]:
        """Gives it back, once."""
        while self._taken:
            yield self._taken.pop().give_back


def allow(limits: Iterable[Limit], *checks: Step, tool: str = "") -> Flow[Slot]:
    """Takes the right to create a task from each of several limits, and then does what else must come first.

    If one of the limits is used up, or one of the checks raises or is interrupted, nothing is counted.

    Args:
        limits: the limits.
        checks: steps such as who is asked for approval, in their order.
        tool: the tool's name, if the agent's model is to be told it.

    Raises:
        CallRefused: if a limit is used up.
    """
    slot = Slot()
    try:
        for limit in limits:
            if not (yield from slot.take(limit)):
                raise _used_up(limit.number, limit.whose, tool)
        for check in checks:
            _ = yield check
    except BaseException:
        yield from slot.give_back()
        raise
    return slot


def guarded(slot: Slot, work: Step) -> Flow[T]:
    """Does what creates a task, and gives what it gives. What was certainly not created is not counted."""
    try:
        made: T = yield work
    except BaseException as error:
        if was_not_posted(error):
            yield from slot.give_back()
        raise
    return made


def _used_up(number: int | None, whose: str, tool: str) -> CallRefused:
    who = f"{tool} was not called: " if tool else ""
    return CallRefused(
        f"{who}{number} task(s) may be created {whose}, and they were. Nothing was sent or charged. Do not "
        "call this again: tell the user."
    )
