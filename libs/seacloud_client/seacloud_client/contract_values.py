"""The values that a contract can speak of: JSON's types, their bounds, and the pydantic types that check them."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field, Strict, WrapValidator
from pydantic_core import PydanticCustomError, SchemaError, SchemaValidator, core_schema

KINDS = frozenset(("string", "integer", "number", "boolean", "array", "object", "null"))
"""JSON's types by the names of JSON Schema."""

URL_FORMATS = frozenset(("uri", "url"))
"""Formats that are checked; the others only tell people what is meant, as JSON Schema has it."""

MAX_PATTERN = 500
"""Characters of the longest pattern that is checked."""

MAX_PATTERNS = 32
"""How many patterns of one contract are checked: to compile one may take a tenth of a second."""

MAX_ALLOWED_SHOWN = 12
"""How many allowed values a problem names."""

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S")


def json_kind(value: Any) -> str | None:
    """The JSON type of a value; `integer` for every whole number. `None` for what is no JSON."""
    if isinstance(value, float) and value.is_integer():
        return "integer"
    return next((kind for types, kind in _KIND_OF if isinstance(value, types)), None)


_KIND_OF: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "boolean"),
    (str, "string"),
    (int, "integer"),
    (float, "number"),
    (type(None), "null"),
    ((list, tuple), "array"),
    (Mapping, "object"),
)


def kind_among(value: Any, kinds: Sequence[str]) -> str | None:
    """Which of these types a value is of: a whole number is a `number` as well."""
    kind = json_kind(value)
    if kind == "integer" and kind not in kinds:
        kind = "number"
    return kind if kind in kinds else None


@dataclass(frozen=True, slots=True)
class Bounds:
    """The bounds of a value: by pydantic's names, and by JSON Schema's as a chat model is shown them."""

    WORDS: ClassVar[tuple[str, ...]] = (
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("minLength", "maxLength", "minItems", "maxItems", "pattern", "format"),
    )

    checked: dict[str, Any] = field(default_factory=dict)
    shown: dict[str, Any] = field(default_factory=dict)


class Values:
    """Reads what a contract says of single values.

    Args:
        note: told the path and what there makes no sense.
    """

    def __init__(self, note: Callable[[str, str], None]) -> None:
        self._note = note
        self._patterns = 0

    def of(self, kind: str, schema: Mapping[str, Any], path: str) -> tuple[Any, dict[str, Any]]:
        """A text's, number's or boolean's type, and its bounds as a chat model is shown them."""
        return _READERS[kind](self, schema, path)

    def lengths(self, schema: Mapping[str, Any], path: str, least: str, most: str) -> Bounds:
        """The bounds of a length."""
        bounds = self._ordered(schema, path, {least: "min_length", most: "max_length"})
        # pydantic takes no length that no machine has.
        possible = {word: value for word, value in bounds.items() if 0 <= value <= sys.maxsize}
        lengths = {word: int(value) for word, value in possible.items() if float(value).is_integer()}
        self._complain(path, bounds.keys() - lengths.keys())
        names = {least: "min_length", most: "max_length"}
        return Bounds({names[word]: value for word, value in lengths.items()}, lengths)

    def _text(self, schema: Mapping[str, Any], path: str) -> tuple[Any, dict[str, Any]]:
        bounds = self.lengths(schema, path, "minLength", "maxLength")
        pattern, kind = schema.get("pattern"), schema.get("format")
        if isinstance(pattern, str) and self._is_usable(pattern, path):
            bounds.checked["pattern"] = bounds.shown["pattern"] = pattern
        annotation = leaf(Annotated[str, Strict()], bounds)
        if not isinstance(kind, str):
            return annotation, bounds.shown
        bounds.shown["format"] = kind[:100]
        return (Annotated[annotation, AfterValidator(_url)] if kind in URL_FORMATS else annotation), bounds.shown

    def _is_usable(self, pattern: str, path: str) -> bool:
        """Whether the pattern can be checked: in linear time, which is what pydantic's own engine guarantees."""
        self._patterns += 1
        if len(pattern) <= MAX_PATTERN and self._patterns <= MAX_PATTERNS:
            try:
                pattern.encode()  # the engine is of another opinion about half a surrogate pair
                SchemaValidator(core_schema.str_schema(pattern=pattern, regex_engine="rust-regex"))
            except (SchemaError, UnicodeError):
                pass
            else:
                return True
        self._note(path, "its pattern cannot be checked")
        return False

    def _integer(self, schema: Mapping[str, Any], path: str) -> tuple[Any, dict[str, Any]]:
        shown = self._numbers(schema, path)
        checked = {_NUMBER_WORDS[word]: _whole(word, value) for word, value in shown.items()}
        if not float(shown.get("multipleOf", 1)).is_integer():
            self._complain(path, ("multipleOf",))
            del checked["multiple_of"], shown["multipleOf"]
        annotation = leaf(Annotated[int, Strict()], Bounds(checked))
        return Annotated[annotation, BeforeValidator(_without_fraction)], shown

    def _number(self, schema: Mapping[str, Any], path: str) -> tuple[Any, dict[str, Any]]:
        shown = self._numbers(schema, path)
        checked = {_NUMBER_WORDS[word]: float(value) for word, value in shown.items()}
        annotation = leaf(Annotated[float, Strict(), Field(allow_inf_nan=False)], Bounds(checked))
        return Annotated[annotation, WrapValidator(_as_given)], shown

    def _numbers(self, schema: Mapping[str, Any], path: str) -> dict[str, Any]:
        bounds = self._ordered(schema, path, _NUMBER_WORDS)
        if bounds.get("multipleOf", 1) <= 0:
            self._complain(path, ("multipleOf",))
            del bounds["multipleOf"]
        return bounds

    def _boolean(self, schema: Mapping[str, Any], path: str) -> tuple[Any, dict[str, Any]]:
        del schema, path
        return Annotated[bool, Strict()], {}

    def _ordered(self, schema: Mapping[str, Any], path: str, words: Mapping[str, str]) -> dict[str, Any]:
        """The bounds that are numbers and that something can lie between."""
        given = {word: schema[word] for word in words if schema.get(word) is not None}
        bounds = {word: value for word, value in given.items() if _is_finite(value)}
        self._complain(path, given.keys() - bounds.keys())
        lows = [bounds[word] for word in bounds if "min" in word.lower()]
        highs = [bounds[word] for word in bounds if "max" in word.lower()]
        if lows and highs and max(lows) > min(highs):
            self._note(path, "nothing lies between its bounds, so they are not checked")
            return {word: value for word, value in bounds.items() if word == "multipleOf"}
        return bounds

    def _complain(self, path: str, words: Any) -> None:
        for word in sorted(words):
            self._note(path, f"{word} makes no sense, so it is not checked")


