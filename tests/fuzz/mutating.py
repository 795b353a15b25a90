"""Mutations that know the form of an input: JSON stays JSON, a stream stays a row of events, mostly.

A blind mutator spoils the JSON of an event long before it reaches what is done with it. These take inputs apart, change
a value, a key or an event, and put them together again; now and then they hand over to the blind one.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from fuzz.vocabulary import SPICE, words_of

Json: TypeAlias = Any
Blind: TypeAlias = Callable[[bytes, int], bytes]
"""The fuzzer's own mutator: an input and the most bytes that the new one may have."""
Mutator: TypeAlias = Callable[[bytes, random.Random, Blind, int], bytes]

MAX_SIZE = 4096
"""Bytes of the longest input."""


class JsonMutator:
    """Changes JSON values. `pieces` are values to take others from, `spice` what is put anywhere."""

    def __init__(self, pieces: Sequence[Json], spice: Sequence[Json] = SPICE) -> None:
        self._pieces = pieces
        self._words = words_of(pieces)
        self._spice = spice

    def __call__(self, data: bytes, chance: random.Random, blind: Blind, limit: int) -> bytes:
        """An input that is one JSON value."""
        if chance.random() < 0.1:
            return blind(data, limit)
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            value = chance.choice(self._pieces)
        for _ in range(chance.choice((1, 1, 2, 4))):
            value = self.changed(value, chance)
        return dumped(value, chance)[:limit]

    def changed(self, value: Json, chance: random.Random) -> Json:
        """The value with one of its places in another way."""
        whole = json.loads(json.dumps(value))
        places = _places(whole)
        if not places or chance.random() < 0.03:
            return chance.choice(self._pieces)
        holder, key = chance.choice(places)
        chance.choice((self._replace, self._replace, self._drop, self._add, self._rename, self._twice, self._nudge))(
            holder, key, chance, places
        )
        return whole

    def _replace(self, holder: Json, key: Json, chance: random.Random, places: list[tuple[Json, Json]]) -> None:
        holder[key] = self._other(chance, places)

    def _other(self, chance: random.Random, places: list[tuple[Json, Json]]) -> Json:
        """A value from elsewhere."""
        kind = chance.random()
        if kind < 0.4:
            return chance.choice(self._spice)
        if kind < 0.6:
            return chance.choice(self._words)
        within = places if kind < 0.75 else _places([chance.choice(self._pieces)])
        found, at = chance.choice(within)
        return json.loads(json.dumps(found[at]))

    def _drop(self, holder: Json, key: Json, _chance: random.Random, _places: list[tuple[Json, Json]]) -> None:
        del holder[key]

    def _add(self, holder: Json, _key: Json, chance: random.Random, places: list[tuple[Json, Json]]) -> None:
        other = self._other(chance, places)
        if isinstance(holder, dict):
            holder[chance.choice(self._words)] = other
        else:
            holder.insert(chance.randint(0, len(holder)), other)

    def _rename(self, holder: Json, key: Json, chance: random.Random, _places: list[tuple[Json, Json]]) -> None:
        if isinstance(holder, dict):
            holder[chance.choice(self._words)] = holder.pop(key)
        else:
            chance.shuffle(holder)

    def _twice(self, holder: Json, key: Json, chance: random.Random, _places: list[tuple[Json, Json]]) -> None:
        if isinstance(holder, list):
            holder[key:key] = [json.loads(json.dumps(holder[key]))] * chance.choice((1, 1, 3))
        elif isinstance(holder[key], (str, list)):
            holder[key] = (holder[key] * 2)[:300]
        else:
            holder[key] = [holder[key]]

    def _nudge(self, holder: Json, key: Json, chance: random.Random, _places: list[tuple[Json, Json]]) -> None:
        value = holder[key]
        if isinstance(value, (int, float)):
            holder[key] = value + chance.choice((-1, 1, 0.5, 255, -(2**31)))
        elif isinstance(value, str):
            place = chance.randint(0, len(value))
            holder[key] = value[:place] + chance.choice((*"{}[]\"\\, \n:/'<", "", "\u0301")) + value[place:][:200]
        else:
            holder[key] = json.dumps(value)


class StreamMutator:
    """Changes streams of events: `pieces` are events to take others from."""

    def __init__(self, pieces: Sequence[Json]) -> None:
        self._pieces = pieces
        self._json = JsonMutator(pieces)

    def __call__(self, data: bytes, chance: random.Random, blind: Blind, limit: int) -> bytes:
        """An input that is a row of events."""
        if chance.random() < 0.1:
            return blind(data, limit)
        events = [event for event in data.split(b"\n\n") if event]
        for _ in range(chance.choice((1, 1, 2, 3))):
            self._change(events, chance)
        while len(events) > 1 and sum(len(event) + 2 for event in events) > limit:
            events.pop(chance.randrange(len(events)))
        return (b"\n\n".join(events) + b"\n\n" * (chance.random() < 0.97))[:limit]

    def _change(self, events: list[bytes], chance: random.Random) -> None:
        kind = chance.random()
        if not events or kind < 0.25:
            events.insert(chance.randint(0, len(events)), self._new(chance))
            return
        place = chance.randrange(len(events))
        if kind < 0.35:
            events.insert(chance.randint(0, len(events)), events[place])
        elif kind < 0.42:
            events.pop(place)
        elif kind < 0.5:
            events.insert(chance.randint(0, len(events) - 1), events.pop(place))
        elif kind < 0.55:
            events[place] = _other_frame(events[place], chance)
        else:
            events[place] = self._other_data(events[place], chance)

    def _new(self, chance: random.Random) -> bytes:
        return b"data: " + dumped(chance.choice(self._pieces), chance) if chance.random() < 0.95 else b"data: [DONE]"

    def _other_data(self, event: bytes, chance: random.Random) -> bytes:
        head, mark, data = event.partition(b"data: ")
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            return self._new(chance)
        return head + mark + dumped(self._json.changed(value, chance), chance)


