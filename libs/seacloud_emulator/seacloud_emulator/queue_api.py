"""The multimodal queue's routes: create, status, result, cancel.

What happens without a documented answer is assumed: the result of a failed task is its status body (200), and a
request for a webhook is refused with 400.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from seacloud_emulator.endpoints import check_parameters
from seacloud_emulator.files_api import address_of, content_of, opening_of, root_of
from seacloud_emulator.journal import RECORD
from seacloud_emulator.json_text import read_json_text
from seacloud_emulator.keys import queue_key
from seacloud_emulator.refusals import Refusal
from seacloud_emulator.tasks import COMPLETED, Task
from seacloud_emulator.works import works_of

if TYPE_CHECKING:
    from seacloud_emulator.app import Application

_REQUEST = "/model/v1/queue/{endpoint}/requests/{request_id}"


def routes(application: Application) -> list[Route]:
    """The queue's routes."""
    api = QueueApi(application)
    return [
        Route("/model/v1/queue/{endpoint}", api.create, methods=["POST"]),
        Route(f"{_REQUEST}/status", api.status, methods=["GET"]),
        Route(f"{_REQUEST}/response", api.result, methods=["GET"]),
        Route(f"{_REQUEST}/cancel", api.cancel, methods=["PUT"]),
    ]


class QueueApi:
    """The handlers of the queue's routes."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def create(self, request: Request) -> Response:
        """POST: a new task."""
        key = _key(request)
        endpoint = request.path_params["endpoint"]
        parameters = check_parameters(endpoint, await _body(request))
        if any("webhook" in name for name in request.query_params):
            raise Refusal(400, {"detail": "webhook not supported"})
        settings = self._application.settings
        opening = await opening_of(request, self._application.tasks, parameters)
        task = self._application.tasks.create(
            endpoint,
            parameters,
            key,
            works_of(endpoint, parameters, opening),
            (settings.queue_seconds, settings.run_seconds),
        )
        address = _address(request, task)
        return JSONResponse(
            {
                "request_id": task.request_id,
                "status_url": f"{address}/status",
                "response_url": f"{address}/response",
                "cancel_url": f"{address}/cancel",
                "queue_position": 0,
            }
        )

    async def status(self, request: Request) -> Response:
        """GET: how the task is getting on."""
        task = self._task(request)
        return JSONResponse(task.status_body(f"{_address(request, task)}/response"))

    async def result(self, request: Request) -> Response:
        """GET: the outputs of a task that succeeded; 202 with the status while it is not over."""
        task = self._task(request)
        status = task.status_body(f"{_address(request, task)}/response")
        if status["status"] != COMPLETED:
            return JSONResponse(status, 202)
        if task.outcome is not None:
            return JSONResponse(status)
        outputs = [await self._output(request, task, number) for number in range(len(task.works))]
        metadata = {"model": task.endpoint, "inference_time": task.inference_seconds()}
        return JSONResponse({"request_id": task.request_id, "outputs": outputs, "metadata": metadata})

    async def cancel(self, request: Request) -> Response:
        """PUT: cancels the task."""
        key = _key(request)
        task = self._application.tasks.of(key, request.path_params["endpoint"], request.path_params["request_id"])
        if task is None:
            return JSONResponse({"status": "NOT_FOUND"}, 404)
        if not task.cancel():
            return JSONResponse({"status": "ALREADY_COMPLETED"}, 400)
        self._application.journal.tell()
        return JSONResponse({"status": "CANCELLATION_REQUESTED"}, 202)

    def _task(self, request: Request) -> Task:
        key = _key(request)
        task = self._application.tasks.of(key, request.path_params["endpoint"], request.path_params["request_id"])
        if task is None:
            raise Refusal(404, {"detail": "Request not found"})
        return task

    async def _output(self, request: Request, task: Task, number: int) -> dict[str, Any]:
        work = task.works[number]
        return {
            "type": work.kind,
            "url": address_of(request, task, number),
            "content_type": work.media_type,
            "file_name": f"{number}.{work.suffix}",
            "file_size": len(await content_of(work)),
            **work.facts,
        }


def _key(request: Request) -> str:
    return queue_key(request, request.scope[RECORD].request_id)


async def _body(request: Request) -> Any:
    try:
        return read_json_text(await request.body())
    except ValueError as error:
        raise Refusal(422, {"detail": f"The body is not JSON: {error}"}) from error


def _address(request: Request, task: Task) -> str:
    return f"{root_of(request)}/model/v1/queue/{task.endpoint}/requests/{task.request_id}"
