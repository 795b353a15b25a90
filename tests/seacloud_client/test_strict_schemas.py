"""JSON schemas in OpenAI's strict form: what the guide demands, checked by its rules and by the official SDK's own."""

from __future__ import annotations

import copy
import json
import re
from enum import Enum
from typing import Any, Literal

import pytest
from openai.lib._pydantic import to_strict_json_schema
from pydantic import BaseModel, Field
from seacloud_client.strict_schemas import strict_form, without_added_nulls

ALLOWED = frozenset(
    (
        "$defs",
        "$ref",
        "additionalProperties",
        "anyOf",
        "description",
        "enum",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "format",
        "items",
        "maxItems",
        "maximum",
        "minItems",
        "minimum",
        "multipleOf",
        "pattern",
        "properties",
        "required",
        "type",
    )
)
"""The keywords of the guide's section "Supported schemas"."""


class Mood(Enum):
    CALM = "calm"
    WILD = "wild"


class Cat(BaseModel):
    kind: Literal["cat"]
    lives: int = Field(9, ge=1, le=9)


class Dog(BaseModel):
    kind: Literal["dog"]
    name: str | None = Field(None, min_length=2, description="What it listens to")


class Node(BaseModel):
    """A node of a tree."""

    value: float = Field(description="how much", examples=[1])
    mood: Mood = Mood.CALM
    pet: Cat | Dog = Field(discriminator="kind")
    second: Cat = Field(description="another one")
    tags: list[str] = Field(default_factory=list, max_length=3)
    children: list[Node] = []


class Plain(BaseModel):
    a: int
    b: str


def check(schema: Any, *, at_root: bool = True) -> None:
    """The guide's rules."""
    assert set(schema) <= ALLOWED, schema
    if at_root:
        assert schema["type"] == "object"
        assert "anyOf" not in schema
    if "$ref" in schema:
        assert set(schema) == {"$ref"}
        return
    assert "type" in schema or "anyOf" in schema
    if schema.get("type") == "object":
        assert schema["additionalProperties"] is False
        assert schema["required"] == list(schema["properties"])
    for inner in [*schema.get("anyOf", ()), *schema.get("properties", {}).values(), *schema.get("$defs", {}).values()]:
        check(inner, at_root=False)
    if schema.get("type") == "array":
        check(schema["items"], at_root=False)


@pytest.mark.parametrize("model", [Node, Cat, Dog, Plain])
def test_pydantic_models(model: type[BaseModel]) -> None:
    schema = model.model_json_schema()
    before = copy.deepcopy(schema)
    check(strict_form(schema))
    assert schema == before


def test_recursion_is_kept() -> None:
    strict = strict_form(Node.model_json_schema())
    assert strict["properties"]["children"]["items"] == {"$ref": "#/$defs/Node"}
    assert strict["$defs"]["Node"]["properties"]["children"]["items"] == {"$ref": "#/$defs/Node"}


def test_as_the_official_sdk_makes_it() -> None:
    """Where the SDK's own form is within the guide's rules, ours is the same."""

    def without_titles(schema: Any) -> Any:
        return {
            name: {key: without_titles(value) for key, value in inner.items()} if name == "properties" else inner
            for name, inner in schema.items()
            if name != "title"
        }

    assert strict_form(Plain.model_json_schema()) == without_titles(to_strict_json_schema(Plain))


def test_a_strict_schema_stays_the_same() -> None:
    strict = strict_form(Node.model_json_schema())
    assert strict_form(strict) == strict


def test_what_the_form_cannot_say_is_described() -> None:
    strict = strict_form(Node.model_json_schema())
    assert "default: 9" in strict["$defs"]["Cat"]["properties"]["lives"]["description"]
    name = strict["$defs"]["Dog"]["properties"]["name"]
    assert name["description"] == "What it listens to"
    assert name["anyOf"] == [{"type": "string", "description": "(minLength: 2)"}, {"type": "null"}]
    assert strict["properties"]["second"] == {"anyOf": [{"$ref": "#/$defs/Cat"}], "description": "another one"}


