"""Values made from a JSON Schema and a message: arguments of tools, and structured answers.

What the schema demands is always there, and what it does not demand only where the message gives it. Known of JSON
Schema: type (and lists of types), enum, const, default, $ref with $defs, anyOf, oneOf, allOf, properties, required,
items, prefixItems, minItems, maxItems, the bounds of numbers with multipleOf, minLength, maxLength, format, nullable.
A `pattern` is met if the message or one of a few common texts meets it. Conditions (`if`, `not`, ...) are not read.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from typing import Any

from seacloud_emulator.brain.source import FORMATS, Source, string_for

Schema = dict[str, Any]

_DEEPEST = 12
"""Levels after which a recursive schema is ended with the least that it allows."""

_COMMON_TEXTS = (
    *(
        "a",
        "A",
        "1",
        "ab",
        "AB",
        "A1",
        "abc",
        "ABC",
        "123",
        "1234",
        "12345",
        "abc-123",
        "2026-01-01",
        "12:00",
        "#3366cc",
    ),
    *("en", "en-US", "16:9", "1024x1024", "1.0.0", "+14155550100", "https://example.com/"),
)


def arguments(schema: Schema, source: Source) -> dict[str, Any]:
    """Arguments for a tool, from the schema of its parameters."""
    made = Maker(schema, source).make(schema, "")
    return made if isinstance(made, dict) else {}


def free_text(schema: Schema, source: Source) -> str:
    """The text that a tool takes which takes no arguments, from the schema of that text."""
    return str(Maker(schema, source).make({"type": "string", **schema}, ""))


def structured(schema: Schema, source: Source) -> Any:
    """A structured answer. Texts that are not taken from the message say which property they are."""
    return Maker(schema, source, labels=True).make(schema, "")


class Maker:
    """Makes values of one schema from one source.

    Args:
        root: the whole schema, in which references are looked up.
        source: where values come from.
        labels: whether texts say which property they are for.
    """

    def __init__(self, root: Schema, source: Source, *, labels: bool = False) -> None:
        self._root = root
        self._source = source
        self._labels = labels

    def make(self, schema: Any, name: str, depth: int = 0) -> Any:
        """A value of a schema, for a property of this name; null where the schema demands endless depth."""
        if depth > 2 * _DEEPEST:
            return None
        schema = self._resolved(schema)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._one_of(schema, name)
        for key in ("anyOf", "oneOf"):
            if schema.get(key):
                return self._branch(_without(schema, key), schema[key], name, depth)
        return _MAKERS[self._kind(schema, name)](self, schema, name, depth)

    def _resolved(self, schema: Any, seen: frozenset[str] = frozenset()) -> Schema:
        """The schema with its reference followed and the parts of `allOf` put together; each reference once."""
        if not isinstance(schema, dict):
            return {}
        found: Schema = schema
        while (reference := found.get("$ref")) and reference not in seen:
            seen |= {reference}
            found = {**self._look_up(reference), **_without(found, "$ref")}
        for part in found.get("allOf", ()):
            found = _merged(_without(found, "allOf"), self._resolved(part, seen))
        return found

    def _look_up(self, reference: str) -> Schema:
        found: Any = self._root
        for step in reference.lstrip("#").split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            found = found.get(key) if isinstance(found, dict) else None
        return found if isinstance(found, dict) else {}

    def _branch(self, rest: Schema, branches: list[Any], name: str, depth: int) -> Any:
        """The first branch that is not null; null only where nothing but it is left, or too deep down."""
        resolved = [self._resolved(branch) for branch in branches]
        nulls = [branch for branch in resolved if branch.get("type") == "null"]
        others = [branch for branch in resolved if branch not in nulls]
        if not others or (nulls and (depth >= _DEEPEST or self._has_nothing_for(others[0], name))):
            return None
        return self.make(_merged(rest, others[0]), name, depth)

    def _has_nothing_for(self, schema: Schema, name: str) -> bool:
        """Whether the message gives no number for a number that may as well be null."""
        return _is_numeric(schema) and self._source.number_beside(name) is None

    def _kind(self, schema: Schema, name: str) -> str:
        kinds = schema.get("type", _implied(schema))
        if isinstance(kinds, list):
            others = [kind for kind in kinds if kind != "null"]
            kind = others[0] if others else "null"
            return "null" if "null" in kinds and self._has_nothing_for({"type": kind}, name) else kind
        return str(kinds)

    def _one_of(self, schema: Schema, name: str) -> Any:
        values = schema["enum"]
        mentioned = [value for value in values if isinstance(value, str) and self._source.mentions(value)]
        if mentioned:
            return mentioned[0]
        if values and all(isinstance(value, (int, float)) for value in values):
            number = self._source.take_number(name, lambda given: given in values)
            if number is not None:
                return next(value for value in values if value == number)
        return schema["default"] if schema.get("default") in values else (values or [None])[0]

    def _object(self, schema: Schema, _name: str, depth: int) -> dict[str, Any]:
        properties = schema.get("properties") or {}
        required = schema.get("required") or []
        made = {}
        for name in dict.fromkeys([*properties, *required]):
            inner = properties.get(name, {})
            if name in required or self._is_given(inner, name):
                made[name] = self.make(inner, name, depth + 1)
        return made

    def _is_given(self, schema: Any, name: str) -> bool:
        """Whether the message plainly gives an optional property: a value of its enum, or a number by its name."""
        schema = self._resolved(schema)
        for branch in (schema, *map(self._resolved, schema.get("anyOf") or ())):
            if any(isinstance(value, str) and self._source.mentions(value) for value in branch.get("enum") or ()):
                return True
            if _is_numeric(branch) and self._source.number_beside(name) is not None:
                return True
        return False

    def _array(self, schema: Schema, name: str, depth: int) -> list[Any]:
        least = schema.get("minItems", 0)
        if depth >= _DEEPEST:
            return []
        made = [self.make(item, name, depth + 1) for item in schema.get("prefixItems") or ()]
        items = schema.get("items", {}) if not made else schema.get("items")
        if items is None or items is False:
            return made
        wanted = self._how_many(schema, self._resolved(items), depth)
        made += [self._item(items, name, place, depth + 1) for place in range(len(made), max(least, wanted))]
        return _distinct(made) if schema.get("uniqueItems") else made

    def _how_many(self, schema: Schema, items: Schema, depth: int) -> int:
        """As many items as the message quotes, for texts; else one, or none where the schema goes on for ever."""
        most = schema.get("maxItems", _DEEPEST)
        if depth > 2 and schema.get("minItems", 0) == 0:
            return 0
        quoted = len(self._source.quoted) if items.get("type") == "string" and "enum" not in items else 0
        return min(max(1, quoted), most)  # type: ignore[no-any-return]  # a schema's number

    def _item(self, items: Any, name: str, place: int, depth: int) -> Any:
        schema = self._resolved(items)
        if "enum" in schema:
            return schema["enum"][place % len(schema["enum"])] if place else self._one_of(schema, name)
        if schema.get("type") == "string" and place < len(self._source.quoted) and not schema.get("format"):
            return _fitting_text(self._source.quoted[place], schema)
        made = self.make(schema, name, depth)
        if place and isinstance(made, str) and not schema.get("format") and not schema.get("pattern"):
            return _fitting_text(f"{made} ({place + 1})", schema)
        return made

    def _string(self, schema: Schema, name: str, _depth: int) -> str:
        known = FORMATS.get(schema.get("format", ""))
        if known is not None:
            find, usual = known
            return find(self._source) or _default(schema, str) or usual
        text = string_for(name, self._source) or _default(schema, str) or self._remaining(name)
        if "pattern" in schema:
            return _matching(schema["pattern"], [text, *self._source.quoted, *self._source.names, *text.split()])
        return _fitting_text(text, schema)

    def _remaining(self, name: str) -> str:
        """The text for a property whose name says nothing: a quotation, a name, or else the message's words."""
        if self._labels and name:
            return f"{name.replace('_', ' ').capitalize()}: {self._source.words}"
        return [*self._source.quoted, *self._source.names, self._source.words][0]

    def _number(self, schema: Schema, name: str, _depth: int) -> float | int:
        integer = "integer" in _types(schema)
        fits = _bounds_test(schema, integer=integer)
        number = self._source.take_number(name, fits)
        if number is None:
            default = schema.get("default")
            number = default if isinstance(default, (int, float)) and fits(default) else _least_number(schema, fits)
        return int(number) if float(number).is_integer() else number

    def _boolean(self, schema: Schema, name: str, _depth: int) -> bool:
        if self._source.denies(name):
            return False
        default = schema.get("default")
        return default if isinstance(default, bool) and not self._source.mentions(name) else True

    def _null(self, _schema: Schema, _name: str, _depth: int) -> None:
        return None


