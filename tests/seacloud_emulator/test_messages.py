"""Messages over HTTP: what is answered, and in which events it is streamed."""

from __future__ import annotations

import json

import pytest
from anthropic.types import RawMessageStreamEvent

from .wire import MESSAGES, check_type, events_of, post, steps

STRING = {"type": "string"}
WEATHER = {
    "name": "get_weather",
    "description": "Get the weather.",
    "input_schema": {"type": "object", "properties": {"location": STRING}, "required": ["location"]},
}
DRAW = {
    "name": "draw",
    "description": "Draws a picture.",
    "input_schema": {"type": "object", "properties": {"prompt": STRING}, "required": ["prompt"]},
}
CLOCK = {"name": "get_time", "description": "Tells the time.", "input_schema": {"type": "object", "properties": {}}}
SEARCH = {"type": "web_search_20250305", "name": "web_search"}
THINKING = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
BOTH = "Draw a fox and tell me the weather in Oslo"
DOCUMENT = {
    "type": "document",
    "source": {"type": "text", "media_type": "text/plain", "data": "Cats sleep. Dogs bark."},
}


@pytest.fixture
def said(http):
    def ask(said, **fields):
        messages = [{"role": "user", "content": said}]
        return post(http, MESSAGES, {"model": "claude-sonnet-4-6", "max_tokens": 2000, "messages": messages, **fields})

    return ask


def calls_of(answer):
    return [(block["name"], block["input"]) for block in answer["content"] if block["type"] == "tool_use"]


def kinds_of(answer):
    return [block["type"] for block in answer["content"]]


def text_of(answer):
    return "".join(block["text"] for block in answer["content"] if block["type"] == "text")


def test_an_answer_has_the_shape_of_the_protocol(said):
    answer = said("Hello 你好")
    assert (answer["type"], answer["role"], answer["model"]) == ("message", "assistant", "claude-sonnet-4-6")
    assert answer["id"].startswith("msg_")
    assert (answer["stop_reason"], answer["stop_sequence"], answer["stop_details"]) == ("end_turn", None, None)
    assert answer["content"] == [{"type": "text", "text": text_of(answer)}]
    assert "“Hello 你好”" in text_of(answer)
    assert said("Hello 你好")["content"] == answer["content"]


def test_calls_as_the_choice_has_it(said):
    tools = [WEATHER, DRAW]
    assert calls_of(said("Hello", tools=tools)) == []
    called = said("Draw a fox", tools=tools)
    assert (calls_of(called), called["stop_reason"]) == ([("draw", {"prompt": "a fox"})], "tool_use")
    assert called["content"][0]["id"].startswith("toolu_")
    assert calls_of(said("Draw a fox", tools=tools, tool_choice={"type": "none"})) == []
    assert len(calls_of(said(BOTH, tools=tools))) == 2
    alone = {"type": "auto", "disable_parallel_tool_use": True}
    assert len(calls_of(said(BOTH, tools=tools, tool_choice=alone))) == 1
    assert [name for name, _ in calls_of(said("Hello", tools=tools, tool_choice={"type": "any"}))] == ["get_weather"]
    named = said("The weather?", tools=tools, tool_choice={"type": "tool", "name": "draw"})
    assert ([name for name, _ in calls_of(named)], named["stop_reason"]) == (["draw"], "tool_use")


OPEN = {"name": "output", "input_schema": {"type": "object", "additionalProperties": True}}


@pytest.mark.parametrize(
    ("asked", "keys"),
    [
        ("Tell me a joke about cats. Respond in JSON with `setup` and `punchline` keys.", ["setup", "punchline"]),
        ('A joke, as {"type": "object", "properties": {"line": {"type": "string"}}, "required": ["line"]}', ["line"]),
        ("Tell me a joke about cats.", ["answer"]),
    ],
)
def test_a_forced_tool_that_takes_any_fields_is_given_those_that_are_named(http, said, asked, keys):
    [(_, given)] = calls_of(said(asked, tools=[OPEN], tool_choice={"type": "tool", "name": "output"}))
    assert list(given) == keys
    assert all(isinstance(value, str) and value for value in given.values())
    plain = {"type": "json_object"}
    chat = {"model": "gpt-4.1", "messages": [{"role": "user", "content": f"{asked} (json)"}], "response_format": plain}
    assert list(json.loads(post(http, "/llm/v1/chat/completions", chat)["choices"][0]["message"]["content"])) == keys


