"""The emulator as an object: a server in a thread of its own, on a free port of the loopback."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast
from urllib.request import getproxies_environment

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from seacloud_emulator.app import Application
from seacloud_emulator.fault_layer import TRANSPORT
from seacloud_emulator.faults import Faults
from seacloud_emulator.journal import RequestRecord
from seacloud_emulator.settings import EmulatorSettings
from seacloud_emulator.tasks import TaskView

if TYPE_CHECKING:
    from typing_extensions import Self

START_SECONDS = 10.0
"""How long the server may take to start."""


class Emulator:
    """The SeaCloud API on loopback, for as long as a `with` block runs.

    Example:
        ```python
        from openai import OpenAI
        from seacloud_emulator import Emulator

        with Emulator() as emulator:
            client = OpenAI(base_url=f"{emulator.url}/llm/v1", api_key="sk-emulator")
        ```

    Args:
        strict: whether LLM requests must also satisfy the official SDKs' request types. Needs the extra `strict`.
        queue_seconds: how long a task waits in the queue.
        run_seconds: how long a task runs after that.
        chunk_seconds: the pause before each event of a stream.
        host: the address to listen at.
        port: the port to listen at; 0 takes a free one.

    Raises:
        StrictUnavailableError: if `strict` is asked for and the SDKs are not installed.
    """

    def __init__(
        self,
        *,
        strict: bool = False,
        queue_seconds: float = 0.2,
        run_seconds: float = 0.6,
        chunk_seconds: float = 0.0,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        settings = EmulatorSettings(strict, queue_seconds, run_seconds, chunk_seconds)
        self._application = Application(settings)
        self._host = host
        self._port = port
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The root address, such as `http://127.0.0.1:40123`: what `SEACLOUD_BASE_URL` is to be.

        Raises:
            RuntimeError: if it is not running.
        """
        if self._server is None:
            raise RuntimeError("the emulator is not running: use it in a `with` block, or call start()")
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables that point a program at it, `SEACLOUD_API_KEY` among them: any key does.

        Where the environment names a proxy, `no_proxy` is one more: with what it says already, and the emulator's host,
        which no proxy reaches.

        Raises:
            RuntimeError: if it is not running.
        """
        variables = {
            "SEACLOUD_BASE_URL": self.url,
            "SEACLOUD_CONTRACTS_URL": f"{self.url}/contracts",
            "SEACLOUD_API_KEY": "sk-emulator",
        }
        proxies = getproxies_environment()
        if proxies.keys() - {"no"}:
            variables["no_proxy"] = ",".join(filter(None, (proxies.get("no"), self._host)))
        return variables

    @property
    def faults(self) -> Faults:
        """The faults in store."""
        return self._application.faults

    @property
    def requests(self) -> list[RequestRecord]:
        """The requests so far, oldest first."""
        return self._application.journal.records()

    @property
    def tasks(self) -> list[TaskView]:
        """The tasks of the queue and how they are getting on, oldest first."""
        return self._application.tasks.views()

    @property
    def settings(self) -> EmulatorSettings:
        """The settings in force."""
        return self._application.settings

    def configure(self, **changes: Any) -> None:
        """Changes settings while it runs (`queue_seconds`, `run_seconds`, `chunk_seconds`, `strict`)."""
        self._application.configure(**changes)

    def reset(self) -> None:
        """Forgets requests, faults, tasks and counters, and goes back to the settings that it was made with."""
        self._application.reset()

    def wait_for(self, predicate: Callable[[Emulator], bool], timeout: float = 5.0) -> bool:
        """Waits until something is true of the emulator. Blocks: in async code call it in a thread.

        Args:
            predicate: what is to be true, such as `lambda emulator: emulator.requests[0].disconnected`.
            timeout: seconds to wait at most.

        Returns:
            Whether it came true.
        """
        deadline = time.monotonic() + timeout
        changed = self._application.journal.changed
        while not predicate(self):
            if time.monotonic() > deadline:
                return False
            with changed:
                changed.wait(0.02)  # a task's state changes with time alone, and tells nobody
        return True

    def start(self) -> Self:
        """Starts the server and gives the emulator back.

        Raises:
            OSError: if the address or the port cannot be listened at.
            RuntimeError: if the server does not start within `START_SECONDS`.
        """
        listener = _listen(self._host, self._port)
        self._port = listener.getsockname()[1]
        self._server = _Server(self._application, self._host)
        self._thread = threading.Thread(
            target=self._server.run, args=([listener],), name="seacloud-emulator", daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                listener.close()
                raise RuntimeError("the emulator's server did not start")
            time.sleep(0.002)
        return self

    def stop(self) -> None:
        """Closes all connections and stops the server. Does nothing if it is not running."""
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join()
        self._server = self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class _Server(uvicorn.Server):
    """uvicorn's server, which can also leave at once instead of waiting for the clients."""

    def __init__(self, application: Application, host: str) -> None:
        super().__init__(
            uvicorn.Config(
                application.app,
                host=host,
                http=_Connection,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=5,
            )
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Closes all connections, whatever they are doing, and then does what uvicorn does."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await super().shutdown(sockets)


class _Connection(H11Protocol):
    """uvicorn's connection, which also hands its transport to the application, for faults that close it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in h11's own
        super().connection_made(transport)
        application = self.app

        async def with_transport(scope: Any, receive: Any, send: Any) -> None:
            scope.setdefault("extensions", {})[TRANSPORT] = transport
            await application(scope, receive, send)

        self.app = cast("Any", with_transport)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except OSError:
        listener.close()
        raise
    return listener
