"""Unions that choose their branch by what the value says of itself: its JSON kind, then its `type`, then its `role`.

pydantic would try every branch and report what each has against the value, which is hundreds of lines for one wrong
key. Here one branch is chosen, and what that one has against the value is reported. Only where several branches have
the same `type` and `role` (Responses has some) are they tried one after the other; `wording` picks the best then.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

Schema = dict[str, Any]
Written = tuple[Schema, Schema]
"""A branch: as it is written into the validator, and the SDK's schema of it, which says what it is."""

Resolve = Callable[[Schema], Schema]
"""From a reference to what it refers to."""

TAG = "|"
"""What the tag of a branch begins with, in the place of an error."""

TRIED = "|#"
"""The same, for a branch that was tried because nothing tells it from others."""

NO_BRANCH = "no_branch"
"""The type of the error for a value that is of no branch."""

KEYS = ("type", "role")
"""The keys by which an object says what it is."""

_LISTED_AT_MOST = 12
_ABSENT = ""

_JSON_KINDS: Mapping[type, str] = {
    dict: "object",
    list: "list",
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    type(None): "null",
}

_KINDS: Mapping[str, str] = {
    "typed-dict": "object",
    "dict": "object",
    "list": "list",
    "generator": "list",
    "str": "string",
    "literal": "string",
    "bool": "boolean",
    "int": "number",
    "float": "number",
    "none": "null",
    "any": "any",
}
"""The JSON kind of a schema's values, by the schema's type."""

_WIDEST = ("dict", "str", "float")
"""Schemas that take whatever others of their kind take."""


def json_kind(value: Any) -> str:
    """What a value is in JSON."""
    return _JSON_KINDS.get(type(value), type(value).__name__)


def union_of(branches: Sequence[Written], resolve: Resolve) -> Schema:
    """One of these branches, chosen by the value."""
    kinds: dict[str, list[Written]] = {}
    for branch in branches:
        kinds.setdefault(_KINDS[branch[1]["type"]], []).append(branch)
    if "any" in kinds:
        return {"type": "any"}
    chosen = {kind: _of_one_kind(those, resolve) for kind, those in kinds.items()}
    if len(chosen) == 1:
        return next(iter(chosen.values()))
    return _tagged(lambda value: TAG + json_kind(value), chosen, {"kinds": " or ".join(chosen)})


def _of_one_kind(branches: Sequence[Written], resolve: Resolve) -> Schema:
    widest = next((written for written, leaf in branches if leaf["type"] in _WIDEST), None)
    if widest is not None:
        return widest
    if all(leaf["type"] == "literal" for _, leaf in branches):
        return {"type": "literal", "expected": [value for _, leaf in branches for value in leaf["expected"]]}
    return _by_key(branches, KEYS, resolve)


def _by_key(branches: Sequence[Written], keys: Sequence[str], resolve: Resolve) -> Schema:
    """The branch that a key of the value names; by the next key where the first does not tell them all apart."""
    if len(branches) == 1:
        return branches[0][0]
    if not keys:
        choices = [(written, f"{TRIED}{number}") for number, (written, _) in enumerate(branches)]
        return {"type": "union", "choices": choices}
    key, *others = keys
    named: dict[str, list[Written]] = {}
    for branch in branches:
        for tag in _tags(branch[1], key, resolve):
            named.setdefault(tag, []).append(branch)
    if not named or any(not _tags(leaf, key, resolve) for _, leaf in branches):
        return _by_key(branches, others, resolve)
    chosen = {tag: _by_key(those, others, resolve) for tag, those in named.items()}
    context = {"key": key, "allowed": _listed([tag for tag in chosen if tag != _ABSENT])}
    return _tagged(lambda value: TAG + _named(value, key), chosen, context)


def _listed(tags: Sequence[str]) -> str:
    more = len(tags) - _LISTED_AT_MOST
    return ", ".join(tags) if more <= 0 else f"{', '.join(tags[:_LISTED_AT_MOST])} and {more} others"


def _named(value: Any, key: str) -> str:
    name = value.get(key) if isinstance(value, dict) else None
    return name if isinstance(name, str) else _ABSENT if name is None else f"{TAG}{name!r}"


def _tags(leaf: Schema, key: str, resolve: Resolve) -> list[str]:
    """The values that a branch allows for a key; among them that it is absent, if it may be."""
    field = leaf["fields"].get(key) if leaf["type"] == "typed-dict" else None
    if field is None:
        return []
    schema = resolve(field["schema"])
    tags = [] if field["required"] else [_ABSENT]
    if schema["type"] == "nullable":
        schema, tags = resolve(schema["schema"]), [_ABSENT]
    return [*schema["expected"], *tags] if schema["type"] == "literal" else []


def _tagged(tag_of: Callable[[Any], Hashable], chosen: Mapping[str, Schema], context: dict[str, str]) -> Schema:
    return {
        "type": "tagged-union",
        "discriminator": tag_of,
        "choices": {TAG + tag: schema for tag, schema in chosen.items()},
        "custom_error_type": NO_BRANCH,
        "custom_error_message": "is of no known kind",
        "custom_error_context": context,
    }
