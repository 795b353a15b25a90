"""What a message has to offer for the values of a schema, and what is taken from it for which property."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import datetime, timezone

from seacloud_emulator.brain.words import Name, Number, clauses, names, numbers, quoted, request_words

EPOCH = datetime(2026, 1, 1, 12, 0, tzinfo=timezone.utc)
"""The moment that is meant where a schema demands one and the message names none."""


class Source:
    """A message, read for values. Numbers are used up one after the other.

    Args:
        message: the whole message.
        focus: the part of it that matters, whose words and values come first.
        place: a place's name that is to be taken instead of those of the message.
        keys: words that are names of properties, and so no values even if they are quoted.
    """

    def __init__(
        self, message: str, focus: str | None = None, place: str | None = None, keys: Collection[str] = ()
    ) -> None:
        self.message = message
        self.focus = focus if focus is not None else message
        self.words = request_words(self.focus)
        found = names(self.focus) or names(message)
        self.names = [name.text for name in found if name.text not in keys]
        self._found = [Name(place, "in")] if place else found
        self.quoted = [text for text in quoted(self.focus) or quoted(message) if text not in keys]
        self._numbers = numbers(self.focus) or numbers(message)
        self._number_text = self.focus if numbers(self.focus) else message

    def place_after(self, *words: str) -> str | None:
        """The first name after one of these words (`from Paris`), or else the first name of all."""
        after = [name.text for name in self._found if name.after in words]
        return next(iter(after or [name.text for name in self._found]), None)

    def take_number(self, name: str, fits: Callable[[float], bool]) -> float | None:
        """The number that stands beside the property's name, or else the next that fits."""
        beside = self.number_beside(name)
        if beside is not None and fits(beside.value):
            self._numbers.remove(beside)
            return beside.value
        for number in self._numbers:
            if fits(number.value):
                self._numbers.remove(number)
                return number.value
        return None

    def number_beside(self, name: str) -> Number | None:
        """The number that the message gives for a property by its name: `width 512`, `3 images`."""
        for word in re.findall(r"[^\W\d_]{2,}", name.replace("_", " ")):
            after = rf"\b{word}s?\b\W{{0,3}}(?:(?:is|of|to|at)\W{{1,2}})?(?P<after>-?\d[\d.]*)"
            before = rf"(?P<before>-?\d[\d.]*)\W{{1,2}}{word}s?\b"
            match = re.search(f"{after}|{before}", self._number_text, re.IGNORECASE)
            if match is None:
                continue
            place = match.start("after") if match["after"] else match.start("before")
            found = next((number for number in self._numbers if number.place == place), None)
            if found:
                return found
        return None

    def mentions(self, word: str) -> bool:
        """Whether the message has this word, or these words with spaces for underscores."""
        spaced = re.escape(word).replace("_", r"[\s_-]")
        return len(word) > 1 and re.search(rf"(?<!\w){spaced}(?!\w)", self.message, re.IGNORECASE) is not None

    def denies(self, name: str) -> bool:
        """Whether the message says no to a property: `without audio`, `no watermark`."""
        words = name.replace("_", " ")
        return (
            re.search(rf"\b(?:no|not|without|disable)\s+(?:\w+\s+)?{re.escape(words)}\b", self.message, re.IGNORECASE)
            is not None
        )


def focus_of(message: str, score: Callable[[str], float]) -> str:
    """The clause of a message that scores best, or the whole of it where no clause scores."""
    parts = clauses(message)
    top = max(parts, key=score, default=message)
    return top if len(parts) > 1 and score(top) > 0 else message


def _found(pattern: str) -> Callable[[Source], str | None]:
    compiled = re.compile(pattern)

    def find(source: Source) -> str | None:
        match = compiled.search(source.focus) or compiled.search(source.message)
        return match[0] if match else None

    return find


_URL = _found(r"(?:https?|data):[^\s<>\"'\uff09)]+[^\s<>\"'.,;:!?\uff09)]")
_EMAIL = _found(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_DATE = _found(r"\b\d{4}-\d{2}-\d{2}\b")
_DATE_TIME = _found(r"\b\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})")
_TIME = _found(r"\b\d{2}:\d{2}:\d{2}(?:Z|[+-]\d{2}:\d{2})?")
_UUID = _found(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b")
_IPV4 = _found(r"\b(?:\d{1,3}\.){3}\d{1,3}\b")

FORMATS: dict[str, tuple[Callable[[Source], str | None], str]] = {
    "date": (_DATE, EPOCH.date().isoformat()),
    "date-time": (_DATE_TIME, EPOCH.isoformat().replace("+00:00", "Z")),
    "time": (_TIME, "12:00:00Z"),
    "duration": (lambda _: None, "PT5S"),
    "email": (_EMAIL, "someone@example.com"),
    "hostname": (lambda _: None, "example.com"),
    "ipv4": (_IPV4, "192.0.2.1"),
    "ipv6": (lambda _: None, "2001:db8::1"),
    "uri": (_URL, "https://example.com/"),
    "uuid": (_UUID, "00000000-0000-4000-8000-000000000001"),
    "binary": (lambda _: None, "AAAA"),
    "byte": (lambda _: None, "AAAA"),
    "json-string": (lambda _: None, "{}"),
}
"""For each string format of JSON Schema: how it is found in a message, and what is taken if it is not there."""


def _first(values: list[str]) -> str | None:
    return values[0] if values else None


def _proper(source: Source) -> str | None:
    return _first(source.quoted) or _first(source.names)


PLACE = r"city|location|place|country|town|region|state|address"
"""The names of properties that are places."""

_PROPERTIES: tuple[tuple[re.Pattern[str], Callable[[Source], str | None]], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), find)
    for pattern, find in (
        (r"prompt|query|question|description|instruction|task|request|message|body", lambda source: source.words),
        (r"(^|_)(url|uri|link)s?$", lambda source: _URL(source) or FORMATS["uri"][1]),
        (r"e?mail", lambda source: _EMAIL(source) or FORMATS["email"][1]),
        (r"date|day", _DATE),
        (r"origin|departure|(^|_)from", lambda source: source.place_after("from")),
        (r"destination|arrival|(^|_)to($|_)", lambda source: source.place_after("to")),
        (PLACE, lambda source: source.place_after("in", "at", "near", "from", "to", "for", "of", "around")),
        (r"name|title|person|company|customer|author|label", _proper),
        (r"text|phrase|word|term|keyword|content", lambda source: _first(source.quoted)),
    )
)


def string_for(name: str, source: Source) -> str | None:
    """The text that the message has for a property of this name, by what the name is about; or None."""
    for pattern, find in _PROPERTIES:
        if pattern.search(name):
            return find(source)
    return None
