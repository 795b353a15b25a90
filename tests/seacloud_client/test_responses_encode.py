"""Requests in Responses' JSON: what each field and tool becomes, and what is refused or left out."""

from __future__ import annotations

from typing import Any

import pytest
from responses_wire import SCHEMA, body_of, encoded
from seacloud_client.conversation import (
    CustomTool,
    JsonOutput,
    NativeTool,
    OutputSchema,
    Request,
    Tool,
    ToolChoice,
    user,
)
from seacloud_client.errors import InvalidInputError
from seacloud_client.protocols import get_protocol

WEATHER = Tool("weather", "Tells it.", SCHEMA)
GRAMMAR = {"type": "grammar", "syntax": "lark", "definition": 'start: "a"'}
SEARCH = NativeTool({"type": "web_search_preview"})
SERVER = NativeTool({"type": "mcp", "server_label": "sea", "server_url": "https://sea.example/mcp"})


def test_the_smallest_request():
    assert body_of() == {"model": "gpt-5.5", "input": [{"role": "user", "content": "hi"}]}


def test_where_requests_go():
    protocol = get_protocol("responses")
    assert protocol.path == "/openai/v1/responses"
    assert protocol.stream_query == {"stream": "true"}
    assert encoded(Request(model="m", messages=(user("hi"),)), stream=True)["stream"] is True


def test_fields_of_the_same_name():
    fields: dict[str, Any] = {
        "temperature": 0.5,
        "top_p": 0.9,
        "service_tier": "flex",
        "store": True,
        "previous_response_id": "resp_1",
        "truncation": "auto",
        "metadata": {"a": "b"},
        "user": "u",
        "safety_identifier": "s",
        "prompt_cache_key": "k",
    }
    assert body_of(**fields).items() >= fields.items()


def test_fields_of_another_name():
    body = body_of(
        max_tokens=9, reasoning_effort="low", reasoning={"summary": "auto", "effort": "high"}, verbosity="low"
    )
    assert body["max_output_tokens"] == 9
    assert body["reasoning"] == {"summary": "auto", "effort": "low"}
    assert body["text"] == {"verbosity": "low"}


def test_logprobs_are_something_to_include():
    assert body_of(top_logprobs=2, include=("web_search_call.action.sources",))["include"] == [
        "web_search_call.action.sources",
        "message.output_text.logprobs",
    ]
    assert body_of(logprobs=True)["include"] == ["message.output_text.logprobs"]
    assert "include" not in body_of(logprobs=False)


@pytest.mark.parametrize(("model", "asked"), [("gpt-5.5", True), ("gpt-4.1", False), ("nobody-knows-it", False)])
def test_reasoning_that_is_not_stored_is_asked_for_encrypted(model: str, asked: bool):
    assert body_of(model=model, store=False).get("include") == (["reasoning.encrypted_content"] if asked else None)
    assert "include" not in body_of(model=model)


def test_it_is_asked_for_once():
    include = ("reasoning.encrypted_content",)
    assert body_of(store=False, include=include)["include"] == list(include)


def test_output_schemas():
    schema = OutputSchema("answer", SCHEMA, strict=True, description="d")
    form = {"type": "json_schema", "name": "answer", "schema": SCHEMA, "strict": True, "description": "d"}
    assert body_of(output=schema, verbosity="high")["text"] == {"format": form, "verbosity": "high"}
    assert "strict" not in body_of(output=OutputSchema("answer", SCHEMA))["text"]["format"]
    assert body_of(output=JsonOutput())["text"] == {"format": {"type": "json_object"}}


@pytest.mark.parametrize(("strict", "sent"), [(True, True), (False, False), (None, False)])
def test_a_function_says_whether_it_is_strict(strict: bool | None, sent: bool):
    """OpenAI's reference: `strict` defaults to true here, and to false in Chat Completions."""
    tool = Tool("weather", "Tells it.", SCHEMA, strict, {"defer_loading": True, "cache_control": {"type": "ephemeral"}})
    assert body_of(tools=(tool,))["tools"] == [
        {
            "type": "function",
            "name": "weather",
            "description": "Tells it.",
            "parameters": SCHEMA,
            "strict": sent,
            "defer_loading": True,
        }
    ]


