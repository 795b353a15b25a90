"""A stream's deltas as LangChain's chunks.

Chunks are merged by adding up: strings grow, numbers are summed. So whatever must come once is told once, in the last
chunk, and each part keeps its own index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from langchain_core.messages import AIMessageChunk
from langchain_core.messages.ai import UsageMetadata
from langchain_core.messages.tool import tool_call_chunk as make_call_chunk
from langchain_core.outputs import ChatGenerationChunk
from seacloud_client.conversation import (
    Annotation,
    Audio,
    Extras,
    File,
    Image,
    Native,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    Video,
    wanted_back,
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
from seacloud_client.folding import Fold

from langchain_seacloud.blocks import (
    citation_block,
    given,
    media_block,
    reasoning_block,
    refusal_block,
    sealed,
    text_block,
    usage_metadata,
)
from langchain_seacloud.calls import CALL_FACTS, OpenCall
from langchain_seacloud.natives import native_blocks
from langchain_seacloud.reasoning import KeptReasoning, is_kept_beside

PROVIDER = "seacloud"
"""The name of the provider in `response_metadata`, and for LangSmith."""

TEXT_FACTS = "text_facts"
"""Where, in `additional_kwargs`, a reply keeps the `id` and `extras` of a text that is a plain string."""

REFUSAL_ID = "refusal_id"
"""Where, in `additional_kwargs`, a reply keeps the id of the item that held its `refusal`."""

REFUSAL_EXTRAS = "refusal_extras"
"""Where it keeps what else the provider wants back with it."""

MESSAGE_FIELDS = "message_fields"
"""Where it keeps fields of the wire's message that the provider wants back: Chat Completions' sealed thoughts."""

Chunks = Iterable[ChatGenerationChunk]


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
        self._nothing: str | list[str | dict[Any, Any]] = [] if v1 else ""
        self._plain_text: int | None = None  # the part whose text is the plain string
        self._strings = 0  # 1 if the merged content begins with a string
        self._blocks: dict[int | str, str] = {}  # the parts that have a block in the content, and its type
        self._reasoning = KeptReasoning()
        self._held: dict[int, Fold] = {}  # parts that are told whole
        self._citations: dict[int, list[Annotation]] = {}
        self._calls: dict[int, OpenCall] = {}
        self._refusals: list[int] = []
        self._refusal = ""  # what they say
        self._calls_begun = 0
        self._unplaced: list[str] = []  # ids of calls that no content block has followed yet
        self._last: dict[str, Any] = {}
        self._usage: UsageMetadata | None = None

    def chunks(self, delta: Delta) -> Chunks:
        """The chunks that tell a delta: mostly one, sometimes none."""
        return _TELL[type(delta)](self, delta)

    def finish(self) -> Chunks:
        """What is left to tell, and then the last chunk: how it ended, what it cost, and what was known of it."""
        for part in (*self._held, *self._citations, *self._calls):
            yield from self.tell_end(PartEnd(self._choice, part))
        kwargs = {"refusal": self._refusal} if self._refusal else {}
        refusal = refusal_block(kwargs, self._last) if self._v1 else None
        message = AIMessageChunk(
            content=self._nothing if refusal is None else [{**refusal, "index": "lc_refusal"}],
            additional_kwargs=kwargs,
            response_metadata={**self._marks, **self._last},
            usage_metadata=self._usage,
            chunk_position="last",
        )
        info = {"finish_reason": self._last["finish_reason"]} if self._last.get("finish_reason") else None
        yield ChatGenerationChunk(message=message, generation_info=info)

    def _chunk(self, content: str | list[str | dict[Any, Any]] | None = None, **fields: Any) -> ChatGenerationChunk:
        if content is None:
            content = self._nothing
        if isinstance(content, str) and not self._blocks:
            self._strings = 1
        return ChatGenerationChunk(
            message=AIMessageChunk(content=content, response_metadata=self._marks, **fields)  # which copies it
        )

    def _block(self, part: int | str, **block: Any) -> ChatGenerationChunk:
        """A content block, or more of one."""
        if part in self._blocks:
            return self._chunk([{**block, "index": part}])
        place = self._strings + len(self._blocks)
        self._blocks[part] = str(block["type"])
        return self._chunk([{**block, "index": part}], **self._place_calls(place))

    def _place_calls(self, place: int) -> dict[str, Any]:
        """Says of the calls so far that they stand before the content block of this number."""
        if self._v1 or not self._unplaced:
            return {}  # standard blocks hold the calls at their places
        facts = {call_id: {"before": place} for call_id in self._unplaced}
        self._unplaced = []
        return {"additional_kwargs": {CALL_FACTS: facts}}

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
        """A text begins: the first is a plain string, unless something else is a block before it."""
        if self._v1 or self._blocks or self._plain_text is not None:
            yield self._block(part, **text_block(value))
        else:
            self._plain_text = part
            facts = given(id=value.id, extras=value.extras)
            kwargs = {**({TEXT_FACTS: facts} if facts else {}), **self._place_calls(0).get("additional_kwargs", {})}
            if kwargs:
                yield self._chunk(additional_kwargs=kwargs)
        if value.text:
            yield from self.tell_text(TextDelta(self._choice, part, value.text))
        for annotation in value.annotations:
            yield from self.tell_annotation(AnnotationDelta(self._choice, part, annotation))

    def tell_text(self, delta: TextDelta) -> Chunks:
        """More text. A tuple, since this is what a stream mostly is, and a generator costs more."""
        if delta.choice != self._choice:
            return ()
        if delta.part == self._plain_text:
            return (self._chunk(delta.text),)
        return (self._block(delta.part, type="text", text=delta.text),)

    def tell_annotation(self, delta: AnnotationDelta) -> Chunks:
        """A citation. A text's citations are told together at its end: v3 events know only the last list of them."""
        if delta.choice == self._choice:
            self._citations.setdefault(delta.part, []).append(delta.annotation)
        yield from ()

    def start_reasoning(self, part: int, value: Reasoning) -> Chunks:
        """Reasoning begins."""
        if self._v1 or not is_kept_beside(value):
            yield self._block(part, **reasoning_block(value))
        else:
            for kwargs in self._reasoning.start(part, value):
                yield self._chunk(additional_kwargs=kwargs)

    def tell_reasoning(self, delta: ReasoningDelta) -> Chunks:
        """More reasoning."""
        if delta.choice != self._choice:
            return
        if self._reasoning.has(delta.part):
            for kwargs in self._reasoning.add(delta.part, delta):
                yield self._chunk(additional_kwargs=kwargs)
        else:
            extras = {**(delta.extras or {}), **sealed(delta.signature, delta.encrypted)}
            yield self._block(
                delta.part,
                type="reasoning",
                **({"reasoning": delta.text} if delta.text else {}),
                **({"extras": extras} if extras else {}),
            )

    def tell_refusal(self, delta: RefusalDelta) -> Chunks:
        """More of a refusal. It is told in the last chunk: v3 events know only the last chunk of a block."""
        if delta.choice == self._choice:
            self._refusal += delta.text
        yield from ()

    def start_refusal(self, part: int, value: Refusal) -> Chunks:
        """A refusal begins. LangChain joins what chunks say: so of several, only the first has facts of its own."""
        if not self._refusals:
            facts = given(**{REFUSAL_ID: value.id or None, REFUSAL_EXTRAS: dict(value.extras or {}) or None})
            if facts:
                yield self._chunk(additional_kwargs=facts)
        self._refusals.append(part)
        if value.text:
            yield from self.tell_refusal(RefusalDelta(self._choice, part, value.text))

    def start_call(self, part: int, value: ToolCall) -> Chunks:
        """A call begins."""
        call = self._calls[part] = OpenCall(value, self._calls_begun)
        self._calls_begun += 1
        self._unplaced.append(value.id)
        facts = given(kind=value.kind if value.kind != "function" else None, item_id=value.item_id, extras=value.extras)
        yield self._call_chunk(part, value.id, value.name, call.begin(), facts)

    def tell_call(self, delta: ToolCallDelta) -> Chunks:
        """More of a call's arguments."""
        if delta.choice == self._choice:
            call = self._calls[delta.part]
            call.id = delta.id or call.id
            yield self._call_chunk(delta.part, delta.id, delta.name, call.add(delta.arguments))

    def _end_call(self, part: int, call: OpenCall, extras: Extras | None) -> Chunks:
        closing, facts = call.end()
        facts = {**given(extras=extras), **facts}
        if facts or closing:
            yield self._call_chunk(part, None, None, closing, facts, of=call.id)

    def _call_chunk(  # noqa: PLR0917  # the fields of a fragment, in its own order
        self,
        part: int,
        call_id: str | None,
        name: str | None,
        arguments: str,
        facts: Mapping[str, Any] | None = None,
        of: str | None = None,
    ) -> ChatGenerationChunk:
        fragment = make_call_chunk(name=name or None, args=arguments, id=call_id or None, index=part)
        kwargs = {"additional_kwargs": {CALL_FACTS: {of or call_id: dict(facts)}}} if facts else {}
        return self._chunk([dict(fragment)] if self._v1 else None, tool_call_chunks=[fragment], **kwargs)

    def start_held(self, part: int, value: Image | Audio | Video | File | Native) -> Chunks:
        """A picture, a sound, a film, a file or a native item begins. It is told whole, at its end.

        Chunks are added up as strings, which base64 does not bear, and v3 events know only the last chunk of a block.
        """
        self._held[part] = Fold().add_all([PartStart(0, part, value)])
        yield from ()

    def tell_held(self, delta: MediaDelta | NativeDelta) -> Chunks:
        """More of it."""
        if delta.choice == self._choice:
            self._held[delta.part].add(replace(delta, choice=0))
        yield from ()

    def tell_end(self, delta: PartEnd) -> Chunks:
        """A part is whole."""
        if delta.choice != self._choice:
            return
        held = self._held.pop(delta.part, None)
        call = self._calls.pop(delta.part, None)
        if held is not None:
            whole: Any = held.add_all([PartEnd(0, delta.part, delta.extras)]).reply().choice.parts[0]
            first, *others = native_blocks(whole) if isinstance(whole, Native) else [media_block(whole)]
            yield self._block(delta.part, **first)
            for result in others:
                yield self._block(f"lc_result_{delta.part}", **result)
        elif call is not None:
            yield from self._end_call(delta.part, call, delta.extras)
        elif delta.part in self._refusals:
            if delta.extras and delta.part == self._refusals[0]:
                yield self._chunk(additional_kwargs={REFUSAL_EXTRAS: dict(delta.extras)})
        else:
            yield from self._end_text(delta.part, delta.extras)

    def _end_text(self, part: int, extras: Extras | None) -> Chunks:
        """The end of a text, or of reasoning: citations and facts that came late."""
        citations = [citation_block(citation) for citation in self._citations.pop(part, ())]
        late = given(annotations=citations or None)
        if part == self._plain_text:
            late.update({TEXT_FACTS: {"extras": dict(extras)}} if extras else {})
            if late:
                yield self._chunk(additional_kwargs=late)
            return
        if extras:
            late["extras"] = dict(extras)
        kind = self._blocks.get(part)
        if late and kind is not None:
            yield self._block(part, **{"type": kind, kind: "", **late})

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
        """The end goes into the last chunk, but for what goes back to the provider."""
        if delta.choice != self._choice:
            return
        self._last["finish_reason"] = delta.finish_reason or delta.finish.value
        if delta.extras:
            self._last.update((name, value) for name, value in delta.extras.items() if name not in self._last)
        fields = wanted_back(delta.extras)
        if fields:
            yield self._chunk(additional_kwargs={MESSAGE_FIELDS: fields})


