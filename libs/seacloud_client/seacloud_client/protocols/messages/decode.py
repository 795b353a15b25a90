"""Messages' replies and streams.

A plain reply is read as a stream whose start holds it all, so that the two cannot differ. What the reader knows
besides Anthropic's reference is what gateways send in the same format:

- events whose JSON lacks the type that the SSE event names, deltas without an index, blocks without a start or an end;
- input tokens told at the start alone, at the end alone, or at the end again as zeros;
- another vendor's finish reasons; no `message_stop`; unknown fields, which are kept in `extras`.

Events that are not known are passed over: Anthropic's reference says that there may be new ones.

Where another model takes over in the middle (the beta "fallback"), the reply's model is the one that answered, as it is
in a plain reply.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from seacloud_client.conversation import Finish, Reply, Usage
from seacloud_client.deltas import Delta, FinishDelta, ResponseMeta, UsageDelta
from seacloud_client.error_mapping import error_from_body, is_error_reply
from seacloud_client.errors import ProtocolError, SeaCloudError, StreamBroken, after
from seacloud_client.folding import Fold
from seacloud_client.protocols.messages.blocks import (
    BLOCKS,
    IMPLIED,
    Block,
    Json,
    NativeBlock,
    OutputBlock,
    ToolUseBlock,
)
from seacloud_client.protocols.usage import count
from seacloud_client.protocols.values import made_up_id, objects, string

FINISHES: Mapping[str, Finish] = {
    "end_turn": Finish.STOP,
    "stop_sequence": Finish.STOP,
    "max_tokens": Finish.LENGTH,
    "model_context_window_exceeded": Finish.LENGTH,
    "tool_use": Finish.TOOL_CALLS,
    "refusal": Finish.REFUSAL,
    "pause_turn": Finish.PAUSE,
    "compaction": Finish.PAUSE,  # beta: it compacted the context, was asked to stop there, and is sent back to go on
    # Gateways that translate another protocol's reply:
    "stop": Finish.STOP,
    "length": Finish.LENGTH,
    "tool_calls": Finish.TOOL_CALLS,
    "content_filter": Finish.CONTENT_FILTER,
}

_MESSAGE_KEYS = frozenset(
    ("id", "type", "role", "model", "content", "usage", "stop_reason", "stop_sequence", "stop_details")
)
_DELTA_KEYS = frozenset(("type", "delta", "usage"))
_STOP_KEYS = ("stop_sequence", "stop_details")
_INPUT_COUNTS = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
_OF_INPUT = frozenset((*_INPUT_COUNTS, "cache_creation"))

# The type of a block's delta, for gateways that leave it out: by the field that says it.
_DELTA_TYPES = {
    "text": "text_delta",
    "partial_json": "input_json_delta",
    "thinking": "thinking_delta",
    "signature": "signature_delta",
    "citation": "citations_delta",
}


def decode(body: Any) -> Reply:
    """Reads the JSON body of a plain reply.

    Raises:
        APIError: if it is an error, though its status was 200.
        ProtocolError: if it is no message.
    """
    if is_error_reply(body):
        raise error_from_body(body)
    if not isinstance(body, dict) or not isinstance(body.get("content"), (list, str)):
        raise ProtocolError("The answer is no message: it has no content.", body=body)
    decoder = MessagesStreamDecoder()
    return (
        Fold().add_all(decoder.feed("", {"type": "message_start", "message": body})).add_all(decoder.finish()).reply()
    )


class MessagesStreamDecoder:
    """Decodes one stream. Feed it each event's JSON, then close it.

    `is_finished` says that the stream has had its last event; what comes behind it is not read.
    """

    def __init__(self) -> None:
        self._id: str | None = None
        self._model: str | None = None
        self._service_tier: str | None = None
        self._has_begun = False
        self.is_finished = False
        self._parts = 0
        self._kinds: set[type[Block]] = set()
        self._answered_by: str | None = None  # the model that took over
        self._open: dict[int, Block] = {}  # by the index that the wire gives them
        self._opened: list[int] = []  # the indices in the order in which blocks were opened; some are ended
        self._usage: dict[str, Any] = {}
        self._stop_reason: str | None = None
        self._stop_extras: dict[str, Any] = {}
        self._extras: dict[str, Any] = {}

    def feed(self, event: str, data: Any) -> Iterable[Delta]:
        """The deltas of one event.

        Raises:
            APIError: if the event is an error.
            ProtocolError: if it is no event of Messages.
        """
        if self.is_finished:
            return []
        if not isinstance(data, dict):
            raise ProtocolError(f"An event of the stream is not a JSON object: {str(data)[:200]}.", body=data)
        kind = data.get("type")
        handler = _EVENTS.get(kind if isinstance(kind, str) else event)
        if handler is None:
            if event == "error" or data.get("error") or is_error_reply(data):
                usage = read_usage(self._usage)
                return after([] if usage is None else [UsageDelta(usage)], error_from_body(data))
            return []  # a ping, or an event that this version does not know
        deltas: list[Delta] = []
        try:
            handler(self, data, deltas)
        except SeaCloudError as error:
            return after(deltas, error)
        return deltas

    def close(self) -> list[Delta]:
        """Usage and finish, if they were not told yet. A stream is complete when it has said why the reply ended.

        Raises:
            StreamBroken: if it is not complete.
        """
        if not self.is_finished and self._stop_reason is None:
            raise StreamBroken(
                "The stream ended before the reply was complete. It may have been generated to its end, and billed."
            )
        return self.finish()

    def finish(self) -> list[Delta]:
        """Usage and finish, if they were not told yet, of a stream that says it is complete.

        Raises:
            ProtocolError: if it held no message.
        """
        deltas: list[Delta] = []
        if not self.is_finished:
            self._finish(deltas)
        return deltas

    def read_message(self, data: Json, deltas: list[Delta]) -> None:
        """`message_start`: the message as it is at that time, which of a plain reply is the whole."""
        message = data.get("message")
        message = message if isinstance(message, dict) else {}
        self._has_begun = True
        self._read_usage(message.get("usage"))
        self._tell_meta(message, deltas)
        self._read_stop(message)
        self._keep_extras(message, _MESSAGE_KEYS)
        for block in _blocks_of(message.get("content")):
            self.read_block_start({"content_block": block}, deltas)
            self._end_block(self._parts - 1, deltas)

    def read_whole(self, data: Json, deltas: list[Delta]) -> None:
        """A plain reply as the only event of a stream, as a gateway may send it."""
        self.read_message({"message": data}, deltas)

    def _tell_meta(self, message: Json, deltas: list[Delta]) -> None:
        """Tells id, model and tier, each once."""
        news: dict[str, Any] = {}
        for name, value in (
            ("id", message.get("id")),
            ("model", message.get("model")),
            ("service_tier", self._usage.get("service_tier")),
        ):
            if string(value) and getattr(self, f"_{name}") is None:
                setattr(self, f"_{name}", value)
                news[name] = value
        if news:
            deltas.append(ResponseMeta("messages", **news))

    def read_block_start(self, data: Json, deltas: list[Delta]) -> None:
        """`content_block_start`."""
        index = data.get("index")
        if type(index) is not int:
            index = self._parts
        self._end_block(index, deltas)  # a gateway may forget to
        self._open_block(index, data.get("content_block"), deltas)

    def _open_block(self, index: int, block: Any, deltas: list[Delta]) -> Block:
        if not isinstance(block, dict):
            raise ProtocolError("A content block of the reply is not a JSON object.", body=block)
        kind = block.get("type")
        if kind == "tool_use" and not string(block.get("id")):
            block = {**block, "id": made_up_id("toolu_", self._id, self._parts)}
        elif kind == "fallback" and isinstance(block.get("to"), dict):
            self._answered_by = string(block["to"].get("model")) or self._answered_by
        opened = BLOCKS.get(kind if isinstance(kind, str) else "", NativeBlock)(self._parts, block, deltas)
        self._has_begun = True
        self._kinds.add(type(opened))
        self._parts += 1
        self._open[index] = opened
        self._opened.append(index)
        return opened

    def _last_open(self) -> int:
        """The index of the block that was opened last and is not ended; the next one's, if all are."""
        while self._opened and self._opened[-1] not in self._open:
            self._opened.pop()
        return self._opened[-1] if self._opened else self._parts

    def read_block_delta(self, data: Json, deltas: list[Delta]) -> None:
        """`content_block_delta`: more of a block, which begins with it where a gateway did not start it."""
        delta = data.get("delta")
        if not isinstance(delta, dict):
            raise ProtocolError("The delta of a content block is not a JSON object.", body=data)
        index = data.get("index")
        if type(index) is not int:
            index = self._last_open()
        kind = delta.get("type")
        if not isinstance(kind, str):
            kind = next((_DELTA_TYPES[name] for name in _DELTA_TYPES if name in delta), "")
        block = self._open.get(index)
        if (block is None or not block.read(kind, delta, deltas)) and kind in IMPLIED:
            self._end_block(index, deltas)
            self._open_block(index, {"type": IMPLIED[kind]}, deltas).read(kind, delta, deltas)
        # Any other is of a kind that this version does not know.

    def read_block_stop(self, data: Json, deltas: list[Delta]) -> None:
        """`content_block_stop`."""
        index = data.get("index")
        self._end_block(index if type(index) is int else self._last_open(), deltas)

    def _end_block(self, index: int, deltas: list[Delta]) -> None:
        block = self._open.pop(index, None)
        if block is not None:
            block.end(deltas)

    def read_message_delta(self, data: Json, _deltas: list[Delta]) -> None:
        """`message_delta`: why the reply ended, and the usage so far."""
        delta = data.get("delta")
        delta = delta if isinstance(delta, dict) else {}
        self._read_stop(delta)
        self._keep_extras(delta, _MESSAGE_KEYS)
        self._keep_extras(data, _DELTA_KEYS)
        self._read_usage(data.get("usage"))

    def read_message_stop(self, _data: Json, deltas: list[Delta]) -> None:
        """`message_stop`."""
        self._finish(deltas)

    def _finish(self, deltas: list[Delta]) -> None:
        if not self._has_begun:
            raise ProtocolError("The answer holds no message, so there is no reply in it.")
        self.is_finished = True
        for block in self._open.values():
            block.end(deltas)
        deltas.append(FinishDelta(0, self._read_finish(), self._stop_reason, self._stop_extras or None))
        self._tell_meta({}, deltas)
        model = self._answered_by if self._answered_by != self._model else None
        if self._extras or model:
            deltas.append(ResponseMeta("messages", model=model, extras=self._extras or None))
        usage = read_usage(self._usage)
        if usage is not None:
            deltas.append(UsageDelta(usage))

    def _read_finish(self) -> Finish:
        finish = FINISHES.get(self._stop_reason or "", Finish.UNKNOWN)
        if finish is Finish.TOOL_CALLS and OutputBlock in self._kinds and ToolUseBlock not in self._kinds:
            return Finish.STOP  # the call was the answer
        return finish

    def _read_stop(self, holder: Json) -> None:
        self._stop_reason = string(holder.get("stop_reason")) or self._stop_reason
        for name in _STOP_KEYS:
            if holder.get(name) is not None:
                self._stop_extras[name] = holder[name]

    def _keep_extras(self, holder: Json, known: frozenset[str]) -> None:
        if not holder.keys() <= known:
            for name in holder.keys() - known:
                if holder[name] is not None:
                    self._extras[name] = holder[name]

    def _read_usage(self, usage: Any) -> None:
        """Takes over the latest figures: they are cumulative.

        A gateway that knows the input only at the start may say zero of it at the end: that is no news.
        """
        if not isinstance(usage, dict):
            return
        news = {name: value for name, value in usage.items() if value is not None}
        if not any(count(news, name) for name in _INPUT_COUNTS):
            news = {name: value for name, value in news.items() if name not in _OF_INPUT or name not in self._usage}
        if self._usage.get("output_tokens") and not count(news, "output_tokens"):
            news.pop("output_tokens", None)
        self._usage.update(news)


