"""Parts of a reply as LlamaIndex's content blocks, and what blocks have no place for.

Blocks hold what a user wants to see. What a provider wants back besides (ids of items, citations in the wire's own
form, items of one protocol alone) is kept in the message's `additional_kwargs` under `FACTS`, as plain JSON: one entry
for each such part, with the number of its block (and, where the part has none, the kinds of the blocks that it stands
among). `llamaindex_seacloud.messages` puts both together again.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, TypeAlias

from llama_index.core.base.llms.types import (
    AudioBlock,
    CitationBlock,
    ContentBlock,
    DocumentBlock,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
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
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    Video,
)

FACTS = "seacloud"
"""Where, in a message's `additional_kwargs`, a reply keeps what its blocks have no place for."""

MESSAGE_FIELDS = "seacloud_message"
"""Where it keeps fields of the wire's message that the provider wants back: Chat Completions' sealed thoughts."""

CONTAINER = "seacloud_container"
"""Where it keeps the id of the container that the model's programs ran in, which Messages wants back."""

Json: TypeAlias = dict[str, Any]
Told: TypeAlias = tuple[list[ContentBlock], Json]
"""The blocks that tell a part, and what they have no place for."""


def given(**facts: Any) -> Json:
    """The facts that there are."""
    return {name: value for name, value in facts.items() if value is not None}


def tell(parts: Sequence[Part]) -> tuple[list[ContentBlock], list[Json]]:
    """The blocks of a message with these parts, and the facts that they have no place for."""
    blocks: list[ContentBlock] = []
    facts: list[Json] = []
    for part in parts:
        told, fact = _TELL[type(part)](part)
        if fact:
            facts.append({"at": len(blocks), "blocks": len(told), **fact})
        blocks.extend(told)
    return blocks, _among(facts, blocks)


def _among(facts: Sequence[Json], blocks: Sequence[ContentBlock]) -> list[Json]:
    """The facts, of which those that have no block, but blocks before them, say among which blocks they stand."""
    among = [len(blocks), kinds_of(blocks)]
    return [{**fact, "among": among} if fact["at"] and not fact["blocks"] else fact for fact in facts]


def kinds_of(blocks: Sequence[ContentBlock]) -> int:
    """A number by which it is seen that blocks were taken away, or others put into their place."""
    return checksum(" ".join([block.block_type for block in blocks]))


def facts_without(facts: Sequence[Json], blocks: Sequence[ContentBlock], dropped: AbstractSet[int]) -> list[Json]:
    """What remains of a message's facts without some of its blocks.

    Args:
        facts: the facts, as `tell` gave them.
        blocks: all blocks.
        dropped: the numbers of those that go: of parts that are one block.
    """
    kept = [
        {**fact, "at": fact["at"] - sum(place < fact["at"] for place in dropped)}
        for fact in facts
        if not (fact["blocks"] and fact["at"] in dropped)
    ]
    return _among(kept, [block for place, block in enumerate(blocks) if place not in dropped])


def _text(part: Text) -> Told:
    if not part.text and not part.annotations:
        return [], {}
    citations = [citation_block(note) for note in part.annotations]
    extras = dict(part.extras) if part.extras else None
    fact = given(id=part.id, extras=extras, annotations=[annotation_json(note) for note in part.annotations] or None)
    if fact:
        fact.update(type="text", checksum=checksum(part.text))
    return [TextBlock(text=part.text), *citations], fact


def checksum(text: str) -> int:
    """A number by which a text is known again: citations belong to the very text that they came with."""
    return zlib.crc32(text.encode("utf-8", "surrogatepass"))


def citation_block(annotation: Annotation) -> CitationBlock:
    """A citation as LlamaIndex's block: what was cited, and where it is from."""
    numbers = {
        name: value for name, value in annotation.raw.items() if isinstance(value, int) and not isinstance(value, bool)
    }
    return CitationBlock(
        cited_content=TextBlock(text=annotation.cited_text or ""),
        source=annotation.url or str(annotation.raw.get("source") or annotation.raw.get("file_id") or annotation.type),
        title=annotation.title or "",
        additional_location_info={**numbers, **given(start_index=annotation.start, end_index=annotation.end)},
    )


