"""A conversation in Chat Completions' JSON, as OpenAI's reference (and, where it says so, a gateway) has it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from chat_requests import CACHED, PDF, PNG, WAV, Json, body_of, messages_of, said
from seacloud_client.conversation import (
    Annotation,
    Audio,
    File,
    Image,
    Message,
    Native,
    Part,
    Reasoning,
    Refusal,
    Request,
    Text,
    ToolCall,
    ToolResult,
    Video,
    system,
    user,
)
from seacloud_client.errors import InvalidInputError
from seacloud_client.protocols.chat_completions import PROTOCOL


def test_a_text_is_a_string():
    assert messages_of(user("Hi")) == [{"role": "user", "content": "Hi"}]


def test_instructions_at_the_start_and_in_the_middle():
    developer = Message("developer", (Text("And kind."),))
    assert messages_of(system("Be brief."), user("Hi"), developer, user("Ho")) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "developer", "content": "And kind."},
        {"role": "user", "content": "Ho"},
    ]


def test_instructions_with_cache_control_are_a_list():
    parts = (Text("Long.", extras=CACHED), Text("Short."))
    assert messages_of(Message("system", parts), user("Hi"))[0]["content"] == [
        {"type": "text", "text": "Long.", **CACHED},
        {"type": "text", "text": "Short."},
    ]


def test_instructions_that_say_nothing_are_left_out():
    assert messages_of(Message("system", ()), user("Hi")) == [{"role": "user", "content": "Hi"}]


def test_a_turn_of_nothing_that_can_be_sent_is_left_out():
    foreign = Native("responses", {"type": "input_item", "id": "x"})
    assert messages_of(user(foreign), user("Hi")) == [{"role": "user", "content": "Hi"}]


def test_instructions_take_text_alone():
    with pytest.raises(InvalidInputError, match=r"A system message takes text alone, not Image.*Nothing was sent"):
        body_of(Message("system", (Image(url="https://e.com/a.png"),)), user("Hi"))


def test_a_name_and_fields_of_the_turns_own_go_along():
    message = Message("user", (Text("Hi"),), name="ann", extras=None)
    assert messages_of(message) == [{"role": "user", "content": "Hi", "name": "ann"}]
    body = PROTOCOL.encode(Request(model="m", messages=(said(Text("x"), extras={"prefix": True}), user("y"))), False)
    assert body["messages"][0] == {"role": "assistant", "content": "x", "prefix": True}


def test_a_name_is_sent_as_openai_takes_it():
    """Frameworks put agents' names there. OpenAI: expected a string that matches the pattern '^[^\\s<|\\\\/>]+$'."""
    message = Message("assistant", (Text("Hi"),), name="Müller's Agent </2>")
    assert messages_of(message)[0]["name"] == "Müller's_Agent_2_"


def test_a_native_part_of_a_result_is_not_lost():
    """What is not known here goes as it is: the service says whether it takes it."""
    native = {"type": "guard", "text": "x"}
    call = said(ToolCall("call_1", "look", "{}"))
    given = Message("tool", (ToolResult("call_1", (Text("a"), Native("chat_completions", native))),))
    body = PROTOCOL.encode(Request(model="m", messages=(user("Hi"), call, given)), False)
    assert body["messages"][-1]["content"] == [{"type": "text", "text": "a"}, native]


PARTS: dict[str, tuple[Part, Json]] = {
    "a picture's address": (
        Image(url="https://e.com/a.png", extras={"detail": "low", **CACHED}),
        {"type": "image_url", "image_url": {"url": "https://e.com/a.png", "detail": "low"}, **CACHED},
    ),
    "a picture's bytes": (
        Image(data=PNG, media_type="image/png"),
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
    ),
    "a sound": (
        Audio(data=WAV, media_type="audio/wav"),
        {"type": "input_audio", "input_audio": {"data": WAV, "format": "wav"}},
    ),
    "a sound by its other name": (
        Audio(data=WAV, media_type="audio/x-wav"),
        {"type": "input_audio", "input_audio": {"data": WAV, "format": "wav"}},
    ),
    "a sound whose type names its codec": (
        Audio(data=WAV, media_type="audio/wav; codecs=1"),
        {"type": "input_audio", "input_audio": {"data": WAV, "format": "wav"}},
    ),
    "an mp3": (
        Audio(data=WAV, media_type="audio/mpeg"),
        {"type": "input_audio", "input_audio": {"data": WAV, "format": "mp3"}},
    ),
    "a film": (Video(url="https://e.com/a.mp4"), {"type": "video_url", "video_url": {"url": "https://e.com/a.mp4"}}),
    "a PDF": (
        File(data=PDF, media_type="application/pdf", name="a.pdf"),
        {"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"}},
    ),
    "a PDF without a name": (
        File(data=PDF, media_type="application/pdf"),
        {"type": "file", "file": {"filename": "file", "file_data": f"data:application/pdf;base64,{PDF}"}},
    ),
    "a file of the provider's": (File(file_id="file-1"), {"type": "file", "file": {"file_id": "file-1"}}),
}


