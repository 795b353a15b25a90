"""What the tests of Responses and Messages share: posting, reading streams, and the official SDKs' types as a judge."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import httpx
from pydantic import BaseModel, TypeAdapter

RESPONSES = "/llm/openai/v1/responses"
MESSAGES = "/llm/v1/messages"

BEYOND_THE_TYPES = {"store"}
"""What the real services send (all recordings of Responses have it) though the SDK's types lack it."""


def post(http: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Posts a request that succeeds, and gives its answer."""
    answer = http.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def events_of(http: httpx.Client, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
    """Posts a request that is streamed, and gives its events; each is named as its data says."""
    answer = http.post(path, json={**body, "stream": True})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = []
    for block in answer.text.strip().split("\n\n"):
        name, data = block.split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        events.append(event)
    return events


def steps(events: list[dict[str, Any]]) -> list[str]:
    """The kinds of events in their order, those that follow each other once; an item or block with its own kind."""
    found: list[str] = []
    for event in events:
        inner = event.get("item") or event.get("content_block") or event.get("delta")
        step = f"{event['type']} {inner['type']}" if isinstance(inner, dict) and "type" in inner else event["type"]
        if not found or found[-1] != step:
            found.append(step)
    return found


def check_type(kind: Any, data: Any) -> None:
    """Asserts that JSON is of a type of the SDK's: nothing is missing, and nothing is there that the type lacks."""
    model = _adapter(kind).validate_python(data)
    unknown = {name for name in _unknown(model) if name.rpartition(".")[2] not in BEYOND_THE_TYPES}
    assert not unknown, unknown


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _unknown(value: Any, path: str = "") -> Iterator[str]:
    if isinstance(value, BaseModel):
        yield from (f"{path}.{name}" for name in value.model_extra or {})
        for name in type(value).model_fields:
            yield from _unknown(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _unknown(item, f"{path}.{place}")
