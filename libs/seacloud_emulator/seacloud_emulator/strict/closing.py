"""From an SDK's request type to a validator that reads all of it and lets nothing through that it does not name.

A pydantic `TypeAdapter` of such a type refuses almost nothing: what is `Iterable` it leaves unread, and keys that are
not in a `TypedDict` it drops. So its core schema is rebuilt here for JSON: iterables become lists, typed dicts refuse
other keys, numbers are not read from strings, branches that only Python has (files, paths, the SDK's response models)
go, and each union chooses by what the value says of itself (`branches`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import CoreConfig, SchemaValidator

from seacloud_emulator.strict.branches import union_of
from seacloud_emulator.strict.extensions import Branch, Extension, Field

Schema = dict[str, Any]

_CONFIG = CoreConfig(strict=True, allow_inf_nan=False)
"""What all that is below a typed dict follows: pydantic-core hands no configuration into one from above."""

_PYTHON_ONLY = frozenset(("model", "is-instance", "lax-or-strict"))
"""Kinds of schemas that no JSON value has: instances of classes, and files by their path."""

_ENDINGS = ("NonStreaming", "Streaming")


class UnknownSchemaError(TypeError):
    """An SDK's type has something that is not known here: its new version needs a look."""


def closed_validator(
    request_type: Any, extensions: Collection[Extension] = (), leave_out: Collection[str] = ()
) -> SchemaValidator:
    """The validator of an SDK's request type.

    Args:
        request_type: the `TypedDict` of a request's parameters.
        extensions: what is allowed besides.
        leave_out: parameters at the top that the SDK sends elsewhere than in the body.

    Raises:
        UnknownSchemaError: if the type is built of what is not known here, or has not the place of an extension.
    """
    closing = Closing(extensions)
    schema = closing.close(_core_schema(request_type))
    top = schema["schema"] if schema["type"] == "definitions" else schema
    for name in leave_out:
        del top["fields"][name]
    unplaced = [extension for extension in extensions if extension not in closing.placed]
    if unplaced:
        raise UnknownSchemaError(f"{request_type.__name__} has no place for {unplaced}")
    return SchemaValidator(schema)


def _core_schema(python_type: Any) -> Schema:
    return TypeAdapter(python_type).core_schema  # type: ignore[return-value]  # a TypedDict, read as the dict it is


def place_of(cls: type) -> str:
    """The name that extensions use for an SDK's type: the same for a beta's twin, and for both kinds of answers."""
    name = cls.__name__.removeprefix("Beta")
    for ending in _ENDINGS:
        name = name.removesuffix(ending)
    return name


