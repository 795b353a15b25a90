"""The emulator's own routes below `/__emulator__`, for those who run it in a process of its own."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from seacloud_emulator.faults import fault_from_json
from seacloud_emulator.json_text import read_json_text
from seacloud_emulator.refusals import Refusal, openai_error

if TYPE_CHECKING:
    from seacloud_emulator.app import Application


def routes(application: Application) -> list[Route]:
    """The emulator's own routes."""
    api = Control(application)
    return [
        Route("/__emulator__/requests", api.requests, methods=["GET"]),
        Route("/__emulator__/tasks", api.tasks, methods=["GET"]),
        Route("/__emulator__/faults", api.faults, methods=["GET"]),
        Route("/__emulator__/faults", api.order, methods=["POST"]),
        Route("/__emulator__/faults", api.forget, methods=["DELETE"]),
        Route("/__emulator__/reset", api.reset, methods=["POST"]),
    ]


class Control:
    """The handlers of the emulator's own routes."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def requests(self, _: Request) -> Response:
        """GET: the requests so far."""
        return JSONResponse([record.as_json() for record in self._application.journal.records()])

    async def tasks(self, _: Request) -> Response:
        """GET: the tasks and how they are getting on."""
        return JSONResponse([asdict(view) for view in self._application.tasks.views()])

    async def faults(self, _: Request) -> Response:
        """GET: the faults in store."""
        return JSONResponse(self._application.faults.pending())

    async def order(self, request: Request) -> Response:
        """POST: one fault, or a list of them."""
        try:
            orders = read_json_text(await request.body())
            for fault in [fault_from_json(order) for order in (orders if isinstance(orders, list) else [orders])]:
                self._application.faults.add(fault)
        except ValueError as error:  # a FaultError is one
            raise Refusal(400, openai_error(str(error))) from error
        return JSONResponse(self._application.faults.pending(), 201)

    async def forget(self, _: Request) -> Response:
        """DELETE: forgets the faults in store."""
        self._application.faults.clear()
        return JSONResponse([])

    async def reset(self, _: Request) -> Response:
        """POST: forgets requests, faults and tasks."""
        self._application.reset()
        return JSONResponse({})
