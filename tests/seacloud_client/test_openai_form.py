"""Tools, tool choices and output forms in OpenAI's JSON, and in Anthropic's where users write that."""

from __future__ import annotations

from typing import Any

import pytest
from seacloud_client.conversation import CustomTool, JsonOutput, NativeTool, OutputSchema, Tool, ToolChoice
from seacloud_client.errors import InvalidInputError
from seacloud_client.openai_form import choice_of, output_of, strict_parameters, tool_of

PARAMETERS = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
FACTS = {"name": "add", "description": "Adds.", "parameters": PARAMETERS, "strict": True}


@pytest.mark.parametrize(
    ("described", "tool"),
    [
        ({"type": "function", "function": FACTS}, Tool("add", "Adds.", PARAMETERS, strict=True)),
        ({"type": "function", **FACTS}, Tool("add", "Adds.", PARAMETERS, strict=True)),
        ({"type": "function", "function": {"name": "add", "description": ""}}, Tool("add")),
        (
            {"type": "function", "function": {"name": "add"}, "extras": {"defer_loading": True}},
            Tool("add", extras={"defer_loading": True}),
        ),
        ({"type": "custom", "name": "run", "description": "Runs."}, CustomTool("run", "Runs.")),
        (
            {"type": "custom", "custom": {"name": "run", "format": {"type": "text"}}},
            CustomTool("run", None, {"type": "text"}),
        ),
    ],
)
def test_tools(described: dict[str, Any], tool: Tool | CustomTool) -> None:
    assert tool_of(described) == tool


@pytest.mark.parametrize(
    "native",
    [
        {"type": "web_search"},
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 3},
        {"type": "mcp", "server_label": "a", "server_url": "https://a.example"},
        {"type": "function"},
    ],
)
def test_what_is_a_providers_own_stays(native: dict[str, Any]) -> None:
    assert tool_of(native) == NativeTool(native)


ALLOWED = {"type": "allowed_tools", "mode": "auto", "tools": []}
ONE_AT_A_TIME = {"type": "auto", "disable_parallel_tool_use": True}


@pytest.mark.parametrize(
    ("choice", "read"),
    [
        (None, None),
        ("auto", ToolChoice("auto")),
        ("any", ToolChoice("required")),
        ("required", ToolChoice("required")),
        ("none", ToolChoice("none")),
        ("add", ToolChoice("tool", "add")),
        ({"type": "any"}, ToolChoice("required")),
        ({"type": "function", "function": {"name": "add"}}, ToolChoice("tool", "add")),
        ({"type": "function", "name": "add"}, ToolChoice("tool", "add")),
        ({"type": "custom", "custom": {"name": "run"}}, ToolChoice("tool", "run")),
        ({"type": "tool", "name": "add"}, ToolChoice("tool", "add")),
        ({"type": "tool"}, ToolChoice("native", native={"type": "tool"})),
        ({"type": "web_search"}, ToolChoice("native", native={"type": "web_search"})),
        (ALLOWED, ToolChoice("native", native=ALLOWED)),
        (ONE_AT_A_TIME, ToolChoice("native", native=ONE_AT_A_TIME)),
    ],
    ids=str,
)
def test_choices(choice: Any, read: ToolChoice | None) -> None:
    assert choice_of(choice) == read


@pytest.mark.parametrize(
    ("form", "read"),
    [
        (None, None),
        ({"type": "text"}, None),
        ({"type": "json_object"}, JsonOutput()),
        (
            {"type": "json_schema", "json_schema": {"name": "sum", "schema": PARAMETERS, "strict": True}},
            OutputSchema("sum", PARAMETERS, strict=True),
        ),
        (
            {"type": "json_schema", "schema": PARAMETERS, "description": "The sum."},
            OutputSchema("answer", PARAMETERS, None, "The sum."),
        ),
    ],
)
def test_output_forms(form: Any, read: Any) -> None:
    assert output_of(form) == read


@pytest.mark.parametrize(
    "form",
    [{}, {"type": "yaml"}, {"type": "json_schema"}, {"type": "json_schema", "json_schema": {"name": "sum"}}],
    ids=str,
)
def test_a_form_that_is_none_is_refused(form: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match=r"^response_format has no schema: it must be .* Nothing was sent\.$"):
        output_of(form)


def test_strict_parameters() -> None:
    assert strict_parameters("add", PARAMETERS) == {**PARAMETERS, "additionalProperties": False}
    assert strict_parameters("now", None)["properties"] == {}
    with pytest.raises(InvalidInputError, match=r"^The tool 'add' cannot be strict: .*any fields\. .*Nothing was sent"):
        strict_parameters("add", {"type": "object"})
