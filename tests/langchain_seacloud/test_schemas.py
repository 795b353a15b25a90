"""Schemas that langchain-core's converters do not keep whole: of another root than an object's, and recursive ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import pytest
from langchain.agents import create_agent
from langchain.agents.structured_output import ProviderStrategy, ToolStrategy
from langchain_core.tools import StructuredTool
from langchain_seacloud import ChatSeaCloud
from langchain_seacloud.binding import output_json, tool_json
from langchain_seacloud.errors import InvalidInputError
from pydantic import BaseModel, RootModel, TypeAdapter
from seacloud_client.strict_schemas import strict_form
from seacloud_emulator import Emulator
from typing_extensions import TypedDict


class Island(BaseModel):
    """A piece of land in the sea."""

    name: str
    near: list[Island] = []


class Chart(BaseModel):
    title: str
    first: Island


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    name: str


class Node(TypedDict):
    """A node."""

    name: str
    nodes: list[Node]


def visit(island: Island) -> str:
    """Visits an island.

    Args:
        island: where to.
    """
    return island.name


POINT = {"type": "object", "properties": {"x": {"type": "number"}}, "required": ["x"]}
OBJECTS: dict[str, dict[str, Any]] = {
    "a recursive class's": Island.model_json_schema(),
    "a reference": {"$ref": "#/$defs/P", "$defs": {"P": POINT}},
    "a reference to a reference": {
        "$ref": "#/definitions/Q",
        "definitions": {"P": POINT, "Q": {"$ref": "#/definitions/P"}},
    },
    "all of one": {"title": "Point", "allOf": [POINT]},
    "all of a reference": {"title": "Point", "allOf": [{"$ref": "#/$defs/P"}], "$defs": {"P": POINT}},
}
OTHERS: dict[str, dict[str, Any]] = {
    "anyOf": {"title": "Pet", **TypeAdapter(Cat | Dog).json_schema()},
    "oneOf": {"title": "Pet", "oneOf": [POINT, {"type": "null"}]},
    "an array": {"title": "Numbers", "type": "array", "items": {"type": "integer"}},
    "a reference to an array": {"$ref": "#/$defs/A", "$defs": {"A": {"type": "array", "items": {"type": "integer"}}}},
    "a reference to itself": {"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}},
}
objects = pytest.mark.parametrize("schema", OBJECTS.values(), ids=OBJECTS.keys())
others = pytest.mark.parametrize("schema", OTHERS.values(), ids=OTHERS.keys())
methods = pytest.mark.parametrize("method", ["function_calling", "json_schema", "json_mode", None])


def schema_sent(emulator: Emulator) -> Any:
    """The schema of the one tool, or of the output form, in a request of any protocol."""
    body = emulator.requests[-1].json
    if body.get("tools"):
        (tool,) = body["tools"]
        described = tool.get("function", tool)
        return described.get("parameters", described.get("input_schema"))
    form = body.get("response_format", body.get("text", body.get("output_config")))
    form = form.get("format", form)
    return form.get("json_schema", form)["schema"]


@objects
@methods
@pytest.mark.parametrize("include_raw", [False, True])
def test_a_schema_whose_root_is_elsewhere_is_sent(
    model: ChatSeaCloud, seacloud_env: Emulator, schema: dict[str, Any], method: Any, include_raw: bool
) -> None:
    keys = {"name", "near"} if "Island" in str(schema) else {"x"}
    chain = model.with_structured_output(schema, method=method, include_raw=include_raw)
    answer = chain.invoke(f'The island "Skye", which is 12. As JSON with the keys {", ".join(sorted(keys))}.')
    if method == "json_mode":  # which sends none
        return
    parsed = answer["parsed"] if include_raw else answer
    assert parsed
    assert set(parsed) <= keys
    sent = schema_sent(seacloud_env)
    assert sent["type"] == "object"
    assert set(sent["properties"]) == keys
    assert "$ref" not in sent


@objects
def test_it_is_traced_whole(model: ChatSeaCloud, schema: dict[str, Any]) -> None:
    bound: Any = model.with_structured_output(schema)
    assert "properties" in bound.first.kwargs["ls_structured_output_format"]["schema"]


def test_a_recursive_class_s_schema_keeps_its_name(model: ChatSeaCloud) -> None:
    bound: Any = model.with_structured_output(Island.model_json_schema(), method="function_calling")
    (tool,) = bound.first.kwargs["tools"]
    assert (tool["function"]["name"], tool["function"]["description"]) == ("Island", "A piece of land in the sea.")


@objects
@pytest.mark.parametrize("strict", [None, True])
def test_it_is_a_tool(model: ChatSeaCloud, seacloud_env: Emulator, schema: dict[str, Any], strict: bool | None) -> None:
    bound = model.bind_tools([{**schema, "title": "place"}], strict=strict, tool_choice="place")
    (call,) = bound.invoke('The island "Skye", which is 12.').tool_calls
    assert call["args"]
    assert schema_sent(seacloud_env)["type"] == "object"


@others
@pytest.mark.parametrize("method", ["function_calling", None])
@pytest.mark.parametrize("include_raw", [False, True])
def test_what_is_no_object_cannot_be_a_call(
    model: ChatSeaCloud, seacloud_env: Emulator, schema: dict[str, Any], method: Any, include_raw: bool
) -> None:
    with pytest.raises(InvalidInputError, match=r"not that of an object.*wrap it in one.*json_schema.*Nothing was"):
        model.with_structured_output(schema, method=method, include_raw=include_raw)
    assert not seacloud_env.requests


@others
def test_what_is_no_object_cannot_be_a_tool(model: ChatSeaCloud, schema: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match=r"not that of an object, which a tool needs: wrap it"):
        model.bind_tools([{"title": "pet", **schema}])


@pytest.mark.parametrize("name", ["anyOf", "an array"])
def test_a_provider_s_own_output_may_carry_it(model: ChatSeaCloud, seacloud_env: Emulator, name: str) -> None:
    """Whether it does is the provider's word: Anthropic's documentation demands no object, OpenAI's does."""
    answer = model.with_structured_output(OTHERS[name], method="json_schema").invoke("The cat has 9.")
    assert answer == ({"kind": "cat", "lives": 9} if name == "anyOf" else [9])
    with pytest.raises(InvalidInputError, match=r"no strict form.*Nothing was sent"):
        model.with_structured_output(OTHERS[name], method="json_schema", strict=True)