def test_a_tool_that_need_not_be_called_is_given_no_fields_of_its_own(said):
    asked = "Use the output tool, with the keys `setup` and `punchline`."
    assert calls_of(said(asked, tools=[OPEN])) == [("output", {})]


def test_pictures_and_documents_are_described(said):
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
    pdf = {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "AAAA"}}
    text = text_of(said([picture, pdf, {"type": "text", "text": "What?"}]))
    assert "one image (image/png, 3 bytes) and one file (application/pdf, 3 bytes)" in text


def test_nothing_is_cited_unless_it_is_wanted(said):
    plain = said([DOCUMENT, {"type": "text", "text": "What do dogs do?"}])
    assert kinds_of(plain) == ["text"]
    assert "citations" not in plain["content"][0]
    cited = said([{**DOCUMENT, "citations": {"enabled": True}}, {"type": "text", "text": "What do dogs do?"}])
    assert cited["content"][-1]["citations"][0]["cited_text"] == "Dogs bark."


def test_documents_and_results_are_numbered_apart(said):
    enabled = {"citations": {"enabled": True}}
    result = {
        "type": "search_result",
        "source": "https://x",
        "title": "t",
        "content": [{"type": "text", "text": "Cats."}],
    }
    blocks = [{**result, **enabled}, {**DOCUMENT, **enabled}, {**DOCUMENT, "title": "second", **enabled}]
    answer = said([*blocks, {"type": "text", "text": "Cats?"}])
    cited = [citation for block in answer["content"] for citation in block.get("citations", ())]
    assert [citation.get("document_index", "result") for citation in cited] == ["result", 0, 1]
    assert cited[0]["search_result_index"] == 0
    assert cited[2]["document_title"] == "second"


def test_thinking_comes_as_it_is_wanted(said):
    assert kinds_of(said("Hello", thinking={"type": "disabled"})) == ["text"]
    shown = said("Hello", **THINKING)
    assert kinds_of(shown) == ["thinking", "text"]
    assert "Hello" in shown["content"][0]["thinking"]
    assert 0 < shown["usage"]["output_tokens_details"]["thinking_tokens"] < shown["usage"]["output_tokens"]
    omitted = said("Hello", thinking={"type": "adaptive", "display": "omitted"})["content"][0]
    assert (omitted["thinking"], bool(omitted["signature"])) == ("", True)
    for word in ("[redact]", "ANTHROPIC_MAGIC_STRING_TRIGGER_REDACTED_THINKING_46C9A1"):
        assert kinds_of(said(word, **THINKING)) == ["redacted_thinking", "text"]


def test_thinking_between_tools_follows_results(http, said):
    between = {"thinking": {"type": "between_tools"}}
    assert kinds_of(said("Hello", **between)) == ["text"]
    call = {"type": "tool_use", "id": "t1", "name": "draw", "input": {}}
    messages = [
        {"role": "user", "content": "Draw"},
        {"role": "assistant", "content": [call]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "Done"}]},
    ]
    answer = post(http, MESSAGES, {"model": "m", "max_tokens": 500, "messages": messages, "tools": [DRAW], **between})
    assert kinds_of(answer) == ["thinking", "text"]


def test_how_an_answer_ends(said):
    cut = said("Hello", max_tokens=5)
    assert (cut["stop_reason"], cut["usage"]["output_tokens"]) == ("max_tokens", 5)
    stopped = said("Hello", stop_sequences=["emulator"])
    assert (stopped["stop_reason"], stopped["stop_sequence"]) == ("stop_sequence", "emulator")
    assert text_of(stopped).endswith("SeaCloud ")
    refused = said("[refuse]")
    assert (refused["stop_reason"], refused["stop_details"]["type"]) == ("refusal", "refusal")
    assert said("[filter] Hello")["stop_reason"] == "refusal"


def test_a_call_that_the_limit_cuts_is_streamed_as_far_as_it_came(http):
    body = {"model": "m", "max_tokens": 6, "messages": [{"role": "user", "content": "Draw a red fox"}], "tools": [DRAW]}
    assert post(http, MESSAGES, body)["content"][0]["input"] == {}
    events = events_of(http, MESSAGES, body)
    text = "".join(e["delta"].get("partial_json", "") for e in events if e["type"] == "content_block_delta")
    assert text.startswith('{"prompt')
    assert not text.endswith("}")
    assert events[-2]["delta"]["stop_reason"] == "max_tokens"


