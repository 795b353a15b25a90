"""What the media tools keep in a workflow's state, so that it is saved and restored with the `Context`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar
from weakref import WeakKeyDictionary

from llama_index.core.workflow import Context
from seacloud_client.errors import ConfigurationError

T = TypeVar("T")

_locks: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()


async def changed(
    workflow_context: Context, key: str, change: Callable[[T], T | None], *, empty: T, field: str, purpose: str
) -> T | None:
    """Changes a value of the state, and gives what it is then. Of tools that do it at the same time, one is first.

    The state's own transaction (`edit_state`) would copy all of it, the agent's memory included. So a lock of ours is
    around reading and writing.

    Args:
        workflow_context: the workflow's context.
        key: the value's name.
        change: makes the new value from the old one; `None` leaves it as it is.
        empty: the value where there is none.
        field: what the class of a state of the user's needs.
        purpose: who needs it.

    Raises:
        ConfigurationError: if the state has no place for it.
    """
    async with _locks.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
        value = change(await workflow_context.store.get(key, default=empty))
        if value is None:
            return None
        try:
            await workflow_context.store.set(key, value)
        except (AttributeError, ValueError):
            raise ConfigurationError(
                f"{purpose} in the workflow's state, which has no place for it. Give the state's class a field "
                f"`{key}: {field}`, empty by default. Nothing was sent."
            ) from None
        return value
