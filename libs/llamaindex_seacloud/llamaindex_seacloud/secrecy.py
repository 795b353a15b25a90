"""What never leaves the process, and what may not be given per call."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from seacloud_client.errors import InvalidInputError

LOCAL = ("api_key", "default_headers", "proxy", "http_client", "http_async_client")
"""Fields that are neither serialised nor shown: they hold credentials, or may, or belong to this process."""

_CREDENTIALS = frozenset(("api_key", "token", "password", "default_headers", "proxy"))
_SECRET_HEADER = re.compile("auth|api-?key|token|secret|cookie|credential|password", re.IGNORECASE)


def refuse_credentials(kwargs: Mapping[str, Any]) -> None:
    """Refuses credentials among a call's parameters: LlamaIndex's events show those to every handler.

    Raises:
        InvalidInputError: if there are any. Nothing was sent, and no event was told of the call.
    """
    given = sorted(_CREDENTIALS & kwargs.keys())
    headers = kwargs.get("extra_headers") or {}
    given += sorted(name for name in headers if _SECRET_HEADER.search(name))
    if given:
        raise InvalidInputError(
            f"{', '.join(given)}: credentials cannot be given per call, since LlamaIndex shows a call's parameters to "
            "its event handlers. Give them to SeaCloud(api_key=..., default_headers=...). Nothing was sent."
        )