def test_the_web_is_searched_if_asked_for_or_forced(said):
    assert kinds_of(said("Hello", tools=[SEARCH])) == ["text"]
    found = said("Search the web for cats", tools=[{**SEARCH, "allowed_domains": ["cats.example"]}])
    assert kinds_of(found)[:2] == ["server_tool_use", "web_search_tool_result"]
    assert found["content"][0]["input"] == {"query": "cats"}
    assert [result["url"] for result in found["content"][1]["content"]] == ["https://cats.example/cats"]
    forced = said("Hello", tools=[SEARCH, DRAW], tool_choice={"type": "tool", "name": "web_search"})
    assert kinds_of(forced)[:2] == ["server_tool_use", "web_search_tool_result"]


def test_the_cache_counts_all_that_comes_before_a_mark(said):
    mark = {"cache_control": {"type": "ephemeral"}}
    blocks = [{"type": "text", "text": "A long story. " * 20, **mark}, {"type": "text", "text": "What is it about?"}]
    first, second = said(blocks, tools=[DRAW])["usage"], said(blocks, tools=[DRAW])["usage"]
    other = said([blocks[0], {"type": "text", "text": "Who wrote it?"}], tools=[DRAW])["usage"]
    assert first["cache_creation_input_tokens"] > 20
    assert (second["cache_read_input_tokens"], second["cache_creation_input_tokens"]) == (
        first["cache_creation_input_tokens"],
        0,
    )
    assert other["cache_read_input_tokens"] == first["cache_creation_input_tokens"]
    changed = said(blocks, tools=[WEATHER])["usage"]
    assert changed["cache_read_input_tokens"] == 0


def test_a_mark_further_on_finds_what_was_marked_before(said):
    mark = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
    story = {"type": "text", "text": "A long story. " * 20}
    first = said([{**story, **mark}])["usage"]
    assert first["cache_creation"]["ephemeral_1h_input_tokens"] == first["cache_creation_input_tokens"] > 0
    second = said([story, {"type": "text", "text": "More. " * 20}], **mark)["usage"]
    assert second["cache_read_input_tokens"] == first["cache_creation_input_tokens"]
    assert second["cache_creation_input_tokens"] > 0


def test_the_events_of_an_answer(http):
    body = {"model": "m", "max_tokens": 2000, "messages": [{"role": "user", "content": BOTH}], "tools": [WEATHER, DRAW]}
    events = events_of(http, MESSAGES, {**body, **THINKING})
    block = ["content_block_start tool_use", "content_block_delta input_json_delta", "content_block_stop"]
    assert steps(events) == [
        "message_start",
        "content_block_start thinking",
        "ping",
        "content_block_delta thinking_delta",
        "content_block_delta signature_delta",
        "content_block_stop",
        *block,
        *block,
        "message_delta",
        "message_stop",
    ]
    begun = events[0]["message"]
    assert (begun["content"], begun["stop_reason"], begun["usage"]["output_tokens"]) == ([], None, 1)
    ended = next(event for event in events if event["type"] == "message_delta")
    plain = post(http, MESSAGES, {**body, **THINKING})["usage"]
    assert ended["usage"] == {name: plain[name] for name in ended["usage"]}


def test_a_call_without_arguments_has_one_empty_fragment(http):
    body = {
        "model": "m",
        "max_tokens": 500,
        "messages": [{"role": "user", "content": "Use get_time"}],
        "tools": [CLOCK],
    }
    deltas = [e["delta"] for e in events_of(http, MESSAGES, body) if e["type"] == "content_block_delta"]
    assert deltas == [{"type": "input_json_delta", "partial_json": ""}]
    assert post(http, MESSAGES, body)["content"][0]["input"] == {}


STREAMED = {
    "text": {"said": "Hello"},
    "thinking and calls": {"said": BOTH, "tools": [WEATHER, DRAW], **THINKING},
    "redacted": {"said": "[redact]", **THINKING},
    "refusal": {"said": "[refuse]"},
    "search": {"said": "Search the web for cats", "tools": [SEARCH]},
    "citations": {"said": [{**DOCUMENT, "citations": {"enabled": True}}, {"type": "text", "text": "Dogs?"}]},
}


@pytest.mark.parametrize("body", STREAMED.values(), ids=STREAMED.keys())
def test_each_event_is_of_the_sdks_type(http, body):
    messages = [{"role": "user", "content": body["said"]}]
    rest = {name: value for name, value in body.items() if name != "said"}
    for event in events_of(http, MESSAGES, {"model": "m", "max_tokens": 2000, "messages": messages, **rest}):
        if event["type"] != "ping":
            check_type(RawMessageStreamEvent, event)
