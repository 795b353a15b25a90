"""What the emulator's tests share: clients that point at it."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from seacloud_emulator import Emulator

NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""The emulator speaks no TLS, and to read all authorities takes longer than most tests."""


@pytest.fixture
def http(seacloud_emulator: Emulator) -> Iterator[httpx.Client]:
    """A client of the emulator with a good key."""
    headers = {"authorization": "Bearer sk-test"}
    with httpx.Client(base_url=seacloud_emulator.url, headers=headers, verify=NO_AUTHORITIES) as client:
        yield client


@pytest.fixture
def chat(http: httpx.Client) -> Callable[..., httpx.Response]:
    """Posts a chat request: a message or a list of messages, and further fields."""

    def post(messages: Any, headers: dict[str, str] | None = None, **fields: Any) -> httpx.Response:
        if isinstance(messages, str):
            messages = [{"role": "user", "content": messages}]
        body = {"model": "gpt-4.1", "messages": messages, **fields}
        return http.post("/llm/v1/chat/completions", json=body, headers=headers)

    return post


@pytest.fixture
def said(chat: Callable[..., httpx.Response]) -> Callable[..., dict[str, Any]]:
    """Posts a chat request that succeeds, and gives its first choice's message."""

    def post(messages: Any, **fields: Any) -> dict[str, Any]:
        answer = chat(messages, **fields)
        assert answer.status_code == 200, answer.text
        return answer.json()["choices"][0]["message"]

    return post
