"""Messages by `ChatClient`: when it is chosen, where its requests go, and with which headers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, get_args

import httpx
import pytest
from anthropic.types import ModelParam
from messages_wire import HELLO, START, STOP, message, stop
from seacloud_client.chat import ChatClient
from seacloud_client.conversation import Finish, Request, Text, user
from seacloud_client.errors import ConfigurationError
from seacloud_client.folding import Fold
from seacloud_client.models import FACTS, facts_of
from seacloud_client.protocols import choose, get_protocol

ASKED = Request(model="claude-sonnet-4-5", messages=(user("hi"),))
EVENTS = [START, *HELLO, stop(), STOP]


class Service:
    """Answers with a reply, plain or as a stream, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if not json.loads(request.content).get("stream"):
            return httpx.Response(200, json=message({"type": "text", "text": "Hello"}))
        body = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in EVENTS)
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, text=body)


def client(service: Service, **fields: Any) -> ChatClient:
    http = httpx.Client(transport=httpx.MockTransport(service))
    http_async = httpx.AsyncClient(transport=httpx.MockTransport(service))
    return ChatClient(
        api_key="key", base_url="https://x.test/llm", http_client=http, http_async_client=http_async, **fields
    )


@pytest.mark.parametrize("path", [None, "/v1/messages", "/anthropic/v1/messages"])
async def test_requests_go_to_the_path_that_was_chosen(path: str | None):
    service = Service()
    asking = client(service, **({} if path is None else {"messages_path": path}))
    plain = asking.reply(ASKED)
    assert plain.protocol == "messages"
    assert plain.choice.parts == (Text("Hello"),)
    assert plain.choice.finish is Finish.STOP
    others = [
        await asking.areply(ASKED),
        Fold().add_all(asking.stream(ASKED)).reply(),
        Fold().add_all([delta async for delta in asking.astream(ASKED)]).reply(),
    ]
    assert [replace(reply, request_id=None) for reply in others] == [replace(plain, request_id=None)] * 3
    assert {str(request.url) for request in service.asked} == {f"https://x.test/llm{path or '/v1/messages'}"}


def test_a_path_that_the_service_has_not_is_refused():
    with pytest.raises(ConfigurationError, match="'/v1/messages' or '/anthropic/v1/messages'; got '/messages'"):
        ChatClient(messages_path="/messages")  # type: ignore[arg-type]  # what is refused


def test_a_path_for_messages_is_none_for_the_others():
    service = Service()
    with pytest.raises(Exception, match="no chat completion"):
        client(service, messages_path="/anthropic/v1/messages").reply(replace(ASKED, model="gpt-4.1"))
    assert service.asked[0].url.path == "/llm/v1/chat/completions"


def test_the_headers_that_the_reference_demands():
    service = Service()
    asking = client(service)
    asking.reply(ASKED)
    asking.reply(replace(ASKED, extra_headers={"anthropic-version": "x", "anthropic-beta": "b"}))
    headers = [request.headers for request in service.asked]
    assert [header["anthropic-version"] for header in headers] == ["2023-06-01", "x"]
    assert [header["authorization"] for header in headers] == ["Bearer key"] * 2
    assert [header.get("anthropic-beta") for header in headers] == [None, "b"]


NAMES = get_args(get_args(ModelParam)[0])
"""The models that the official SDK knows."""


@pytest.mark.parametrize("model", [*NAMES, "anthropic/claude-sonnet-4-20250514", "claude-3-5-haiku-latest"])
def test_claude_speaks_messages_by_default(model: str):
    assert choose(model) == "messages"
    assert choose(model, "chat_completions") == "chat_completions"
    assert facts_of(model).max_output_tokens


def test_the_table_names_a_way_to_think_for_models_that_think():
    claudes = {name: facts for name, facts in FACTS.items() if name.startswith("claude")}
    assert {bool(facts.thinking) == bool(facts.reasoning) for facts in claudes.values()} == {True}
    assert get_protocol("messages").name == "messages"
