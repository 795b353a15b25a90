"""What an agent's model reads of a generation tool, as LangChain's content: what was made, and what was wrong."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from seacloud_client.contract_problems import problems_of
from seacloud_client.media import Output, TaskResult
from seacloud_client.media_tools.results import Saved, picture_of, result_facts, result_text
from seacloud_client.media_tools.texts import MAX_ERROR, clean
from seacloud_client.settings import Settings

ContentAndArtifact = tuple[list[dict[str, Any]], dict[str, Any]]
"""What a tool gives: blocks that the agent's model reads, and the whole as JSON for the program."""


def text_block(text: str) -> dict[str, Any]:
    """A text as the standard block."""
    return {"type": "text", "text": text}


def correction(first: str, *problems: str) -> str:
    """What the agent's model is told of a call that it is to correct, with a line for each problem."""
    return "\n".join((f"{first}, and nothing was charged. Correct this and call again:", *problems))


def validation_text(error: Any) -> str:
    """What the agent's model is told if a call's arguments do not fit the tool."""
    problems = problems_of(error, ()) if isinstance(error, ValidationError) else (clean(str(error), MAX_ERROR),)
    return correction("Nothing was sent", *problems)


def answer_of(result: TaskResult, saved: Saved, settings: Settings, *, show_images: bool) -> ContentAndArtifact:
    """A result as the agent's model reads it, and as the whole.

    Args:
        result: what a task made.
        saved: where each output was saved, or why it was not; `None` where nobody asked for it.
        settings: of the queue.
        show_images: whether pictures are shown as blocks.
    """
    content = [text_block(result_text(result, saved, settings, untold="(in the artifact)"))]
    if show_images:
        content += [block for output in result.outputs if (block := image_block(output)) is not None]
    artifact = result_facts(result, saved)
    return content, {name: value for name, value in artifact.items() if name != "saved" or value}


def image_block(output: Output) -> dict[str, Any] | None:
    """A picture as the standard block; `None` for what is none, or none that every model with eyes can look at."""
    picture = picture_of(output)
    if picture is None:
        return None
    place = {"url": picture.url} if picture.data is None else {"base64": picture.data}
    return {"type": "image", **place, **({"mime_type": picture.media_type} if picture.media_type else {})}