@pytest.mark.parametrize("kind", [RootModel[list[int]], RootModel[Cat | Dog]])
def test_classes_without_an_object_are_refused_too(model: ChatSeaCloud, kind: Any) -> None:
    with pytest.raises(InvalidInputError, match="not that of an object"):
        model.with_structured_output(kind)
    with pytest.raises(InvalidInputError, match="not that of an object"):
        model.bind_tools([kind])


LOST = {"title": "Lost", "$ref": "#/$defs/Gone", "$defs": {}}


def test_a_root_that_is_nowhere_is_told(model: ChatSeaCloud) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "lost", "schema": LOST}}
    asks: list[Callable[[], Any]] = [
        lambda: model.bind_tools([LOST]),
        lambda: model.bind_tools([], response_format=form),
        *(
            lambda method=method: model.with_structured_output(LOST, method=method)  # type: ignore[misc]  # it is bound
            for method in ("function_calling", "json_schema", None)
        ),
    ]
    for ask in asks:
        with pytest.raises(InvalidInputError, match=r"#/\$defs/Gone is not in \$defs\. Nothing was sent"):
            ask()


@pytest.mark.parametrize("schema", [{"title": "ping"}, {"title": "ping", "type": "object"}])
@pytest.mark.parametrize("strict", [None, True])
def test_a_tool_without_parameters_stays_one(schema: dict[str, Any], strict: bool | None) -> None:
    function = tool_json(schema, strict=strict)["function"]
    assert function["name"] == "ping"
    assert not function.get("parameters", {}).get("properties")


