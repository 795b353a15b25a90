"""Finds a key in whatever software puts out: texts, objects, tracebacks with their variables, pickles, log records."""

from __future__ import annotations

import base64
import logging
import pickle
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

KEY = "k-PLANTED+7f3a9c/marker=="
"""A key that is found nowhere else, and that is not the same when it is quoted or encoded."""

FORMS = (
    KEY,
    quote(KEY, safe=""),
    base64.b64encode(KEY.encode()).decode().rstrip("="),
    base64.b64encode(f"Bearer {KEY}".encode()).decode().rstrip("="),
    KEY.encode().hex(),
)
"""How it may be written."""


def is_in(text: str | bytes) -> bool:
    """Whether a text has the key in it, in whichever form."""
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    return any(form in text for form in FORMS)


def texts_of(thing: Any) -> Iterator[tuple[str, str | bytes]]:
    """All that a thing shows of itself, with how it was made to."""
    yield "repr", repr(thing)
    yield "str", str(thing)
    for way, show in (
        ("vars", lambda: repr(vars(thing))),
        ("pickle", lambda: pickle.dumps(thing)),
        ("format", lambda: f"{thing}"),
        ("model_dump", lambda: repr(thing.model_dump())),
        ("model_dump_json", lambda: str(thing.model_dump_json())),
        ("dict", lambda: repr(thing.to_dict())),
        ("json", lambda: repr(thing.to_json())),
    ):
        try:
            yield way, show()
        except Exception:  # noqa: BLE001, S112  # it has no such way to show itself
            continue


def chain_of(error: BaseException) -> Iterator[BaseException]:
    """An error and all that hang on it, hidden ones and those of groups too."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        found = waiting.pop()
        if found is None or id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        waiting += [found.__cause__, found.__context__, *getattr(found, "exceptions", ())]


def traceback_of(error: BaseException) -> str:
    """What a program that shows the variables of all frames would show."""
    shown = traceback.TracebackException(type(error), error, error.__traceback__, capture_locals=True)
    return "".join(shown.format())


def places_in_error(error: BaseException) -> list[str]:
    """Where in an error the key is."""
    places = []
    for link in chain_of(error):
        shown = [*texts_of(link), ("traceback", traceback_of(link)), ("args", repr(link.args))]
        places += [f"{type(link).__name__}: {way}" for way, text in shown if is_in(text)]
    return places


def places_in(*things: Any) -> list[str]:
    """Where in some things the key is."""
    return [f"{type(thing).__name__}: {way}" for thing in things for way, text in texts_of(thing) if is_in(text)]


class Records(logging.Handler):
    """Keeps all that is logged, with what was formatted into it."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(f"{record.name}: {record.getMessage()} {vars(record)!r}")


@contextmanager
def all_logs() -> Iterator[Records]:
    """Everything that is logged, at the lowest level, in the block."""
    records = Records()
    loggers = [logging.getLogger(), *(logging.getLogger(name) for name in ("seacloud_client", "httpx", "httpcore"))]
    levels = [logger.level for logger in loggers]
    loggers[0].addHandler(records)
    for logger in loggers:
        logger.setLevel(1)
    try:
        yield records
    finally:
        loggers[0].removeHandler(records)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