def test_a_function_without_parameters_takes_none():
    assert body_of(tools=(Tool("now"),))["tools"][0]["parameters"] == {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    "form", [GRAMMAR, {"type": "grammar", "grammar": {"syntax": "lark", "definition": 'start: "a"'}}]
)
def test_custom_tools_have_a_flat_grammar(form: dict[str, Any]):
    (tool,) = body_of(tools=(CustomTool("sql", "Runs it.", form),))["tools"]
    assert tool == {"type": "custom", "name": "sql", "description": "Runs it.", "format": GRAMMAR}


def test_built_in_tools_pass_through():
    assert body_of(tools=(SEARCH, SERVER))["tools"] == [SEARCH.item, SERVER.item]


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        (ToolChoice("auto"), "auto"),
        (ToolChoice("none"), "none"),
        (ToolChoice("required"), "required"),
        (ToolChoice("tool", "weather"), {"type": "function", "name": "weather"}),
        (ToolChoice("tool", "sql"), {"type": "custom", "name": "sql"}),
        (ToolChoice("tool", "web_search_preview"), {"type": "web_search_preview"}),
        (ToolChoice("tool", "sea"), {"type": "mcp", "server_label": "sea"}),
        (ToolChoice("tool", "late"), {"type": "function", "name": "late"}),
        (
            ToolChoice("native", native={"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function"}]}),
            {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function"}]},
        ),
    ],
)
def test_tool_choices(choice: ToolChoice, sent: Any):
    late = NativeTool({"type": "function", "name": "late", "parameters": None, "strict": None})
    tools = (WEATHER, CustomTool("sql"), SEARCH, SERVER, late)
    assert body_of(tools=tools, tool_choice=choice)["tool_choice"] == sent


def test_a_choice_of_what_is_not_there_is_refused():
    with pytest.raises(InvalidInputError, match=r"'rain', which is none of \['weather'\]"):
        body_of(tools=(WEATHER,), tool_choice=ToolChoice("tool", "rain"))
    with pytest.raises(InvalidInputError, match="there are no tools"):
        body_of(tool_choice=ToolChoice("required"))


def test_what_goes_with_tools_is_sent_with_tools_only():
    assert body_of(tools=(WEATHER,), parallel_tool_calls=False)["parallel_tool_calls"] is False
    assert body_of(parallel_tool_calls=False, tool_choice=ToolChoice("auto")) == body_of()


@pytest.mark.parametrize("model", ["o1", "o3-2025-04-16", "o3-mini", "openai/o4-mini"])
@pytest.mark.parametrize("parallel", [True, False])
def test_models_that_refuse_a_word_on_parallel_calls_hear_none(model: str, parallel: bool):
    body = body_of(model=model, tools=(WEATHER,), parallel_tool_calls=parallel)
    assert "tools" in body
    assert "parallel_tool_calls" not in body


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("stop", ("x",)),
        ("seed", 1),
        ("n", 2),
        ("top_k", 3),
        ("frequency_penalty", 0.5),
        ("presence_penalty", 0.5),
        ("logit_bias", {"1": 1}),
        ("thinking", {"type": "enabled"}),
        ("modalities", ("text", "audio")),
        ("audio", {"voice": "x", "format": "wav"}),
    ],
)
def test_what_the_protocol_lacks_is_refused(name: str, value: Any):
    with pytest.raises(InvalidInputError, match=rf"no {name}: .*Nothing was sent"):
        body_of(**{name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n", 1),
        ("frequency_penalty", 0),
        ("logit_bias", {}),
        ("modalities", ("text",)),
        ("prediction", {"type": "content", "content": "x"}),
        ("cache_control", {"type": "ephemeral"}),
    ],
)
def test_what_asks_for_nothing_or_changes_no_answer_is_left_out(name: str, value: Any):
    assert body_of(**{name: value}) == body_of()


def test_extra_body_wins():
    assert (
        body_of(store=True, extra_body={"store": False, "background": True}).items()
        >= {
            "store": False,
            "background": True,
        }.items()
    )
