"""Chat Completions over HTTP: what is answered, plain and streamed."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

STRING = {"type": "string"}
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the weather.",
        "parameters": {"type": "object", "properties": {"location": STRING}, "required": ["location"]},
    },
}
DRAW = {
    "type": "function",
    "function": {
        "name": "generate_with_nano_banana_2",
        "description": "Generates media (a picture, a film or a sound) from a prompt.",
        "parameters": {"type": "object", "properties": {"prompt": STRING}, "required": ["prompt"]},
    },
}
JOKE = {
    "type": "object",
    "properties": {"setup": STRING, "punchline": STRING},
    "required": ["setup", "punchline"],
    "additionalProperties": False,
}
WISH = "Please draw a cat astronaut, and tell me where the picture is."


def calls_of(message):
    return [(call["function"]["name"], json.loads(call["function"]["arguments"])) for call in message["tool_calls"]]


def events_of(http, body):
    with http.stream("POST", "/llm/v1/chat/completions", json={"model": "m", "stream": True, **body}) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        data = [line.removeprefix("data: ") for line in answer.iter_lines() if line]
    assert data[-1] == "[DONE]"
    return [json.loads(event) for event in data[:-1]]


def user(text):
    return {"messages": [{"role": "user", "content": text}]}


def test_an_answer_has_the_shape_of_the_protocol(chat):
    answer = chat("Hello 你好").json()
    assert answer["object"] == "chat.completion"
    assert answer["model"] == "gpt-4.1"
    assert answer["id"].startswith("chatcmpl-")
    assert answer["system_fingerprint"]
    assert "service_tier" not in answer
    [choice] = answer["choices"]
    assert (choice["index"], choice["finish_reason"], choice["logprobs"]) == (0, "stop", None)
    assert choice["message"]["role"] == "assistant"
    assert "“Hello 你好”" in choice["message"]["content"]
    assert "reasoning_content" not in choice["message"]
    usage = answer["usage"]
    assert usage["prompt_tokens"] + usage["completion_tokens"] == usage["total_tokens"]


def test_the_same_request_has_the_same_answer_under_another_id(chat):
    first, second = chat("Hello").json(), chat("Hello").json()
    assert first["choices"] == second["choices"]
    assert first["id"] != second["id"]


def test_the_conversation_so_far_is_noticed(said):
    messages = [{"role": role, "content": "x"} for role in ("system", "user", "assistant", "user")]
    assert "message 3" in said(messages)["content"]


def test_a_tool_is_called_if_the_message_asks_for_what_it_does(chat):
    answer = chat(WISH, tools=[WEATHER, DRAW]).json()["choices"][0]
    assert answer["finish_reason"] == "tool_calls"
    assert answer["message"]["content"] is None
    assert calls_of(answer["message"]) == [("generate_with_nano_banana_2", {"prompt": "a cat astronaut"})]
    assert answer["message"]["tool_calls"][0]["id"].startswith("call_")


def test_no_tool_is_called_without_a_reason_or_if_forbidden(said):
    assert "tool_calls" not in said("Hello", tools=[WEATHER, DRAW])
    assert "tool_calls" not in said(WISH, tools=[DRAW], tool_choice="none")


def test_several_calls_in_parallel_unless_forbidden(said):
    message = "Draw a fox and tell me the weather in Oslo"
    tools = [WEATHER, DRAW]
    assert sorted(calls_of(said(message, tools=tools))) == [
        ("generate_with_nano_banana_2", {"prompt": "a fox"}),
        ("get_weather", {"location": "Oslo"}),
    ]
    assert len(calls_of(said(message, tools=tools, parallel_tool_calls=False))) == 1
    both = said("What is the weather in Paris and Tokyo?", tools=tools)
    assert [arguments["location"] for _, arguments in calls_of(both)] == ["Paris", "Tokyo"]
    assert len({call["id"] for call in both["tool_calls"]}) == 2


def test_a_forced_call(chat):
    required = chat("Hello!", tools=[WEATHER, DRAW], tool_choice="required").json()["choices"][0]
    assert required["finish_reason"] == "tool_calls"
    assert calls_of(required["message"])[0][0] == "get_weather"
    assert calls_of(
        chat("Draw a cat", tools=[WEATHER, DRAW], tool_choice="required").json()["choices"][0]["message"]
    ) == [("generate_with_nano_banana_2", {"prompt": "a cat"})]
    named = {"type": "function", "function": {"name": "generate_with_nano_banana_2"}}
    choice = chat("Hello!", tools=[WEATHER, DRAW], tool_choice=named).json()["choices"][0]
    assert choice["finish_reason"] == "stop"
    assert calls_of(choice["message"])[0][0] == "generate_with_nano_banana_2"


def after_tool(result, name="get_weather"):
    call = {"id": "c1", "type": "function", "function": {"name": name, "arguments": "{}"}}
    return [
        {"role": "user", "content": "What is the weather in Oslo?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": result},
    ]


def test_a_tools_result_is_answered_with_text(said):
    message = said(after_tool("It is sunny ☀"), tools=[WEATHER])
    assert "It is sunny ☀" in message["content"]
    assert "tool_calls" not in message


def test_calls_forced_at_every_step_do_not_go_round_for_ever(said):
    answer = {"type": "function", "function": {"name": "answer", "parameters": JOKE}}
    message = said(after_tool("sunny"), tools=[WEATHER, answer], tool_choice="required")
    assert [name for name, _ in calls_of(message)] == ["answer"]


def test_a_schema_is_filled(said):
    wanted = {"type": "json_schema", "json_schema": {"name": "Joke", "schema": JOKE, "strict": True}}
    content = json.loads(said("Tell me a joke about cats.", response_format=wanted)["content"])
    assert set(content) == {"setup", "punchline"}
    assert "cats" in content["setup"]


@pytest.mark.parametrize(
    "message",
    [
        "Tell me a joke. Return JSON with 'setup' and 'punchline' keys. Nothing but JSON.",
        "Tell me a joke as JSON with the keys: setup, punchline",
        f"Tell me a joke as JSON that conforms to {json.dumps(JOKE)}",
    ],
)
def test_a_json_object_has_the_keys_that_the_message_names(said, message):
    content = json.loads(said(message, response_format={"type": "json_object"})["content"])
    assert set(content) == {"setup", "punchline"}


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_the_limit_of_tokens_is_kept(chat, name):
    answer = chat("Hello", **{name: 5}).json()
    assert answer["choices"][0]["finish_reason"] == "length"
    assert answer["usage"]["completion_tokens"] == 5
    assert (
        chat("Hello").json()["choices"][0]["message"]["content"].startswith(answer["choices"][0]["message"]["content"])
    )


def test_a_call_breaks_off_at_the_limit(chat):
    choice = chat(WISH, tools=[DRAW], max_tokens=12).json()["choices"][0]
    assert choice["finish_reason"] == "length"
    arguments = choice["message"]["tool_calls"][0]["function"]["arguments"]
    assert arguments.startswith("{")
    with pytest.raises(json.JSONDecodeError):
        json.loads(arguments)


@pytest.mark.parametrize("stop", ["emulator", ["nowhere", "emulator"]])
def test_a_stop_text_cuts(said, stop):
    content = said("Hello", stop=stop)["content"]
    assert content.endswith("SeaCloud ")


def test_a_refusal_and_a_filter(chat, http):
    choice = chat("[refuse]").json()["choices"][0]
    assert (choice["message"]["content"], choice["finish_reason"]) == (None, "stop")
    assert "refuse" in choice["message"]["refusal"]
    deltas = [event["choices"][0]["delta"] for event in events_of(http, user("[refuse]"))]
    assert "".join(delta.get("refusal") or "" for delta in deltas) == choice["message"]["refusal"]
    filtered = chat("[filter] Hello").json()["choices"][0]
    assert filtered["finish_reason"] == "content_filter"
    assert filtered["message"]["content"]


def test_several_choices_differ(chat):
    choices = chat("Hello", n=3).json()["choices"]
    assert [choice["index"] for choice in choices] == [0, 1, 2]
    assert len({choice["message"]["content"] for choice in choices}) == 3


def test_logprobs_make_up_the_text(chat):
    choice = chat("Hé", logprobs=True, top_logprobs=2).json()["choices"][0]
    content = choice["logprobs"]["content"]
    assert "".join(entry["token"] for entry in content) == choice["message"]["content"]
    assert all(bytes(entry["bytes"]).decode() == entry["token"] for entry in content)
    assert all(len(entry["top_logprobs"]) == 2 and entry["logprob"] <= 0 for entry in content)


def test_reasoning_is_shown_if_wanted(chat):
    answer = chat("Hello", reasoning_effort="high").json()
    assert "Hello" in answer["choices"][0]["message"]["reasoning_content"]
    assert 0 < answer["usage"]["completion_tokens_details"]["reasoning_tokens"] < answer["usage"]["completion_tokens"]
    plain = chat("Hello", reasoning_effort="none").json()
    assert "reasoning_content" not in plain["choices"][0]["message"]
    assert plain["usage"]["completion_tokens_details"]["reasoning_tokens"] == 0


def data_url(kind, data):
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def png(width, height):
    file = io.BytesIO()
    Image.new("RGB", (width, height)).save(file, "PNG")
    return file.getvalue()


def test_attachments_are_acknowledged(chat):
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": data_url("image/png", png(12, 8))}},
        {"type": "input_audio", "input_audio": {"data": base64.b64encode(bytes(5000)).decode(), "format": "wav"}},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": data_url("application/pdf", b"%PDF")}},
    ]
    answer = chat([{"role": "user", "content": parts}]).json()
    content = answer["choices"][0]["message"]["content"]
    assert "“What is this?”" in content
    assert "one image (PNG, 12x8)" in content
    assert "one audio clip (WAV, 5000 bytes)" in content
    assert "one file (a.pdf, application/pdf, 4 bytes)" in content
    assert answer["usage"]["prompt_tokens_details"]["audio_tokens"] > 0


def test_a_marked_prefix_is_read_from_the_cache_the_second_time(chat):
    part = {"type": "text", "text": "A long document. " * 20, "cache_control": {"type": "ephemeral"}}
    messages = [{"role": "system", "content": [part]}, {"role": "user", "content": "Hello"}]
    cached = [chat(messages).json()["usage"]["prompt_tokens_details"]["cached_tokens"] for _ in range(2)]
    assert cached[0] == 0
    assert cached[1] > 50
    assert chat(messages[1:]).json()["usage"]["prompt_tokens_details"]["cached_tokens"] == 0


def test_the_service_tier_is_echoed_if_asked_for(chat):
    assert chat("Hello", service_tier="flex").json()["service_tier"] == "flex"
    assert chat("Hello", service_tier="auto").json()["service_tier"] == "default"


def test_a_stream_says_what_the_plain_answer_says(chat, http):
    whole = chat("Héllo 你好 🐈").json()
    events = events_of(http, {**user("Héllo 你好 🐈"), "stream_options": {"include_usage": True}})
    assert {event["object"] for event in events} == {"chat.completion.chunk"}
    assert len({event["id"] for event in events}) == 1
    assert events[0]["choices"][0]["delta"] == {"role": "assistant", "content": "", "refusal": None}
    deltas = [event["choices"][0]["delta"] for event in events[1:-1]]
    assert "".join(delta.get("content", "") for delta in deltas) == whole["choices"][0]["message"]["content"]
    assert len(deltas) > 5
    assert deltas[-1] == {}
    assert events[-2]["choices"][0]["finish_reason"] == "stop"
    assert events[-1]["choices"] == []
    assert events[-1]["usage"] == whole["usage"]
    assert all(event["usage"] is None for event in events[:-1])


def test_a_stream_has_usage_only_if_asked(http):
    events = events_of(http, user("Hello"))
    assert all("usage" not in event and event["choices"] for event in events)


def test_text_beyond_ascii_is_sent_as_it_is_and_split_within_a_character(http):
    body = {"model": "m", "stream": True, **user("你好")}
    with http.stream("POST", "/llm/v1/chat/completions", json=body) as answer:
        raw = b"".join(answer.iter_raw())
    assert "你好".encode() in raw


def test_calls_are_streamed_in_fragments(http):
    message = "Draw a fox and tell me the weather in Oslo"
    events = events_of(http, {**user(message), "tools": [WEATHER, DRAW]})
    fragments = [c for event in events for c in event["choices"][0]["delta"].get("tool_calls", ())]
    for index in (0, 1):
        own = [fragment for fragment in fragments if fragment["index"] == index]
        assert len(own) > 3
        assert own[0]["id"].startswith("call_")
        assert own[0]["function"]["name"]
        assert not any("id" in fragment or "name" in fragment["function"] for fragment in own[1:])
        json.loads("".join(fragment["function"]["arguments"] for fragment in own))
    assert events[-1]["choices"][0]["finish_reason"] == "tool_calls"


PYTHON = {"type": "custom", "custom": {"name": "run_python", "description": "Runs Python code."}}


def test_a_custom_tool_is_called_with_free_text(chat, http):
    """As the openai SDK's `ChatCompletionMessageCustomToolCall` has it; a stream has the same fields in fragments."""
    wish = "Use run_python with 'print(1)'"
    plain = chat(wish, tools=[PYTHON, WEATHER]).json()["choices"][0]
    (call,) = plain["message"]["tool_calls"]
    assert plain["finish_reason"] == "tool_calls"
    assert call == {"id": call["id"], "type": "custom", "custom": {"name": "run_python", "input": "print(1)"}}
    deltas = [event["choices"][0]["delta"] for event in events_of(http, {**user(wish), "tools": [PYTHON]})]
    fragments = [fragment for delta in deltas for fragment in delta.get("tool_calls", ())]
    assert fragments[0]["type"] == "custom"
    assert fragments[0]["custom"] == {"name": "run_python", "input": ""}
    assert "".join(fragment["custom"]["input"] for fragment in fragments) == "print(1)"


