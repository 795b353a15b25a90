"""Putting together again what a reply's blocks say and what they had no place for.

The facts are `llamaindex_seacloud.blocks`'s. A block that was changed since no longer fits its fact, which is then left
out: an edited text has lost its citations. So is a part without a block, such as a built-in tool's call, that stood
behind blocks of which others took the place: LlamaIndex's streaming chat engines put one text in place of all, and the
service refuses a call without the reasoning before it.
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
from seacloud_client.errors import InvalidInputError

from llamaindex_seacloud.blocks import FACTS, Json, checksum, kinds_of
from llamaindex_seacloud.calls import arguments_text
from llamaindex_seacloud.content import read_block

Blocks = Sequence[ContentBlock]


def pieces(message: ChatMessage) -> Iterator[Part | ContentBlock]:
    """The parts that the message's facts restore, and the blocks of which they say nothing, in order."""
    facts: dict[int, list[Json]] = {}
    for fact in _readable(message.additional_kwargs.get(FACTS)):
        if _stands_among(fact, message.blocks):
            facts.setdefault(fact["at"], []).append(fact)
    place = 0
    while place <= len(message.blocks):
        used = 0
        for fact in facts.get(place, ()):
            blocks = message.blocks[place : place + fact["blocks"]]
            part = _restored(fact, blocks) if len(blocks) == fact["blocks"] else None
            if part is not None:
                yield part
                used += len(blocks)
        if not used and place < len(message.blocks):
            yield message.blocks[place]
        place += used or 1


def _readable(facts: Any) -> Iterator[Json]:
    """The facts that say of which blocks they are. A later version may know more, and others may write what is none."""
    for fact in facts if isinstance(facts, (list, tuple)) else ():
        is_known = isinstance(fact, dict) and isinstance(fact.get("type"), str) and fact["type"] in _RESTORE
        if is_known and _is_count(fact.get("at")) and _is_count(fact.get("blocks")):
            yield fact


def _is_count(number: Any) -> bool:
    return isinstance(number, int) and number >= 0


def _stands_among(fact: Json, blocks: Blocks) -> bool:
    """Whether a part without a block has those around it that it had. More may have been put behind them."""
    match fact.get("among"):
        case None:
            return True
        case [int(count), kinds]:
            return len(blocks) >= count and kinds_of(blocks[:count]) == kinds
        case _:
            return False


def _restored(fact: Json, blocks: Blocks) -> Part | None:
    """The part, unless the blocks do not fit its fact, or the fact is damaged: then they are read without it."""
    try:
        return _RESTORE[fact["type"]](fact, blocks)
    except InvalidInputError:
        raise  # of a block, which is not to be sent without a word
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        return None


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
    return Native(fact["protocol"], {**fact["item"]})


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
