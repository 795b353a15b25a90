"""What a Responses request must be: each of these is refused with OpenAI's error object."""

from __future__ import annotations

import contextlib
import copy
import json

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from seacloud_emulator.brain.cache import Cached
from seacloud_emulator.brain.thinking import answers
from seacloud_emulator.protocols.bodies import Ids
from seacloud_emulator.protocols.responses.context import conversation, seal_reasoning
from seacloud_emulator.protocols.responses.output import Output
from seacloud_emulator.protocols.responses.reading import prompt_pieces, read_question
from seacloud_emulator.protocols.responses.store import ResponseStore
from seacloud_emulator.protocols.responses.streaming import Stream
from seacloud_emulator.protocols.responses.validation import check_request
from seacloud_emulator.refusals import Refusal

from .wire import RESPONSES, post

HELLO = {"role": "user", "content": "Hello"}
OPEN = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
CLOSED = {**OPEN, "additionalProperties": False}
THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": seal_reasoning("rs_1", "Hm.")}
SAID = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "Hi", "annotations": []}],
}


def call(call_id="c1", **fields):
    return {"type": "function_call", "call_id": call_id, "name": "f", "arguments": "{}", **fields}


def output(call_id="c1", **fields):
    return {"type": "function_call_output", "call_id": call_id, "output": "x", **fields}


def tool(name="f", **fields):
    return {"type": "function", "name": name, "parameters": OPEN, "strict": False, **fields}


def given_items(*items):
    return {"input": [HELLO, *items]}


def asked(*parts):
    return {"input": [{"role": "user", "content": list(parts)}]}


def image(url):
    return asked({"type": "input_image", "image_url": url, "detail": "auto"})


def wanted(**fields):
    return {"text": {"format": {"type": "json_schema", "name": "x", "schema": CLOSED, **fields}}}


