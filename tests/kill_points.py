"""Points at which a program kills itself, by SIGKILL, as a power cut would."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from typing import Any


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def dying(owner: Any, name: str, *, after: bool) -> Callable[[], None]:
    """Arms a point: the process is killed before or after a function has done its work."""
    real = getattr(owner, name)

    def killer(*args: Any, **options: Any) -> Any:
        if after:
            real(*args, **options)
        die()

    async def akiller(*args: Any, **options: Any) -> Any:
        if after:
            await real(*args, **options)
        die()

    return lambda: setattr(owner, name, akiller if asyncio.iscoroutinefunction(real) else killer)
