r"""Halves of surrogate pairs in JSON: escapes such as `\ud83d` without their other half, which no text may hold.

Gateways that count in UTF-16 cut a character beyond U+FFFF in two: each half in an event of its own, or the first one
alone where the reply met its limit. JSON's grammar allows it, and OpenAI's SDK reads it, but what holds a half cannot
be encoded, sent or written to a file. So a half becomes U+FFFD, and two that were cut apart are joined: in the bytes,
so that nobody behind ever sees one.
"""

from __future__ import annotations

import re

_HIGH = rb"\\u[dD][89abAB][0-9a-fA-F]{2}"
_LOW = rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
# A quotation mark before an escape begins a text: one that ends it has no escape behind it.
_ESCAPES = re.compile(
    rb'%s%s|(?P<last>%s)"|"(?P<first>%s)|(?P<lone>%s|%s)|\\.' % (_HIGH, _LOW, _HIGH, _LOW, _HIGH, _LOW), re.DOTALL
)
_INSTEAD = {"last": rb'\ufffd"', "first": rb'"\ufffd', "lone": rb"\ufffd"}


def mended(data: bytes) -> bytes:
    """The JSON with U+FFFD for each half that is alone."""
    return _ESCAPES.sub(lambda found: _INSTEAD.get(found.lastgroup or "", found[0]), data)


def is_cut(data: bytes) -> bool:
    """Whether a text of the JSON ends with the first half of a character."""
    return bool(_halves(data, "last"))


def joined(before: bytes, behind: bytes) -> tuple[bytes, bytes]:
    """Two events' JSON, with what was cut apart between them joined, if it was one character; the former is mended."""
    high, low = _halves(before, "last"), _halves(behind, "first")
    if len(high) == len(low) == 1:
        whole = b'"' + high.pop() + low.pop()
        before = _ESCAPES.sub(lambda found: b'"' if found.lastgroup == "last" else found[0], before)
        behind = _ESCAPES.sub(lambda found: whole if found.lastgroup == "first" else found[0], behind)
    return mended(before), behind


def _halves(data: bytes, place: str) -> set[bytes]:
    return {found[place] for found in _ESCAPES.finditer(data) if found.lastgroup == place}
