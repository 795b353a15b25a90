"""Sending a reply back: whatever came can be the past of the next request, and goes back in a form that is stable."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any, TypeAlias

from seacloud_client.conversation import (
    Choice,
    Finish,
    Message,
    Native,
    Reasoning,
    Reply,
    Request,
    Text,
    ToolCall,
    ToolResult,
    user,
)
from seacloud_client.errors import SeaCloudError
from seacloud_client.json_bodies import to_json
from seacloud_client.protocols import WireProtocol, get_protocol, spoken

from fuzz.reading import PASSES, chance_of

Json: TypeAlias = dict[str, Any]

MODELS: Mapping[str, tuple[str, ...]] = {
    "chat_completions": ("some-model", "deepseek-reasoner", "gpt-4.1"),
    "messages": ("claude-sonnet-4-5",),
    "responses": ("gpt-5.5",),
}
"""Models whose facts make a difference to what goes back."""

RESULT = "the result of this test"


def check_sending_back(protocol: WireProtocol, reply: Reply) -> None:
    """Asserts that each choice goes back, on its own protocol and on the others, if JSON can hold it at all."""
    for choice in filter(_is_json, reply.choices):
        message = Message("assistant", choice.parts)
        models = [(name, model) for name in spoken() for model in MODELS[name]]
        if not PASSES["all"]:
            models = [chance_of(repr(choice).encode()).choice(models), (protocol.name, MODELS[protocol.name][0])]
        for name, model in models:
            body = sent(get_protocol(name), model, message)
            if name == protocol.name:
                assert body is not None, "it cannot be sent back to its own protocol"
                _check_whole(message, _SAID[name](body))
                if not _repeats_an_id(message):
                    _check_stable(protocol, model, body)


def _check_whole(message: Message, said: list[Json]) -> None:
    """What the model said goes back, word for word."""
    whole = json.dumps(said)
    for part in message.parts:
        if isinstance(part, Text) and part.text.strip():
            assert json.dumps(part.text)[1:-1] in whole, "a text is lost on its way back"


def _check_stable(protocol: WireProtocol, model: str, body: Json) -> None:
    """What goes back, read as a reply, goes back as the same."""
    said = _SAID[protocol.name](body)
    if said:
        again = protocol.decode(_WHOLE[protocol.name](said)).message
        twice = sent(protocol, model, again)
        assert twice is not None, "it cannot be sent back twice"
        normal = _NORMAL[protocol.name]
        assert normal(_SAID[protocol.name](twice)) == normal(said), "sent back twice it changes"


def _repeats_an_id(message: Message) -> bool:
    """Whether two items have one id: the second loses it on its way back, and perhaps the reasoning before it."""
    ids: list[str] = []
    last: tuple[object, bool] = (None, False)
    for part in message.parts:
        held = part.item if isinstance(part, Native) else {"id": getattr(part, "item_id", getattr(part, "id", None))}
        item = (held.get("id"), isinstance(part, Reasoning))
        if item[0] is not None and (item != last or isinstance(part, (Native, ToolCall))):
            ids.append(repr(item[0]))
        last = item
    return len(set(ids)) < len(ids)


def _is_json(choice: Choice) -> bool:
    try:
        return bool(to_json({**asdict(replace(choice, finish=Finish.STOP)), "finish": None}))
    except SeaCloudError:
        return False


def sent(protocol: WireProtocol, model: str, message: Message) -> Json | None:
    """The body of the request that goes on after the assistant's turn; `None` if it is refused in our words."""
    calls = [part for part in message.parts if isinstance(part, ToolCall)]
    results = tuple(ToolResult(call.id, (Text(RESULT),), kind=call.kind) for call in calls)
    turns = (user("hi"), message, *((Message("tool", results),) if results else ()), user("go on"))
    try:
        body: Json = json.loads(to_json(protocol.encode(Request(model=model, messages=turns), True)))
    except SeaCloudError:
        return None
    return body


def _said_in_chat(body: Json) -> list[Json]:
    return [turn for turn in body["messages"] if turn["role"] == "assistant"]


def _normal_in_chat(turn: Json) -> Json:
    """A turn without what a reader does not tell apart: reasoning in two fields, texts side by side, no content."""
    content = turn["content"]
    normal = {**turn, "content": _joined(content) if isinstance(content, list) else content or ""}
    details = turn.get("reasoning_details", ())
    is_told = any(detail.get("text") or detail.get("summary") for detail in details)
    if is_told or turn.get("reasoning") == turn.get("reasoning_content"):
        normal.pop("reasoning", None)
    return normal


def _joined(content: list[Json]) -> list[Json]:
    """A list of content, in which neither two texts nor two thoughts are side by side, nor is a text empty."""
    joined: list[Json] = []
    for item in content:
        kind, text = _words_of(item)
        if kind is None:
            joined.append(item)
        elif joined and joined[-1].keys() == {"words", kind}:
            joined[-1][kind] += text
        else:
            joined.append({"words": True, kind: text})
    return joined


def _words_of(item: Json) -> tuple[str | None, str]:
    """Whether an item of content is a text and no more, or a thought, and its words."""
    match item:
        case {"type": "text", "text": str() as text, **more}:
            return (None, "") if more else ("text", text)
        case {"type": "thinking", "thinking": [{"type": "text", "text": str() as text}]}:
            return "thinking", text
    return None, ""


def _said_in_messages(body: Json) -> list[Json]:
    return [block for turn in body["messages"] if turn["role"] == "assistant" for block in turn["content"]]


_PLAIN = frozenset(("role", "content", "phase"))
"""The fields of a plain message."""


def _said_in_responses(body: Json) -> list[Json]:
    """The items but for the first and the last, which are the user's, and the results. A plain message is an item."""
    items = [item for item in body["input"][1:-1] if item.get("output") != RESULT and not _is_the_users(item)]
    return [{"type": "message", **item} if {"role", "content"} <= item.keys() <= _PLAIN else item for item in items]


def _normal_in_responses(said: list[Json]) -> list[Json]:
    """Plain messages side by side are one, whatever their phases."""
    normal: list[Json] = []
    for item in said:
        is_plain = item.get("type") == "message" and isinstance(item.get("content"), str)
        if is_plain and normal and normal[-1].keys() == {"words"}:
            normal[-1]["words"] += item["content"]
        else:
            normal.append({"words": item["content"]} if is_plain else item)
    return normal


def _is_the_users(item: Json) -> bool:
    return item.get("role") == "user" and item.keys() == {"role", "content"}


_SAID: Mapping[str, Callable[[Json], list[Json]]] = {
    "chat_completions": _said_in_chat,
    "messages": _said_in_messages,
    "responses": _said_in_responses,
}
"""What a body says that the assistant said."""

_WHOLE: Mapping[str, Callable[[list[Json]], Json]] = {
    "chat_completions": lambda said: {"choices": [{"message": turn, "finish_reason": "stop"} for turn in said]},
    "messages": lambda said: {"content": said, "stop_reason": "end_turn"},
    "responses": lambda said: {"object": "response", "status": "completed", "output": said},
}
"""The same as a plain reply."""

_NORMAL: Mapping[str, Callable[[list[Json]], list[Json]]] = {
    "chat_completions": lambda said: [_normal_in_chat(turn) for turn in said],
    "messages": lambda said: said,
    "responses": _normal_in_responses,
}
"""The same, without what means nothing."""