_READERS: Mapping[str, Callable[[Values, Mapping[str, Any], str], tuple[Any, dict[str, Any]]]] = {
    "string": Values._text,  # noqa: SLF001  # a table of the class's own methods
    "integer": Values._integer,  # noqa: SLF001  # the same
    "number": Values._number,  # noqa: SLF001  # the same
    "boolean": Values._boolean,  # noqa: SLF001  # the same
}

_NUMBER_WORDS = {
    "minimum": "ge",
    "maximum": "le",
    "exclusiveMinimum": "gt",
    "exclusiveMaximum": "lt",
    "multipleOf": "multiple_of",
}


def leaf(annotation: Any, bounds: Bounds) -> Any:
    """A type with bounds."""
    return Annotated[annotation, Field(**bounds.checked)] if bounds.checked else annotation


def one_of(annotation: Any, allowed: Sequence[Any]) -> Any:
    """A type with only so many values; they are compared as JSON compares them: 1 is 1.0, and is not true."""
    keys = {_key(value) for value in allowed}
    names = ", ".join(repr(value)[:60] for value in allowed[:MAX_ALLOWED_SHOWN])
    expected = f"{names}, ... ({len(allowed)} in all)" if len(allowed) > MAX_ALLOWED_SHOWN else names

    def check(value: Any) -> Any:
        if _key(value) not in keys:
            raise PydanticCustomError("one_of", "must be one of {expected}", {"expected": expected})
        return value

    return Annotated[annotation, AfterValidator(check)]


def _key(value: Any) -> Any:
    if isinstance(value, (bool, str, type(None))):
        return type(value), value
    if isinstance(value, (int, float)):
        return float, value
    try:
        return dict, json.dumps(value, sort_keys=True)
    except (TypeError, ValueError, RecursionError):
        return object, id(value)


def _url(text: str) -> str:
    if not _URL.match(text):
        raise PydanticCustomError("url", "must be an absolute URL (https://..., data:...)")
    return text


def _without_fraction(value: Any) -> Any:
    """5.0 as 5: JSON has one kind of number, and some providers write whole ones with a fraction."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _as_given(value: Any, check: Callable[[Any], Any]) -> Any:
    """The number as it was given: checked as a float, but 5 stays 5."""
    check(value)
    return value


def _whole(word: str, value: float) -> int:
    """A bound as a whole number that means the same for whole numbers."""
    is_up = word in {"minimum", "exclusiveMaximum"}
    return math.ceil(value) if is_up else math.floor(value)


def _is_finite(value: Any) -> bool:
    try:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # a whole number that no float can hold
        return False
