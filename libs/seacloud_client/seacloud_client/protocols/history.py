"""Putting a history right that its user has trimmed, merged or reordered.

All three protocols demand that a tool's result follows the turn that called it, and that every call has its result.
What has lost its other half is left out, rather than sent to be refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from seacloud_client.conversation import Message, Part, ToolCall, ToolResult
from seacloud_client.errors import InvalidInputError

_Place: TypeAlias = tuple[int, int]
"""Where a part stands: the numbers of its message and of the part."""


def mend(messages: Sequence[Message], *, calls_elsewhere: bool = False) -> list[Message]:
    """The same conversation with each tool result right behind its call.

    - A result whose call is nowhere before it is left out, and so is a second result of the same call.
    - A call without a result is left out, unless it is the assistant's last word of all: that is a mistake of the
      caller's which the service should name.
    - Results that stand further on (behind a user's turn, say) are moved up to their call.
    - A message of which nothing remains is left out.

    With `calls_elsewhere` (the service has stored the turns before these) a result whose call is not among these
    messages stays where it is. That is so too if a later call has the same id, and a result of its own.

    Raises:
        InvalidInputError: if a message of the role `tool` holds something else.
    """
    pairs = _pair(messages)
    staying = _called_elsewhere(messages, pairs) if calls_elsewhere else frozenset()
    mended: list[Message] = []
    for number, message in enumerate(messages):
        is_last = number == len(messages) - 1
        parts: list[Part] = []
        answers: list[_Place] = []
        for position, part in enumerate(message.parts):
            if isinstance(part, ToolResult):
                if (number, position) not in staying:
                    continue  # it goes behind its call
            elif message.role == "tool":
                raise InvalidInputError(
                    f"A message of the role 'tool' holds results of tools alone, and this one a {type(part).__name__}: "
                    "put that into the result's parts, or into a user's message. Nothing was sent."
                )
            answer = pairs.get((number, position))
            if answer is not None:
                answers.append(answer)
            elif isinstance(part, ToolCall) and not is_last:
                continue
            parts.append(part)
        if parts:
            mended.append(message if len(parts) == len(message.parts) else replace(message, parts=tuple(parts)))
        if answers:
            results = tuple(messages[where].parts[position] for where, position in sorted(answers))
            mended.append(Message("tool", results))
    return mended


def _called_elsewhere(messages: Sequence[Message], pairs: Mapping[_Place, _Place]) -> frozenset[_Place]:
    """The first result of each call that is not among these messages."""
    called = {
        part.id
        for number, message in enumerate(messages)
        for position, part in enumerate(message.parts)
        if isinstance(part, ToolCall) and (number, position) not in pairs
    }  # a call without a result may have lost it to a place before itself
    first: dict[str, _Place] = {}
    for number, message in enumerate(messages):
        for position, part in enumerate(message.parts):
            if isinstance(part, ToolCall):
                called.add(part.id)
            elif isinstance(part, ToolResult) and part.call_id not in called:
                first.setdefault(part.call_id, (number, position))
    return frozenset(first.values())


def _pair(messages: Iterable[Message]) -> dict[_Place, _Place]:
    """The results by their calls, as places.

    Some gateways use an id anew in every turn, so a result is paired with the last turn before it that has a call of
    its id, and there with the first one that is free.
    """
    pairs: dict[_Place, _Place] = {}
    waiting: dict[str, list[list[_Place]]] = {}  # by id: the calls of each turn, the latest turn last
    for number, message in enumerate(messages):
        for position, part in enumerate(message.parts):
            if isinstance(part, ToolResult) and (turns := waiting.get(part.call_id)):
                pairs[turns[-1].pop(0)] = (number, position)
                if not turns[-1]:
                    turns.pop()
        calls: dict[str, list[_Place]] = {}
        for position, part in enumerate(message.parts):
            if isinstance(part, ToolCall):
                calls.setdefault(part.id, []).append((number, position))
        for call_id, places in calls.items():
            waiting.setdefault(call_id, []).append(places)
    return pairs
