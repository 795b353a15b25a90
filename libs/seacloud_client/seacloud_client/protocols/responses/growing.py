"""An output item of a Responses reply as it grows: what all kinds of items have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple, TypeAlias

from seacloud_client.conversation import Part
from seacloud_client.deltas import Delta, PartEnd
from seacloud_client.protocols.values import string

Json: TypeAlias = Mapping[str, Any]
Take: TypeAlias = "Callable[[Any, Json, list[Delta]], None]"
"""Adds what an event says of an item to a list of ours: a method of the item's class."""

PARTS_OF_ITEM = 1_000_000_000
"""How far the parts of two items are apart: a choice's parts are in the order of their numbers."""


class Facts(NamedTuple):
    """What an item is to know of the reply: its id, and the id of the reasoning item before."""

    reply_id: str | None
    reasoning_id: str | None


class OutputItem:
    """An item of the output, whose first part has the number `base`. `takes` are the events that it knows."""

    __slots__ = ("base", "id", "is_ended", "type")

    takes: ClassVar[Mapping[str, Take]] = {}

    def __init__(self, base: int, item: Json) -> None:
        self.base = base
        self.id = string(item.get("id"))
        self.type = item.get("type")
        self.is_ended = False

    def complete(self, item: Json, deltas: list[Delta]) -> None:
        """Tells what the whole item says beyond what was told, and ends it."""
        raise NotImplementedError

    def end(self, deltas: list[Delta]) -> None:
        """Says that the item's parts are whole."""
        self.is_ended = True
        deltas.append(PartEnd(0, self.base))


class Growing:
    """A text as it grows: the number of its part, what that is, and what was told of it."""

    __slots__ = ("kind", "logprobs", "notes", "number", "told")

    def __init__(self, number: int, kind: type[Part]) -> None:
        self.number = number
        self.kind = kind
        self.told: list[str] = []
        self.notes: Counter[str] = Counter()  # fingerprints of the citations
        self.logprobs: list[Json] = []

    def rest_of(self, whole: Any) -> str:
        """What the whole says beyond what was told; nothing if the two disagree. It is told from now on.

        This costs no more than the whole is long, however much was told.
        """
        if not isinstance(whole, str):
            return ""
        place = 0
        for piece in self.told:
            if not whole.startswith(piece, place):
                return ""
            place += len(piece)
        self.told = [whole]
        return whole[place:]


def said(**facts: str | None) -> dict[str, Any] | None:
    """The facts that there are; `None` if there are none."""
    return {name: value for name, value in facts.items() if value is not None} or None


def unfinished(item: Json) -> dict[str, Any] | None:
    """The status of an item, where it is not the usual one."""
    status = string(item.get("status"))
    return None if status == "completed" else said(status=status)


def news(told: Json | None, now: Json | None) -> dict[str, Any] | None:
    """What is said now and was not told."""
    known = told or {}
    return {name: value for name, value in (now or {}).items() if known.get(name) != value} or None
