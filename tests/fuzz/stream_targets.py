"""The targets that read streams: server-sent events, and each protocol's decoder behind them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic_core import from_json
from seacloud_client.conversation import Protocol
from seacloud_client.errors import ProtocolError
from seacloud_client.folding import Fold, unfold
from seacloud_client.protocols import WireProtocol, get_protocol
from seacloud_client.sse import ServerSentEvent, SSEDecoder

from fuzz.halving import halve
from fuzz.promises import check_deltas
from fuzz.reading import PASSES, Outcome, chance_of, cut, read
from fuzz.sending_back import check_sending_back

BOM = b"\xef\xbb\xbf"
SMALL = 24
"""Bytes of an event, for a decoder that takes no larger ones."""


def check_sse(data: bytes) -> None:
    """Bytes to events: as the standard has it, however they are cut."""
    expected = list(standard_events(data))
    for pieces in ([data], [data[place : place + 1] for place in range(len(data))], cut(data, chance_of(data))):
        decoder = SSEDecoder()
        assert [event for piece in pieces for event in decoder.feed(piece)] + decoder.close() == expected
    _check_limit(data, expected)


def _check_limit(data: bytes, expected: list[ServerSentEvent]) -> None:
    """With a limit, events come up to the first that is too large, and none that is larger."""
    decoder = SSEDecoder(SMALL)
    given: list[ServerSentEvent] = []
    try:
        for place in range(len(data)):
            given += decoder.feed(data[place : place + 1])
        given += decoder.close()
    except ProtocolError:
        blocks = re.sub(rb"\r\n?", b"\n", data.removeprefix(BOM)).split(b"\n\n")
        assert any(len(block) >= SMALL for block in blocks), "a small event was refused"
    else:
        assert given == expected
    assert given == expected[: len(given)]
    assert all(len(event.data) <= SMALL for event in given)


def standard_events(data: bytes) -> Iterator[ServerSentEvent]:
    """The events, read as the HTML standard says (9.2.6), with what `sse` says that it eases.

    Eased: an event that the end cuts off is given, and white space around a type is no part of it.
    """
    name, lines = b"", []
    for line in [*re.split(rb"\r\n|\n|\r", data.removeprefix(BOM)), b""]:
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if not line:
            if lines:
                yield ServerSentEvent(name.strip().decode("utf-8", "replace"), b"\n".join(lines))
            name, lines = b"", []
        elif field == b"event":
            name = value
        elif field == b"data":
            lines.append(value)


def _without_a_cut_one(data: bytes) -> list[ServerSentEvent]:
    """The events without one that the stream's end cut off in its midst, which is none."""
    events = list(standard_events(data))
    if events and events[-1].data.strip() != b"[DONE]" and not re.search(rb"(\r\n|\n|\r){2}\Z", data):
        try:
            from_json(events[-1].data)
        except ValueError:
            del events[-1]
    return events


def check_stream(name: Protocol, data: bytes) -> None:
    """A protocol's stream: read alike however it is cut; its deltas as promised; its reply whole and fit to go back."""
    protocol = get_protocol(name)
    outcome = read(protocol, [data])
    assert tuple(map(repr, outcome.deltas)) == outcome.told, "a delta was changed after it was handed on"
    _check_cuts(protocol, data, outcome)
    reply = outcome.reply
    assert repr(Fold().add_all(unfold(reply)).reply()) == repr(reply), "told as deltas it is another reply"
    check_deltas(outcome.deltas, reply, is_whole=outcome.error is None)
    if outcome.error is None:
        halved = halve(name, _without_a_cut_one(data))
        assert repr(read(protocol, [halved]).reply) == repr(reply), "a text that comes in two pieces is another"
        check_sending_back(protocol, reply)


def _check_cuts(protocol: WireProtocol, data: bytes, outcome: Outcome) -> None:
    chance = chance_of(data)
    others = [[data[place : place + 1] for place in range(len(data))], cut(data, chance)]
    if outcome.is_done and outcome.error is None and data.endswith(b"\n\n"):
        others.append([data, b"", b"data: {}\n\n"])
    if b"\r" not in data:
        others += [[data.replace(b"\n", b"\r\n")], cut(data.replace(b"\n", b"\r"), chance)]
    if not BOM.startswith(data[:3]) and not data.startswith(BOM):
        others.append([BOM, data])
    if not PASSES["all"]:
        others = [chance.choice(others)]
    for pieces in others:
        assert read(protocol, pieces, looks=True).seen == outcome.seen, "cut otherwise, it is read otherwise"
