"""Responses' replies and streams.

A plain reply is read as a stream of its terminal event alone, so that the two cannot differ. What counts:

- Deltas are told as they come. What they left out is told from the `.done` events and from the terminal event
  (`response.completed`, `.incomplete`), which holds the whole reply: an item of which no event spoke, the rest of a
  text, citations, late facts. What was told already is never told again, nor changed: where the terminal event
  encrypts content anew, or disagrees, the earlier form stays.
- The terminal event ends the reply. Whatever follows it (another response, say) is not read.
- Usage, tier and the facts of the reply as a whole are the terminal event's. What merely repeats the request is left
  out.

What the reader knows besides OpenAI's reference is what gateways send in the same format: events whose JSON lacks the
type that the SSE event names, items that were never announced, without an index or with one that is used again, a
terminal event without the output, the reply itself as the only event. Events that are not known are passed over.
"""

from __future__ import annotations

from bisect import bisect, insort
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from seacloud_client.conversation import Audio, Finish, Reply, Usage
from seacloud_client.deltas import Delta, FinishDelta, MediaDelta, PartEnd, PartStart, ResponseMeta, UsageDelta
from seacloud_client.error_mapping import error_from_body, is_error_reply
from seacloud_client.errors import APIError, ProtocolError, SeaCloudError, StreamBroken, after
from seacloud_client.folding import Fold
from seacloud_client.protocols.responses.finding import OpenItems, ToldItems
from seacloud_client.protocols.responses.growing import PARTS_OF_ITEM, Facts, Json, OutputItem
from seacloud_client.protocols.responses.items import ITEMS, CallItem, NativeItem
from seacloud_client.protocols.responses.texts import MessageItem, ReasoningItem
from seacloud_client.protocols.usage import count, first_count
from seacloud_client.protocols.values import others, string

FINISHES: Mapping[str, Finish] = {
    "completed": Finish.STOP,
    "complete": Finish.STOP,  # as gateways may call it
    "cancelled": Finish.ERROR,
    "queued": Finish.PAUSE,  # in the background: the reply is fetched by its id
    "in_progress": Finish.PAUSE,
}
"""By the status of the response; `failed` is an error, and `incomplete` has reasons."""

INCOMPLETE: Mapping[str, Finish] = {
    "max_output_tokens": Finish.LENGTH,
    "max_messages": Finish.LENGTH,
    "content_filter": Finish.CONTENT_FILTER,
    "steered": Finish.PAUSE,
}

_SERVICE_FAULTS = frozenset(("server_error", "rate_limit_exceeded", "vector_store_timeout"))
"""Codes of a failed response that are not the request's fault. OpenAI's reference, `ResponseError`, has the others:
prompts that are refused and pictures that cannot be read."""

_STATUSES = {
    "response.completed": "completed",
    "response.done": "completed",
    "response.incomplete": "incomplete",
    "response.failed": "failed",
}

_READ = frozenset(("id", "object", "created_at", "model", "status", "error", "output", "output_text", "usage"))
_ECHOES = frozenset(
    (
        "access_programs",
        "background",
        "frequency_penalty",
        "image",
        "instructions",
        "max_output_tokens",
        "max_tool_calls",
        "parallel_tool_calls",
        "presence_penalty",
        "prompt",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "reasoning",
        "safety_identifier",
        "service_tier",
        "store",
        "temperature",
        "text",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "truncation",
        "user",
    )
)
"""Fields of the response that repeat the request."""

_MOST_ITEMS = 1_000_000_000
"""An index beyond which an item has the next free place instead."""

_AUDIO = 2 * _MOST_ITEMS * PARTS_OF_ITEM
"""Where spoken sound stands, which belongs to no item: behind all of them."""


def decode(body: Any) -> Reply:
    """Reads the JSON body of a plain reply.

    Raises:
        APIError: if it is an error, though its status was 200, or says that the reply failed.
        ProtocolError: if it is no response.
    """
    if is_error_reply(body):
        raise error_from_body(body)
    if not isinstance(body, dict) or not (isinstance(body.get("output"), list) or body.get("object") == "response"):
        raise ProtocolError("The answer is no response: it has no output.", body=body)
    decoder = ResponsesStreamDecoder()
    deltas: list[Delta] = []
    decoder.read_end("", {"response": body}, deltas)
    return Fold().add_all(deltas).reply()


