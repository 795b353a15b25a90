"""LlamaIndex's content blocks as parts of a conversation. The table at the end says which function reads which block.

A URL is handed on as it is: LlamaIndex's own resolvers would download it here, from any host and of any size.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from io import IOBase
from pathlib import Path
from typing import Any

from llama_index.core.base.llms.types import (
    AudioBlock,
    CitableBlock,
    CitationBlock,
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    VideoBlock,
)
from pydantic import BaseModel
from seacloud_client.conversation import Audio, File, Image, Part, Reasoning, Text, ToolCall, Video
from seacloud_client.errors import InvalidInputError
from seacloud_client.media_types import SNIFFED, mismatch, sniff

from llamaindex_seacloud.calls import arguments_text


def read_block(block: ContentBlock) -> Iterator[Part]:
    """The parts that a block holds.

    Raises:
        InvalidInputError: if it holds nothing, or what it points to cannot be read.
    """
    reader = _READERS.get(type(block))
    if reader is None:
        raise InvalidInputError(f"A block of the type {type(block).__name__} is not known here. Nothing was sent.")
    try:
        yield from reader(block)
    except (OSError, ValueError) as error:
        if isinstance(error, InvalidInputError):
            raise
        raise InvalidInputError(
            f"A block of the type {type(block).__name__} cannot be read: {str(error).rstrip('.')}. Nothing was sent."
        ) from None


def _text(block: TextBlock) -> Iterator[Part]:
    if block.text:
        yield Text(block.text)


def _place(url: object, path: object, data: bytes | IOBase | None) -> dict[str, Any]:
    """Where a medium is: its address, else its bytes as base64. LlamaIndex keeps bytes as base64 already."""
    if isinstance(data, bytes) and data:
        return {"data": data.decode("ascii")}
    if isinstance(data, IOBase):
        data.seek(0)
        read: bytes = data.read()
        return {"data": base64.b64encode(read).decode("ascii")}
    if path is not None:
        return {"data": base64.b64encode(Path(str(path)).read_bytes()).decode("ascii")}
    return {"url": str(url)} if url is not None else {}


_HEAD = SNIFFED // 3 * 4
"""The characters of base64 that hold the bytes which are looked at: a multiple of four, so that they decode alone."""


def _head_of(place: Mapping[str, Any]) -> bytes:
    """The first bytes of a medium, as far as they are here."""
    try:
        return base64.b64decode(place.get("data", "")[:_HEAD])
    except ValueError:
        return b""


def _type_of(place: Mapping[str, Any], kind: str) -> str | None:
    """A medium's type by its beginning: LlamaIndex knows that of bytes, but not of streams and of files by any name."""
    head = _head_of(place)
    found = sniff(head)
    if found is None or mismatch(kind, head) is not None:
        return None
    return f"{kind}/{found.split('/')[1]}"  # a container of films may hold a sound alone


def _image(block: ImageBlock) -> Iterator[Part]:
    place = _place(block.url, block.path, block.image)
    media_type = block.image_mimetype or _type_of(place, "image")
    yield Image(**place, media_type=media_type, extras={"detail": block.detail} if block.detail else None)


def _audio(block: AudioBlock) -> Iterator[Part]:
    place = _place(block.url, block.path, block.audio)
    subtype = _AUDIO_SUBTYPES.get(block.format or "", block.format)
    yield Audio(**place, media_type=f"audio/{subtype}" if subtype else _type_of(place, "audio"))


_AUDIO_SUBTYPES = {"mp3": "mpeg"}


def _video(block: VideoBlock) -> Iterator[Part]:
    place = _place(block.url, block.path, block.video)
    extras = {name: value for name, value in (("detail", block.detail), ("fps", block.fps)) if value is not None}
    yield Video(**place, media_type=block.video_mimetype or _type_of(place, "video"), extras=extras or None)


_PDF = "application/pdf"

_UNTITLED = "input_document"
"""The title that LlamaIndex gives to a document without one."""


def _document(block: DocumentBlock) -> Iterator[Part]:
    name = block.title
    if name in (None, _UNTITLED) and block.path is not None:
        name = Path(str(block.path)).name
    place = _place(block.url, block.path, block.data)
    yield File(**place, media_type=block.document_mimetype or _type_of_document(place), name=name)


def _type_of_document(place: Mapping[str, Any]) -> str | None:
    """A PDF's or a text's media type. A text, Markdown or CSV, has no first bytes by which LlamaIndex would know it."""
    data = place.get("data")
    if data is None:
        return None
    if sniff(_head_of(place)) == _PDF:
        return _PDF
    try:
        text = base64.b64decode(data).decode()
    except ValueError:
        return None
    return None if "\0" in text else "text/plain"


def _thinking(block: ThinkingBlock) -> Iterator[Part]:
    """Reasoning of our own replies, or, where it has nothing but a signature, of LlamaIndex's adapter for Anthropic.

    Without either nobody could say where it came from, and it is sent to no one.
    """
    facts = block.additional_information
    signature = facts.get("signature")
    protocol, form = facts.get("protocol"), facts.get("form")
    if protocol is None and signature:
        protocol, form = "messages", "thinking"
    yield Reasoning(
        block.content or "",
        protocol,
        id=facts.get("id"),
        signature=signature,
        encrypted=facts.get("encrypted"),
        form=form,
        extras=facts.get("extras"),
    )


def _call(block: ToolCallBlock) -> Iterator[Part]:
    # A call without an id is answered by a result that bears the tool's name (llama_index.core's own habit).
    yield ToolCall(block.tool_call_id or block.tool_name, block.tool_name, arguments_text(block.tool_kwargs))


def _citable(block: CitableBlock) -> Iterator[Part]:
    """A source that may be cited: a document that asks for it, where it is text alone; else what it is made of."""
    texts = [inner.text for inner in block.content if isinstance(inner, TextBlock)]
    if len(texts) == len(block.content):
        yield citable_file(block.title, block.source, "\n\n".join(texts))
        return
    yield Text(f"Source: {block.title} ({block.source})")
    for inner in block.content:
        yield from read_block(inner)


def citable_file(title: str, source: str, text: str) -> File:
    """A text that may be cited, as a document."""
    return File(
        data=base64.b64encode(text.encode()).decode("ascii"),
        media_type="text/plain",
        name=title,
        extras={"citations": {"enabled": True}, "context": source},
    )


def _citation(block: CitationBlock) -> Iterator[Part]:
    """A citation that came from elsewhere: no protocol takes it back, so a text says what it says."""
    cited = block.cited_content
    quoted = f': "{cited.text}"' if isinstance(cited, TextBlock) and cited.text else ""
    yield Text(f"[Cited from {block.title or block.source} ({block.source}){quoted}]")


_READERS: Mapping[type[BaseModel], Callable[[Any], Iterator[Part]]] = {
    TextBlock: _text,
    ImageBlock: _image,
    AudioBlock: _audio,
    VideoBlock: _video,
    DocumentBlock: _document,
    ThinkingBlock: _thinking,
    ToolCallBlock: _call,
    CitableBlock: _citable,
    CitationBlock: _citation,
}
