"""JSON schemas in the strict form that OpenAI's structured outputs demand, and answers back from it.

Source: OpenAI's guide "Structured model outputs", section "Supported schemas". The root is an object; every object is
closed (`additionalProperties: false`) and names all its properties as required; of the other keywords only some are
known. So a schema changes like this, and keeps its `$defs` and `$ref`, recursive ones too:

- a property that may be left out becomes one that may be null, unless it has a default: then the model always gives
  it. `without_added_nulls` takes such nulls out of the answer again;
- `oneOf` becomes `anyOf`, an `allOf` of one becomes that one, `const` an `enum`;
- bounds that are not known, and defaults, move into the description, where the model still reads them;
- words about the schema itself (`title`, `examples`, ...) are left out.

What cannot be said in this form (an object with any fields, a tuple, a value of any type) is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_KEPT = frozenset(
    (
        "type",
        "description",
        "enum",
        "pattern",
        "multipleOf",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "minItems",
        "maxItems",
    )
)
_FORMATS = frozenset(("date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"))
_DESCRIBED = ("default", "format", "minLength", "maxLength", "uniqueItems", "minProperties", "maxProperties")
_IMPOSSIBLE = (
    "allOf",
    "not",
    "if",
    "then",
    "else",
    "dependentRequired",
    "dependentSchemas",
    "patternProperties",
    "propertyNames",
    "prefixItems",
    "contains",
    "$dynamicRef",
)
_TYPES: Mapping[type, str] = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}


def strict_form(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema in the strict form. A schema that is in it already stays the same, but for words about itself.

    Raises:
        ValueError: if it cannot be said in that form; the message names the place.
    """
    definitions = _definitions_of(schema)
    root = {name: value for name, value in root_inlined(schema).items() if name not in ("$defs", "definitions")}
    changed = _strict(root, "the schema")
    if changed.get("type") != "object":
        raise ValueError("the schema is not that of an object")
    if definitions:
        changed["$defs"] = {name: _strict(value, f"$defs/{name}") for name, value in definitions.items()}
    return changed


