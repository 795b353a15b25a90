"""The official SDK against the emulator: it reads what the emulator writes, and its own checks are content."""

from __future__ import annotations

import json
from collections.abc import Iterator

import openai
import pytest
from openai import OpenAI
from pydantic import BaseModel
from seacloud_emulator import Emulator, Fault

MODEL = "gpt-4.1"
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the weather.",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"location": {"type": "string"}},
            "required": ["location"],
            "additionalProperties": False,
        },
    },
}


class Joke(BaseModel):
    setup: str
    punchline: str


@pytest.fixture
def client(seacloud_emulator: Emulator) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{seacloud_emulator.url}/llm/v1", api_key="sk-emulator", max_retries=0) as client:
        yield client


def user(text):
    return [{"role": "user", "content": text}]


def test_plain_and_several(client):
    answer = client.chat.completions.create(
        model=MODEL, messages=user("Hello 你好"), n=2, temperature=0.7, logprobs=True
    )
    assert answer.model == MODEL
    assert [choice.finish_reason for choice in answer.choices] == ["stop", "stop"]
    assert "Hello 你好" in answer.choices[0].message.content
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.choices[0].logprobs.content[0].token == "You"
    assert answer._request_id


def test_streamed(client):
    stream = client.chat.completions.create(
        model=MODEL, messages=user("Hello 你好"), stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert "Hello 你好" in text
    assert chunks[-1].usage.completion_tokens > 0


def test_tools_to_the_answer(client):
    messages = user("What is the weather in Paris and Tokyo?")
    first = client.chat.completions.create(model=MODEL, messages=messages, tools=[WEATHER])
    calls = first.choices[0].message.tool_calls
    assert [json.loads(call.function.arguments) for call in calls] == [{"location": "Paris"}, {"location": "Tokyo"}]
    messages.append(first.choices[0].message.model_dump(exclude_none=True, exclude={"annotations"}))
    messages += [{"role": "tool", "tool_call_id": call.id, "content": f"Sunny {n}"} for n, call in enumerate(calls)]
    last = client.chat.completions.create(model=MODEL, messages=messages, tools=[WEATHER])
    assert last.choices[0].message.tool_calls is None
    assert "Sunny 0; Sunny 1" in last.choices[0].message.content


def test_the_accumulator_of_the_sdk_reads_streamed_calls(client):
    with client.chat.completions.stream(
        model=MODEL, messages=user("What is the weather in Paris and Tokyo?"), tools=[WEATHER], tool_choice="auto"
    ) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion()
    assert "tool_calls.function.arguments.delta" in kinds
    assert [call.function.parsed_arguments for call in final.choices[0].message.tool_calls] == [
        {"location": "Paris"},
        {"location": "Tokyo"},
    ]


def test_a_schema_is_parsed(client):
    answer = client.chat.completions.parse(model=MODEL, messages=user("Tell me a joke."), response_format=Joke)
    assert isinstance(answer.choices[0].message.parsed, Joke)


def test_errors_are_of_the_classes_that_they_are_to_be(seacloud_emulator, client):
    with pytest.raises(openai.BadRequestError, match="temperature"):
        client.chat.completions.create(model=MODEL, messages=user("Hello"), temperature=3)
    with pytest.raises(openai.PermissionDeniedError) as refused:
        client.with_options(api_key="sk-invalid").chat.completions.create(model=MODEL, messages=user("Hello"))
    assert refused.value.response.json() == {"error": "invalid_api_key"}
    seacloud_emulator.faults.add(Fault(status=429, retry_after=0))
    with pytest.raises(openai.RateLimitError):
        client.chat.completions.create(model=MODEL, messages=user("Hello"))
    seacloud_emulator.faults.add(Fault(stream_error=2))
    with pytest.raises(openai.APIError, match="The stream broke"):
        list(client.chat.completions.create(model=MODEL, messages=user("Hello"), stream=True))
    with pytest.raises(openai.NotFoundError):
        client.responses.create(model=MODEL, input="Hello")
