"""The official SDKs' own clients, answered with a recorded body instead of a network."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
from anthropic import Anthropic
from openai import OpenAI

from .recordings import Recording

_ADDRESS = "https://recorded.invalid"


def _http_client(recording: Recording) -> httpx2.Client:
    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(
            recording.status, headers=recording.headers, content=recording.response.encode(), request=request
        )

    return httpx2.Client(transport=httpx2.MockTransport(answer))


@contextmanager
def openai_client(recording: Recording) -> Iterator[OpenAI]:
    """The openai SDK, whose next answer is the recording."""
    http = _http_client(recording)
    with (
        unexpected_types_allowed(),
        OpenAI(api_key="none", base_url=_ADDRESS, max_retries=0, http_client=http) as client,
    ):
        yield client


@contextmanager
def anthropic_client(recording: Recording) -> Iterator[Anthropic]:
    """The anthropic SDK, whose next answer is the recording."""
    http = _http_client(recording)
    with (
        unexpected_types_allowed(),
        Anthropic(api_key="none", base_url=_ADDRESS, max_retries=0, http_client=http) as client,
    ):
        yield client


@contextmanager
def unexpected_types_allowed() -> Iterator[None]:
    """Let the SDKs dump what gateways send beyond the types: pydantic's serializer warns of it."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Pydantic serializer warnings", category=UserWarning)
        yield


def dump(model: Any) -> dict[str, Any]:
    """Return an SDK model as the JSON that was sent: fields it does not know included, unset ones not."""
    dumped: dict[str, Any] = model.to_dict(mode="json", warnings=False)
    return dumped