BAD = {
    "no model": ({"model": None}, "Missing required parameter: 'model'", "model"),
    "parallel calls for the o-series": (
        {"model": "o4-mini-2025-04-16", "parallel_tool_calls": True},
        "'parallel_tool_calls' is not supported with this model",
        "parallel_tool_calls",
    ),
    "no input": ({"input": None}, 'One of "input"', "input"),
    "empty input": ({"input": []}, 'One of "input"', "input"),
    "input is a number": ({"input": 3}, "Invalid type for 'input'", "input"),
    "unknown field": ({"max_tokens": 5}, "Unknown parameter: 'max_tokens'", "max_tokens"),
    "messages": ({"messages": [HELLO]}, "Unknown parameter: 'messages'", "messages"),
    "an item is a text": ({"input": ["x"]}, "Invalid type for 'input[0]'", "input[0]"),
    "an item of no type": (
        {"input": [{"content": "x"}]},
        "Missing required parameter: 'input[0].type'",
        "input[0].type",
    ),
    "unknown item": ({"input": [{"type": "tool_use"}]}, "Invalid value: 'tool_use'", "input[0].type"),
    "unknown role": ({"input": [{"role": "tool", "content": "x"}]}, "Supported values are: 'user'", "input[0].role"),
    "no content": ({"input": [{"role": "user"}]}, "'input[0].content'", "input[0].content"),
    "unknown part": (asked({"type": "text", "text": "x"}), "Invalid value: 'text'", "input[0].content[0].type"),
    "a sound": (asked({"type": "input_audio", "input_audio": {}}), "'input_audio'", "input[0].content[0].type"),
    "output of the user": (asked({"type": "output_text", "text": "x"}), "Invalid value", "input[0].content[0].type"),
    "input of the assistant": (
        given_items({**SAID, "content": [{"type": "input_text", "text": "x"}]}),
        "Supported values are: 'output_text', 'refusal'",
        "input[1].content[0].type",
    ),
    "image without address": (asked({"type": "input_image"}), "image_url", "input[0].content[0].image_url"),
    "image of no address": (image("x"), "valid URL", "input[0].content[0].image_url"),
    "image that is not base64": (image("data:image/png;base64,?"), "base64", "input[0].content[0].image_url"),
    "image as in Chat": (image({"url": "https://x"}), "expected a string", "input[0].content[0].image_url"),
    "file without anything": (asked({"type": "input_file"}), "must have one of", "input[0].content[0]"),
    "file without a name": (
        asked({"type": "input_file", "file_data": "data:application/pdf;base64,AAAA"}),
        "filename",
        "input[0].content[0].filename",
    ),
    "file that is no data URL": (
        asked({"type": "input_file", "filename": "x", "file_data": "AAAA"}),
        "data URL",
        "input[0].content[0].file_data",
    ),
    "call without arguments": (given_items({**call(), "arguments": None}, output()), "arguments", "input[1].arguments"),
    "arguments as an object": (given_items(call(arguments={}), output()), "expected a string", "input[1].arguments"),
    "call with a bad name": (given_items(call(name="a b"), output()), "does not match", "input[1].name"),
    "call id too long": (given_items(call("c" * 65), output("c" * 65)), "maximum length 64", "input[1].call_id"),
    "call with a foreign id": (given_items(call(id="toolu_1"), output()), "begins with 'fc'", "input[1].id"),
    "message with a foreign id": (given_items({**SAID, "id": "1"}), "begins with 'msg'", "input[1].id"),
    "item id too long": (given_items({**SAID, "id": "msg_" + "1" * 61}), "maximum length 64", "input[1].id"),
    "no output": (given_items(call(), output(output=None)), "'input[2].output'", "input[2].output"),
    "output with a sound": (given_items(call(), output(output=[{"type": "x"}])), "value", "input[2].output[0].type"),
    "output without a call": (
        given_items(output()),
        "No tool call found for function call output with call_id c1.",
        "input",
    ),
    "call without an output": (given_items(call()), "No tool output found for function call c1.", "input"),
    "output before its call": (given_items(output(), call()), "No tool call found", "input"),
    "custom call without an output": (
        given_items({"type": "custom_tool_call", "call_id": "c1", "name": "f", "input": "x"}),
        "No tool output found for custom tool call c1.",
        "input",
    ),
    "one item twice": (given_items(SAID, SAID), "Duplicate item found with id msg_1.", "input"),
    "reasoning without a summary": (given_items({**THOUGHT, "summary": None}, SAID), "summary", "input[1].summary"),
    "reasoning at the end": (
        given_items(THOUGHT),
        "Item 'rs_1' of type 'reasoning' was provided without its required following item.",
        "input",
    ),
    "reasoning before the user": (given_items(THOUGHT, HELLO), "without its required following item", "input"),
    "foreign reasoning": (given_items({**THOUGHT, "encrypted_content": "gAAA"}, SAID), "could not be verified", None),
    "reasoning of another item": (
        given_items({**THOUGHT, "id": "rs_2"}, SAID),
        "item_id did not match the target item id",
        None,
    ),
    "unknown previous answer": (
        {"previous_response_id": "resp_1"},
        "Previous response with id 'resp_1' not found.",
        "previous_response_id",
    ),
    "temperature": ({"temperature": 2.1}, "temperature", "temperature"),
    "too few tokens": ({"max_output_tokens": 15}, "max_output_tokens", "max_output_tokens"),
    "top_logprobs": ({"top_logprobs": 21}, "top_logprobs", "top_logprobs"),
    "stream is a text": ({"stream": "yes"}, "stream", "stream"),
    "stream_options without stream": (
        {"stream_options": {"include_obfuscation": False}},
        "only allowed",
        "stream_options",
    ),
    "include": ({"include": ["usage"]}, "Invalid value: 'usage'", "include[0]"),
    "truncation": ({"truncation": "none"}, "Invalid value", "truncation"),
    "metadata": ({"metadata": {"a": 1}}, "metadata", "metadata"),
    "effort": ({"reasoning": {"effort": "huge"}}, "Supported values are: 'none'", "reasoning.effort"),
    "summary": ({"reasoning": {"summary": "long"}}, "Supported values are: 'auto'", "reasoning.summary"),
    "verbosity": ({"text": {"verbosity": "max"}}, "Invalid value", "text.verbosity"),
    "unknown format": ({"text": {"format": {"type": "xml"}}}, "Invalid value: 'xml'", "text.format.type"),
    "json_object without the word": ({"text": {"format": {"type": "json_object"}}}, "the word 'json'", "input"),
    "json_schema without a name": (wanted(name=None), "'text.format.name'", "text.format.name"),
    "json_schema with a bad name": (wanted(name="a b"), "'a b'", "text.format.name"),
    "json_schema without a schema": (wanted(schema=None), "'text.format.schema'", "text.format.schema"),
    "strict json_schema that is open": (wanted(schema=OPEN, strict=True), "additionalProperties", "text.format.schema"),
    "json_schema as in Chat": (
        {"text": {"format": {"type": "json_schema", "json_schema": {"name": "x", "schema": CLOSED}}}},
        "'text.format.name'",
        "text.format.name",
    ),
    "background": ({"background": True}, "Background", "background"),
    "tools is an object": ({"tools": {"a": 1}}, "tools", "tools"),
    "unknown tool": ({"tools": [{"type": "magic"}]}, "Invalid value: 'magic'", "tools[0].type"),
    "tool as in Chat": (
        {"tools": [{"type": "function", "function": {"name": "f"}}]},
        "Missing required parameter: 'tools[0].name'.",
        "tools[0].name",
    ),
    "tool with a bad name": ({"tools": [tool("no spaces")]}, "does not match pattern", "tools[0].name"),
    "tool whose parameters are no object": (
        {"tools": [tool(parameters={"type": "array"})]},
        "'f'",
        "tools[0].parameters",
    ),
    "strict tool with an open schema": ({"tools": [tool(strict=True)]}, "additionalProperties", "tools[0].parameters"),
    "custom tool of a strange format": (
        {"tools": [{"type": "custom", "name": "f", "format": {"type": "xml"}}]},
        "Invalid value",
        "tools[0].format.type",
    ),
    "custom tool of a strange syntax": (
        {"tools": [{"type": "custom", "name": "f", "format": {"type": "grammar", "definition": "x", "syntax": "bnf"}}]},
        "Supported values are: 'lark', 'regex'",
        "tools[0].format.syntax",
    ),
    "domains as a text": (
        {"tools": [{"type": "web_search", "filters": {"allowed_domains": "a.b"}}]},
        "an array of strings",
        "tools[0].filters.allowed_domains",
    ),
    "required without tools": ({"tool_choice": "required"}, "must be specified with 'tools'", "tool_choice"),
    "unknown tool_choice": ({"tools": [tool()], "tool_choice": "any"}, "Invalid value: 'any'", "tool_choice"),
    "tool_choice as in Chat": (
        {"tools": [tool()], "tool_choice": {"type": "function", "function": {"name": "f"}}},
        "Missing required parameter: 'tool_choice.name'.",
        "tool_choice.name",
    ),
    "tool_choice of a missing tool": (
        {"tools": [tool()], "tool_choice": {"type": "function", "name": "g"}},
        "Tool choice 'g' not found in 'tools' parameter.",
        "tool_choice",
    ),
    "allowed tools that are missing": (
        {
            "tools": [tool()],
            "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "web_search"}]},
        },
        "Tool choice 'web_search' not found",
        "tool_choice",
    ),
    "allowed tools of no mode": (
        {"tools": [tool()], "tool_choice": {"type": "allowed_tools", "tools": [{"type": "function", "name": "f"}]}},
        "Invalid value",
        "tool_choice.mode",
    ),
}


