"""The queue's sync and async methods under one name, so that one test tries both."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from seacloud_client.queue import Queue, Task

FLAVOURS = pytest.mark.parametrize("flavour", ["sync", "async"])

ARGUMENTS = {"prompt": "a cat"}
MODEL = "nano_banana_2"


class Flavoured:
    """A queue or a task whose methods are called by their sync names, whichever flavour is run."""

    def __init__(self, target: Queue | Task, flavour: str) -> None:
        self.target = target
        self.flavour = flavour

    def __getattr__(self, name: str) -> Any:
        if self.flavour == "sync":
            return getattr(self.target, name)
        method = getattr(self.target, "await_" if name == "wait" else f"a{name}")

        def call(*args: Any, **options: Any) -> Any:
            async def inside() -> Any:
                return await method(*args, **options)

            return asyncio.run(inside())

        return call
