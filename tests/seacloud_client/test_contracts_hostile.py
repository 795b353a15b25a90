"""Contracts that mean no good, or nothing: reading and checking them stays bounded, and nothing is checked wrongly."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from seacloud_client.contract_schemas import MAX_DEPTH, MAX_NODES
from seacloud_client.contracts import Contract
from seacloud_client.errors import ConfigurationError, InvalidInputError
from seacloud_emulator.contracts_api import contract_of
from seacloud_emulator.endpoints import MODELS, check_parameters
from seacloud_emulator.refusals import Refusal


def contract(properties: Any, **more: Any) -> Contract:
    return Contract.from_json({"type": "object", "properties": properties, **more})


@pytest.mark.parametrize(
    ("schema", "value", "note"),
    [
        ({"type": "string", "pattern": "(?=a)b"}, "x", "its pattern cannot be checked"),
        ({"type": "string", "pattern": r"(a)\1"}, "x", "its pattern cannot be checked"),
        ({"type": "string", "pattern": "("}, "x", "its pattern cannot be checked"),
        ({"type": "string", "pattern": "(a{1000}){1000}"}, "x", "its pattern cannot be checked"),
        ({"type": "string", "pattern": "a" * 501}, "x", "its pattern cannot be checked"),
        ({"type": "string", "pattern": "\ud800"}, "x", "its pattern cannot be checked"),
        ({"type": "file"}, 3, "type 'file' is not known, so it is not checked"),
        ({"type": {"a": 1}}, 3, "type \"{'a': 1}\" is not known, so it is not checked"),
        ({"type": "integer", "enum": ["1", "2"]}, "2", "none of its values is of its type, so its type is not checked"),
        ({"type": "integer", "minimum": "1"}, 0, "minimum makes no sense, so it is not checked"),
        ({"type": "integer", "minimum": float("nan")}, 0, "minimum makes no sense, so it is not checked"),
        (
            {"type": "integer", "minimum": 9, "maximum": 1},
            0,
            "nothing lies between its bounds, so they are not checked",
        ),
        ({"type": "integer", "multipleOf": 0}, 3, "multipleOf makes no sense, so it is not checked"),
        ({"type": "integer", "multipleOf": 0.4}, 3, "multipleOf makes no sense, so it is not checked"),
        ({"type": "number", "multipleOf": -1}, 3, "multipleOf makes no sense, so it is not checked"),
        ({"type": "string", "minLength": -1}, "", "minLength makes no sense, so it is not checked"),
        ({"type": "string", "maxLength": 1.5}, "abc", "maxLength makes no sense, so it is not checked"),
        ({"type": "string", "minLength": 2.0**64}, "", "minLength makes no sense, so it is not checked"),
        ({"type": "string", "maxLength": 10**300}, "abc", "maxLength makes no sense, so it is not checked"),
        ({"type": "array", "minItems": 2**64}, [], "minItems makes no sense, so it is not checked"),
        ({"type": "integer", "exclusiveMinimum": True}, 3, "exclusiveMinimum makes no sense, so it is not checked"),
        ({"oneOf": [{"type": "integer"}, {"type": "string"}]}, [], "oneOf is not checked"),
        ({"not": {"type": "integer"}}, 3, "not is not checked"),
        ({"type": "array", "uniqueItems": True}, [1, 1], "uniqueItems is not checked"),
        ({"prefixItems": [{"type": "string"}], "items": {"type": "null"}}, ["a", 1], "prefixItems is not checked"),
        (
            {"patternProperties": {"^x": {"type": "string"}}, "additionalProperties": False, "type": "object"},
            {"x": 1},
            "patternProperties is not checked",
        ),
        ({"$ref": "#/nowhere"}, 3, "#/nowhere cannot be followed, so it is not checked"),
        ({"$ref": "https://x.test/schema"}, 3, "https://x.test/schema cannot be followed, so it is not checked"),
        ({"$ref": "#/properties/it"}, 3, "#/properties/it cannot be followed, so it is not checked"),
        ("text", 3, "its schema is no object, so it is not checked"),
        ({"default": float("inf")}, 3, "default is no JSON, so it is left out"),
        ({"default": {"a": [{"$ref": "#/$defs/x"}]}}, 3, "default holds a reference, so it is left out"),
        ({"enum": [3, {"$ref": "#/$defs/x"}]}, 3, "enum holds a reference, so it is left out"),
        ({"enum": [3, {"$defs": "x"}]}, 3, "enum holds a reference, so it is left out"),
    ],
)
def test_what_makes_no_sense_is_noted_and_not_checked(schema: Any, value: Any, note: str):
    made = contract({"it": schema})
    assert made.notes == (f"it: {note}",)
    assert made.problems({"it": value}) == ()
    json.dumps(made.json_schema(), allow_nan=False)


@pytest.mark.parametrize("bound", [2**63 - 1, 2**63, 2**64, 2.0**64, 10**300])
def test_numbers_are_held_to_bounds_of_any_size(bound: float):
    for word, kind in (("minimum", "integer"), ("exclusiveMinimum", "number"), ("multipleOf", "integer")):
        made = contract({"it": {"type": kind, word: bound}})
        assert made.notes == ()
        assert len(made.problems({"it": 3})) == 1
        assert made.problems({"it": 2 * int(bound)}) == ()


def test_a_catastrophic_pattern_takes_no_time():
    made = contract({"it": {"type": "string", "pattern": "^(a|a)*(a*)*$"}})
    began = time.thread_time()
    assert made.problems({"it": "a" * 50_000 + "!"}) != ()
    assert time.thread_time() - began < 5  # backtracking would take longer than the world has been there


def test_many_costly_patterns_take_little_time():
    began = time.thread_time()
    made = contract({f"p{n}": {"type": "string", "pattern": r"\w{90}" + "a" * n} for n in range(200)})
    assert len(made.notes) == 100
    assert made.problems({"p199": "x"}) == ()
    assert time.thread_time() - began < 10


def nested(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "integer"}
    for _ in range(depth):
        schema = {"type": "object", "properties": {"in": schema}}
    return schema


def value(depth: int) -> Any:
    return {"in": value(depth - 1)} if depth else "no integer"


def test_deep_contracts():
    assert contract(nested(MAX_DEPTH)["properties"]).problems(value(MAX_DEPTH)) != ()
    deep = Contract.from_json(nested(5000))
    assert deep.problems(value(60)) == ()
    [note] = deep.notes
    assert note.endswith("the contract is too deep or too large, so it is not checked")
    with pytest.raises(ConfigurationError):
        Contract.from_json('{"properties":' * 3000 + "{}" + "}" * 3000)


def test_branches_in_branches():
    schema: dict[str, Any] = {"type": "integer"}
    for _ in range(5000):
        schema = {"anyOf": [schema, {"type": "null"}]}
    made = contract({"it": schema})
    assert made.notes == ("it: the contract is too deep or too large, so it is not checked",)
    assert made.problems({"it": "x"}) == ()


def test_a_number_of_more_digits_than_python_writes():
    made = contract({"it": {"type": "integer", "maximum": 9}, "many": {"type": "string"}})
    with pytest.raises(InvalidInputError, match="it: must be at most 9; got a number with too many digits"):
        made.check({"it": 10**5000})
    assert made.problems({"many": [10**5000]}) == ("many: must be a string; got a number with too many digits",)


def test_a_cyclic_contract():
    made = contract({"tree": {"$ref": "#/$defs/T"}}, **{"$defs": {"T": {"properties": {"l": {"$ref": "#/$defs/T"}}}}})
    assert made.notes == ("tree.l: #/$defs/T cannot be followed, so it is not checked",)
    assert made.problems({"tree": {"l": 3}}) == ()
    assert made.problems({"tree": 3}) != ()


def test_references_that_grow_without_end():
    """Ten levels of ten references each would be ten thousand million schemas."""
    definitions = {
        f"d{level}": {"properties": {f"p{n}": {"$ref": f"#/$defs/d{level + 1}"} for n in range(10)}}
        for level in range(10)
    }
    began = time.thread_time()
    made = contract({"it": {"$ref": "#/$defs/d0"}}, **{"$defs": definitions})
    assert made.problems({"it": {}}) == ()
    assert len(made.notes) <= 100
    assert len(json.dumps(made.json_schema())) < 200 * MAX_NODES
    assert time.thread_time() - began < 10


def test_python_objects_that_hold_themselves():
    schema: dict[str, Any] = {"type": "object"}
    schema["properties"] = {"a": schema, "b": schema}
    made = Contract.from_json(schema)
    assert made.problems({"a": {"b": 3}}) == ("a.b: must be an object; got 3",)


def test_a_huge_enum():
    many = [f"voice_{n}" for n in range(50_000)]
    made = contract({"voice": {"type": "string", "enum": many, "description": "The voice."}})
    assert made.problems({"voice": "voice_49999"}) == ()
    [line] = made.problems({"voice": "voice_50000"})
    assert line.startswith("voice: must be one of 'voice_0', 'voice_1', ")
    assert line.endswith(", ... (50000 in all); got 'voice_50000'")
    assert len(line) < 400
    assert len(json.dumps(made.json_schema())) < 1000
    assert "one of 50000 values, such as voice_0" in made.json_schema()["properties"]["voice"]["description"]
    some = contract({"voice": {"enum": many[:900]}})
    assert len(some.problems({"voice": "no"})[0]) < 400


def test_many_parameters():
    made = contract({f"p{n}": {"type": "integer"} for n in range(5000)}, additionalProperties=False)
    assert made.problems({"p4999": "not checked", "p1": 1}) == ()
    assert made.problems({"p1": "x"}) != ()


@pytest.mark.parametrize("word", ["$ref", "$defs"])
def test_references_where_none_are_expected(word: str):
    made = contract({"it": {"x-any": [{word: "#/nowhere"}], "description": f'"{word}":'}, word: {"default": word}})
    assert made.json_schema()["properties"] == {"it": {"description": f'"{word}":'}, word: {"default": word}}


def test_long_words():
    made = contract({"it": {"description": "x" * 100_000, "x-big": ["y" * 2000], "type": "integer"}, "n" * 10_000: {}})
    assert len(made.json_schema()["properties"]["it"]["description"]) == 1000
    assert "x-big" not in made.json_schema()["properties"]["it"]
    assert made.problems({"it": "z" * 100_000})[0].startswith("it: must be a whole number; got 'zzz")
    assert len(made.problems({"it": "z" * 100_000})[0]) < 120


def test_a_problem_is_one_line_whatever_the_contract_says():
    made = contract({"a\nb": {"type": "string", "pattern": "^\nc$"}, "d": {"enum": ["e\n\u2028f"]}})
    lines = made.problems({"a\nb": "x\ny", "d": "z", "\ng": 1})
    assert lines[0] == "a b: must match the pattern ^ c$; got 'x\\ny'"
    assert [line for line in lines if len(line.splitlines()) != 1] == []


def test_code_in_names_is_only_a_name():
    name = "__import__('os').system('false')"
    made = contract({name: {"type": "integer"}})
    assert made.check({name: 3}) == {name: 3}
    assert made.parameters_model.__name__ == "Parameters"


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
WORDS = [
    *("type", "properties", "required", "items", "enum", "const", "default", "minimum", "maximum", "multipleOf"),
    *("minLength", "maxLength", "minItems", "pattern", "format", "additionalProperties", "anyOf", "allOf", "$ref"),
    *("description", "exclusiveMinimum", "x-any"),
]
types = st.sampled_from(["string", "integer", "number", "boolean", "array", "object", "null"])
texts = st.sampled_from(["#", "#/properties/a", "uri", "^a+$", "(", "", "text"])


def schemas() -> Any:
    def deeper(inner: Any) -> Any:
        words = {
            "type": types | st.lists(types, max_size=3),
            "properties": st.dictionaries(st.sampled_from(["a", "b", "_c", "class"]), inner, max_size=3),
            "items": inner,
            "anyOf": st.lists(inner, max_size=2),
            "allOf": st.lists(inner, max_size=2),
            "additionalProperties": inner | st.booleans(),
            "enum": st.lists(json_values, max_size=3),
            **dict.fromkeys(["minimum", "maximum", "multipleOf", "minLength", "maxItems"], st.integers() | st.floats()),
            **dict.fromkeys(["$ref", "pattern", "format"], texts),
        }
        sensible = st.fixed_dictionaries({}, optional=words)
        return sensible | st.dictionaries(st.sampled_from(WORDS), json_values, max_size=4)

    return st.recursive(json_values, deeper, max_leaves=8)


@settings(max_examples=300, deadline=None)
@example({"a": {"type": "string", "minLength": 1.8446744073709552e19}}, "text")
@given(st.dictionaries(st.sampled_from(["a", "b", "json"]), schemas(), max_size=3), json_values)
def test_any_schema_is_read_and_any_value_checked(properties: Any, value: Any):
    made = contract(properties)
    shown = made.json_schema()
    json.dumps(shown, allow_nan=False)
    assert shown["properties"].keys() == properties.keys()
    for line in made.problems({"a": value, "b": value, "other": value}):
        assert "\n" not in line
        assert len(line) < 1000
    try:
        sent = made.check({"a": value})
    except InvalidInputError:
        return
    assert sent.keys() >= {"a"}


parameters = st.fixed_dictionaries(
    {},
    optional={
        "prompt": st.sampled_from(["a cat", "", 5, None]),
        "image_urls": st.lists(
            st.sampled_from(["https://x.test/a.png", "data:image/png;base64,AA==", 3, "cat.png"]), max_size=16
        ),
        "aspect_ratio": st.sampled_from(["1:1", "16:9", "2:1", "", None, 1]),
        "num_images": st.sampled_from([1, 10, 0, 11, "1", True, 2.5, None]),
        "output_format": st.sampled_from(["png", "PNG", ["png"]]),
        "seed": st.integers(-2, 2**32 + 2),
        "n": st.just(1),
    },
)


@settings(max_examples=300, deadline=None)
@given(parameters)
def test_what_is_checked_here_is_what_the_service_takes(given: dict[str, Any]):
    """The emulator checks by its own code: a contract lets through what that takes, and nothing else."""
    made = Contract.from_json(contract_of("nano_banana_2", MODELS["nano_banana_2"]))
    try:
        check_parameters("nano_banana_2", given)
    except Refusal:
        assert made.problems(given) != ()
    else:
        assert made.problems(given) == ()
        assert made.check(given) == given
