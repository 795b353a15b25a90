"""A Responses request, read: the question that it asks, and its prompt in pieces."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

from seacloud_emulator.brain import tokens
from seacloud_emulator.brain.attachments import describe_url
from seacloud_emulator.brain.cache import Piece
from seacloud_emulator.brain.question import (
    Attachment,
    Question,
    Role,
    Tool,
    Turn,
    WebSearch,
    free_text_tool,
    with_turns_joined,
)
from seacloud_emulator.protocols.responses.context import CALLS, OUTPUTS
from seacloud_emulator.protocols.responses.tools import WEB_SEARCH, same_tool

Body = dict[str, Any]

LEAST_CACHED = 1024
"""Tokens from which on a prompt is cached by itself (OpenAI's guide to prompt caching)."""

_TEXT_OF_PARTS = {"input_text": "text", "output_text": "text", "refusal": "refusal"}


def read_question(body: Body, items: list[Body]) -> Question:
    """The question that a request asks.

    Args:
        body: the request, checked.
        items: the whole conversation.
    """
    choice = body.get("tool_choice") or "auto"
    offered = _allowed(body.get("tools") or [], choice)
    functions = [tool for tool in offered if tool["type"] in ("function", "custom")]
    demand = _demand(choice)
    web = _web_search(offered, forced=demand == "required" and not functions)
    wanted = (body.get("text") or {}).get("format") or {}
    reasoning = body.get("reasoning") or {}
    return Question(
        turns=with_turns_joined(_turns(body, items)),
        tools=tuple(_tool(tool) for tool in functions),
        tool_choice="none" if web and web.forced else demand,
        forced_tool=choice["name"] if isinstance(choice, dict) and choice["type"] in ("function", "custom") else None,
        parallel=body.get("parallel_tool_calls") is not False,
        schema=wanted.get("schema"),
        json_object=wanted.get("type") in ("json_object", "json_schema"),
        reasoning=any(reasoning.values()) and reasoning.get("effort") != "none",
        max_tokens=body.get("max_output_tokens"),
        web=web,
    )


def _allowed(tools: list[Body], choice: Any) -> list[Body]:
    """The tools that may be called: those that the choice names, where it names any."""
    if not isinstance(choice, dict):
        return tools
    named = choice["tools"] if choice["type"] == "allowed_tools" else [choice]
    return [tool for tool in tools if any(same_tool(name, tool) for name in named)]


def _demand(choice: Any) -> Literal["auto", "none", "required"]:
    if isinstance(choice, dict):
        return "auto" if choice.get("mode") == "auto" else "required"
    demand: Literal["auto", "none", "required"] = choice
    return demand


def _web_search(offered: list[Body], *, forced: bool) -> WebSearch | None:
    tool = next((tool for tool in offered if tool["type"] in WEB_SEARCH), None)
    if tool is None:
        return None
    return WebSearch(forced, tuple((tool.get("filters") or {}).get("allowed_domains") or ()))


def _tool(tool: Body) -> Tool:
    if tool["type"] == "custom":
        return free_text_tool(tool["name"], tool.get("description"), tool.get("format") or {})
    return Tool(tool["name"], tool.get("description") or "", tool.get("parameters") or {"type": "object"})


def _turns(body: Body, items: list[Body]) -> Iterator[Turn]:
    if body.get("instructions"):
        yield Turn("system", body["instructions"], tokens=4 + tokens.count(body["instructions"]))
    found = False
    for item in items:
        turn = _READERS.get(item["type"], _nothing)(item)
        if turn is not None:
            found = True
            yield turn
    if not found:
        yield Turn("user", "")


def _message(item: Body) -> Turn:
    role: Role = "system" if item["role"] == "developer" else item["role"]
    return _turn(role, item["content"])


def _turn(role: Role, content: Any) -> Turn:
    parts: list[Body] = [{"type": "input_text", "text": content}] if isinstance(content, str) else content
    said = [part[_TEXT_OF_PARTS[part["type"]]] for part in parts if part["type"] in _TEXT_OF_PARTS]
    text = "\n".join(piece for piece in said if piece)
    attachments = tuple(_ATTACHMENTS[part["type"]](part) for part in parts if part["type"] in _ATTACHMENTS)
    counted = 4 + tokens.count(text) + sum(attachment.tokens for attachment in attachments)
    return Turn(role, text, attachments, tokens=counted)


def _image(part: Body) -> Attachment:
    if part.get("image_url") is None:
        return describe_url("image", part["file_id"])
    return describe_url("image", part["image_url"])


def _file(part: Body) -> Attachment:
    if part.get("file_data") is None:
        return describe_url("file", part.get("file_url") or part["file_id"])
    found = describe_url("file", part["file_data"])
    return Attachment("file", f"{part['filename']}, {found.description}", found.tokens)


_ATTACHMENTS: Mapping[str, Callable[[Body], Attachment]] = {"input_image": _image, "input_file": _file}


def _call(item: Body) -> Turn:
    said = item.get("arguments") or item.get("input") or ""
    return Turn("assistant", "", calls=(item["name"],), tokens=4 + tokens.count(item["name"] + said))


def _output(item: Body) -> Turn:
    return _turn("tool", item["output"])


def _searched(_item: Body) -> Turn:
    return Turn("assistant", "", tokens=4, searched=True)


def _nothing(_item: Body) -> None:
    return None


_READERS: Mapping[str, Callable[[Body], Turn | None]] = {
    "message": _message,
    **dict.fromkeys(CALLS, _call),
    **dict.fromkeys(OUTPUTS, _output),
    "web_search_call": _searched,
}


def prompt_pieces(body: Body, items: list[Body], question: Question) -> list[Piece]:
    """The prompt in pieces, for the cache: what comes before the conversation, and its items.

    A prefix is cached from 1,024 tokens on by itself, and wherever a part has a `prompt_cache_breakpoint`.
    """
    tools = body.get("tools") or []
    head = json.dumps([body.get("instructions"), tools], sort_keys=True)
    counted = sum(tokens.count(json.dumps(tool)) for tool in tools)
    instructed = question.turns[0].tokens if body.get("instructions") else 0
    pieces = [Piece(head, 3 + counted + instructed, marked=False)]
    total = pieces[0].tokens
    for item in items:
        turn = _READERS.get(item["type"], _nothing)(item)
        counted = turn.tokens if turn else 0
        total += counted
        content = {name: value for name, value in item.items() if name not in ("id", "status")}
        marked = total >= LEAST_CACHED or "prompt_cache_breakpoint" in str(item.get("content"))
        pieces.append(Piece(json.dumps(content, sort_keys=True), counted, marked))
    return pieces
