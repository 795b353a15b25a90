"""Parameters and headers that are meant to hold a credential. They have no place in what is traced."""

from __future__ import annotations

import re

_CREDENTIAL = re.compile(
    r"api[-_]?key|password|secret|credential|authorization|(auth|access|bearer)[-_]?token", re.IGNORECASE
)

_SECRET_HEADER = re.compile(
    r"auth(?!ors?$)|api[-_]?key|(^|(?<!idempotency)[-_])key$|token|secret|cookie|credential|password", re.IGNORECASE
)


def names_a_credential(name: str) -> bool:
    """Whether a parameter is meant to hold a credential, by its name: other packages' `openai_api_key`, say."""
    return _CREDENTIAL.search(name) is not None


def names_a_secret_header(name: str) -> bool:
    """Whether a header is meant to hold a credential, by its name: a gateway's `X-Auth-Token`, say."""
    return _SECRET_HEADER.search(name) is not None