def obj(properties: Any, required: Any = ()) -> Any:
    return {"type": "object", "properties": properties, "required": list(required)}


@pytest.mark.parametrize(
    ("given", "strict"),
    [
        ({"type": "string"}, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ({"type": ["string", "null"]}, {"type": ["string", "null"]}),
        ({"enum": ["a", None]}, {"enum": ["a", None], "type": ["null", "string"]}),
        ({"type": "string", "default": "a"}, {"type": "string", "description": "(default: a)"}),
        ({"const": 1}, {"anyOf": [{"enum": [1], "type": "integer"}, {"type": "null"}]}),
        (
            {"oneOf": [{"type": "string"}, {"type": "null"}]},
            {"anyOf": [{"type": "string"}, {"type": "null"}]},
        ),
        (
            {"allOf": [{"type": "string"}], "description": "a"},
            {"anyOf": [{"type": "string", "description": "a"}, {"type": "null"}]},
        ),
    ],
)
def test_a_property_that_may_be_left_out(given: Any, strict: Any) -> None:
    changed = strict_form(obj({"a": given}))
    assert changed["properties"]["a"] == strict
    assert changed["required"] == ["a"]


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "object"}, "any fields"),
        (obj({"a": {"type": "object", "additionalProperties": {"type": "string"}}}), "a is an object with any fields"),
        (obj({"a": {}}), "a may be a value of any type"),
        (obj({"a": {"type": "array"}}), "items may be a value of any type"),
        (obj({"a": {"type": "array", "prefixItems": [{"type": "string"}]}}), "has 'prefixItems'"),
        (obj({"a": {"not": {"type": "string"}}}), "has 'not'"),
        (obj({"a": {"$ref": "#/$defs/Missing"}}) | {"$ref": "#/$defs/Missing"}, "not in $defs"),
        ({"type": "array", "items": {"type": "string"}}, "not that of an object"),
        ({"anyOf": [obj({}), obj({})]}, "not that of an object"),
    ],
)
def test_what_has_no_strict_form(schema: Any, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        strict_form(schema)


def test_added_nulls_are_taken_out() -> None:
    schema = obj(
        {
            "a": {"type": "string"},
            "b": {"type": ["string", "null"]},
            "items": {"type": "array", "items": {"$ref": "#/$defs/Item"}},
            "either": {"anyOf": [obj({"kind": {"const": "x"}, "n": {"type": "integer"}}, ["kind"]), {"type": "null"}]},
        }
    ) | {"$defs": {"Item": obj({"c": {"type": "integer"}, "next": {"$ref": "#/$defs/Item"}})}}
    answer = {
        "a": None,
        "b": None,
        "items": [{"c": 1, "next": {"c": None, "next": None}}],
        "either": {"kind": "x", "n": None},
    }
    assert without_added_nulls(answer, schema) == {
        "b": None,
        "items": [{"c": 1, "next": {}}],
        "either": {"kind": "x"},
    }


def test_branches_are_told_apart_by_their_constants() -> None:
    branches = [
        obj({"kind": {"const": "x"}, "n": {"type": ["integer", "null"]}}, ["kind"]),
        obj({"kind": {"const": "y"}, "n": {"type": "integer"}}, ["kind"]),
    ]
    schema = obj({"a": {"anyOf": branches}}, ["a"])
    assert without_added_nulls({"a": {"kind": "x", "n": None}}, schema) == {"a": {"kind": "x", "n": None}}
    assert without_added_nulls({"a": {"kind": "y", "n": None}}, schema) == {"a": {"kind": "y"}}


def test_a_model_s_own_answer_is_valid_for_it() -> None:
    tree = Node(
        value=1,
        pet=Dog(kind="dog"),
        second=Cat(kind="cat"),
        children=[Node(value=2, pet=Cat(kind="cat"), second=Cat(kind="cat"))],
    )
    answer = json.loads(tree.model_dump_json())
    assert Node.model_validate(without_added_nulls(answer, Node.model_json_schema())) == tree