class ResponsesStreamDecoder:
    """Decodes one stream. Feed it each event's JSON, then close it.

    `is_finished` says that the stream has had its last event; what comes behind it is not read.
    """

    def __init__(self) -> None:
        self._id: str | None = None
        self._model: str | None = None
        self._created: int | None = None
        self._has_begun = False
        self.is_finished = False
        self._items: dict[int, OutputItem] = {}  # by the place that they have in the reply
        self._next_place = 0
        self._reasoned: list[int] = []  # the places of the reasoning items, in order
        self._open_items = OpenItems()
        self._by_index: dict[int, OutputItem] = {}  # by the index that the wire gives them, which may be used again
        self._by_id: dict[str, OutputItem] = {}
        self._speaks = False

    def feed(self, event: str, data: Any) -> Iterable[Delta]:
        """The deltas of one event.

        Raises:
            APIError: if the event is an error, or says that the reply failed.
            ProtocolError: if it is no event of Responses.
        """
        if self.is_finished:
            return []
        if not isinstance(data, dict):
            raise ProtocolError(f"An event of the stream is not a JSON object: {str(data)[:200]}.", body=data)
        kind = data.get("type")
        if not isinstance(kind, str):
            kind = event
        deltas: list[Delta] = []
        try:
            _EVENTS.get(kind, ResponsesStreamDecoder.read_other)(self, kind, data, deltas)
        except SeaCloudError as error:
            return after(deltas, error)
        return deltas

    def close(self) -> list[Delta]:
        """Nothing: a stream is complete when it has had its terminal event.

        Raises:
            StreamBroken: if it is not complete.
        """
        if not self.is_finished:
            raise StreamBroken(
                "The stream ended before the reply was complete. It may have been generated to its end, and billed."
            )
        return []

    def finish(self) -> list[Delta]:
        """What was not told yet, of a stream that says it is complete though it had no terminal event.

        Raises:
            ProtocolError: if it held no response.
        """
        deltas: list[Delta] = []
        if not self.is_finished:
            if not self._has_begun:
                raise ProtocolError("The answer holds no response, so there is no reply in it.")
            self._finish(Finish.UNKNOWN, None, deltas)
        return deltas

    def read_meta(self, _kind: str, data: Json, deltas: list[Delta]) -> None:
        """`response.created`, `.queued` and `.in_progress`: the response as it is at that time."""
        response = data.get("response")
        self._has_begun = True
        if isinstance(response, dict):
            self._tell_meta(response, deltas)

    def _tell_meta(self, response: Json, deltas: list[Delta]) -> None:
        """Tells id, model and creation time, each once."""
        news: dict[str, Any] = {}
        for name, value in (
            ("id", string(response.get("id"))),
            ("model", string(response.get("model"))),
            ("created", count(response, "created_at")),
        ):
            if value is not None and getattr(self, f"_{name}") is None:
                setattr(self, f"_{name}", value)
                news[name] = value
        if news:
            deltas.append(ResponseMeta("responses", **news))

    def read_item_added(self, _kind: str, data: Json, deltas: list[Delta]) -> None:
        """`response.output_item.added`."""
        item = _item_of(data)
        index = data.get("output_index")
        known = self._by_index.get(index) if type(index) is int else None
        is_new = known is None or (known.type, known.id) != (item.get("type"), string(item.get("id")))
        if is_new or (known is not None and known.is_ended and known.id is None):
            self._open(index, item, deltas)

    def read_item_done(self, _kind: str, data: Json, deltas: list[Delta]) -> None:
        """`response.output_item.done`: the item as a whole."""
        item = _item_of(data)
        index = data.get("output_index")
        known = self._by_index.get(index) if type(index) is int else None
        if known is None or known.type != item.get("type"):
            known = self._by_id.get(string(item.get("id")) or "")
        if known is None or known.type != item.get("type"):
            known = self._open(index, item, deltas)
        if not known.is_ended:
            known.complete(item, deltas)

    def _open(self, index: Any, item: Json, deltas: list[Delta]) -> OutputItem:
        """Opens an item, at the place that the wire gives it, unless it is taken."""
        is_free = type(index) is int and 0 <= index < _MOST_ITEMS and index not in self._items
        place = index if is_free else self._next_place
        self._next_place = max(self._next_place, place + 1)
        kind = item.get("type")
        make = ITEMS.get(kind if isinstance(kind, str) else "", NativeItem)
        opened = make(place * PARTS_OF_ITEM, item, Facts(self._id, self._reasoning_before(place)), deltas)
        self._has_begun = True
        self._items[place] = opened
        self._open_items.add(opened)
        if isinstance(opened, ReasoningItem):
            insort(self._reasoned, place)
        self._by_index[index if type(index) is int else place] = opened
        if opened.id is not None:
            self._by_id[opened.id] = opened
        return opened

    def _reasoning_before(self, place: int) -> str | None:
        """The id of the last reasoning item before a place."""
        before = bisect(self._reasoned, place)
        return self._items[self._reasoned[before - 1]].id if before else None

    def read_item_event(self, kind: str, data: Json, deltas: list[Delta]) -> None:
        """Any event of an item that is modelled."""
        index = data.get("output_index")
        item = self._by_index.get(index) if type(index) is int else None
        take = item.takes.get(kind) if item is not None else None
        if item is None or take is None:
            item = self._find(kind, data, deltas)
            take = item.takes.get(kind) if item is not None else None
        if take is not None and item is not None and not item.is_ended:
            take(item, data, deltas)

    def _find(self, kind: str, data: Json, deltas: list[Delta]) -> OutputItem | None:
        """The item of an event whose index does not lead to one.

        It is the item of its id; without an index, the last that takes such an event; or else it begins here.
        """
        known = self._by_id.get(string(data.get("item_id")) or "")
        if known is not None and kind in known.takes:
            return known
        index = data.get("output_index")
        if type(index) is not int:
            known = self._open_items.last_that_takes(kind)
            if known is not None:
                return known
        implied = _IMPLIED.get(kind)
        if implied is None:
            return None  # it says nothing that the end does not say again
        return self._open(index, {"type": implied, "id": data.get("item_id")}, deltas)

    def read_audio(self, kind: str, data: Json, deltas: list[Delta]) -> None:
        """`response.audio.delta` and `response.audio.transcript.delta`: more of what the model says aloud."""
        if not self._speaks:
            self._speaks = self._has_begun = True
            deltas.append(PartStart(0, _AUDIO, Audio(data="")))
        text = string(data.get("delta"))
        if text and kind == "response.audio.delta":
            deltas.append(MediaDelta(0, _AUDIO, text))
        elif text:
            deltas.append(MediaDelta(0, _AUDIO, transcript=text))

    def read_error(self, _kind: str, data: Json, _deltas: list[Delta]) -> None:
        """`error`: flat, as OpenAI's reference has it, or in an object, as answers have it."""
        if data.get("error"):
            raise error_from_body(data)
        raise error_from_body({"error": {name: value for name, value in data.items() if name != "type"}})

    def read_other(self, kind: str, data: Json, deltas: list[Delta]) -> None:
        """Progress of a native item, the reply itself, an error without its type, or what is not known."""
        if kind.startswith("response."):
            index = data.get("output_index")
            item = self._by_index.get(index) if type(index) is int else None
            if isinstance(item, NativeItem) and not item.is_ended:
                item.take_progress(data, deltas)
        elif data.get("object") == "response" or isinstance(data.get("output"), list):
            self.read_end(kind, {"response": data}, deltas)
        elif data.get("error") or is_error_reply(data):
            raise error_from_body(data)

    def read_end(self, kind: str, data: Json, deltas: list[Delta]) -> None:
        """The terminal event: the reply as a whole."""
        response = data.get("response")
        if not isinstance(response, dict):
            raise ProtocolError("The last event of the stream holds no response.", body=data)
        status = string(response.get("status")) or _STATUSES.get(kind)
        if status == "failed":
            self._tell_usage(response, deltas)
            raise _failure(response)
        self._has_begun = True
        self._tell_meta(response, deltas)
        self._complete_items(response.get("output"), deltas)
        self._finish(self._finish_of(status, response), status, deltas)
        extras = others(response, _READ | _ECHOES)
        extras = {name: value for name, value in (extras or {}).items() if value not in ([], {}, "")} or None
        tier = string(response.get("service_tier"))
        if tier is not None or extras:
            deltas.append(ResponseMeta("responses", service_tier=tier, extras=extras))
        self._tell_usage(response, deltas)

    def _tell_usage(self, response: Json, deltas: list[Delta]) -> None:
        usage = read_usage(response.get("usage"))
        if usage is not None:
            deltas.append(UsageDelta(usage))

    def _complete_items(self, output: Any, deltas: list[Delta]) -> None:
        """Tells what the events left out. Without an output, what they said is all there is."""
        if not isinstance(output, list):
            return
        told = ToldItems(self._items)
        for place, item in enumerate(output):
            if not isinstance(item, dict):
                raise ProtocolError("An item of the reply's output is not a JSON object.", body=item)
            opened = told.take(place, item) or self._open(place, item, deltas)
            if not opened.is_ended:
                opened.complete(item, deltas)

    def _finish(self, finish: Finish, reason: str | None, deltas: list[Delta]) -> None:
        self.is_finished = True
        for item in self._items.values():
            if not item.is_ended:
                item.end(deltas)
        if self._speaks:
            deltas.append(PartEnd(0, _AUDIO))
        deltas.append(FinishDelta(0, finish, reason))

    def _finish_of(self, status: str | None, response: Json) -> Finish:
        if status == "incomplete":
            details = response.get("incomplete_details")
            reason = string(details.get("reason")) if isinstance(details, dict) else None
            return INCOMPLETE.get(reason or "", Finish.UNKNOWN)
        finish = FINISHES.get(status or "", Finish.UNKNOWN)
        if finish is not Finish.STOP:
            return finish
        if any(isinstance(item, CallItem) for item in self._items.values()):
            return Finish.TOOL_CALLS
        refused = any(isinstance(item, MessageItem) and item.has_refusal for item in self._items.values())
        return Finish.REFUSAL if refused else finish


