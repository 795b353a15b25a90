"""Responses over HTTP: what is answered, what is stored, and in which events it is streamed."""

from __future__ import annotations

import json

import pytest
from openai.types.responses import ResponseStreamEvent

from .wire import RESPONSES, check_type, events_of, post, steps

STRING = {"type": "string"}
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Get the weather.",
    "parameters": {"type": "object", "properties": {"location": STRING}, "required": ["location"]},
    "strict": False,
}
DRAW = {
    "type": "function",
    "name": "draw",
    "description": "Draws a picture.",
    "parameters": {"type": "object", "properties": {"prompt": STRING}, "required": ["prompt"]},
    "strict": False,
}
SEARCH = {"type": "web_search"}
THINKING = {"reasoning": {"effort": "low", "summary": "auto"}}
ENCRYPTED = {"include": ["reasoning.encrypted_content"], "store": False}
BOTH = "Draw a fox and tell me the weather in Oslo"


@pytest.fixture
def said(http):
    def ask(said, **fields):
        return post(http, RESPONSES, {"model": "gpt-5.5", "input": said, **fields})

    return ask


def calls_of(answer):
    return [
        (item["name"], json.loads(item["arguments"])) for item in answer["output"] if item["type"] == "function_call"
    ]


def kinds_of(answer):
    return [item["type"] for item in answer["output"]]


def text_of(answer):
    return answer["output"][-1]["content"][0]["text"]


def item(kind, **fields):
    return {"type": kind, **fields}


def test_an_answer_has_the_shape_of_the_protocol(said):
    answer = said("Hello 你好", instructions="Be kind.", temperature=0.5, metadata={"a": "b"})
    assert (answer["object"], answer["model"], answer["status"]) == ("response", "gpt-5.5", "completed")
    assert answer["id"].startswith("resp_")
    assert (answer["instructions"], answer["temperature"], answer["metadata"]) == ("Be kind.", 0.5, {"a": "b"})
    assert (answer["tools"], answer["tool_choice"], answer["previous_response_id"]) == ([], "auto", None)
    [message] = answer["output"]
    assert message["id"].startswith("msg_")
    assert "“Hello 你好”" in text_of(answer)


def test_the_same_request_has_the_same_answer_under_other_ids(said):
    first, second = said("Hello"), said("Hello")
    assert first["output"][0]["content"] == second["output"][0]["content"]
    assert first["id"] != second["id"]
    assert first["output"][0]["id"] != second["output"][0]["id"]


def test_calls_as_the_choice_has_it(said):
    tools = [WEATHER, DRAW]
    assert calls_of(said("Hello", tools=tools)) == []
    assert calls_of(said("Draw a fox", tools=tools)) == [("draw", {"prompt": "a fox"})]
    assert calls_of(said("Draw a fox", tools=tools, tool_choice="none")) == []
    assert len(calls_of(said(BOTH, tools=tools))) == 2
    assert len(calls_of(said(BOTH, tools=tools, parallel_tool_calls=False))) == 1
    assert [name for name, _ in calls_of(said("Hello", tools=tools, tool_choice="required"))] == ["get_weather"]
    named = {"type": "function", "name": "draw"}
    assert [name for name, _ in calls_of(said("The weather?", tools=tools, tool_choice=named))] == ["draw"]


@pytest.mark.parametrize(
    ("mode", "asked", "called"), [("auto", BOTH, 1), ("auto", "Hello", 0), ("required", "Hello", 1)]
)
def test_only_allowed_tools_are_called(said, mode, asked, called):
    allowed = {"type": "allowed_tools", "mode": mode, "tools": [{"type": "function", "name": "draw"}]}
    names = [name for name, _ in calls_of(said(asked, tools=[WEATHER, DRAW], tool_choice=allowed))]
    assert names == ["draw"] * called


