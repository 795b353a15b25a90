"""What never leaves the process, and what may not be given per call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from seacloud_client.call_parameters import not_known
from seacloud_client.credentials import misplaced, names_a_credential, names_a_secret_header
from seacloud_client.errors import InvalidInputError

LOCAL = ("api_key", "default_headers", "default_query", "proxy", "http_client", "http_async_client")
"""Fields that are neither serialised nor shown: they hold credentials, or may, or belong to this process."""

_NAMED: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("extra_headers", names_a_secret_header),
    ("extra_query", names_a_secret_header),
    ("extra_body", names_a_credential),  # a body's `prompt_cache_key` would be a header's credential
)
"""Parameters of a call that could name a credential, and how that is known."""


def problem_of(kwargs: Mapping[str, Any]) -> str | None:
    """What is wrong with a call's parameters that are, or hold, credentials or settings of the connection."""
    problem = misplaced(not_known(kwargs), of="SeaCloud")
    if problem is not None:
        return problem
    secret = next((name for place, is_secret in _NAMED for name in kwargs.get(place) or () if is_secret(name)), None)
    if secret is not None:
        return (
            f"{secret}: credentials cannot be given as parameters of a call, which LlamaIndex shows to its event "
            "handlers. Give them to SeaCloud(api_key=..., default_headers=..., default_query=...)."
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