@pytest.mark.parametrize(("changes", "message", "param"), BAD.values(), ids=BAD.keys())
def test_a_bad_request_is_refused(seacloud_emulator, http, changes, message, param):
    seacloud_emulator.configure(strict=False)  # these are the emulator's own rules
    answer = http.post(RESPONSES, json={"model": "m", "input": "Hello", **changes})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"
    assert message in error["message"]
    assert error["param"] == param


NOT_FOUND = {
    "reference": {"type": "item_reference", "id": "msg_9"},
    "reasoning that was not stored": {"type": "reasoning", "id": "rs_9", "summary": []},
}


@pytest.mark.parametrize("item", NOT_FOUND.values(), ids=NOT_FOUND.keys())
def test_items_that_are_not_stored_are_not_found(http, item):
    answer = http.post(RESPONSES, json={"model": "m", "input": [HELLO, item, SAID]})
    assert answer.status_code == 404
    assert "Items are not persisted when `store` is set to false." in answer.json()["error"]["message"]


@pytest.mark.parametrize("field", ["prompt", "conversation"])
def test_what_the_emulator_has_none_of_is_not_found(http, field):
    value = {"id": "x_1"}
    for asked in ({"input": "Hello"}, {}):
        answer = http.post(RESPONSES, json={"model": "m", **asked, field: value})
        assert answer.status_code == 404
        assert f"{field.capitalize()} with id 'x_1' not found" in answer.json()["error"]["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(http, body):
    answer = http.post(RESPONSES, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


GOOD = {
    "instructions and developers": {"instructions": "x", "input": [{"role": "developer", "content": "y"}, HELLO]},
    "typed messages": {
        "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "x"}]}]
    },
    "an assistant's text": given_items({"role": "assistant", "content": "Hi"}, HELLO),
    "a call with its output": given_items(call(), output()),
    "two calls, outputs in any order": given_items(call("a"), call("b"), output("b"), output("a"), HELLO),
    "calls and outputs in turns": given_items(call("a"), output("a"), call("b"), output("b")),
    "reasoning sent back": given_items(THOUGHT, SAID, HELLO),
    "reasoning before a call": given_items(THOUGHT, call(id="fc_1"), output()),
    "reasoning without its id": given_items({**THOUGHT, "id": None}, SAID),
    "output with a picture and a file": given_items(
        call(),
        output(
            output=[
                {"type": "input_text", "text": "x"},
                {"type": "input_image", "image_url": "https://x.y/a.png"},
                {"type": "input_file", "file_url": "https://x.y/a.pdf"},
            ]
        ),
    ),
    "items of other built-in tools": given_items(
        {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": None}, HELLO
    ),
    "strict tool": {"tools": [tool(strict=True, parameters=CLOSED)]},
    "tool_choice and parallel calls without tools": {"tool_choice": "auto", "parallel_tool_calls": True},
    "parallel calls for no model of the o-series": {"model": "other-o3", "parallel_tool_calls": False},
    "other built-in tools": {"tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]},
    "json_object": {"input": "As JSON", "text": {"format": {"type": "json_object"}, "verbosity": "low"}},
    "bounds": {"temperature": 2, "top_p": 1, "max_output_tokens": 16, "top_logprobs": 20},
    "no effort": {"reasoning": {"effort": "none"}},
}


@pytest.mark.parametrize("changes", GOOD.values(), ids=GOOD.keys())
def test_a_good_request_is_answered(seacloud_emulator, http, changes):
    seacloud_emulator.configure(strict=False)
    assert post(http, RESPONSES, {"model": "m", "input": "Hello", **changes})["output"]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3000)
    | st.text(max_size=6)
    | st.sampled_from(["input_text", "auto", "c1"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["type", "text", "content", "id", "name", "role"]), inner, max_size=3)
    ),
    max_leaves=6,
)

EVERYTHING = {
    "model": "m",
    "instructions": "Be kind.",
    "input": [
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "Search the web and draw 3 'red' cats as json"},
                {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "low"},
                {"type": "input_file", "filename": "x", "file_data": "data:a/b;base64,AAAA"},
            ],
        },
        THOUGHT,
        SAID,
        {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search", "query": "x"}},
        call(id="fc_1"),
        output(output=[{"type": "input_text", "text": "x"}]),
        {"type": "custom_tool_call", "call_id": "c2", "name": "f", "input": "x"},
        {"type": "custom_tool_call_output", "call_id": "c2", "output": "x"},
        HELLO,
    ],
    "tools": [
        tool("draw", description="Draws", strict=True, parameters=CLOSED),
        {"type": "custom", "name": "run", "format": {"type": "grammar", "syntax": "regex", "definition": "a"}},
        {"type": "web_search", "filters": {"allowed_domains": ["a.b"]}},
    ],
    "tool_choice": {"type": "allowed_tools", "mode": "required", "tools": [{"type": "custom", "name": "run"}]},
    "parallel_tool_calls": True,
    "text": {"format": {"type": "json_schema", "name": "n", "strict": True, "schema": CLOSED}, "verbosity": "low"},
    "reasoning": {"effort": "low", "summary": "auto"},
    "include": ["reasoning.encrypted_content", "message.output_text.logprobs"],
    "metadata": {"a": "b"},
    "temperature": 1,
    "max_output_tokens": 50,
    "top_logprobs": 2,
    "store": True,
    "stream": True,
    "stream_options": {"include_obfuscation": False},
    "service_tier": "auto",
    "truncation": "auto",
}


