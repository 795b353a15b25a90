"""What the reliability suite shares: a clock that waits are written down on instead of waited."""

from __future__ import annotations

import time
from types import SimpleNamespace

import anyio
import pytest
from seacloud_client import drivers
from seacloud_client.interrupts import Interruption


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds of each wait that a flow wanted; none is waited."""
    wanted: list[float] = []

    def wait(*args: object) -> None:
        wanted.append(args[-1])

    async def await_(*args: object) -> None:
        wanted.append(args[-1])

    monkeypatch.setattr(drivers, "time", SimpleNamespace(sleep=wait, monotonic=time.monotonic))
    instead = SimpleNamespace(sleep=await_, move_on_after=anyio.move_on_after, CancelScope=anyio.CancelScope)
    monkeypatch.setattr(drivers, "anyio", instead)
    monkeypatch.setattr(Interruption, "wait", wait)
    monkeypatch.setattr(Interruption, "wait_async", await_)
    return wanted
