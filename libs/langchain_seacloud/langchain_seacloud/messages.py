"""LangChain's messages as a conversation, with nothing lost that a provider needs back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, cast, get_args

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
)
from seacloud_client.conversation import (
    Message,
    Part,
    Protocol,
    Refusal,
    Role,
    Text,
    ToolCall,
    ToolResult,
    container_id,
)
from seacloud_client.errors import InvalidInputError

from langchain_seacloud.calls import CALL_FACTS
from langchain_seacloud.chunks import MESSAGE_FIELDS, PROVIDER, REFUSAL_EXTRAS, REFUSAL_ID, TEXT_FACTS
from langchain_seacloud.citations import read_annotations
from langchain_seacloud.content import CALL_IDS, read_block, read_content
from langchain_seacloud.reasoning import read_kept_reasoning

_ROLES: Mapping[str, Role] = {"human": "user", "ai": "assistant", "function": "tool", "model": "assistant"}


def read_messages(messages: Sequence[BaseMessage], protocol: Protocol) -> tuple[Message, ...]:
    """The conversation that LangChain's messages hold, to be spoken over `protocol`.

    Raises:
        InvalidInputError: if a message or one of its blocks cannot be understood.
    """
    custom: set[str] = set()  # the ids of calls of custom tools, whose results are of another kind
    read = []
    for message in messages:
        read.append(_read(message, protocol, custom))
        custom.update(part.id for part in read[-1].parts if isinstance(part, ToolCall) and part.kind == "custom")
    return tuple(read)


def _read(message: BaseMessage, protocol: Protocol, custom: set[str]) -> Message:
    if isinstance(message, AIMessage):
        origin = _origin(message, protocol)
        return Message(
            "assistant",
            tuple(_assistant(message, origin)),
            message.name,
            message.additional_kwargs.get(MESSAGE_FIELDS),
            container_id(message.response_metadata) if origin == "messages" else None,
        )
    if isinstance(message, ToolMessage):
        return Message("tool", (_tool_result(message, protocol, custom),))
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


def _origin(message: AIMessage, protocol: Protocol) -> Protocol:
    """The protocol that a reply came over, ours or another package's; where nothing says so, the one spoken now."""
    facts = message.response_metadata
    provider = facts.get("model_provider")
    if provider == PROVIDER:
        return cast("Protocol", facts.get("protocol") or protocol)
    if provider == "openai":
        return "responses" if str(facts.get("id") or "").startswith("resp_") else "chat_completions"
    return "messages" if provider in ("anthropic", "bedrock") else protocol


_KNOWN = (None, PROVIDER, "openai", "anthropic", "bedrock")
"""Who may have signed reasoning that a protocol of ours takes. Claude's is signed alike on Bedrock (Anthropic's guide
"Extended thinking")."""


def _not_sent(message: AIMessage) -> Callable[[Mapping[str, Any]], bool]:
    """Which blocks of its content do not go back.

    They are reasoning that somebody else has signed, such as Gemini's; and a refusal that is told elsewhere too: in
    `additional_kwargs`, with what goes back with it, or, by Messages (as langchain-anthropic has it), in the text.
    """
    facts = message.response_metadata
    is_foreign = facts.get("model_provider") not in _KNOWN
    is_told = bool(message.additional_kwargs.get("refusal")) or facts.get("stop_reason") == "refusal"

    def is_not_sent(block: Mapping[str, Any]) -> bool:
        if block.get("type") == "refusal":
            return is_told
        is_signed = block.get("signature") or (block.get("extras") or {}).get("signature")
        return is_foreign and block.get("type") in ("reasoning", "thinking") and bool(is_signed)

    return is_not_sent


def _assistant(message: AIMessage, origin: Protocol) -> Iterator[Part]:
    kwargs = message.additional_kwargs
    yield from read_kept_reasoning(kwargs)
    item = kwargs.get("reasoning")
    if isinstance(item, Mapping) and item.get("type") == "reasoning":  # Responses', as langchain-openai has it with v0
        yield from read_block(item, origin)
    yield from _content_and_calls(message, origin)
    if isinstance(kwargs.get("refusal"), str):
        yield Refusal(kwargs["refusal"], kwargs.get(REFUSAL_ID), kwargs.get(REFUSAL_EXTRAS))


