"""Responses as the openai SDK reads it: its client, its models, its stream events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from openai import APIError, APIStatusError

from .official_clients import dump, openai_client
from .reading import ChoiceReading, ErrorReading, Reading, ToolCallReading, usage_of, without_empty
from .recordings import Recording
from .sdk_chat import openai_error

_REQUEST: dict[str, Any] = {"model": "any", "input": "any"}

TERMINAL = frozenset({"response.completed", "response.incomplete", "response.failed"})

# What a reply says of itself; what it echoes of the request is in no reading.
EXTRAS = frozenset({"incomplete_details", "previous_response_id", "conversation", "moderation", "tool_usage"})
_KINDS = {"message": "text", "reasoning": "reasoning", "function_call": "tool_call"}


def read_responses(recording: Recording) -> Reading:
    """Read a recording of Responses."""
    try:
        return _read_stream(recording) if recording.stream else _read_plain(recording)
    except APIStatusError as error:
        return Reading(error=openai_error(error, recording.status))


def _read_plain(recording: Recording) -> Reading:
    with openai_client(recording) as client:
        return reading_of(dump(client.responses.create(**_REQUEST)))


def _read_stream(recording: Recording) -> Reading:
    """Read the response that the terminal event holds; what comes after that event is no part of the reply.

    Where the events before it say otherwise (content encrypted anew, a fixture's shortened deltas), that is `earlier`.
    """
    events: list[Any] = []
    error = None
    with openai_client(recording) as client, client.responses.create(**_REQUEST, stream=True) as stream:
        try:
            for event in stream:
                events.append(event)
                if event.type in TERMINAL:
                    break
        except APIError as raised:
            error = openai_error(raised)
        response = dump(next(event.response for event in reversed(events) if hasattr(event, "response")))
    reading = reading_of(response, error)
    choice = reading.choices[0]
    return replace(reading, choices=(replace(choice, earlier=_differing(_folded(events), choice)),))


def _folded(events: Iterable[Any]) -> ChoiceReading:
    """Read the choice from the text deltas and the finished items alone, without the terminal event."""
    items: dict[int, dict[str, Any]] = {}
    text = ""
    for event in events:
        if event.type == "response.output_item.done":
            items[event.output_index] = dump(event.item)
        elif event.type == "response.output_text.delta":
            text += event.delta
    return replace(_choice({"output": [items[index] for index in sorted(items)]}), text=text)


def _differing(folded: ChoiceReading, choice: ChoiceReading) -> dict[str, Any]:
    names = ("text", "reasoning", "tool_calls", "refusal", "citations", "signatures", "native_items", "order")
    return {name: getattr(folded, name) for name in names if getattr(folded, name) != getattr(choice, name)}


def reading_of(response: dict[str, Any], error: ErrorReading | None = None) -> Reading:
    """Read the SDK's Response."""
    failure = response.get("error")
    if failure and error is None:
        error = ErrorReading(code=failure.get("code"), message=failure["message"])
    return Reading(
        choices=(_choice(response),),
        id=response["id"],
        model=response["model"],
        usage=usage_of(response.get("usage")),
        error=error,
        service_tier=response.get("service_tier"),
        extras=without_empty({name: response[name] for name in EXTRAS & response.keys()}, frozenset()),
    )


def _choice(response: dict[str, Any]) -> ChoiceReading:
    items = response.get("output") or []
    parts = [part for item in items if item["type"] == "message" for part in item["content"]]
    thoughts = [item for item in items if item["type"] == "reasoning"]
    native = [item for item in items if item["type"] not in _KINDS]
    return ChoiceReading(
        text="".join(part["text"] for part in parts if part["type"] == "output_text"),
        reasoning="".join(_readable(item) for item in thoughts),
        tool_calls=tuple(
            ToolCallReading(item["call_id"], item["name"], item["arguments"])
            for item in items
            if item["type"] == "function_call"
        ),
        refusal="".join(part["refusal"] for part in parts if part["type"] == "refusal"),
        finish=response.get("status"),
        citations=tuple(note for part in parts for note in part.get("annotations") or ()),
        native=tuple(item["type"] for item in native),
        native_items=tuple(native),
        items=tuple(items),
        signatures=tuple(item["encrypted_content"] for item in thoughts if item.get("encrypted_content")),
        logprobs=sum(len(part.get("logprobs") or ()) for part in parts),
        order=tuple(_KINDS.get(item["type"], item["type"]) for item in items),
    )


def _readable(item: dict[str, Any]) -> str:
    """Return what can be read of a reasoning item: its summary, its content."""
    return "".join(part["text"] for part in [*(item.get("summary") or ()), *(item.get("content") or ())])
