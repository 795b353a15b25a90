"""Faults to order: what goes wrong with which request.

Three ways lead here: the header `X-Emulator-Fault` of a request, `emulator.faults.add(Fault(...))`, and
`POST /__emulator__/faults`. `fault_layer` applies them.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

HEADER = "x-emulator-fault"


class FaultError(ValueError):
    """An order that makes no sense. Its text says why."""


@dataclass(frozen=True)
class Match:
    """Which requests a fault is for: all of them, unless narrowed.

    Attributes:
        method: the HTTP method, or None for any.
        path: a regular expression that is searched for in the path (so part of a path does), or None for any.
    """

    method: str | None = None
    path: str | None = None

    def __post_init__(self) -> None:
        """Refuses what is no text, and what is not a regular expression."""
        for name in ("method", "path"):
            if not isinstance(getattr(self, name), (str, type(None))):
                raise FaultError(f"match.{name} must be a text, not {getattr(self, name)!r}")
        try:
            re.compile(self.path or "")
        except re.error as error:
            raise FaultError(f"match.path is not a regular expression: {error}") from error

    def meets(self, method: str, path: str) -> bool:
        """Whether a request is one of these."""
        same_method = self.method is None or self.method.upper() == method
        return same_method and (self.path is None or re.search(self.path, path) is not None)


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong, or several at once.

    Attributes:
        match: the requests it is for. A mapping with `method` and `path` or a path alone also does.
        times: how many requests it befalls. A fault in a header befalls the request that bears it.
        status: answer with this HTTP status instead of doing anything.
        body: the body of that answer: JSON, or text as it is. Without it, the documented shape for the path.
        retry_after: its `Retry-After` header, seconds or a date.
        delay: seconds to wait before anything else.
        disconnect_after: close the connection after so many bytes of the body; 0 closes it before the status line.
        malformed_json: break off the JSON of the answer, or of a stream's second event.
        content_type: answer with this content type, whatever the body is.
        stream_error: after so many events of a stream, send an error in the stream and end it.
        stream_error_body: the error's JSON, instead of the protocol's usual one.
        stall: seconds to fall silent within the answer.
        stall_after: after how many events of a stream that happens. An answer that is no stream stalls in its middle.
        redirect: answer 307 (or `status`) with this `Location`.
        matcher: `match` as it was read.
    """

    match: Match | Mapping[str, Any] | str | None = None
    times: int = 1
    status: int | None = None
    body: Any = None
    retry_after: int | float | str | None = None
    delay: float = 0.0
    disconnect_after: int | None = None
    malformed_json: bool = False
    content_type: str | None = None
    stream_error: int | None = None
    stream_error_body: Any = None
    stall: float = 0.0
    stall_after: int = 1
    redirect: str | None = None
    matcher: Match = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Checks the values, since most come from a wire."""
        object.__setattr__(self, "matcher", _matcher(self.match))
        for name, (kind, least) in _BOUNDS.items():
            value = getattr(self, name)
            if value is None:
                continue
            if not _is_number(value, kind) or not value >= least:
                raise FaultError(f"{name} must be a number of at least {least}, not {value!r}")
        for name, kinds in _TYPES.items():
            if type(getattr(self, name)) not in kinds:
                raise FaultError(f"{name} must not be {getattr(self, name)!r}")
        if self.status is not None and self.status > 599:
            raise FaultError(f"status must be at most 599, not {self.status}")

    @property
    def answers(self) -> bool:
        """Whether the fault answers by itself, so that the request does not reach the API."""
        return self.status is not None or self.redirect is not None or self.disconnect_after == 0


def _is_number(value: Any, kinds: tuple[type, ...]) -> bool:
    return isinstance(value, kinds) and not isinstance(value, bool)


_BOUNDS: dict[str, tuple[tuple[type, ...], int]] = {
    "times": ((int,), 1),
    "status": ((int,), 200),
    "delay": ((int, float), 0),
    "disconnect_after": ((int,), 0),
    "stream_error": ((int,), 0),
    "stall": ((int, float), 0),
    "stall_after": ((int,), 0),
}

_TEXT = (str, type(None))
_TYPES: dict[str, tuple[type, ...]] = {
    "retry_after": (int, float, *_TEXT),
    "malformed_json": (bool,),
    "content_type": _TEXT,
    "redirect": _TEXT,
}

_KEYS = frozenset(f.name for f in fields(Fault) if f.init)


def _matcher(match: Match | Mapping[str, Any] | str | None) -> Match:
    if match is None:
        return Match()
    if isinstance(match, Match):
        return match
    if isinstance(match, str):
        return Match(path=match)
    if not isinstance(match, Mapping):
        raise FaultError(f"match must be a path or an object with method and path, not {match!r}")
    unknown = sorted(set(match) - {"method", "path"})
    if unknown:
        raise FaultError(f"unknown keys in match: {', '.join(unknown)}")
    return Match(**match)


def fault_from_json(order: Any) -> Fault:
    """A fault from its JSON.

    Raises:
        FaultError: for what is not an object, for unknown keys, and for values out of bounds.
    """
    if not isinstance(order, dict):
        raise FaultError("a fault is a JSON object")
    unknown = sorted(set(order) - _KEYS)
    if unknown:
        raise FaultError(f"unknown keys in fault: {', '.join(unknown)}. Known: {', '.join(sorted(_KEYS))}")
    return Fault(**order)


class Faults:
    """The faults in store, oldest first. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stored: list[tuple[Fault, int]] = []

    def add(self, fault: Fault) -> None:
        """Orders a fault."""
        with self._lock:
            self._stored.append((fault, fault.times))

    def clear(self) -> None:
        """Forgets all faults in store."""
        with self._lock:
            self._stored.clear()

    def take(self, method: str, path: str) -> Fault | None:
        """The first fault that is for this request; one time of it is used up."""
        with self._lock:
            for place, (fault, left) in enumerate(self._stored):
                if fault.matcher.meets(method, path):
                    self._stored[place : place + 1] = [(fault, left - 1)] if left > 1 else []
                    return fault
        return None

    def pending(self) -> list[dict[str, Any]]:
        """The faults in store as JSON, with the times that are left."""
        with self._lock:
            stored = list(self._stored)
        return [{**_as_json(fault), "times": left} for fault, left in stored]

    def __len__(self) -> int:
        with self._lock:
            return len(self._stored)


def _as_json(fault: Fault) -> dict[str, Any]:
    values = {name: value for name, value in asdict(fault).items() if name in _KEYS and value not in (None, False)}
    return {**values, "match": asdict(fault.matcher)}