def answered(body):
    """Answers a request as the handler does, plain and streamed."""
    checked = check_request(body)
    store = ResponseStore()
    items = conversation(checked["input"], checked.get("previous_response_id"), store)
    question = read_question(checked, items)
    tokens = sum(piece.tokens for piece in prompt_pieces(checked, items, question))
    made = Output(checked, answers(question)[0], Ids(1, body), tokens, Cached(0, 0))
    store.keep(made.id, items, made.items)
    return json.dumps([made.response(), [event.data for event in Stream(made).events()]])


def test_everything_at_once_is_answered():
    assert "custom_tool_call" in answered(EVERYTHING)


def places(value, path=()):
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in inner:
        yield from places(child, (*path, key))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(list(places(EVERYTHING))), JSON, st.sampled_from(["required", "auto", "none", None]))
def test_whatever_is_wrong_is_refused_or_answered(path, value, tool_choice):
    body = {**copy.deepcopy(EVERYTHING), **({"tool_choice": tool_choice} if tool_choice else {})}
    place = body
    for key in path[:-1]:
        assume(isinstance(place, (dict, list)) and (isinstance(place, list) or key in place))
        place = place[key]
    assume(isinstance(place, (dict, list)))
    place[path[-1]] = value
    with contextlib.suppress(Refusal):
        answered(body)
