"""Values made from schemas. pydantic, which wrote the schemas, judges the values."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import AnyUrl, BaseModel, Field, TypeAdapter
from seacloud_emulator.brain.arguments import arguments, structured
from seacloud_emulator.brain.source import Source, focus_of


def made(schema: dict[str, Any], message: str) -> Any:
    return arguments(schema, Source(message))


def schema_of(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


STRING = {"type": "string"}
INTEGER = {"type": "integer"}


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Leaf(BaseModel):
    kind: Literal["leaf"]
    size: Annotated[int, Field(ge=10, multiple_of=4)]


class Branch(BaseModel):
    kind: Literal["branch"]
    children: list[Branch | Leaf]


class Everything(BaseModel):
    text: Annotated[str, Field(min_length=40, max_length=60)]
    short: Annotated[str, Field(max_length=3)]
    code: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    colour: Colour
    const: Literal["only"]
    ratio: Annotated[float, Field(gt=0, lt=1)]
    many: Annotated[int, Field(gt=1000)]
    few: Annotated[int, Field(lt=-5)]
    step: Annotated[int, Field(ge=5, multiple_of=7)]
    yes: bool
    nothing: None
    maybe: str | None
    maybe_number: int | None
    either: int | str
    day: date
    moment: datetime
    id: UUID
    address: AnyUrl
    tags: Annotated[list[str], Field(min_length=3, max_length=4)]
    colours: Annotated[set[Colour], Field(min_length=2)]
    pair: tuple[int, str]
    table: dict[str, int]
    tree: Branch
    union: Annotated[Branch | Leaf, Field(discriminator="kind")]
    anything: Any
    optional: str = "default"


@pytest.mark.parametrize("message", ["", "Hello", "Draw 3 'red' things in Paris, 2000 wide", "画一只猫 🐈"])
def test_all_of_a_schema_is_satisfied(message):
    for value in (
        made(Everything.model_json_schema(), message),
        structured(Everything.model_json_schema(), Source(message)),
    ):
        parsed = Everything.model_validate(value)
        assert "optional" not in value
        assert parsed.step % 7 == 0


@pytest.mark.parametrize("kind", [list[int], int, str, list[Leaf], dict[str, str], Leaf | None, bool])
def test_structured_answers_that_are_no_object(kind):
    adapter = TypeAdapter(kind)
    adapter.validate_python(structured(adapter.json_schema(), Source("Hello 3")))


@pytest.mark.parametrize(
    ("properties", "message", "expected"),
    [
        ({"input": {**INTEGER, "exclusiveMinimum": -1000}}, "What is magic_function(3)?", {"input": 3}),
        ({"a": INTEGER, "b": INTEGER}, "What is 3 + 4", {"a": 3, "b": 4}),
        ({"b": INTEGER, "a": INTEGER}, "b = 4 and a = 3", {"b": 4, "a": 3}),
        ({"n": {**INTEGER, "maximum": 5}}, "make 100 or 4", {"n": 4}),
        ({"x": {"type": "number"}}, "take 2.5", {"x": 2.5}),
        ({"prompt": STRING}, "Please draw a cat.", {"prompt": "a cat"}),
        ({"location": STRING}, "What is the weather in San Francisco, CA?", {"location": "San Francisco, CA"}),
        ({"origin": STRING, "destination": STRING}, "Fly from Oslo to Rome", {"origin": "Oslo", "destination": "Rome"}),
        (
            {"customer_name": STRING},
            "Create a customer named '你好啊集团' (Hello Group)",
            {"customer_name": "你好啊集团"},
        ),
        ({"style": STRING}, "Generate a Pirate greeting", {"style": "Pirate"}),
        ({"city": STRING}, "北京的天气怎么样\uff1f", {"city": "北京的天气怎么样"}),
        ({"unit": {"enum": ["kelvin", "celsius"]}}, "in Celsius please", {"unit": "celsius"}),
        ({"unit": {"enum": ["kelvin", "celsius"], "default": "celsius"}}, "hot?", {"unit": "celsius"}),
        ({"size": {"enum": [1, 2, 4]}}, "make it 4", {"size": 4}),
        ({"email": STRING}, "Write to ann@example.org", {"email": "ann@example.org"}),
        (
            {"url": {**STRING, "format": "uri"}},
            "Look at https://example.org/a.png.",
            {"url": "https://example.org/a.png"},
        ),
        ({"on": {**STRING, "format": "date"}}, "Book 2026-03-04", {"on": "2026-03-04"}),
        ({"audio": {"type": "boolean"}}, "a film without audio", {"audio": False}),
        ({"width": {"type": ["integer", "null"]}}, "a picture", {"width": None}),
        ({"width": {"type": ["integer", "null"]}}, "a picture 512 width", {"width": 512}),
        ({"words": {"type": "array", "items": STRING}}, "Sort 'b' and 'a'", {"words": ["b", "a"]}),
        ({"mode": {**STRING, "default": "fast"}}, "go", {"mode": "fast"}),
    ],
)
def test_values_come_from_the_message(properties, message, expected):
    assert made(schema_of(**properties), message) == expected


def test_optional_properties_are_there_only_if_the_message_gives_them():
    schema = {
        "type": "object",
        "properties": {
            "prompt": STRING,
            "parameters": {"anyOf": [{"type": "object"}, {"type": "null"}], "default": None},
            "quality": {"enum": ["low", "high"]},
            "width": {"anyOf": [INTEGER, {"type": "null"}]},
        },
        "required": ["prompt"],
    }
    assert made(schema, "Draw a cat") == {"prompt": "a cat"}
    assert made(schema, "Draw a cat, high quality, width 512") == {
        "prompt": "a cat, high quality, width 512",
        "quality": "high",
        "width": 512,
    }


def test_references_and_all_of_and_recursion_end():
    schema = {
        "type": "object",
        "properties": {
            "node": {"$ref": "#/$defs/Node"},
            "both": {"allOf": [{"$ref": "#/$defs/A"}, {"$ref": "#/$defs/B"}]},
        },
        "required": ["node", "both"],
        "$defs": {
            "Node": {
                "type": "object",
                "properties": {"next": {"$ref": "#/$defs/Node"}, "v": INTEGER},
                "required": ["v"],
            },
            "A": {"type": "object", "properties": {"a": INTEGER}, "required": ["a"]},
            "B": {"type": "object", "properties": {"b": STRING}, "required": ["b"]},
            "Loop": {"$ref": "#/$defs/Loop"},
        },
    }
    assert made(schema, "7 and 8") == {"node": {"v": 7}, "both": {"a": 8, "b": "7 and 8"}}
    assert made({"$ref": "#/$defs/Loop", "$defs": schema["$defs"]}, "x") == {}
    assert made({"type": "object", "allOf": [{"$ref": "#"}]}, "x") == {}
    assert "me" in made({"type": "object", "properties": {"me": {"$ref": "#"}}, "required": ["me"]}, "x")


def test_no_parameters_make_no_arguments():
    assert made({}, "x") == made({"type": "object", "properties": {}}, "What is f(3)?") == {}


def test_structured_texts_name_their_property_and_leave_out_quoted_keys():
    schema = schema_of(setup=STRING, punchline=STRING, age=INTEGER, name=STRING)
    source = Source("Tell me a joke about John in 'setup' and 'punchline', 30 years", keys=schema["properties"])
    value = structured(schema, source)
    assert value["setup"].startswith("Setup: ")
    assert value["punchline"].startswith("Punchline: ")
    assert (value["age"], value["name"]) == (30, "John")


def test_the_focus_is_the_clause_that_scores():
    message = "Draw a fox and tell me the weather in Oslo"
    assert focus_of(message, lambda clause: "fox" in clause) == "Draw a fox"
    assert focus_of(message, lambda clause: 0) == message
