"""Requests in Chat Completions' JSON: tools, the form of the answer, parameters."""

from __future__ import annotations

from typing import Any

import pytest
from chat_requests import WEATHER, Json, body_of, fields_of
from seacloud_client.conversation import (
    CustomTool,
    Image,
    JsonOutput,
    NativeTool,
    OutputSchema,
    Request,
    Tool,
    ToolChoice,
    user,
)
from seacloud_client.errors import InvalidInputError
from seacloud_client.protocols.chat_completions import PROTOCOL


def test_tools():
    plain, custom = Tool("now"), CustomTool("sql", "Asks.", {"type": "text"})
    native = NativeTool({"type": "openrouter:web_search", "parameters": {"max_uses": 1}})
    assert fields_of(tools=(WEATHER, plain, custom, native)) == {
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "weather",
                    "description": "Tells the weather.",
                    "parameters": {"type": "object", "properties": {}, "additionalProperties": False},
                    "strict": True,
                },
            },
            {"type": "function", "function": {"name": "now"}},
            {"type": "custom", "custom": {"name": "sql", "description": "Asks.", "format": {"type": "text"}}},
            {"type": "openrouter:web_search", "parameters": {"max_uses": 1}},
        ]
    }


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (ToolChoice("auto"), "auto"),
        (ToolChoice("none"), "none"),
        (ToolChoice("required"), "required"),
        (ToolChoice("tool", "weather"), {"type": "function", "function": {"name": "weather"}}),
        (ToolChoice("tool", "sql"), {"type": "custom", "custom": {"name": "sql"}}),
        (
            ToolChoice("native", native={"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [{}]}}),
            {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [{}]}},
        ),
    ],
)
def test_a_tool_choice(choice: ToolChoice, expected: Any):
    assert fields_of(tools=(WEATHER, CustomTool("sql")), tool_choice=choice)["tool_choice"] == expected


@pytest.mark.parametrize("parallel", [True, False])
def test_parallel_calls(parallel: bool):
    assert fields_of(tools=(WEATHER,), parallel_tool_calls=parallel)["parallel_tool_calls"] is parallel


@pytest.mark.parametrize("model", ["o1", "o3-2025-04-16", "o3-mini", "openai/o4-mini"])
@pytest.mark.parametrize("parallel", [True, False])
def test_models_that_refuse_a_word_on_parallel_calls_hear_none(model: str, parallel: bool):
    body = body_of(model=model, tools=(WEATHER,), parallel_tool_calls=parallel)
    assert "tools" in body
    assert "parallel_tool_calls" not in body


def test_without_tools_nothing_that_goes_with_them_is_sent():
    assert fields_of(tool_choice=ToolChoice("auto"), parallel_tool_calls=True) == {}
    assert fields_of(tool_choice=ToolChoice("none")) == {}


@pytest.mark.parametrize("choice", [ToolChoice("required"), ToolChoice("tool", "weather")])
def test_a_tool_cannot_be_demanded_where_there_is_none(choice: ToolChoice):
    with pytest.raises(InvalidInputError, match=r"there are no tools\. Nothing was sent"):
        body_of(tool_choice=choice)


def test_a_demanded_tool_must_be_there():
    with pytest.raises(InvalidInputError, match=r"names 'wether', which is none of \['weather'\]. Nothing was sent"):
        body_of(tools=(WEATHER,), tool_choice=ToolChoice("tool", "wether"))


def test_the_form_of_the_answer():
    schema = {"type": "object", "properties": {}, "additionalProperties": False}
    assert fields_of(output=JsonOutput()) == {"response_format": {"type": "json_object"}}
    assert fields_of(output=OutputSchema("city", schema)) == {
        "response_format": {"type": "json_schema", "json_schema": {"name": "city", "schema": schema}}
    }
    assert fields_of(output=OutputSchema("city", schema, True, "A city.")) == {
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "city", "description": "A city.", "schema": schema, "strict": True},
        }
    }


SAME = {
    "temperature": 0.5,
    "top_p": 0.9,
    "seed": 7,
    "n": 2,
    "frequency_penalty": 0.1,
    "presence_penalty": -0.1,
    "logit_bias": {"50256": -100},
    "logprobs": True,
    "top_logprobs": 3,
    "verbosity": "low",
    "audio": {"voice": "alloy", "format": "wav"},
    "prediction": {"type": "content", "content": "x"},
    "service_tier": "flex",
    "store": False,
    "metadata": {"a": "b"},
    "user": "u-1",
    "safety_identifier": "s-1",
    "prompt_cache_key": "k-1",
    "thinking": {"type": "enabled"},
    "reasoning_effort": "high",
}


