"""LangChain's messages as a conversation, with nothing lost that a provider needs back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast, get_args

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from seacloud_client.conversation import Message, Part, Protocol, Reasoning, Refusal, Role, Text, ToolCall, ToolResult
from seacloud_client.errors import InvalidInputError

from langchain_seacloud.content import read_annotation, read_content

CALL_FACTS = "tool_call_facts"
"""Where, in `additional_kwargs`, a reply keeps what LangChain's tool calls have no place for, by the call's id."""

REASONING_FIELD = "reasoning_field"
"""Where, in `additional_kwargs`, a reply keeps the name of the wire's field that `reasoning_content` came in."""

_ROLES: Mapping[str, Role] = {"human": "user", "ai": "assistant", "function": "tool", "model": "assistant"}


def read_messages(messages: Sequence[BaseMessage], protocol: Protocol) -> tuple[Message, ...]:
    """The conversation that LangChain's messages hold, to be spoken over `protocol`.

    Raises:
        InvalidInputError: if a message or one of its blocks cannot be understood.
    """
    return tuple(_read(message, protocol) for message in messages)


def _read(message: BaseMessage, protocol: Protocol) -> Message:
    if isinstance(message, AIMessage):
        return Message("assistant", tuple(_assistant(message, protocol)), message.name)
    if isinstance(message, ToolMessage):
        return Message("tool", (_tool_result(message, protocol),))
    if isinstance(message, FunctionMessage):
        return Message("tool", (ToolResult(message.name, tuple(read_content(message.content, protocol))),))
    return Message(_role_of(message), tuple(read_content(message.content, protocol)), message.name)


def _role_of(message: BaseMessage) -> Role:
    if isinstance(message, HumanMessage):
        return "user"
    if isinstance(message, SystemMessage):
        # langchain-core's own converters mark a developer's message like this.
        return "developer" if message.additional_kwargs.get("__openai_role__") == "developer" else "system"
    role = message.role if isinstance(message, ChatMessage) else message.type
    role = _ROLES.get(role, role)
    if role not in get_args(Role):
        raise InvalidInputError(
            f"A message has the role {role!r}; it must be one of {', '.join(get_args(Role))}. Nothing was sent."
        )
    return cast("Role", role)


def _assistant(message: AIMessage, protocol: Protocol) -> Iterator[Part]:
    kwargs = message.additional_kwargs
    yield from _kept_reasoning(kwargs)
    annotations = tuple(read_annotation(raw, protocol) for raw in kwargs.get("annotations") or ())
    for part in read_content(message.content, protocol):
        if annotations and isinstance(part, Text):
            yield Text(part.text, annotations, part.id, part.extras)
            annotations = ()
        else:
            yield part
    if isinstance(kwargs.get("refusal"), str):
        yield Refusal(kwargs["refusal"])
    facts = kwargs.get(CALL_FACTS) or {}
    for call in message.tool_calls:
        yield _call(call["id"], call["name"], json.dumps(call["args"], ensure_ascii=False), facts)
    for invalid in message.invalid_tool_calls:
        yield _call(invalid["id"], invalid["name"], invalid["args"] or "", facts)


def _kept_reasoning(kwargs: Mapping[str, Any]) -> Iterator[Part]:
    """Chat Completions' reasoning, where our replies, and those of LangChain's other packages, keep it."""
    text = kwargs.get("reasoning_content")
    if isinstance(text, str) and text:
        field = kwargs.get(REASONING_FIELD) or "reasoning_content"
        yield Reasoning(text, "chat_completions", form=field)
    for entry in kwargs.get("reasoning_details") or ():
        form = entry.get("type", "reasoning.text")
        facts = ("type", "text", "summary", "signature", "data", "id")
        yield Reasoning(
            entry.get("summary" if form == "reasoning.summary" else "text") or "",
            "chat_completions",
            id=entry.get("id"),
            signature=entry.get("signature"),
            encrypted=entry.get("data"),
            form=form,
            extras={name: value for name, value in entry.items() if name not in facts} or None,
        )


def _call(call_id: str | None, name: str | None, arguments: str, facts: Mapping[str, Any]) -> ToolCall:
    if not call_id:
        raise InvalidInputError(
            f"The tool call {name!r} has no id, so no result can be matched to it. Nothing was sent."
        )
    known = facts.get(call_id) or {}
    if known.get("kind") == "custom":
        arguments = json.loads(arguments).get("input", arguments)
    return ToolCall(
        call_id, name or "", arguments, known.get("kind", "function"), known.get("item_id"), known.get("extras")
    )


def _tool_result(message: ToolMessage, protocol: Protocol) -> ToolResult:
    return ToolResult(
        message.tool_call_id,
        tuple(read_content(message.content, protocol)),
        is_error=message.status == "error",
        name=message.name,
        kind="custom" if message.additional_kwargs.get("type") == "custom_tool_call_output" else "function",
    )
