"""Parts in Messages' JSON: each as a content block.

An empty text is left out, since the service refuses it; what is of another protocol, since it means nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from seacloud_client.conversation import (
    Audio,
    File,
    Image,
    Media,
    Native,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
    Video,
)
from seacloud_client.errors import InvalidInputError
from seacloud_client.models import ModelFacts
from seacloud_client.protocols.callers import caller_of
from seacloud_client.protocols.encoding import Json, input_of, known_extras, refusing_media

_IMAGE_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")
_ANY_EXTRAS = ("cache_control",)
_IMAGE_EXTRAS = ("cache_control", "transformations")
_DOCUMENT_EXTRAS = ("cache_control", "citations", "context", "title")
_CALL_EXTRAS = ("cache_control", "toolset_name")
_RESULT_EXTRAS = ("cache_control", "toolset_name")

MAX_NAME = 128
"""The most characters of a tool's name."""

_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_-]")

_FAILED = "The tool failed, and said nothing."
"""What an error without any content says: Anthropic's API refuses an empty one."""

THOUGHTS = ("thinking", "redacted_thinking")
"""Types of the blocks of reasoning. They take no `cache_control`, and a turn does not end with one."""


def user_blocks(parts: Iterable[Part]) -> list[Json]:
    """What a user, or a tool, says.

    Raises:
        InvalidInputError: if a part cannot be sent on this protocol.
    """
    return _blocks(parts, _USER)


def assistant_blocks(part: Part, facts: ModelFacts) -> list[Json]:
    """A part of what the model said, but for its tool calls: a block, or none."""
    if isinstance(part, Reasoning):
        block = _reasoning(part, facts)
        return [] if block is None else [block]
    return _blocks((part,), _ASSISTANT)


def _blocks(parts: Iterable[Part], table: Mapping[type, Callable[[Any], Json | None]]) -> list[Json]:
    blocks = (table.get(type(part), _nothing)(part) for part in parts)
    return [block for block in blocks if block is not None]


def call_block(call: ToolCall, call_id: str) -> Json:
    """A tool call, under an id and a name of the right form."""
    extras = {**known_extras(call.extras, _CALL_EXTRAS), **caller_of(call, "messages")}
    return {"type": "tool_use", "id": call_id, "name": _valid_name(call.name), "input": _input(call), **extras}


def _valid_name(name: str) -> str:
    """A name in the form that the service takes: a call of the past may come from where names have others."""
    return _NOT_IN_NAMES.sub("_", name)[:MAX_NAME] or "unnamed"


def _input(call: ToolCall) -> Json:
    """The arguments as the object that the service demands.

    A custom tool's text goes back as the only field of the schema that was sent for it.
    """
    return {"input": call.arguments} if call.kind == "custom" else input_of(call)


def result_block(result: ToolResult, call_id: str) -> Json:
    """A tool's result.

    Raises:
        InvalidInputError: if a part of it cannot be sent on this protocol.
    """
    block: Json = {"type": "tool_result", "tool_use_id": call_id}
    content = user_blocks(result.parts)
    if result.is_error and not content:
        content = [{"type": "text", "text": _FAILED}]
    if content:
        block["content"] = content
    if result.is_error and all(part["type"] == "text" for part in content):  # with a picture in it, it is refused
        block["is_error"] = True
    return {**block, **known_extras(result.extras, _RESULT_EXTRAS)}


def _nothing(_part: Part) -> None:
    return None


def text_block(part: Text) -> Json | None:
    """A text, with the citations that came with it on this protocol; none for an empty one."""
    if not part.text.strip():
        return None
    block: Json = {"type": "text", "text": part.text}
    citations = [_as_input(note.raw) for note in part.annotations if note.protocol == "messages"]
    if citations:
        block["citations"] = citations
    return {**block, **known_extras(part.extras, _ANY_EXTRAS)}


def _as_input(citation: Any) -> Any:
    """A citation as it came, but for the source's `file_id`: it is told in replies, and not taken in requests."""
    return (
        {name: citation[name] for name in citation if name != "file_id"} if isinstance(citation, Mapping) else citation
    )


