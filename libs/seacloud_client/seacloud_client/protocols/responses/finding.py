"""Finding an item of a Responses reply that others speak of, at the same cost however many there are."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from seacloud_client.protocols.responses.growing import Json, OutputItem
from seacloud_client.protocols.values import as_key, string


class OpenItems:
    """The items that are not ended, by their classes, for events that do not say which one they mean."""

    def __init__(self) -> None:
        self._by_class: dict[type[OutputItem], list[tuple[int, OutputItem]]] = {}
        self._added = 0

    def add(self, item: OutputItem) -> None:
        """An item that was opened."""
        self._added += 1
        if item.takes:
            self._by_class.setdefault(type(item), []).append((self._added, item))

    def last_that_takes(self, kind: str) -> OutputItem | None:
        """The one that was opened last, of those that take such an event."""
        number, found = 0, None
        for kept, items in self._by_class.items():
            while items and items[-1][1].is_ended:
                items.pop()
            if items and kind in kept.takes and items[-1][0] > number:
                number, found = items[-1]
        return found


class ToldItems:
    """The items that events told of, to be matched with those of the whole reply.

    An item has the same type, and its place or its id: a gateway may number items otherwise, change their ids at the
    end (OpenRouter), or give two of them one id (xAI).
    """

    def __init__(self, items: Mapping[int, OutputItem]) -> None:
        self._unmatched = dict(items)
        self._by_id: dict[Any, deque[int]] = {}
        for place, item in items.items():
            if item.id is not None:
                self._by_id.setdefault((as_key(item.type), item.id), deque()).append(place)

    def take(self, place: int, item: Json) -> OutputItem | None:
        """The item that is meant, which is not found again; `None` if the events did not tell of it."""
        item_id = string(item.get("id"))
        there = self._unmatched.get(place)
        if there is not None and there.type != item.get("type"):
            there = None
        if there is None or there.id != item_id:
            same_id = self._by_id.get((as_key(item.get("type")), item_id), ())
            while same_id and same_id[0] not in self._unmatched:
                same_id.popleft()
            place = same_id[0] if same_id else place
            there = self._unmatched[place] if same_id else there
        return None if there is None else self._unmatched.pop(place)
