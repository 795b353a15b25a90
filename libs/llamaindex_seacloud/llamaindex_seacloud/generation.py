"""What SeaCloud's media tools share: their names, their results as blocks, their progress as events."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from llama_index.core.base.llms.types import ContentBlock, ImageBlock, TextBlock
from llama_index.core.workflow import Event
from seacloud_client.errors import DownloadError, SeaCloudError, SubmitOutcomeUnknown
from seacloud_client.media import Output
from seacloud_client.queue import TaskResult, TaskStatus
from seacloud_client.settings import Settings

MAX_NAME = 64
"""The longest name of a tool that every protocol takes."""

MAX_FACT = 200
"""Characters of each of the service's words that are told."""

MAX_ERROR = 800
"""Characters of an error's message that are told."""

MAX_ADDRESS = 4000
"""Characters of an address that are told: signed ones are long, and useless if they are cut."""

MAX_TEXT = 20_000
"""Characters of a text that a task made which are told."""


class SeaCloudProgress(Event):
    """How a task is getting on, in an agent's stream of events.

    Attributes:
        model: the model that generates.
        request_id: the task's id.
        status: `IN_QUEUE`, `IN_PROGRESS` or `COMPLETED`.
        queue_position: its place in the queue, where it is told.
        progress: how much is done, from 0 to 1, where it is told.
    """

    model: str
    request_id: str
    status: str
    queue_position: int | None = None
    progress: float | None = None


def progress_event(model: str, status: TaskStatus) -> SeaCloudProgress:
    """A status as an event."""
    return SeaCloudProgress(
        model=model,
        request_id=status.request_id,
        status=status.status,
        queue_position=status.queue_position,
        progress=status.progress,
    )


class SeaCloudGenerated(Event):
    """What a task has made, in an agent's stream of events.

    Attributes:
        model: the model that made it.
        request_id: the task's id.
        outputs: the service's records: `url`, `content_type`, `width`, ...
        metadata: what the service tells about it.
        saved: where the files were saved, if they were.
    """

    model: str
    request_id: str
    outputs: list[dict[str, Any]]
    metadata: dict[str, Any]
    saved: list[str]


def generated_event(result: TaskResult, saved: Sequence[Path | DownloadError | None]) -> SeaCloudGenerated:
    """A result as an event."""
    return SeaCloudGenerated(
        model=result.model,
        request_id=result.request_id,
        outputs=[dict(output.raw) for output in result.outputs],
        metadata=dict(result.metadata),
        saved=[str(place) for place in saved if isinstance(place, Path)],
    )


def tool_names(models: Iterable[str], prefix: str, taken: Iterable[str] = ()) -> list[str]:
    """A name for each model's tool: letters, digits, `_` and `-`, 64 at most, and no two alike.

    Args:
        models: the models.
        prefix: what the names begin with.
        taken: names that others have.
    """
    names, others = [], set(taken)
    for model in models:
        name = re.sub(r"[^A-Za-z0-9_-]", "_", f"{prefix}_{model}")
        number = 1
        fitting = name[:MAX_NAME]
        while fitting in others:
            number += 1
            fitting = f"{name[: MAX_NAME - len(str(number)) - 1]}_{number}"
        names.append(fitting)
        others.add(fitting)
    return names


def told(error: SeaCloudError, settings: Settings) -> SeaCloudError:
    """An error as the agent's model is to read it: in one line, and with a word against paying twice."""
    error.message = clean_line(settings.without_key(error.message), MAX_ERROR)
    if isinstance(error, SubmitOutcomeUnknown):
        error.message += " Do not call this again by yourself: say so to the user."
    return error


def clean(text: str, limit: int) -> str:
    """A stranger's text, with nothing in it that is not seen, in at most so many characters.

    Control characters but tab and line feed, and format characters (those that turn the direction of writing, and the
    tags by which a text can be hidden in a text) become spaces.
    """
    cut = text[:limit]
    seen = "".join(sign if sign in "\t\n" or sign.isprintable() else " " for sign in cut)
    return seen if len(cut) == len(text) else f"{seen}..."


def clean_line(text: str, limit: int = MAX_FACT) -> str:
    """The same, in one line."""
    return " ".join(clean(text, limit).split())


def blocks_of(
    result: TaskResult, saved: Sequence[Path | DownloadError | None], *, show_images: bool
) -> list[ContentBlock]:
    """What an agent's model reads of a result: what was made and where it is, and the pictures themselves."""
    lines = [f"{result.model} made {len(result.outputs)} result(s), task {result.request_id}:"]
    for number, (output, place) in enumerate(zip(result.outputs, saved, strict=True), start=1):
        lines.append(f"{number}. {_described(output)}{_place(place)}")
    blocks: list[ContentBlock] = [TextBlock(text="\n".join(lines))]
    if show_images:
        shown = (_picture(output) for output in result.outputs if output.type == "image" and output.url)
        blocks += [picture for picture in shown if picture is not None]
    return blocks


def _described(output: Output) -> str:
    facts = [clean_line(output.content_type or output.type)]
    if output.width and output.height:
        facts.append(f"{output.width}x{output.height} pixels")
    if output.duration:
        facts.append(f"{output.duration:g} seconds")
    if output.text:
        facts.append(clean(output.text, MAX_TEXT))
    if output.url:
        facts.append(_address(output.url))
    return ", ".join(facts)


def _address(url: str) -> str:
    if url.startswith("data:"):
        return "(its bytes follow)"
    return clean_line(url, MAX_ADDRESS) if len(url) <= MAX_ADDRESS else "(its address is too long to be told)"


def _picture(output: Output) -> ImageBlock | None:
    """The picture; `None` where the address is none that LlamaIndex takes: the text tells of it nevertheless."""
    header, comma, data = (output.url or "").partition(";base64,")
    try:
        if header.startswith("data:") and comma:
            media_type = header.removeprefix("data:") or output.content_type
            return ImageBlock(image=data.encode("ascii"), image_mimetype=media_type)
        return ImageBlock(url=output.url, image_mimetype=output.content_type)
    except ValueError:  # pydantic's is one too
        return None


def _place(saved: Path | DownloadError | None) -> str:
    if saved is None:
        return ""
    return f", saved as {saved}" if isinstance(saved, Path) else f", not saved: {saved}"
