"""The answers of Responses that were stored, so that a request can go on from one of them, or refer to its items."""

from __future__ import annotations

import threading
from itertools import pairwise
from typing import Any

Item = dict[str, Any]

KEPT = 1_000
"""How many answers are kept: the oldest go first."""

_BOUND_TO_REASONING = ("message", "function_call", "custom_tool_call", "web_search_call")
"""What the model said after it thought, and cannot stand without."""


class ResponseStore:
    """Answers by their ids, each with the whole conversation up to it. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._conversations: dict[str, tuple[Item, ...]] = {}
        self._items: dict[str, Item] = {}
        self._reasoning_of: dict[str, str] = {}

    def keep(self, response_id: str, items: list[Item], output: list[Item]) -> None:
        """Stores an answer.

        Args:
            response_id: its id.
            items: the conversation that it answers.
            output: its items.
        """
        with self._lock:
            self._conversations[response_id] = (*items, *output)
            self._items.update({item["id"]: item for item in (*items, *output) if item.get("id")})
            self._reasoning_of.update(_reasoning_of(output))
            while len(self._conversations) > KEPT:
                self._forget(next(iter(self._conversations)))

    def conversation(self, response_id: str) -> tuple[Item, ...] | None:
        """The conversation up to an answer, that included; None for an answer that is not stored."""
        with self._lock:
            return self._conversations.get(response_id)

    def item(self, item_id: str) -> Item | None:
        """A stored item."""
        with self._lock:
            return self._items.get(item_id)

    def reasoning_of(self, item_id: str) -> str | None:
        """The id of the reasoning that a stored item came after, and is refused without."""
        with self._lock:
            return self._reasoning_of.get(item_id)

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            for state in (self._conversations, self._items, self._reasoning_of):
                state.clear()

    def _forget(self, response_id: str) -> None:
        for item in self._conversations.pop(response_id):
            self._items.pop(item.get("id", ""), None)
            self._reasoning_of.pop(item.get("id", ""), None)


def _reasoning_of(output: list[Item]) -> dict[str, str]:
    """For each item that follows reasoning: the id of that."""
    return {
        item["id"]: before["id"]
        for before, item in pairwise(output)
        if before["type"] == "reasoning" and item["type"] in _BOUND_TO_REASONING
    }
