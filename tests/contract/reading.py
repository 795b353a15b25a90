"""What a recording says, in words of no protocol: the expectation our decoders are held against."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class ToolCallReading(NamedTuple):
    """A call of one of the caller's tools; `arguments` is the wire's string, or compact JSON where it has an object."""

    id: str
    name: str
    arguments: str


class ErrorReading(NamedTuple):
    """An error in a body or a stream; `code` is the wire's code, else its type, always as text."""

    code: str | None
    message: str
    type: str | None = None
    status: int | None = None


@dataclass(frozen=True)
class ChoiceReading:
    """One choice; Responses and Messages have exactly one.

    `text`, `reasoning`: all of it, joined without separator; reasoning is what can be read of it (summaries too).
    `finish`: the wire's word (Responses: the status).
    `citations`: the annotations as JSON, in the order of the text parts that hold them.
    `native`, `native_items`: types and JSON of the items that are neither text, reasoning nor calls of the caller's
    tools; Chat Completions has none.
    `signatures`: what seals reasoning (signature, redacted data, encrypted content), in its order.
    `items`: the JSON of all content blocks or output items, what a next request may have to send back (ids, `caller`,
    `namespace`, `phase`); a stream's as its accumulator or terminal event has them; Chat Completions has none.
    `order`: the kinds of all items in order: `text`, `reasoning`, `tool_call`, or a native item's type; empty for Chat
    Completions, whose wire has no order.
    `earlier`: fields as a stream gave them before its terminal event, where that event gives others; both are right.
    `extras`: fields of a plain answer's choice and message that are none of these.
    """

    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCallReading, ...] = ()
    refusal: str = ""
    finish: str | None = None
    citations: tuple[dict[str, Any], ...] = ()
    native: tuple[str, ...] = ()
    native_items: tuple[dict[str, Any], ...] = ()
    items: tuple[dict[str, Any], ...] = ()
    signatures: tuple[str, ...] = ()
    logprobs: int = 0
    order: tuple[str, ...] = ()
    earlier: dict[str, Any] = field(default_factory=dict)
    extras: dict[str, Any] = field(default_factory=dict)

    @property
    def n_annotations(self) -> int:
        """Number of citations."""
        return len(self.citations)


@dataclass(frozen=True)
class Reading:
    """A whole reply, plain or folded from its stream; an error answer has no choices.

    `usage`: every figure (and word) of the wire's usage under its dotted key, the last state of it, without nulls.
    `extras`: fields of the reply that are none of these (a stream's: only those of Responses and Messages).
    """

    choices: tuple[ChoiceReading, ...] = ()
    id: str | None = None
    model: str | None = None
    usage: dict[str, Any] | None = None
    error: ErrorReading | None = None
    service_tier: str | None = None
    extras: dict[str, Any] = field(default_factory=dict)


def flatten(value: Any, prefix: str = "") -> dict[str, Any]:
    """Return the leaves of a JSON value under dotted keys (a list's places are numbers), without the nulls."""
    if value is None:
        return {}
    if isinstance(value, dict):
        pairs = [(str(key), inner) for key, inner in value.items()]
    elif isinstance(value, (list, tuple)):
        pairs = [(str(place), inner) for place, inner in enumerate(value)]
    else:
        return {prefix: value}
    flat: dict[str, Any] = {}
    for key, inner in pairs:
        flat.update(flatten(inner, f"{prefix}.{key}" if prefix else key))
    return flat


def usage_of(value: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return every usage figure under its dotted key; None where the wire gives no usage."""
    return flatten(value) if value is not None else None


def compact(value: Any) -> str:
    """Return a JSON value as compact text, for tool input that the wire gives as an object."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def same_arguments(ours: str, expected: str) -> bool:
    """Tell whether two argument strings are equal, as text or as JSON (Messages gives an object: spacing is ours)."""
    if ours == expected:
        return True
    try:
        return bool(json.loads(ours) == json.loads(expected))
    except ValueError:
        return False


def without_empty(value: dict[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """Return the fields beyond the known ones that say something."""
    return {key: inner for key, inner in value.items() if key not in known and inner not in (None, "", [], {})}
