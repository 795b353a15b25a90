"""Tools in Messages, the choice among them, and answers in JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from messages_wire import (
    CACHED,
    CLOSED,
    EXTRAS,
    SCHEMA,
    START,
    STOP,
    Json,
    begin,
    body_of,
    deltas_of,
    end,
    message,
    more,
    reply_of,
    stop,
)
from seacloud_client.conversation import (
    CustomTool,
    Finish,
    JsonOutput,
    NativeTool,
    OutputSchema,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
)
from seacloud_client.deltas import TextDelta
from seacloud_client.errors import (
    InvalidInputError,
)
from seacloud_client.protocols.messages import PROTOCOL
from seacloud_client.protocols.messages.schema import closed
from seacloud_client.protocols.messages.tools import OUTPUT_TOOL

WEATHER = Tool("weather", "Tells it.", SCHEMA)

TOOLS: dict[str, tuple[Any, Json]] = {
    "plain": (Tool("f", "Does.", SCHEMA), {"name": "f", "description": "Does.", "input_schema": SCHEMA}),
    "without a schema": (Tool("f"), {"name": "f", "input_schema": {"type": "object", "properties": {}}}),
    "strict": (Tool("f", None, SCHEMA, strict=True), {"name": "f", "input_schema": CLOSED, "strict": True}),
    "not strict": (Tool("f", None, SCHEMA, strict=False), {"name": "f", "input_schema": SCHEMA, "strict": False}),
    "extras": (
        Tool(
            "f",
            None,
            SCHEMA,
            extras={
                "defer_loading": True,
                "input_examples": [{"city": "Paris"}],
                "allowed_callers": ["direct"],
                "eager_input_streaming": True,
                "type": "custom",
                **EXTRAS,
            },
        ),
        {
            "name": "f",
            "input_schema": SCHEMA,
            "defer_loading": True,
            "input_examples": [{"city": "Paris"}],
            "allowed_callers": ["direct"],
            "eager_input_streaming": True,
            "type": "custom",
            "cache_control": CACHED,
        },
    ),
    "custom": (
        CustomTool("f", "Does.", {"type": "grammar"}),
        {
            "name": "f",
            "description": "Does.",
            "input_schema": {
                "type": "object",
                "properties": {
                    "input": {"type": "string", "description": "It must be of this format: {'type': 'grammar'}"}
                },
                "required": ["input"],
            },
        },
    ),
    "custom, without a format": (
        CustomTool("f"),
        {
            "name": "f",
            "input_schema": {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]},
        },
    ),
    "native": (
        NativeTool({"type": "web_search_20250305", "name": "web_search", "max_uses": 2}),
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 2},
    ),
}


@pytest.mark.parametrize("name", TOOLS)
def test_a_tool(name: str):
    given, expected = TOOLS[name]
    assert body_of(tools=(given,))["tools"] == [expected]


CHOICES: list[tuple[ToolChoice | None, bool | None, Json | None]] = [
    (None, None, None),
    (None, True, None),
    (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
    (ToolChoice("auto"), None, {"type": "auto"}),
    (ToolChoice("auto"), True, {"type": "auto"}),
    (ToolChoice("none"), False, {"type": "none"}),
    (ToolChoice("required"), None, {"type": "any"}),
    (ToolChoice("required"), False, {"type": "any", "disable_parallel_tool_use": True}),
    (ToolChoice("tool", "weather"), None, {"type": "tool", "name": "weather"}),
    (ToolChoice("tool", "web_search"), None, {"type": "tool", "name": "web_search"}),
    (ToolChoice("tool", "weather"), False, {"type": "tool", "name": "weather", "disable_parallel_tool_use": True}),
    (ToolChoice("native", native={"type": "any"}), None, {"type": "any"}),
]


@pytest.mark.parametrize(("choice", "parallel", "expected"), CHOICES)
def test_the_choice_of_a_tool(choice: ToolChoice | None, parallel: bool | None, expected: Json | None):
    tools = (WEATHER, NativeTool({"type": "web_search_20250305", "name": "web_search"}))
    assert body_of(tools=tools, tool_choice=choice, parallel_tool_calls=parallel).get("tool_choice") == expected


def test_a_choice_that_cannot_be_made_is_refused():
    with pytest.raises(InvalidInputError, match="none of"):
        body_of(tools=(WEATHER,), tool_choice=ToolChoice("tool", "wether"))
    with pytest.raises(InvalidInputError, match="there are no tools"):
        body_of(tool_choice=ToolChoice("required"))
    assert "tool_choice" not in body_of(tool_choice=ToolChoice("auto"), parallel_tool_calls=False)


def test_an_output_schema():
    output = OutputSchema("city", SCHEMA, strict=True, description="A city.")
    assert body_of(output=output)["output_config"] == {
        "format": {"type": "json_schema", "schema": {"description": "A city.", **CLOSED}}
    }
    assert "tools" not in body_of(output=output)


OUTPUT = OutputSchema("city", SCHEMA, description="Where it is.")
OLD = "claude-3-5-haiku"  # a model that cannot be held to a schema
FORCED = {"type": "tool", "name": OUTPUT_TOOL, "disable_parallel_tool_use": True}

# The output that is asked for, of which model, and the schema of the tool that stands for it.
BY_TOOL: list[tuple[OutputSchema | JsonOutput, str, Json]] = [
    (OUTPUT, OLD, SCHEMA),
    (JsonOutput(), OLD, {"type": "object", "additionalProperties": True}),
    (JsonOutput(), "claude-sonnet-4-5", {"type": "object", "additionalProperties": True}),
]


@pytest.mark.parametrize(("output", "model", "schema"), BY_TOOL)
def test_an_output_that_has_to_come_by_a_tool(output: OutputSchema | JsonOutput, model: str, schema: Json):
    body = body_of(output=output, model=model)
    assert "output_config" not in body
    (written,) = body["tools"]
    assert (written["name"], written["input_schema"]) == (OUTPUT_TOOL, schema)
    assert body["tool_choice"] == FORCED
    if isinstance(output, OutputSchema):
        assert "city" in written["description"]
        assert "Where it is." in written["description"]


# The caller's choice, and the choice and the tools that are sent, where an output has to come by a tool.
OUTPUT_CHOICES: list[tuple[ToolChoice | None, Json, list[str]]] = [
    (None, {"type": "any"}, ["weather", OUTPUT_TOOL]),
    (ToolChoice("auto"), {"type": "any"}, ["weather", OUTPUT_TOOL]),
    (ToolChoice("none"), FORCED, ["weather", OUTPUT_TOOL]),
    (ToolChoice("required"), {"type": "any"}, ["weather"]),
    (ToolChoice("tool", "weather"), {"type": "tool", "name": "weather"}, ["weather"]),
    (ToolChoice("native", native={"type": "any"}), {"type": "any"}, ["weather"]),
]


@pytest.mark.parametrize(("choice", "sent", "names"), OUTPUT_CHOICES)
def test_an_output_by_a_tool_and_the_callers_tools(choice: ToolChoice | None, sent: Json, names: list[str]):
    body = body_of(output=OUTPUT, model=OLD, tools=(WEATHER,), tool_choice=choice)
    assert (body["tool_choice"], [written["name"] for written in body["tools"]]) == (sent, names)


def test_calls_one_at_a_time_and_an_output_by_a_tool():
    body = body_of(output=OUTPUT, model=OLD, tools=(WEATHER,), parallel_tool_calls=False)
    assert body["tool_choice"] == {"type": "any", "disable_parallel_tool_use": True}


def test_an_output_that_cannot_come_by_a_tool_is_refused():
    with pytest.raises(InvalidInputError, match="must be an object"):
        body_of(output=OutputSchema("list", {"type": "array"}), model=OLD)
    with pytest.raises(InvalidInputError, match="cannot be made to answer in JSON"):
        body_of(output=JsonOutput(), model="claude-sonnet-5-5")
    with pytest.raises(InvalidInputError, match="for the sake of JSON"):
        body_of(output=JsonOutput(), model="claude-opus-4-6", reasoning_effort="low")


def called(text: str, *others: Json, name: str = OUTPUT_TOOL) -> list[Json]:
    """The events of a reply that answers by our tool."""
    return [
        START,
        *others,
        begin(5, type="tool_use", id="toolu_1", name=name, input={}),
        more(5, "input_json_delta", partial_json=text[:4]),
        more(5, "input_json_delta", partial_json=text[4:]),
        end(5),
        stop("tool_use"),
        STOP,
    ]


def test_an_output_by_a_tool_is_read_as_text():
    text = '{"city": "Paris"}'
    streamed = reply_of(*called(text))
    assert streamed.choice.parts == (Text(text),)
    assert (streamed.choice.finish, streamed.choice.finish_reason) == (Finish.STOP, "tool_use")
    assert [delta.text for delta in deltas_of(*called(text)) if isinstance(delta, TextDelta)] == [text[:4], text[4:]]
    block = {"type": "tool_use", "id": "toolu_1", "name": OUTPUT_TOOL, "input": {"city": "Paris"}}
    assert PROTOCOL.decode(message(block, stop_reason="tool_use")) == streamed
    assert PROTOCOL.decode(message(block, stop_reason="max_tokens")).choice.finish is Finish.LENGTH


def test_an_output_by_a_tool_beside_a_call_is_a_call():
    call = [begin(0, type="tool_use", id="toolu_0", name="weather", input={}), end(0)]
    reply = reply_of(*called("{}", *call))
    assert reply.choice.finish is Finish.TOOL_CALLS
    assert [type(part) for part in reply.choice.parts] == [ToolCall, Text]


@pytest.mark.parametrize("name", ["", "a.b", "ä", "a b", "x" * 129])
def test_a_name_that_no_tool_may_have_is_refused(name: str):
    with pytest.raises(InvalidInputError, match=r"rename the tool\. Nothing was sent\."):
        body_of(tools=(Tool(name),))
    with pytest.raises(InvalidInputError, match="rename"):
        body_of(tools=(CustomTool(name),))


def test_the_name_of_our_tool_is_taken():
    with pytest.raises(InvalidInputError, match="is taken"):
        body_of(tools=(Tool(OUTPUT_TOOL),))


SCHEMAS: dict[str, tuple[Json, Json]] = {
    "closed already": (CLOSED, CLOSED),
    "open": ({"type": ["object", "null"]}, {"type": ["object", "null"], "additionalProperties": False}),
    "typed fields are the service's to refuse": (
        {"type": "object", "additionalProperties": {"type": "string"}},
        {"type": "object", "additionalProperties": {"type": "string"}},
    ),
    "bounds are described": (
        {"type": "integer", "minimum": 1, "maximum": 3, "description": "A number"},
        {"type": "integer", "description": "A number\n\n{minimum: 1, maximum: 3}"},
    ),
    "formats": (
        {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "format": "binary"}]},
        {"anyOf": [{"type": "string", "format": "date"}, {"type": "string", "description": "{format: binary}"}]},
    ),
    "lists": (
        {"type": "array", "items": {"type": "object"}, "minItems": 1, "maxItems": 2},
        {
            "type": "array",
            "items": {"type": "object", "additionalProperties": False},
            "minItems": 1,
            "description": "{maxItems: 2}",
        },
    ),
    "one of": ({"oneOf": [{"type": "object"}]}, {"anyOf": [{"type": "object", "additionalProperties": False}]}),
    "definitions": (
        {"$defs": {"A": {"type": "object"}}, "$ref": "#/$defs/A"},
        {"$defs": {"A": {"type": "object", "additionalProperties": False}}, "$ref": "#/$defs/A"},
    ),
    "fields that are called like bounds": (
        {"type": "object", "properties": {"minimum": {"type": "string"}, "format": True}},
        {
            "type": "object",
            "properties": {"minimum": {"type": "string"}, "format": True},
            "additionalProperties": False,
        },
    ),
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_that_the_model_is_held_to(name: str):
    given, expected = SCHEMAS[name]
    before = json.dumps(given)
    assert closed(given) == expected
    assert json.dumps(given) == before
