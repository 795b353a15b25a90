"""The files that tasks make: their addresses, and the route that serves them.

Part of a file can be asked for, since browsers seek in films that way. None needs a key: the service's own links are
not said to need one.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from seacloud_emulator.media.pictures import is_picture
from seacloud_emulator.refusals import Refusal
from seacloud_emulator.tasks import COMPLETED, Task, Tasks
from seacloud_emulator.works import Work

if TYPE_CHECKING:
    from seacloud_emulator.app import Application

_OWN = re.compile(r"/files/(?P<request_id>\w+)/(?P<number>\d+)\.\w+")
_RANGE = re.compile(r"bytes=(?P<first>\d*)-(?P<last>\d*)")


def routes(application: Application) -> list[Route]:
    """The route of the files."""
    api = FilesApi(application)
    return [Route("/files/{request_id}/{number:int}.{suffix}", api.file, methods=["GET"])]


class FilesApi:
    """The handler of the files' route."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def file(self, request: Request) -> Response:
        """GET (or HEAD): a file, or a part of it."""
        work = _work(self._application.tasks, request.path_params["request_id"], request.path_params["number"])
        if work is None or request.path_params["suffix"] != work.suffix:
            raise Refusal(404, {"detail": "File not found"})
        return _part(await content_of(work), work.media_type, request.headers.get("range", ""))


def _part(content: bytes, media_type: str, wanted: str) -> Response:
    """The content, or the one range of it that is wanted (RFC 9110, 14): any other wish is ignored, as it may be."""
    headers = {"accept-ranges": "bytes"}
    span = _span(wanted, len(content))
    if span is None:
        return Response(content, 200, headers, media_type)
    if not span:
        return Response(b"", 416, {**headers, "content-range": f"bytes */{len(content)}"})
    headers["content-range"] = f"bytes {span[0]}-{span[-1]}/{len(content)}"
    return Response(content[span.start : span.stop], 206, headers, media_type)


def _span(wanted: str, size: int) -> range | None:
    """The bytes that are wanted, none of them if they are not there; or None if that is no wish for one range."""
    match = _RANGE.fullmatch(wanted)
    if match is None:
        return None
    first, last = match["first"], match["last"]
    if first and (not last or int(first) <= int(last)):
        return range(int(first), min(int(last) + 1 if last else size, size))
    return range(max(0, size - int(last)), size) if last and not first else None


async def content_of(work: Work) -> bytes:
    """A work's file, made in a thread since that takes a while."""
    return await asyncio.to_thread(work.make)


def root_of(request: Request) -> str:
    """The address of the emulator, as the caller knows it."""
    return f"{request.url.scheme}://{request.url.netloc}"


def address_of(request: Request, task: Task, number: int) -> str:
    """The address of a file."""
    return f"{root_of(request)}/files/{task.request_id}/{number}.{task.works[number].suffix}"


async def opening_of(request: Request, tasks: Tasks, parameters: Mapping[str, Any]) -> bytes | None:
    """The picture that a film is to begin with, if it is at hand: a data URL, or a file that a task here has made.

    Any other address is not asked: the emulator calls nobody.

    Raises:
        Refusal: 422 (assumed) for a data URL that holds no picture.
    """
    address = parameters.get("img_url", "")
    if address.startswith("data:"):
        return _picture_of(address)
    root = root_of(request)
    match = _OWN.fullmatch(address.removeprefix(root)) if address.startswith(root) else None
    work = _work(tasks, match["request_id"], int(match["number"])) if match else None
    return await content_of(work) if work is not None and work.kind == "image" else None


def _picture_of(data_url: str) -> bytes:
    head, _, data = data_url.partition(",")
    try:
        content = base64.b64decode(data, validate=True) if head.endswith(";base64") else b""
    except binascii.Error as error:
        raise Refusal(422, {"detail": f"img_url: the data is not base64: {error}"}) from error
    if not is_picture(content):
        raise Refusal(422, {"detail": "img_url: the data is no picture"})
    return content


def _work(tasks: Tasks, request_id: str, number: int) -> Work | None:
    """A file of a task that has succeeded."""
    task = tasks.by_id(request_id)
    if task is None or task.status != COMPLETED or task.outcome is not None or number >= len(task.works):
        return None
    return task.works[number]
