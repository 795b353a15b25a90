"""Interrupting waits from outside the thread that waits.

A tool that LangGraph runs waits in a worker thread, which never sees a `KeyboardInterrupt`. So a wait is on an event
instead of a sleep, each wait that runs is registered, and `cancel_all` ends them all. `cancel_on_sigint` makes Ctrl-C
call it; a program installs that explicitly, since signals are the program's.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import anyio


class Interrupted(Exception):  # it is a signal between a wait and its flow, not an error of a user's
    """A wait was ended from outside."""


class Interruption:
    """Ends the waits of one task, from any thread."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._wakers: list[Callable[[], Any]] = []

    @property
    def is_set(self) -> bool:
        """Whether the waits are to end."""
        return self._event.is_set()

    def set(self) -> None:
        """Ends the wait that runs, and every later one, at once."""
        self._event.set()
        with self._lock:
            wakers = list(self._wakers)
        for wake in wakers:
            wake()

    def wait(self, seconds: float) -> None:
        """Waits so many seconds.

        Raises:
            Interrupted: if it is set before or meanwhile.
        """
        if self._event.wait(seconds):
            raise Interrupted

    async def wait_async(self, seconds: float) -> None:
        """`wait`, for the running event loop."""
        woken = asyncio.Event()
        loop = asyncio.get_running_loop()

        def wake() -> None:
            # The loop may have closed since: then nobody waits in it any more.
            if not loop.is_closed():
                loop.call_soon_threadsafe(woken.set)

        with self._lock:
            self._wakers.append(wake)
        try:
            if not self._event.is_set():
                with anyio.move_on_after(seconds):
                    await woken.wait()
        finally:
            with self._lock:
                self._wakers.remove(wake)
        if self._event.is_set():
            raise Interrupted


_running: set[Interruption] = set()
_running_lock = threading.Lock()


@contextmanager
def registered(interruption: Interruption) -> Iterator[Interruption]:
    """Lets `cancel_all` reach a wait, for as long as the block runs."""
    with _running_lock:
        _running.add(interruption)
    try:
        yield interruption
    finally:
        with _running_lock:
            _running.discard(interruption)


def cancel_all() -> int:
    """Interrupts every wait for a task in this process, in all threads, and says how many there were.

    Each cancels its remote task and raises `TaskCancelled` where it waits; this call does not wait for them.
    """
    with _running_lock:
        running = list(_running)
    for interruption in running:
        interruption.set()
    return len(running)


@contextmanager
def cancel_on_sigint(announce: Callable[[int], object] | None = None) -> Iterator[None]:
    """Makes Ctrl-C cancel the remote tasks that are being waited for, then do what it did before.

    Use it in the main thread around a program that runs tools in threads, such as a sync LangGraph agent.

    Args:
        announce: called with the number of waits that are interrupted, if there are any.

    Raises:
        ValueError: outside the main thread, where Python sets no signal handlers.
    """
    previous = signal.getsignal(signal.SIGINT)

    def handle(number: int, frame: FrameType | None) -> None:
        interrupted = cancel_all()
        if interrupted and announce is not None:
            announce(interrupted)
        if callable(previous):
            previous(number, frame)

    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