class AnswerMutator:
    """Changes answers of HTTP: status, headers, and a body of JSON, to which `pieces` are others."""

    def __init__(self, pieces: Sequence[Json]) -> None:
        self._json = JsonMutator(pieces)
        self._heads = TokenMutator(_HEADS)

    def __call__(self, data: bytes, chance: random.Random, blind: Blind, limit: int) -> bytes:
        """An input of a status, headers, a blank line and a body."""
        head, mark, body = data.partition(b"\n\n")
        if chance.random() < 0.3:
            status, joint, lines = head.partition(b"\n")
            if chance.random() < 0.6:
                status = chance.choice(_STATUSES)
            head = status + joint + (self._heads(lines, chance, blind, 200) if joint else chance.choice(_HEADS))
        else:
            body = self._json(body, chance, blind, limit)
        return (head + (mark or b"\n\n") + body)[:limit]


_STATUSES = (
    *(b"200", b"202", b"204", b"302", b"400", b"401", b"402", b"403", b"404", b"408", b"422", b"429", b"500", b"503"),
    b"529",
)
_HEADS = (
    *(b"\nretry-after: ", b"\nretry-after-ms: ", b"\nx-request-id: ", b"\ncontent-type: application/json"),
    b"\nlocation: ",
    *(b"Wed, 21 Oct 2065 07:28:00 GMT", b"-0", b"1e309", b"nan", b"9" * 30, b"+9999", b"-2400", b" GMT", b"12:60:61"),
    *(b"https://service.test/model/x", b"//other.test", b"..", b"[", b"\xe9", b"\x00", b"1_0", b"\t", b"0000", b"Dec"),
)


class GrowthMutator:
    """Changes the inputs of `growth_target`: `pieces` are events by protocol, `spice` what is counted or long."""

    def __init__(self, pieces: Mapping[str, Sequence[Json]], spice: Sequence[Json]) -> None:
        self._pieces = pieces
        self._json = {name: JsonMutator(events, spice) for name, events in pieces.items()}

    def __call__(self, data: bytes, chance: random.Random, _blind: Blind, limit: int) -> bytes:
        """An input of a protocol and three rows of events."""
        try:
            given = json.loads(data)
            protocol = given["protocol"]
            rows = {name: list(given[name]) for name in ("before", "again", "after")}
            events = self._pieces[protocol]
        except (ValueError, RecursionError, KeyError, TypeError):
            protocol, events = chance.choice(list(self._pieces.items()))
            rows = {"before": [], "again": [chance.choice(events)], "after": []}
        for _ in range(chance.choice((1, 2, 3))):
            row = rows[chance.choice(("again", "again", "again", "before", "after"))]
            place = chance.randint(0, len(row))
            if not row or (len(row) < 4 and chance.random() < 0.3):
                row.insert(place, chance.choice(events))
            elif chance.random() < 0.15:
                del row[place - 1]
            else:
                row[place - 1] = self._json[protocol].changed(row[place - 1], chance)
        return json.dumps({"protocol": protocol, **rows}).encode()[:limit]


class TokenMutator:
    """Changes texts that have no form: `tokens` are inserted, and pieces are cut, repeated and moved."""

    def __init__(self, tokens: Sequence[bytes]) -> None:
        self._tokens = tokens

    def __call__(self, data: bytes, chance: random.Random, blind: Blind, limit: int) -> bytes:
        """An input of any form."""
        if chance.random() < 0.3:
            return blind(data, limit)
        for _ in range(chance.choice((1, 1, 2, 4))):
            start = chance.randint(0, len(data))
            end = min(len(data), start + chance.choice((0, 0, 0, 1, 4, 16)))
            new = chance.choice((*self._tokens, b"", data[start:end] * 2))
            data = data[:start] + new + data[end:]
        return data[:limit]


def dumped(value: Json, chance: random.Random) -> bytes:
    """The value's JSON, in one of the ways to write it."""
    text = json.dumps(value, ensure_ascii=chance.random() < 0.5, separators=chance.choice(((",", ":"), (", ", ": "))))
    return text.encode("utf-8", "replace")


def _other_frame(event: bytes, chance: random.Random) -> bytes:
    """An event with other lines around its data."""
    frames = (
        b"event: error\n" + event,
        b": comment\n" + event,
        event + b"\nid: 1\nretry: 5",
        event.replace(b"data: ", b"data:"),
        event.replace(b"{", b"{\ndata: ", 1),
        event.replace(b"\n", b"\r\n"),
        event + b"\n" + event,
        event.partition(b"\n")[2] or b"event: x\n" + event,
        event[: chance.randint(0, len(event))],
    )
    return chance.choice(frames)


def _places(value: Json) -> list[tuple[Json, Json]]:
    """Every place in a JSON value: its container, and its key or number."""
    found: list[tuple[Json, Json]] = []
    waiting = [value]
    while waiting:
        holder = waiting.pop()
        keys: Any = holder if isinstance(holder, dict) else range(len(holder)) if isinstance(holder, list) else ()
        for key in keys:
            found.append((holder, key))
            waiting.append(holder[key])
    return found