_START: Mapping[type[Part], Callable[[ChunkBuilder, int, Any], Chunks]] = {
    Text: ChunkBuilder.start_text,
    Reasoning: ChunkBuilder.start_reasoning,
    Refusal: ChunkBuilder.start_refusal,
    ToolCall: ChunkBuilder.start_call,
    Image: ChunkBuilder.start_held,
    Audio: ChunkBuilder.start_held,
    Video: ChunkBuilder.start_held,
    File: ChunkBuilder.start_held,
    Native: ChunkBuilder.start_held,
}

_TELL: Mapping[type, Callable[[ChunkBuilder, Any], Chunks]] = {
    ResponseMeta: ChunkBuilder.tell_meta,
    PartStart: ChunkBuilder.tell_start,
    TextDelta: ChunkBuilder.tell_text,
    ReasoningDelta: ChunkBuilder.tell_reasoning,
    RefusalDelta: ChunkBuilder.tell_refusal,
    AnnotationDelta: ChunkBuilder.tell_annotation,
    ToolCallDelta: ChunkBuilder.tell_call,
    MediaDelta: ChunkBuilder.tell_held,
    NativeDelta: ChunkBuilder.tell_held,
    PartEnd: ChunkBuilder.tell_end,
    LogprobsDelta: ChunkBuilder.tell_logprobs,
    UsageDelta: ChunkBuilder.tell_usage,
    FinishDelta: ChunkBuilder.tell_finish,
}
