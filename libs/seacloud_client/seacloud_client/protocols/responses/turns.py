"""A conversation as Responses takes it: instructions, and the items of the input.

- A system message that comes first, of one plain text, is the `instructions`: they are meant anew with each request,
  also with `previous_response_id`, and are in no stored conversation. Others are items, at their place.
- What the assistant said goes back item by item, as it came, with the ids, the status and the phase (see `replay` for
  what cannot). What it said on other protocols is a plain message without an id, and calls with theirs, which are
  mapped where they are not what the model's vendor is known to take.
- A tool's results are items right behind the call; pictures and files are in them. That a result is an error is left
  out: its text says so.
- A picture or file that the assistant made on another protocol goes into the user's turn behind, or into one of its own
  behind the results of the tools that it called; a sound goes as its transcript. The assistant's own turns take none. A
  speaker's `name` is left out, since there is no place for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from seacloud_client.conversation import (
    Audio,
    File,
    Image,
    Message,
    Part,
    Reasoning,
    Refusal,
    Request,
    Text,
    ToolCall,
    ToolResult,
)
from seacloud_client.models import facts_of
from seacloud_client.protocols.call_ids import ANTHROPIC_CALL_ID, CallIds
from seacloud_client.protocols.callers import caller_of
from seacloud_client.protocols.encoding import Json, arguments_of, known_extras
from seacloud_client.protocols.history import mend
from seacloud_client.protocols.responses.content import content_of, is_content
from seacloud_client.protocols.responses.replay import (
    distinct,
    is_own_reasoning,
    is_picture_item,
    left_out,
    message_id,
    native,
)
from seacloud_client.protocols.values import string

_CALL_IDS: Mapping[str | None, re.Pattern[str]] = {
    "openai": re.compile(r".{1,64}", re.DOTALL),
    "anthropic": ANTHROPIC_CALL_ID,
}
"""What a model's vendor takes for the id of a call: OpenAI refuses longer ones."""

_CALL_EXTRAS = ("async", "namespace", "status")
_CUSTOM_CALL_EXTRAS = ("async", "namespace")
_RESULT_EXTRAS = ("caller", "namespace", "status")
_CUSTOM_RESULT_EXTRAS = ("caller",)


def conversation(request: Request) -> Json:
    """The fields `instructions` (if there are any) and `input`.

    Raises:
        InvalidInputError: if a part cannot be sent on this protocol.
    """
    body = request.extra_body or {}
    elsewhere = bool(request.previous_response_id or body.get("previous_response_id") or body.get("conversation"))
    given = distinct(request.messages)
    mended = mend(given, calls_elsewhere=elsewhere)
    lost = left_out(given, mended, is_stored=request.store is not False, calls_elsewhere=elsewhere)
    instructions = _instructions_of(mended)
    writer = _Writer(lost, CallIds(_CALL_IDS.get(facts_of(request.model).vendor), "call_"))
    for message in mended if instructions is None else mended[1:]:
        _ROLES[message.role](writer, message)
    if instructions is None:
        return {"input": writer.items}
    if not writer.items and not elsewhere:
        return {"input": [{"role": "system", "content": instructions}]}  # an empty input is refused
    return {"instructions": instructions, "input": writer.items}


def _instructions_of(messages: list[Message]) -> str | None:
    first = messages[0] if messages else None
    if first is None or first.role != "system" or len(first.parts) != 1:
        return None
    content = content_of(first.parts)
    return content if isinstance(content, str) else None


