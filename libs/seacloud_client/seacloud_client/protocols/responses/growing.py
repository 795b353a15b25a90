"""An output item of a Responses reply as it grows: what all kinds of items have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, NamedTuple, TypeAlias

from seacloud_client.deltas import Delta, PartEnd
from seacloud_client.protocols.values import string

Json: TypeAlias = Mapping[str, Any]
Take: TypeAlias = "Callable[[Any, Json, list[Delta]], None]"
"""Adds what an event says of an item to a list of ours: a method of the item's class."""

PARTS_OF_ITEM = 10_000
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

    def complete(self, _item: Json, deltas: list[Delta]) -> None:
        """Tells what the whole item says beyond what was told, and ends it."""
        self.end(deltas)

    def end(self, deltas: list[Delta]) -> None:
        """Says that the item's parts are whole."""
        self.is_ended = True
        deltas.append(PartEnd(0, self.base))


class Growing:
    """A text as it grows: the number of its part, and what was told of it."""

    __slots__ = ("is_refusal", "logprobs", "notes", "number", "told")

    def __init__(self, number: int, *, is_refusal: bool = False) -> None:
        self.number = number
        self.is_refusal = is_refusal
        self.told: list[str] = []
        self.notes: list[Json] = []
        self.logprobs: list[Json] = []

    def rest_of(self, whole: Any) -> str:
        """What the whole says beyond what was told; nothing if the two disagree. It is told from now on."""
        if not isinstance(whole, str):
            return ""
        said = "".join(self.told)
        rest = whole[len(said) :] if whole.startswith(said) else ""
        self.told = [said, rest]
        return rest


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
