"""Taking credentials out of what is traced, shown or serialised.

The key itself is a `SecretStr` and a secret of LangChain's. These are the others: tokens that remote MCP servers want
(in a tool's or a parameter's JSON), and headers, queries and proxies with credentials.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from seacloud_client.credentials import names_a_secret_header

HIDDEN = "**REDACTED**"

_SECRET_NAMES = re.compile(
    r"authorization|api[-_]?key|cookie|password|secret|credential|(^|[-_])token$|(^|[-_])key$", re.IGNORECASE
)
_NO_SECRETS = frozenset(("prompt_cache_key",))
"""Names of parameters that only sound like secrets."""

_HEADERS = frozenset(("headers", "extra_headers", "default_headers"))


def redacted(value: Any) -> Any:
    """The same JSON without credentials: values of secret names, and of all headers but a few.

    Anything that is not JSON stays as it is.
    """
    if isinstance(value, Mapping):
        return {name: _redacted_field(name, inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [redacted(item) for item in value]
    return value


def _redacted_field(name: Any, value: Any) -> Any:
    if not isinstance(name, str):
        return redacted(value)
    if name in _HEADERS and isinstance(value, Mapping):
        return dict.fromkeys(value, HIDDEN)  # any of them may be a credential; the names show that they are set
    if isinstance(value, (str, bytes)) and name not in _NO_SECRETS and _SECRET_NAMES.search(name):
        return HIDDEN
    return redacted(value)


def without_redacted(value: Any) -> Any:
    """JSON without its credentials, for what may be sent some day: with no mark in their places."""
    return _without_marks(redacted(value))


def _without_marks(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_marks(inner) for name, inner in value.items() if inner != HIDDEN}
    return [_without_marks(item) for item in value] if isinstance(value, list) else value


def without_secret_headers(headers: Mapping[str, str] | None) -> dict[str, str] | None:
    """Headers, or parameters of a query, without those whose names say that they are credentials."""
    if headers is None:
        return None
    return {name: value for name, value in headers.items() if not names_a_secret_header(name)}


def address_without_user(address: str | None) -> str | None:
    """An address without a user's name and password."""
    if not address or "@" not in address:
        return address
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
