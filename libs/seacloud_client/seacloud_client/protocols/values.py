"""Reading values of the wire, whatever a gateway put in their place."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any


def string(value: Any) -> str | None:
    """The value, if it is a string that says something."""
    return value if isinstance(value, str) and value else None


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """The JSON objects of a list; none if it is no list."""
    if isinstance(value, list):
        for item in value:
            if isinstance(item, dict):
                yield item


def others(value: Mapping[str, Any], known: AbstractSet[str]) -> dict[str, Any] | None:
    """The fields that are not among the known and say something; `None` if there are none."""
    if value.keys() <= known:
        return None
    return {name: value[name] for name in value if name not in known and value[name] is not None} or None


def as_json_text(value: Any) -> str:
    """A tool's arguments as text: some gateways, and some protocols, have the object itself."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def fingerprint(value: Any) -> str:
    """A JSON value as a text that equal ones share, so that they can be looked up."""
    return json.dumps(value, sort_keys=True)


def as_key(value: Any) -> Any:
    """A JSON value as what can be looked up by: an index should be a number, but a stranger sends it."""
    return fingerprint(value) if isinstance(value, (dict, list)) else value


_LABELS = frozenset(("channel", "id", "index", "name", "object", "role", "status", "thought_signature", "type"))
"""Fields that say what an object is, or seal it: they come whole, with each fragment or with one."""


class Fragments:
    """An object that comes in fragments, none of which needs to have all of its fields."""

    __slots__ = ("_fields",)

    def __init__(self, fragments: Iterable[Mapping[str, Any]] = ()) -> None:
        self._fields: dict[str, list[Any]] = {}
        for fragment in fragments:
            self.add(fragment)

    def add(self, fragment: Mapping[str, Any]) -> None:
        """More of it."""
        for name, value in fragment.items():
            self.add_field(name, value)

    def add_field(self, name: str, value: Any) -> None:
        """More of one of its fields. That it is null says nothing."""
        if value is not None:
            self._fields.setdefault(name, []).append(value)

    def whole(self) -> dict[str, Any]:
        """All of it, as OpenAI's SDK adds up a stream: texts and lists grow, and objects do field by field.

        Unlike there, a value that is the same each time is told once, and of numbers the last is it: gateways repeat
        facts of the reply with each of its chunks.
        """
        return {
            name: values[-1] if name in _LABELS or all(value == values[0] for value in values) else _grown(values)
            for name, values in self._fields.items()
        }


def _grown(values: Sequence[Any]) -> Any:
    if all(isinstance(value, str) for value in values):
        return "".join(values)
    if all(isinstance(value, dict) for value in values):
        return Fragments(values).whole()
    if all(isinstance(value, list) for value in values):
        return _grown_list([entry for value in values for entry in value])
    return values[-1]


def _grown_list(entries: list[Any]) -> list[Any]:
    """The entries; of objects that are numbered (`index`) those of one number are fragments of one."""
    if not all(isinstance(entry, dict) and type(entry.get("index")) is int for entry in entries):
        return entries
    numbered: defaultdict[int, list[Any]] = defaultdict(list)
    for entry in entries:
        numbered[entry["index"]].append(entry)
    return [Fragments(numbered[index]).whole() for index in sorted(numbered)]


def made_up_id(prefix: str, *seed: object) -> str:
    """An id for a call that came without: the tool's result must name one. It is the same, plain and streamed."""
    text = "/".join(map(str, seed)).encode("utf-8", "replace")
    return f"{prefix}{hashlib.blake2s(text, digest_size=12).hexdigest()}"
