"""What no client can go below: the same bytes over bare httpx, split, parsed and concatenated."""

from __future__ import annotations

import json
from typing import Any

import httpx

PATHS = {"chat_completions": "/v1/chat/completions", "responses": "/v1/responses", "messages": "/v1/messages"}


def _chat_fragment(event: Any) -> str | None:
    calls = event["choices"][0]["delta"].get("tool_calls") if event["choices"] else None
    return calls[0]["function"].get("arguments") if calls else None


_TEXT = {
    "chat_completions": lambda event: event["choices"][0]["delta"].get("content") if event["choices"] else None,
    "responses": lambda event: event["delta"] if event["type"] == "response.output_text.delta" else None,
    "messages": lambda event: event["delta"].get("text") if event["type"] == "content_block_delta" else None,
}
_FRAGMENT = {
    "chat_completions": _chat_fragment,
    "responses": lambda event: event["delta"] if event["type"] == "response.function_call_arguments.delta" else None,
    "messages": lambda event: event["delta"].get("partial_json") if event["type"] == "content_block_delta" else None,
}


class Bare:
    """The bare loop over one protocol."""

    def __init__(self, root: str, protocol: str, kind: str = "text") -> None:
        self._url = root + PATHS[protocol]
        self._read = (_TEXT if kind == "text" else _FRAGMENT)[protocol]
        self._client = httpx.Client()
        self._async_client = httpx.AsyncClient()

    def plain(self) -> Any:
        return self._client.post(self._url, json={"model": "bench"}).json()

    async def aplain(self) -> Any:
        return (await self._async_client.post(self._url, json={"model": "bench"})).json()

    def stream(self) -> str:
        text: list[str] = []
        with self._client.stream("POST", self._url, json={"model": "bench", "stream": True}) as response:
            pending = b""
            for data in response.iter_bytes():
                pending = self._take(pending + data, text)
        return "".join(text)

    async def astream(self) -> str:
        text: list[str] = []
        async with self._async_client.stream("POST", self._url, json={"model": "bench", "stream": True}) as response:
            pending = b""
            async for data in response.aiter_bytes():
                pending = self._take(pending + data, text)
        return "".join(text)

    def _take(self, data: bytes, text: list[str]) -> bytes:
        *events, pending = data.split(b"\n\n")
        for event in events:
            payload = event.partition(b"data: ")[2]
            if payload != b"[DONE]":
                piece = self._read(json.loads(payload))
                if piece:
                    text.append(piece)
        return pending
