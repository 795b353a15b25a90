"""Parameters that are meant to hold a credential. They have no place in a request's body, nor in what is traced."""

from __future__ import annotations

import re

_CREDENTIAL = re.compile(
    r"api[-_]?key|password|secret|credential|authorization|(auth|access|bearer)[-_]?token", re.IGNORECASE
)


def names_a_credential(name: str) -> bool:
    """Whether a parameter is meant to hold a credential, by its name: other packages' `openai_api_key`, say."""
    return _CREDENTIAL.search(name) is not None
