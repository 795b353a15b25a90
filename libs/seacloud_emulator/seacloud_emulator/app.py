"""The application: its state, its routes, and the layers around them."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from seacloud_emulator import contracts_api, control, files_api, llm_api, queue_api
from seacloud_emulator.brain.cache import PromptCache
from seacloud_emulator.fault_layer import FaultLayer
from seacloud_emulator.faults import Faults
from seacloud_emulator.journal import Journal, JournalLayer
from seacloud_emulator.protocols.responses.store import ResponseStore
from seacloud_emulator.refusals import Refusal, llm_error
from seacloud_emulator.settings import EmulatorSettings
from seacloud_emulator.tasks import Tasks

_APIS = (llm_api, queue_api, files_api, contracts_api, control)

Problems = Callable[[str, "dict[str, Any]"], "list[str]"]
"""What the strict check is: a protocol and a request body to what is wrong with it."""


class StrictUnavailableError(RuntimeError):
    """The strict check is asked for, and what it needs is not installed."""


class Application:
    """An emulator without a server: its state, and the ASGI application over it.

    Attributes:
        app: the ASGI application.
        settings: the settings in force.
        faults: the faults in store.
        journal: the log of requests.
        tasks: the tasks of the queue.
        cache: the prompts that were marked for caching.
        responses: the answers of Responses that were stored.
    """

    def __init__(self, settings: EmulatorSettings) -> None:
        self._first_settings = settings
        self._problems: Problems | None = load_problems() if settings.strict else None
        self.settings = settings
        self.faults = Faults()
        self.journal = Journal()
        self.tasks = Tasks()
        self.cache = PromptCache()
        self.responses = ResponseStore()
        self.answered = 0
        self.app = self._build()

    def configure(self, **changes: Any) -> None:
        """Changes settings.

        Raises:
            StrictUnavailableError: if `strict` is turned on and the SDKs are not installed.
            TypeError: for a setting that there is not.
        """
        settings = replace(self.settings, **changes)
        if settings.strict and self._problems is None:
            self._problems = load_problems()
        self.settings = settings

    def reset(self) -> None:
        """Forgets all that has happened, and goes back to the first settings."""
        self.configure(**asdict(self._first_settings))
        for state in (self.faults, self.journal, self.tasks, self.cache, self.responses):
            state.clear()
        self.answered = 0

    def count_answer(self) -> int:
        """The number of this answer, from 1: what makes ids differ."""
        self.answered += 1
        return self.answered

    def problems(self, protocol: str, body: dict[str, Any]) -> list[str]:
        """What the official SDK's request types have against a request; nothing unless the emulator is strict."""
        return self._problems(protocol, body) if self.settings.strict and self._problems else []

    def _build(self) -> ASGIApp:
        return Starlette(
            routes=[route for api in _APIS for route in api.routes(self)],
            middleware=[
                Middleware(JournalLayer, journal=self.journal),
                Middleware(FaultLayer, faults=self.faults, journal=self.journal),
            ],
            exception_handlers={Refusal: _refuse, HTTPException: _refuse_http},
        )


def create_app(
    *, strict: bool = False, queue_seconds: float = 0.2, run_seconds: float = 0.6, chunk_seconds: float = 0.0
) -> ASGIApp:
    """The emulator as an ASGI application, for a server of your own. The arguments are those of `Emulator`."""
    return Application(EmulatorSettings(strict, queue_seconds, run_seconds, chunk_seconds)).app


def load_problems() -> Problems:
    """The strict check.

    Raises:
        StrictUnavailableError: if the SDKs that it needs are not installed.
    """
    try:
        for sdk in ("openai", "anthropic"):
            importlib.import_module(sdk)
        module = importlib.import_module("seacloud_emulator.strict")
    except ImportError as error:
        raise StrictUnavailableError(
            f"strict needs the official SDKs ({error}): pip install 'seacloud-emulator[strict]'."
        ) from None
    problems: Problems = module.problems
    return problems


def _refuse(_: Request, refusal: Exception) -> Response:
    if not isinstance(refusal, Refusal):
        raise refusal
    return JSONResponse(refusal.body, refusal.status, refusal.headers)


def _refuse_http(request: Request, error: Exception) -> Response:
    """What the router refuses: unknown paths, wrong methods."""
    if not isinstance(error, HTTPException):
        raise error
    if not request.url.path.startswith("/llm"):
        return JSONResponse({"detail": error.detail}, error.status_code, error.headers)
    message = f"{error.detail}: {request.method} {request.url.path}"
    kind = "not_found_error" if error.status_code == 404 else "invalid_request_error"
    return JSONResponse(llm_error(request.url.path, message, kind=kind), error.status_code, error.headers)
