"""What SeaCloud's media tools share: their answers as blocks, their progress as events, and how they fail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, TypeAlias

from llama_index.core.base.llms.types import ContentBlock, ImageBlock, TextBlock
from llama_index.core.workflow import Event
from seacloud_client.errors import SeaCloudError
from seacloud_client.media import TaskResult
from seacloud_client.media_tools.outcomes import CallFailed
from seacloud_client.media_tools.questions import progress_facts
from seacloud_client.media_tools.results import Saved, picture_of, result_facts, result_text
from seacloud_client.media_tools.texts import advice_on, make_harmless
from seacloud_client.settings import Settings
from seacloud_client.task_wire import TaskStatus

Answer: TypeAlias = dict[str, Any]
"""What a tool gives, as JSON: the `text` that the agent's model reads, the `pictures` that it is shown, and of a result
the `facts` for the program."""


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
    return SeaCloudProgress(**progress_facts(model, status))


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


def generated_event(answer: Answer) -> SeaCloudGenerated:
    """An answer that tells a result as an event."""
    return SeaCloudGenerated(**answer["facts"])


def text_answer(text: str) -> Answer:
    """An answer that is a text."""
    return {"text": text, "pictures": []}


def result_answer(result: TaskResult, saved: Saved, settings: Settings, *, show_images: bool) -> Answer:
    """An answer that tells a result."""
    pictures = [picture for output in result.outputs if (picture := picture_of(output)) is not None]
    return {
        "text": result_text(result, saved, settings, untold="(too long to be told)"),
        "pictures": [asdict(picture) for picture in pictures] if show_images else [],
        "facts": result_facts(result, saved),
    }


def blocks_of(answer: Answer) -> list[ContentBlock]:
    """What an agent's model reads of an answer, and the pictures themselves."""
    shown = [_image_block(**picture) for picture in answer["pictures"]]
    return [TextBlock(text=answer["text"]), *(block for block in shown if block is not None)]


def _image_block(url: str | None, data: str | None, media_type: str | None) -> ImageBlock | None:
    """The picture; `None` where the address is none that LlamaIndex takes: the text tells of it nevertheless."""
    try:
        if data is not None:
            return ImageBlock(image=data.encode("ascii"), image_mimetype=media_type)
        return ImageBlock(url=url, image_mimetype=media_type)
    except ValueError:  # pydantic's is one too
        return None


@contextmanager
def telling_errors(settings: Settings) -> Iterator[None]:
    """Makes the client's errors such as the agent's model is to read, which LlamaIndex has it do."""
    try:
        yield
    except SeaCloudError as error:
        raise _told(error, settings) from None


def _told(error: SeaCloudError, settings: Settings) -> SeaCloudError:
    """The failure itself, in harmless words, and with a word against paying twice."""
    cause = error.__cause__ if isinstance(error, CallFailed) else None
    failure = make_harmless(cause if isinstance(cause, SeaCloudError) else error, settings)
    failure.message += advice_on(failure)
    return failure
