"""The prompt cache: which prefixes were marked for caching, so that the second request finds them."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable
from dataclasses import dataclass

from seacloud_emulator.brain.question import Turn


@dataclass(frozen=True)
class Piece:
    """A piece of a prompt.

    Attributes:
        content: what it is, but for the mark.
        tokens: what it counts for.
        marked: whether a prefix that is to be cached ends with it.
    """

    content: str
    tokens: int
    marked: bool


@dataclass(frozen=True)
class Cached:
    """How many tokens of a prompt were found in the cache, and how many were put into it."""

    read: int
    written: int


class PromptCache:
    """Remembers prefixes of conversations by their hash. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: set[str] = set()

    def look_up(self, model: str, turns: tuple[Turn, ...]) -> int:
        """The tokens of the longest marked prefix of turns that was seen before; remembers all marked ones."""
        pieces = (
            Piece(repr((turn.role, turn.text, turn.attachments, turn.calls)), turn.tokens, turn.cached_to_here)
            for turn in turns
        )
        return self.find(model, pieces).read

    def find(self, model: str, pieces: Iterable[Piece]) -> Cached:
        """The tokens of the longest prefix up to a mark that was marked before, and of what is marked behind it."""
        digest = hashlib.sha256(model.encode())
        total = known = read = marked = 0
        with self._lock:
            for piece in pieces:
                total += piece.tokens
                digest.update(piece.content.encode("utf-8", "replace") + b"\0")
                key = digest.hexdigest()
                known = total if key in self._known else known
                if piece.marked:
                    marked, read = total, known
                    self._known.add(key)
        return Cached(read, marked - read)

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._known.clear()
