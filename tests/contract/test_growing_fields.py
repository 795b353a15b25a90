"""Fields that no reference knows, in fragments, against the accumulator of OpenAI's SDK, which adds up any stream."""

from __future__ import annotations

from typing import Any

import pytest
from chat_wire import call, calls, chunk, stop, streamed
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletionChunk

FRAGMENTS: dict[str, list[Any]] = {
    "a text": ["Once ", "upon", " a", " time"],
    "one text": ["Once"],
    "a text of which words repeat": ["ha", "ha", "!"],
    "a list": [["a"], ["b", "c"]],
    "an object": [{"text": "Hel", "by": {"name": "x"}}, {"text": "lo", "sure": True}],
    "numbered objects": [
        [{"index": 0, "text": "a"}],
        [{"index": 0, "text": "b", "type": "note"}, {"index": 1, "text": "c"}],
        [{"index": 1, "text": "d", "type": "note"}],
    ],
    "null, and then a text": [None, "a", None, "b"],
}
"""What the two read alike."""

fragments = pytest.mark.parametrize("fragments", FRAGMENTS.values(), ids=FRAGMENTS)


def sdk_message(*chunks: dict[str, Any]) -> dict[str, Any]:
    state = ChatCompletionStreamState()
    for one in chunks:
        state.handle_chunk(ChatCompletionChunk.model_validate(one))
    message: dict[str, Any] = state.get_final_completion().choices[0].message.to_dict()
    return message


def said(*chunks: dict[str, Any]) -> dict[str, Any]:
    extras = streamed(*chunks).choice.extras
    assert extras is not None
    found: dict[str, Any] = extras["message"]
    return found


@fragments
def test_a_field_of_the_message(fragments: list[Any]):
    chunks = [chunk({"content": "x", "made_up": fragment}) for fragment in fragments]
    assert said(*chunks, stop())["made_up"] == sdk_message(*chunks, stop())["made_up"]


@fragments
def test_a_field_of_a_call(fragments: list[Any]):
    chunks = [
        chunk(
            calls(
                call(0, "c", "f"),
            )
        )
    ] + [chunk(calls(call(0, made_up=fragment))) for fragment in fragments]
    (ours,) = streamed(*chunks, stop("tool_calls")).tool_calls
    (theirs,) = sdk_message(*chunks, stop("tool_calls"))["tool_calls"]
    assert ours.extras == {"made_up": theirs["made_up"]}


@pytest.mark.parametrize(
    ("name", "fragments", "whole"),
    [
        ("speaker", ["analysis"] * 3, "analysis"),  # a recording of gpt-oss has a `channel` with each of 83 chunks
        ("channel", ["analysis", "analysis", "final"], "final"),
        ("name", ["a", "a"], "a"),
        ("sources", [["a"], ["a"]], ["a"]),
        ("token_id", [11, 220, 16], 16),
        ("made_up", ["a", 1], 1),
    ],
)
def test_what_a_gateway_repeats_is_not_added_up(name: str, fragments: list[Any], whole: Any):
    """There the SDK adds up what makes no sense together."""
    assert said(*(chunk({"content": "x", name: fragment}) for fragment in fragments), stop()) == {name: whole}


def test_a_plain_reply_has_its_fields_as_they_are():
    fields = {"made_up": ["a", {"b": "c"}], "name": "x"}
    assert said(chunk({"content": "x", **fields}), stop()) == fields
