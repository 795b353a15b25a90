"""What an agent's model reads of a generation tool: what was made, and what went wrong.

Much of it is the service's own words, and so a stranger's: they come without control characters and without signs that
nobody sees (by which text could be smuggled to the model, or into a terminal), in a bounded length, and in a line of
their own. An error names no address but the service's, and no key.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from seacloud_client.contract_problems import problems_of
from seacloud_client.errors import DownloadError, SeaCloudError, SubmitOutcomeUnknown
from seacloud_client.media import Output
from seacloud_client.queue import TaskResult
from seacloud_client.settings import Settings, origin_of

ContentAndArtifact = tuple[list[dict[str, Any]], dict[str, Any]]
"""What a tool gives: blocks that the agent's model reads, and the whole as JSON for the program."""

MAX_ERROR = 800
"""Characters of an error's message that are told."""

MAX_TEXT = 20_000
"""Characters of a text that a task made which are told. The artifact has all of it."""

MAX_FACT = 200
"""Characters of each fact about an error or a result."""

MAX_ADDRESS = 4000
"""Characters of an address that are told: signed ones are long, and useless if they are cut."""

SEEN_TYPES = frozenset(("image/png", "image/jpeg", "image/webp", "image/gif"))
"""The pictures that models of all providers can look at (OpenAI's and Anthropic's documentation of image input)."""

"""A shorter key is none: replacing it would tear words apart."""

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
"""Control characters but tab and line feed; signs that turn the direction of writing or are not seen at all; halves of
surrogate pairs; and the tags by which a text can be hidden in a text (Unicode 16, chapters 23.2, 23.6 and 23.9)."""

_ADDRESS = re.compile(
    r"https?://[^\s'\"<>()\[\]]*(?:\[[0-9a-f:.]+\][^\s'\"<>()\[\]]*)?"
    r"|\[[0-9a-f]*:[0-9a-f:.]+\](?::\d+)?"
    r"|(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?(?![\w.]*\d)"
    r"|(?<![\w.@-])[\w-]+(?:\.[\w-]+)*\.(?:internal|local|localdomain|lan|intranet|corp|svc)\b(?::\d+)?",
    re.IGNORECASE,
)
"""Addresses in a text: URLs, IP addresses, and names that are known in a private network alone."""


def clean(text: str, limit: int) -> str:
    """A stranger's text, with nothing in it that is not seen, in at most so many characters."""
    text = _UNSEEN.sub(" ", text[: 2 * limit])
    return text if len(text) <= limit else f"{text[:limit]}..."


def clean_line(text: str, limit: int = MAX_FACT) -> str:
    """The same, in one line."""
    return " ".join(clean(text, limit).split())


def error_text(error: SeaCloudError, settings: Settings) -> str:
    """What the agent's model is told of a failure: what happened, and what support would ask for.

    Args:
        error: the failure.
        settings: of the queue: what its key is, and which address may be named.
    """
    facts = [
        f"{name} {clean_line(_harmless(str(value), settings), MAX_FACT)}"
        for name, value in (
            ("HTTP", error.status),
            ("code", error.code),
            ("request id", error.request_id),
            ("task", error.task_id),
        )
        if value
    ]
    told = clean_line(_harmless(error.message, settings), MAX_ERROR)
    told = f"{told} ({', '.join(facts)})" if facts else told
    if isinstance(error, SubmitOutcomeUnknown):
        told += " Do not call this again by yourself: say so to the user."
    return told


def _harmless(text: str, settings: Settings) -> str:
    """A text without inner addresses and without the key."""

    def replaced(found: re.Match[str]) -> str:
        return found[0] if origin_of(found[0]) == settings.origin else "(an address)"

    text = _ADDRESS.sub(replaced, text[: 4 * MAX_ERROR])
    return settings.without_key(text)


def validation_text(error: Any) -> str:
    """What the agent's model is told if a call's arguments do not fit the tool: a line for each problem."""
    known = isinstance(error, ValidationError)
    lines = "\n".join(problems_of(error, ())) if known else clean(str(error), MAX_ERROR)
    return f"Nothing was sent, and nothing was charged. Correct this and call again:\n{lines}"


def answer_of(
    result: TaskResult, saved: Sequence[Path | DownloadError | None], settings: Settings, *, show_images: bool
) -> ContentAndArtifact:
    """A result as the agent's model reads it, and as the whole.

    Args:
        result: what a task made.
        saved: where each output was saved, or why it was not; `None` where nobody asked for it.
        settings: of the queue.
        show_images: whether pictures are shown as blocks.
    """
    lines = [f"{result.model} made {len(result.outputs)} result(s), task {result.request_id}:"]
    for number, (output, place) in enumerate(zip(result.outputs, saved, strict=True), start=1):
        lines.append(f"{number}. {describe(output)}{_place(place, settings)}")
    content: list[dict[str, Any]] = [{"type": "text", "text": "\n".join(lines)}]
    if show_images:
        content += [block for output in result.outputs if (block := image_block(output)) is not None]
    artifact = {
        "model": result.model,
        "request_id": result.request_id,
        "outputs": [dict(output.raw) for output in result.outputs],
        "metadata": dict(result.metadata),
    }
    paths = [str(place) for place in saved if isinstance(place, Path)]
    return content, {**artifact, "saved": paths} if paths else artifact


def describe(output: Output) -> str:
    """A result: its kind, size and address in a line, or its text."""
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
    if url[:5].lower() == "data:" or len(url) > MAX_ADDRESS:
        return "(in the artifact)"
    return clean_line(url, MAX_ADDRESS)


def image_block(output: Output) -> dict[str, Any] | None:
    """A picture as the standard block; `None` for what is none, or none that every model with eyes can look at."""
    media_type = (output.content_type or "").partition(";")[0].strip().lower().replace("/jpg", "/jpeg")
    url = output.url or ""
    header, comma, data = url.partition(";base64,")
    if header[:5].lower() == "data:" and comma:
        media_type = header[5:].lower() or media_type
        url = ""
    if output.type != "image" or (media_type and media_type not in SEEN_TYPES):
        return None
    kind = {"mime_type": media_type} if media_type else {}
    if comma and not url:
        return {"type": "image", "base64": data, **kind}
    is_address = url[:8].lower().startswith(("http://", "https://")) and clean_line(url, MAX_ADDRESS) == url
    return {"type": "image", "url": url, **kind} if is_address else None


def _place(saved: Path | DownloadError | None, settings: Settings) -> str:
    if saved is None:
        return ""
    return f", saved as {saved}" if isinstance(saved, Path) else f", not saved: {error_text(saved, settings)}"
