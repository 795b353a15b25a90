"""Putting a history right that its user has trimmed, merged or reordered.

All three protocols demand that a tool's result follows the turn that called it, and that every call has its result.
What has lost its other half is left out, rather than sent to be refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeAlias

from seacloud_client.conversation import Message, Part, ToolCall, ToolResult

_Result: TypeAlias = tuple[int, int, ToolResult]
"""A result, behind the numbers of its message and of its part."""


def mend(messages: Sequence[Message]) -> list[Message]:
    """The same conversation with each tool result right behind its call.

    - A result whose call is nowhere before it is left out, and so is a second result of the same call.
    - A call without a result is left out, unless it is the assistant's last word of all: that is a mistake of the
      caller's which the service should name.
    - Results that stand further on (behind a user's turn, say) are moved up to their call.
    - A message of which nothing remains is left out.

    Some gateways use an id anew in every turn, so a call is paired with the first result behind it that is free.
    """
    results = _results_by_call(messages)
    mended: list[Message] = []
    for number, message in enumerate(messages):
        is_last = number == len(messages) - 1
        parts: list[Part] = []
        answers: list[_Result] = []
        for part in message.parts:
            if isinstance(part, ToolCall):
                answer = _take_answer(results.get(part.id), number)
                if answer is not None:
                    answers.append(answer)
                elif not is_last:
                    continue
            if not isinstance(part, ToolResult):  # a result goes behind its call
                parts.append(part)
        if parts:
            mended.append(message if len(parts) == len(message.parts) else replace(message, parts=tuple(parts)))
        if answers:
            answers.sort(key=_place)
            mended.append(Message("tool", tuple(result for _, _, result in answers)))
    return mended


def _results_by_call(messages: Iterable[Message]) -> dict[str, list[_Result]]:
    results: dict[str, list[_Result]] = {}
    for number, message in enumerate(messages):
        for position, part in enumerate(message.parts):
            if isinstance(part, ToolResult):
                results.setdefault(part.call_id, []).append((number, position, part))
    return results


def _take_answer(results: list[_Result] | None, call_number: int) -> _Result | None:
    """The first free result behind a call."""
    for index, result in enumerate(results or ()):
        if result[0] > call_number and results is not None:
            return results.pop(index)
    return None


def _place(result: _Result) -> tuple[int, int]:
    return result[:2]
