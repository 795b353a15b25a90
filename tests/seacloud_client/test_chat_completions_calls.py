"""Tool calls in Chat Completions' replies and streams, in every form that gateways send them."""

from __future__ import annotations

from typing import Any

import pytest
from chat_wire import Json, call, calls, chunk, deltas_of, parts_of, plain, stop, streamed
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletionChunk
from seacloud_client.conversation import (
    Choice,
    Finish,
    Text,
    ToolCall,
)
from seacloud_client.deltas import (
    PartStart,
    ToolCallDelta,
)

ONE, TWO = ToolCall("a", "f", '{"x": 1}'), ToolCall("b", "g", '{"y": 2}')
PLAIN_CALLS = [
    {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}},
    {"id": "b", "type": "function", "function": {"name": "g", "arguments": '{"y": 2}'}},
]

STREAMS: dict[str, list[Json]] = {
    "one after the other": [
        calls(call(0, "a", "f", "")),
        calls(call(0, arguments='{"x"')),
        calls(call(0, arguments=": 1}")),
        calls(call(1, "b", "g", "")),
        calls(call(1, arguments='{"y": 2}')),
    ],
    "interleaved": [
        calls(call(0, "a", "f", '{"x"'), call(1, "b", "g", '{"y"')),
        calls(call(1, arguments=": 2}"), call(0, arguments=": 1}")),
    ],
    "whole": [calls(call(0, "a", "f", '{"x": 1}'), call(1, "b", "g", '{"y": 2}'))],
    "arguments only at the end": [
        calls(call(0, "a", "f"), call(1, "b", "g")),
        calls(call(0, arguments='{"x": 1}'), call(1, arguments='{"y": 2}')),
    ],
    "without an index": [
        calls(call(None, "a", "f", '{"x"')),
        calls(call(None, arguments=": 1}")),
        calls(call(None, "b", "g", '{"y"')),
        calls(call(None, arguments=": 2}")),
    ],
    "without an index, both in one": [calls(call(None, "a", "f", '{"x": 1}'), call(None, "b", "g", '{"y": 2}'))],
    "one index for both": [
        calls(call(0, "a", "f", '{"x"')),
        calls(call(0, arguments=": 1}")),
        calls(call(0, "b", "g", '{"y": 2}')),
    ],
    "id and name again on each": [
        calls(call(0, "a", "f", '{"x"')),
        calls(call(0, "a", "f", ": 1}")),
        calls(call(1, "b", "g", '{"y"')),
        calls(call(1, "b", "g", ": 2}")),
    ],
    "empty id and name on the rest": [
        calls(call(0, "a", "f", '{"x"')),
        calls({"index": 0, "id": "", "function": {"name": "", "arguments": ": 1}"}}),
        calls(call(1, "b", "g", '{"y": 2}')),
    ],
    "the id before the name": [
        calls(call(0, "a")),
        calls(call(0, name="f", arguments='{"x": 1}')),
        calls(call(1, "b", "g", '{"y": 2}')),
    ],
    "arguments before the name": [
        calls(call(0, "a", arguments='{"x"')),
        calls(call(0, name="f", arguments=": 1}")),
        calls(call(1, "b", "g", '{"y": 2}')),
    ],
    "the id behind the name": [
        calls({"index": 0, "function": {"name": "f", "arguments": ""}}, call(1, "b", "g", '{"y": 2}')),
        calls(call(0, "a", arguments='{"x": 1}')),
    ],
    "indexes that begin at one": [calls(call(1, "a", "f", '{"x": 1}')), calls(call(2, "b", "g", '{"y": 2}'))],
    "one index for both, in turns": [
        calls(call(0, "a", "f", "")),
        calls(call(0, "b", "g", "")),
        calls(call(0, "a", arguments='{"x": 1}')),
        calls(call(0, "b", arguments='{"y": 2}')),
    ],
    "one index for both, in turns, with id and name on each": [
        calls(call(0, "a", "f", '{"x"')),
        calls(call(0, "b", "g", '{"y"')),
        calls(call(0, "a", "f", ": 1}")),
        calls(call(0, "b", "g", ": 2}")),
    ],
    "another id on each fragment": [  # vLLM
        calls(call(0, "a", "f", '{"x"')),
        calls(call(0, "a-2", arguments=": 1}")),
        calls(call(1, "b", "g", '{"y"')),
        calls(call(1, "b-2", arguments=": 2}")),
        calls(call(0, "a-3", arguments="")),
    ],
    "another id on each fragment, and the name": [  # older versions of vLLM
        calls(call(0, "a", "f", '{"x"')),
        calls(call(0, "a-2", "f", ": ")),
        calls(call(0, "a-3", "f", "1}")),
        calls(call(1, "b", "g", "")),
        calls(call(1, "b", "g", '{"y": 2}')),
    ],
    "one index for both, and the second's id before its name": [
        calls(call(0, "a", "f", '{"x": 1}')),
        calls(call(0, "b", arguments="")),
        calls(call(0, name="g", arguments='{"y": 2}')),
    ],
    "an object for arguments": [calls(call(0, "a", "f", {"x": 1}), call(1, "b", "g", {"y": 2}))],
}