def _content_and_calls(message: AIMessage, origin: Protocol) -> Iterator[Part]:
    """The content, with each call at its place.

    That is where the content has a block for it, else where our facts say, else behind it all.
    """
    kwargs = message.additional_kwargs
    calls = {call.id: call for call in _calls(message)}
    before = {call_id: (kwargs.get(CALL_FACTS) or {}).get(call_id, {}).get("before") for call_id in calls}
    content = [message.content] if isinstance(message.content, str) else message.content
    annotations = read_annotations(kwargs.get("annotations") or (), origin)
    is_not_sent = _not_sent(message)
    plain = kwargs.get(TEXT_FACTS) or {}
    for place, block in enumerate(content):
        yield from [calls.pop(call_id) for call_id, number in before.items() if number == place and call_id in calls]
        if isinstance(block, str):
            if block or annotations or plain:
                yield Text(block, annotations, plain.get("id"), plain.get("extras"))
                annotations, plain = (), {}
        elif not is_not_sent(block):
            yield from read_block(block, origin)
            call_id = block.get(CALL_IDS.get(str(block.get("type")), ""))
            if call_id in calls:
                yield calls.pop(call_id)
    yield from calls.values()


def _calls(message: AIMessage) -> list[ToolCall]:
    """The calls, those that do not parse at their places among the others, as far as they are known."""
    facts = message.additional_kwargs.get(CALL_FACTS) or {}
    kinds = _kinds_told_by_content(message)
    calls = [
        _call(call["id"], call["name"], json.dumps(call["args"], ensure_ascii=False), facts, kinds)
        for call in message.tool_calls
    ]
    for invalid in message.invalid_tool_calls:
        said = (invalid["args"] or "")[: (facts.get(invalid["id"]) or {}).get("length")]
        call = _call(invalid["id"], invalid["name"], said, facts, kinds)
        calls.insert((facts.get(call.id) or {}).get("number", len(calls)), call)
    if not calls and message.response_metadata.get("model_provider") != PROVIDER:
        calls.extend(_calls_told_otherwise(message))
    return calls


def _calls_told_otherwise(message: AIMessage) -> Iterator[ToolCall]:
    """Calls of which only the content tells, as users write histories by hand, or `function_call`, OpenAI's oldest."""
    for block in message.content:
        if isinstance(block, dict) and block.get("type") in _CALLS_IN_CONTENT:
            call_id, arguments, kind = _CALLS_IN_CONTENT[block["type"]](block)
            text = arguments if isinstance(arguments, str) else json.dumps(arguments or {}, ensure_ascii=False)
            yield _call(call_id, block.get("name"), text, {}, {call_id: kind})
    older = message.additional_kwargs.get("function_call")
    if isinstance(older, Mapping) and older.get("name"):
        yield _call(older["name"], older["name"], str(older.get("arguments") or ""), {}, {})


_CALLS_IN_CONTENT: Mapping[str, Callable[[Mapping[str, Any]], tuple[Any, Any, str]]] = {
    "tool_use": lambda block: (block.get("id"), block.get("input"), "function"),
    "tool_call": lambda block: (block.get("id"), block.get("args"), "function"),
    "function_call": lambda block: (block.get("call_id"), block.get("arguments"), "function"),
    "custom_tool_call": lambda block: (block.get("call_id"), block.get("input"), "custom"),
}
"""For each type of block that is a call: the call's id, its arguments and its kind."""


def _kinds_told_by_content(message: AIMessage) -> dict[str, Literal["custom"]]:
    """Calls of custom tools, as langchain-openai has them."""
    blocks = [block for block in message.content if isinstance(block, dict)]
    return {str(block.get("call_id")): "custom" for block in blocks if block.get("type") == "custom_tool_call"}


def _call(
    call_id: str | None, name: str | None, arguments: str, facts: Mapping[str, Any], kinds: Mapping[str, Any]
) -> ToolCall:
    if not call_id:
        raise InvalidInputError(
            f"The tool call {name!r} has no id, so no result can be matched to it. Nothing was sent."
        )
    known = facts.get(call_id) or {}
    kind: Literal["function", "custom"] = known.get("kind") or kinds.get(call_id) or "function"
    arguments = _free_text(arguments) if kind == "custom" else arguments
    return ToolCall(call_id, name or "", arguments, kind, known.get("item_id"), known.get("extras"))


def _free_text(arguments: str) -> str:
    """A custom tool's text, of langchain-core's form of it; what is not of that form is the text itself."""
    try:
        said = json.loads(arguments)
    except ValueError:
        return arguments
    text = said.get("input", said.get("__arg1")) if isinstance(said, dict) else None
    return text if isinstance(text, str) else arguments


def _tool_result(message: ToolMessage, protocol: Protocol, custom: set[str]) -> ToolResult:
    is_custom = message.tool_call_id in custom or message.additional_kwargs.get("type") == "custom_tool_call_output"
    return ToolResult(
        message.tool_call_id,
        tuple(read_content(message.content, protocol)),
        is_error=message.status == "error",
        name=message.name,
        kind="custom" if is_custom else "function",
    )
