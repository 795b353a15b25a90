"""Tokens, the emulator's own: at most four characters each, and perhaps a space before them."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"\s?\S{1,4}|\s+")


def tokens(text: str) -> list[str]:
    """The text in pieces, which make it up again when joined."""
    return _TOKEN.findall(text)


def count(text: str) -> int:
    """How many tokens the text has."""
    return len(tokens(text))


def cut(text: str, limit: int) -> str:
    """The text's first tokens."""
    return "".join(tokens(text)[:limit])