@pytest.mark.parametrize("chunks", STREAMS.values(), ids=STREAMS.keys())
def test_tool_calls_however_they_are_streamed(chunks: list[Json]):
    assert parts_of(*chunks, finish="tool_calls") == (ONE, TWO)


def test_tool_calls_of_a_plain_reply():
    reply = plain({"content": None, "tool_calls": PLAIN_CALLS}, "tool_calls")
    assert reply.choice == Choice(parts=(ONE, TWO), finish=Finish.TOOL_CALLS, finish_reason="tool_calls")
    assert plain({"content": "Look:", "tool_calls": PLAIN_CALLS}).choice.parts == (Text("Look:"), ONE, TWO)


def test_a_call_begins_with_its_name_and_goes_on_with_its_arguments():
    deltas = deltas_of(chunk(calls(call(0, "a", "f", ""))), chunk(calls(call(0, arguments="{}"))), stop("tool_calls"))
    (start,) = [delta for delta in deltas if isinstance(delta, PartStart)]
    assert start.value == ToolCall("a", "f", "")
    assert [delta.arguments for delta in deltas if isinstance(delta, ToolCallDelta)] == ["{}"]


@pytest.mark.parametrize("arguments", ["", "{", "not json", '{"a": 1} trailing', "null", "[1]"])
def test_arguments_that_do_not_parse_are_handed_on(arguments: str):
    (found,) = parts_of(calls(call(0, "a", "f", arguments)), finish="tool_calls")
    assert found == ToolCall("a", "f", arguments)
    plain_call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": arguments}}
    assert plain({"tool_calls": [plain_call]}).tool_calls == (found,)


def test_calls_without_an_id_get_one_that_is_the_same_each_time():
    one, two = parts_of(calls(call(0, None, "f", "{}"), call(1, None, "f", "{}")))
    assert one.id.startswith("call_")
    assert one.id != two.id
    plain_calls = [{"type": "function", "function": {"name": "f", "arguments": "{}"}}] * 2
    assert plain({"tool_calls": plain_calls}).tool_calls == (one, two)


def test_calls_without_index_and_id_are_told_apart_by_their_end():
    one, two = parts_of(calls(call(None, None, "f", '{"x": 1}')), calls(call(None, None, "f", '{"x": 2}')))
    assert (one.arguments, two.arguments) == ('{"x": 1}', '{"x": 2}')


def test_calls_without_index_and_id_are_told_apart_by_their_names():
    one, two = parts_of(calls(call(None, None, "f", ""), call(None, None, "g", "")))
    assert (one.name, two.name) == ("f", "g")


