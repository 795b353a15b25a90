"""A guard over what an agent may spend: how many tasks its tools may create, and who is asked before each."""

from __future__ import annotations

import copy
import inspect
import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from langchain_core.runnables import RunnableConfig
from langchain_core.tools import ToolException
from seacloud_client.errors import ConfigurationError

from langchain_seacloud.tool_steps import Step

Approve: TypeAlias = Callable[[str, Mapping[str, Any]], Awaitable[bool] | bool]
"""Is asked with a model's id and the parameters, before a task is created. Only `True` approves; it may be async."""

MAX_THREADS = 10_000
"""How many conversations are counted at a time. Of more, those that were quiet for longest are forgotten."""


class CallCounter:
    """Counts the tasks of each conversation. Several tools may share it, in any threads.

    Args:
        limit: how many a conversation may have; `None` for any number.

    Raises:
        ConfigurationError: if the limit is less than 0.
    """

    def __init__(self, limit: int | None) -> None:
        if limit is not None and limit < 0:
            raise ConfigurationError(f"A limit for calls must be 0 or more; got {limit}.")
        self.limit = limit
        self._counts: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, name: str, at_least: int = 0) -> bool:
        """Counts one more, if that is allowed, and says whether it was.

        Args:
            name: whose it is.
            at_least: how many there are already, as another record has it.
        """
        with self._lock:
            count = max(self._counts.pop(name, 0), at_least)
            allowed = self.limit is None or count < self.limit
            self._counts[name] = count + allowed
            while len(self._counts) > MAX_THREADS:
                self._counts.popitem(last=False)
        return allowed

    def give_back(self, name: str) -> None:
        """Counts one less: it came to nothing."""
        with self._lock:
            if self._counts.get(name):
                self._counts[name] -= 1

    def __reduce__(self) -> tuple[Any, ...]:
        return (CallCounter, (self.limit,))  # a copy counts anew


def conversation_of(config: RunnableConfig) -> str:
    """What a limit for each conversation counts by: the LangGraph thread, or else the run.

    Raises:
        ConfigurationError: if the call belongs to neither.
    """
    configurable = config.get("configurable") or {}
    thread = configurable.get("thread_id")
    if thread is not None:
        return f"thread {thread}"
    run = _run_id_of(configurable) or config.get("run_id") or (config.get("metadata") or {}).get("run_id")
    if run is not None:
        return f"run {run}"
    raise ConfigurationError(
        "max_calls_per_thread counts by the conversation, and this call belongs to none. Run the graph or the tool "
        'with a config of {"configurable": {"thread_id": ...}}, or with a run_id. Nothing was sent.'
    )


def _run_id_of(configurable: Mapping[str, Any]) -> str | None:
    """The id of the LangGraph run, where the caller gave one."""
    try:
        from langgraph.runtime import get_runtime  # noqa: PLC0415  # langgraph is not a dependency
    except ImportError:
        return None
    if not any(name.startswith("__pregel") for name in configurable):
        return None  # not within a graph
    try:
        info = get_runtime().execution_info
    except RuntimeError:
        return None  # before Python 3.11, async code cannot find its run
    return info.run_id if info is not None else None


class Slot:
    """The right to create one task. It is given back if there was none after all.

    Attributes:
        counted: where it is counted, and by which name.
    """

    def __init__(self, counted: list[tuple[CallCounter, str]]) -> None:
        self.counted = counted

    def give_back(self) -> None:
        """Gives it back, once."""
        counted, self.counted = self.counted, []
        for counter, name in counted:
            counter.give_back(name)


def take_slot(tool: str, limits: list[tuple[CallCounter, str, int]]) -> Slot:
    """Takes the right to create one more task from each of several limits, or from none.

    Raises:
        ToolException: if one of them is used up.
    """
    slot = Slot([])
    for counter, name, at_least in limits:
        if not counter.take(name, at_least):
            slot.give_back()
            whose = "ever" if name == EVER else "in this conversation"
            raise ToolException(
                f"{tool} was not called: {counter.limit} task(s) may be created {whose}, and they were. Nothing was "
                "sent or charged. Do not call it again: tell the user."
            )
        slot.counted.append((counter, name))
    return slot


EVER = "ever"
"""The name by which a limit for all of a tool's life counts."""


def approval(approve: Approve, model: str, parameters: Mapping[str, Any]) -> Step:
    """The step that asks for approval. It gives nothing, and raises a `ToolException` if it is refused."""
    refusal = (
        f"The call of {model} was not approved. Nothing was sent or charged. Do not call it again unless the user "
        "asks for it anew."
    )

    def ask() -> Awaitable[bool] | bool:
        return approve(model, copy.deepcopy(dict(parameters)))

    def now() -> None:
        answer = ask()
        if inspect.isawaitable(answer):
            if inspect.iscoroutine(answer):
                answer.close()
            raise ConfigurationError(
                "approve is async, so it can be asked in async calls alone (ainvoke, astream, ...). Nothing was sent."
            )
        if answer is not True:
            raise ToolException(refusal)

    async def later() -> None:
        answer = ask()
        if (await answer if inspect.isawaitable(answer) else answer) is not True:
            raise ToolException(refusal)

    return Step(now, later)
