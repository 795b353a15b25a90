"""The target that looks for work that grows faster than the stream: a part that is repeated costs each time the same.

An input is one JSON object: `protocol`, and the events `before`, `again` (repeated) and `after`. In what is repeated
"@n@" stands for the number of the repetition, and "@long@" for a long text.
"""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Iterator
from typing import Any

from pydantic_core import from_json
from seacloud_client.errors import SeaCloudError
from seacloud_client.folding import Fold
from seacloud_client.protocols import get_protocol
from seacloud_client.streams import StreamReader

from fuzz.vocabulary import EVENTS, NAMED, Json

FEW = 250
FACTOR = 32
TOLERANCE = 2.5
"""By how much `FACTOR` times the repetitions may be more than `FACTOR` times the work. Quadratic is by 32 times."""

TRIES = 3
LONG = "x" * 2000
MAX_EVENTS = 6
"""Events of the longest part that is repeated; longer ones cost time and show nothing new."""

PLACEHOLDERS: tuple[Json, ...] = (*("@n@",) * 8, "@long@", "@long@", "a@n@", "a@n@")


def check_growth(data: bytes) -> None:
    """The work is in proportion to the stream."""
    try:
        given = from_json(data)
    except ValueError:
        return
    if not isinstance(given, dict) or given.get("protocol") not in NAMED:
        return
    before, again, after = (_events(given.get(name)) for name in ("before", "again", "after"))
    if not 0 < len(again) <= MAX_EVENTS:
        return
    for _ in range(TRIES):
        few, many = (_seconds(given["protocol"], [before, again, after], times) for times in (FEW, FEW * FACTOR))
        if many <= few * FACTOR * TOLERANCE:
            return
    raise AssertionError(f"{FACTOR} times the stream takes {many / few:.0f} times the work")


def _events(value: Any) -> list[str]:
    return [json.dumps(event) for event in value] if isinstance(value, list) else []


def _seconds(protocol: Any, parts: list[list[str]], times: int) -> float:
    """The processor's time that a stream takes; of one that is an error, up to there."""
    before, again, after = parts
    pieces = [*_pieces(before, 0), *(piece for n in range(times) for piece in _pieces(again, n)), *_pieces(after, 0)]
    reader, fold = StreamReader(get_protocol(protocol)), Fold()
    gc.collect()
    gc.disable()
    begun = time.thread_time()
    try:
        for piece in pieces:
            fold.add_all(reader.feed(piece))
        fold.add_all(reader.close())
        fold.reply()
    except SeaCloudError:
        pass
    finally:
        spent = time.thread_time() - begun
        gc.enable()
    return max(spent, 1e-6)


def _pieces(events: list[str], number: int) -> Iterator[bytes]:
    for event in events:
        filled = event.replace('"@n@"', str(number)).replace("@n@", str(number)).replace("@long@", LONG)
        yield f"data: {filled}\n\n".encode()


def seeds() -> Iterator[bytes]:
    """Each event repeated: as it is, with its numbers counted, and with its texts counted or long."""
    for protocol in NAMED:
        before = EVENTS[protocol][:1]
        for event in EVENTS[protocol]:
            for kind in (None, int, str):
                again = [_counted(event, kind)]
                yield json.dumps({"protocol": protocol, "before": before, "again": again, "after": []}).encode()


def _counted(value: Json, kind: type | None, name: str = "") -> Json:
    """The value with what is of that kind counted, but for the words that readers go by."""
    if isinstance(value, dict):
        return {key: _counted(inner, kind, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_counted(inner, kind, name) for inner in value]
    if kind is int and type(value) is int:
        return "@n@"
    if kind is str and isinstance(value, str):
        return value if name in {"type", "object", "role", "status"} else "a@n@" if "id" in name else "@long@"
    return value
