"""The proofs that thinking and search results are the emulator's own, and so may come back."""

from __future__ import annotations

import hashlib
from typing import Any

from seacloud_emulator.brain.seals import seal, unseal

_FOREIGN = frozenset(("f2f7d6eaa64a46538021193bfc81eb9aa64c4481d568de576478c2197f09cda6",))
"""Hashes of thinking with its signature that the real service made, and public test suites send: it takes them, so the
emulator does. There is one, in `test_anthropic_inputs` of langchain-tests."""

_OMITTED, _SHOWN = "omitted\0", "shown\0"


def sign(thinking: str, *, omitted: bool) -> str:
    """The signature of thinking, of which nothing is shown if it is omitted."""
    return seal("thinking", (_OMITTED if omitted else _SHOWN) + thinking)


def is_signed(signature: Any) -> bool:
    """Whether a signature is the emulator's."""
    return unseal("thinking", signature) is not None


def is_unchanged(thinking: str, signature: str) -> bool:
    """Whether thinking is what was shown of what is signed."""
    content = unseal("thinking", signature) or ""
    return thinking == ("" if content.startswith(_OMITTED) else content.removeprefix(_SHOWN))


def is_foreign(thinking: str, signature: str) -> bool:
    """Whether this is thinking of the real service's that is known."""
    return hashlib.sha256(f"{thinking}\0{signature}".encode("utf-8", "replace")).hexdigest() in _FOREIGN


def redact(thinking: str) -> str:
    """Thinking that is not shown."""
    return seal("redacted_thinking", thinking)


def is_redacted(data: Any) -> bool:
    """Whether redacted thinking is the emulator's."""
    return unseal("redacted_thinking", data) is not None


def encrypt_result(text: str) -> str:
    """The content of a search result, which is not for the caller to read."""
    return seal("web_search", text)


def is_encrypted_result(data: Any) -> bool:
    """Whether the content of a search result is the emulator's."""
    return unseal("web_search", data) is not None
