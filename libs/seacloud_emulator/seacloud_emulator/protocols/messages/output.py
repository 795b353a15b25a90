"""An answer as the content of a Messages message, and the message around it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from seacloud_emulator.brain import orders, tokens
from seacloud_emulator.brain.cache import Cached
from seacloud_emulator.brain.question import Answer, Call, Document, Page, Question, Quote, Search
from seacloud_emulator.brain.thinking import completion_tokens
from seacloud_emulator.protocols.bodies import Ids
from seacloud_emulator.protocols.messages.signatures import encrypt_result, redact, sign

Body = dict[str, Any]

_STOP_REASONS = {
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "refused": "refusal",
    "filtered": "refusal",
    "paused": "pause_turn",
}


@dataclass(frozen=True)
class Block:
    """A block of the answer. `json_text` is the input of a tool as text, which may be cut short."""

    content: Body
    json_text: str = ""


@dataclass(frozen=True)
class Prompt:
    """What a prompt counts for.

    Attributes:
        tokens: the tokens of all of it.
        cached: how many of them were in the cache, or were put there.
        ttl: how long the latter are kept: `5m` or `1h`.
    """

    tokens: int
    cached: Cached
    ttl: str


class Output:
    """The answer to one request.

    Args:
        body: the request.
        question: what it asks.
        answer: what is answered.
        ids: the ids of the answer.
        prompt: what the prompt counts for.
    """

    def __init__(self, body: Body, question: Question, answer: Answer, ids: Ids, prompt: Prompt) -> None:
        self._body = body
        self._question = question
        self._answer = answer
        self._ids = ids
        self._prompt = prompt
        self.blocks = list(self._blocks())

    def message(self) -> Body:
        """The whole message."""
        content = [block.content for block in self.blocks]
        return {**self._head(), "content": content, **self.ending(), "usage": {**self._input(), **self._outcome()}}

    def beginning(self) -> Body:
        """The message as it is before there is any content."""
        nothing = {"stop_reason": None, "stop_sequence": None, "stop_details": None}
        return {**self._head(), "content": [], **nothing, "usage": {**self._input(), "output_tokens": 1}}

    def ending(self) -> Body:
        """Why the message ends."""
        answer = self._answer
        reason = "stop_sequence" if answer.stopped_by is not None else _STOP_REASONS.get(answer.finish, "end_turn")
        details: Body | None = None
        if reason == "refusal":
            details = {"type": "refusal", "category": None, "explanation": "The message ordered it."}
        return {"stop_reason": reason, "stop_sequence": answer.stopped_by, "stop_details": details}

    def final_usage(self) -> Body:
        """The usage as a stream's end tells it: all that has come together."""
        counted = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
        usage = self._input()
        return {**{name: usage[name] for name in counted}, **self._outcome()}

    def _head(self) -> Body:
        return {
            "model": self._body["model"],
            "id": self._ids.whole("msg_01", 22),
            "type": "message",
            "role": "assistant",
        }

    def _input(self) -> Body:
        read, written = self._prompt.cached.read, self._prompt.cached.written
        return {
            "input_tokens": self._prompt.tokens - read - written,
            "cache_creation_input_tokens": written,
            "cache_read_input_tokens": read,
            "cache_creation": {
                "ephemeral_5m_input_tokens": written if self._prompt.ttl == "5m" else 0,
                "ephemeral_1h_input_tokens": written if self._prompt.ttl == "1h" else 0,
            },
            "service_tier": "standard",
            "inference_geo": "not_available",
        }

    def _outcome(self) -> Body:
        usage: Body = {"output_tokens": completion_tokens(self._answer)}
        if self._answer.reasoning:
            usage["output_tokens_details"] = {"thinking_tokens": tokens.count(self._answer.reasoning)}
        if self._answer.search is not None:
            usage["server_tool_use"] = {"web_search_requests": 1, "web_fetch_requests": 0}
        return usage

    def _blocks(self) -> Iterator[Block]:
        answer = self._answer
        if answer.reasoning:
            yield Block(self._thinking(answer.reasoning))
        if answer.search is not None:
            yield from self._search(answer.search)
        for text in _texts(answer):
            yield Block(text)
        for place, call in enumerate(answer.calls):
            yield self._call(call, place)

    def _thinking(self, text: str) -> Body:
        if orders.ordered(self._question, orders.REDACT):
            return {"type": "redacted_thinking", "data": redact(text)}
        omitted = (self._body.get("thinking") or {}).get("display") == "omitted"
        return {"type": "thinking", "thinking": "" if omitted else text, "signature": sign(text, omitted=omitted)}

    def _search(self, search: Search) -> Iterator[Block]:
        call_id = self._ids.part("srvtoolu_01", "search", 22)
        made = {"query": search.query}
        call = {"type": "server_tool_use", "id": call_id, "name": "web_search", "input": made}
        yield Block(call, json.dumps(made, ensure_ascii=False))
        results = [
            {
                "type": "web_search_result",
                "title": page.title,
                "url": page.url,
                "encrypted_content": encrypt_result(page.text),
                "page_age": None,
            }
            for page in search.pages
        ]
        caller = {"type": "direct"}
        yield Block({"type": "web_search_tool_result", "tool_use_id": call_id, "content": results, "caller": caller})

    def _call(self, call: Call, place: int) -> Block:
        call_id = self._ids.part("toolu_01", f"call{place}", 22)
        try:
            made = json.loads(call.arguments)
        except ValueError:
            made = {}  # the limit of tokens cut it
        content = {"type": "tool_use", "id": call_id, "name": call.name, "input": made, "caller": {"type": "direct"}}
        return Block(content, "" if call.arguments == "{}" else call.arguments)


def _texts(answer: Answer) -> Iterator[Body]:
    """The text in blocks: each quotation is one of its own, with its citation, and so is what stands between."""
    text, place = answer.text or "", 0
    for quote in answer.quotes:
        if quote.start > place:
            yield {"type": "text", "text": text[place : quote.start]}
        yield {"type": "text", "text": text[quote.start : quote.end], "citations": [_citation(quote)]}
        place = quote.end
    if text[place:]:
        yield {"type": "text", "text": text[place:]}


def _citation(quote: Quote) -> Body:
    if isinstance(quote.source, Page):
        index = encrypt_result(f"{quote.source.url} {quote.place}")
        page = {"url": quote.source.url, "title": quote.source.title, "encrypted_index": index}
        return {"type": "web_search_result_location", "cited_text": quote.cited, **page}
    return {"cited_text": quote.cited, **_LOCATIONS[quote.source.kind](quote.source, *quote.place)}


def _of_document(kind: str, first: str, last: str) -> Callable[[Document, int, int], Body]:
    def location(document: Document, start: int, end: int) -> Body:
        where = {"document_index": document.number, "document_title": document.title, first: start, last: end}
        return {"type": kind, **where, "file_id": None}

    return location


def _of_search_result(document: Document, start: int, end: int) -> Body:
    return {
        "type": "search_result_location",
        "search_result_index": document.number,
        "source": document.source,
        "title": document.title,
        "start_block_index": start,
        "end_block_index": end,
    }


_LOCATIONS: Mapping[str, Callable[[Document, int, int], Body]] = {
    "text": _of_document("char_location", "start_char_index", "end_char_index"),
    "pages": _of_document("page_location", "start_page_number", "end_page_number"),
    "blocks": _of_document("content_block_location", "start_block_index", "end_block_index"),
    "search_result": _of_search_result,
}
