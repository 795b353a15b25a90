"""What a task made: as text for the agent's model, as a picture that it can look at, as JSON, and as files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, TypeAlias

from seacloud_client.errors import ConfigurationError, DownloadError
from seacloud_client.media import Output, TaskResult
from seacloud_client.media_tools.steps import Flow, Step
from seacloud_client.media_tools.texts import MAX_ADDRESS, MAX_TEXT, clean, clean_line, error_text
from seacloud_client.settings import Settings

Saved: TypeAlias = Sequence[Path | DownloadError | None]
"""Where each output was saved, or why it was not; `None` where nobody asked for it."""

SEEN_TYPES = frozenset(("image/png", "image/jpeg", "image/webp", "image/gif"))
"""The pictures that models of all providers can look at (OpenAI's and Anthropic's documentation of image input)."""


def usable_directory(directory: Path) -> Path:
    """A directory to save results in, which is made if need be, and tried: before anything is paid for.

    Raises:
        ConfigurationError: if it is none and cannot be made, or nothing can be written there.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=directory):
            return directory
    except (OSError, ValueError) as error:  # a ValueError, if its name holds what no name may
        reason = getattr(error, "strerror", None) or error
        raise ConfigurationError(
            f"Nothing can be saved in {str(directory)!r}: {reason}. Let save_to name a directory that can be written "
            "to."
        ) from None


def saving(result: TaskResult, directory: Path | None) -> Flow[Saved]:
    """Saves each output, if there is a directory, and gives where they are.

    An output that cannot be saved was made and paid for, so that is no failure of the tool.
    """
    if directory is None:
        return [None] * len(result.outputs)
    saved: list[Path | DownloadError | None] = []
    for output in result.outputs:
        try:
            saved.append((yield Step(partial(output.save, directory), partial(output.asave, directory))))
        except DownloadError as error:
            saved.append(error)
    return saved


def result_text(result: TaskResult, saved: Saved, settings: Settings, *, untold: str) -> str:
    """A result as the agent's model reads it: what was made and where it is, in a line each.

    Args:
        result: what a task made.
        saved: where each output was saved.
        settings: of the queue.
        untold: what is said in place of an address that is too long, or is the data itself.
    """
    lines = [f"{result.model} made {len(result.outputs)} result(s), task {result.request_id}:"]
    for number, (output, place) in enumerate(zip(result.outputs, saved, strict=True), start=1):
        lines.append(f"{number}. {describe(output, untold)}{_place(place, settings)}")
    return "\n".join(lines)


def describe(output: Output, untold: str) -> str:
    """An output: its kind, size and address in a line, or its text."""
    facts = [clean_line(output.content_type or output.type)]
    if output.width and output.height:
        facts.append(f"{output.width}x{output.height} pixels")
    if output.duration:
        facts.append(f"{output.duration:g} seconds")
    if output.text:
        facts.append(clean(output.text, MAX_TEXT))
    if output.url:
        is_told = output.url[:5].lower() != "data:" and len(output.url) <= MAX_ADDRESS
        facts.append(clean_line(output.url, MAX_ADDRESS) if is_told else untold)
    return ", ".join(facts)


def _place(saved: Path | DownloadError | None, settings: Settings) -> str:
    if saved is None:
        return ""
    return f", saved as {saved}" if isinstance(saved, Path) else f", not saved: {error_text(saved, settings)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture that models can look at: at an address, or as base64.

    Attributes:
        url: its address; `None` for one that is `data`.
        data: it as base64; `None` for one that is at an address.
        media_type: such as `image/png`, where it is known.
    """

    url: str | None = None
    data: str | None = None
    media_type: str | None = None


def picture_of(output: Output) -> Picture | None:
    """An output as a picture; `None` for what is none, or none that every model with eyes can look at."""
    media_type = (output.content_type or "").partition(";")[0].strip().lower().replace("/jpg", "/jpeg")
    url = output.url or ""
    header, comma, data = url.partition(";base64,")
    is_data = header[:5].lower() == "data:" and bool(comma)
    if is_data:
        media_type = header[5:].lower() or media_type
    if output.type != "image" or (media_type and media_type not in SEEN_TYPES):
        return None
    if is_data:
        return Picture(data=data, media_type=media_type or None)
    is_address = url[:8].lower().startswith(("http://", "https://")) and clean_line(url, MAX_ADDRESS) == url
    return Picture(url=url, media_type=media_type or None) if is_address else None


def result_facts(result: TaskResult, saved: Saved) -> dict[str, Any]:
    """A result as JSON, for the program: the service's own records, and where they were saved if they were."""
    return {
        "model": result.model,
        "request_id": result.request_id,
        "outputs": [dict(output.raw) for output in result.outputs],
        "metadata": dict(result.metadata),
        "saved": [str(place) for place in saved if isinstance(place, Path)],
    }