def test_pictures_and_files_are_described(said):
    content = [
        item("input_text", text="What is this?"),
        item("input_image", image_url="https://x.y/a.png", detail="auto"),
        item("input_file", filename="a.pdf", file_data="data:application/pdf;base64,AAAA"),
    ]
    text = text_of(said([{"role": "user", "content": content}]))
    assert "one image (at https://x.y/a.png) and one file (a.pdf, application/pdf, 3 bytes)" in text


def test_a_picture_in_a_tools_output_is_described(said):
    items = [
        {"role": "user", "content": "Draw a fox"},
        item("function_call", call_id="c1", name="draw", arguments="{}"),
        item(
            "function_call_output",
            call_id="c1",
            output=[item("input_image", image_url="https://x.y/a.png", detail="auto")],
        ),
    ]
    assert "answered: one image (at https://x.y/a.png)" in text_of(said(items, tools=[DRAW]))


def test_reasoning_is_shown_as_it_is_wanted(said):
    assert kinds_of(said("Hello")) == kinds_of(said("Hello", reasoning={"effort": "none"})) == ["message"]
    silent = said("Hello", reasoning={"effort": "high"})
    assert silent["output"][0]["summary"] == []
    assert "encrypted_content" not in silent["output"][0]
    assert silent["usage"]["output_tokens_details"]["reasoning_tokens"] > 0
    open_one = said("Hello", **THINKING, **ENCRYPTED)["output"][0]
    assert "Hello" in open_one["summary"][0]["text"]
    assert open_one["encrypted_content"]


def test_the_limit_of_tokens_is_kept(said):
    answer = said("Hello", max_output_tokens=16)
    assert (answer["status"], answer["incomplete_details"]) == ("incomplete", {"reason": "max_output_tokens"})
    assert (answer["usage"]["output_tokens"], answer["output"][-1]["status"]) == (16, "incomplete")
    thinking = said("Hello " * 30, max_output_tokens=16, **THINKING)
    assert kinds_of(thinking) == ["reasoning"]


def test_a_filter_cuts(said):
    answer = said("[filter] Hello")
    assert answer["incomplete_details"] == {"reason": "content_filter"}
    assert text_of(said("[filterless] Hello")).startswith(text_of(answer)[:10])


def test_the_web_is_searched_if_asked_for_or_forced(said):
    assert kinds_of(said("Hello", tools=[SEARCH])) == ["message"]
    assert kinds_of(said("Search the web for cats", tools=[SEARCH])) == ["web_search_call", "message"]
    assert kinds_of(said("Search the web for cats", tools=[SEARCH], tool_choice="none")) == ["message"]
    for choice in ("required", {"type": "web_search_preview"}):
        tools = [SEARCH] if choice == "required" else [SEARCH, WEATHER]
        assert kinds_of(said("Hello", tools=tools, tool_choice=choice)) == ["web_search_call", "message"]
    both = said("Search the web for cats, and tell me the weather in Oslo", tools=[SEARCH, WEATHER])
    assert kinds_of(both) == ["web_search_call", "function_call"]


def test_sources_are_of_the_allowed_domains(said):
    tools = [{**SEARCH, "filters": {"allowed_domains": ["cats.example"]}}]
    answer = said("Search the web for cats", tools=tools, include=["web_search_call.action.sources"])
    assert answer["output"][0]["action"]["sources"] == [{"type": "url", "url": "https://cats.example/cats"}]


def test_a_conversation_goes_on_from_what_is_stored(said):
    first = said("Hello")
    second = said("And now?", previous_response_id=first["id"])
    third = said("And then?", previous_response_id=second["id"])
    assert "message 5 of our conversation" in text_of(third)
    again = said([item("item_reference", id=first["output"][0]["id"]), {"role": "user", "content": "So?"}])
    assert "message 2 of our conversation" in text_of(again)


