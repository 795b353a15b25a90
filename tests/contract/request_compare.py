"""Whether our encoder's body of a request is the recorded one: as JSON, but for what is documented to mean the same.

The order of an object's fields never matters. A field may be left out where it has its documented default (`DEFAULTS`).
Base64 that a recording cut (to 64 characters, see the recordings' index) needs no allowance: it is still base64, and
goes through our code as what it is.

Each protocol has `requests_<protocol>.py` with `read_request(body) -> Request` and `REASONS`, the differences that
remain, by recording and path, each with its reason.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from types import ModuleType
from typing import Any, NamedTuple

from seacloud_client.conversation import Request

from .our_reading import wire_protocol
from .recordings import PROTOCOLS, Recording, load

ABSENT: Any = object()


class Default(NamedTuple):
    """A value that says no more than the field's absence, and who says so."""

    value: Any
    source: str


DEFAULTS: dict[str, Mapping[str, Default]] = {
    "chat_completions": {
        "stream": Default(False, "OpenAI, Chat reference: stream, boolean or null, defaults to false"),
        "n": Default(1, "OpenAI, Chat reference: n, defaults to 1"),
        "tools": Default([], "no tools are no tools; OpenAI refuses an empty list, Hugging Face's client sends it"),
        "*": Default(None, "OpenAI, Chat reference: optional fields may be null, which is their absence"),
        "messages[*].*": Default(None, "OpenAI, Chat reference: likewise of a message's fields"),
    },
    "responses": {
        "stream": Default(False, "OpenAI, Responses reference: stream, defaults to false"),
        "include": Default([], "OpenAI, Responses reference: what is included besides, by default nothing"),
        "previous_response_id": Default(None, "OpenAI, Responses reference: may be null, which is its absence"),
        "tools[*].description": Default(None, "OpenAI, Responses reference: may be null, which is its absence"),
        "input[*].content[*].detail": Default("auto", "OpenAI, Responses reference: detail, defaults to auto"),
    },
    "messages": {
        "stream": Default(False, "Anthropic, Messages reference: without stream the answer is not streamed"),
        "messages[*].content[*].is_error": Default(False, "Anthropic, Messages reference: a result is no error"),
        "tools": Default([], "no tools are no tools"),
        "tool_choice.disable_parallel_tool_use": Default(False, "Anthropic, Messages reference: defaults to false"),
        "*": Default(None, "Anthropic, Messages reference: optional fields may be null, which is their absence"),
        "system[*].*": Default(None, "Anthropic, Messages reference: likewise of an instruction's fields"),
        "messages[*].content[*].*": Default(None, "Anthropic, Messages reference: likewise of a block's fields"),
        "tools[*].*": Default(None, "Anthropic, Messages reference: likewise of a tool's fields"),
    },
}
"""By protocol and path; `*` is any one name, `[*]` any place of a list."""


def _blocks_for_strings(body: Any) -> Any:
    """Write each text that stands for a block as that block.

    Anthropic, Messages reference, `messages`: a string for content is shorthand for an array of one block of type text.
    """
    if isinstance(body, list):
        return [_blocks_for_strings(item) for item in body]
    if not isinstance(body, dict):
        return body
    written = {name: value if name == "input" else _blocks_for_strings(value) for name, value in body.items()}
    for name in ("content", "system"):
        if isinstance(written.get(name), str):
            written[name] = [{"type": "text", "text": written[name]}]
    return written


def _content_for_strings(body: Any) -> Any:
    """Write each text that stands for a list of content as that list.

    OpenAI, Responses reference, `input`: a message's content is a text, or a list of parts.
    """
    return {**body, "input": [_with_content_listed(item) for item in body["input"]]}


def _with_content_listed(item: Any) -> Any:
    if not isinstance(item.get("content"), str):
        return item
    kind = "output_text" if item["role"] == "assistant" else "input_text"
    return {**item, "content": [{"type": kind, "text": item["content"]}]}


WRITTEN_OUT: dict[str, Callable[[Any], Any]] = {"messages": _blocks_for_strings, "responses": _content_for_strings}
"""By protocol: writes out what its reference calls a shorthand."""


def differences(recorded: Any, encoded: Any, protocol: str = "", path: str = "") -> list[str]:
    """Return a line for each place where the bodies differ: its path, the recorded value, ours."""
    return list(_differences(recorded, encoded, DEFAULTS.get(protocol, {}), path))


def _differences(recorded: Any, encoded: Any, defaults: Mapping[str, Default], path: str) -> Iterator[str]:
    if isinstance(recorded, dict) and isinstance(encoded, dict):
        for key in dict.fromkeys((*recorded, *encoded)):
            inner = f"{path}.{key}" if path else key
            yield from _differences(recorded.get(key, ABSENT), encoded.get(key, ABSENT), defaults, inner)
    elif isinstance(recorded, list) and isinstance(encoded, list) and len(recorded) == len(encoded):
        for place, pair in enumerate(zip(recorded, encoded, strict=True)):
            yield from _differences(*pair, defaults, f"{path}[{place}]")
    elif not _are_same(recorded, encoded, defaults, path):
        yield f"{path}: recorded {_shown(recorded)}, ours {_shown(encoded)}"


def _are_same(recorded: Any, encoded: Any, defaults: Mapping[str, Default], path: str) -> bool:
    if recorded is ABSENT or encoded is ABSENT:
        present = encoded if recorded is ABSENT else recorded
        return any(_matches(path, pattern) and _is(present, default.value) for pattern, default in defaults.items())
    return _is(recorded, encoded)


def _matches(path: str, pattern: str) -> bool:
    """Tell whether a path fits: `*` stays within one name, so that nulls deep in a JSON schema are not left out."""
    same_depth = path.count(".") == pattern.count(".") and path.count("[") == pattern.count("[")
    return same_depth and fnmatchcase(path.replace("[", "("), pattern.replace("[", "("))


def _is(one: Any, other: Any) -> bool:
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def _shown(value: Any) -> str:
    return "nothing" if value is ABSENT else repr(value)[:80]


def _module(protocol: str) -> ModuleType:
    return importlib.import_module(f"contract.requests_{protocol}")


def reasons() -> dict[tuple[str, str], str]:
    """Return the differences that all protocols list, by recording and path."""
    return {place: reason for protocol in PROTOCOLS for place, reason in _module(protocol).REASONS.items()}


def holds_request(recording: Recording) -> bool:
    """Tell whether the recording has a whole request: some have only its model."""
    return "messages" in recording.request or "input" in recording.request


def recorded_requests(*protocols: str) -> list[Recording]:
    """Return the recordings that hold a request, of these protocols or of all."""
    return [recording for name in protocols or PROTOCOLS for recording in load(name) if holds_request(recording)]


def compare(recording: Recording) -> list[str]:
    """Read the recorded body as a `Request`, encode it, and return where that differs from the recorded body."""
    request: Request = _module(recording.protocol).read_request(recording.request)
    body = wire_protocol(recording).encode(request, bool(recording.request.get("stream")))
    write_out = WRITTEN_OUT.get(recording.protocol, _as_it_is)
    return differences(write_out(recording.request), write_out(body), recording.protocol)


def _as_it_is(body: Any) -> Any:
    return body
