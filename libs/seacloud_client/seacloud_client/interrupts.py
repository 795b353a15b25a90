"""Interrupting waits from outside the thread that waits.

A tool that LangGraph runs waits in a worker thread, which never sees a `KeyboardInterrupt`. So a wait is on an event
instead of a sleep, each wait that runs is registered, and `cancel_all` ends them all. `cancel_on_sigint` makes Ctrl-C
call it; a program installs that explicitly, since signals are the program's. What is still waiting when the interpreter
exits is ended then.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import signal
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType

import anyio

CLEAN_UP_SECONDS = 5.0
"""How long cleaning up after an interruption (cancelling a task, say) may take, all in all."""

SLICE = 1.0
"""Seconds of a wait after which a thread looks up, in case of signals."""


class Interrupted(Exception):  # it is a signal between a wait and its flow, not an error of a user's
    """A wait was ended from outside."""


class Interruption:
    """Ends the waits of one task, from any thread."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.RLock()  # a signal's handler runs on top of a thread that may hold it
        self._wakers: list[Callable[[], object]] = []

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

    @contextmanager
    def waking(self, wake: Callable[[], object]) -> Iterator[None]:
        """Lets `set` call something, from its thread, for as long as the block runs; now, if it is set already."""
        with self._lock:
            self._wakers.append(wake)
        try:
            if self._event.is_set():
                wake()
            yield
        finally:
            with self._lock:
                self._wakers.remove(wake)

    def wait(self, seconds: float) -> None:
        """Waits so many seconds.

        Raises:
            Interrupted: if it is set before or meanwhile.
        """
        if wait_for(self._event, seconds):
            raise Interrupted

    async def wait_async(self, seconds: float) -> None:
        """`wait`, for the running event loop."""
        woken = asyncio.Event()
        with self.waking(waker(woken.set)), anyio.move_on_after(seconds):
            await woken.wait()
        if self._event.is_set():
            raise Interrupted


def wait_for(event: threading.Event, seconds: float) -> bool:
    """Waits for an event, at most so many seconds, and says whether it came.

    In slices, because on Windows a wait for a lock does not see Ctrl-C before it is over.
    """
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if event.wait(min(left, SLICE)):
            return True
    return event.is_set()


def waker(wake: Callable[[], object]) -> Callable[[], None]:
    """What calls something in the running event loop, when it is itself called from whichever thread."""
    loop = asyncio.get_running_loop()

    def call() -> None:
        with suppress(RuntimeError):  # the loop has closed since: then nobody waits in it any more
            loop.call_soon_threadsafe(wake)

    return call


@dataclass(frozen=True, slots=True)
class _Wait:
    thread: int
    abandon: Callable[[], object]


_running: dict[Interruption, _Wait] = {}
"""The waits that run: the thread that each runs in, and what to do if that never goes on."""

_running_lock = threading.RLock()


@contextmanager
def registered(interruption: Interruption, abandon: Callable[[], object] = lambda: None) -> Iterator[Interruption]:
    """Lets `cancel_all` reach a wait, for as long as the block runs.

    Args:
        interruption: what ends the wait.
        abandon: called when the interpreter exits and the wait is there and does not end: an iterator that nobody
            closed, say.
    """
    with _running_lock:
        _running[interruption] = _Wait(threading.get_ident(), abandon)
    try:
        yield interruption
    finally:
        with _running_lock:
            _running.pop(interruption, None)


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

    Use it in the main thread around a program that runs tools in threads, such as a sync LangGraph agent. What it did
    before mostly ends the program and its threads, so that waits until the tasks are cancelled, at most 5 seconds. A
    second Ctrl-C does not wait. A wait in the main thread itself is left to the `KeyboardInterrupt`.

    Args:
        announce: called with the number of waits that are interrupted, if there are any.

    Raises:
        ValueError: outside the main thread, where Python sets no signal handlers.
    """
    previous = signal.getsignal(signal.SIGINT)
    interrupted: list[Interruption] = []

    def handle(number: int, frame: FrameType | None) -> None:
        if not interrupted:
            interrupted.extend(_waits_elsewhere())
            _interrupt(interrupted, announce)
        interrupted.clear()
        if callable(previous):
            previous(number, frame)

    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


def _waits_elsewhere() -> list[Interruption]:
    """The waits of other threads that live.

    Those of this one cannot end while a signal's handler runs on top of them.
    """
    alive = {thread.ident for thread in threading.enumerate()} - {threading.get_ident()}
    with _running_lock:
        return [interruption for interruption, wait in _running.items() if wait.thread in alive]


def _interrupt(waits: list[Interruption], announce: Callable[[int], object] | None) -> None:
    """Ends waits, and waits until they have cleaned up."""
    for interruption in waits:
        interruption.set()
    if waits and announce is not None:
        announce(len(waits))
    until = time.monotonic() + CLEAN_UP_SECONDS
    while any(interruption in _running for interruption in waits) and time.monotonic() < until:
        time.sleep(0.02)


def _leave() -> None:
    """Ends what still waits: daemon threads are about to stop where they are, and iterators to be dropped."""
    _interrupt(_waits_elsewhere(), None)
    with _running_lock:
        left = list(_running.values())
    until = time.monotonic() + CLEAN_UP_SECONDS
    for wait in left:
        if time.monotonic() < until:
            wait.abandon()


def _forget_all() -> None:
    """Lets the waits go, in the child of a fork: they are the parent's."""
    global _running_lock  # noqa: PLW0603  # another thread of the parent's may have held it
    _running_lock = threading.RLock()
    _running.clear()


# Connections are closed at exit by `weakref.finalize`. What is registered last runs first, and `_leave` needs them; so
# finalize, which registers itself when it is first used, is used before.
weakref.finalize(_leave, lambda: None)
atexit.register(_leave)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