@pytest.mark.parametrize(
    "fragments",
    [
        [call(0, "a", "get_"), call(0, name="weather"), call(0, arguments="{}")],
        [call(0, "a", "get_", ""), call(0, name="weather", arguments="{}")],
        [call(0, "a", "get_"), call(0, name="weather"), call(1, "b", "f"), call(1, arguments="{}")],
    ],
)
def test_a_name_in_pieces_is_added_up_as_openais_sdk_does(fragments: list[Json]):
    chunks = [*(chunk(calls(fragment)) for fragment in fragments), stop("tool_calls")]
    state: ChatCompletionStreamState[Any] = ChatCompletionStreamState()
    for one in chunks:
        state.handle_chunk(ChatCompletionChunk.model_validate(one))
    theirs = state.get_final_completion().choices[0].message.tool_calls or []
    deltas = deltas_of(*chunks)
    starts = [delta.value for delta in deltas if isinstance(delta, PartStart)]
    assert [start.name for start in starts if isinstance(start, ToolCall)] == [one.function.name for one in theirs]
    assert starts[0].name == "get_weather"


def test_a_call_that_never_got_a_name_is_handed_on():
    (found,) = parts_of(calls(call(0, "a", arguments="{}")))
    assert found == ToolCall("a", "", "{}")


def test_a_custom_tools_call_has_free_text():
    entry = {"id": "a", "type": "custom", "custom": {"name": "sql", "input": "SELECT 1"}}
    expected = ToolCall("a", "sql", "SELECT 1", "custom")
    assert plain({"tool_calls": [entry]}).tool_calls == (expected,)
    first = {"index": 0, "id": "a", "type": "custom", "custom": {"name": "sql", "input": "SELECT"}}
    assert parts_of(calls(first), calls({"index": 0, "custom": {"input": " 1"}})) == (expected,)


def test_the_deprecated_single_call():
    function = {"name": "f", "arguments": '{"x": 1}'}
    (found,) = plain({"function_call": function}, "function_call").tool_calls
    assert (found.name, found.arguments) == ("f", '{"x": 1}')
    reply = streamed(
        chunk({"function_call": {"name": "f", "arguments": '{"x"'}}),
        chunk({"function_call": {"arguments": ": 1}"}}),
        stop("function_call"),
    )
    assert reply.tool_calls == (found,)
    assert reply.choice.finish is Finish.TOOL_CALLS


def test_extras_of_a_call_are_kept_whenever_they_come():
    signature = {"google": {"thought_signature": "s"}}
    early = calls(call(0, "a", "f", "{}", extra_content=signature))
    late = [calls(call(0, "a", "f", "{}")), calls(call(0, extra_content=signature))]
    expected = (ToolCall("a", "f", "{}", extras={"extra_content": signature}),)
    assert parts_of(early) == parts_of(*late) == expected


@pytest.mark.parametrize(
    ("fragments", "arguments"),
    [
        ([("a", '{"x": 1}'), ("b", '{"x": 2}')], ['{"x": 1}', '{"x": 2}']),
        ([("a", '{"x"'), ("b", '{"x"'), ("a", ": 1}"), ("b", ": 2}")], ['{"x": 1}', '{"x": 2}']),
        ([("a", ""), ("b", ""), ("a", '{"x": 1}'), ("b", '{"x": 2}')], ['{"x": 1}', '{"x": 2}']),
        ([("a", '{"x": '), ("b", ""), ("b", '{"x": 2}')], ['{"x": ', '{"x": 2}']),
        ([("a", "x"), ("b", "y")], ["x", "y"]),
    ],
    ids=["one after the other", "in turns", "announced first", "cut", "no objects"],
)
def test_calls_of_one_tool_under_one_index_stay_apart_by_their_ids(
    fragments: list[tuple[str, str]], arguments: list[str]
):
    chunks = [calls(call(0, call_id, "f", text)) for call_id, text in fragments]
    assert parts_of(*chunks, finish="tool_calls") == tuple(
        ToolCall(call_id, "f", text) for call_id, text in zip("ab", arguments, strict=True)
    )
