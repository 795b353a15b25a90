"""The output items of a Responses reply: from their events to deltas.

An item is opened when it is first heard of, takes the events of its kind, is completed by its whole JSON (in
`response.output_item.done`, the terminal event, or a plain reply, which has nothing else), and is ended. Completing
tells what was left out so far. Where a whole text is another than the deltas made, what was told stays: it cannot be
taken back.

- A message's parts of content, and a reasoning item's summaries and texts, are a part each, with the item's id.
- A call of the caller's tools is a tool call. Its arguments may come in fragments, or only in the end.
- A generated picture is an `Image` whose `extras` are the item but for its id and its data, so that it goes back as
  the item. It begins when it is whole; partial pictures are passed over, since there is no place for a picture that is
  replaced.
- Everything else is a native item: whole when it is done, with its events for whoever shows progress. So is a search
  that xAI's servers have done by themselves, though it looks like a call of a custom tool.

One of the `extras` is no field of the wire: `reasoning_id`, of a text or a call that the model said after it reasoned,
is the id of that reasoning item. The service wants the two back together, or neither by its id (see `turns`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal

from seacloud_client.conversation import Image, Native, ToolCall
from seacloud_client.deltas import Delta, NativeDelta, PartEnd, PartStart, ToolCallDelta
from seacloud_client.protocols.responses.growing import (
    Facts,
    Growing,
    Json,
    OutputItem,
    Take,
    news,
    said,
    unfinished,
)
from seacloud_client.protocols.responses.texts import MessageItem, ReasoningItem
from seacloud_client.protocols.values import as_json_text, made_up_id, others, string

_CALL_KEYS = frozenset(("type", "id", "call_id", "name", "arguments", "input", "status"))

_MAGIC = (("iVBOR", "png"), ("/9j/", "jpeg"), ("UklGR", "webp"), ("R0lGOD", "gif"))
"""How the base64 of pictures begins."""


class CallItem(OutputItem):
    """A call of one of the caller's tools. It begins as soon as it has an id and a name."""

    __slots__ = (
        *("_call_id", "_extras", "_given", "_has_begun", "_is_given", "_kind", "_late_extras", "_name", "_reply_id"),
        "_text",
    )

    def __init__(self, base: int, item: Json, facts: Facts, deltas: list[Delta]) -> None:
        super().__init__(base, item)
        self._kind: Literal["function", "custom"] = "custom" if self.type == "custom_tool_call" else "function"
        self._reply_id = facts.reply_id
        self._text = Growing(base, ToolCall)
        self._has_begun = False
        self._call_id: str | None = None
        self._name: str | None = None
        self._given = ""  # the whole arguments, until they are told
        self._is_given = False
        self._extras = {**(others(item, _CALL_KEYS) or {}), **(said(reasoning_id=facts.reasoning_id) or {})} or None
        self._late_extras: dict[str, Any] | None = None
        self._note(item)
        if self._call_id and self._name:
            self._begin(deltas)

    def take_fragment(self, data: Json, deltas: list[Delta]) -> None:
        """A fragment of the arguments."""
        fragment = as_json_text(data.get("delta"))
        if fragment:
            self._text.told.append(fragment)
            if self._has_begun:
                deltas.append(ToolCallDelta(0, self.base, fragment))

    def take_done(self, data: Json, deltas: list[Delta]) -> None:
        """The arguments are whole."""
        self._note(data)
        self._tell_rest(deltas)

    def complete(self, item: Json, deltas: list[Delta]) -> None:
        """Tells what was left out. A call without arguments waits for the terminal event, which may have them."""
        self._note(item)
        now = {**(others(item, _CALL_KEYS) or {}), **(unfinished(item) or {})}
        self._late_extras = news(self._extras, now)
        if self._is_given:
            self.end(deltas)

    def end(self, deltas: list[Delta]) -> None:
        """Says that the call is whole."""
        self.is_ended = True
        self._begin(deltas)
        self._tell_rest(deltas)
        deltas.append(PartEnd(0, self.base, self._late_extras))

    def _note(self, item: Json) -> None:
        self._call_id = self._call_id or string(item.get("call_id"))
        self._name = self._name or string(item.get("name"))
        self._given = as_json_text(item.get("input" if self._kind == "custom" else "arguments")) or self._given
        self._is_given = self._is_given or bool(self._given)

    def _begin(self, deltas: list[Delta]) -> None:
        if self._has_begun:
            return
        self._has_begun = True
        call_id = self._call_id or self.id or made_up_id("call_", self._reply_id, self.base)
        item_id = self.id if self.id != call_id else None
        call = ToolCall(call_id, self._name or "", "", self._kind, item_id, self._extras)
        deltas.append(PartStart(0, self.base, call))
        told = "".join(self._text.told)
        if told:
            deltas.append(ToolCallDelta(0, self.base, told))

    def _tell_rest(self, deltas: list[Delta]) -> None:
        if self._has_begun and self._given:
            rest = self._text.rest_of(self._given)
            self._given = ""
            if rest:
                deltas.append(ToolCallDelta(0, self.base, rest))

    takes: ClassVar[Mapping[str, Take]] = {
        "response.function_call_arguments.delta": take_fragment,
        "response.function_call_arguments.done": take_done,
        "response.custom_tool_call_input.delta": take_fragment,
        "response.custom_tool_call_input.done": take_done,
    }