_Read = Callable[[ResponsesStreamDecoder, str, Json, list[Delta]], None]

_EVENTS: Mapping[str, _Read] = {
    **{
        kind: ResponsesStreamDecoder.read_item_event
        for modelled in (MessageItem, ReasoningItem, CallItem)
        for kind in modelled.takes
    },
    "response.created": ResponsesStreamDecoder.read_meta,
    "response.queued": ResponsesStreamDecoder.read_meta,
    "response.in_progress": ResponsesStreamDecoder.read_meta,
    "response.output_item.added": ResponsesStreamDecoder.read_item_added,
    "response.output_item.done": ResponsesStreamDecoder.read_item_done,
    "response.audio.delta": ResponsesStreamDecoder.read_audio,
    "response.audio.transcript.delta": ResponsesStreamDecoder.read_audio,
    "response.completed": ResponsesStreamDecoder.read_end,
    "response.done": ResponsesStreamDecoder.read_end,  # some gateways' word
    "response.incomplete": ResponsesStreamDecoder.read_end,
    "response.failed": ResponsesStreamDecoder.read_end,
    "response.cancelled": ResponsesStreamDecoder.read_end,
    "error": ResponsesStreamDecoder.read_error,
    "response.error": ResponsesStreamDecoder.read_error,
}

