"""A stream's deltas as LlamaIndex's responses.

Each response is complete in itself: its message holds all that came so far. Only the block that a delta belongs to is
made anew, and of what has accumulated only its text is copied; a response once handed on is never touched again. The
last response is made from the folded reply, so it is the one that the plain answer would have given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ContentBlock,
    MessageRole,
    TextBlock,
    ToolCallBlock,
)
from seacloud_client.conversation import Audio, Part, Reasoning, Refusal, Text, ToolCall
from seacloud_client.deltas import (
    AnnotationDelta,
    Delta,
    MediaDelta,
    PartStart,
    ReasoningDelta,
    RefusalDelta,
    ResponseMeta,
    TextDelta,
    ToolCallDelta,
)
from seacloud_client.folding import Fold

from llamaindex_seacloud.blocks import Json, call_json, citation_block, given, tell, thinking_block
from llamaindex_seacloud.replies import response_of


class _Growing:
    """A part as it grows: its blocks so far, and where the first of them is among the message's."""

    __slots__ = ("at", "blocks", "call_at", "text", "value")

    def __init__(self, value: Part) -> None:
        self.value: Any = value
        self.text = ""
        self.blocks: list[ContentBlock] = []
        self.at = 0
        self.call_at = 0


class ResponseBuilder:
    """Makes the responses of one stream: `add` each delta, then take `last`.

    Args:
        choice: which choice of the reply to tell; a response has room for one.
    """

    def __init__(self, choice: int = 0) -> None:
        self._choice = choice
        self._fold = Fold()
        self._parts: dict[int, _Growing] = {}
        self._blocks: list[ContentBlock] = []
        self._kwargs: Json = {}
        self._raw: Json = {}

    def add(self, delta: Delta) -> ChatResponse | None:
        """The response that tells a delta, or none where there is nothing to show."""
        self._fold.add(delta)
        told = _TELL.get(type(delta))
        return told(self, delta) if told is not None else None

    def last(self) -> ChatResponse:
        """The last response: the whole message, how it ended, and what it cost."""
        return response_of(self._fold.reply(), delta="")

    def _response(self, delta: str = "", thinking: str = "") -> ChatResponse:
        message = ChatMessage(role=MessageRole.ASSISTANT, blocks=self._blocks, additional_kwargs=self._kwargs)
        if not thinking:
            return ChatResponse(message=message, delta=delta, raw=self._raw)
        return ChatResponse(message=message, delta=delta, raw=self._raw, additional_kwargs={"thinking_delta": thinking})

    def _show(self, part: _Growing, *blocks: ContentBlock) -> None:
        """Puts a part's blocks, which may be more or fewer than before, into their place."""
        part.blocks = list(blocks)
        self._blocks = []
        for number in sorted(self._parts):
            growing = self._parts[number]
            growing.at = len(self._blocks)
            self._blocks += growing.blocks

    def _replace(self, part: _Growing, block: ContentBlock) -> None:
        """Puts a part's first block anew. The list is our own: each message has copied it."""
        if part.blocks:
            part.blocks[0] = block
            self._blocks[part.at] = block
        else:
            self._show(part, block)

    def tell_meta(self, delta: ResponseMeta) -> None:
        """What is known of the reply is in the `raw` of each response from now on."""
        known = given(id=delta.id, model=delta.model, request_id=delta.request_id)
        self._raw = {**self._raw, **known, "protocol": delta.protocol}

    def tell_start(self, delta: PartStart) -> ChatResponse | None:
        """A part begins."""
        if delta.choice != self._choice:
            return None
        part = self._parts[delta.part] = _Growing(delta.value)
        starter = _START.get(type(delta.value))
        if starter is not None:
            return starter(self, part)
        blocks, _ = tell((delta.value,))
        self._show(part, *blocks)
        return self._response() if blocks else None

    def start_text(self, part: _Growing) -> ChatResponse | None:
        """A text begins, mostly with nothing yet."""
        return self._more_text(part, part.value.text) if part.value.text else None

    def tell_text(self, delta: TextDelta) -> ChatResponse | None:
        """More text."""
        if delta.choice != self._choice:
            return None
        return self._more_text(self._parts[delta.part], delta.text)

    def _more_text(self, part: _Growing, text: str) -> ChatResponse:
        part.text += text
        self._replace(part, TextBlock(text=part.text))
        return self._response(text)

    def tell_annotation(self, delta: AnnotationDelta) -> ChatResponse | None:
        """A citation goes behind its text."""
        if delta.choice != self._choice:
            return None
        part = self._parts[delta.part]
        said = part.blocks or [TextBlock(text="")]
        self._show(part, *said, citation_block(delta.annotation))
        return self._response()

    def start_reasoning(self, part: _Growing) -> ChatResponse | None:
        """Reasoning begins."""
        return self._more_reasoning(part, part.value.text) if part.value.text else None

    def tell_reasoning(self, delta: ReasoningDelta) -> ChatResponse | None:
        """More reasoning. What comes with it besides is in the last response."""
        if delta.choice != self._choice or not delta.text:
            return None
        return self._more_reasoning(self._parts[delta.part], delta.text)

    def _more_reasoning(self, part: _Growing, text: str) -> ChatResponse:
        part.text += text
        self._replace(part, thinking_block(part.value, part.text))
        return self._response(thinking=text)

    def start_call(self, part: _Growing) -> ChatResponse | None:
        """A tool call begins."""
        part.call_at = len(self._kwargs.get("tool_calls", ()))
        return self._more_call(part, part.value.arguments)

    def tell_call(self, delta: ToolCallDelta) -> ChatResponse | None:
        """More of a call's arguments."""
        if delta.choice != self._choice:
            return None
        part = self._parts[delta.part]
        if delta.id is not None or delta.name is not None:
            known: ToolCall = part.value
            part.value = ToolCall(delta.id or known.id, delta.name or known.name, "", known.kind)
        return self._more_call(part, delta.arguments)

    def _more_call(self, part: _Growing, arguments: str) -> ChatResponse:
        call: ToolCall = part.value
        part.text += arguments
        block = ToolCallBlock(tool_call_id=call.id or None, tool_name=call.name, tool_kwargs=part.text)
        self._replace(part, block)
        calls = list(self._kwargs.get("tool_calls", ()))
        calls[part.call_at : part.call_at + 1] = [call_json(call, part.text)]
        self._kwargs = {**self._kwargs, "tool_calls": calls}
        return self._response()

    def start_refusal(self, part: _Growing) -> ChatResponse | None:
        """A refusal begins."""
        return self._more_refusal(part.value.text) if part.value.text else None

    def tell_refusal(self, delta: RefusalDelta) -> ChatResponse | None:
        """More of a refusal."""
        return self._more_refusal(delta.text) if delta.choice == self._choice else None

    def _more_refusal(self, text: str) -> ChatResponse:
        self._kwargs = {**self._kwargs, "refusal": self._kwargs.get("refusal", "") + text}
        return self._response()

    def start_audio(self, part: _Growing) -> ChatResponse | None:
        """A sound begins. Its transcript is shown as it comes, and the sound when it is whole, in the last response."""
        return self._more_text(part, part.value.transcript) if part.value.transcript else None

    def tell_media(self, delta: MediaDelta) -> ChatResponse | None:
        """More of a sound."""
        if delta.choice != self._choice or not delta.transcript:
            return None
        return self._more_text(self._parts[delta.part], delta.transcript)


_START: Mapping[type, Callable[[ResponseBuilder, _Growing], ChatResponse | None]] = {
    Text: ResponseBuilder.start_text,
    Reasoning: ResponseBuilder.start_reasoning,
    ToolCall: ResponseBuilder.start_call,
    Refusal: ResponseBuilder.start_refusal,
    Audio: ResponseBuilder.start_audio,
}

_TELL: Mapping[type, Callable[[ResponseBuilder, Any], ChatResponse | None]] = {
    ResponseMeta: ResponseBuilder.tell_meta,
    PartStart: ResponseBuilder.tell_start,
    TextDelta: ResponseBuilder.tell_text,
    AnnotationDelta: ResponseBuilder.tell_annotation,
    ReasoningDelta: ResponseBuilder.tell_reasoning,
    ToolCallDelta: ResponseBuilder.tell_call,
    RefusalDelta: ResponseBuilder.tell_refusal,
    MediaDelta: ResponseBuilder.tell_media,
}