class _Writer:
    """Writes the items, one message after the other."""

    def __init__(self, lost: frozenset[int], ids: CallIds) -> None:
        self.items: list[Json] = []
        self._lost = lost
        self._ids = ids
        self._used: dict[str, set[str | None]] = {}  # ids of items, with what the items are sealed with
        self._reasoning: set[str] = set()  # ids of reasoning items that are sent
        self._calls: dict[str, ToolCall] = {}
        self._made: list[Part] = []  # pictures of the assistant's, for the next turn that takes them

    def say(self, message: Message) -> None:
        """A user's turn, instructions, or tools' results."""
        parts = [part for part in message.parts if id(part) not in self._lost]
        if message.role == "user":
            parts = [*self._made, *parts]
            self._made = []
        for is_content_part, run in groupby(parts, _is_content):
            if is_content_part:
                content = content_of(run)
                if content != []:
                    self.items.append({"role": message.role, "content": content})
            else:
                self._add_items(run)
        if message.role == "tool" and self._made:
            self.items.append({"role": "user", "content": content_of(self._made)})
            self._made = []

    def _add_items(self, parts: Iterable[Part]) -> None:
        for part in parts:
            item = native(part)
            if isinstance(part, ToolResult):
                self.items.append(self._result(part))
            elif item is not None:
                self._add_own(dict(item.item))

    def answer(self, message: Message) -> None:
        """An assistant's turn."""
        parts = [part for part in message.parts if id(part) not in self._lost]
        for (kind, item_id), run in _grouped(parts):
            _ANSWERS[kind](self, item_id, list(run))

    def _add_own(self, item: Json) -> None:
        """Adds an item as it came, unless one of its id is there.

        xAI gives two items one id, and takes them so: they are sealed, each with something else.
        """
        item = _as_input(item)
        item_id = item.get("id")
        if isinstance(item_id, str):
            seal = string(item.get("encrypted_content"))
            seals = self._used.setdefault(item_id, set())
            if seals and (seal is None or None in seals or seal in seals):
                return
            seals.add(seal)
        self.items.append(item)

    def _own_id(self, item_id: str | None, part: Text | Refusal | ToolCall) -> str | None:
        """The id of an item, if it may go back under it."""
        reasoned = (part.extras or {}).get("reasoning_id")
        if item_id is None or item_id in self._used or (reasoned is not None and reasoned not in self._reasoning):
            return None
        self._used[item_id] = {None}
        return item_id

    def add_message(self, item_id: str | None, parts: list[Any]) -> None:
        """Texts and refusals of one item; without an id, a plain message."""
        first = parts[0]
        phase = known_extras(first.extras, ("phase",))
        own_id = self._own_id(item_id, first)
        if own_id is not None:
            status = known_extras(first.extras, ("status",)) or {"status": "completed"}
            content = [_spoken(part) for part in parts]
            self.items.append(
                {"type": "message", "id": own_id, "role": "assistant", **status, **phase, "content": content}
            )
            return
        text = "".join(_words(part) for part in parts)
        if text:
            self.items.append({"role": "assistant", "content": text, **phase})

    def add_reasoning(self, item_id: str | None, parts: list[Reasoning]) -> None:
        """The summaries and texts of one reasoning item."""
        item: Json = {"type": "reasoning"}
        if item_id is not None:
            item["id"] = item_id
            self._reasoning.add(item_id)
        item["summary"] = [
            {"type": "summary_text", "text": part.text}
            for part in parts
            if part.form == "summary_text" or (part.form is None and part.text)
        ]
        content = [{"type": "reasoning_text", "text": part.text} for part in parts if part.form == "reasoning_text"]
        if content:
            item["content"] = content
        encrypted = next((part.encrypted for part in parts if part.encrypted), None)
        if encrypted is not None:
            item["encrypted_content"] = encrypted
        for part in parts:
            item.update(part.extras or {})
        self._add_own(item)

    def add_calls(self, _item_id: str | None, parts: list[ToolCall]) -> None:
        """Calls of the caller's tools."""
        for call in parts:
            self._calls[call.id] = call
            own_id = self._own_id(call.item_id, call)
            said: Json
            if call.kind == "custom":
                said = {"type": "custom_tool_call", "name": call.name, "input": call.arguments}
                said.update(known_extras(call.extras, _CUSTOM_CALL_EXTRAS))
            else:
                said = {"type": "function_call", "name": call.name, "arguments": arguments_of(call)}
                said.update({"status": "completed"} if own_id is not None else {})
                said.update(known_extras(call.extras, _CALL_EXTRAS))
            said.update(caller_of(call, "responses"))
            numbered = {"id": own_id} if own_id is not None else {}
            self.items.append({**numbered, "call_id": self._ids.of_call(call.id), **said})

    def _result(self, result: ToolResult) -> Json:
        call = self._calls.get(result.call_id)
        kind = result.kind if call is None else call.kind
        output = content_of(result.parts)
        # The caller of a call (a program that the model wrote, say) is told with its result too.
        extras = {**caller_of(call, "responses"), **(result.extras or {})}
        known = _CUSTOM_RESULT_EXTRAS if kind == "custom" else _RESULT_EXTRAS
        return {
            "type": "custom_tool_call_output" if kind == "custom" else "function_call_output",
            "call_id": self._ids.of_result(result.call_id),
            "output": "" if output == [] else output,
            **known_extras(extras, known),
        }

    def add_natives(self, _item_id: str | None, parts: list[Any]) -> None:
        """Native items, and pictures that came as items: as they came."""
        for part in parts:
            self._add_own(_picture_item(part) if isinstance(part, Image) else dict(part.item))

    def keep(self, _item_id: str | None, parts: list[Part]) -> None:
        """Pictures and files that cannot stand in the assistant's turn."""
        self._made.extend(parts)

    def leave_out(self, _item_id: str | None, parts: list[Part]) -> None:
        """Nothing: it is of another protocol."""


