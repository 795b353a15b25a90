"""What JSON Schema says of a value, written after its specification (2020-12, "Validation"), for a few keywords.

Only plain schemas are judged: those keywords alone, no number that floating point cannot hold exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

EXACT = 2**53

_NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_LENGTHS = ("minLength", "maxLength", "minItems", "maxItems")
_KEYWORDS = frozenset(
    ("type", "properties", "required", "items", "additionalProperties", "enum", "default", "description")
) | {*_NUMBERS, *_LENGTHS}


def is_plain(schema: Any, value: Any) -> bool:
    """Whether both are judged here."""
    return _is_plain_schema(schema) and _is_plain_value(value)


def _is_plain_schema(schema: Any) -> bool:
    if (
        not isinstance(schema, Mapping)
        or not schema.keys() <= _KEYWORDS
        or not isinstance(schema.get("required", []), list)
    ):
        return False
    numbers = (schema[word] for word in (*_NUMBERS, *_LENGTHS) if word in schema)
    if not all(type(number) is int and abs(number) < EXACT for number in numbers):
        return False
    properties = schema.get("properties", {})
    inner = [*properties.values()] if isinstance(properties, Mapping) else [None]
    inner += [schema["items"]] if "items" in schema else []
    return (
        isinstance(schema.get("additionalProperties", True), bool)
        and isinstance(schema.get("type", ""), (str, list))
        and all(isinstance(word, str) for word in schema.get("required", []))
        and isinstance(schema.get("enum", []), list)
        and schema.get("enum") != []
        and _is_plain_value([schema.get("enum"), schema.get("default")])
        and all(map(_is_plain_schema, inner))
    )


def _is_plain_value(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_is_plain_value, value.values()))
    if isinstance(value, list):
        return all(map(_is_plain_value, value))
    return not isinstance(value, (int, float)) or abs(value) < EXACT


def is_valid(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether a value satisfies a schema. One with `properties` and no type is an object's, as contracts are read."""
    kinds = schema.get("type", "object" if "properties" in schema else "array" if "items" in schema else None)
    kinds = kinds if isinstance(kinds, list) else [] if kinds is None else [kinds]
    if kinds and not any(_IS[kind](value) for kind in kinds):
        return False
    if "enum" in schema and not any(_same(value, one) for one in schema["enum"]):
        return False
    return all(check(value, schema) for check in _CHECKS if kinds)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_IS: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: _is_number(value) and value == int(value),
    "number": _is_number,
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
}


def _same(one: Any, other: Any) -> bool:
    """Equality of JSON values: 1 is 1.0, and is not true."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    return bool(one == other)


def _number(value: Any, schema: Mapping[str, Any]) -> bool:
    if not _is_number(value):
        return True
    return (
        value >= schema.get("minimum", value)
        and value <= schema.get("maximum", value)
        and ("exclusiveMinimum" not in schema or value > schema["exclusiveMinimum"])
        and ("exclusiveMaximum" not in schema or value < schema["exclusiveMaximum"])
        and ("multipleOf" not in schema or value % schema["multipleOf"] == 0)
    )


def _length(value: Any, schema: Mapping[str, Any]) -> bool:
    least, most = {str: ("minLength", "maxLength"), list: ("minItems", "maxItems")}.get(type(value), ("", ""))
    return not least or schema.get(least, 0) <= len(value) <= schema.get(most, len(value))


def _object(value: Any, schema: Mapping[str, Any]) -> bool:
    if not isinstance(value, dict):
        return True
    properties = schema.get("properties", {})
    # A parameter that is required and has a default gets it.
    missing = [word for word in schema.get("required", []) if word not in value]
    if any(properties.get(word, {}).get("default") is None for word in missing):
        return False
    if schema.get("additionalProperties") is False and not value.keys() <= {*properties, *schema.get("required", [])}:
        return False
    return all(is_valid(value[word], properties[word]) for word in value.keys() & properties.keys())


def _array(value: Any, schema: Mapping[str, Any]) -> bool:
    return not isinstance(value, list) or "items" not in schema or all(is_valid(one, schema["items"]) for one in value)


_CHECKS = (_number, _length, _object, _array)
