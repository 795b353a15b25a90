"""A Responses output as events, in the order in which OpenAI sends them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from seacloud_emulator.brain import tokens
from seacloud_emulator.protocols.responses.output import Output
from seacloud_emulator.sse import Event

Body = dict[str, Any]

Events = Iterator["tuple[str, Body]"]
"""The kinds of events, and what they hold besides the kind and the number."""


class Stream:
    """The events of one answer, numbered."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._sent = 0

    def events(self) -> Iterator[Event]:
        """All events, to the last."""
        for kind, content in self._all():
            yield self._event(f"response.{kind}", content)

    def error(self, error: Any) -> Event:
        """The event for an error in the stream: the JSON that was ordered, or the usual one."""
        if error is not None:
            return Event(error, "error")
        self._sent = max(0, self._sent - 1)  # it takes the place of the event that was to come
        return self._event("error", {"code": "server_error", "message": "The stream broke.", "param": None})

    def _event(self, kind: str, content: Body) -> Event:
        event = Event({"type": kind, **content, "sequence_number": self._sent}, kind)
        self._sent += 1
        return event

    def _all(self) -> Events:
        beginning = self._output.beginning()
        yield "created", {"response": beginning}
        yield "in_progress", {"response": beginning}
        for index, item in enumerate(self._output.items):
            yield "output_item.added", {"output_index": index, "item": _begun(item)}
            for kind, content in _ITEMS[item["type"]](item):
                yield kind, {"item_id": item["id"], "output_index": index, **content}
            yield "output_item.done", {"output_index": index, "item": item}
        yield self._output.status, {"response": self._output.response()}


def _begun(item: Body) -> Body:
    """An item as it is before its content comes."""
    begun = {name: value for name, value in item.items() if name != "action"}
    begun.update((name, type(item[name])()) for name in ("content", "summary", "arguments", "input") if name in item)
    return {**begun, "status": "in_progress"} if "status" in item else begun


def _reasoning(item: Body) -> Events:
    for index, part in enumerate(item["summary"]):
        place = {"summary_index": index}
        yield "reasoning_summary_part.added", {**place, "part": {"type": "summary_text", "text": ""}}
        for fragment in tokens.tokens(part["text"]):
            yield "reasoning_summary_text.delta", {**place, "delta": fragment}
        yield "reasoning_summary_text.done", {**place, "text": part["text"]}
        yield "reasoning_summary_part.done", {**place, "part": part}


def _message(item: Body) -> Events:
    for index, part in enumerate(item["content"]):
        place = {"content_index": index}
        yield "content_part.added", {**place, "part": _PARTS[part["type"]][0]}
        for kind, content in _PARTS[part["type"]][1](part):
            yield kind, {**place, **content}
        yield "content_part.done", {**place, "part": part}


def _text(part: Body) -> Events:
    notes = list(enumerate(part["annotations"]))
    length = 0
    for number, fragment in enumerate(tokens.tokens(part["text"])):
        logprobs = part["logprobs"][number : number + 1]
        yield "output_text.delta", {"delta": fragment, "logprobs": logprobs}
        length += len(fragment)
        while notes and notes[0][1]["end_index"] <= length:
            place, note = notes.pop(0)
            yield "output_text.annotation.added", {"annotation_index": place, "annotation": note}
    yield "output_text.done", {"text": part["text"], "logprobs": part["logprobs"]}


def _refusal(part: Body) -> Events:
    for fragment in tokens.tokens(part["refusal"]):
        yield "refusal.delta", {"delta": fragment}
    yield "refusal.done", {"refusal": part["refusal"]}


_PARTS: Mapping[str, tuple[Body, Callable[[Body], Events]]] = {
    "output_text": ({"type": "output_text", "annotations": [], "logprobs": [], "text": ""}, _text),
    "refusal": ({"type": "refusal", "refusal": ""}, _refusal),
}


def _function_call(item: Body) -> Events:
    for fragment in tokens.tokens(item["arguments"]):
        yield "function_call_arguments.delta", {"delta": fragment}
    yield "function_call_arguments.done", {"arguments": item["arguments"]}


def _custom_tool_call(item: Body) -> Events:
    for fragment in tokens.tokens(item["input"]):
        yield "custom_tool_call_input.delta", {"delta": fragment}
    yield "custom_tool_call_input.done", {"input": item["input"]}


def _web_search_call(_item: Body) -> Events:
    for step in ("in_progress", "searching", "completed"):
        yield f"web_search_call.{step}", {}


_ITEMS: Mapping[str, Callable[[Body], Events]] = {
    "reasoning": _reasoning,
    "message": _message,
    "function_call": _function_call,
    "custom_tool_call": _custom_tool_call,
    "web_search_call": _web_search_call,
}
