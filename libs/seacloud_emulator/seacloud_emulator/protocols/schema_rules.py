"""What a JSON Schema in a request must be: a schema at all, and what the vendors demand of one marked `strict`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

Path = tuple[str, ...]

_TYPES = frozenset(("object", "array", "string", "integer", "number", "boolean", "null"))

_CHILDREN = ("properties", "$defs", "definitions")
"""Keywords whose value is an object of schemas."""

_BRANCHES = ("anyOf", "oneOf", "allOf", "prefixItems")
"""Keywords whose value is a list of schemas."""


_NOT_HELD = frozenset(
    (
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength"),
        *("maxItems", "uniqueItems", "minProperties", "maxProperties", "oneOf"),
    )
)
"""Keywords that Anthropic does not hold a model to, and refuses."""


def schema_problem(schema: Any) -> str | None:
    """Why this is no JSON Schema, or None if it is one. Keywords that nothing here reads may hold anything."""
    return next(_shape_problems(schema, ()), None)


def strict_problem(schema: Any) -> str | None:
    """What a strict schema may not be, or None if it is right: all objects closed, all their properties required."""
    return next(_strict_problems(schema, ()), None)


def openai_problem(schema: Any, *, strict: bool) -> str | None:
    """What OpenAI has against the schema of a tool or an answer, which may be left out."""
    problem = schema_problem({} if schema is None else schema)
    return strict_problem(schema or {}) if problem is None and strict else problem


def closed_problem(schema: Any) -> str | None:
    """What Anthropic has against the schema that it is to hold a model to, or None if it is right.

    Its guide "Structured outputs" demands closed objects, and refuses bounds of numbers and lengths, and `oneOf`.
    """
    return next(_closed_problems(schema, ()), None)


def _shape_problems(schema: Any, path: Path) -> Iterator[str]:
    if isinstance(schema, bool):
        return
    if not isinstance(schema, dict):
        yield f"In context={path}, {schema!r} is not of type 'object', 'boolean'."
        return
    for key, is_right in _SHAPES.items():
        if key in schema and not is_right(schema[key]):
            yield f"In context={path}, {schema[key]!r} is not a valid '{key}'."
            return
    for inner_path, inner in _children(schema, path):
        yield from _shape_problems(inner, inner_path)


def _strict_problems(schema: Any, path: Path) -> Iterator[str]:
    if not isinstance(schema, dict):
        return
    if schema.get("type") == "object" or "properties" in schema:
        yield from _object_problems(schema, path)
    for inner_path, inner in _children(schema, path):
        yield from _strict_problems(inner, inner_path)


def _object_problems(schema: dict[str, Any], path: Path) -> Iterator[str]:
    if schema.get("additionalProperties") is not False:
        yield f"In context={path}, 'additionalProperties' is required to be supplied and to be false."
    missing = [name for name in schema.get("properties") or {} if name not in (schema.get("required") or ())]
    if missing:
        yield (
            f"In context={path}, 'required' is required to be supplied and to be an array including every key in "
            f"properties. Missing '{missing[0]}'."
        )


def _closed_problems(schema: Any, path: Path) -> Iterator[str]:
    if not isinstance(schema, dict):
        return
    if (schema.get("type") == "object" or "properties" in schema) and schema.get("additionalProperties") is not False:
        yield f"In context={path}: for 'object' type, 'additionalProperties' must be explicitly set to false"
    refused = sorted(_NOT_HELD & set(schema))
    if schema.get("minItems", 0) not in (0, 1):
        refused.append("minItems")
    if refused:
        yield f"In context={path}: for '{schema.get('type')}' type, properties {', '.join(refused)} are not supported"
    for inner_path, inner in _children(schema, path):
        yield from _closed_problems(inner, inner_path)


def _children(schema: dict[str, Any], path: Path) -> Iterator[tuple[Path, Any]]:
    """The schemas within a schema, each with where it is."""
    for key in _CHILDREN:
        for name, inner in schema.get(key, {}).items():
            yield (*path, key, name), inner
    for key in _BRANCHES:
        for place, inner in enumerate(schema.get(key, ())):
            yield (*path, key, str(place)), inner
    if "items" in schema:
        yield (*path, "items"), schema["items"]


def _is_type(value: Any) -> bool:
    names = value if isinstance(value, list) else [value]
    return bool(names) and all(isinstance(name, str) and name in _TYPES for name in names)


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_step(value: Any) -> bool:
    return _is_number(value) and value > 0


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


_SHAPES: dict[str, Callable[[Any], bool]] = {
    "type": _is_type,
    **dict.fromkeys(_CHILDREN, _is_object),
    **dict.fromkeys(_BRANCHES, _is_list),
    "required": _is_names,
    "enum": _is_list,
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _is_number),
    "multipleOf": _is_step,
    **dict.fromkeys(("minItems", "maxItems", "minLength", "maxLength"), _is_size),
    **dict.fromkeys(("$ref", "format", "pattern", "title", "description"), _is_text),
}
"""For each keyword that is read: what its value must be."""