@pytest.mark.parametrize(("part", "expected"), PARTS.values(), ids=PARTS.keys())
def test_each_kind_of_content(part: Part, expected: Json):
    (message,) = messages_of(user("Look:", part))
    assert message == {"role": "user", "content": [{"type": "text", "text": "Look:"}, expected]}


@pytest.mark.parametrize(
    ("part", "said_"),
    [
        (Image(file_id="f"), "images by url or as bytes, not by file_id"),
        (Image(data=PNG), "data needs a media_type, such as 'image/png'"),
        (Video(file_id="f"), "videos by url or as bytes, not by file_id"),
        (Audio(url="https://e.com/a.wav"), "a sound as bytes, not by url or file_id: download it first"),
        (Audio(data=WAV), "A sound needs its media_type, such as 'audio/wav'"),
        (File(url="https://e.com/a.pdf"), "a file as bytes or by file_id, not by url: download it first"),
        (File(data=PDF), "data needs a media_type, such as 'application/pdf'"),
    ],
)
def test_what_cannot_be_sent_is_refused_and_told_how(part: Part, said_: str):
    with pytest.raises(InvalidInputError, match=said_) as caught:
        body_of(user("Look:", part))
    assert caught.value.message.endswith("Nothing was sent.")


CALL = ToolCall("call_1", "weather", '{"city":"Oslo"}')
WIRE_CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Oslo"}'}}
RESULT = Message("tool", (ToolResult("call_1", (Text("Rain."),)),))
WIRE_RESULT = {"role": "tool", "tool_call_id": "call_1", "content": "Rain."}


def test_a_call_and_its_result():
    assert messages_of(user("Hi"), said(Text("Look:"), CALL), RESULT) == [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Look:", "tool_calls": [WIRE_CALL]},
        WIRE_RESULT,
    ]
    assert messages_of(said(CALL), RESULT)[0] == {"role": "assistant", "content": None, "tool_calls": [WIRE_CALL]}
    assert messages_of(said(Text(""), CALL), RESULT)[0]["content"] == ""


def test_texts_of_the_assistants_are_one_string():
    """Not every vendor reads a list there."""
    note = Annotation(type="url_citation", raw={"a": 1}, protocol="chat_completions")
    assert messages_of(said(Text("a", (note,)), Text("b")), user("x"))[0] == {"role": "assistant", "content": "ab"}


def test_a_text_is_a_string_whatever_was_kept_with_it():
    """Responses' phase, ours, and LangChain's: nothing of it is sent, and not every vendor reads a list."""
    kept = Text("a", extras={"phase": "final_answer", "reasoning_id": "rs_1", "index": 0})
    told = Message("tool", (ToolResult("call_1", (kept,)),))
    turns = messages_of(Message("system", (kept,)), user(kept), said(kept, CALL), told)
    assert [turn["content"] for turn in turns] == ["a"] * 4


def test_texts_with_cache_control_are_a_list():
    content = messages_of(said(Text("a", extras=CACHED), Text("b")), user("x"))[0]["content"]
    assert content == [{"type": "text", "text": "a", **CACHED}, {"type": "text", "text": "b"}]


@pytest.mark.parametrize("arguments", ["{not json", "[1]", '"{}"', '{"a": NaN}'])
def test_arguments_that_are_no_object_go_back_in_one(arguments: str):
    """Vendors that parse a history refuse it otherwise, for ever."""
    sent = messages_of(said(ToolCall("call_1", "weather", arguments)), RESULT)[0]["tool_calls"][0]["function"]
    assert json.loads(sent["arguments"]) == {"invalid_arguments": arguments}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ('{ "a":1, "a":2 }', '{ "a":1, "a":2 }'),
        (" ", "{}"),
        ('{"a": "x\ny"}', '{"a": "x\\ny"}'),  # a line break as it is, which only our parser takes
    ],
)
def test_arguments_that_are_an_object_go_back_as_they_came(arguments: str, expected: str):
    sent = messages_of(said(ToolCall("call_1", "weather", arguments)), RESULT)[0]["tool_calls"][0]["function"]
    assert sent["arguments"] == expected


def test_what_a_gateway_keeps_with_a_call_goes_back():
    """LiteLLM: Gemini's signature of the thought, in the call's id and beside it."""
    kept = {"provider_specific_fields": {"thought_signature": "c2ln"}}
    call = ToolCall(f"call_1__thought__{'c2ln' * 90}", "weather", "{}", extras=kept)
    turns = (said(call), Message("tool", (ToolResult(call.id, ()),)))
    turn, answer = PROTOCOL.encode(Request(model="gemini-3-pro", messages=turns), False)["messages"]
    assert turn["tool_calls"][0].items() >= {"id": call.id, **kept}.items()
    assert answer["tool_call_id"] == call.id


