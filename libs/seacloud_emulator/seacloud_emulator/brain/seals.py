"""Proofs that a text is the emulator's own: signatures of reasoning, and what stands in for encrypted content.

A sealed text comes back as it was, or not at all. The key is fixed, so that what one emulator sealed another opens: a
conversation outlives a restart.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

_KEY = b"seacloud-emulator"
_PROOF_BYTES = 16


def seal(kind: str, content: str) -> str:
    """The content sealed, as base64.

    Args:
        kind: what it is, such as `thinking`: a seal of one kind is none of another.
        content: what is sealed.
    """
    encoded = content.encode("utf-8", "surrogatepass")
    return base64.b64encode(_proof(kind, encoded) + encoded).decode("ascii")


def unseal(kind: str, sealed: object) -> str | None:
    """The content of a seal of this kind, or None if it is not the emulator's."""
    try:
        raw = base64.b64decode(str(sealed), validate=True)
    except (binascii.Error, ValueError):
        return None
    proof, encoded = raw[:_PROOF_BYTES], raw[_PROOF_BYTES:]
    if not hmac.compare_digest(proof, _proof(kind, encoded)):
        return None
    return encoded.decode("utf-8", "surrogatepass")


def _proof(kind: str, encoded: bytes) -> bytes:
    return hmac.digest(_KEY, kind.encode() + b"\0" + encoded, hashlib.sha256)[:_PROOF_BYTES]
