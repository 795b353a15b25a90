"""Reading values of the wire, whatever a gateway put in their place."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
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


def made_up_id(prefix: str, *seed: object) -> str:
    """An id for a call that came without: the tool's result must name one. It is the same, plain and streamed."""
    text = "/".join(map(str, seed)).encode("utf-8", "replace")
    return f"{prefix}{hashlib.blake2s(text, digest_size=12).hexdigest()}"