def test_a_custom_call_and_its_result():
    call = ToolCall("call_1", "sql", "SELECT 1", "custom")
    result = Message("tool", (ToolResult("call_1", (Text("1"),), kind="custom"),))
    assert messages_of(said(call), result) == [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_1", "type": "custom", "custom": {"name": "sql", "input": "SELECT 1"}}],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "1"},
    ]


def test_what_a_call_brought_along_goes_back():
    signature = {"extra_content": {"google": {"thought_signature": "s"}}}
    call = ToolCall("call_1", "weather", "{}", extras={**signature, "status": "completed"})
    assert messages_of(said(call), RESULT)[0]["tool_calls"][0] == {
        "id": "call_1",
        "type": "function",
        "function": {"name": "weather", "arguments": "{}"},
        **signature,
    }


def test_a_refusal_goes_back():
    assert messages_of(said(Refusal("No.")), user("Please"))[0] == {
        "role": "assistant",
        "content": None,
        "refusal": "No.",
    }


def test_a_sound_goes_back_by_its_id_or_as_its_words():
    spoken = Audio(data=WAV, media_type="audio/wav", transcript="Hello", id="audio_1")
    assert messages_of(said(spoken), user("x"))[0] == {"role": "assistant", "content": None, "audio": {"id": "audio_1"}}
    unnamed = Audio(data=WAV, transcript="Hello")
    assert messages_of(said(Text("So: "), unnamed), user("x"))[0] == {"role": "assistant", "content": "So: Hello"}
    assert messages_of(said(Audio(data=WAV)), user("x")) == [{"role": "user", "content": "x"}]


def test_pictures_that_the_assistant_made_go_into_the_next_users_turn():
    made = (Image(data=PNG, media_type="image/png"), Image(file_id="f"), Image(data=PNG))
    assert messages_of(user("Draw"), said(Text("Here"), *made), user("Bigger")) == [
        {"role": "user", "content": "Draw"},
        {"role": "assistant", "content": "Here"},
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
                {"type": "text", "text": "Bigger"},
            ],
        },
    ]


def think(form: str | None, text: str = "hm", **fields: Any) -> Reasoning:
    return Reasoning(text, "chat_completions", form=form, **fields)


def test_reasoning_goes_back_to_where_it_came_from():
    parts = (
        think("reasoning_content", "a"),
        think("reasoning", "b"),
        think("reasoning.text", "c", signature="s", extras={"index": 0, "format": "f"}),
        think("reasoning.encrypted", "", encrypted="e", id="rs_1", extras={"index": 1}),
        think("reasoning.summary", "d", extras={"index": 2}),
        Text("So."),
    )
    assert messages_of(said(*parts), user("x"))[0] == {
        "role": "assistant",
        "content": "So.",
        "reasoning_content": "a",
        "reasoning": "b",
        "reasoning_details": [
            {"type": "reasoning.text", "text": "c", "signature": "s", "index": 0, "format": "f"},
            {"type": "reasoning.encrypted", "data": "e", "id": "rs_1", "index": 1},
            {"type": "reasoning.summary", "summary": "d", "index": 2},
        ],
    }


@pytest.mark.parametrize("model", ["openai/gpt-5.5", "deepseek/deepseek-reasoner", "anthropic/claude-sonnet-4.5"])
def test_a_gateways_own_form_of_reasoning_goes_back_to_every_model(model: str):
    """OpenRouter takes it back for all of them."""
    thought = think("reasoning.encrypted", "", encrypted="e", extras={"format": "openai-responses-v1"})
    (turn, _) = messages_of(said(thought, think("reasoning"), Text("So.")), user("x"), model=model)
    assert turn["reasoning_details"] == [{"type": "reasoning.encrypted", "data": "e", "format": "openai-responses-v1"}]
    assert ("reasoning" in turn) is ("claude" in model)


def test_thinking_in_a_list_goes_back_in_a_list():
    parts = (
        think("thinking", "hm", extras={"closed": True}),
        Text("So."),
        Native("chat_completions", {"type": "reference", "reference_ids": [1]}),
    )
    assert messages_of(said(*parts), user("x"))[0] == {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}], "closed": True},
            {"type": "text", "text": "So."},
            {"type": "reference", "reference_ids": [1]},
        ],
    }


def test_reasoning_alone_has_a_content_that_is_empty():
    assert messages_of(said(think("reasoning_content")), user("x"))[0] == {
        "role": "assistant",
        "content": "",
        "reasoning_content": "hm",
    }


