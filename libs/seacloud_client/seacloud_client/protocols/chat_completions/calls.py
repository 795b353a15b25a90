"""The tool calls of one choice of a Chat Completions stream: which call a fragment belongs to.

OpenAI numbers them. Gateways leave the numbers out, or give all calls the same, or send a call's name with each of its
fragments. Finding a call costs the same however many there are.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal

from seacloud_client.protocols.values import Fragments, as_key


class Arguments:
    """The arguments of a call as they grow: kept until a name lets it start, and to see whether they are whole."""

    __slots__ = ("_depth", "_escaped", "_in_text", "_looked_at", "_pieces", "_whole")

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._looked_at = 0  # pieces
        self._depth = 0  # of braces that are open there
        self._in_text = False
        self._escaped = False
        self._whole: bool | None = None  # not known before the first brace is closed again

    def __bool__(self) -> bool:
        return bool(self._pieces)

    @property
    def text(self) -> str:
        """All of them."""
        return "".join(self._pieces)

    def add(self, piece: str) -> None:
        """More of them."""
        if piece:
            self._pieces.append(piece)

    def goes_on_with(self, piece: str) -> bool:
        """Whether a piece can only be more of them: they are a JSON object that is not whole, and it begins none."""
        return bool(piece.strip()) and not piece.lstrip().startswith("{") and not self.is_whole and self._depth > 0

    @property
    def is_whole(self) -> bool:
        """Whether they are a JSON object: nothing else ends with the brace that closes its first one.

        Each piece is looked at once, however often this is asked.
        """
        while self._looked_at < len(self._pieces):
            self._look_at(self._pieces[self._looked_at])
            self._looked_at += 1
        return bool(self._whole)

    def _look_at(self, piece: str) -> None:
        for place, letter in enumerate(piece):
            if self._whole is not None:  # white space alone may follow
                self._whole = self._whole and not piece[place:].strip()
                return
            if self._in_text:
                self._in_text = self._escaped or letter != '"'
                self._escaped = letter == "\\" and not self._escaped
            elif letter == '"':
                self._in_text = True
            elif letter == "{":
                self._depth += 1
            elif letter == "}":
                self._depth -= 1
                if self._depth <= 0:
                    self._whole = self._is_object(piece[: place + 1])

    def _is_object(self, last: str) -> bool:
        try:
            return isinstance(json.loads("".join((*self._pieces[: self._looked_at], last))), dict)
        except (ValueError, RecursionError):
            return False


class Call:
    """A tool call as it grows, number `number` of its choice.

    It becomes a part, `part`, when it has a name that cannot grow any more: behind it come arguments, or another call.
    """

    __slots__ = ("arguments", "extras", "id", "index", "kind", "name", "number", "part")

    def __init__(self, number: int, index: Any, kind: Literal["function", "custom"]) -> None:
        self.number = number
        self.index = index  # as a key
        self.kind = kind
        self.id: str | None = None
        self.name: str | None = None
        self.part: int | None = None
        self.arguments = Arguments()
        self.extras = Fragments()  # what else is said of it, at any time


class Calls:
    """The calls of a choice, in order."""

    def __init__(self) -> None:
        self._calls: list[Call] = []
        self._by_index: dict[Any, Call] = {}  # the last of each
        self._by_id: dict[str, Call] = {}  # the first of each
        self._announced: dict[Any, str] = {}  # by index: an id that came without a name, and is none of these calls'

    def __iter__(self) -> Iterator[Call]:
        return iter(self._calls)

    @property
    def last(self) -> Call | None:
        """The last of them."""
        return self._calls[-1] if self._calls else None

    def begin(self, index: Any, kind: Literal["function", "custom"]) -> Call:
        """Another call."""
        call = Call(len(self._calls), as_key(index), kind)
        self._calls.append(call)
        self._by_index[call.index] = call
        return call

    def announced_id(self, call: Call) -> str | None:
        """The id that a fragment without a name had, if this call, which begins without one, comes behind it."""
        return self._announced.pop(call.index, None)

    def name(self, call: Call, call_id: str | None, name: str | None) -> None:
        """Notes what a fragment says of its call, unless it is known. A name may come in pieces."""
        if name and name != call.name and call.part is None:
            call.name = (call.name or "") + name
        if call.id is None and call_id is not None:
            call.id = call_id
            self._by_id.setdefault(call_id, call)

    def find(
        self, index: Any, call_id: str | None, name: str | None, place: int = -1, arguments: str = ""
    ) -> Call | None:
        """The open call that a fragment continues, or `None` if it begins another.

        A new call has a name. It is told from a fragment of an older one by its index; where a gateway uses that
        again or leaves it out, by its id; where there is none, by the older one's arguments being complete. A fragment
        that says nothing of itself continues the last call, or, at another `place`, one before it. An id that is not
        known says nothing without a name: vLLM has another with each fragment. Its older versions have the name with
        each too, where a tool was demanded: then the `arguments` of the fragment tell.
        """
        known = self._numbered(index, call_id, name) if index is not None else self._unnumbered(call_id, name, place)
        if known is None or not name or known.name is None:
            return known
        if call_id and known.id:
            is_same = call_id == known.id or (
                index is not None and name == known.name and known.arguments.goes_on_with(arguments)
            )
            return known if is_same else None
        is_other = known.arguments.is_whole or (index is None and name != known.name)
        return None if is_other else known

    def _numbered(self, index: Any, call_id: str | None, name: str | None) -> Call | None:
        key = as_key(index)
        last = self._by_index.get(key)
        if last is None or not call_id or last.id in (None, call_id):
            return last
        known = self._by_id.get(call_id)
        if known is None:
            if not name:
                self._announced[key] = call_id
            return last
        return known if known.index == key else last  # several calls under one index, in turns

    def _unnumbered(self, call_id: str | None, name: str | None, place: int) -> Call | None:
        last = self._calls[max(place, -len(self._calls))] if self._calls else None
        if not call_id:
            return last
        known = self._by_id.get(call_id)
        is_first_of_last = known is None and not name and last is not None and last.id is None
        return last if is_first_of_last else known