_ROLES: Mapping[str, Callable[[_Writer, Message], None]] = {
    "system": _Writer.say,
    "developer": _Writer.say,
    "user": _Writer.say,
    "tool": _Writer.say,
    "assistant": _Writer.answer,
}

_ANSWERS: Mapping[str, Callable[[_Writer, str | None, list[Any]], None]] = {
    "message": _Writer.add_message,
    "reasoning": _Writer.add_reasoning,
    "call": _Writer.add_calls,
    "native": _Writer.add_natives,
    "media": _Writer.keep,
    "other": _Writer.leave_out,
}


def _is_content(part: Part) -> bool:
    own = native(part)
    return is_content(own) if own is not None else not isinstance(part, ToolResult)


def _grouped(parts: Iterable[Part]) -> Iterator[tuple[tuple[str, str | None], Iterator[Part]]]:
    """Parts side by side that are one item: texts and reasoning of one id. Reasoning without an id is its own item."""
    keyed = [(part, (*_item_of(part), place if _is_alone(part) else None)) for place, part in enumerate(parts)]
    for (kind, item_id, _), run in groupby(keyed, lambda pair: pair[1]):
        yield (kind, item_id), (part for part, _ in run)


def _is_alone(part: Part) -> bool:
    return isinstance(part, Reasoning) and part.id is None


def _item_of(part: Part) -> tuple[str, str | None]:
    """The kind and the id of the item that a part belongs to."""
    if isinstance(part, (Text, Refusal)):
        return "message", message_id(part)
    if isinstance(part, Audio):
        return "message", None
    if isinstance(part, Reasoning):
        return ("reasoning", part.id) if is_own_reasoning(part) else ("other", None)
    if isinstance(part, ToolCall):
        return "call", None
    if native(part) is not None or is_picture_item(part):
        return "native", None
    return ("media" if isinstance(part, (Image, File)) else "other"), None


def _spoken(part: Text | Refusal) -> Json:
    if isinstance(part, Refusal):
        return {"type": "refusal", "refusal": part.text}
    annotations = [dict(note.raw) for note in part.annotations if note.protocol == "responses"]
    return {"type": "output_text", "text": part.text, "annotations": annotations}


def _words(part: Text | Refusal | Audio) -> str:
    return part.transcript or "" if isinstance(part, Audio) else part.text


def _as_input(item: Json) -> Json:
    """An item without what the service tells of it, and refuses in requests (OpenAI's reference, input items)."""
    told = {"created_by", "status"} if item.get("type") == "custom_tool_call_output" else {"created_by"}
    taken = {name: value for name, value in item.items() if name not in told}
    if isinstance(taken.get("output"), list):  # a shell's, each piece of which may say it too
        taken["output"] = [
            {name: value for name, value in piece.items() if name != "created_by"} if isinstance(piece, dict) else piece
            for piece in taken["output"]
        ]
    return taken


def _picture_item(part: Image) -> Json:
    """The item that a picture came as. Frameworks may keep its id among the extras."""
    extras = dict(part.extras or {})
    return {**extras, "id": part.id or extras.get("id"), "result": part.data}