_EVENTS: Mapping[str, Callable[[MessagesStreamDecoder, Json, list[Delta]], None]] = {
    "message": MessagesStreamDecoder.read_whole,
    "message_start": MessagesStreamDecoder.read_message,
    "content_block_start": MessagesStreamDecoder.read_block_start,
    "content_block_delta": MessagesStreamDecoder.read_block_delta,
    "content_block_stop": MessagesStreamDecoder.read_block_stop,
    "message_delta": MessagesStreamDecoder.read_message_delta,
    "message_stop": MessagesStreamDecoder.read_message_stop,
}


def _blocks_of(content: Any) -> list[Any]:
    """The blocks of a message; gateways may have a text, or nothing, in their place.

    Raises:
        ProtocolError: if it is something else.
    """
    if isinstance(content, list):
        return content
    if content and not isinstance(content, str):
        raise ProtocolError("The content of the message is not a list of blocks.", body=content)
    return [{"type": "text", "text": content}] if content else []


def read_usage(raw: Json) -> Usage | None:
    """The usage in our terms.

    Anthropic's reference: the input is the sum of `input_tokens`, `cache_creation_input_tokens` and
    `cache_read_input_tokens`; and what a compaction of the context cost is told among the `iterations` alone, "not
    included in the top-level `usage` fields". Whether other iterations are is not told of each, so they are not added.
    """
    if not raw:
        return None
    counted = [raw, *(step for step in objects(raw.get("iterations")) if step.get("type") == "compaction")]
    given = sum(_total(counted, name) or 0 for name in _INPUT_COUNTS)
    made = _total(counted, "output_tokens") or 0
    return Usage(
        input_tokens=given,
        output_tokens=made,
        total_tokens=given + made,
        cache_read_tokens=_total(counted, "cache_read_input_tokens"),
        cache_creation_tokens=_total(counted, "cache_creation_input_tokens"),
        cache_creation_5m_tokens=_total(counted, "cache_creation", "ephemeral_5m_input_tokens"),
        cache_creation_1h_tokens=_total(counted, "cache_creation", "ephemeral_1h_input_tokens"),
        reasoning_tokens=_total(counted, "output_tokens_details", "thinking_tokens"),
        raw=raw,
    )


def _total(counted: Iterable[Json], *path: str) -> int | None:
    """The sum of the figures at a path, as far as they are told."""
    told = [number for usage in counted if (number := count(usage, *path)) is not None]
    return sum(told) if told else None
