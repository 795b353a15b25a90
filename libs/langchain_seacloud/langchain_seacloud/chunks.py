"""A stream's deltas as LangChain's chunks.

Chunks are merged by adding up: strings grow, numbers are summed. So whatever must come once is told once, in the last
chunk, and each part keeps its own index.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk as make_call_chunk
from langchain_core.outputs import ChatGenerationChunk
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
    Video,
)
from seacloud_client.deltas import (
    AnnotationDelta,
    Delta,
    FinishDelta,
    LogprobsDelta,
    MediaDelta,
    NativeDelta,
    PartEnd,
    PartStart,
    ReasoningDelta,
    RefusalDelta,
    ResponseMeta,
    TextDelta,
    ToolCallDelta,
    UsageDelta,
)

from langchain_seacloud.blocks import (
    citation_block,
    given,
    media_block,
    native_block,
    reasoning_block,
    text_block,
    usage_metadata,
)
from langchain_seacloud.messages import CALL_FACTS, REASONING_FIELD

PROVIDER = "seacloud"
"""The name of the provider in `response_metadata`, and for LangSmith."""

Chunks = Iterator[ChatGenerationChunk]


class ChunkBuilder:
    """Makes the chunks of one stream.

    Args:
        v1: whether all content is to be standard blocks.
        choice: which choice of the reply to tell; a message has room for one.
    """

    def __init__(self, *, v1: bool = False, choice: int = 0) -> None:
        self._v1 = v1
        self._choice = choice
        self._marks: dict[str, Any] = {"model_provider": PROVIDER}
        if v1:
            self._marks["output_version"] = "v1"
        self._plain_text: int | None = None  # the part whose text is the plain string
        self._has_content = v1
        self._kept_reasoning: dict[int, tuple[int, str] | None] = {}  # of a detail: its number, its text's field
        self._audio: dict[int, bytes] = {}  # bytes that wait until base64 needs no padding
        self._natives: dict[int, Native] = {}
        self._last: dict[str, Any] = {}
        self._last_kwargs: dict[str, Any] = {}
        self._usage: UsageMetadata | None = None

    def chunks(self, delta: Delta) -> Chunks:
        """The chunks that tell a delta: mostly one, sometimes none."""
        return _TELL[type(delta)](self, delta)

    def last(self) -> ChatGenerationChunk:
        """The last chunk: how it ended, what it cost, and what was known of it as a whole."""
        message = AIMessageChunk(
            content=[] if self._v1 else "",
            response_metadata={**self._marks, **self._last},
            additional_kwargs=self._last_kwargs,
            usage_metadata=self._usage,
            chunk_position="last",
        )
        info = {"finish_reason": self._last["finish_reason"]} if self._last.get("finish_reason") else None
        return ChatGenerationChunk(message=message, generation_info=info)

    def _chunk(self, content: str | list[str | dict[Any, Any]] = "", **fields: Any) -> ChatGenerationChunk:
        if content == "" and self._v1:
            content = []
        return ChatGenerationChunk(
            message=AIMessageChunk(content=content, response_metadata=dict(self._marks), **fields)
        )

    def _block(self, part: int, **block: Any) -> ChatGenerationChunk:
        self._has_content = True
        return self._chunk([{**block, "index": part}])

    def tell_meta(self, delta: ResponseMeta) -> Chunks:
        """What is known of the reply goes into the last chunk, once."""
        self._last.update(
            (name, value)
            for name, value in (
                ("model_name", delta.model),
                ("id", delta.id),
                ("created", delta.created),
                ("service_tier", delta.service_tier),
                ("request_id", delta.request_id),
            )
            if value is not None
        )
        self._last["protocol"] = delta.protocol
        if delta.extras:
            self._last.update((name, value) for name, value in delta.extras.items() if name not in self._last)
        yield from ()

    def tell_start(self, delta: PartStart) -> Chunks:
        """A part begins."""
        if delta.choice == self._choice:
            starter = _START.get(type(delta.value))
            if starter is not None:
                yield from starter(self, delta.part, delta.value)

    def start_text(self, part: int, value: Text) -> Chunks:
        """A text begins."""
        if not self._has_content:
            self._has_content = True
            self._plain_text = part
        elif value.id or value.extras:
            yield self._block(part, **text_block(value))
        if value.text:
            yield from self.tell_text(TextDelta(self._choice, part, value.text))
        for annotation in value.annotations:
            yield from self.tell_annotation(AnnotationDelta(self._choice, part, annotation))

    def tell_text(self, delta: TextDelta) -> Chunks:
        """More text."""
        if delta.choice != self._choice:
            return
        if delta.part == self._plain_text:
            yield self._chunk(delta.text)
        else:
            yield self._chunk([{"type": "text", "text": delta.text, "index": delta.part}])

    def tell_annotation(self, delta: AnnotationDelta) -> Chunks:
        """A citation."""
        if delta.choice != self._choice:
            return
        citation = citation_block(delta.annotation)
        if delta.part == self._plain_text:
            yield self._chunk(additional_kwargs={"annotations": [citation]})
        else:
            yield self._chunk([{"type": "text", "text": "", "annotations": [citation], "index": delta.part}])

    def start_reasoning(self, part: int, value: Reasoning) -> Chunks:
        """Reasoning begins."""
        if not self._v1 and value.protocol == "chat_completions" and value.form != "thinking":
            yield from self._start_kept_reasoning(part, value)
        else:
            yield self._block(part, **reasoning_block(value))

    def _start_kept_reasoning(self, part: int, value: Reasoning) -> Chunks:
        if value.form is None or not value.form.startswith("reasoning."):
            self._kept_reasoning[part] = None
            if value.form not in (None, "reasoning_content") and list(self._kept_reasoning.values()).count(None) == 1:
                yield self._chunk(additional_kwargs={REASONING_FIELD: value.form})
            if value.text:
                yield self._chunk(additional_kwargs={"reasoning_content": value.text})
            return
        number = sum(known is not None for known in self._kept_reasoning.values())
        self._kept_reasoning[part] = number, "summary" if value.form == "reasoning.summary" else "text"
        entry = {"type": value.form, "index": number, "id": value.id, **(value.extras or {})}
        entry = {name: v for name, v in entry.items() if v is not None}
        yield self._chunk(additional_kwargs={"reasoning_details": [entry]})
        yield from self.tell_reasoning(ReasoningDelta(self._choice, part, value.text, value.signature, value.encrypted))

    def tell_reasoning(self, delta: ReasoningDelta) -> Chunks:
        """More reasoning."""
        if delta.choice != self._choice:
            return
        if delta.part not in self._kept_reasoning:
            extras = given(signature=delta.signature, encrypted=delta.encrypted, **(delta.extras or {}))
            block: dict[str, Any] = {"type": "reasoning", "reasoning": delta.text}
            yield self._block(delta.part, **block, **({"extras": extras} if extras else {}))
            return
        detail = self._kept_reasoning[delta.part]
        if detail is None:
            yield self._chunk(additional_kwargs={"reasoning_content": delta.text})
            return
        number, field = detail
        entry = given(signature=delta.signature, data=delta.encrypted, **(delta.extras or {}))
        if delta.text:
            entry[field] = delta.text
        if entry:
            kept: dict[str, Any] = {"reasoning_details": [{**entry, "index": number}]}
            if delta.text:
                kept["reasoning_content"] = delta.text
            yield self._chunk(additional_kwargs=kept)

    def tell_refusal(self, delta: RefusalDelta) -> Chunks:
        """More of a refusal."""
        if delta.choice == self._choice:
            yield self._chunk(additional_kwargs={"refusal": delta.text})

    def start_refusal(self, part: int, value: Refusal) -> Chunks:
        """A refusal begins."""
        if value.text:
            yield from self.tell_refusal(RefusalDelta(self._choice, part, value.text))

    def start_call(self, part: int, value: ToolCall) -> Chunks:
        """A call begins."""
        facts = given(kind=value.kind if value.kind != "function" else None, item_id=value.item_id, extras=value.extras)
        kwargs = {"additional_kwargs": {CALL_FACTS: {value.id: facts}}} if facts else {}
        yield self._call_chunk(part, value.id, value.name, value.arguments, **kwargs)

    def tell_call(self, delta: ToolCallDelta) -> Chunks:
        """More of a call's arguments."""
        if delta.choice == self._choice:
            yield self._call_chunk(delta.part, delta.id, delta.name, delta.arguments)

    def _call_chunk(
        self, part: int, call_id: str | None, name: str | None, arguments: str, **fields: Any
    ) -> ChatGenerationChunk:
        fragment = make_call_chunk(name=name or None, args=arguments, id=call_id or None, index=part)
        content: Any = ""
        if self._v1:
            content = [dict(fragment)]
        return self._chunk(content, tool_call_chunks=[fragment], **fields)

    def start_media(self, part: int, value: Media) -> Chunks:
        """A picture, a sound, a film or a file begins."""
        block = media_block(value)
        if block.get("base64") == "":
            del block["base64"]  # the bytes follow
        yield self._block(part, **block)

    def tell_media(self, delta: MediaDelta) -> Chunks:
        """More of a sound."""
        if delta.choice == self._choice:
            extras = given(transcript=delta.transcript or None, **(delta.extras or {}))
            data = self._aligned(delta.part, delta.data)
            yield self._block(delta.part, type="audio", **given(base64=data or None, extras=extras or None))

    def _aligned(self, part: int, data: str) -> str:
        """Base64 that may be joined to what follows: chunks are added up as strings, so none may end in padding."""
        waiting = self._audio.pop(part, b"") + base64.b64decode(data)
        whole = len(waiting) - len(waiting) % 3
        self._audio[part] = waiting[whole:]
        return base64.b64encode(waiting[:whole]).decode("ascii")

    def start_native(self, part: int, value: Native) -> Chunks:
        """A native item begins."""
        self._natives[part] = value
        yield from ()

    def tell_native(self, delta: NativeDelta) -> Chunks:
        """A native item is told whole, at its end."""
        if delta.choice == self._choice and delta.item is not None:
            self._natives[delta.part] = Native(self._natives[delta.part].protocol, delta.item)
        yield from ()

    def tell_end(self, delta: PartEnd) -> Chunks:
        """A part is whole."""
        if delta.choice != self._choice:
            return
        waiting = self._audio.pop(delta.part, b"")
        if waiting:
            yield self._block(delta.part, type="audio", base64=base64.b64encode(waiting).decode("ascii"))
        native = self._natives.pop(delta.part, None)
        if native is not None:
            yield self._block(delta.part, **native_block(native))

    def tell_logprobs(self, delta: LogprobsDelta) -> Chunks:
        """Log probabilities go into the last chunk."""
        if delta.choice == self._choice:
            known: Mapping[str, list[Any]] = self._last.setdefault("logprobs", {"content": [], "refusal": []})
            known["content"].extend(delta.logprobs.content)
            known["refusal"].extend(delta.logprobs.refusal)
        yield from ()

    def tell_usage(self, delta: UsageDelta) -> Chunks:
        """Usage goes into the last chunk."""
        self._usage = usage_metadata(delta.usage)
        if delta.usage.raw:
            self._last["token_usage"] = dict(delta.usage.raw)
        yield from ()

    def tell_finish(self, delta: FinishDelta) -> Chunks:
        """The end goes into the last chunk."""
        if delta.choice == self._choice:
            self._last["finish_reason"] = delta.finish_reason or delta.finish.value
            if delta.extras:
                self._last.update((name, value) for name, value in delta.extras.items() if name not in self._last)
        yield from ()


