"""A guard over what an agent may spend: how many tasks its tools may create, and who is asked before each."""

from __future__ import annotations

import asyncio
import copy
import inspect
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeAlias, get_origin
from weakref import WeakKeyDictionary

from llama_index.core.workflow import Context
from seacloud_client.errors import (
    APIError,
    ConfigurationError,
    ConnectionFailed,
    InvalidInputError,
    SeaCloudError,
)

Approve: TypeAlias = Callable[..., Awaitable[bool] | bool]
"""Is asked with a model's id and the parameters before a task is created. Only `True` approves.

It may be async. If one of its parameters is annotated as a `Context`, it is given the workflow's: by LlamaIndex's rule
for tools, so that it can ask a person with `ctx.wait_for_event`.
"""

STATE_KEY = "seacloud_calls"
"""Where a workflow's state counts the tasks of each model. So it is saved and restored with the `Context`."""

_SURELY_NOT_POSTED = (APIError, ConfigurationError, ConnectionFailed, InvalidInputError)

_locks: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


class CallRefused(SeaCloudError):
    """A task was not created, since a limit was reached or approval was not given. Nothing was sent or charged."""


class SpendingGuard:
    """Decides on each task of some models, before it is posted. It may be used in any threads and event loops.

    Args:
        models: the models; the limits are for all of them together.
        max_calls: how many tasks may be created, ever; `None` for any number.
        max_calls_per_context: how many in one `Context` of a workflow, over all of its runs.
        approve: who is asked before each.

    Raises:
        ConfigurationError: if a limit is no number, or less than 0.
    """

    def __init__(
        self,
        models: Sequence[str],
        *,
        max_calls: int | None = None,
        max_calls_per_context: int | None = None,
        approve: Approve | None = None,
    ) -> None:
        self._models = frozenset(models)
        self._limit = _checked("max_calls", max_calls)
        self._limit_per_context = _checked("max_calls_per_context", max_calls_per_context)
        self._approve = approve
        self._context_name = None if approve is None else _context_parameter(approve)
        self._count = 0
        self._lock = threading.Lock()

    @property
    def needs_context(self) -> bool:
        """Whether it can decide within a workflow only."""
        return self._limit_per_context is not None or self._context_name is not None

    @contextmanager
    def allowing(self, model: str, parameters: Mapping[str, Any]) -> Iterator[None]:
        """Within it, a task may be created. What was certainly not created is not counted.

        Raises:
            CallRefused: if it may not.
            ConfigurationError: if that can be decided in async code only.
        """
        self._take()
        asked = False
        try:
            self._ask(model, parameters)
            asked = True
            yield
        except BaseException as error:
            if not asked or _was_not_posted(error):
                self._give_back()
            raise

    @asynccontextmanager
    async def aallowing(
        self, model: str, parameters: Mapping[str, Any], workflow_context: Context | None = None
    ) -> AsyncIterator[None]:
        """`allowing`, async.

        LlamaIndex runs a step that waits for an event again from its start, by an exception: then it is asked anew,
        and so nothing is counted meanwhile.
        """
        self._take()
        asked, counted = False, False
        try:
            counted = await self._take_in(workflow_context, model)
            await self._aask(model, parameters, workflow_context)
            asked = True
            yield
        except BaseException as error:
            if not asked or _was_not_posted(error):
                self._give_back()
                if counted and workflow_context is not None:
                    await _count_in(workflow_context, model, -1)
            raise

    def _take(self) -> None:
        with self._lock:
            if self._limit is not None and self._count >= self._limit:
                raise _used_up(self._limit, "ever")
            self._count += 1

    def _give_back(self) -> None:
        with self._lock:
            self._count -= 1

    async def _take_in(self, workflow_context: Context | None, model: str) -> bool:
        """Counts one more in the workflow's state, if there is a limit for it, and says whether it did."""
        limit = self._limit_per_context
        if limit is None or workflow_context is None:
            return False
        if not await _count_in(workflow_context, model, 1, self._models, limit):
            raise _used_up(limit, "in this conversation")
        return True

    def _ask(self, model: str, parameters: Mapping[str, Any]) -> None:
        if self._approve is None:
            return
        answer = self._approve(model, copy.deepcopy(dict(parameters)))
        if inspect.isawaitable(answer):
            if inspect.iscoroutine(answer):
                answer.close()
            raise ConfigurationError(
                "approve is async, so it can be asked in async calls alone (acall, agents). Nothing was sent."
            )
        _require(answer, model)

    async def _aask(self, model: str, parameters: Mapping[str, Any], workflow_context: Context | None) -> None:
        if self._approve is None:
            return
        context = {self._context_name: workflow_context} if self._context_name else {}
        answer = self._approve(model, copy.deepcopy(dict(parameters)), **context)
        _require(await answer if inspect.isawaitable(answer) else answer, model)


def _checked(name: str, limit: int | None) -> int | None:
    if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 0):
        raise ConfigurationError(f"{name} must be 0 or more, or None for any number; got {limit!r}.")
    return limit


def _context_parameter(function: Callable[..., Any]) -> str | None:
    """The name of the parameter that takes the workflow's context, as its annotation tells."""
    return next((name for name, annotation in _annotations(function).items() if _is_context(annotation)), None)


def _annotations(function: Callable[..., Any]) -> dict[str, Any]:
    """What the parameters are annotated with: as text, where a name in it is known to type checkers alone."""
    for evaluated in (True, False):
        try:
            signature = inspect.signature(function, eval_str=evaluated)
        except (NameError, AttributeError):
            continue
        except (TypeError, ValueError):  # some that are written in C tell nothing
            break
        return {parameter.name: parameter.annotation for parameter in signature.parameters.values()}
    return {}


def _is_context(annotation: Any) -> bool:
    if isinstance(annotation, str):
        return annotation.strip("'\" ").partition("[")[0].rpartition(".")[2] == Context.__name__
    return annotation is Context or get_origin(annotation) is Context


def _require(answer: object, model: str) -> None:
    if answer is not True:
        raise CallRefused(
            f"The call of {model} was not approved. Nothing was sent or charged. Do not call it again unless the user "
            "asks for it anew."
        )


def _used_up(limit: int, whose: str) -> CallRefused:
    return CallRefused(
        f"{limit} task(s) may be created {whose}, and they were. Nothing was sent or charged. Do not call this again: "
        "tell the user."
    )


def _was_not_posted(error: BaseException) -> bool:
    """Whether a failure says that no task was created."""
    return isinstance(error, _SURELY_NOT_POSTED) and getattr(error, "task_id", None) is None


async def _count_in(
    workflow_context: Context,
    model: str,
    change: int,
    models: frozenset[str] = frozenset(),
    limit: int | None = None,
) -> bool:
    """Counts a model's tasks in the workflow's state, unless some models have reached a limit. Says whether it did.

    The state's own transaction (`edit_state`) would copy all of it, the agent's memory included. So a lock of ours is
    around reading and writing.
    """
    async with _locks.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
        counts: dict[str, int] = dict(await workflow_context.store.get(STATE_KEY, default={}))
        if limit is not None and sum(counts.get(each, 0) for each in models) >= limit:
            return False
        counts[model] = max(0, counts.get(model, 0) + change)
        try:
            await workflow_context.store.set(STATE_KEY, counts)
        except (AttributeError, ValueError):
            raise ConfigurationError(
                "max_calls_per_context counts in the workflow's state, which has no place for it. Give the state's "
                f"class a field `{STATE_KEY}: dict[str, int]`, empty by default. Nothing was sent."
            ) from None
    return True
