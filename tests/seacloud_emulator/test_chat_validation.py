"""What a chat request must be: each of these is refused with 400 and OpenAI's error object."""

from __future__ import annotations

import contextlib
import copy
import json

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from seacloud_emulator.protocols.chat_completions import Writer, read_question
from seacloud_emulator.protocols.chat_validation import check_chat
from seacloud_emulator.protocols.schema_rules import schema_problem, strict_problem
from seacloud_emulator.refusals import Refusal

HELLO = [{"role": "user", "content": "Hello"}]
OPEN = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
CLOSED = {**OPEN, "additionalProperties": False}


def call(call_id="c1"):
    return {"id": call_id, "type": "function", "function": {"name": "f", "arguments": "{}"}}


def tool(name="f", **fields):
    return {"type": "function", "function": {"name": name, "parameters": OPEN, **fields}}


def custom(name="run", **fields):
    return {"type": "custom", "custom": {"name": name, **fields}}


def custom_call(call_id="c2", **fields):
    return {"id": call_id, "type": "custom", "custom": {"name": "run", "input": "1 + 1", **fields}}


def grammar(**fields):
    return {"type": "grammar", "grammar": {"syntax": "regex", "definition": "[0-9]{3}", **fields}}


def allowed(*tools, mode="auto"):
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": list(tools)}}


def result(call_id="c1"):
    return {"role": "tool", "tool_call_id": call_id, "content": "x"}


ASSISTANT = {"role": "assistant", "content": None, "tool_calls": [call()]}