RULE = {"syntax": "regex", "definition": "[0-9]+"}


@pytest.mark.parametrize(
    "form", [{"type": "grammar", **RULE}, {"type": "grammar", "grammar": RULE}], ids=["as Responses has it", "own"]
)
def test_custom_tools_have_a_grammar_within_their_format(form: Json):
    """As in the openai SDK's `ChatCompletionCustomToolParam`, whose type the body is checked against."""
    (tool,) = fields_of(tools=(CustomTool("sql", format=form),))["tools"]
    assert tool["custom"]["format"] == {"type": "grammar", "grammar": RULE}


@pytest.mark.parametrize(("name", "value"), SAME.items(), ids=SAME.keys())
def test_a_parameter_of_the_same_name(name: str, value: Any):
    assert fields_of(**{name: value}) == {name: value}


def test_zero_and_false_are_values():
    assert fields_of(temperature=0.0, seed=0, logprobs=False, top_logprobs=0) == {
        "temperature": 0.0,
        "seed": 0,
        "logprobs": False,
        "top_logprobs": 0,
    }


def test_what_is_not_given_is_not_sent():
    assert fields_of() == {}


def test_parameters_of_another_form():
    assert fields_of(stop=("a", "b")) == {"stop": ["a", "b"]}
    assert fields_of(modalities=("text", "audio")) == {"modalities": ["text", "audio"]}
    assert fields_of(reasoning={"effort": "low", "summary": "auto"}) == {"reasoning_effort": "low"}
    assert fields_of(reasoning={"summary": "auto"}) == {}
    assert fields_of(reasoning={"effort": "low"}, reasoning_effort="high") == {"reasoning_effort": "high"}


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("gpt-4.1", "max_tokens"),
        ("some-model", "max_tokens"),
        ("gpt-5", "max_completion_tokens"),
        ("o3", "max_completion_tokens"),
    ],
)
def test_the_limit_of_the_answer_by_the_name_that_the_model_takes(model: str, name: str):
    assert fields_of(model=model, max_tokens=100) == {name: 100}


@pytest.mark.parametrize(
    ("fields", "said_"),
    [
        ({"top_k": 40}, r"Chat Completions has no top_k: pass extra_body=\{'top_k'"),
        ({"previous_response_id": "resp_1"}, "no previous_response_id: send the whole conversation, or use protocol"),
        ({"include": ("reasoning.encrypted_content",)}, "no include: use protocol='responses'"),
        ({"truncation": "auto"}, "no truncation: use protocol='responses'"),
        ({"reasoning": {"max_tokens": 7}}, r"only the effort of reasoning, not \['max_tokens'\]"),
    ],
)
def test_what_the_protocol_lacks_is_refused_with_advice(fields: Json, said_: str):
    with pytest.raises(InvalidInputError, match=said_) as caught:
        body_of(**fields)
    assert caught.value.message.endswith("Nothing was sent.")


def test_what_makes_no_difference_is_left_out():
    assert fields_of(cache_control={"type": "ephemeral"}) == {}


def test_a_stream_asks_for_its_usage():
    assert fields_of(stream=True) == {"stream": True, "stream_options": {"include_usage": True}}
    assert fields_of(stream=True, stream_usage=False) == {"stream": True}
    assert fields_of(stream_usage=True) == {}


def test_extra_fields_win():
    assert fields_of(temperature=0.5, extra_body={"temperature": 1, "enable_thinking": False}) == {
        "temperature": 1,
        "enable_thinking": False,
    }


def test_nothing_of_the_request_is_changed():
    extras = {"detail": "low"}
    extra_body = {"stream_options": {"include_usage": False}}
    request = Request(
        model="m", messages=(user("x", Image(url="https://e.com/a.png", extras=extras)),), extra_body=extra_body
    )
    body = PROTOCOL.encode(request, True)
    body["messages"][0]["content"][1]["image_url"]["detail"] = "high"
    body["messages"].clear()
    assert request.messages == (user("x", Image(url="https://e.com/a.png", extras={"detail": "low"})),)
    assert request.extra_body == {"stream_options": {"include_usage": False}}
