"""Putting together again what a reply's blocks say and what they had no place for.

The facts are `llamaindex_seacloud.blocks`'s. A block that was changed since no longer fits its fact, which is then left
out: an edited text has lost its citations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from llama_index.core.base.llms.types import (
    AudioBlock,
    ChatMessage,
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    ToolCallBlock,
    VideoBlock,
)
from seacloud_client.conversation import (
    Annotation,
    Audio,
    File,
    Image,
    Media,
    Native,
    Part,
    Refusal,
    Text,
    ToolCall,
    Video,
)

from llamaindex_seacloud.blocks import FACTS, Json, checksum
from llamaindex_seacloud.calls import arguments_text
from llamaindex_seacloud.content import read_block

Blocks = Sequence[ContentBlock]


def pieces(message: ChatMessage) -> Iterator[Part | ContentBlock]:
    """The parts that the message's facts restore, and the blocks of which they say nothing, in order."""
    facts: dict[int, list[Json]] = {}
    for fact in message.additional_kwargs.get(FACTS) or ():
        if fact.get("type") in _RESTORE:  # a later version may know more
            facts.setdefault(fact["at"], []).append(fact)
    place = 0
    while place <= len(message.blocks):
        used = 0
        for fact in facts.get(place, ()):
            blocks = message.blocks[place : place + fact["blocks"]]
            part = _RESTORE[fact["type"]](fact, blocks) if len(blocks) == fact["blocks"] else None
            if part is not None:
                yield part
                used += len(blocks)
        if not used and place < len(message.blocks):
            yield message.blocks[place]
        place += used or 1


def _text(fact: Json, blocks: Blocks) -> Part | None:
    block = blocks[0]
    if not isinstance(block, TextBlock) or checksum(block.text) != fact["checksum"]:
        return None
    annotations = tuple(Annotation(**annotation) for annotation in fact.get("annotations") or ())
    return Text(block.text, annotations, fact.get("id"), fact.get("extras"))


def _call(fact: Json, blocks: Blocks) -> Part | None:
    block = blocks[0]
    if not isinstance(block, ToolCallBlock) or block.tool_call_id != fact["id"]:
        return None
    kind = fact.get("kind", "function")
    arguments = block.tool_kwargs
    if kind == "custom" and isinstance(arguments, dict):
        arguments = str(arguments.get("input", ""))
    return ToolCall(
        fact["id"], block.tool_name, arguments_text(arguments), kind, fact.get("item_id"), fact.get("extras")
    )


def _media(cls: type[Media], block_cls: type[ContentBlock]) -> Callable[[Json, Blocks], Part | None]:
    def restore(fact: Json, blocks: Blocks) -> Part | None:
        known: dict[str, Any] = {
            name: fact[name] for name in ("id", "name", "media_type", "transcript", "extras") if name in fact
        }
        block = blocks[-1]
        if "file_id" in fact:
            return cls(file_id=fact["file_id"], **known) if isinstance(block, TextBlock) else None  # type: ignore[return-value]  # its parts
        if not isinstance(block, block_cls):
            return None
        part: Any = next(read_block(block))
        return replace(part, **known)  # type: ignore[no-any-return]  # a part

    return restore


def _refusal(fact: Json, _blocks: Blocks) -> Part | None:
    return Refusal(fact["refusal"], fact.get("id"), fact.get("extras"))


def _native(fact: Json, _blocks: Blocks) -> Part | None:
    return Native(fact["protocol"], fact["item"])


_RESTORE: Mapping[str, Callable[[Json, Blocks], Part | None]] = {
    "text": _text,
    "tool_call": _call,
    "image": _media(Image, ImageBlock),
    "audio": _media(Audio, AudioBlock),
    "video": _media(Video, VideoBlock),
    "file": _media(File, DocumentBlock),
    "refusal": _refusal,
    "native": _native,
}