BAD = {
    "no model": {"model": None},
    "empty model": {"model": " "},
    "model is a number": {"model": 4},
    "a bias beyond its bounds": {"logit_bias": {"5": -101}},
    "a bias that is no number": {"logit_bias": {"5": True}},
    "biases in a list": {"logit_bias": [1]},
    "no messages": {"messages": None},
    "empty messages": {"messages": []},
    "messages is a text": {"messages": "Hello"},
    "a message is a text": {"messages": ["Hello"]},
    "unknown role": {"messages": [{"role": "robot", "content": "x"}]},
    "a name with a space": {"messages": [{**HELLO[0], "name": "Note Taker"}]},
    "an empty name": {"messages": [{**HELLO[0], "name": ""}]},
    "no content": {"messages": [{"role": "user"}]},
    "no content, no calls": {"messages": [{"role": "assistant", "content": None}]},
    "content is a number": {"messages": [{"role": "user", "content": 3}]},
    "empty parts": {"messages": [{"role": "user", "content": []}]},
    "unknown part": {"messages": [{"role": "user", "content": [{"type": "image", "url": "x"}]}]},
    "part without its value": {"messages": [{"role": "user", "content": [{"type": "text"}]}]},
    "image in a system message": {
        "messages": [{"role": "system", "content": [{"type": "image_url", "image_url": {}}]}]
    },
    "image in a tool's result": {
        "messages": [*HELLO, ASSISTANT, {**result(), "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]
    },
    "image without url": {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]},
    "image that is not base64": {
        "messages": [
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,?"}}]}
        ]
    },
    "audio without data": {"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]},
    "file without anything": {"messages": [{"role": "user", "content": [{"type": "file", "file": {}}]}]},
    "tool result without a call": {"messages": [*HELLO, result()]},
    "tool result without an id": {"messages": [*HELLO, ASSISTANT, {"role": "tool", "content": "x"}]},
    "tool result for another call": {"messages": [*HELLO, ASSISTANT, result("c2")]},
    "tool result twice": {"messages": [*HELLO, ASSISTANT, result(), result()]},
    "call without a result": {"messages": [*HELLO, ASSISTANT, *HELLO]},
    "call without a result at the end": {"messages": [*HELLO, ASSISTANT]},
    "calls of a user": {"messages": [{**HELLO[0], "tool_calls": [call()]}]},
    "empty calls": {"messages": [{"role": "assistant", "content": "x", "tool_calls": []}]},
    "call without an id": {"messages": [*HELLO, {**ASSISTANT, "tool_calls": [{**call(), "id": None}]}]},
    "arguments as an object": {
        "messages": [*HELLO, {**ASSISTANT, "tool_calls": [{**call(), "function": {"name": "f", "arguments": {}}}]}]
    },
    "audio without an id": {"messages": [{"role": "assistant", "content": None, "audio": {}}]},
    "audio of a user": {"messages": [{"role": "user", "content": None, "audio": {"id": "audio_1"}}]},
    "custom call without input": {
        "messages": [*HELLO, {**ASSISTANT, "tool_calls": [custom_call(input=None)]}, result("c2")]
    },
    "custom tool without a description of it": {"tools": [{"type": "custom"}]},
    "custom tool with a bad name": {"tools": [custom("no spaces")]},
    "custom tool with a flat grammar": {
        "tools": [custom(format={"type": "grammar", "syntax": "regex", "definition": "[0-9]"})]
    },
    "custom tool with a strange grammar": {"tools": [custom(format=grammar(syntax="bnf"))]},
    "custom tool with a grammar of nothing": {"tools": [custom(format=grammar(definition=None))]},
    "custom tool with a strange format": {"tools": [custom(format="text")]},
    "tool_choice of a function that is custom": {
        "tools": [custom("f")],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
    },
    "allowed tools without a mode": {"tools": [tool()], "tool_choice": allowed(tool(), mode=None)},
    "allowed tools that are none": {"tools": [tool()], "tool_choice": allowed()},
    "allowed tools that are not there": {"tools": [tool()], "tool_choice": allowed(tool("g"))},
    "flat allowed tools": {
        "tools": [tool()],
        "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]},
    },
    "temperature": {"temperature": 2.1},
    "temperature is a text": {"temperature": "hot"},
    "top_p": {"top_p": -0.1},
    "presence_penalty": {"presence_penalty": 3},
    "n": {"n": 0},
    "n is true": {"n": True},
    "n is broken": {"n": 1.5},
    "max_tokens": {"max_tokens": 0},
    "both limits": {"max_tokens": 5, "max_completion_tokens": 5},
    "five stops": {"stop": ["a", "b", "c", "d", "e"]},
    "empty stop": {"stop": [""]},
    "top_logprobs without logprobs": {"top_logprobs": 2},
    "top_logprobs": {"logprobs": True, "top_logprobs": 21},
    "stream_options without stream": {"stream_options": {"include_usage": True}},
    "empty tools": {"tools": []},
    "tool of another type": {"tools": [{"type": "magic"}]},
    "tool without a function": {"tools": [{"type": "function"}]},
    "tool with a bad name": {"tools": [tool("no spaces")]},
    "tool whose parameters are no object": {"tools": [tool(parameters={"type": "array"})]},
    "strict tool with an open schema": {"tools": [tool(strict=True)]},
    "tool_choice without tools": {"tool_choice": "auto"},
    "parallel_tool_calls without tools": {"parallel_tool_calls": True},
    "parallel_tool_calls for the o-series": {"model": "o3-mini", "tools": [tool()], "parallel_tool_calls": False},
    "unknown tool_choice": {"tools": [tool()], "tool_choice": "any"},
    "tool_choice of a missing tool": {
        "tools": [tool()],
        "tool_choice": {"type": "function", "function": {"name": "g"}},
    },
    "response_format": {"response_format": {"type": "xml"}},
    "json_object without the word": {"response_format": {"type": "json_object"}},
    "json_schema without a name": {"response_format": {"type": "json_schema", "json_schema": {"schema": CLOSED}}},
    "strict json_schema that is open": {
        "response_format": {"type": "json_schema", "json_schema": {"name": "x", "strict": True, "schema": OPEN}}
    },
    "functions": {"functions": [{"name": "f"}]},
    "audio output": {"modalities": ["text", "audio"]},
}


@pytest.mark.parametrize("changes", BAD.values(), ids=BAD.keys())
def test_a_bad_request_is_refused(seacloud_emulator, http, changes):
    seacloud_emulator.configure(strict=False)  # these are the emulator's own rules
    answer = http.post("/llm/v1/chat/completions", json={"model": "m", "messages": HELLO, **changes})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"
    assert error["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(http, body):
    answer = http.post("/llm/v1/chat/completions", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


GOOD = {
    "developer": {"messages": [{"role": "developer", "content": "x"}, *HELLO]},
    "two systems, doubled roles": {"messages": [{"role": "system", "content": "x"}] * 2 + HELLO * 2},
    "names": {"messages": [{**HELLO[0], "name": "ann"}]},
    "a call with its result": {"messages": [*HELLO, ASSISTANT, result()]},
    "two calls, results in any order": {
        "messages": [*HELLO, {**ASSISTANT, "tool_calls": [call("a"), call("b")]}, result("b"), result("a"), *HELLO]
    },
    "empty text": {"messages": [{"role": "user", "content": ""}]},
    "what was spoken": {
        "messages": [*HELLO, {"role": "assistant", "content": None, "audio": {"id": "audio_1"}}, *HELLO]
    },
    "a custom tool": {"tools": [custom(), tool()]},
    "custom tools of every format": {
        "tools": [
            custom("a", format={"type": "text"}),
            custom("b", format=grammar()),
            custom("c", format=grammar(syntax="lark", definition="start: WORD")),
        ]
    },
    "a custom call with its result": {
        "messages": [*HELLO, {**ASSISTANT, "tool_calls": [custom_call(), call()]}, result("c2"), result()]
    },
    "choice of a custom tool": {"tools": [custom()], "tool_choice": {"type": "custom", "custom": {"name": "run"}}},
    "allowed tools": {
        "tools": [custom(), tool()],
        "tool_choice": allowed({"type": "custom", "custom": {"name": "run"}}),
    },
    "strict tool": {"tools": [tool(strict=True, parameters=CLOSED)]},
    "nulls": {"temperature": None, "n": None, "tools": None, "stop": None, "response_format": None},
    "bounds": {"temperature": 2, "top_p": 1, "presence_penalty": -2, "n": 1, "max_tokens": 1},
    "json_object": {"messages": [{"role": "user", "content": "As JSON"}], "response_format": {"type": "json_object"}},
    "text": {"response_format": {"type": "text"}},
}


@pytest.mark.parametrize("changes", GOOD.values(), ids=GOOD.keys())
def test_a_good_request_is_answered(seacloud_emulator, http, changes):
    seacloud_emulator.configure(strict=False)
    answer = http.post("/llm/v1/chat/completions", json={"model": "m", "messages": HELLO, **changes})
    assert answer.status_code == 200, answer.text


def test_strict_schemas_are_closed_all_the_way_down():
    assert strict_problem(CLOSED) is None
    assert "additionalProperties" in (strict_problem(OPEN) or "")
    assert "'a'" in (strict_problem({**CLOSED, "required": []}) or "")
    inner = {"type": "object", "properties": {"x": {"type": "array", "items": OPEN}}, "required": ["x"]}
    assert "'x', 'items'" in (strict_problem({**inner, "additionalProperties": False}) or "")
    assert strict_problem({**CLOSED, "$defs": {"D": {"anyOf": [OPEN]}}}) is not None


NOT_SCHEMAS = (
    *({"type": kind} for kind in ("text", 3, [], ["string", None])),
    *({key: "x"} for key in ("properties", "$defs", "anyOf", "items", "required", "enum", "minimum", "minItems")),
    {"anyOf": []},
    {"required": [1]},
    {"multipleOf": 0},
    {"maxLength": -1},
    {"properties": {"a": {"items": {"type": "nothing"}}}},
)


@pytest.mark.parametrize("schema", NOT_SCHEMAS, ids=str)
def test_what_is_no_schema_is_refused(chat, schema):
    assert schema_problem(schema) is not None
    parameters = {"type": "object", "properties": {"a": schema}}
    answer = chat("Hello", tools=[tool(parameters=parameters)])
    assert answer.status_code == 400
    assert "Invalid schema for function 'f'" in answer.json()["error"]["message"]


@pytest.mark.parametrize("schema", [True, {}, OPEN, {"type": ["string", "null"], "x-own": 3}, {"items": {"$ref": "#"}}])
def test_schemas(schema):
    assert schema_problem(schema) is None


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 200)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=6)
    | st.sampled_from(["auto", "function", "text", "object", "json_schema"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "function", "name", "url", "properties", "x"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)

EVERYTHING = {
    "model": "m",
    "messages": [
        {"role": "system", "content": [{"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}]},
        *HELLO,
        {**ASSISTANT, "tool_calls": [call(), custom_call()], "refusal": None, "audio": {"id": "audio_1"}},
        result(),
        result("c2"),
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "draw 3 'red' cats as json"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA", "detail": "low"}},
                {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
                {"type": "file", "file": {"filename": "x", "file_data": "data:a/b;base64,AAAA"}},
            ],
        },
    ],
    "tools": [
        tool(
            "draw",
            description="Draws",
            strict=False,
            parameters={
                "type": "object",
                "properties": {
                    "a": {"type": "integer", "minimum": 1, "enum": [1, 2], "default": 1},
                    "b": {
                        "type": "array",
                        "items": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/D"}]},
                        "minItems": 2,
                    },
                    "c": {"type": ["string", "null"], "minLength": 3, "maxLength": 5, "pattern": "a", "format": "date"},
                    "d": {"allOf": [{"$ref": "#/$defs/D"}]},
                    "e": {"type": "number", "multipleOf": 0.5, "exclusiveMaximum": 3},
                    "f": {"type": ["integer", "null"]},
                },
                "required": ["a", "b", "c", "d", "e"],
                "$defs": {"D": CLOSED},
            },
        ),
        custom(description="Runs", format=grammar()),
    ],
    "tool_choice": "required",
    "parallel_tool_calls": True,
    "response_format": {"type": "json_schema", "json_schema": {"name": "n", "strict": True, "schema": CLOSED}},
    "temperature": 1,
    "n": 2,
    "max_tokens": 50,
    "stop": ["x"],
    "logprobs": True,
    "top_logprobs": 2,
    "stream": True,
    "stream_options": {"include_usage": True},
    "reasoning_effort": "low",
    "service_tier": "auto",
    "modalities": ["text"],
}


def places(value, path=()):
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inner:
        yield from places(child, (*path, key))


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(list(places(EVERYTHING))),
    JSON,
    st.sampled_from(["required", "auto", "none", allowed(tool("draw"), mode="required"), custom()]),
)
def test_whatever_is_wrong_is_refused_or_answered(path, value, tool_choice):
    body = {**copy.deepcopy(EVERYTHING), "tool_choice": tool_choice}
    place = body
    for key in path[:-1]:
        place = place[key]
        assume(isinstance(place, (dict, list)))
    place[path[-1]] = value
    with contextlib.suppress(Refusal):
        writer = Writer(check_chat(body), read_question(body), 1, 0)
        json.dumps([writer.completion(), [event.data for event in writer.events()]])


def test_an_old_function_call_is_told_to_be_one():
    old = {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}}
    with pytest.raises(Refusal, match="deprecated and not emulated"):
        check_chat({"model": "m", "messages": [*HELLO, old]})
