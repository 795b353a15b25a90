"""A Messages request, read: the question that it asks, and its prompt in pieces."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal

from seacloud_emulator.brain import tokens
from seacloud_emulator.brain.attachments import describe_data, describe_url
from seacloud_emulator.brain.cache import Piece
from seacloud_emulator.brain.question import Attachment, Document, Question, Tool, WebSearch, with_turns_joined
from seacloud_emulator.brain.question import Turn as BrainTurn
from seacloud_emulator.protocols.messages.tools import WEB_SEARCH, is_own
from seacloud_emulator.protocols.messages.turns import Turn, all_blocks
from seacloud_emulator.protocols.messages.validation import output_format

Body = dict[str, Any]

_DEMANDS: Mapping[str, Literal["auto", "none", "required"]] = {
    "auto": "auto",
    "none": "none",
    "any": "required",
    "tool": "required",
}


def read_question(body: Body, turns: list[Turn]) -> Question:
    """The question that a request asks. The body has been checked."""
    choice = body.get("tool_choice") or {"type": "auto"}
    tools = [tool for tool in body.get("tools") or () if choice.get("name") in (None, tool.get("name"))]
    own = tuple(
        Tool(tool["name"], tool.get("description") or "", tool["input_schema"]) for tool in filter(is_own, tools)
    )
    demand = _DEMANDS[choice["type"]]
    web = _web_search(tools, forced=demand == "required" and not own)
    wanted = output_format(body)
    read = with_turns_joined(_turns(body, turns))
    return Question(
        turns=read,
        tools=own,
        tool_choice="none" if web and web.forced else demand,
        forced_tool=choice.get("name") if own else None,
        parallel=choice.get("disable_parallel_tool_use") is not True,
        schema=wanted["schema"] if wanted else None,
        json_object=wanted is not None,
        reasoning=_thinks(body, read),
        max_tokens=body["max_tokens"],
        stop=tuple(body.get("stop_sequences") or ()),
        web=web,
        documents=tuple(_documents(turns)),
    )


def _thinks(body: Body, turns: tuple[BrainTurn, ...]) -> bool:
    kind = (body.get("thinking") or {}).get("type")
    return kind in ("enabled", "adaptive") or (kind == "between_tools" and turns[-1].role == "tool")


def _web_search(tools: list[Body], *, forced: bool) -> WebSearch | None:
    tool = next((tool for tool in tools if not is_own(tool) and tool["type"].startswith(WEB_SEARCH)), None)
    if tool is None:
        return None
    return WebSearch(forced, tuple(tool.get("allowed_domains") or ()))


def _turns(body: Body, turns: list[Turn]) -> Iterator[BrainTurn]:
    system = body.get("system")
    blocks = system if isinstance(system, list) else [{"text": system}] if system else []
    if blocks:
        text = "\n".join(block["text"] for block in blocks)
        yield BrainTurn("system", text, tokens=4 + tokens.count(text))
    for turn in turns:
        if turn.role == "assistant":
            yield _said_by_model([block for _, block in turn.blocks])
            continue
        for _, block in turn.of("tool_result"):
            content = block.get("content") or ""
            yield _turn("tool", [{"type": "text", "text": content}] if isinstance(content, str) else content)
        others = [block for _, block in turn.blocks if block["type"] != "tool_result"]
        if others:
            yield _turn("user", others)


def _turn(role: Literal["user", "tool"], blocks: list[Body]) -> BrainTurn:
    text = "\n".join(block["text"] for block in blocks if block["type"] == "text" and block["text"])
    attachments = tuple(_ATTACHMENTS[block["type"]](block) for block in blocks if block["type"] in _ATTACHMENTS)
    counted = 4 + tokens.count(text) + sum(attachment.tokens for attachment in attachments)
    return BrainTurn(role, text, attachments, tokens=counted)


def _said_by_model(blocks: list[Body]) -> BrainTurn:
    text = "\n".join(block["text"] for block in blocks if block["type"] == "text")
    return BrainTurn(
        "assistant",
        text,
        calls=tuple(block["name"] for block in blocks if block["type"] == "tool_use"),
        tokens=sum(_count(block) for block in blocks),
        searched=any(block["type"] == "web_search_tool_result" for block in blocks),
    )


def _image(block: Body) -> Attachment:
    source = block["source"]
    if source["type"] == "base64":
        return describe_data("image", source["data"], source["media_type"])
    return describe_url("image", source.get("url") or source["file_id"])


def _document(block: Body) -> Attachment:
    source = block["source"]
    found = _DOCUMENTS[source["type"]](source)
    facts = ", ".join(fact for fact in (block.get("title") or "", found.description) if fact)
    return Attachment("file", facts, found.tokens)


def _text_document(source: Body) -> Attachment:
    text = " ".join(_texts(source))
    return Attachment("file", f"text, {len(text)} characters", 1 + tokens.count(text))


def _remote_document(source: Body) -> Attachment:
    return describe_url("file", source.get("url") or source["file_id"])


_DOCUMENTS: Mapping[str, Callable[[Body], Attachment]] = {
    "base64": lambda source: describe_data("file", source["data"], source["media_type"]),
    "text": _text_document,
    "content": _text_document,
    "url": _remote_document,
    "file": _remote_document,
}


def _search_result(block: Body) -> Attachment:
    text = " ".join(inner["text"] for inner in block["content"])
    return Attachment("file", f"{block['title']}, from {block['source']}", 1 + tokens.count(text))


_ATTACHMENTS: Mapping[str, Callable[[Body], Attachment]] = {
    "image": _image,
    "document": _document,
    "search_result": _search_result,
}


def _documents(turns: list[Turn]) -> Iterator[Document]:
    """The documents and search results that are to be cited, numbered in the order of the request."""
    numbers = {"document": 0, "search_result": 0}
    for block in all_blocks(turns):
        kind = block["type"]
        if kind not in numbers:
            continue
        if (block.get("citations") or {}).get("enabled") is True:
            yield _CITABLE[kind](block, numbers[kind])
        numbers[kind] += 1


_DOCUMENT_KINDS: Mapping[str, Literal["text", "pages", "blocks"]] = {"text": "text", "content": "blocks"}
"""How places in a document are told, by the type of its source; any other has pages."""


def _citable_document(block: Body, number: int) -> Document:
    kind = _DOCUMENT_KINDS.get(block["source"]["type"], "pages")
    return Document(kind, number, block.get("title"), "", tuple(_texts(block["source"])))


def _citable_result(block: Body, number: int) -> Document:
    texts = tuple(inner["text"] for inner in block["content"])
    return Document("search_result", number, block["title"], block["source"], texts)


_CITABLE: Mapping[str, Callable[[Body, int], Document]] = {
    "document": _citable_document,
    "search_result": _citable_result,
}


def _texts(source: Body) -> Iterator[str]:
    """The text of a document, in as many pieces as it has; none of one that cannot be read."""
    if source["type"] == "text":
        yield source["data"]
    elif source["type"] == "content":
        content = source["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        yield from (block["text"] for block in blocks if block["type"] == "text")


def prompt_pieces(body: Body, turns: list[Turn]) -> list[Piece]:
    """The prompt in pieces, for the cache: its tools, its instructions, and the blocks of its messages.

    A mark on the request itself marks the last piece (Anthropic's guide to prompt caching, automatic caching).
    """
    system = body.get("system")
    blocks = system if isinstance(system, list) else [{"type": "text", "text": system}] if system else []
    pieces = [
        Piece("", 3, marked=False),
        *(_piece("tool", tool, tokens.count(json.dumps(tool))) for tool in body.get("tools") or ()),
        *(_piece("system", block, 4 + tokens.count(block["text"])) for block in blocks),
        *(_piece(turn.role, block, _count(block)) for turn in turns for _, block in turn.blocks),
    ]
    if body.get("cache_control"):
        pieces[-1] = Piece(pieces[-1].content, pieces[-1].tokens, marked=True)
    return pieces


def _piece(role: str, content: Body, counted: int) -> Piece:
    inner = content.get("content")
    marked = any(block.get("cache_control") for block in (content, *_dicts(inner)))
    bare = {name: value for name, value in content.items() if name != "cache_control"}
    return Piece(json.dumps([role, bare], sort_keys=True), counted, marked)


def _dicts(content: Any) -> Iterable[Body]:
    return [block for block in content if isinstance(block, dict)] if isinstance(content, list) else ()


def _count(block: Body) -> int:
    """What a block counts for."""
    if block["type"] in _ATTACHMENTS:
        return _ATTACHMENTS[block["type"]](block).tokens
    if block["type"] == "tool_result" and isinstance(block.get("content"), list):
        return 4 + sum(_count(inner) for inner in block["content"])
    if block["type"] == "tool_use":
        return 4 + tokens.count(block["name"] + json.dumps(block["input"]))
    return 4 + tokens.count(str(block.get("text") or block.get("thinking") or block.get("content") or ""))
