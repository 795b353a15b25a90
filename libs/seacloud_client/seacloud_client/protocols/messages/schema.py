"""JSON schemas as Messages takes them, where it holds the model to them: strict tools and the output's format.

Anthropic's guide "Structured outputs" names what the service refuses: open objects, bounds of numbers and lengths,
most formats of strings, `oneOf`. Objects are closed here, and `oneOf` becomes `anyOf`; a bound moves into the
description, where the model still reads it. The official SDK does the same with the schemas of its own making.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_FORMATS = frozenset(("date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"))
_REFUSED = frozenset(
    (
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "maxItems",
        "uniqueItems",
        "minProperties",
        "maxProperties",
    )
)
_LISTS = ("anyOf", "allOf", "prefixItems")
_MAPPINGS = ("properties", "$defs", "definitions")


def closed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema in the form that the service can hold the model to."""
    changed = {("anyOf" if name == "oneOf" else name): value for name, value in schema.items()}
    for name in _MAPPINGS:
        if isinstance(changed.get(name), Mapping):
            changed[name] = {key: _closed_any(value) for key, value in changed[name].items()}
    for name in _LISTS:
        if isinstance(changed.get(name), list):
            changed[name] = [_closed_any(value) for value in changed[name]]
    if "items" in changed:
        changed["items"] = _closed_any(changed["items"])
    if _is_open_object(changed):
        changed["additionalProperties"] = False
    return _with_bounds_described(changed)


def _closed_any(schema: Any) -> Any:
    return closed(schema) if isinstance(schema, Mapping) else schema


def _is_open_object(schema: Mapping[str, Any]) -> bool:
    """Whether an object may have any other fields. One that gives their type is left to the service to refuse."""
    kind = schema.get("type")
    is_object = kind == "object" or (isinstance(kind, list) and "object" in kind) or "properties" in schema
    return is_object and schema.get("additionalProperties", True) is True


def _with_bounds_described(schema: dict[str, Any]) -> dict[str, Any]:
    bounds = {name: value for name, value in schema.items() if _is_refused(name, value)}
    if not bounds:
        return schema
    kept = {name: value for name, value in schema.items() if name not in bounds}
    described = "{" + ", ".join(f"{name}: {value}" for name, value in bounds.items()) + "}"
    kept["description"] = f"{kept['description']}\n\n{described}" if kept.get("description") else described
    return kept


def _is_refused(name: str, value: Any) -> bool:
    if name == "format":
        return isinstance(value, str) and value not in _FORMATS
    if name == "minItems":
        return value not in (0, 1)
    return name in _REFUSED
