"""The same questions to `seacloud_client.Queue` and to fal-client: differences are seen here, not asserted.

It is no part of `make test`: it prints a table, which the README quotes. In an environment of its own:

    python -m venv .venv-peers-media
    .venv-peers-media/bin/pip install fal-client==1.0.3 -e libs/seacloud_client
    .venv-peers-media/bin/python tests/seacloud_client/peers.py

Both speak to a server in this program, which answers as both services' queues do, and writes down what it was sent.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import pickle
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import Any

import fal_client
import fal_client.client
from seacloud_client import Queue

KEY = "a-marked-key"
MODEL = "nano_banana_2"
NGINX = b"<html><body><center><h1>502 Bad Gateway</h1></center><hr><center>nginx</center></body></html>"


class Service(ThreadingHTTPServer):
    """A queue whose one task goes on until it is cancelled, or has been asked for often enough."""

    daemon_threads = True

    def __init__(self, *, troubles: int = 0, breaks: bool = False, asks: int = 10_000, elsewhere: str = "") -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.troubles, self.breaks, self.asks, self.elsewhere = troubles, breaks, asks, elsewhere
        self.seen: list[tuple[str, str, str, float]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def count(self, method: str, end: str = "") -> int:
        return sum(one[0] == method and one[1].partition("?")[0].endswith(end) for one in self.seen)


class Handler(BaseHTTPRequestHandler):
    server: Service

    def _answer(self) -> None:
        service = self.server
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        service.seen.append((self.command, self.path, self.headers.get("Authorization", ""), time.monotonic()))
        if self.command == "POST" and service.count("POST") <= service.troubles:
            if service.breaks:
                self.close_connection = True
            else:
                self._send(502, NGINX, "text/html")
            return
        done = service.count("PUT") or service.count("GET", "/status") > service.asks
        requests = f"{service.elsewhere or service.url}{self.path.partition('/requests/')[0]}/requests/one"
        body = {
            "request_id": "one",
            "status": "COMPLETED" if done else "IN_PROGRESS",
            "logs": [],
            "outputs": [],
            "status_url": f"{requests}/status",
            "response_url": f"{requests}/response",
            "cancel_url": f"{requests}/cancel",
        }
        self._send(200, json.dumps(body).encode(), "application/json")

    do_GET = do_POST = do_PUT = _answer  # noqa: N815  # the base class's names

    def _send(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serving(**how: Any) -> Iterator[Service]:
    with Service(**how) as service:
        threading.Thread(target=service.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield service
        finally:
            service.shutdown()


class Ours:
    """`Queue`, as its users call it."""

    def __init__(self, url: str) -> None:
        self.queue = Queue(api_key=KEY, base_url=url)
        self.submit: Callable[..., Any] = self.queue.submit
        self.run: Callable[..., Any] = self.queue.run
        self.arun: Callable[..., Awaitable[Any]] = self.queue.arun

    def run_with(self, callback: Callable[[object], None]) -> Any:
        return self.queue.run(MODEL, {"prompt": "x"}, on_update=callback)

    @staticmethod
    def deadline() -> object:
        return Queue(api_key=KEY).timeout


class Fals:
    """fal-client, as its users call it; the address of its queue is a constant of its module."""

    def __init__(self, url: str) -> None:
        fal_client.client.QUEUE_URL_FORMAT = f"{url}/v1/queue/"
        self.client = fal_client.SyncClient(key=KEY)
        self.submit: Callable[..., Any] = self.client.submit
        self.run: Callable[..., Any] = self.client.subscribe
        self.arun: Callable[..., Awaitable[Any]] = fal_client.AsyncClient(key=KEY).subscribe

    def run_with(self, callback: Callable[[object], None]) -> Any:
        return self.client.subscribe(MODEL, {"prompt": "x"}, on_queue_update=callback)

    @staticmethod
    def deadline() -> object:
        return inspect.signature(fal_client.SyncClient.subscribe).parameters["client_timeout"].default


Make = type[Ours] | type[Fals]


def posts_after_502(make: Make) -> str:
    return posts(make, troubles=1)


def posts_after_a_break(make: Make) -> str:
    return posts(make, troubles=1, breaks=True)


def posts(make: Make, **trouble: Any) -> str:
    with serving(**trouble) as service:
        with suppress(Exception):
            make(service.url).submit(MODEL, {"prompt": "x"})
        return str(service.count("POST"))


def after_a_cancelled_wait(make: Make) -> str:
    async def cancel_it() -> None:
        waiting = asyncio.ensure_future(make(service.url).arun(MODEL, {"prompt": "x"}))
        await asyncio.sleep(0.5)
        waiting.cancel()
        with suppress(asyncio.CancelledError):
            await waiting

    with serving() as service:
        asyncio.run(cancel_it())
        return cancelled(service)


def after_a_callback_that_raises(make: Make) -> str:
    def callback(_: object) -> None:
        raise RuntimeError("a mistake of the caller's")

    with serving() as service:
        with suppress(RuntimeError):
            make(service.url).run_with(callback)
        return cancelled(service)


def cancelled(service: Service) -> str:
    assert service.count("POST") == 1
    return "cancelled" if service.count("PUT", "/cancel") else "goes on"


def key_on_another_origin(make: Make) -> str:
    with serving() as other, serving(elsewhere=other.url) as service:
        said = "is not sent"
        try:
            make(service.url).submit(MODEL, {"prompt": "x"}).status()
        except Exception as error:  # noqa: BLE001  # whatever it is, it is the answer
            said += f"; {type(error).__name__}"
        return "is sent there" if any(KEY in header for _, _, header, _ in other.seen) else said


def pickled_handle(make: Make) -> str:
    with serving() as service:
        handle = make(service.url).submit(MODEL, {"prompt": "x"})
    try:
        pickle.dumps(handle)
    except TypeError:
        return "cannot be pickled"
    return "can be pickled"


def seconds_between_questions(make: Make) -> str:
    with serving(asks=4) as service:
        with suppress(Exception):
            make(service.url).run(MODEL, {"prompt": "x"})
        times = [at for method, path, _, at in service.seen if "/status" in path and method == "GET"]
        return ", ".join(f"{later - earlier:.1f}" for earlier, later in pairwise(times))


def deadline(make: Make) -> str:
    return str(make.deadline())


QUESTIONS: Mapping[str, Callable[[Make], str]] = {
    "`POST`s of one task, if a gateway answers 502 once": posts_after_502,
    "`POST`s of one task, if the first is sent and never answered": posts_after_a_break,
    "the remote task when the waiting asyncio task is cancelled": after_a_cancelled_wait,
    "the remote task when a progress callback raises": after_a_callback_that_raises,
    "the key, when `status_url` is on another origin": key_on_another_origin,
    "a task's handle": pickled_handle,
    "seconds between questions for the status": seconds_between_questions,
    "the overall deadline by default, in seconds": deadline,
}


def main() -> None:
    """Prints the table."""
    sys.stdout.write(f"| | `seacloud_client.Queue` | fal-client {fal_client.__version__} |\n")
    for words, ask in QUESTIONS.items():
        sys.stdout.write(f"| {words} | {ask(Ours)} | {ask(Fals)} |\n")


if __name__ == "__main__":
    main()
