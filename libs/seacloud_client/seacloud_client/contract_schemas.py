"""A contract's JSON Schema as a pydantic model, and as the schema that a chat model is shown.

The subset is that of the vendor's contracts (C): type (also a list of types), description, properties, required, enum,
default, minimum, maximum, multipleOf, minLength, maxLength, minItems, maxItems, pattern, format, items and
additionalProperties; also its other spellings (`min_length`, `min`, ...), and what other generators write for the same:
`const`, `nullable`, exclusive bounds, `anyOf` of one schema and null, `allOf` of one, and `$ref` within the document.

A contract comes from elsewhere, so nothing in it is trusted. It cannot run code, and how deep, wide and costly it may
be is bounded. What cannot be checked, or makes no sense, is left unchecked and noted: the service decides in the end.
"""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal, Optional, Union, cast

from pydantic import BaseModel, ConfigDict, Discriminator, Field, GetJsonSchemaHandler, Tag, create_model
from pydantic_core import CoreSchema

from seacloud_client.contract_values import KINDS, Bounds, Values, kind_among, leaf, one_of

MAX_DEPTH = 8
"""How many objects and lists within one another are checked."""

MAX_NODES = 2000
"""How many schemas of one contract are read."""

MAX_LITERALS = 1000
"""The longest list of texts that becomes a `Literal`; a longer one is checked without one."""

MAX_ENUM_SHOWN = 200
"""The longest list of allowed values that a chat model is shown whole."""

MAX_TEXT_SHOWN = 1000
"""Characters of a description, and of a keyword that is not known, that a chat model is shown."""

_SPELLINGS = {
    "multiple_of": "multipleOf",
    "min_length": "minLength",
    "max_length": "maxLength",
    "min_items": "minItems",
    "max_items": "maxItems",
    "additional_properties": "additionalProperties",
    "min": "minimum",
    "max": "maximum",
}
"""Other spellings, which the vendor's own clients read as well (C)."""

_READ = frozenset(
    (
        *("type", "properties", "required", "items", "additionalProperties", "enum", "const", "default", "description"),
        *("$ref", "$defs", "definitions", "$schema", "$id", "allOf", "nullable", *Bounds.WORDS),
    )
)
"""Keywords that are not simply passed on to a chat model."""

_UNCHECKED = frozenset(
    (
        *("not", "if", "uniqueItems", "prefixItems", "additionalItems", "unevaluatedItems", "contains"),
        *("patternProperties", "propertyNames", "minProperties", "maxProperties", "unevaluatedProperties"),
        *("dependencies", "dependentRequired", "dependentSchemas"),
    )
)
"""Keywords of JSON Schema that limit what fits, and are left to the service."""

_REFERENCE = re.compile(r'"\$(ref|defs)":')
"""What pydantic takes for a reference, or for what one refers to, wherever in a JSON Schema it stands."""


class ContractParameters(BaseModel):
    """The base of the models that are made of contracts. Its JSON Schema is what a chat model is to be shown."""

    model_config = ConfigDict(protected_namespaces=(), regex_engine="rust-regex", hide_input_in_errors=True)

    shown: ClassVar[Mapping[str, Any]] = {}

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler, /) -> dict[str, Any]:
        """The contract's own schema, in place of one that is derived from the fields."""
        del core_schema, handler
        return cast("dict[str, Any]", json.loads(json.dumps(cls.shown)))


class _Open(ContractParameters):
    model_config = ConfigDict(extra="allow")


