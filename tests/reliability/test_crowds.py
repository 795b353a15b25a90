"""Many at once, in threads, loops and processes; and leaving in the middle.

Each is a program of its own (`programs/`), run in Python's development mode with all warnings as errors: a resource
that is not closed, a task that is never awaited or an event loop that is closed too early would be on stderr.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from seacloud_emulator import Emulator

from reliability.crowd_server import CrowdServer

pytestmark = pytest.mark.heavy

PROGRAMS = Path(__file__).parent / "programs"
STRICT = ("-X", "dev", "-W", "error")
LEAVING_SECONDS = 20.0


def run(url: str, program: str, *args: str, flags: tuple[str, ...] = STRICT, timeout: float = 60) -> str:
    """What a program prints. It must succeed, and say nothing on stderr but how long a step took."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SEACLOUD", "LANGSMITH"))}
    environment |= {"SEACLOUD_BASE_URL": url, "SEACLOUD_API_KEY": "k-crowd", "PYTHONPATH": ""}
    done = subprocess.run(
        [sys.executable, *flags, str(PROGRAMS / f"{program}.py"), *args],
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    complaints = [line for line in done.stderr.splitlines() if not line.startswith("Executing <")]
    assert (done.returncode, complaints) == (0, [])
    return done.stdout


@pytest.mark.allow_hosts(["127.0.0.1"])
@pytest.mark.parametrize("transport", ["httpx", "aiohttp"])
def test_a_thousand_streams_at_once(transport: str) -> None:
    if transport == "aiohttp":
        pytest.importorskip("httpx_aiohttp")
    with CrowdServer(1000) as server:
        said = json.loads(run(server.url, "crowd", transport, "1000", flags=("-W", "error")))
    assert (said["streams"], said["texts"]) == (1000, ["one two three"])
    assert server.most == 1000


def test_threads_loops_and_frameworks_together(seacloud_emulator: Emulator) -> None:
    assert json.loads(run(seacloud_emulator.url, "mixed")) == {"done": 6, "failed": [], "alive": []}


def test_forks_go_on_with_connections_of_their_own(seacloud_emulator: Emulator) -> None:
    assert run(seacloud_emulator.url, "forked").strip() == "True"


WAYS = (
    "sync_stream",
    "sync_stream_dropped",
    "langchain_stream",
    "llamaindex_stream",
    "async_stream",
    "async_stream_aiohttp",
    "loop_that_is_closed_bare",
    "cancelled_task",
    "thread_in_mid_stream",
    "thread_in_mid_wait",
    "loop_in_a_thread_in_mid_wait",
    "watched_task",
    "watched_task_of_a_thread_that_has_ended",
    "watched_task_that_is_kept",
    "watched_task_of_a_parent",
)

LEFT_RUNNING = ("watched_task_that_is_kept", "watched_task_of_a_parent")

KEPT_STREAMS = ("sync_stream", "langchain_stream", "llamaindex_stream")

TIMED_AT_EXIT = """
import datetime
def stream():
    try:
        yield
    finally:
        datetime.timedelta(seconds=1.5)
kept = [stream()]
next(kept[0])
"""
"""What httpx does when a stream that is still open goes with the interpreter: CPython 3.13.0 crashes of it."""


@pytest.mark.parametrize("way", WAYS)
def test_leaving_in_the_middle(way: str, seacloud_emulator: Emulator) -> None:
    if way.endswith("aiohttp"):
        pytest.importorskip("httpx_aiohttp")
    if way in KEPT_STREAMS and subprocess.run([sys.executable, "-c", TIMED_AT_EXIT], check=False).returncode:
        pytest.skip("this Python crashes if a timedelta is made while it exits, which httpx does")
    seacloud_emulator.configure(chunk_seconds=0.05, run_seconds=30.0)
    begun = time.monotonic()
    assert run(seacloud_emulator.url, "leaving", way).strip() == "left"
    assert time.monotonic() - begun < LEAVING_SECONDS
    waits = "wait" in way or "watched" in way
    end = None if way in LEFT_RUNNING else "CANCELED"
    assert [task.error_type for task in seacloud_emulator.tasks] == ([end] if waits else [])


def check_soak(said: dict[str, Any]) -> None:
    early, late, rounds = said["early"], said["late"], said["rounds"]
    assert rounds >= 5
    assert late["files"] <= early["files"] + 5
    assert late["objects"] <= early["objects"] * 1.02 + 500
    assert late["rss"] <= early["rss"] + 12_000_000


def test_a_short_soak(seacloud_emulator: Emulator) -> None:
    check_soak(json.loads(run(seacloud_emulator.url, "soak", "4", flags=("-W", "error"))))


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_long_soak(seacloud_emulator: Emulator) -> None:
    check_soak(json.loads(run(seacloud_emulator.url, "soak", "300", flags=("-W", "error"), timeout=500)))
