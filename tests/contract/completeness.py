"""Which strings of a body a Reading holds: finds what a reader has dropped without a word."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from fnmatch import fnmatchcase
from typing import Any

from .hand_read import payloads
from .reading import Reading
from .recordings import Recording

LONGER_THAN = 40

# Path patterns of strings that no Reading holds, each with the reason.
LEFT_OUT = {
    "search_results{}.*": "perplexity: what was searched, in `extras` of the reply",
    "citations{}": "perplexity: addresses of the sources, in `extras` of the reply",
    "usage_breakdown.*": "groq: usage by inner model, in `extras` of the reply",
    "response.instructions": "echo of the request",
    "instructions": "echo of the request",
    "response.tools{}.*": "echo of the request",
    "tools{}.*": "echo of the request",
    "text.format.*": "echo of the request",
    "previous_response_id": "echo of the request",
    "*.id": "an item's id: of text, reasoning or a call (a native item's is held)",
    "item_id": "an item's id",
    "system_fingerprint": "names the backend's configuration, in `extras` of a plain reply",
    "obfuscation": "padding against timing attacks",
    "p": "mistral: padding against timing attacks",
    "item.encrypted_content": "encrypted anew in every event: the last ones are held",
    "item.fingerprint": "encrypted anew in every event: the last ones are held",
}

# Where every event of a stream has a whole value: elsewhere they are fragments of one.
WHOLE_VALUES = ("*.annotations{}.*", "delta.citation.*")


def missing(recording: Recording, reading: Reading) -> list[tuple[str, str]]:
    """Return path and beginning of every long string that the reading does not hold."""
    held = Held(reading)
    return [
        (path, fragments[0][:80])
        for path, fragments in strings(recording)
        if not all(text in held for text in _wholes(path, fragments))
    ]


def _wholes(path: str, fragments: list[str]) -> list[str]:
    """Return the long texts that the fragments make: one, but where each event has a value of its own."""
    own = len(set(fragments)) == 1 or any(fnmatchcase(path, pattern) for pattern in WHOLE_VALUES)
    return [text for text in (fragments if own else ["".join(fragments)]) if len(text) > LONGER_THAN]


def left_out(path: str) -> str | None:
    """Return the pattern that says why a path is in no Reading."""
    return next((pattern for pattern in LEFT_OUT if fnmatchcase(path, pattern)), None)


class Held:
    """The strings of a reading, and those within its tool arguments."""

    def __init__(self, reading: Reading) -> None:
        said = asdict(reading)
        for part in (said, *said["choices"]):
            part.pop("extras")
            part.pop("items", None)
        strings = [text for _, text in leaves(said)]
        calls = [call for choice in reading.choices for call in choice.tool_calls]
        self._all = "\0".join([*strings, *(text for call in calls for _, text in leaves(json.loads(call.arguments)))])

    def __contains__(self, text: str) -> bool:
        """Tell whether the text is held: as it is, or as the strings of the JSON object that it is."""
        if text in self._all:
            return True
        try:
            value = json.loads(text)
        except ValueError:
            return False
        return isinstance(value, dict) and all(inner in self._all for _, inner in leaves(value))


def strings(recording: Recording) -> Iterator[tuple[str, list[str]]]:
    """Yield the strings of the body with their paths; a stream's as the fragments that belong together."""
    joined: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for payload in payloads(recording):
        for path, text in leaves(payload):
            if not path.endswith("type"):
                joined[(*_place(payload), path)].append(text)
        if payload.get("type") == "response.completed":
            break
    for (*_, path), fragments in joined.items():
        yield re.sub(r"\[\d+\]", "{}", path), fragments


def _place(payload: dict[str, Any]) -> tuple[Any, ...]:
    """Tell the event of a stream from others: its type and the indices of what it adds to."""
    names = ("type", "index", "output_index", "content_index", "summary_index", "annotation_index")
    choices = tuple(choice.get("index") for choice in payload.get("choices") or ())
    return (*(payload.get(name) for name in names), choices)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield every string of a JSON value with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, (list, tuple)):
        for place, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{place}]")
