"""The emulator in tests: fixtures that pytest finds by itself once this distribution is installed.

- `seacloud_emulator`: the emulator, one server for the whole session, as good as new in each test. It is strict if the
  official SDKs are installed.
- `seacloud_env`: the same, with the variables `SEACLOUD_...` pointing at it, past any proxy of the environment's.

Where pytest-socket keeps tests from the network, a test with one of these fixtures may reach the loopback, unless it
has a marker of pytest-socket itself.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from seacloud_emulator.app import StrictUnavailableError, load_problems
from seacloud_emulator.server import Emulator

LOOPBACK = ("127.0.0.1", "::1", "localhost")

_FIXTURE = "seacloud_emulator"
_SOCKET_MARKERS = ("allow_hosts", "enable_socket", "disable_socket")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Lets tests that use the emulator reach it under pytest-socket."""
    if not config.pluginmanager.has_plugin("socket"):
        return
    for item in items:
        uses_emulator = _FIXTURE in getattr(item, "fixturenames", ())
        if uses_emulator and not any(item.get_closest_marker(name) for name in _SOCKET_MARKERS):
            item.add_marker(pytest.mark.allow_hosts(list(LOOPBACK)))


@pytest.fixture(scope="session")
def _seacloud_emulator_server() -> Iterator[Emulator]:
    try:
        load_problems()
    except StrictUnavailableError:
        strict = False
    else:
        strict = True
    with Emulator(strict=strict, queue_seconds=0.05, run_seconds=0.1) as emulator:
        yield emulator


@pytest.fixture
def seacloud_emulator(_seacloud_emulator_server: Emulator) -> Iterator[Emulator]:
    """The emulator, without any trace of earlier tests. Tasks wait 0.05 s and run 0.1 s unless configured."""
    _seacloud_emulator_server.reset()
    yield _seacloud_emulator_server
    _seacloud_emulator_server.reset()


@pytest.fixture
def seacloud_env(seacloud_emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """The emulator, with the environment pointing at it."""
    for name, value in seacloud_emulator.environment.items():
        monkeypatch.setenv(name, value)
    return seacloud_emulator