class _Closed(ContractParameters):
    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class _Built:
    """A schema, read: what pydantic checks, and what a chat model is shown."""

    annotation: Any
    shown: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the contract something is: its path, how deep that is, and what references and branches led there."""

    path: str = ""
    depth: int = 0
    references: frozenset[str] = frozenset()
    branches: int = 0

    def inside(self, name: str) -> _Place:
        joint = "" if name.startswith("[") or not self.path else "."
        return _Place(f"{self.path}{joint}{name}"[:200], self.depth + 1, self.references)


def read_schema(schema: Mapping[str, Any], name: str) -> tuple[type[ContractParameters], tuple[str, ...]]:
    """The pydantic model of a contract's parameters, and notes on what of the contract it does not check.

    Raises:
        ValueError: if the schema is not that of an object.
    """
    return _Reader(schema).read(name)


class _Reader:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._notes: dict[str, None] = {}
        self._nodes = 0
        self._values = Values(self._note)

    def read(self, name: str) -> tuple[type[ContractParameters], tuple[str, ...]]:
        schema, place = self._simplified(self._root, _Place())
        if "object" not in (self._kinds(schema, place) or ("object",)):
            raise ValueError("the schema is not that of an object")
        model, shown = self._model(schema, place, name)
        description = _shortened(schema.get("description"))
        model.shown = {**shown, **({"description": description} if description else {})}
        return model, tuple(self._notes)

    def _note(self, path: str, what: str) -> None:
        if len(self._notes) < 100:
            self._notes[f"{path or 'the contract'}: {what}"] = None

    def _node(self, schema: Any, place: _Place) -> _Built:
        self._nodes += 1
        if not isinstance(schema, Mapping):
            if schema is not True:
                self._note(place.path, "its schema is no object, so it is not checked")
            return _Built(Any, {})
        if place.depth > MAX_DEPTH or self._nodes > MAX_NODES:
            self._note(place.path, "the contract is too deep or too large, so it is not checked")
            return _Built(Any, _described(schema))
        schema, place = self._simplified(schema, place)
        kinds = self._kinds(schema, place)
        nullable = kinds is not None and "null" in kinds
        allowed = _list(schema.get("enum"))
        if kinds is not None and allowed and not any(kind_among(value, kinds) for value in allowed):
            self._note(place.path, "none of its values is of its type, so its type is not checked")
            kinds = None
        branches = {kind: _BRANCHES[kind](self, schema, place) for kind in kinds or () if kind != "null"}
        annotation = _limited(_united(branches) if kinds != ("null",) else None, allowed, kinds)
        shown = self._shown(schema, kinds, branches, place)
        return _Built(Optional[annotation] if nullable else annotation, shown)  # noqa: UP045  # a value

    def _simplified(self, schema: Mapping[str, Any], place: _Place) -> tuple[Mapping[str, Any], _Place]:
        """The schema with one spelling for each thing: references followed, `const` an enum, null a type."""
        while isinstance(reference := schema.get("$ref"), str):
            found = None if reference in place.references else self._found(reference)
            if found is None:
                self._note(place.path, f"{reference[:100]} cannot be followed, so it is not checked")
                return _described(schema), place
            schema = {**found, **{name: value for name, value in schema.items() if name != "$ref"}}
            place = replace(place, references=place.references | {reference})
        schema = {_SPELLINGS.get(name, name): value for name, value in schema.items() if isinstance(name, str)}
        if "const" in schema:
            schema.setdefault("enum", [schema["const"]])
        for word in ("anyOf", "oneOf", "allOf"):
            branches = [branch for branch in _list(schema.get(word)) if isinstance(branch, Mapping)]
            others = [branch for branch in branches if branch.get("type") != "null"]
            if len(others) != 1 or (word == "allOf" and len(branches) > 1):
                if branches:
                    self._note(place.path, f"{word} is not checked")
                continue
            rest = {name: value for name, value in schema.items() if name != word}
            if place.branches > MAX_DEPTH:
                self._note(place.path, "the contract is too deep or too large, so it is not checked")
                return _described(rest), place
            inner, place = self._simplified(others[0], replace(place, branches=place.branches + 1))
            schema = {**inner, **rest}
            if len(branches) > 1 and (kinds := _words(schema.get("type"))):
                schema["type"] = [*kinds, "null"]
        return schema, place

    def _found(self, reference: str) -> Mapping[str, Any] | None:
        found: Any = self._root
        if not reference.startswith("#"):
            return None
        for step in reference.removeprefix("#").split("/")[1:]:
            found = found.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(found, Mapping) else None
        return found if isinstance(found, Mapping) else None

    def _kinds(self, schema: Mapping[str, Any], place: _Place) -> tuple[str, ...] | None:
        """The JSON types that a value may be of; `None` for any. What else limits it is noted."""
        for word in sorted(_UNCHECKED & schema.keys()):
            if schema[word] is not False:
                self._note(place.path, f"{word} is not checked")
        given = schema.get("type")
        words = _words(given)
        if given is None:
            words = next((kinds for word, kinds in _IMPLIED.items() if word in schema), ())
        elif not words or not set(words) <= KINDS:
            self._note(place.path, f"type {str(given)[:100]!r} is not known, so it is not checked")
            return None
        return tuple(dict.fromkeys((*words, "null"))) if words and schema.get("nullable") is True else words or None

    def _object(self, schema: Mapping[str, Any], place: _Place) -> _Built:
        if schema.get("properties") or schema.get("required") or schema.get("additionalProperties") is False:
            model, shown = self._model(schema, place, "Parameters")
            return _Built(model, shown)
        others = schema.get("additionalProperties")
        if not isinstance(others, Mapping):
            return _Built(dict[str, Any], {})
        built = self._node(others, place.inside("*"))
        return _Built(dict[str, built.annotation], {"additionalProperties": built.shown})  # type: ignore[name-defined]  # a type made here

    def _array(self, schema: Mapping[str, Any], place: _Place) -> _Built:
        bounds = self._values.lengths(schema, place.path, "minItems", "maxItems")
        if "items" not in schema or "prefixItems" in schema:  # with these, `items` is for the rest
            return _Built(leaf(list[Any], bounds), bounds.shown)
        built = self._node(schema["items"], place.inside("[]"))
        return _Built(leaf(list[built.annotation], bounds), {**bounds.shown, "items": built.shown})  # type: ignore[name-defined]  # a type made here

    def _leaf(self, kind: str, schema: Mapping[str, Any], place: _Place) -> _Built:
        annotation, shown = self._values.of(kind, schema, place.path)
        return _Built(annotation, shown)

    def _model(
        self, schema: Mapping[str, Any], place: _Place, name: str
    ) -> tuple[type[ContractParameters], dict[str, Any]]:
        properties = schema.get("properties")
        properties = dict(properties) if isinstance(properties, Mapping) else {}
        required = [word for word in _list(schema.get("required")) if isinstance(word, str)]
        for word in required:
            properties.setdefault(word, True)
        fields: dict[str, Any] = {}
        shown: dict[str, Any] = {}
        for word, inner in properties.items():
            if not isinstance(word, str) or not _is_json(word) or self._nodes > MAX_NODES:
                self._note(place.path, "it has more parameters than are checked")
                break
            built = self._node(inner, place.inside(word))
            shown[word] = built.shown
            default = built.shown.get("default", ... if word in required else None)
            fields[_field_name(word, fields)] = (
                built.annotation,
                Field(default, alias=word, description=built.shown.get("description")),
            )
        others = schema.get("additionalProperties")
        is_closed = others is False and len(fields) == len(properties) and "patternProperties" not in schema
        if isinstance(others, Mapping):
            self._note(place.path, "parameters that it does not name are not checked")
        base: type[ContractParameters] = _Closed if is_closed else _Open
        model: type[ContractParameters] = create_model(_class_name(name), __base__=base, **fields)
        must = [word for word in required if word in shown and "default" not in shown[word]]
        whole: dict[str, Any] = {"type": "object", "properties": shown, **({"required": must} if must else {})}
        if is_closed:
            whole["additionalProperties"] = False
        model.shown = whole
        return model, whole

    def _shown(
        self, schema: Mapping[str, Any], kinds: Sequence[str] | None, branches: Mapping[str, _Built], place: _Place
    ) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        if kinds:
            shown["type"] = kinds[0] if len(kinds) == 1 else list(kinds)
        for built in branches.values():
            shown |= {word: value for word, value in built.shown.items() if word != "type"}
        description = _shortened(schema.get("description"))
        allowed = _list(schema.get("enum"))
        if len(allowed) > MAX_ENUM_SHOWN:
            some = ", ".join(str(value)[:50] for value in allowed[:20])
            description = f"{description} (one of {len(allowed)} values, such as {some})".strip()
        elif allowed:
            shown["enum"] = allowed
        if description:
            shown["description"] = description
        if schema.get("default") is not None:  # null is how some generators say that there is none
            shown["default"] = schema["default"]
        for word in schema.keys() - _READ - shown.keys():
            if (value := _kept(schema[word])) is not None:
                shown[word] = value
        return self._sendable(shown, place)

    def _sendable(self, shown: dict[str, Any], place: _Place) -> dict[str, Any]:
        """Without what JSON cannot hold (a dict of Python's may have anything in it), and without references."""
        for word in ("default", "enum"):
            if word in shown and not _is_json(shown[word]):
                self._note(place.path, f"{word} is no JSON, so it is left out")
                del shown[word]
            elif word in shown and _REFERENCE.search(json.dumps(shown[word])):
                self._note(place.path, f"{word} holds a reference, so it is left out")
                del shown[word]
        return shown


_BRANCHES: Mapping[str, Callable[[_Reader, Mapping[str, Any], _Place], _Built]] = {
    "object": _Reader._object,  # noqa: SLF001  # a table of the class's own methods
    "array": _Reader._array,  # noqa: SLF001  # the same
    **{
        kind: lambda reader, schema, place, kind=kind: reader._leaf(kind, schema, place)  # type: ignore[misc]  # noqa: SLF001  # the same
        for kind in ("string", "integer", "number", "boolean")
    },
}

_IMPLIED: Mapping[str, tuple[str, ...]] = {"properties": ("object",), "items": ("array",)}
"""Keywords that say the type where `type` does not."""


def _united(branches: Mapping[str, _Built]) -> Any:
    """One type of several, told apart by the JSON type of the value, so that a problem is told once."""
    if len(branches) <= 1:
        return next((built.annotation for built in branches.values()), Any)
    kinds = tuple(branches)
    tagged = tuple(Annotated[built.annotation, Tag(f"<{kind}>")] for kind, built in branches.items())

    def tag(value: Any) -> str | None:
        kind = kind_among(value, kinds)
        return f"<{kind}>" if kind else None

    return Annotated[
        Union[tagged],  # noqa: UP007  # types that are made here
        Discriminator(tag, "wrong_kind", f"must be of type {' or '.join(kinds)}"),
    ]


def _limited(annotation: Any, allowed: Sequence[Any], kinds: Sequence[str] | None) -> Any:
    """A type with only so many values."""
    if not allowed:
        return annotation
    texts = [value for value in allowed if isinstance(value, str)]
    only_texts = set(kinds or ("string",)) <= {"string", "null"} and len(texts) + (None in allowed) == len(allowed)
    if only_texts and texts and len(texts) <= MAX_LITERALS:
        literal = Literal[tuple(texts)]  # type: ignore[valid-type]  # values that are known here
        return Optional[literal] if None in allowed else literal  # noqa: UP045  # a value
    return one_of(annotation, allowed)


def _field_name(word: str, taken: Iterable[str]) -> str:
    """A name that a pydantic field may have; the parameter's own name is its alias."""
    name = re.sub(r"\W", "_", word[:100])
    if not name.isidentifier() or name.startswith("_") or keyword.iskeyword(name) or hasattr(ContractParameters, name):
        name = f"p_{name.lstrip('_')}"
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}_{number}"
    return free


def _class_name(name: str) -> str:
    words = re.findall(r"[A-Za-z0-9]+", name)[:10]
    return "".join(word[:1].upper() + word[1:] for word in words)[:60] or "Parameters"


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else []


def _words(value: Any) -> tuple[str, ...]:
    words = (value,) if isinstance(value, str) else tuple(word for word in _list(value) if isinstance(word, str))
    return tuple(dict.fromkeys(words))


def _described(schema: Mapping[str, Any]) -> dict[str, Any]:
    description = _shortened(schema.get("description"))
    return {"description": description} if description else {}


def _shortened(text: Any) -> str:
    text = text.strip().encode("utf-8", "replace").decode() if isinstance(text, str) else ""
    return text if len(text) <= MAX_TEXT_SHOWN else f"{text[: MAX_TEXT_SHOWN - 3]}..."


def _kept(value: Any) -> Any:
    """A keyword's value that we do not know, if it is short and stands for itself."""
    said = json.dumps(value) if _is_json(value) else ""
    return value if 0 < len(said) <= MAX_TEXT_SHOWN and not _REFERENCE.search(said) else None


def _is_json(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError):
        return False
    return True