def root_inlined(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The same schema, whose root is no reference: a recursive pydantic model's is, and providers want an object.

    Raises:
        ValueError: if the root refers to what is not there.
    """
    reference = schema.get("$ref")
    if not isinstance(reference, str):
        return dict(schema)
    others = {name: value for name, value in schema.items() if name != "$ref"}
    return {**_definition(reference, _definitions_of(schema)), **others}


def _definitions_of(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {**(schema.get("definitions") or {}), **(schema.get("$defs") or {})}


def _definition(reference: str, definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    found = definitions.get(reference.rpartition("/")[2])
    if not reference.startswith(("#/$defs/", "#/definitions/")) or not isinstance(found, Mapping):
        raise ValueError(f"{reference} is not in $defs")
    return found


def _strict(schema: Any, place: str) -> dict[str, Any]:
    if not isinstance(schema, Mapping) or not schema:
        raise ValueError(f"{place} may be a value of any type")
    schema = _simplified(schema)
    impossible = [name for name in _IMPOSSIBLE if name in schema]
    if impossible:
        raise ValueError(f"{place} has {impossible[0]!r}")
    if "$ref" in schema:
        return _strict_reference(schema)
    changed = {name: value for name, value in schema.items() if name in _KEPT}
    if schema.get("format") in _FORMATS:
        changed["format"] = schema["format"]
    if "enum" in schema and "type" not in schema:
        changed["type"] = _type_of_values(schema["enum"])
    if "anyOf" in schema:
        changed["anyOf"] = [_strict(branch, f"{place}/anyOf/{n}") for n, branch in enumerate(schema["anyOf"])]
    elif "type" not in changed:
        changed["type"] = _type_by_keywords(schema, place)
    if _may_be(changed, "array"):
        changed["items"] = _strict(schema.get("items"), f"{place}/items")
    if _may_be(changed, "object"):
        changed.update(_closed(schema, place))
    return _with_description(changed, schema)


def _simplified(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The same, without the keywords that another says too."""
    simple = dict(schema)
    parts = simple.get("allOf")
    if isinstance(parts, list) and len(parts) == 1 and isinstance(parts[0], Mapping):
        del simple["allOf"]
        simple = {**parts[0], **simple}
    if "oneOf" in simple:
        simple.setdefault("anyOf", simple.pop("oneOf"))
    if "const" in simple:
        simple.setdefault("enum", [simple.pop("const")])
    return simple


def _strict_reference(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A reference. It stands alone, so a description of its own goes around it."""
    reference: dict[str, Any] = {"$ref": str(schema["$ref"]).replace("#/definitions/", "#/$defs/")}
    described = _with_description({}, schema)
    if "description" in schema:
        described["description"] = f"{schema['description']}{described.get('description', '')}"
    return {"anyOf": [reference], **described} if described else reference


def _closed(schema: Mapping[str, Any], place: str) -> dict[str, Any]:
    properties = schema.get("properties") or {}
    others = schema.get("additionalProperties")
    if isinstance(others, Mapping) or (not properties and others is not False and "properties" not in schema):
        raise ValueError(f"{place} is an object with any fields")
    required = schema.get("required") or ()
    return {
        "properties": {
            name: _property(value, f"{place}/{name}", required=name in required) for name, value in properties.items()
        },
        "required": list(properties),
        "additionalProperties": False,
    }


def _property(schema: Any, place: str, *, required: bool) -> dict[str, Any]:
    strict = _strict(schema, place)
    return {"anyOf": [strict, {"type": "null"}]} if not required and _needs_null(schema) else strict


def _needs_null(schema: Any) -> bool:
    """Whether a property that may be left out has no other way to say that it is."""
    return schema.get("default") is None and not _allows_null(schema)


def allows_null(schema: Any, whole: Mapping[str, Any]) -> bool:
    """Whether a part of a schema says that it may be null.

    Args:
        schema: the part.
        whole: the schema that it is a part of, with its `$defs`.
    """
    return _allows_null(schema, _definitions_of(whole))


def _allows_null(schema: Any, definitions: Mapping[str, Any] | None = None) -> bool:
    if definitions and isinstance(schema, Mapping) and isinstance(schema.get("$ref"), str):
        schema = _definition(schema["$ref"], definitions)
    if not isinstance(schema, Mapping):
        return False
    kind = schema.get("type")
    if kind == "null" or (isinstance(kind, list) and "null" in kind) or None in (schema.get("enum") or ()):
        return True
    branches = (branch for name in ("anyOf", "oneOf") for branch in schema.get(name) or ())
    return any(_allows_null(branch, definitions) for branch in branches)


def _may_be(schema: Mapping[str, Any], kind: str) -> bool:
    given = schema.get("type")
    return given == kind or (isinstance(given, list) and kind in given)


def _type_of_values(values: Any) -> Any:
    kinds = sorted({_TYPES[type(value)] for value in values if type(value) in _TYPES})
    if not kinds:
        raise ValueError("an enum has values that are neither texts, numbers, booleans nor null")
    return kinds[0] if len(kinds) == 1 else kinds


def _type_by_keywords(schema: Mapping[str, Any], place: str) -> str:
    if "properties" in schema:
        return "object"
    if "items" in schema:
        return "array"
    raise ValueError(f"{place} may be a value of any type")


def _with_description(changed: dict[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema, with what it cannot say otherwise in its description."""
    facts = [f"{name}: {schema[name]}" for name in _DESCRIBED if schema.get(name) is not None and name not in changed]
    if facts:
        said = changed.get("description")
        changed["description"] = f"{said} ({', '.join(facts)})" if said else f"({', '.join(facts)})"
    return changed


def without_added_nulls(value: Any, schema: Mapping[str, Any]) -> Any:
    """An answer to `strict_form(schema)` as one to `schema`: without the nulls that mean that something is left out."""
    return _without_nulls(value, schema, _definitions_of(schema))


def _without_nulls(value: Any, schema: Any, definitions: Mapping[str, Any]) -> Any:
    while isinstance(schema, Mapping) and isinstance(schema.get("$ref"), str):
        schema = _definition(schema["$ref"], definitions)
    if not isinstance(schema, Mapping):
        return value
    for name in ("anyOf", "oneOf", "allOf"):
        for branch in schema.get(name) or ():
            if _fits(value, branch, definitions):
                return _without_nulls(value, branch, definitions)
    if isinstance(value, list):
        return [_without_nulls(item, schema.get("items"), definitions) for item in value]
    if not isinstance(value, dict):
        return value
    properties, required = schema.get("properties") or {}, schema.get("required") or ()
    return {
        name: _without_nulls(item, properties.get(name), definitions)
        for name, item in value.items()
        if item is not None or name in required or name not in properties or not _needs_null(properties[name])
    }


def _fits(value: Any, schema: Any, definitions: Mapping[str, Any]) -> bool:
    """Whether a branch of a union is the one that an object or a list answers: by its type and its properties."""
    while isinstance(schema, Mapping) and isinstance(schema.get("$ref"), str):
        schema = _definition(schema["$ref"], definitions)
    if not isinstance(schema, Mapping):
        return False
    if isinstance(value, list):
        return _may_be(schema, "array")
    return (
        isinstance(value, dict) and set(schema.get("properties") or {}) == set(value) and _constants_fit(value, schema)
    )


def _constants_fit(value: Mapping[str, Any], schema: Mapping[str, Any]) -> bool:
    """Whether the values agree with the schema's constants, which tell the branches of a union apart."""
    for name, of_property in schema["properties"].items() if "properties" in schema else ():
        if isinstance(of_property, Mapping) and "const" in of_property and of_property["const"] != value.get(name):
            return False
    return True
