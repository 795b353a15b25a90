"""Parameters and headers that are meant to hold a credential, and others that have no place in a request's body.

Neither have they in what is traced.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

_CREDENTIAL = re.compile(
    r"api[-_]?key|password|secret|credential|authorization|(auth|access|bearer)[-_]?token|^token$", re.IGNORECASE
)

_SECRET_HEADER = re.compile(
    r"auth(?!ors?$)|api[-_]?key|(^|(?<!idempotency)[-_])key$|token|secret|cookie|credential|password", re.IGNORECASE
)

_TO_KEY = "pass the key to {}(api_key=...), or set SEACLOUD_API_KEY; a gateway's own belongs into default_headers"
_TO_HEADERS = "pass headers to {}(default_headers=...)"
_TO_PROXY = "pass a proxy's address to {}(proxy=...)"
_TO_CLIENT = "pass a client to {0}(http_client=...), or for async calls to {0}(http_async_client=...)"
_TO_ADDRESS = "pass the service's address to {}(base_url=...), or set SEACLOUD_BASE_URL"

_SETTINGS_OF_OTHERS = (
    (r"prox(y|ies)", _TO_PROXY),
    (r"headers?$", _TO_HEADERS),
    (r"(^|_)a?client$|client_(args|kwargs|options)$|http_?(async_?)?client", _TO_CLIENT),
    (r"(base|api|server|service|host|gateway|endpoint)[-_]?(base|ur[il]|host|address|endpoint)$", _TO_ADDRESS),
    (r"(^|[-_])endpoint$|^(ur[il]|host|base)$", _TO_ADDRESS),
)
"""What other packages call their settings of the connection (`openai_proxy`, `api_base`), and what is meant here. They
are compiled when a name is not known, and not with each import."""

_MISSPELT = {"api_key": _TO_KEY, "base_url": _TO_ADDRESS}
"""Settings that matter too much for a slip of the pen to send what they hold elsewhere."""

_ADDRESS_WITH_USER = r"\s*[a-z][a-z0-9+.-]*://[^/?#\s@]+@\S*\s*"


def names_a_credential(name: str) -> bool:
    """Whether a parameter is meant to hold a credential, by its name: other packages' `openai_api_key`, say."""
    return _CREDENTIAL.search(name) is not None


def names_a_secret_header(name: str) -> bool:
    """Whether a header is meant to hold a credential, by its name: a gateway's `X-Auth-Token`, say."""
    return _SECRET_HEADER.search(name) is not None


def misplaced(unknown: Mapping[str, Any], *, of: str) -> str | None:
    """What is wrong with parameters that are not known, and so go into the body, as a sentence; `None` for nothing.

    They are wrong there if they mean a setting of the connection, or hold a credential: the prompt would go to another
    address than was meant, or the credential to the service and into traces. What they hold is not shown.

    Args:
        unknown: the parameters.
        of: the class that takes what is meant.
    """
    for name, value in unknown.items():
        remedy = _by_name(name) or _by_value(value)
        if remedy is not None:
            return f"{name!r} would go into the request's body, where it does not belong: {remedy.format(of)}."
    return None


def _by_name(name: str) -> str | None:
    if names_a_credential(name):
        return _TO_KEY
    remedy = next((remedy for form, remedy in _SETTINGS_OF_OTHERS if re.search(form, name, re.IGNORECASE)), None)
    if remedy is not None:
        return remedy
    meant = get_close_matches(name.lower(), _MISSPELT, n=1, cutoff=0.85)
    return _MISSPELT[meant[0]] if meant else None


def _by_value(value: Any) -> str | None:
    inner: Iterable[Any] = ()
    if isinstance(value, Mapping):
        if any(_is_secret_header(name, text) for name, text in value.items()):
            return _TO_HEADERS
        inner = value.values()
    elif isinstance(value, (list, tuple)):
        inner = value
    is_address = any(
        isinstance(text, str) and re.fullmatch(_ADDRESS_WITH_USER, text, re.IGNORECASE) for text in (value, *inner)
    )
    return f"it holds an address with a user's name; {_TO_PROXY}" if is_address else None


def _is_secret_header(name: Any, value: Any) -> bool:
    return isinstance(name, str) and isinstance(value, (str, bytes)) and names_a_secret_header(name)
