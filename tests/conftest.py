"""What all tests share: no network but the loopback, nothing of the machine's own settings, cassettes, quick tasks."""

from __future__ import annotations

import faulthandler
import os
import signal
import threading
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cassettes import DIRECTORY, REPLAY_ROOT, Tape, cassette
from seacloud_client.media_tools.journal import TaskJournal

if TYPE_CHECKING:
    from seacloud_emulator import Emulator

_MACHINE = {name: os.environ.get(name) for name in ("SEACLOUD_API_KEY", "SEACLOUD_BASE_URL")}
"""What the machine's environment said before the tests took it away: recording may talk to the service with it."""


_STDERR = pytest.StashKey[int]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--record-cassettes",
        action="store_true",
        help="record the cassettes anew: against the service with SEACLOUD_API_KEY, else against the emulator",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Sets right what the tests, and programs that they start, take over; keeps the way to the terminal."""
    config.stash[_STDERR] = os.dup(2)  # here nothing is captured yet
    for name in list(os.environ):
        proxy = name.lower().endswith("_proxy") and not config.getoption("--record-cassettes")
        if proxy or name.startswith(("LANGSMITH_", "LANGCHAIN_")):
            del os.environ[name]  # no proxy stands before the loopback, and nothing is traced to anywhere
    if hasattr(config, "workerinput"):  # xdist's workers are measured, but what measures would change how programs end
        os.environ.pop("COVERAGE_PROCESS_CONFIG", None)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)  # as a shell leaves it for what runs in the background


def pytest_unconfigure(config: pytest.Config) -> None:
    """Lets no thread that a test left waiting keep the program alive. xdist ends its workers itself."""
    if not hasattr(config, "workerinput"):
        faulthandler.dump_traceback_later(60, file=config.stash[_STDERR], exit=True)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if "tape" in getattr(item, "fixturenames", ()):
            item.add_marker("cassette")
            if config.getoption("--record-cassettes"):
                item.add_marker("enable_socket")


def _watched(item: pytest.Item) -> None:
    """Lets the process of a test that even its time limit does not end say where it stands, and die.

    pytest-timeout raises in the main thread, once: code that catches it, or waits for a thread on the way out, would
    stand still for ever, and the whole run with it. Here nothing has to run: xdist names the test as one that crashed.
    """
    marker = item.get_closest_marker("timeout")
    allowed = item.config.getoption("timeout") or item.config.getini("timeout")
    if marker is not None:
        allowed = marker.args[0] if marker.args else marker.kwargs["timeout"]
    faulthandler.dump_traceback_later(2 * float(allowed) + 60, file=item.config.stash[_STDERR], exit=True)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    _watched(item)
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


@pytest.hookimpl(trylast=True)
def pytest_exception_interact(node: pytest.Item | pytest.Collector) -> None:
    if isinstance(node, pytest.Item):  # pytest itself stops the watch when a test fails, before it is torn down
        _watched(node)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests say where the service is; what the machine's environment says must not matter."""
    for name in (*_MACHINE, "SEACLOUD_CONTRACTS_URL", "LC_OUTPUT_VERSION"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def quick_tasks(seacloud_env: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """The emulator's tasks take a moment, and are asked after at once."""
    monkeypatch.setattr("seacloud_client.lifecycle.FIRST_INTERVAL", 0.05)


@pytest.fixture
def journal(tmp_path: Path) -> TaskJournal:
    """What durable tools write down."""
    return TaskJournal(tmp_path / "journal.sqlite", patience=0.5)


@pytest.fixture
def tape(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tape]:
    """The test's own cassette, by the test's name, with the environment pointing at where it plays or records."""
    recording = request.config.getoption("--record-cassettes")
    root, key = REPLAY_ROOT, "sk-replayed"
    if recording and _MACHINE["SEACLOUD_API_KEY"]:
        root, key = _MACHINE["SEACLOUD_BASE_URL"] or "https://cloud.seaart.ai", _MACHINE["SEACLOUD_API_KEY"]
    elif recording:
        root, key = request.getfixturevalue("seacloud_emulator").url, "sk-recorded"
    monkeypatch.setenv("SEACLOUD_BASE_URL", root)
    monkeypatch.setenv("SEACLOUD_API_KEY", key)
    name = request.node.name.removeprefix("test_").replace("[", "-").replace("]", "")
    folder = DIRECTORY / request.node.path.stem.removeprefix("test_")
    with cassette(folder / f"{name}.yaml", root=root, key=key, record=recording) as played:
        yield Tape(root, key, played)
