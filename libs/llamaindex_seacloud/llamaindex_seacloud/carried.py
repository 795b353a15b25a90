"""Whether a protocol carries a part to the model, and the note that stands in where it does not.

No list here says what a protocol takes: the protocol itself is asked, by encoding a small request with the part in
its place and looking for the part in what came out.
"""

from __future__ import annotations

import base64
import logging
from collections.abc import Iterator
from typing import Any

from seacloud_client.conversation import (
    Audio,
    File,
    Media,
    Message,
    Part,
    Protocol,
    Request,
    Role,
    Text,
    ToolCall,
    ToolResult,
)
from seacloud_client.errors import InvalidInputError
from seacloud_client.protocols import get_protocol

_LOG = logging.getLogger(__name__)
_CALL = "call_0"


def carried(part: Part, role: Role, protocol: Protocol, model: str) -> Part:
    """The part itself, or the note that stands in for what the protocol does not take at this place.

    Only media can be refused like that. The note is a text that the model reads, and a warning is logged.
    """
    if not isinstance(part, Media):
        return part
    encoded = _encoded(part, role, protocol, model)
    if isinstance(part, File) and part.extras and "citations" in part.extras:
        # A source that may be cited: where citing is not known, it is as good as a text, which every model reads.
        return part if "citations" in _keys(encoded) else _as_text(part)
    if any(needle in text for text in _strings(encoded) for needle in _needles(part)):
        return part
    untyped = " without a media type" if part.data is not None and part.media_type is None else ""
    _LOG.warning("%s was not sent: %s does not take it%s in a %s message.", _described(part), protocol, untyped, role)
    return Text(f"[{_described(part)}: it cannot be shown to you.]")


def _encoded(part: Part, role: Role, protocol: Protocol, model: str) -> Any:
    """A small conversation with the part in its place, in the protocol's JSON; `None` if the protocol refuses it."""
    question = Message("user", (Text("?"),))
    messages = [question, Message(role, (part,)), question]
    if role == "tool":
        call = Message("assistant", (ToolCall(_CALL, "tool", "{}"),))
        messages = [question, call, Message("tool", (ToolResult(_CALL, (part,)),))]
    try:
        return get_protocol(protocol).encode(Request(model=model, messages=tuple(messages)), False)
    except InvalidInputError:
        return None


def _needles(part: Media) -> Iterator[str]:
    """Texts of which one is in the request if the part is."""
    for found in (part.url, part.data, part.file_id, part.id if isinstance(part, Audio) else None):
        if found:
            yield found
    if isinstance(part, Audio) and part.transcript:
        yield part.transcript
    if isinstance(part, File) and part.data and (part.media_type or "").startswith("text/"):
        yield _decoded(part)


def _decoded(part: File) -> str:
    return base64.b64decode(part.data or "").decode("utf-8-sig", "replace")


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
        for inner in value.values():
            yield from _keys(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(inner)


def _as_text(part: File) -> Text:
    source = (part.extras or {}).get("context")
    return Text(f"Source: {part.name} ({source})\n\n{_decoded(part)}")


def _described(part: Media) -> str:
    facts = [part.kind]
    if part.name:
        facts.append(repr(part.name))
    if part.media_type:
        facts.append(f"of the type {part.media_type}")
    if part.url:
        facts.append(f"at {part.url}")
    return " ".join(facts)
