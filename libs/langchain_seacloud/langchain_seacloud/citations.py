"""Citations of LangChain's standard form as the wire's own, which goes back to the provider with the text.

Our replies have the wire's own behind the standard form. langchain-openai and langchain-anthropic, with
`output_version="v1"`, have the standard form alone, and beside it what it has no fields for: of those it is made again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from seacloud_client.conversation import Annotation, Protocol

Block = Mapping[str, Any]


def read_annotations(notes: Iterable[Block], protocol: Protocol) -> tuple[Annotation, ...]:
    """The citations of a text, but for those of which the wire's own cannot be told, since no other is taken."""
    return tuple(note for raw in notes if (note := _read(raw, protocol)) is not None)


def _read(raw: Block, protocol: Protocol) -> Annotation | None:
    """A citation of LangChain's, or a wire's own."""
    extras = raw.get("extras")
    extras = extras if isinstance(extras, Mapping) else {}
    native = extras.get("raw")
    if isinstance(native, Mapping):
        protocol = extras.get("protocol", protocol)
    elif raw.get("type") == "citation":
        native = _REBUILD[protocol](raw, extras)
    elif raw.get("type") == "non_standard_annotation":
        native = raw.get("value")
    else:
        native = raw
    if not isinstance(native, Mapping):
        return None
    return Annotation(
        type=str(extras.get("type") or native.get("type", "")),
        raw=native,
        protocol=protocol,
        url=raw.get("url"),
        title=raw.get("title"),
        cited_text=raw.get("cited_text"),
        start=raw.get("start_index"),
        end=raw.get("end_index"),
    )


def _as_it_is(citation: Block, _extras: Block) -> Block:
    """Chat Completions takes no citations back, so that their form does not matter."""
    return citation


def _for_responses(citation: Block, extras: Block) -> Block | None:
    """OpenAI's reference, annotations of an output text."""
    given = {name: value for name, value in extras.items() if name not in ("type", "raw", "protocol")}
    if citation.get("url") is not None and citation.get("end_index") is not None:
        place = {name: citation.get(name) for name in ("start_index", "end_index", "url")}
        return {"type": "url_citation", "title": citation.get("title") or "", **place, **given}
    if "file_id" in given and "index" in given:
        return {"type": "file_citation", "filename": citation.get("title") or "", **given}
    return None


_LOCATIONS = {
    "start_char_index": ("char_location", "document_title"),
    "start_page_number": ("page_location", "document_title"),
    "search_result_index": ("search_result_location", "title"),
    "start_block_index": ("content_block_location", "document_title"),
}
"""Kinds of Anthropic's citations, by the first of these fields that they have, and what they call the title."""


def _for_messages(citation: Block, extras: Block) -> Block | None:
    """Anthropic's reference, citations of a text."""
    given = {"cited_text": citation.get("cited_text") or "", **extras}
    if "encrypted_index" in extras:
        kind = "web_search_result_location"
        return {"type": kind, "url": citation.get("url"), "title": citation.get("title"), **given}
    for name, (kind, title) in _LOCATIONS.items():
        if name in extras:
            return {"type": kind, title: citation.get("title"), **given}
    return None


_REBUILD = {"chat_completions": _as_it_is, "responses": _for_responses, "messages": _for_messages}
