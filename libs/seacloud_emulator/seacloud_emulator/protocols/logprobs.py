"""Made-up probabilities of tokens, as OpenAI's protocols show them. The numbers come from a token's hash."""

from __future__ import annotations

import hashlib
from typing import Any

from seacloud_emulator.brain import tokens


def token_logprobs(text: str, most: int) -> list[dict[str, Any]]:
    """The tokens of a text with their probabilities, and for each as many less probable ones as are wanted."""
    return [_token_logprob(token, most) for token in tokens.tokens(text)]


def _token_logprob(token: str, most: int) -> dict[str, Any]:
    logprob = -(hashlib.sha256(token.encode()).digest()[0] + 1) / 1000
    others = [(f"{token}{'~' * place}", logprob - place) for place in range(most)]
    return {**_one(token, logprob), "top_logprobs": [_one(*other) for other in others]}


def _one(token: str, logprob: float) -> dict[str, Any]:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode())}