_MAKERS: dict[str, Callable[[Maker, Schema, str, int], Any]] = {
    "object": Maker._object,  # noqa: SLF001  # the class's own table
    "array": Maker._array,  # noqa: SLF001  # the class's own table
    "string": Maker._string,  # noqa: SLF001  # the class's own table
    "integer": Maker._number,  # noqa: SLF001  # the class's own table
    "number": Maker._number,  # noqa: SLF001  # the class's own table
    "boolean": Maker._boolean,  # noqa: SLF001  # the class's own table
    "null": Maker._null,  # noqa: SLF001  # the class's own table
}


def _types(schema: Schema) -> list[str]:
    kinds = schema.get("type", [])
    return kinds if isinstance(kinds, list) else [kinds]


def _is_numeric(schema: Schema) -> bool:
    return not {"integer", "number"}.isdisjoint(_types(schema))


def _implied(schema: Schema) -> str:
    """The type of a schema that names none."""
    if "properties" in schema or "required" in schema:
        return "object"
    return "array" if "items" in schema or "prefixItems" in schema else "string"


def _without(schema: Schema, key: str) -> Schema:
    return {name: value for name, value in schema.items() if name != key}


def _merged(first: Schema, second: Schema) -> Schema:
    properties = {**(first.get("properties") or {}), **(second.get("properties") or {})}
    required = [*(first.get("required") or ()), *(second.get("required") or ())]
    merged = {**first, **second}
    if properties:
        merged["properties"] = properties
    if required:
        merged["required"] = required
    return merged


