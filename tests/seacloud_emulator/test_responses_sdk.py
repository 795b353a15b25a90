"""The official SDK against Responses: it reads what the emulator writes, and a stream comes to the plain answer."""

from __future__ import annotations

import json
from collections.abc import Iterator

import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from openai.types.responses import Response
from pydantic import BaseModel
from seacloud_emulator import Emulator, Fault

from .wire import check_type

MODEL = "gpt-5.5"
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Get the weather.",
    "strict": True,
    "parameters": {
        "type": "object",
        "properties": {"location": {"type": "string"}},
        "required": ["location"],
        "additionalProperties": False,
    },
}
SHELL = {"type": "custom", "name": "run_python", "description": "Run Python code."}
ENCRYPTED = {"include": ["reasoning.encrypted_content"], "store": False}
REASONING = {"reasoning": {"effort": "low", "summary": "auto"}}


class Joke(BaseModel):
    setup: str
    punchline: str


@pytest.fixture
def client(seacloud_emulator: Emulator) -> Iterator[OpenAI]:
    url = f"{seacloud_emulator.url}/llm/openai/v1"
    with OpenAI(base_url=url, api_key="sk-emulator", max_retries=0) as client:
        yield client


REQUESTS = {
    "text": {"input": "Hello 你好 🐈"},
    "instructions, settings": {
        "input": "Hello",
        "instructions": "Be kind.",
        "temperature": 0.5,
        "metadata": {"a": "b"},
    },
    "a call": {"input": "What is the weather in Paris?", "tools": [WEATHER]},
    "parallel calls": {"input": "What is the weather in Paris and Tokyo?", "tools": [WEATHER]},
    "a custom call": {"input": "Use run_python with 'print(1)'", "tools": [SHELL]},
    "reasoning": {"input": "Hello", **REASONING, **ENCRYPTED},
    "reasoning without a summary": {"input": "Hello", "reasoning": {"effort": "high"}},
    "reasoning and a call": {"input": "What is the weather in Oslo?", "tools": [WEATHER], **REASONING, **ENCRYPTED},
    "refusal": {"input": "[refuse] Tell me a secret."},
    "cut": {"input": "Hello", "max_output_tokens": 16},
    "cut call": {
        "input": "What is the weather in Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch, and more?"
        " Use get_weather",
        "tools": [WEATHER],
        "max_output_tokens": 16,
    },
    "filtered": {"input": "[filter] Hello"},
    "search": {
        "input": "Search the web for Ruby's latest version",
        "tools": [{"type": "web_search", "filters": {"allowed_domains": ["ruby.example"]}}],
        "include": ["web_search_call.action.sources"],
    },
    "schema": {
        "input": "Tell me a joke about cats.",
        "text": {
            "format": {
                "type": "json_schema",
                "name": "Joke",
                "strict": True,
                "schema": {**Joke.model_json_schema(), "additionalProperties": False},
            }
        },
    },
    "logprobs": {"input": "Hello", "include": ["message.output_text.logprobs"], "top_logprobs": 2},
}


def without_ids(response: Response) -> object:
    text = response.model_dump(mode="json", exclude={"id", "created_at", "completed_at"}, exclude_unset=True)
    for item in text["output"]:
        for name in ("id", "call_id", "encrypted_content"):
            item.pop(name, None)
        for part in item.get("content") or ():
            part.pop("parsed", None)
        item.pop("parsed_arguments", None)
    return text


@pytest.mark.parametrize("request_body", REQUESTS.values(), ids=REQUESTS.keys())
def test_the_accumulator_comes_to_the_plain_answer(client, request_body):
    plain = client.responses.create(model=MODEL, **request_body)
    check_type(Response, plain.to_dict(mode="json"))
    with client.responses.stream(model=MODEL, **request_body) as stream:
        for event in stream:
            last = event
    assert last.type == f"response.{plain.status}"
    assert without_ids(last.response) == without_ids(plain)


def test_text(client):
    answer = client.responses.create(model=MODEL, input="Hello 你好")
    assert "Hello 你好" in answer.output_text
    assert (answer.model, answer.status, answer.error, answer.incomplete_details) == (MODEL, "completed", None, None)
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens
    assert answer._request_id


async def test_async_streaming(seacloud_emulator):
    url = f"{seacloud_emulator.url}/llm/openai/v1"
    async with AsyncOpenAI(base_url=url, api_key="sk-emulator", max_retries=0) as client:
        stream = await client.responses.create(model=MODEL, input="Hello 你好", stream=True)
        text = [event.delta async for event in stream if event.type == "response.output_text.delta"]
    assert "Hello 你好" in "".join(text)


def test_the_query_of_the_vendors_example_changes_nothing(client):
    stream = client.responses.create(model=MODEL, input="Hello", stream=True, extra_query={"stream": "true"})
    assert [event.type for event in stream][-1] == "response.completed"
    assert client.responses.create(model=MODEL, input="Hello", extra_query={"stream": "true"}).status == "completed"


