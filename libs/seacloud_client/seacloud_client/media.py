"""What a task made: typed records of the outputs, that can be saved, read, and looked at in a notebook."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

from typing_extensions import TypedDict, Unpack

from seacloud_client.downloads import Downloader, Wanted
from seacloud_client.media_html import html_of
from seacloud_client.media_types import kind_of, media_type_of, media_type_of_name, media_type_of_url

N = TypeVar("N", int, float)


class DownloadOptions(TypedDict, total=False):
    """How something is downloaded.

    Attributes:
        max_bytes: the most that is taken, in bytes; a gibibyte by default.
        timeout: seconds that it may take, 600 by default.
        allow_private: whether it may come from a private address. The service's own host always may.
        on_progress: told the bytes so far, and of how many (`None` if that is not known).
    """

    max_bytes: int
    timeout: float
    allow_private: bool
    on_progress: Callable[[int, int | None], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One thing that a task made.

    Attributes:
        type: `image`, `video`, `audio`, `text`, `3d`, or the service's own word for another kind; `unknown` if there
            is nothing to tell it by.
        url: where the file is, for a while; it may be a `data:` URL.
        content_type: the media type, such as `image/png`.
        file_name: the file's name, as the service gives it: not a safe path.
        file_size: its length in bytes.
        width: in pixels.
        height: in pixels.
        duration: in seconds.
        text: the text itself, of an output that is one.
        raw: the service's record, whole.
    """

    type: str
    url: str | None = None
    content_type: str | None = None
    file_name: str | None = None
    file_size: int | None = None
    width: int | None = None
    height: int | None = None
    duration: float | None = None
    text: str | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)
    downloader: Downloader | None = field(default=None, repr=False, compare=False)

    def save(
        self, directory: str | PathLike[str] = ".", *, name: str | None = None, **options: Unpack[DownloadOptions]
    ) -> Path:
        """Saves it as a new file, and says where. Nothing is overwritten, and nothing is left behind on failure.

        Args:
            directory: where to; it is made if need be.
            name: the file's name; by default the service's. The ending is made to fit what the file really is.
            options: see `DownloadOptions`.

        Raises:
            DownloadError: if there is nothing to download, or it cannot be had, or not safely.
        """
        return self._downloads.save(self._wanted(options), Path(directory), name or self.file_name)

    async def asave(
        self, directory: str | PathLike[str] = ".", *, name: str | None = None, **options: Unpack[DownloadOptions]
    ) -> Path:
        """`save`, async."""
        return await self._downloads.asave(self._wanted(options), Path(directory), name or self.file_name)

    def read(self, **options: Unpack[DownloadOptions]) -> bytes:
        """The file's content, by the rules of `save`."""
        return self._downloads.read(self._wanted(options))

    async def aread(self, **options: Unpack[DownloadOptions]) -> bytes:
        """`read`, async."""
        return await self._downloads.aread(self._wanted(options))

    def _wanted(self, options: DownloadOptions) -> Wanted:
        says_nothing = self.content_type is None or self.content_type.startswith("application/octet-stream")
        declared = self.type if says_nothing else self.content_type
        return Wanted(self.url, declared, self.text, self.file_size, **options)

    @property
    def _downloads(self) -> Downloader:
        return self.downloader or Downloader()

    def __reduce__(self) -> tuple[Any, ...]:
        # The downloader holds connections. A copy in another process makes its own.
        return (read_output, (dict(self.raw),))

    def _repr_html_(self) -> str:
        return html_of([self])


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskResult:
    """What a task made.

    Attributes:
        model: the model that made it.
        request_id: the task's id.
        outputs: what was made, in order.
        metadata: what the service tells about it.
        raw: the service's answer, whole.
    """

    model: str
    request_id: str
    outputs: tuple[Output, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def save(self, directory: str | PathLike[str] = ".", **options: Unpack[DownloadOptions]) -> list[Path]:
        """Saves every output. The options are those of `Output.save`.

        Raises:
            DownloadError: at the first that cannot be had. What was saved before stays.
        """
        return [output.save(directory, **options) for output in self.outputs]

    async def asave(self, directory: str | PathLike[str] = ".", **options: Unpack[DownloadOptions]) -> list[Path]:
        """`save`, async, one after the other."""
        return [await output.asave(directory, **options) for output in self.outputs]

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:  # noqa: ARG002  # IPython's
        """What a notebook shows: the pictures, and players for sounds and films."""
        return {"text/plain": repr(self), "text/html": self._repr_html_()}

    def _repr_html_(self) -> str:
        return html_of(self.outputs)


def read_result(body: Mapping[str, Any], *, model: str, request_id: str, downloader: Downloader) -> TaskResult:
    """The result that the service's answer holds. A record that is none of the documented form is kept in `raw`."""
    outputs = body.get("outputs")
    records = outputs if isinstance(outputs, list) else [outputs]
    metadata = body.get("metadata")
    return TaskResult(
        model=model,
        request_id=request_id,
        outputs=tuple(read_output(record, downloader) for record in records if record is not None),
        metadata=metadata if isinstance(metadata, dict) else {},
        raw=body,
    )


def read_output(record: Any, downloader: Downloader | None = None) -> Output:
    """One output. A bare string is an address, or else a text."""
    if isinstance(record, str):
        record = {"url" if record.lower().startswith(("http://", "https://", "data:")) else "text": record}
    elif not isinstance(record, dict):
        record = {"value": record}
    content_type = _text(record, "content_type")
    url, file_name, text = _text(record, "url"), _text(record, "file_name"), _text(record, "text")
    guess = media_type_of(content_type) or media_type_of_name(file_name) or media_type_of_url(url)
    return Output(
        type=kind_of(_text(record, "type"), guess) or ("text" if text is not None else "unknown"),
        url=url,
        content_type=content_type,
        file_name=file_name,
        file_size=_number(record, "file_size", int),
        width=_number(record, "width", int),
        height=_number(record, "height", int),
        duration=_number(record, "duration", float),
        text=text,
        raw=record,
        downloader=downloader,
    )


def _text(record: Mapping[str, Any], name: str) -> str | None:
    value = record.get(name)
    return value if isinstance(value, str) and value else None


def _number(record: Mapping[str, Any], name: str, kind: Callable[[float], N]) -> N | None:
    value = record.get(name)
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value <= sys.float_info.max:
        return None
    return kind(value)