def _default(schema: Schema, kind: type) -> Any:
    default = schema.get("default")
    return default if isinstance(default, kind) else None


def _bounds_test(schema: Schema, *, integer: bool) -> Callable[[float], bool]:
    def fits(number: float) -> bool:
        return (
            not isinstance(number, bool)
            and (not integer or float(number).is_integer())
            and number >= _bound(schema, "minimum", -math.inf)
            and number <= _bound(schema, "maximum", math.inf)
            and number > _bound(schema, "exclusiveMinimum", -math.inf)
            and number < _bound(schema, "exclusiveMaximum", math.inf)
            and (not schema.get("multipleOf") or _is_multiple(number, schema["multipleOf"]))
        )

    return fits


def _bound(schema: Schema, key: str, otherwise: float) -> float:
    value = schema.get(key)
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else otherwise


def _is_multiple(number: float, step: float) -> bool:
    return math.isclose(number / step, round(number / step), abs_tol=1e-9)


def _least_number(schema: Schema, fits: Callable[[float], bool]) -> float:
    """A small number within the bounds: 1 if it may be, else the nearest that may."""
    low = max(_bound(schema, "minimum", -math.inf), _bound(schema, "exclusiveMinimum", -math.inf))
    high = min(_bound(schema, "maximum", math.inf), _bound(schema, "exclusiveMaximum", math.inf))
    step = schema.get("multipleOf") or 1
    candidates: list[float] = [1, step, 0]
    if low > -math.inf:
        start = math.ceil(low / step) * step
        candidates += [low, start, start + step, math.floor(low) + 1]
    if high < math.inf:
        end = math.floor(high / step) * step
        candidates += [high, end, end - step]
    if -math.inf < low and high < math.inf:
        candidates.append((low + high) / 2)
    return next((number for number in candidates if fits(number)), candidates[-1])


def _fitting_text(text: str, schema: Schema) -> str:
    """The text cut or filled up to the lengths that the schema allows."""
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    if len(text) < least:
        text = (text + " ") * (least // (len(text) + 1) + 1)
        text = text[:least]
    return text if most is None else text[:most]


def _matching(pattern: str, texts: Iterable[str]) -> str:
    candidates = [*texts, *_COMMON_TEXTS]
    try:
        return next((text for text in candidates if re.search(pattern, text)), candidates[0])
    except re.error:
        return candidates[0]


def _distinct(values: list[Any]) -> list[Any]:
    return [value for place, value in enumerate(values) if value not in values[:place]]