def test_a_custom_tools_text_is_of_its_grammar(chat):
    digits = {"type": "grammar", "grammar": {"syntax": "regex", "definition": "[0-9]{3}"}}
    code = {"type": "custom", "custom": {"name": "open_door", "format": digits}}
    answer = chat("Hello", tools=[code], tool_choice={"type": "custom", "custom": {"name": "open_door"}}).json()
    (call,) = answer["choices"][0]["message"]["tool_calls"]
    assert re.fullmatch("[0-9]{3}", call["custom"]["input"])


def test_only_allowed_tools_are_called(chat):
    def names(mode, *tools):
        choice = {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": list(tools)}}
        answer = chat(WISH, tools=[DRAW, WEATHER], tool_choice=choice).json()
        return [call["function"]["name"] for call in answer["choices"][0]["message"].get("tool_calls", ())]

    weather, draw = ({"type": "function", "function": {"name": tool["function"]["name"]}} for tool in (WEATHER, DRAW))
    assert names("auto", weather) == []
    assert names("auto", weather, draw) == ["generate_with_nano_banana_2"]
    assert names("required", weather) == ["get_weather"]


def test_choices_take_turns_in_a_stream(http):
    events = events_of(http, {**user("Hello"), "n": 2, "logprobs": True, "reasoning_effort": "low"})
    assert [event["choices"][0]["index"] for event in events[:4]] == [0, 1, 0, 1]
    reasoning = "".join(
        e["choices"][0]["delta"].get("reasoning_content", "") for e in events if e["choices"][0]["index"]
    )
    assert "Hello" in reasoning
    with_text = [event["choices"][0] for event in events if event["choices"][0]["delta"].get("content")]
    assert all(c["logprobs"]["content"][0]["token"] == c["delta"]["content"] for c in with_text)


def test_a_picture_that_follows_a_result_belongs_to_it(said: Callable[..., dict[str, Any]]) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "draw", "arguments": "{}"}}
    shown = [{"type": "text", "text": "Attached:"}, {"type": "image_url", "image_url": {"url": "https://x.test/a.png"}}]
    message = said(
        [
            {"role": "user", "content": "Draw a cat."},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "call_1", "content": "saved as a.png"},
            {"role": "user", "content": shown},
        ],
        tools=[{"type": "function", "function": {"name": "draw", "description": "Draws a picture."}}],
    )
    assert not message.get("tool_calls")
    assert "saved as a.png" in message["content"]
