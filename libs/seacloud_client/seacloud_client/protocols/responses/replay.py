"""Which of an assistant's items can go back to the service, and under which ids.

What the service demands (OpenAI's guides "Reasoning" and "Conversation state"), and a history may not give:

- A reasoning item stands before the item that the model said next. One that has lost it is left out, and so is one
  that only the service has, where the next item has lost the id by which the service knows it.
- A reasoning item is found by its id, if the service stored it, or holds itself (`encrypted_content`). With
  `store=False` one that does not hold itself is left out.
- What followed a reasoning item is refused under its id without that item. A message or call is sent without its id
  then, as something new, which is always right; a native item is left out.
- What the user has twice (a turn merged with its copy) has its id once: the service refuses the second.
- A built-in tool's call that the caller carries out has its output, and an output its call. What has lost its other
  half is left out, but for calls of the last turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from seacloud_client.conversation import Image, Message, Native, Part, Reasoning, Refusal, Text, ToolCall

_OUTPUTS: Mapping[str, tuple[str, str, str]] = {
    "computer_call_output": ("computer_call", "call_id", "call_id"),
    "local_shell_call_output": ("local_shell_call", "call_id", "id"),
    "shell_call_output": ("shell_call", "call_id", "call_id"),
    "apply_patch_call_output": ("apply_patch_call", "call_id", "call_id"),
    "tool_search_output": ("tool_search_call", "call_id", "call_id"),
    "program_output": ("program", "call_id", "call_id"),
    "mcp_approval_response": ("mcp_approval_request", "id", "approval_request_id"),
}
"""Types of outputs: that of the call, and the fields of the call and of the output that hold the same id."""

_CALLS = {call for call, _, _ in _OUTPUTS.values()} - {"mcp_approval_request"}
"""Types of calls that may not go back without an output."""


_MESSAGE_ID = "msg"
"""OpenAI refuses other ids of messages, and a framework's texts may have some of its own."""


def native(part: Part) -> Native | None:
    """The part, if it is a native item of this protocol."""
    return part if isinstance(part, Native) and part.protocol == "responses" else None


def is_own_reasoning(part: Part) -> bool:
    """Whether the part is reasoning of this protocol."""
    return isinstance(part, Reasoning) and part.protocol == "responses"


def distinct(messages: Iterable[Message]) -> list[Message]:
    """The same messages, with no part that is the very same object twice: each can be left out by itself then."""
    seen: set[int] = set()
    told: list[Message] = []
    for message in messages:
        parts = []
        for part in message.parts:
            own = replace(part) if id(part) in seen else part
            seen.add(id(own))
            parts.append(own)
        told.append(replace(message, parts=tuple(parts)))
    return told


def left_out(
    given: Sequence[Message], mended: Sequence[Message], *, is_stored: bool, calls_elsewhere: bool
) -> frozenset[int]:
    """The parts (by identity) of the mended history that cannot go back.

    Args:
        given: the history as the caller has it, without which nobody knows what was lost.
        mended: the same, mended.
        is_stored: whether the service may have stored reasoning.
        calls_elsewhere: whether the calls of outputs may be in a history that the service has stored.
    """
    whole = _whole_reasoning(given)
    lost = _unpaired(mended, calls_elsewhere=calls_elsewhere)
    lost |= {id(part) for part in _own_reasoning(mended) if not (is_stored and part.id)} - whole
    lost |= _bereft(mended, lost)
    kept = {id(part) for message in mended for part in message.parts} - lost
    # Mending takes away what followed, and puts results between what stood side by side.
    return frozenset(lost | _orphaned(given, kept, whole) | _orphaned(mended, kept, whole))