def test_what_is_not_stored_is_not_found(seacloud_emulator, http, said):
    hidden = said("Hello", store=False)
    body = {"model": "m", "input": "x", "previous_response_id": hidden["id"]}
    assert http.post(RESPONSES, json=body).json()["error"]["code"] == "previous_response_not_found"
    stored = said("Hello")
    seacloud_emulator.reset()
    assert http.post(RESPONSES, json={**body, "previous_response_id": stored["id"]}).status_code == 400


def test_reasoning_that_was_stored_is_taken_without_its_content(http, said):
    answer = said("Hello", **THINKING)
    thought, message = answer["output"]
    goes_on = {"role": "user", "content": "And now?"}
    assert said([{"role": "user", "content": "Hello"}, thought, message, goes_on])["status"] == "completed"
    lacking = http.post(RESPONSES, json={"model": "m", "input": [message, goes_on]})
    assert lacking.status_code == 400
    assert (
        f"Item '{message['id']}' of type 'message' was provided without its required 'reasoning' item: "
        f"'{thought['id']}'." in lacking.json()["error"]["message"]
    )
    without_id = {"role": "assistant", "content": message["content"][0]["text"]}
    assert said([without_id, goes_on])["status"] == "completed"


def test_an_item_that_is_stored_already_is_there_twice(http, said):
    first = said("Hello")
    body = {"model": "m", "input": [first["output"][0]], "previous_response_id": first["id"]}
    assert "Duplicate item found" in http.post(RESPONSES, json=body).json()["error"]["message"]


def test_a_long_prompt_is_cached_by_itself(said):
    long = "What a story. " * 400
    first, second = said(long)["usage"], said(long)["usage"]
    assert first["input_tokens_details"]["cached_tokens"] == 0
    assert second["input_tokens_details"]["cached_tokens"] > 1024
    assert second["input_tokens"] == first["input_tokens"]
    assert said("Hello")["usage"]["input_tokens_details"] == said("Hello")["usage"]["input_tokens_details"]


def test_the_events_of_a_text(http):
    events = events_of(http, RESPONSES, {"model": "m", "input": "Hello 你好", **THINKING})
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert steps(events) == [
        "response.created",
        "response.in_progress",
        "response.output_item.added reasoning",
        "response.reasoning_summary_part.added",
        "response.reasoning_summary_text.delta",
        "response.reasoning_summary_text.done",
        "response.reasoning_summary_part.done",
        "response.output_item.done reasoning",
        "response.output_item.added message",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done message",
        "response.completed",
    ]
    whole = "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")
    assert whole == text_of(events[-1]["response"])


STREAMED = {
    "text": {"input": "Hello"},
    "reasoning and calls": {"input": BOTH, "tools": [WEATHER, DRAW], **THINKING, **ENCRYPTED},
    "a custom call": {"input": "Use run with 'x'", "tools": [item("custom", name="run")]},
    "refusal": {"input": "[refuse]"},
    "cut": {"input": "Hello", "max_output_tokens": 16},
    "breakdown": {"input": "[breakdown] Hello"},
    "search": {"input": "Search the web for cats", "tools": [SEARCH]},
    "logprobs": {"input": "Hi", "include": ["message.output_text.logprobs"], "top_logprobs": 1},
}


@pytest.mark.parametrize("body", STREAMED.values(), ids=STREAMED.keys())
def test_each_event_is_of_the_sdks_type(http, body):
    for event in events_of(http, RESPONSES, {"model": "m", **body}):
        begun = event["type"] == "response.output_item.added" and event["item"]["type"] == "web_search_call"
        if not begun:  # the real service leaves out its action there (recorded), which the type demands
            check_type(ResponseStreamEvent, _without_bytes(event))


def _without_bytes(event):
    """The event without a token's bytes, which deltas' types lack though the service sends them."""
    logprobs = event.get("logprobs")
    if not logprobs:
        return event
    short = [{**_bare(entry), "top_logprobs": [_bare(other) for other in entry["top_logprobs"]]} for entry in logprobs]
    return {**event, "logprobs": short}


def _bare(entry):
    return {name: value for name, value in entry.items() if name != "bytes"}
