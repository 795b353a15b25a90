"""An answer as the items of a Responses output, and the Response object around them."""

from __future__ import annotations

import time
from typing import Any

from seacloud_emulator.brain import tokens
from seacloud_emulator.brain.cache import Cached
from seacloud_emulator.brain.question import Answer, Call, Page, Quote, Search
from seacloud_emulator.brain.thinking import completion_tokens
from seacloud_emulator.protocols.bodies import Ids
from seacloud_emulator.protocols.logprobs import token_logprobs
from seacloud_emulator.protocols.responses.context import seal_reasoning

Body = dict[str, Any]

ID_LENGTH = 48

_STATUS = {"length": "incomplete", "filtered": "incomplete", "failed": "failed"}
_INCOMPLETE = {"length": "max_output_tokens", "filtered": "content_filter"}

_DEFAULTS: Body = {
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "safety_identifier": None,
    "temperature": 1.0,
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": 1.0,
    "parallel_tool_calls": True,
    "store": True,
    "truncation": "disabled",
    "user": None,
    "metadata": {},
}
"""What a Response says of fields that the request leaves out."""


class Output:
    """The answer to one request.

    Args:
        body: the request.
        answer: what is answered.
        ids: the ids of the answer.
        prompt_tokens: the tokens of the prompt.
        cached: how many of them were in the cache, or were put there.
    """

    def __init__(self, body: Body, answer: Answer, ids: Ids, prompt_tokens: int, cached: Cached) -> None:
        self._body = body
        self._answer = answer
        self._ids = ids
        self._prompt_tokens = prompt_tokens
        self._cached = cached
        self._created = int(time.time())
        self._include = frozenset(body.get("include") or ())
        self.id = ids.whole("resp_", ID_LENGTH)
        self.items = self._items()
        self.status = _STATUS.get(answer.finish, "completed")

    def response(self) -> Body:
        """The whole Response."""
        failed = self.status == "failed"
        reason = _INCOMPLETE.get(self._answer.finish)
        message = "The model broke down, as the message ordered."
        return {
            **self._head(),
            "status": self.status,
            "completed_at": self._created if self.status == "completed" else None,
            "error": {"code": "server_error", "message": message} if failed else None,
            "incomplete_details": {"reason": reason} if reason else None,
            "output": self.items,
            "service_tier": "default" if self._tier() == "auto" else self._tier(),
            "usage": self._usage(),
        }

    def beginning(self) -> Body:
        """The Response as it is before there is any output."""
        return {
            **self._head(),
            "status": "in_progress",
            "completed_at": None,
            "error": None,
            "incomplete_details": None,
            "output": [],
            "service_tier": self._tier(),
            "usage": None,
        }

    def _head(self) -> Body:
        given = {name: self._body[name] for name in _DEFAULTS if self._body.get(name) is not None}
        reasoning = self._body.get("reasoning") or {}
        text = self._body.get("text") or {}
        return {
            "id": self.id,
            "object": "response",
            "created_at": self._created,
            "model": self._body["model"],
            "background": False,
            **_DEFAULTS,
            **given,
            "reasoning": {"effort": reasoning.get("effort"), "summary": reasoning.get("summary")},
            "text": {"format": text.get("format") or {"type": "text"}, "verbosity": text.get("verbosity") or "medium"},
        }

    def _tier(self) -> str:
        return self._body.get("service_tier") or "auto"

    def _items(self) -> list[Body]:
        answer = self._answer
        items = [self._reasoning(answer.reasoning)] if answer.reasoning else []
        if answer.search is not None:
            items.append(self._search(answer.search))
        if answer.text:
            items.append(self._message(answer, answer.text))
        items += [self._call(call, place) for place, call in enumerate(answer.calls)]
        if items and answer.finish in _STATUS and "status" in items[-1]:
            items[-1]["status"] = "incomplete"
        return items

    def _id(self, prefix: str, place: str) -> str:
        return self._ids.part(prefix, place, ID_LENGTH)

    def _reasoning(self, text: str) -> Body:
        item_id = self._id("rs_", "reasoning")
        wants_summary = (self._body.get("reasoning") or {}).get("summary") is not None
        item: Body = {"id": item_id, "type": "reasoning"}
        if "reasoning.encrypted_content" in self._include:
            item["encrypted_content"] = seal_reasoning(item_id, text)
        return {**item, "summary": [{"type": "summary_text", "text": text}] if wants_summary else []}

    def _search(self, search: Search) -> Body:
        action: Body = {"type": "search", "query": search.query, "queries": [search.query]}
        if "web_search_call.action.sources" in self._include:
            action["sources"] = [{"type": "url", "url": page.url} for page in search.pages]
        return {"id": self._id("ws_", "search"), "type": "web_search_call", "status": "completed", "action": action}

    def _message(self, answer: Answer, text: str) -> Body:
        part: Body = {"type": "refusal", "refusal": text}
        if answer.finish != "refused":
            wanted = "message.output_text.logprobs" in self._include
            logprobs = token_logprobs(text, self._body.get("top_logprobs") or 0) if wanted else []
            notes = [_annotation(quote, quote.source) for quote in answer.quotes if isinstance(quote.source, Page)]
            part = {"type": "output_text", "annotations": notes, "logprobs": logprobs, "text": text}
        return {
            "id": self._id("msg_", "message"),
            "type": "message",
            "status": "completed",
            "content": [part],
            "role": "assistant",
        }

    def _call(self, call: Call, place: int) -> Body:
        call_id = self._ids.part("call_", f"call{place}")
        if call.free_text:
            item_id = self._id("ctc_", f"item{place}")
            kind: Body = {"id": item_id, "type": "custom_tool_call", "input": call.arguments}
        else:
            item_id = self._id("fc_", f"item{place}")
            kind = {"id": item_id, "type": "function_call", "status": "completed", "arguments": call.arguments}
        return {**kind, "call_id": call_id, "name": call.name}

    def _usage(self) -> Body:
        completion = completion_tokens(self._answer)
        return {
            "input_tokens": self._prompt_tokens,
            "input_tokens_details": {"cached_tokens": self._cached.read, "cache_write_tokens": self._cached.written},
            "output_tokens": completion,
            "output_tokens_details": {"reasoning_tokens": tokens.count(self._answer.reasoning)},
            "total_tokens": self._prompt_tokens + completion,
        }


def _annotation(quote: Quote, page: Page) -> Body:
    return {
        "type": "url_citation",
        "start_index": quote.start,
        "end_index": quote.end,
        "title": page.title,
        "url": page.url,
    }