def _image(part: Image | File) -> Json:
    return {"type": "image", "source": _image_source(part), **known_extras(part.extras, _IMAGE_EXTRAS)}


def _image_source(part: Media) -> Json:
    if part.data is None:
        return _remote_source(part)
    media_type = {"image/jpg": "image/jpeg"}.get(part.media_type or "", part.media_type)
    if media_type not in _IMAGE_TYPES:
        raise InvalidInputError(
            f"Messages takes pictures of the types {', '.join(_IMAGE_TYPES)}; got media_type={part.media_type!r}. "
            "Nothing was sent."
        )
    return {"type": "base64", "media_type": media_type, "data": part.data}


def _remote_source(part: Media) -> Json:
    if part.file_id is not None:
        return {"type": "file", "file_id": part.file_id}
    return {"type": "url", "url": part.url}


def _file(part: File) -> Json:
    if (part.media_type or "").startswith("image/"):
        return _image(part)
    document = {"type": "document", "source": _document_source(part), **known_extras(part.extras, _DOCUMENT_EXTRAS)}
    if part.name:
        document.setdefault("title", part.name)
    return document


def _document_source(part: File) -> Json:
    if part.url is not None and part.media_type not in (None, "application/pdf"):
        raise InvalidInputError(
            f"Messages takes a document by url only if it is a PDF; got media_type={part.media_type!r}: download it "
            "and pass its bytes. Nothing was sent."
        )
    if part.data is None:
        return _remote_source(part)
    if part.media_type == "application/pdf":
        return {"type": "base64", "media_type": "application/pdf", "data": part.data}
    if part.media_type is not None and part.media_type.startswith("text/"):
        return {"type": "text", "media_type": "text/plain", "data": _decoded(part)}
    raise InvalidInputError(
        f"Messages takes PDFs and texts as documents; got media_type={part.media_type!r}: convert the file, or upload "
        "it and pass its file_id. Nothing was sent."
    )


def _decoded(part: File) -> str:
    try:
        return part.read().decode("utf-8-sig")
    except ValueError as error:
        raise InvalidInputError(f"The document cannot be read as a text in UTF-8: {error}. Nothing was sent.") from None


def _spoken(part: Audio) -> Json | None:
    """What a model said aloud on another protocol, as text."""
    return text_block(Text(part.transcript or ""))


def _native(part: Native) -> Json | None:
    if part.protocol != "messages":
        return None
    block = dict(part.item)
    if isinstance(block.get("content"), list):  # a remote server's result, which may have texts that cite
        block["content"] = [_without_file_ids(item) for item in block["content"]]
    return block


def _without_file_ids(item: Any) -> Any:
    """A text within an item, with its citations as a request takes them."""
    if not isinstance(item, dict) or not isinstance(item.get("citations"), list):
        return item
    return {**item, "citations": [_as_input(raw) for raw in item["citations"]]}


def _refusal(part: Refusal) -> Json | None:
    return text_block(Text(part.text))


def _reasoning(part: Reasoning, facts: ModelFacts) -> Json | None:
    """Reasoning as it came.

    Anthropic takes it with the proof that it is its own, and refuses it without. Vendors that sign nothing (DeepSeek,
    Moonshot) want it back all the same, on turns that call tools.
    """
    if part.protocol != "messages":
        return None
    if part.form == "redacted_thinking":
        return {"type": "redacted_thinking", "data": part.encrypted} if part.encrypted else None
    is_taken = part.signature or (part.text and facts.vendor not in ("openai", "anthropic"))
    return {"type": "thinking", "thinking": part.text, "signature": part.signature or ""} if is_taken else None


_USER: Mapping[type, Callable[[Any], Json | None]] = {
    Text: text_block,
    Image: _image,
    File: _file,
    Audio: refusing_media("Messages"),
    Video: refusing_media("Messages"),
    Native: _native,
    Refusal: _refusal,
}

_ASSISTANT: Mapping[type, Callable[[Any], Json | None]] = {
    Text: text_block,
    Audio: _spoken,
    Native: _native,
    Refusal: _refusal,
}
