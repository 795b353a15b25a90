"""Waits that are ended from outside: from other threads, from signals, in threads and in event loops."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time

import pytest
from seacloud_client import interrupts
from seacloud_client.interrupts import (
    CLEAN_UP_SECONDS,
    Interrupted,
    Interruption,
    cancel_all,
    cancel_on_sigint,
    registered,
    wait_for,
    waker,
)


def test_a_wait_passes():
    began = time.monotonic()
    Interruption().wait(0.05)
    assert time.monotonic() - began >= 0.05


async def test_an_async_wait_passes():
    began = time.monotonic()
    await Interruption().wait_async(0.05)
    assert time.monotonic() - began >= 0.04


def test_a_wait_is_ended_from_another_thread():
    interruption = Interruption()
    threading.Timer(0.05, interruption.set).start()
    began = time.monotonic()
    with pytest.raises(Interrupted):
        interruption.wait(10)
    assert time.monotonic() - began < 5
    with pytest.raises(Interrupted):
        interruption.wait(10)
    assert interruption.is_set


async def test_an_async_wait_is_ended_from_another_thread():
    interruption = Interruption()
    threading.Timer(0.05, interruption.set).start()
    began = time.monotonic()
    with pytest.raises(Interrupted):
        await interruption.wait_async(10)
    assert time.monotonic() - began < 5
    with pytest.raises(Interrupted):
        await interruption.wait_async(10)


def test_waking_tells_at_once_if_it_is_set_already():
    interruption = Interruption()
    told = []
    with interruption.waking(lambda: told.append(1)):
        interruption.set()
    interruption.set()
    assert told == [1]
    with interruption.waking(lambda: told.append(2)):
        assert told == [1, 2]


def test_a_loop_that_has_closed_is_not_woken():
    async def make():
        return waker(lambda: None)

    asyncio.run(make())()


def test_waiting_in_slices(monkeypatch):
    monkeypatch.setattr("seacloud_client.interrupts.SLICE", 0.01)
    event = threading.Event()
    assert not wait_for(event, 0.03)
    threading.Timer(0.03, event.set).start()
    assert wait_for(event, 5)
    assert wait_for(event, -1)


def test_cancel_all_reaches_what_is_registered():
    with registered(Interruption()) as one, registered(Interruption()) as other:
        assert cancel_all() == 2
        assert one.is_set
        assert other.is_set
    assert cancel_all() == 0


@pytest.fixture
def received():
    """Signals that reached the handler that was there before."""
    numbers = []
    before = signal.signal(signal.SIGINT, lambda number, _: numbers.append(number))
    yield numbers
    signal.signal(signal.SIGINT, before)


def test_sigint_ends_waits_in_threads_and_waits_until_they_are_over(received):
    ended = threading.Event()
    ready = threading.Event()

    def work():
        with registered(Interruption()) as interruption:
            ready.set()
            with pytest.raises(Interrupted):
                interruption.wait(10)
            time.sleep(0.2)  # it cleans up
            ended.set()

    thread = threading.Thread(target=work)
    thread.start()
    ready.wait()
    announced = []
    with cancel_on_sigint(announced.append):
        os.kill(os.getpid(), signal.SIGINT)
        assert ended.is_set()
    thread.join()
    assert announced == [1]
    assert received == [signal.SIGINT]


def test_sigint_leaves_the_main_threads_own_wait_to_the_handler_before(received):
    announced = []
    with cancel_on_sigint(announced.append), registered(Interruption()) as interruption:
        os.kill(os.getpid(), signal.SIGINT)
        assert not interruption.is_set
    assert announced == []
    assert received == [signal.SIGINT]


def test_a_second_sigint_does_not_wait(received):
    ready, done = threading.Event(), threading.Event()

    def work():
        with registered(Interruption()):
            ready.set()
            done.wait(20)  # it cleans up, for longer than anybody waits

    thread = threading.Thread(target=work)
    thread.start()
    ready.wait()
    announced = []
    second = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
    with cancel_on_sigint(announced.append):
        second.start()
        began = time.monotonic()
        os.kill(os.getpid(), signal.SIGINT)
        assert time.monotonic() - began < CLEAN_UP_SECONDS - 1
        assert thread.is_alive()
    done.set()
    thread.join()
    assert announced == [1]  # once, for both
    assert received == [signal.SIGINT] * 2


def test_where_sigint_was_ignored_it_ends_waits_and_nothing_else(received):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ready, ended = threading.Event(), threading.Event()

    def work():
        with registered(Interruption()) as interruption:
            ready.set()
            with pytest.raises(Interrupted):
                interruption.wait(10)
            ended.set()

    thread = threading.Thread(target=work)
    thread.start()
    ready.wait()
    with cancel_on_sigint():
        os.kill(os.getpid(), signal.SIGINT)
        assert ended.is_set()
    thread.join()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_the_handler_is_put_back(received):
    handler = signal.getsignal(signal.SIGINT)
    with cancel_on_sigint():
        assert signal.getsignal(signal.SIGINT) is not handler
    assert signal.getsignal(signal.SIGINT) is handler


def test_at_exit_other_threads_waits_are_ended_and_those_of_nobody_abandoned():
    ready, abandoned = threading.Event(), []

    def work():
        with registered(Interruption(), lambda: abandoned.append("of a thread")) as interruption:
            ready.set()
            with pytest.raises(Interrupted):
                interruption.wait(10)

    thread = threading.Thread(target=work)
    thread.start()
    ready.wait()
    with registered(Interruption(), lambda: abandoned.append("of an iterator that nobody closed")):
        interrupts._leave()
    thread.join()
    assert abandoned == ["of an iterator that nobody closed"]


def test_at_exit_nobody_cleans_up_for_longer_than_the_time_there_is(monkeypatch):
    monkeypatch.setattr(interrupts, "CLEAN_UP_SECONDS", 0.2)
    abandoned = []

    def slowly():
        abandoned.append(1)
        time.sleep(0.3)

    with registered(Interruption(), slowly), registered(Interruption(), slowly):
        interrupts._leave()
    assert abandoned == [1]


def test_outside_the_main_thread_there_are_no_signals():
    failed = []

    def work():
        try:
            with cancel_on_sigint():
                pass
        except ValueError as error:
            failed.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert len(failed) == 1