class Closing:
    """The rebuilding of one core schema.

    Args:
        extensions: what is allowed besides what the schema says.

    Attributes:
        placed: the extensions whose place was met.
    """

    def __init__(self, extensions: Collection[Extension] = ()) -> None:
        self._extensions = extensions
        self._definitions: dict[str, Schema] = {}
        self.placed: set[Extension] = set()

    def close(self, schema: Schema) -> Schema:
        """The schema, closed."""
        rebuild = _KINDS.get(schema["type"])
        if rebuild is None:
            raise UnknownSchemaError(f"the SDK's type has a {schema['type']!r}, which is not known here")
        return rebuild(self, schema)

    def as_it_is(self, schema: Schema) -> Schema:
        """A schema of a plain value, without what only Python's side needs."""
        return {key: value for key, value in schema.items() if key not in {"metadata", "serialization", "ref"}}

    def definitions(self, schema: Schema) -> Schema:
        """The whole: definitions that refer to each other, and the schema that uses them."""
        self._definitions = {definition["ref"]: definition for definition in schema["definitions"]}
        used = [definition for definition in schema["definitions"] if definition["type"] not in _PYTHON_ONLY]
        return {
            "type": "definitions",
            "schema": self.close(schema["schema"]),
            "definitions": [{**self.close(definition), "ref": definition["ref"]} for definition in used],
        }

    def typed_dict(self, schema: Schema) -> Schema:
        """An object, or one that an extension puts beside it."""
        beside = self._beside(frozenset((place_of(schema["cls"]),)))
        return union_of([(self._object(schema), schema), *beside], self._resolved)

    def list_of(self, schema: Schema) -> Schema:
        """A list, or an iterable, which is a list in JSON."""
        items = schema.get("items_schema")
        return {"type": "list", **({"items_schema": self.close(items)} if items else {})}

    def dict_of(self, schema: Schema) -> Schema:
        """An object with any keys."""
        return {
            "type": "dict",
            **{side: self.close(schema[side]) for side in ("keys_schema", "values_schema") if side in schema},
        }

    def nullable(self, schema: Schema) -> Schema:
        """A value or null."""
        return {"type": "nullable", "schema": self.close(schema["schema"])}

    def of_json(self, schema: Schema) -> Schema:
        """What is one thing in JSON and another in Python."""
        return self.close(schema["json_schema"])

    def union(self, schema: Schema) -> Schema:
        """One of several, or one that an extension puts beside them."""
        leaves = list(self._leaves(schema))
        objects = frozenset(place_of(leaf["cls"]) for _, leaf in leaves if leaf["type"] == "typed-dict")
        branches = [
            (self._object(leaf) if written["type"] == "typed-dict" else self.close(written), leaf)
            for written, leaf in leaves
        ]
        return union_of([*branches, *self._beside(objects)], self._resolved)

    def _object(self, schema: Schema) -> Schema:
        """An object that has its type's keys alone, and those of the extensions for it."""
        place = place_of(schema["cls"])
        fields = {
            name: _field(self.close(field["schema"]), required=field["required"])
            for name, field in schema["fields"].items()
        }
        for extension in self._placed_at(frozenset((place,)), Field):
            shape = Closing().close(_core_schema(extension.shape))
            fields[extension.name] = _field(shape, required=False)
        return {
            "type": "typed-dict",
            "cls_name": place,
            "fields": fields,
            "extra_behavior": "forbid",
            "config": _CONFIG,
        }

    def _beside(self, places: frozenset[str]) -> list[tuple[Schema, Schema]]:
        """The branches that extensions put beside objects at these places."""
        shapes = [_core_schema(extension.shape) for extension in self._placed_at(places, Branch)]
        return [(Closing().close(shape), shape) for shape in shapes]

    def _leaves(self, schema: Schema) -> Iterator[tuple[Schema, Schema]]:
        """The branches of a union and of the unions within it: each as it is to be written, and what it is."""
        found = self._resolved(schema)
        if found["type"] == "union":
            for choice in found["choices"]:
                yield from self._leaves(choice[0] if isinstance(choice, tuple) else choice)
        elif found["type"] == "nullable":
            yield {"type": "none"}, {"type": "none"}
            yield from self._leaves(found["schema"])
        elif found["type"] == "json-or-python":
            yield from self._leaves(found["json_schema"])
        elif found["type"] not in _PYTHON_ONLY:
            yield schema, found

    def _resolved(self, schema: Schema) -> Schema:
        while schema["type"] == "definition-ref":
            schema = self._definitions[schema["schema_ref"]]
        return schema

    def _placed_at(self, places: frozenset[str], kind: type[Any]) -> Iterator[Any]:
        for extension in self._extensions:
            if isinstance(extension, kind) and not places.isdisjoint(extension.places):
                self.placed.add(extension)
                yield extension


def _field(schema: Schema, *, required: bool) -> Schema:
    return {"type": "typed-dict-field", "required": required, "schema": schema}


_KINDS: Mapping[str, Callable[[Closing, Schema], Schema]] = {
    "definitions": Closing.definitions,
    "typed-dict": Closing.typed_dict,
    "generator": Closing.list_of,
    "list": Closing.list_of,
    "dict": Closing.dict_of,
    "nullable": Closing.nullable,
    "json-or-python": Closing.of_json,
    "union": Closing.union,
    **dict.fromkeys(("str", "int", "float", "bool", "none", "literal", "any", "definition-ref"), Closing.as_it_is),
}