def test_an_object_with_any_fields_keeps_what_it_says_of_them() -> None:
    counts = {"title": "counts", "type": "object", "additionalProperties": {"type": "integer"}}
    assert tool_json(counts)["function"]["parameters"]["additionalProperties"] == {"type": "integer"}


NODE = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "nodes": {"type": "array", "items": {"$ref": "#/$defs/Node"}}},
    "required": ["name"],
}
TREE = {"type": "object", "$defs": {"Node": NODE}, "properties": {"root": {"$ref": "#/$defs/Node"}}}
RECURSIVE: dict[str, tuple[dict[str, Any], str]] = {
    "$defs": (TREE, "#/$defs/Node"),
    "definitions": (
        {
            "type": "object",
            "definitions": {
                "Node": {**NODE, "properties": {"nodes": {"type": "array", "items": {"$ref": "#/definitions/Node"}}}}
            },
            "properties": {"root": {"$ref": "#/definitions/Node"}},
        },
        "/Node",
    ),
    "its root": ({"title": "Node", "$ref": "#/$defs/Node", "$defs": {"Node": NODE}}, "#/$defs/Node"),
    "to the root": (
        {"type": "object", "properties": {"nodes": {"type": "array", "items": {"$ref": "#"}}}},
        "#",
    ),
}


@pytest.mark.parametrize(("schema", "reference"), RECURSIVE.values(), ids=RECURSIVE.keys())
@pytest.mark.parametrize("strict", [None, True])
def test_a_tool_with_a_recursive_json_schema(
    model: ChatSeaCloud, seacloud_env: Emulator, schema: dict[str, Any], reference: str, strict: bool | None
) -> None:
    """As MCP's tools have it."""
    tool = StructuredTool(name="plant", description="Plants.", args_schema=schema, func=lambda **_: "Done.")
    described = tool_json(tool, strict=strict)["function"]
    assert f"{reference}'}}" in str(described["parameters"])
    assert "'items': {}" not in str(described["parameters"])
    if strict:
        assert described["parameters"] == strict_form(schema)
    model.bind_tools([tool], strict=strict).invoke("Plant it.")
    assert reference in str(schema_sent(seacloud_env))


def test_a_function_with_a_recursive_argument() -> None:
    function = tool_json(visit)["function"]
    assert function["description"] == "Visits an island."
    assert function["parameters"]["properties"]["island"]["$ref"] == "#/$defs/Island"
    assert function["parameters"]["$defs"]["Island"]["properties"]["near"]["items"] == {"$ref": "#/$defs/Island"}


@pytest.mark.parametrize("form", [Island, Chart])
@pytest.mark.parametrize("strategy", [ToolStrategy, ProviderStrategy])
def test_an_agent_s_recursive_answer(
    model: ChatSeaCloud, seacloud_env: Emulator, form: type[BaseModel], strategy: Any
) -> None:
    agent: Any = create_agent(model, [], response_format=strategy(form))
    answer = agent.invoke({"messages": [("user", 'The island "Skye".')]})["structured_response"]
    assert isinstance(answer, form)
    sent = schema_sent(seacloud_env)
    assert (sent["type"], "$ref" in sent) == ("object", False)
    assert "'#/$defs/Island'" in str(sent)


def test_a_response_format_s_root_is_inlined() -> None:
    schema = Island.model_json_schema()
    for form in (
        {"type": "json_schema", "json_schema": {"name": "island", "schema": schema}},
        {"type": "json_schema", "name": "island", "schema": schema},
    ):
        written = output_json(form)["json_schema"]["schema"]
        assert (written["type"], set(written["properties"])) == ("object", {"name", "near"})


@pytest.mark.parametrize("method", ["function_calling", "json_schema", "json_mode", None])
def test_a_recursive_typed_dict_is_told(model: ChatSeaCloud, seacloud_env: Emulator, method: Any) -> None:
    with pytest.raises(InvalidInputError, match=r"Node refers to itself.*pydantic class\. Nothing was sent"):
        model.with_structured_output(Node, method=method)
    with pytest.raises(InvalidInputError, match="Node refers to itself"):
        model.bind_tools([Node])
    assert not seacloud_env.requests
