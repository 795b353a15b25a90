"""A conversation as Messages takes it: the instructions apart, and turns of user and assistant that alternate.

What the service demands, and a history may not give:

- The first turn is the user's. Where it is not, since the beginning was trimmed or there are instructions alone, a
  user's turn of `.` stands before: that loses nothing of what the assistant said.
- Turns of one side that follow each other are one turn; a tool's results are the beginning of the user's.
- Instructions in mid-conversation stand in the user's turn, as text, at their place: most models refuse them under a
  role of their own. For those that take it, the message says so: `extras={"role": "system"}`. Native items (the beta's
  `tool_addition`) have their place there alone, so they say it too.
- A turn of the assistant does not end with thoughts, nor the last turn of all with white space: both are cut. Other
  thoughts go back where they stood; a turn that has lost its own is sent without, which the service may refuse while
  it thinks (Anthropic's guide "Extended thinking").
- Tool calls have unique ids, of letters, digits, `_` and `-`, and names of the same. Others are mapped, the same way
  each time; ids only where the model is Claude, since other vendors' may hold what they want again.
- A built-in tool's result has its call before it, and a call its result, unless it is still to come (see
  `server_tools`). What has lost its other half is left out.

A picture or file that the assistant made, on another protocol, goes into the user's turn behind: the assistant's own
turns take none. A speaker's `name` is left out, since there is no place for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from seacloud_client.conversation import File, Image, Message, Native, Part, ToolCall, ToolResult
from seacloud_client.models import ModelFacts
from seacloud_client.protocols.call_ids import ANTHROPIC_CALL_ID, CallIds
from seacloud_client.protocols.encoding import Json, texts_of
from seacloud_client.protocols.history import mend
from seacloud_client.protocols.messages.content import (
    THOUGHTS,
    assistant_blocks,
    call_block,
    result_block,
    user_blocks,
)
from seacloud_client.protocols.messages.server_tools import without_lost


def conversation(messages: Sequence[Message], facts: ModelFacts) -> Json:
    """The fields `system` (if there are instructions) and `messages`.

    Raises:
        InvalidInputError: if a part cannot be sent on this protocol.
    """
    writer = _Writer(facts)
    for message in mend(messages):
        _ROLES[message.role](writer, message)
    turns = _closed(without_lost(writer.turns))
    if not turns or turns[0]["role"] != "user":
        turns.insert(0, {"role": "user", "content": [{"type": "text", "text": "."}]})
    return {**({"system": writer.system} if writer.system else {}), "messages": turns}


class _Writer:
    """Writes the turns, one message after the other."""

    def __init__(self, facts: ModelFacts) -> None:
        self.system: list[Json] = []
        self.turns: list[Json] = []
        self._facts = facts
        self._ids = CallIds(ANTHROPIC_CALL_ID if facts.vendor == "anthropic" else None, "toolu_")
        self._made: list[Part] = []  # pictures of the assistant's, for the next turn of the user

    def instruct(self, message: Message) -> None:
        """Instructions."""
        others = tuple(part for part in message.parts if not isinstance(part, Native) or part.protocol != "messages")
        has_natives = len(others) < len(message.parts)
        texts_of(replace(message, parts=others))  # or refuses
        blocks = _cached(message, [block for part in message.parts for block in assistant_blocks(part, self._facts)])
        if self.turns or has_natives:
            has_role = has_natives or (message.extras or {}).get("role") == "system"
            _add(self.turns, "system" if has_role else "user", blocks)
        else:
            self.system.extend(blocks)

    def say(self, message: Message) -> None:
        """A user's turn, or tools' results."""
        results = [part for part in message.parts if isinstance(part, ToolResult)]
        blocks = [result_block(result, self._ids.of_result(result.call_id)) for result in results]
        blocks += user_blocks(self._made)
        blocks += user_blocks(part for part in message.parts if not isinstance(part, ToolResult))
        self._made = []
        _add(self.turns, "user", _cached(message, blocks))

    def answer(self, message: Message) -> None:
        """An assistant's turn."""
        blocks: list[Json] = []
        for part in message.parts:
            if isinstance(part, ToolCall):
                blocks.append(call_block(part, self._ids.of_call(part.id)))
            elif isinstance(part, (Image, File)):
                self._made.append(part)
            else:
                blocks += assistant_blocks(part, self._facts)
        _add(self.turns, "assistant", _cached(message, blocks))


_ROLES: Mapping[str, Callable[[_Writer, Message], None]] = {
    "system": _Writer.instruct,
    "developer": _Writer.instruct,
    "user": _Writer.say,
    "tool": _Writer.say,
    "assistant": _Writer.answer,
}


def _add(turns: list[Json], role: str, blocks: list[Json]) -> None:
    """Adds blocks to the last turn, if it is of that role, or else as another turn."""
    if not blocks:
        return
    if turns and turns[-1]["role"] == role:
        turns[-1]["content"] += blocks
    else:
        turns.append({"role": role, "content": blocks})


def _cached(message: Message, blocks: list[Json]) -> list[Json]:
    """The blocks of a message; the `cache_control` of the message itself goes to the last that can bear it."""
    cache_control = (message.extras or {}).get("cache_control")
    bearer = next((block for block in reversed(blocks) if block.get("type") not in THOUGHTS), None)
    if cache_control is not None and bearer is not None:
        bearer.setdefault("cache_control", cache_control)
    return blocks


def _closed(turns: Iterable[Json]) -> list[Json]:
    """The turns without what the service refuses at their end."""
    closed: list[Json] = []
    for turn in turns:
        blocks = turn["content"]
        if turn["role"] == "assistant":
            while blocks and blocks[-1].get("type") in THOUGHTS:
                blocks.pop()
        _add(closed, turn["role"], blocks)
    if closed and closed[-1]["role"] == "assistant" and closed[-1]["content"][-1].get("type") == "text":
        last = closed[-1]["content"][-1]
        last["text"] = str(last.get("text", "")).rstrip()
    return closed