@pytest.mark.parametrize(
    ("model", "without_calls", "with_calls"),
    [("gpt-4.1", False, False), ("deepseek-reasoner", False, True), ("glm-4.7", True, True)],
)
def test_reasoning_is_sent_to_those_that_take_it(model: str, without_calls: bool, with_calls: bool):
    thought = think("reasoning_content")
    (turn, _) = messages_of(said(thought, Text("So.")), user("x"), model=model)
    assert ("reasoning_content" in turn) is without_calls
    turn = messages_of(said(thought, CALL), RESULT, model=model)[0]
    assert ("reasoning_content" in turn) is with_calls


FOREIGN = (
    Reasoning("hm", "messages", signature="s"),
    Reasoning("", "responses", id="rs_1", encrypted="e"),
    Reasoning("nobody's"),
    Native("responses", {"type": "web_search_call", "id": "ws_1"}),
    Native("messages", {"type": "server_tool_use", "id": "st_1"}),
)


def test_what_is_of_another_protocol_is_left_out():
    assert messages_of(said(*FOREIGN, Text("So.")), user("x"))[0] == {"role": "assistant", "content": "So."}
    assert messages_of(user("Hi"), said(*FOREIGN), user("x")) == [
        {"role": "user", "content": "Hi"},
        {"role": "user", "content": "x"},
    ]


@pytest.mark.parametrize("call_id", ["call_1", "toolu_01A09q90qw90lq917835lq9", "0", "x" * 40])
def test_an_id_of_another_protocol_goes_through_if_it_may(call_id: str):
    _, turn, result = messages_of(
        user("x"), said(ToolCall(call_id, "f", "{}")), Message("tool", (ToolResult(call_id, ()),))
    )
    assert turn["tool_calls"][0]["id"] == result["tool_call_id"] == call_id


@pytest.mark.parametrize("call_id", ["", "x" * 41])
def test_an_id_that_is_refused_is_replaced_with_that_of_its_result(call_id: str):
    history = (
        said(ToolCall(call_id, "f", "{}")),
        Message("tool", (ToolResult(call_id, (Image(url="https://e.com/a.png"),)),)),
    )
    turn, result, carried = messages_of(*history, model="gpt-4.1")
    new_id = turn["tool_calls"][0]["id"]
    assert 0 < len(new_id) <= 40
    assert result["tool_call_id"] == new_id
    assert new_id in carried["content"][0]["text"]
    assert messages_of(*history, model="gpt-4.1")[0]["tool_calls"][0]["id"] == new_id


def test_an_id_is_of_the_form_that_claude_takes():
    turn, result = messages_of(
        said(ToolCall("functions.f:0", "f", "{}")),
        Message("tool", (ToolResult("functions.f:0", ()),)),
        model="claude-opus-4-6",
    )
    assert turn["tool_calls"][0]["id"] == result["tool_call_id"]
    assert result["tool_call_id"].isidentifier()


def test_results_with_pictures_carry_them_into_a_users_turn():
    one = ToolResult("call_1", (Text("See:"), Image(url="https://e.com/a.png")))
    two = ToolResult("call_2", (File(file_id="file-1"),))
    history = (said(CALL, ToolCall("call_2", "read", "{}")), Message("tool", (one, two)))
    assert messages_of(*history)[1:] == [
        {"role": "tool", "tool_call_id": "call_1", "content": "See:"},
        {"role": "tool", "tool_call_id": "call_2", "content": "1 attached below."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Attached by the tool call call_1:"},
                {"type": "image_url", "image_url": {"url": "https://e.com/a.png"}},
                {"type": "text", "text": "Attached by the tool call call_2:"},
                {"type": "file", "file": {"file_id": "file-1"}},
            ],
        },
    ]


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (ToolResult("call_1", ()), {"content": ""}),
        (ToolResult("call_1", (Text("It failed."),), is_error=True), {"content": "It failed."}),
        (
            ToolResult("call_1", (Text("a", extras={"annotations": None}), Text("b"))),
            {"content": "a\nb"},  # not every vendor reads a list there
        ),
        (
            ToolResult("call_1", (Text("a"), Native("messages", {"type": "search_result"}), Text("b"))),
            {"content": "a\nb"},
        ),
        (
            ToolResult("call_1", (Text("a"), Text("b", extras=CACHED))),
            {"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b", **CACHED}]},
        ),
        (ToolResult("call_1", (Text("a"),), extras=CACHED), {"content": "a", **CACHED}),
    ],
)
def test_a_result(result: ToolResult, expected: Json):
    assert messages_of(said(CALL), Message("tool", (result,)))[1] == {
        "role": "tool",
        "tool_call_id": "call_1",
        **expected,
    }