def _unpaired(messages: Sequence[Message], *, calls_elsewhere: bool) -> set[int]:
    """Built-in tools' calls without an output, and outputs without a call."""
    last = max((number for number, message in enumerate(messages) if message.role == "assistant"), default=-1)
    waiting: dict[tuple[str, str], tuple[int, int]] = {}  # calls by type and id: number of the message, and the part
    lost: set[int] = set()
    for number, message in enumerate(messages):
        for item in filter(None, map(native, message.parts)):
            if item.type in _OUTPUTS:
                call_type, _, id_field = _OUTPUTS[item.type]
                call = waiting.pop((call_type, str(item.item.get(id_field))), None)
                if call is None and not calls_elsewhere and item.item.get(id_field) is not None:
                    lost.add(id(item))
            for call_type, id_field, _ in _OUTPUTS.values():
                if item.type == call_type and item.item.get(id_field) is not None:
                    waiting[call_type, str(item.item[id_field])] = number, id(item)
    lost.update(part for (kind, _), (number, part) in waiting.items() if kind in _CALLS and number != last)
    return lost


def _bereft(messages: Iterable[Message], lost: set[int]) -> set[int]:
    """Native items of which the reasoning is gone.

    They stand behind reasoning that is left out, or before something that was said after reasoning that is not there.
    """
    present = {part.id for part in _own_reasoning(messages) if id(part) not in lost}
    bereft: set[int] = set()
    for message in messages:
        is_gone = False
        for part in message.parts:
            if is_own_reasoning(part):
                is_gone = id(part) in lost
            elif is_gone and native(part) is not None:
                bereft.add(id(part))
        is_gone = False
        for part in reversed(message.parts):
            reasoned = (part.extras or {}).get("reasoning_id") if isinstance(part, (Text, Refusal, ToolCall)) else None
            if reasoned is not None:
                is_gone = reasoned not in present
            elif is_own_reasoning(part):
                is_gone = False
            elif is_gone and native(part) is not None:
                bereft.add(id(part))
    return bereft


def _own_reasoning(messages: Iterable[Message]) -> Iterator[Reasoning]:
    for message in messages:
        for part in message.parts:
            if isinstance(part, Reasoning) and is_own_reasoning(part):
                yield part


def _orphaned(given: Iterable[Message], kept: set[int], whole: set[int]) -> set[int]:
    """Reasoning that does not stand before an item that goes back, or before one that the service knows."""
    orphaned: set[int] = set()
    is_followed = is_known = False
    for message in reversed(list(given)):
        if message.role != "assistant":
            is_followed = is_known = False
            continue
        for part in reversed(message.parts):
            if is_own_reasoning(part):
                if not is_followed or not (is_known or id(part) in whole):
                    orphaned.add(id(part))
            elif _is_item(part):
                is_followed = id(part) in kept
                is_known = _has_own_id(part)
    return orphaned


def _has_own_id(part: Part) -> bool:
    """Whether the service may know an item by its id."""
    if isinstance(part, Native):
        return part.item.get("id") is not None
    if isinstance(part, (Text, Refusal)):
        return message_id(part) is not None
    return bool(part.item_id if isinstance(part, ToolCall) else getattr(part, "id", None))


def message_id(part: Text | Refusal) -> str | None:
    """The id of the message that a part is of, if the service can know it by that."""
    return part.id if part.id is not None and part.id.startswith(_MESSAGE_ID) else None


def _is_item(part: Part) -> bool:
    """Whether a part is, or belongs to, an item that the model may have said after it reasoned."""
    if isinstance(part, (Text, Refusal)):
        return bool(part.text) or message_id(part) is not None  # otherwise it is not sent at all
    return isinstance(part, ToolCall) or native(part) is not None or is_picture_item(part)


def is_picture_item(part: Part) -> bool:
    """Whether a picture is the item of this protocol that it came as."""
    return isinstance(part, Image) and (part.extras or {}).get("type") == "image_generation_call"


def _whole_reasoning(messages: Iterable[Message]) -> set[int]:
    """The parts of reasoning that needs nothing of the service's: all that is told of it is in the history.

    It is encrypted, or it is an open model's, whose `reasoning_text` is all there is. Other readable text is a summary.
    """
    whole: set[int] = set()
    for message in messages:
        own = list(_own_reasoning((message,)))
        sealed = {part.id for part in own if part.encrypted and part.id is not None}
        for part in own:
            if part.encrypted or part.id in sealed or (part.form == "reasoning_text" and part.text):
                whole.add(id(part))
    return whole