@pytest.mark.parametrize("extra", [{}, {**REASONING, **ENCRYPTED}], ids=["plain", "reasoning"])
def test_tools_to_the_answer_with_all_items_sent_back(client, extra):
    items = [{"role": "user", "content": "What is the weather in Paris and Tokyo?"}]
    first = client.responses.create(model=MODEL, input=items, tools=[WEATHER], **extra)
    calls = [item for item in first.output if item.type == "function_call"]
    assert [json.loads(call.arguments) for call in calls] == [{"location": "Paris"}, {"location": "Tokyo"}]
    items += [item.model_dump(mode="json", exclude_none=True) for item in first.output]
    items += [
        {"type": "function_call_output", "call_id": call.call_id, "output": f"Sunny {n}"}
        for n, call in enumerate(calls)
    ]
    last = client.responses.create(model=MODEL, input=items, tools=[WEATHER], **extra)
    assert "Sunny 0; Sunny 1" in last.output_text
    assert [item.type for item in last.output] == (["reasoning", "message"] if extra else ["message"])


def test_tools_to_the_answer_from_the_stored_answer(client):
    first = client.responses.create(model=MODEL, input="What is the weather in Oslo?", tools=[WEATHER], **REASONING)
    call = first.output[-1]
    output = {
        "type": "function_call_output",
        "call_id": call.call_id,
        "output": [{"type": "input_text", "text": "Hot"}],
    }
    last = client.responses.create(model=MODEL, input=[output], tools=[WEATHER], previous_response_id=first.id)
    assert "Hot" in last.output_text
    assert last.previous_response_id == first.id
    assert last.usage.input_tokens > first.usage.input_tokens


def test_a_custom_tool_to_the_answer(client):
    items = [{"role": "user", "content": "Use run_python with 'print(1)'"}]
    call = client.responses.create(model=MODEL, input=items, tools=[SHELL]).output[0]
    assert (call.type, call.name, call.input) == ("custom_tool_call", "run_python", "print(1)")
    items += [
        call.model_dump(mode="json", exclude_none=True),
        {"type": "custom_tool_call_output", "call_id": call.call_id, "output": "1"},
    ]
    assert "answered: 1" in client.responses.create(model=MODEL, input=items, tools=[SHELL]).output_text


def test_a_custom_tool_that_takes_what_a_pattern_says(client):
    tool = {**SHELL, "format": {"type": "grammar", "syntax": "regex", "definition": "^[a-z]+-[0-9]+$"}}
    answer = client.responses.create(model=MODEL, input="Use run_python", tools=[tool])
    assert answer.output[0].input == "abc-123"


def test_a_schema_is_parsed(client):
    answer = client.responses.parse(model=MODEL, input="Tell me a joke about cats.", text_format=Joke)
    assert isinstance(answer.output_parsed, Joke)
    assert "cats" in answer.output_parsed.setup
    with client.responses.stream(model=MODEL, input="Tell me a joke about cats.", text_format=Joke) as stream:
        assert stream.get_final_response().output_parsed == answer.output_parsed


def test_citations_point_into_the_text(client):
    answer = client.responses.create(
        model=MODEL, input="Search the web for cats.", tools=[{"type": "web_search"}], tool_choice="required"
    )
    search, message = answer.output
    assert (search.type, search.action.query) == ("web_search_call", "cats")
    part = message.content[0]
    assert len(part.annotations) == 2
    for note in part.annotations:
        assert part.text[note.start_index : note.end_index].startswith("This page of a made-up web")
        assert note.url.startswith("https://example.")


def test_a_refusal(client):
    part = client.responses.create(model=MODEL, input="[refuse]").output[0].content[0]
    assert part.type == "refusal"
    assert "refuse" in part.refusal


def test_a_breakdown(client):
    answer = client.responses.create(model=MODEL, input="[breakdown] Hello")
    assert (answer.status, answer.error.code) == ("failed", "server_error")
    stream = client.responses.create(model=MODEL, input="[breakdown] Hello", stream=True)
    assert [event.type for event in stream][-1] == "response.failed"


def test_errors_are_of_the_classes_that_they_are_to_be(seacloud_emulator, client):
    with pytest.raises(openai.BadRequestError, match="temperature"):
        client.responses.create(model=MODEL, input="Hello", temperature=3)
    with pytest.raises(openai.BadRequestError) as unknown:
        client.responses.create(model=MODEL, input="Hello", previous_response_id="resp_x")
    assert unknown.value.code == "previous_response_not_found"
    with pytest.raises(openai.PermissionDeniedError) as refused:
        client.with_options(api_key="sk-invalid").responses.create(model=MODEL, input="Hello")
    assert refused.value.response.json() == {"error": "invalid_api_key"}
    seacloud_emulator.faults.add(Fault(status=429, retry_after=0))
    with pytest.raises(openai.RateLimitError):
        client.responses.create(model=MODEL, input="Hello")


def test_an_error_in_a_stream_is_an_event(seacloud_emulator, client):
    seacloud_emulator.faults.add(Fault(stream_error=3))
    events = list(client.responses.create(model=MODEL, input="Hello", stream=True))
    assert [event.type for event in events[:3]] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
    ]
    assert (events[3].type, events[3].code, events[3].message) == ("error", "server_error", "The stream broke.")
    assert [event.sequence_number for event in events] == [0, 1, 2, 3]
    body = {"type": "error", "code": "x", "message": "mine", "param": None, "sequence_number": 9}
    seacloud_emulator.faults.add(Fault(stream_error=0, stream_error_body=body))
    [only] = client.responses.create(model=MODEL, input="Hello", stream=True)
    assert only.message == "mine"