_START: Mapping[type[Part], Callable[[ChunkBuilder, int, Any], Chunks]] = {
    Text: ChunkBuilder.start_text,
    Reasoning: ChunkBuilder.start_reasoning,
    Refusal: ChunkBuilder.start_refusal,
    ToolCall: ChunkBuilder.start_call,
    Image: ChunkBuilder.start_media,
    Audio: ChunkBuilder.start_media,
    Video: ChunkBuilder.start_media,
    File: ChunkBuilder.start_media,
    Native: ChunkBuilder.start_native,
}

_TELL: Mapping[type, Callable[[ChunkBuilder, Any], Chunks]] = {
    ResponseMeta: ChunkBuilder.tell_meta,
    PartStart: ChunkBuilder.tell_start,
    TextDelta: ChunkBuilder.tell_text,
    ReasoningDelta: ChunkBuilder.tell_reasoning,
    RefusalDelta: ChunkBuilder.tell_refusal,
    AnnotationDelta: ChunkBuilder.tell_annotation,
    ToolCallDelta: ChunkBuilder.tell_call,
    MediaDelta: ChunkBuilder.tell_media,
    NativeDelta: ChunkBuilder.tell_native,
    PartEnd: ChunkBuilder.tell_end,
    LogprobsDelta: ChunkBuilder.tell_logprobs,
    UsageDelta: ChunkBuilder.tell_usage,
    FinishDelta: ChunkBuilder.tell_finish,
}
