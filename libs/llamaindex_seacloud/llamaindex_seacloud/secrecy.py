"""What never leaves the process, and what may not be given per call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from seacloud_client.call_parameters import not_known
from seacloud_client.credentials import misplaced, names_a_secret_header
from seacloud_client.errors import InvalidInputError

LOCAL = ("api_key", "default_headers", "proxy", "http_client", "http_async_client")
"""Fields that are neither serialised nor shown: they hold credentials, or may, or belong to this process."""


def problem_of(kwargs: Mapping[str, Any]) -> str | None:
    """What is wrong with a call's parameters that are, or hold, credentials or settings of the connection."""
    problem = misplaced(not_known(kwargs), of="SeaCloud")
    if problem is not None:
        return problem
    header = next((name for name in kwargs.get("extra_headers") or {} if names_a_secret_header(name)), None)
    if header is not None:
        return (
            f"{header}: credentials cannot be given as parameters of a call, which LlamaIndex shows to its event "
            "handlers. Give them to SeaCloud(api_key=..., default_headers=...)."
        )
    return None


def refuse_credentials(kwargs: Mapping[str, Any]) -> None:
    """Refuses credentials among a call's parameters, and what other packages call the settings of the connection.

    LlamaIndex's events show a call's parameters to every handler. What is not known among them would go into the
    request's body, too.

    Raises:
        InvalidInputError: if there are any. Nothing was sent, and no event was told of the call.
    """
    problem = problem_of(kwargs)
    if problem is not None:
        raise InvalidInputError(f"{problem} Nothing was sent.")
