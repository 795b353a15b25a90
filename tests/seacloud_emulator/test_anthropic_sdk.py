"""The official SDK against Messages: it reads what the emulator writes, and a stream comes to the plain answer."""

from __future__ import annotations

from collections.abc import Iterator

import anthropic
import pytest
from anthropic import Anthropic, AsyncAnthropic
from anthropic.types import Message
from anthropic.types.beta import BetaMessage
from pydantic import BaseModel
from seacloud_emulator import Emulator, Fault

from .wire import check_type

MODEL = "claude-sonnet-4-6"
WEATHER = {
    "name": "get_weather",
    "description": "Get the weather.",
    "input_schema": {"type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]},
}
CLOCK = {"name": "get_time", "description": "Tells the time.", "input_schema": {"type": "object", "properties": {}}}
SEARCH = {"type": "web_search_20250305", "name": "web_search"}
THINKING = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
FACTS = "The cat sat on the mat. Ruby was created by Matz in 1993. It is a language."


class Joke(BaseModel):
    setup: str
    punchline: str


@pytest.fixture
def client(seacloud_emulator: Emulator) -> Iterator[Anthropic]:
    with Anthropic(base_url=f"{seacloud_emulator.url}/llm", api_key="sk-emulator", max_retries=0) as client:
        yield client


def user(content):
    return [{"role": "user", "content": content}]


def document(**source):
    return {"type": "document", "title": "facts", "source": source, "citations": {"enabled": True}}


def asking(*blocks):
    return user([*blocks, {"type": "text", "text": "Who created Ruby?"}])


TEXT = {"type": "text", "media_type": "text/plain", "data": FACTS}
BLOCKS = {
    "type": "content",
    "content": [{"type": "text", "text": text} for text in ("The cat sat.", "Ruby is Matz's.")],
}
PDF = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0xLjQK"}
RESULT = {
    "type": "search_result",
    "source": "https://ruby.example",
    "title": "Ruby",
    "content": [{"type": "text", "text": "Matz created Ruby."}],
    "citations": {"enabled": True},
}

REQUESTS = {
    "text": {"messages": user("Hello 你好 🐈")},
    "system, settings": {
        "messages": user("Hello"),
        "system": [{"type": "text", "text": "Be kind."}],
        "metadata": {"user_id": "u"},
    },
    "a call": {"messages": user("What is the weather in Paris?"), "tools": [WEATHER]},
    "a call without arguments": {"messages": user("Use get_time"), "tools": [CLOCK]},
    "parallel calls": {"messages": user("What is the weather in Paris and Tokyo?"), "tools": [WEATHER]},
    "thinking": {"messages": user("Hello"), **THINKING},
    "thinking omitted": {"messages": user("Hello"), "thinking": {"type": "adaptive", "display": "omitted"}},
    "thinking redacted": {"messages": user("[redact] Hello"), **THINKING},
    "thinking and a call": {"messages": user("What is the weather in Oslo?"), "tools": [WEATHER], **THINKING},
    "refusal": {"messages": user("[refuse]")},
    "cut": {"messages": user("Hello"), "max_tokens": 3},
    "stopped": {"messages": user("Hello"), "stop_sequences": ["nowhere", "emulator"]},
    "cited text": {"messages": asking(document(**TEXT))},
    "cited blocks": {"messages": asking(document(**BLOCKS))},
    "cited pages": {"messages": asking(document(**PDF))},
    "cited result": {"messages": asking(RESULT)},
    "search": {"messages": user("Search the web for cats"), "tools": [SEARCH]},
    "pause": {"messages": user("[pause] Search the web for cats"), "tools": [SEARCH]},
    "cache": {
        "messages": user([{"type": "text", "text": "Hello", "cache_control": {"type": "ephemeral", "ttl": "1h"}}])
    },
    "schema": {
        "messages": user("Tell me a joke about cats."),
        "output_config": {
            "format": {"type": "json_schema", "schema": {**Joke.model_json_schema(), "additionalProperties": False}}
        },
    },
}


def bare(message):
    """A message but for its ids, and for what the second of two requests finds in the cache."""
    dumped = message.model_dump(mode="json", exclude={"id"}, exclude_none=True)
    for block in dumped["content"]:
        for name in ("id", "tool_use_id", "parsed_output"):
            block.pop(name, None)
    usage = dumped["usage"]
    cached = [usage.pop("cache_read_input_tokens"), usage.pop("cache_creation_input_tokens")]
    usage.pop("cache_creation")
    return {**dumped, "prompt_tokens": usage.pop("input_tokens") + sum(cached)}


@pytest.mark.parametrize("request_body", REQUESTS.values(), ids=REQUESTS.keys())
@pytest.mark.parametrize("beta", [False, True], ids=["stable", "beta"])
def test_the_accumulator_comes_to_the_plain_answer(client, request_body, beta):
    body = {"model": MODEL, "max_tokens": 2000, **request_body}
    api = client.beta.messages if beta else client.messages
    plain = api.create(**body)
    check_type(BetaMessage if beta else Message, plain.to_dict(mode="json"))
    with api.stream(**body) as stream:
        assert bare(stream.get_final_message()) == bare(plain)


@pytest.mark.parametrize("path", ["/llm", "/llm/anthropic"])
def test_both_paths_and_both_ways_to_show_a_key(seacloud_emulator, path):
    for key in ({"api_key": "sk-emulator"}, {"auth_token": "sk-emulator", "api_key": None}):
        with Anthropic(base_url=seacloud_emulator.url + path, max_retries=0, **key) as client:
            answer = client.messages.create(model=MODEL, max_tokens=100, messages=user("Hello 你好"))
        assert "Hello 你好" in answer.content[0].text
        assert (answer.model, answer.role, answer.stop_reason) == (MODEL, "assistant", "end_turn")


async def test_async_streaming(seacloud_emulator):
    url = f"{seacloud_emulator.url}/llm"
    async with (
        AsyncAnthropic(base_url=url, api_key="sk-emulator", max_retries=0) as client,
        client.messages.stream(model=MODEL, max_tokens=100, messages=user("Hello 你好")) as stream,
    ):
        text = "".join([text async for text in stream.text_stream])
    assert "Hello 你好" in text


@pytest.mark.parametrize("extra", [{}, THINKING, {"thinking": {"type": "adaptive", "display": "omitted"}}], ids=str)
def test_tools_to_the_answer_with_the_turn_sent_back(client, extra):
    fixed = {"model": MODEL, "max_tokens": 2000, "tools": [WEATHER], **extra}
    messages = user("What is the weather in Paris and Tokyo?")
    first = client.messages.create(messages=messages, **fixed)
    calls = [block for block in first.content if block.type == "tool_use"]
    assert first.stop_reason == "tool_use"
    assert [call.input for call in calls] == [{"location": "Paris"}, {"location": "Tokyo"}]
    picture = {"type": "image", "source": {"type": "url", "url": "https://example.com/sun.png"}}
    results = [
        {"type": "tool_result", "tool_use_id": calls[0].id, "content": "Sunny"},
        {"type": "tool_result", "tool_use_id": calls[1].id, "content": [{"type": "text", "text": "Rain"}, picture]},
    ]
    messages += [first.to_param(), {"role": "user", "content": results}]
    last = client.messages.create(messages=messages, **fixed)
    assert "Sunny; Rain and one image (at https://example.com/sun.png)" in last.content[-1].text
    assert [block.type for block in last.content] == (["thinking", "text"] if extra else ["text"])


def test_a_search_and_a_pause_are_sent_back(client):
    fixed = {"model": MODEL, "max_tokens": 2000, "tools": [SEARCH]}
    messages = user("[pause] Search the web for cats")
    first = client.messages.create(messages=messages, **fixed)
    assert first.stop_reason == "pause_turn"
    assert [block.type for block in first.content] == ["server_tool_use", "web_search_tool_result"]
    assert first.usage.server_tool_use.web_search_requests == 1
    messages.append(first.to_param())
    second = client.messages.create(messages=messages, **fixed)
    assert second.stop_reason == "end_turn"
    cited = [block for block in second.content if block.citations]
    assert [block.citations[0].url for block in cited] == ["https://example.com/cats", "https://example.org/cats"]
    whole = [{"role": "assistant", "content": [*first.content, *second.content]}]
    third = client.messages.create(
        messages=[*user("[pause] Search the web for cats"), *whole, *user("Thanks")], **fixed
    )
    assert third.content[0].text.startswith("You said “Thanks”")


def test_citations_give_the_places_in_the_document(client):
    answer = client.messages.create(model=MODEL, max_tokens=500, messages=asking(document(**TEXT)))
    [citation] = [citation for block in answer.content for citation in block.citations or ()]
    assert citation.cited_text == FACTS[citation.start_char_index : citation.end_char_index]
    assert "Matz" in citation.cited_text
    assert (citation.document_index, citation.document_title) == (0, "facts")


def test_a_schema_is_parsed(client):
    body = {"model": MODEL, "max_tokens": 500, "messages": user("Tell me a joke about cats."), "output_format": Joke}
    answer = client.messages.parse(**body)
    assert isinstance(answer.parsed_output, Joke)
    assert "cats" in answer.parsed_output.setup
    with client.messages.stream(**body) as stream:
        assert stream.get_final_message().parsed_output == answer.parsed_output


def test_the_cache_is_written_and_read(client):
    system = [{"type": "text", "text": "Be kind. " * 50, "cache_control": {"type": "ephemeral"}}]
    first, second = (
        client.messages.create(model=MODEL, max_tokens=100, system=system, messages=user(text)).usage
        for text in ("Hello", "Hello")
    )
    assert first.cache_creation_input_tokens == first.cache_creation.ephemeral_5m_input_tokens > 100
    assert (first.cache_read_input_tokens, second.cache_creation_input_tokens) == (0, 0)
    assert second.cache_read_input_tokens == first.cache_creation_input_tokens
    assert second.input_tokens == first.input_tokens > 0


def test_errors_are_of_the_classes_that_they_are_to_be(seacloud_emulator, client):
    body = {"model": MODEL, "max_tokens": 100, "messages": user("Hello")}
    with pytest.raises(anthropic.BadRequestError, match="temperature") as bad:
        client.messages.create(**{**body, "extra_body": {"temperature": 2}})
    assert bad.value.body["type"] == "error"
    with pytest.raises(anthropic.PermissionDeniedError, match="invalid_api_key"):
        client.with_options(api_key="sk-invalid").messages.create(**body)
    for status, kind in (
        (429, anthropic.RateLimitError),
        (529, anthropic.InternalServerError),
        (404, anthropic.NotFoundError),
    ):
        seacloud_emulator.faults.add(Fault(status=status))
        with pytest.raises(kind) as failed:
            client.messages.create(**body)
        assert failed.value.body["type"] == "error"
    seacloud_emulator.faults.add(Fault(stream_error=4))
    with pytest.raises(anthropic.APIStatusError, match="The stream broke"):
        list(client.messages.create(**body, stream=True))
    overloaded = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    seacloud_emulator.faults.add(Fault(stream_error=0, stream_error_body=overloaded))
    with pytest.raises(anthropic.APIStatusError, match="overloaded_error"):
        list(client.messages.create(**body, stream=True))
