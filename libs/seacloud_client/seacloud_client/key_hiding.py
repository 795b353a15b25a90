"""The key, taken out of what the service says: it may quote the request, and what it says may end up in a log."""

from __future__ import annotations

from typing import Any

import httpx

from seacloud_client.errors import SeaCloudError
from seacloud_client.settings import without_key


def hide_key(error: SeaCloudError, response: httpx.Response) -> None:
    """Takes the key out of an error that came in the body of an answer, in whichever way."""
    error.message = _hidden(error.message, response)
    for name in ("code", "request_id", "body", "headers"):
        setattr(error, name, _hidden(getattr(error, name), response))


def _hidden(value: Any, response: httpx.Response) -> Any:
    if isinstance(value, str):  # the key is in no variable, which a traceback could show
        return without_key(value, response.request.headers.get("authorization", "").partition(" ")[2])
    if isinstance(value, dict):
        return {_hidden(name, response): _hidden(inner, response) for name, inner in value.items()}
    if isinstance(value, list):
        return [_hidden(inner, response) for inner in value]
    return value
