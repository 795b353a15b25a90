"""What never leaves the process, and what may not be given per call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seacloud_client.credentials import names_a_credential, names_a_secret_header
from seacloud_client.errors import InvalidInputError

LOCAL = ("api_key", "default_headers", "proxy", "http_client", "http_async_client")
"""Fields that are neither serialised nor shown: they hold credentials, or may, or belong to this process."""

_OTHERS = frozenset(("token", "default_headers", "proxy"))
"""Parameters that are credentials, or hold them, besides those whose names say so."""


def credentials_among(kwargs: Mapping[str, Any]) -> list[str]:
    """The names of a call's parameters that are credentials, its headers included."""
    given = sorted(name for name in kwargs if name in _OTHERS or names_a_credential(name))
    return given + sorted(name for name in kwargs.get("extra_headers") or {} if names_a_secret_header(name))


def refuse_credentials(kwargs: Mapping[str, Any]) -> None:
    """Refuses credentials among a call's parameters: LlamaIndex's events show those to every handler.

    What is not known among them would go into the request's body, too.

    Raises:
        InvalidInputError: if there are any. Nothing was sent, and no event was told of the call.
    """
    given = credentials_among(kwargs)
    if given:
        raise InvalidInputError(
            f"{', '.join(given)}: credentials cannot be given as parameters of a call, which LlamaIndex shows to its "
            "event handlers. Give them to SeaCloud(api_key=..., default_headers=...). Nothing was sent."
        )
