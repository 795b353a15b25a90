"""The entries of OpenRouter's `reasoning_details`: which one a piece of a stream adds to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from seacloud_client.protocols.values import as_key, string

Json = Mapping[str, Any]

DETAIL_KEYS = frozenset(("type", "text", "summary", "data", "signature", "id"))
"""Keys of an entry that are read."""


class Detail:
    """An open entry, the reasoning number `part`. What it is sealed with is told at its end: it may come again."""

    __slots__ = ("encrypted", "id", "known", "part", "signature")

    def __init__(self, part: int, entry: Json) -> None:
        self.part = part
        self.id = string(entry.get("id"))
        self.known = DETAIL_KEYS | entry.keys()  # the fields that were told, or are read
        self.signature: str | None = None
        self.encrypted: str | None = None

    def seal(self, entry: Json) -> None:
        """Notes what an entry seals it with."""
        self.signature = string(entry.get("signature")) or self.signature
        self.encrypted = string(entry.get("data")) or self.encrypted

    def is_closed_to(self, entry: Json) -> bool:
        """Whether an entry that has no other number, type or id is another one, by the seals of both."""
        if self.id is not None and self.id == entry.get("id"):
            return False  # sealed anew
        data = string(entry.get("data"))
        if data is not None and self.encrypted not in (None, data):
            return True
        if entry.get("index") is not None or self.signature is None:
            return False
        signature = string(entry.get("signature"))
        return bool(entry.get("text")) if signature is None else signature != self.signature


class Details:
    """The entries of a choice, in order."""

    def __init__(self) -> None:
        self._details: list[Detail] = []
        self._last: dict[Any, Detail] = {}  # of each index and type
        self._by_id: dict[Any, Detail] = {}  # by index, type and id

    def __iter__(self) -> Iterator[Detail]:
        return iter(self._details)

    def __len__(self) -> int:
        return len(self._details)

    def begin(self, part: int, entry: Json, kind: str) -> Detail:
        """Another entry."""
        detail = Detail(part, entry)
        self._details.append(detail)
        place = as_key(entry.get("index")), kind
        self._last[place] = detail
        if detail.id is not None:
            self._by_id[place, detail.id] = detail
        return detail

    def find(self, entry: Json, kind: str) -> Detail | None:
        """The open entry that a piece adds to, or `None` if it begins another.

        Gemini's have one index, or none, and an id each: that of the tool call which they belong to.
        """
        place = as_key(entry.get("index")), kind
        known = self._last.get(place)
        own_id = string(entry.get("id"))
        if own_id is not None and known is not None and known.id is not None:
            known = self._by_id.get((place, own_id))
        return None if known is None or known.is_closed_to(entry) else known
