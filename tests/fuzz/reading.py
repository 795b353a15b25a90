"""Reading an input as a stream, in pieces: what came of it, in a form that two readings can be compared by."""

from __future__ import annotations

import pickle
import random
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from seacloud_client.conversation import Reply
from seacloud_client.deltas import Delta
from seacloud_client.errors import SeaCloudError
from seacloud_client.folding import Fold
from seacloud_client.protocols import WireProtocol
from seacloud_client.streams import StreamReader

PASSES = {"all": True}
"""Whether a target does all that it can with an input. While inputs are looked for, a part of it, by chance, does."""

MAX_WORDS = 3000
"""Characters of the longest error."""


@dataclass(frozen=True)
class Outcome:
    """What came of a stream. Texts are compared rather than values, since NaN is not equal to itself."""

    deltas: tuple[Delta, ...]
    told: tuple[str, ...]  # the deltas as texts, as they were when they came
    reply: Reply  # as far as it came
    error: SeaCloudError | None
    is_done: bool

    @property
    def seen(self) -> tuple[str, ...]:
        """All that a caller sees."""
        return (*self.told, repr(self.reply), repr(self.error), repr(self.error and vars(self.error)))


def read(protocol: WireProtocol, pieces: Iterable[bytes], *, looks: bool = False) -> Outcome:
    """Reads a stream in these pieces; with `looks` the reply is taken in the middle too. It catches our errors only."""
    reader = StreamReader(protocol, "r-1")
    fold = Fold()
    deltas: list[Delta] = []
    told: list[str] = []
    error: SeaCloudError | None = None
    try:
        for delta in _deltas(reader, pieces):
            deltas.append(delta)
            told.append(repr(delta))
            fold.add(delta)
            if looks and len(deltas) % 8 == 0:
                fold.reply()
    except SeaCloudError as raised:
        check_error(raised)
        error = raised
    return Outcome(tuple(deltas), tuple(told), fold.reply(), error, reader.is_done)


def _deltas(reader: StreamReader, pieces: Iterable[bytes]) -> Iterator[Delta]:
    yield reader.start
    for piece in pieces:
        yield from reader.feed(piece)
    yield from reader.close()


def check_error(error: SeaCloudError) -> None:
    """It can be shown, kept, and looked at as an answer."""
    assert 0 < len(str(error)) < MAX_WORDS
    assert repr(pickle.loads(pickle.dumps(error))) == repr(error)  # noqa: S301  # what was pickled here
    assert error.response is None or error.response.status_code == error.status


def chance_of(data: bytes) -> random.Random:
    """Chance that is the same whenever the input is."""
    return random.Random(zlib.crc32(data))  # noqa: S311  # not a secret


def cut(data: bytes, chance: random.Random) -> list[bytes]:
    """The input in some pieces; some may be empty."""
    ends = sorted(chance.randint(0, len(data)) for _ in range(chance.randint(1, 6)))
    return [data[start:end] for start, end in zip([0, *ends], [*ends, len(data)], strict=True)]