class ImageItem(OutputItem):
    """A picture that the model made. Without its data it is a native item."""

    __slots__ = ("_item",)

    def __init__(self, base: int, item: Json, _facts: Facts, _deltas: list[Delta]) -> None:
        super().__init__(base, item)
        self._item = item

    def complete(self, item: Json, deltas: list[Delta]) -> None:
        """Tells the picture."""
        self._item = item
        self.end(deltas)

    def end(self, deltas: list[Delta]) -> None:
        """Tells what is known of the picture."""
        data = string(self._item.get("result"))
        if data is None:
            deltas.append(PartStart(0, self.base, Native("responses", self._item)))
        else:
            extras = {name: value for name, value in self._item.items() if name not in ("id", "result")}
            image = Image(data=data, media_type=_image_type(self._item, data), id=self.id, extras=extras)
            deltas.append(PartStart(0, self.base, image))
        super().end(deltas)


class NativeItem(OutputItem):
    """An item that goes back as it came."""

    __slots__ = ("_item",)

    def __init__(self, base: int, item: Json, _facts: Facts, deltas: list[Delta]) -> None:
        super().__init__(base, item)
        self._item = item
        deltas.append(PartStart(0, base, Native("responses", item)))

    def take_progress(self, data: Json, deltas: list[Delta]) -> None:
        """An event of any type, for whoever shows progress."""
        deltas.append(NativeDelta(0, self.base, event=data))

    def complete(self, item: Json, deltas: list[Delta]) -> None:
        """Says what the item has become."""
        if item != self._item:
            deltas.append(NativeDelta(0, self.base, item))
        self.end(deltas)


class SearchItem(NativeItem):
    """A step of xAI's `x_search`, which comes as a custom tool's call that nobody waits to be answered."""

    __slots__ = ()

    takes: ClassVar[Mapping[str, Take]] = {
        "response.custom_tool_call_input.delta": NativeItem.take_progress,
        "response.custom_tool_call_input.done": NativeItem.take_progress,
    }


_SEARCH = "xs_call"
"""How the `call_id` of such a step begins, as xAI sends it."""


def _custom_call(base: int, item: Json, facts: Facts, deltas: list[Delta]) -> OutputItem:
    is_search = (string(item.get("call_id")) or "").startswith(_SEARCH)
    return (SearchItem if is_search else CallItem)(base, item, facts, deltas)


ITEMS: Mapping[str, Callable[[int, Json, Facts, list[Delta]], OutputItem]] = {
    "message": MessageItem,
    "reasoning": ReasoningItem,
    "function_call": CallItem,
    "custom_tool_call": _custom_call,
    "image_generation_call": ImageItem,
}
"""How to open an item, by its type; any other is a `NativeItem`."""


def _image_type(item: Json, data: str) -> str:
    """The type of a picture: of its `output_format`, or of its beginning where a gateway does not say."""
    known = string(item.get("output_format")) or next((kind for magic, kind in _MAGIC if data.startswith(magic)), "png")
    return f"image/{'svg+xml' if known == 'svg' else known}"
