"""LlamaIndex's messages as a conversation, with nothing lost that a provider needs back.

The caller's messages are never changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from llama_index.core.base.llms.types import CachePoint, ChatMessage, MessageRole, ThinkingBlock, ToolCallBlock
from pydantic import BaseModel
from seacloud_client.conversation import (
    Message,
    Native,
    Part,
    Protocol,
    Refusal,
    Role,
    ToolCall,
    ToolResult,
)
from seacloud_client.errors import InvalidInputError

from llamaindex_seacloud.blocks import CONTAINER, MESSAGE_FIELDS, Json
from llamaindex_seacloud.calls import legacy_calls
from llamaindex_seacloud.carried import carried
from llamaindex_seacloud.content import read_block
from llamaindex_seacloud.kept import pieces

T = TypeVar("T")

_ROLES: Mapping[MessageRole, Role] = {
    MessageRole.SYSTEM: "system",
    MessageRole.DEVELOPER: "developer",
    MessageRole.USER: "user",
    MessageRole.ASSISTANT: "assistant",
    MessageRole.CHATBOT: "assistant",
    MessageRole.MODEL: "assistant",
    MessageRole.TOOL: "tool",
    MessageRole.FUNCTION: "tool",
}

_MODELS_OWN = (ThinkingBlock, ToolCallBlock)
"""Blocks that only the model's own turns may have: elsewhere they mean nothing, and are left out."""


def read_messages(messages: Sequence[ChatMessage], protocol: Protocol, model: str) -> tuple[Message, ...]:
    """The conversation that LlamaIndex's messages hold, to be spoken over `protocol` with `model`.

    Media that the protocol does not take become a note that says so; see `llamaindex_seacloud.carried`.

    Raises:
        InvalidInputError: if a message or one of its blocks cannot be understood.
    """
    conversation: list[Message] = []
    for message in messages:
        role = _ROLES[message.role]
        parts: list[Part] = []
        for piece in _pieces(message, role):
            if isinstance(piece, CachePoint):
                _mark_for_caching(piece, parts, conversation)
            else:
                parts.append(carried(piece, role, protocol, model))
        if role == "tool":
            parts = [_tool_result(message, parts)]
        fields = _own(message, MESSAGE_FIELDS, dict) if role == "assistant" else None
        container = _own(message, CONTAINER, str) if role == "assistant" else None
        conversation.append(Message(role, tuple(parts), _name_of(message), fields, container))
    return tuple(conversation)


def _own(message: ChatMessage, name: str, kind: type[T]) -> T | None:
    """What a reply of ours has kept beside its blocks; `None` for what others have put there."""
    found = message.additional_kwargs.get(name)
    return found if isinstance(found, kind) else None


def _name_of(message: ChatMessage) -> str | None:
    name = message.additional_kwargs.get("name")
    return name if message.role == MessageRole.USER and isinstance(name, str) else None


def _pieces(message: ChatMessage, role: Role) -> Iterator[Part | CachePoint]:
    """The message's parts, and between them the points to cache up to."""
    if role == "assistant":
        yield from _assistant(message)
        return
    for block in message.blocks:
        if isinstance(block, CachePoint):
            yield block
        elif not isinstance(block, _MODELS_OWN):
            yield from read_block(block)


def _assistant(message: ChatMessage) -> Iterator[Part | CachePoint]:
    texts = _arguments_texts(message)
    seen: set[str] = set()
    is_refused = False
    for piece in pieces(message):
        if isinstance(piece, CachePoint):
            yield piece
            continue
        for part in read_block(piece) if isinstance(piece, BaseModel) else (piece,):
            if isinstance(part, ToolCall):
                seen.add(part.id)
                yield _in_its_own_words(part, texts)
            else:
                is_refused = is_refused or isinstance(part, Refusal)
                yield part
    refusal = message.additional_kwargs.get("refusal")
    if isinstance(refusal, str) and refusal and not is_refused:
        yield Refusal(refusal)
    yield from _older_calls(message, seen)


def _arguments_texts(message: ChatMessage) -> Mapping[str, str]:
    """The arguments of the message's calls as the model wrote them, by the call's id."""
    return {
        block.tool_call_id: block.tool_kwargs
        for block in legacy_calls(message)
        if block.tool_call_id and isinstance(block.tool_kwargs, str)
    }


def _in_its_own_words(call: ToolCall, texts: Mapping[str, str]) -> ToolCall:
    """The call with the very text that the model wrote, if that means the same: a provider's cache knows it."""
    text = texts.get(call.id)
    if text is None or text == call.arguments or call.kind == "custom":
        return call
    try:
        same = json.loads(text) == json.loads(call.arguments)
    except ValueError:
        same = False
    return replace(call, arguments=text) if same else call


def _older_calls(message: ChatMessage, seen: Iterable[str]) -> Iterator[Part]:
    """Calls that stand beside the blocks alone, as older versions and adapters wrote them."""
    for block in legacy_calls(message):
        if (block.tool_call_id or block.tool_name) not in seen:
            yield from read_block(block)
    older = message.additional_kwargs.get("function_call")
    if isinstance(older, Mapping) and older.get("name"):
        yield ToolCall(str(older["name"]), str(older["name"]), str(older.get("arguments") or ""))


def _tool_result(message: ChatMessage, parts: list[Part]) -> Part:
    kwargs = message.additional_kwargs
    name = kwargs.get("name")
    call_id = kwargs.get("tool_call_id") or kwargs.get("call_id") or name
    if not call_id:
        raise InvalidInputError(
            "A tool's message needs additional_kwargs={'tool_call_id': ...}: without it no call can be matched to it. "
            "Nothing was sent."
        )
    return ToolResult(str(call_id), tuple(parts), name=name)


def _mark_for_caching(point: CachePoint, parts: list[Part], before: list[Message]) -> None:
    """Asks the provider to cache all up to here: the part before the point bears the mark."""
    mark: Json = point.cache_control.model_dump(include={"type", "ttl"})
    if parts:
        _mark_last(parts, mark)
    elif before:
        marked = list(before[-1].parts)
        _mark_last(marked, mark)
        before[-1] = replace(before[-1], parts=tuple(marked))


def _mark_last(parts: list[Part], mark: Json) -> None:
    for place in range(len(parts) - 1, -1, -1):
        part: Any = parts[place]
        if not isinstance(part, (Refusal, Native)):
            parts[place] = replace(part, extras={**(part.extras or {}), "cache_control": mark})
            return