_IMPLIED: Mapping[str, str] = {
    "response.output_text.delta": "message",
    "response.output_text.done": "message",
    "response.output_text.annotation.added": "message",
    "response.refusal.delta": "message",
    "response.refusal.done": "message",
    "response.reasoning_summary_text.delta": "reasoning",
    "response.reasoning_summary_text.done": "reasoning",
    "response.reasoning_text.delta": "reasoning",
    "response.reasoning_text.done": "reasoning",
    "response.function_call_arguments.delta": "function_call",
    "response.function_call_arguments.done": "function_call",
    "response.custom_tool_call_input.delta": "custom_tool_call",
    "response.custom_tool_call_input.done": "custom_tool_call",
}
"""The type of the item that an event belongs to, for gateways that do not announce their items."""


def _item_of(data: Json) -> Json:
    item = data.get("item")
    if not isinstance(item, dict):
        raise ProtocolError("An item of the reply's output is not a JSON object.", body=data)
    return item


def _failure(response: Json) -> APIError:
    """The error that a failed response means."""
    error = response.get("error")
    code = error.get("code") if isinstance(error, dict) else None
    body = {**response, "error": error or {"message": "The response failed, and the service gave no reason"}}
    return error_from_body(body, status=400 if string(code) and code not in _SERVICE_FAULTS else 200)


def read_usage(raw: Any) -> Usage | None:
    """The usage in our terms."""
    if not isinstance(raw, dict) or not raw:
        return None
    given = first_count(raw, ("input_tokens",), ("prompt_tokens",)) or 0
    made = first_count(raw, ("output_tokens",), ("completion_tokens",)) or 0
    total = count(raw, "total_tokens")
    return Usage(
        input_tokens=given,
        output_tokens=made,
        total_tokens=given + made if total is None else total,
        cache_read_tokens=count(raw, "input_tokens_details", "cached_tokens"),
        cache_creation_tokens=count(raw, "input_tokens_details", "cache_write_tokens"),
        reasoning_tokens=count(raw, "output_tokens_details", "reasoning_tokens"),
        input_audio_tokens=count(raw, "input_tokens_details", "audio_tokens"),
        output_audio_tokens=count(raw, "output_tokens_details", "audio_tokens"),
        raw=raw,
    )
