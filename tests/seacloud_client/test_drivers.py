"""The two drivers, with a performer that is a plain object: answers, errors, limits, interruptions, cleaning up."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
import sys
import threading
import time

import anyio
import pytest
from seacloud_client import drivers
from seacloud_client.drivers import _patience, acleaning_up, adrive, cleaning_up, drive, shielded
from seacloud_client.errors import ServerError, TimedOut
from seacloud_client.flows import HttpAnswer, HttpCall, Sleep
from seacloud_client.interrupts import Interrupted, Interruption

OK = HttpAnswer(200, {})
CONTEXT = contextvars.ContextVar("context", default="none")


class Slow:
    """Answers each call after so many seconds, or raises."""

    def __init__(self, seconds=0.0, error=None):
        self.seconds = seconds
        self.error = error
        self.calls = []
        self.contexts = []
        self.was_cancelled = False

    def perform(self, step):
        self._note(step)
        time.sleep(self.seconds)
        return self._answer()

    async def aperform(self, step):
        self._note(step)
        try:
            await asyncio.sleep(self.seconds)
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise
        return self._answer()

    def _note(self, step):
        self.calls.append(step)
        self.contexts.append(CONTEXT.get())

    def _answer(self):
        if self.error is not None:
            raise self.error
        return OK


def call(**options):
    return HttpCall(method="GET", url="https://x.test/a", auth=None, **options)


def one(step):
    return (yield step)


def both(flow_of, performer, interruption=None):
    """Runs a flow by either driver; gives what each gave, or raised."""
    outcomes = []
    for driver in (drive, lambda *args: asyncio.run(adrive(*args))):
        try:
            outcomes.append(driver(flow_of(), performer, interruption))
        except Exception as error:  # noqa: BLE001  # it is the outcome
            outcomes.append(type(error))
    return outcomes


@pytest.mark.parametrize("interruption", [None, Interruption()])
def test_steps_and_the_value(interruption):
    def flow():
        first = yield call(timeout=5)
        yield Sleep(0.01)
        second = yield call(timeout=5)
        return first, second

    performer = Slow()
    assert both(flow, performer, interruption) == [(OK, OK), (OK, OK)]
    assert len(performer.calls) == 4


@pytest.mark.parametrize("interruption", [None, Interruption()])
def test_our_errors_go_into_the_flow_and_others_do_not(interruption):
    def flow():
        try:
            yield call(timeout=5)
        except ServerError:
            return "caught"
        except LookupError:
            return "must not be"

    assert both(flow, Slow(error=ServerError("x")), interruption) == ["caught", "caught"]
    assert both(flow, Slow(error=LookupError("x")), interruption) == [LookupError, LookupError]


def test_the_flow_is_closed_whatever_happens():
    closed = []

    def flow():
        try:
            yield call()
        finally:
            closed.append(1)

    both(flow, Slow(error=LookupError("x")))
    assert closed == [1, 1]


def test_the_context_goes_along():
    performer = Slow()
    CONTEXT.set("mine")
    both(lambda: one(call(timeout=5)), performer, Interruption())
    assert performer.contexts == ["mine", "mine"]


def test_a_call_is_made_in_a_thread_that_does_not_keep_the_interpreter():
    class Thread(Slow):
        def _answer(self):
            self.thread = threading.current_thread()
            return OK

    performer = Thread()
    drive(one(call(timeout=5)), performer, Interruption())
    assert (performer.thread.name, performer.thread.daemon) == ("seacloud-call", True)


def test_a_call_that_has_timed_out_is_not_waited_for_again(monkeypatch):
    monkeypatch.setattr(drivers, "SALVAGE_SECONDS", 30.0)
    for driver in (drive, lambda *args: asyncio.run(adrive(*args))):
        began = time.monotonic()
        with pytest.raises(TimedOut):
            driver(one(call(on_answer=print, timeout=0.1)), Slow(10), Interruption())
        assert time.monotonic() - began < 4


def test_a_call_lasts_no_longer_than_its_timeout():
    for driver in (drive, lambda *args: asyncio.run(adrive(*args))):
        began = time.monotonic()
        with pytest.raises(TimedOut, match=r"0\.1 seconds"):
            driver(one(call(timeout=0.1)), Slow(10), Interruption())
        assert time.monotonic() - began < 8


def test_a_call_may_say_itself_what_timed_out():
    for driver in (drive, lambda *args: asyncio.run(adrive(*args))):
        with pytest.raises(TimedOut, match="the transport's own words"):
            driver(one(call(timeout=0.1)), Slow(0.2, error=TimedOut("the transport's own words")), Interruption())


def test_an_interruption_ends_a_wait():
    for driver in (drive, lambda *args: asyncio.run(adrive(*args))):
        interruption = Interruption()
        threading.Timer(0.1, interruption.set).start()
        began = time.monotonic()
        with pytest.raises(Interrupted):
            driver(one(Sleep(10)), Slow(), interruption)
        assert time.monotonic() - began < 8


def test_an_interruption_ends_a_call():
    for driver in (drive, lambda *args: asyncio.run(adrive(*args))):
        interruption = Interruption()
        threading.Timer(0.1, interruption.set).start()
        began = time.monotonic()
        with pytest.raises(Interrupted):
            driver(one(call(timeout=30)), Slow(10), interruption)
        assert time.monotonic() - began < 8


def test_after_an_interruption_nothing_is_sent():
    interruption = Interruption()
    interruption.set()
    performer = Slow()
    assert both(lambda: one(call()), performer, interruption) == [Interrupted, Interrupted]
    assert performer.calls == []


async def test_a_call_that_is_given_up_is_cancelled():
    performer = Slow(10)
    with anyio.move_on_after(0.1):
        await adrive(one(call()), performer, Interruption())
    assert performer.was_cancelled


async def test_a_call_that_is_given_up_and_fails_is_not_complained_of():
    class Stubborn(Slow):
        async def aperform(self, step):
            try:
                return await super().aperform(step)
            except asyncio.CancelledError:
                raise LookupError("while it closed") from None

    complaints = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
    with anyio.move_on_after(0.1) as scope:
        await adrive(one(call()), Stubborn(10), Interruption())
    assert scope.cancelled_caught
    gc.collect()
    assert complaints == []


def test_an_answer_that_is_needed_is_waited_for_a_little_longer():
    for driver in (drive, lambda *args: asyncio.run(adrive(*args))):
        interruption, answers = Interruption(), []
        threading.Timer(0.1, interruption.set).start()
        with pytest.raises(Interrupted):
            driver(one(call(on_answer=answers.append, timeout=30)), Slow(0.5), interruption)
        assert answers == [OK]


def test_but_not_for_long():
    for driver in (drive, lambda *args: asyncio.run(adrive(*args))):
        interruption, answers = Interruption(), []
        threading.Timer(0.1, interruption.set).start()
        began = time.monotonic()
        with pytest.raises(Interrupted):
            driver(one(call(on_answer=answers.append, timeout=30)), Slow(12), interruption)
        assert time.monotonic() - began < 10
        assert answers == []


@pytest.mark.parametrize(
    ("needed", "cause", "seconds"),
    [
        (True, Interrupted(), 2.0),
        (True, KeyboardInterrupt(), 2.0),
        (True, TimedOut("late"), 0.0),
        (False, Interrupted(), 0.0),
        (False, TimedOut("late"), 0.0),
    ],
)
def test_how_much_longer_an_answer_is_waited_for(needed, cause, seconds):
    assert _patience(call(on_answer=print if needed else None), cause) == seconds


def test_where_no_thread_can_be_started_the_call_is_made_all_the_same(monkeypatch):
    def refuse(self):
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert drive(one(call(timeout=1)), Slow(), Interruption()) is OK


def test_while_the_interpreter_ends_the_call_is_made_where_it_is_asked_for(monkeypatch):
    """Before Python 3.12 a thread is started then, never runs, and is waited for without an end."""
    made = []

    class Here(Slow):
        def perform(self, step):
            made.append(threading.current_thread())
            return super().perform(step)

    monkeypatch.setattr(sys, "is_finalizing", lambda: True)
    assert drive(one(call(timeout=1)), Here(), Interruption()) is OK
    assert made == [threading.current_thread()]


def cleaner(done, replacement=None):
    def clean_up(cause):
        def flow():
            yield call(timeout=1)
            done.append(type(cause))
            if replacement is not None:
                raise replacement

        return flow()

    return clean_up


@pytest.mark.parametrize("cause", [LookupError, KeyboardInterrupt, GeneratorExit])
def test_cleaning_up_after_any_cause(cause):
    done = []
    with pytest.raises(cause), cleaning_up(cleaner(done), Slow()):
        raise cause
    assert done == [cause]


async def test_cleaning_up_async():
    done = []
    with pytest.raises(LookupError):
        async with acleaning_up(cleaner(done), Slow()):
            raise LookupError
    assert done == [LookupError]


async def test_no_cleaning_up_without_cause():
    done = []
    with cleaning_up(cleaner(done), Slow()):
        pass
    async with acleaning_up(cleaner(done), Slow()):
        pass
    assert done == []


async def test_a_cause_after_which_there_is_nothing_to_clean_is_raised_as_it_is():
    performer, cause = Slow(), LookupError("mine")
    with pytest.raises(LookupError) as caught, cleaning_up(lambda _: None, performer):
        raise cause
    assert caught.value is cause
    with pytest.raises(LookupError) as caught:
        async with acleaning_up(lambda _: None, performer):
            raise cause
    assert caught.value is cause
    assert performer.calls == []


async def test_an_error_that_takes_the_causes_place():
    with pytest.raises(ServerError), cleaning_up(cleaner([], ServerError("x")), Slow()):
        raise Interrupted
    with pytest.raises(ServerError):
        async with acleaning_up(cleaner([], ServerError("x")), Slow()):
            raise Interrupted


async def test_cleaning_up_survives_anyios_cancellation():
    done = []
    with anyio.move_on_after(0.05) as scope:
        async with acleaning_up(cleaner(done), Slow(0.2)):
            await anyio.sleep(10)
    assert scope.cancelled_caught
    assert done == [asyncio.CancelledError]


async def test_cleaning_up_waits_and_does_not_spin_under_anyios_cancellation(monkeypatch):
    """Without a shield, anyio would cancel each wait for the clean-up again, as fast as it is begun anew."""
    waits, wait = [], asyncio.wait
    monkeypatch.setattr(asyncio, "wait", lambda *args, **options: (waits.append(1), wait(*args, **options))[1])
    with anyio.move_on_after(0.05):
        async with acleaning_up(cleaner([]), Slow(0.3)):
            await anyio.sleep(10)
    assert len(waits) < 5


def after_a_call_that_is_too_slow(done):
    def clean_up(cause):
        try:
            yield call(timeout=0.1)
        except TimedOut:
            done.append(type(cause))

    return clean_up


def test_a_call_that_cleans_up_lasts_no_longer_than_its_timeout():
    done, began = [], time.monotonic()
    with pytest.raises(LookupError), cleaning_up(after_a_call_that_is_too_slow(done), Slow(10)):
        raise LookupError
    assert time.monotonic() - began < 8
    assert done == [LookupError]


async def test_a_call_that_cleans_up_lasts_no_longer_than_its_timeout_async():
    done = []
    with pytest.raises(LookupError):
        async with acleaning_up(after_a_call_that_is_too_slow(done), Slow(10)):
            raise LookupError
    assert done == [LookupError]


async def test_shielded_ends_in_time():
    ended = []

    async def work():
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    began = time.monotonic()
    await shielded(work(), 0.1)
    assert time.monotonic() - began < 15
    assert ended == ["cancelled"]


async def test_shielded_uses_all_the_time_there_is():
    done = []

    async def work():
        await asyncio.sleep(0.1)
        done.append(1)

    await shielded(work(), 0.9)
    assert done == [1]


async def test_shielded_does_not_wait_for_what_does_not_end():
    stop = asyncio.Event()

    async def work():
        while not stop.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await stop.wait()

    began = time.monotonic()
    await shielded(work(), 0.1)
    assert time.monotonic() - began < 15
    stop.set()


async def test_shielded_raises_what_went_wrong():
    async def work():
        raise ServerError("busy")

    with pytest.raises(ServerError, match="busy"):
        await shielded(work())


async def test_shielded_raises_the_cancellation_once_it_is_done():
    done = []

    async def work():
        await asyncio.sleep(0.2)
        done.append(1)

    task = asyncio.create_task(shielded(work()))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done == [1]