def annotation_json(annotation: Annotation) -> Json:
    """A citation as JSON, with the wire's own behind it."""
    return {
        "type": annotation.type,
        "raw": dict(annotation.raw),
        "protocol": annotation.protocol,
        **given(
            url=annotation.url,
            title=annotation.title,
            cited_text=annotation.cited_text,
            start=annotation.start,
            end=annotation.end,
        ),
    }


def _reasoning(part: Reasoning) -> Told:
    return [thinking_block(part, part.text)], {}


def thinking_block(part: Reasoning, text: str) -> ThinkingBlock:
    """Reasoning as LlamaIndex's block. What the provider wants back is its `additional_information`."""
    return ThinkingBlock(
        content=text or None,
        additional_information=given(
            protocol=part.protocol,
            id=part.id,
            signature=part.signature,
            encrypted=part.encrypted,
            form=part.form,
            extras=dict(part.extras) if part.extras else None,
        ),
    )


def _call(part: ToolCall) -> Told:
    kind = part.kind if part.kind != "function" else None
    fact = given(kind=kind, item_id=part.item_id, extras=dict(part.extras) if part.extras else None)
    if fact:
        fact.update(type="tool_call", id=part.id)
    block = ToolCallBlock(tool_call_id=part.id or None, tool_name=part.name, tool_kwargs=arguments_of(part))
    return [block], fact


def arguments_of(call: ToolCall) -> Json | str:
    """A call's arguments as a dict; the raw text where they do not parse. A custom tool's text is its `input`."""
    if call.kind == "custom":
        return {"input": call.arguments}
    try:
        return call.parse()
    except ValueError:
        return call.arguments


def call_json(call: ToolCall, arguments: str) -> Json:
    """A call in OpenAI's form: LlamaIndex's own readers of streams look for it in `additional_kwargs`."""
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _media(make: Callable[[Media, bytes | None], ContentBlock]) -> Callable[[Any], Told]:
    def told(part: Media) -> Told:
        fact = given(
            id=part.id,
            file_id=part.file_id,
            name=part.name,
            media_type=part.media_type,
            transcript=getattr(part, "transcript", None),
            extras=dict(part.extras) if part.extras else None,
        )
        blocks: list[ContentBlock] = []
        if isinstance(part, Audio) and part.transcript:
            blocks.append(TextBlock(text=part.transcript))
        if part.file_id is None:
            blocks.append(make(part, part.data.encode("ascii") if part.data else None))
        else:
            # No block can point to a provider's file: a text says what there is, and the fact sends it back.
            blocks.append(TextBlock(text=f"[{part.kind}: file {part.file_id}]"))
        return blocks, {"type": part.kind, **fact}

    return told


def _image_block(part: Media, data: bytes | None) -> ContentBlock:
    return ImageBlock(image=data, url=part.url, image_mimetype=part.media_type)


def _audio_block(part: Media, data: bytes | None) -> ContentBlock:
    subtype = (part.media_type or "").partition("/")[2] or None
    return AudioBlock(audio=data, url=part.url, format={"mpeg": "mp3"}.get(subtype or "", subtype))


def _video_block(part: Media, data: bytes | None) -> ContentBlock:
    return VideoBlock(video=data, url=part.url, video_mimetype=part.media_type)


def _document_block(part: Media, data: bytes | None) -> ContentBlock:
    return DocumentBlock(data=data, url=part.url, title=part.name, document_mimetype=part.media_type)


def _refusal(part: Refusal) -> Told:
    extras = dict(part.extras) if part.extras else None
    return [], {"type": "refusal", "refusal": part.text, **given(id=part.id, extras=extras)}


def _native(part: Native) -> Told:
    return [], {"type": "native", "protocol": part.protocol, "item": dict(part.item)}


_TELL: Mapping[type, Callable[[Any], Told]] = {
    Text: _text,
    Reasoning: _reasoning,
    ToolCall: _call,
    Image: _media(_image_block),
    Audio: _media(_audio_block),
    Video: _media(_video_block),
    File: _media(_document_block),
    Refusal: _refusal,
    Native: _native,
}
