"""Contracts: what they take, what they say of what they do not take, and where they come from."""

from __future__ import annotations

import errno
import json
import pickle
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, field_validator
from queue_flavours import FLAVOURS, MODEL, Flavoured
from seacloud_client.contracts import Contract, as_contract
from seacloud_client.errors import ConfigurationError, InvalidInputError
from seacloud_client.queue import Queue
from seacloud_emulator.contracts_api import contract_of
from seacloud_emulator.endpoints import MODELS
from seacloud_sdk.domain.response_mappers import normalize_input_schema, parameters_from_input_schema

NANO = contract_of(MODEL, MODELS[MODEL])


def contract(properties: Any, **more: Any) -> Contract:
    return Contract.from_json({"type": "object", "properties": properties, **more}, model_id="a_model")


def takes(schema: Any, value: Any) -> bool:
    return not contract({"it": schema}).problems({"it": value})


# What JSON Schema says of each keyword: https://json-schema.org/draft/2020-12/json-schema-validation
KEYWORDS = [
    ({"type": "string"}, ["", "a"], [1, None, True, ["a"], {}]),
    ({"type": "integer"}, [0, -3, 5.0, 2**70], [1.5, "5", True, None, float("nan")]),
    ({"type": "number"}, [0, 1.5, -2], ["1", True, None, float("inf"), float("nan")]),
    ({"type": "boolean"}, [True, False], [0, 1, "true", None]),
    ({"type": "null"}, [None], [0, "", False]),
    ({"type": "array"}, [[], [1, "a"]], ["a", {}, None]),
    ({"type": "object"}, [{}, {"a": 1}], [[], "a", None]),
    ({"type": ["string", "null"]}, ["a", None], [1, True]),
    ({"type": "string", "nullable": True}, ["a", None], [1, True]),
    ({"type": "string", "nullable": True, "enum": ["a"]}, ["a", None], ["b"]),
    ({"items": {"type": "integer"}, "nullable": True}, [[1], None], [["a"], 1]),
    ({"type": "string", "nullable": False}, ["a"], [None]),
    ({"type": ["integer", "string"]}, [1, "a", 3.0], [1.5, None, True]),
    ({"type": ["number", "array"]}, [1, 1.5, [2]], ["a", None]),
    ({"type": ["boolean", "integer", "null"]}, [True, 3, None], ["a", 1.5]),
    ({"enum": ["a", "b"]}, ["a"], ["c", "A", None, 1]),
    ({"type": "string", "enum": ["a", None], "description": "x"}, ["a"], ["c"]),
    ({"type": ["string", "null"], "enum": ["a", None]}, ["a", None], ["c"]),
    ({"type": "integer", "enum": [1, 2]}, [1, 2, 1.0], [3, True, "1"]),
    ({"enum": [1, "auto", None, [1], {"a": 1}]}, [1, "auto", None, [1], {"a": 1}], [2, True, [2], {"a": 2}]),
    ({"const": "only"}, ["only"], ["other"]),
    ({"type": "string", "minLength": 2, "maxLength": 3}, ["ab", "äöü", "日本語"], ["a", "abcd"]),
    ({"type": "integer", "minimum": 1, "maximum": 15}, [1, 15], [0, 16]),
    ({"type": "integer", "minimum": 0.5, "maximum": 2.5}, [1, 2], [0, 3]),
    ({"type": "integer", "exclusiveMinimum": 0.5, "exclusiveMaximum": 3}, [1, 2], [0, 3]),
    ({"type": "number", "exclusiveMinimum": 0, "maximum": 1}, [0.1, 1], [0, 1.1]),
    ({"type": "integer", "multipleOf": 8}, [0, 64], [1, 63]),
    ({"type": "number", "multipleOf": 0.1}, [0.3, 0.7, 1], [0.25]),
    (
        {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 2},
        [["a"], ["a", "b"]],
        [[], [1], list("abc")],
    ),
    ({"type": "array", "items": {"type": "array", "items": {"type": "integer"}}}, [[[1], []]], [[["a"]], [1]]),
    ({"type": "string", "pattern": "^[a-z]+$"}, ["ab"], ["aB", ""]),
    ({"type": "string", "pattern": "b"}, ["abc"], ["ac"]),
    ({"type": "string", "format": "uri"}, ["https://x.test/a.png", "data:image/png;base64,AA=="], ["a.png", "/a.png"]),
    ({"type": "string", "format": "date-time"}, ["yesterday"], [1]),
    ({"properties": {"w": {"type": "integer"}}, "required": ["w"]}, [{"w": 1}, {"w": 1, "z": 2}], [{}, {"w": "1"}]),
    ({"type": "object", "properties": {"w": {}}, "additionalProperties": False}, [{"w": 1}, {}], [{"z": 1}]),
    ({"type": "object", "additionalProperties": {"type": "number"}}, [{"a": 1}], [{"a": "1"}]),
    ({"type": "object", "required": ["w"]}, [{"w": None}], [{}]),
    ({"anyOf": [{"type": "integer", "maximum": 3}, {"type": "null"}]}, [3, None], [4, "a"]),
    ({"allOf": [{"type": "integer"}], "maximum": 3}, [3], [4, "a"]),
    ({}, [None, 1, "a", [], {}], []),
]


@pytest.mark.parametrize(("schema", "good", "bad"), KEYWORDS, ids=[json.dumps(schema) for schema, _, _ in KEYWORDS])
def test_keywords(schema: Any, good: list[Any], bad: list[Any]):
    made = contract({"it": schema})
    assert made.notes == ()
    assert [value for value in good if made.problems({"it": value})] == []
    assert [value for value in bad if not made.problems({"it": value})] == []


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({}, "prompt: is required"),
        ({"prompt": 5}, "prompt: must be a string; got 5"),
        ({"prompt": ""}, "prompt: must have at least 1 character; got ''"),
        (
            {"aspect_ratio": "2:1"},
            "aspect_ratio: must be one of '1:1', '16:9', '9:16', '4:3', '3:4', '3:2', '2:3'; got '2:1'",
        ),
        ({"num_images": 20}, "num_images: must be at most 10; got 20"),
        ({"num_images": 0}, "num_images: must be at least 1; got 0"),
        ({"num_images": "3"}, "num_images: must be a whole number; got '3'"),
        ({"num_images": 1.5}, "num_images: must be a whole number; got 1.5"),
        ({"image_urls": "https://x.test"}, "image_urls: must be a list; got 'https://x.test'"),
        ({"image_urls": []}, "image_urls: must have at least 1 item; got []"),
        (
            {"image_urls": ["https://x.test", "cat.png"]},
            "image_urls[1]: must be an absolute URL (https://..., data:...); got 'cat.png'",
        ),
        ({"aspect": "1:1"}, "aspect: is no parameter; did you mean aspect_ratio?"),
        (
            {"zzz": 1},
            "zzz: is no parameter; there are prompt, image_urls, aspect_ratio, num_images, output_format, seed",
        ),
    ],
)
def test_problems_in_one_line(given: dict[str, Any], line: str):
    made = Contract.from_json(NANO)
    filled = given if given == {} or "prompt" in given else {"prompt": "a cat", **given}
    assert made.problems(filled) == (line,)


def test_places_within():
    made = contract(
        {"shots": {"type": "array", "items": {"properties": {"s": {"type": ["integer", "string"], "minimum": 1}}}}}
    )
    assert made.problems({"shots": [{"s": 1}, {"s": 0}]}) == ("shots[1].s: must be at least 1; got 0",)
    assert made.problems({"shots": [{"s": 1.5}]}) == ("shots[0].s: must be of type integer or string; got 1.5",)
    assert made.problems({"shots": [3]}) == ("shots[0]: must be an object; got 3",)


def test_problems_are_short_and_few():
    made = contract({f"p{n}": {"type": "integer"} for n in range(30)})
    lines = made.problems({f"p{n}": "x" * 10_000 for n in range(30)})
    assert len(lines) == 11
    assert lines[-1] == "... and 20 more"
    assert max(map(len, lines)) < 120


def test_all_problems_are_told_and_nothing_is_sent():
    with pytest.raises(InvalidInputError) as caught:
        Contract.from_json(NANO).check({"aspect_ratio": "2:1", "seed": -1})
    assert str(caught.value) == (
        "The parameters do not fit nano_banana_2:\n"
        "- prompt: is required\n"
        "- aspect_ratio: must be one of '1:1', '16:9', '9:16', '4:3', '3:4', '3:2', '2:3'; got '2:1'\n"
        "- seed: must be at least 0; got -1\n"
        "Nothing was sent."
    )
    assert caught.value.__cause__ is None


def test_arguments_are_sent_as_they_are_given():
    made = contract({"n": {"type": "number"}, "big": {"type": "number"}, "i": {"type": "integer"}, "any": {}})
    given = {"n": 5, "big": 2**60 + 1, "i": 5.0, "any": {"x": [1.0]}, "unknown": "kept"}
    sent = made.check(given)
    assert sent == given
    assert json.dumps(sent) == '{"n": 5, "big": 1152921504606846977, "i": 5, "any": {"x": [1.0]}, "unknown": "kept"}'
    assert json.dumps(given["i"]) == "5.0"


def test_defaults_are_the_services_own_but_for_required_ones():
    made = contract(
        {"a": {"type": "string", "default": "x"}, "b": {"type": "integer", "default": 3}, "c": {"default": None}},
        required=["b"],
    )
    assert made.check({}) == {"b": 3}
    assert made.check({"b": 4, "a": "x"}) == {"a": "x", "b": 4}
    assert "required" not in made.json_schema()
    assert made.json_schema()["properties"]["b"] == {"type": "integer", "default": 3}
    needs = contract({"c": {"default": None}}, required=["c"])
    assert needs.problems({}) == ("c: is required",)


def test_the_model_is_a_pydantic_model():
    model = Contract.from_json(NANO).parameters_model
    assert issubclass(model, BaseModel)
    assert model.__name__ == "NanoBanana2Parameters"
    assert model.model_fields["aspect_ratio"].annotation == Literal["1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3"]
    made = model(prompt="a cat")
    assert (made.aspect_ratio, made.num_images, made.seed) == ("1:1", 1, None)
    assert model.model_fields["prompt"].is_required()


@pytest.mark.parametrize("model_id", MODELS)
def test_the_schema_of_a_contract_stays_as_it_is(model_id: str):
    """A tool's schema is the contract's: nothing of an ordinary one is lost."""
    raw = contract_of(model_id, MODELS[model_id])
    made = Contract.from_json(raw)
    assert made.notes == ()
    assert made.json_schema() == raw["input_schema"] == made.parameters_model.model_json_schema()
    assert normalize_input_schema(made.json_schema()) == normalize_input_schema(raw["input_schema"])
    assert list(made.names) == [parameter["name"] for parameter in parameters_from_input_schema(raw)]


NAMES = [
    "class",
    "model_config",
    "json",
    "copy",
    "_hidden",
    "a b",
    "a-b",
    "1st",
    "schema",
    "self",
    "shown",
    "日本",
    "",
    "__class__",
    "validate",
]


def test_any_name_will_do():
    made = contract({name: {"type": "integer"} for name in NAMES}, required=NAMES, additionalProperties=False)
    assert made.notes == ()
    assert made.check(dict.fromkeys(NAMES, 1)) == dict.fromkeys(NAMES, 1)
    assert list(made.names) == NAMES
    assert made.problems(dict.fromkeys(NAMES, "x"))[0] == "class: must be a whole number; got 'x'"
    # A field's own name is no way in: only the contract's is.
    assert "p_class: is no parameter; did you mean class?" in made.problems({**dict.fromkeys(NAMES, 1), "p_class": 1})


def test_other_spellings():
    schema = {"type": "string", "min_length": 2, "max_length": 3}
    assert (takes(schema, "ab"), takes(schema, "a"), takes(schema, "abcd")) == (True, False, False)
    assert not takes({"type": "integer", "min": 3}, 2)
    assert not takes({"type": "integer", "multiple_of": 3}, 2)


def test_unknown_keywords_are_kept():
    schema = {"type": "object", "properties": {"a": {"type": "string", "x-order": 3, "title": "A"}}, "x-more": {"y": 1}}
    made = Contract.from_json({"model_id": "m", "input_schema": schema, "revision": 7})
    assert made.input_schema == schema
    assert made.raw["revision"] == 7
    assert made.json_schema()["properties"]["a"] == {"type": "string", "x-order": 3, "title": "A"}


def test_references_are_followed():
    made = contract(
        {"size": {"$ref": "#/$defs/Size", "description": "How large."}, "again": {"$ref": "#/properties/size"}},
        **{"$defs": {"Size": {"properties": {"w": {"type": "integer"}}, "required": ["w"]}}},
    )
    assert made.problems({"size": {"w": "1"}, "again": {}}) == (
        "size.w: must be a whole number; got '1'",
        "again.w: is required",
    )
    shown = made.json_schema()
    assert shown["properties"]["size"]["description"] == "How large."
    assert "$ref" not in json.dumps(shown)


def test_a_contract_from_json_a_file_and_the_services_answer(tmp_path):
    path = tmp_path / "nano.json"
    path.write_text(json.dumps(NANO))
    wrapped = {"data": NANO, "status": {"code": 200, "message": "success"}}
    made = [
        Contract.from_file(path),
        Contract.from_file(str(path)),
        Contract.from_json(NANO),
        Contract.from_json(json.dumps(wrapped)),
        Contract.from_json(json.dumps(NANO).encode()),
        as_contract(path, MODEL),
        as_contract(NANO, MODEL),
    ]
    assert all(one == made[0] for one in made)
    assert (made[0].model_id, made[0].display_name, made[0].kind) == (MODEL, "Nano Banana 2", "image")
    assert Contract.from_json(NANO["input_schema"]).model_id == ""


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("{", "must be JSON"),
        ("[]", "must be a JSON object"),
        ("[" * 100_000, "must be JSON"),
        ("{}", "has none"),
        ({"input_schema": []}, "has none"),
        ({"input_schema": {"type": "string"}}, "is none: the schema is not that of an object"),
        (" " * (4 * 1024 * 1024 + 1), "this one has more"),
        (b"\xff{}", "must be JSON"),
    ],
)
def test_what_is_no_contract(tmp_path, source: Any, said: str):
    with pytest.raises(ConfigurationError, match=said):
        Contract.from_json(source)
    if isinstance(source, bytes):
        (tmp_path / "c.json").write_bytes(source)
        with pytest.raises(ConfigurationError, match=r"c\.json: .*must be JSON"):
            Contract.from_file(tmp_path / "c.json")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("none.json", "No such file or directory"),
        ("", "Is a directory"),
        ("a\0b", "embedded null byte"),
        ("n" * 5000, "File name too long"),
        ("closed.json", "Permission denied"),
    ],
)
def test_a_file_that_cannot_be_read_is_our_error(tmp_path, monkeypatch, path: str, reason: str):
    def refuse(self: Path, *_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    if path == "closed.json":  # root may read every file
        monkeypatch.setattr(Path, "open", refuse)
    given = f"{tmp_path}/{path}"
    for make in (Contract.from_file, lambda one: as_contract(one, MODEL)):
        for one in (given, Path(given)):
            with pytest.raises(ConfigurationError) as caught:
                make(one)
            assert caught.value.message == (
                f"The contract cannot be read from {str(one)[:200]!r}: {reason}. Give the path of a JSON file, or the "
                "contract itself as json.loads reads it."
            )


def test_a_contract_can_be_pickled():
    made = Contract.from_json(NANO)
    _ = made.parameters_model
    copy = pickle.loads(pickle.dumps(made))  # noqa: S301  # our own
    assert copy == made
    assert copy.problems({}) == ("prompt: is required",)


class Painting(BaseModel):
    """A pydantic class as a user writes one."""

    model_config = ConfigDict(extra="forbid")

    prompt: str = Field(min_length=3)
    ratio: Literal["1:1", "16:9"] = Field("16:9", alias="aspect_ratio")
    seed: int | None = None
    strength: Annotated[float, Field(ge=0, le=1)] = 0.5

    @field_validator("prompt")
    @classmethod
    def _polite(cls, prompt: str) -> str:
        if "please" not in prompt:
            raise ValueError("Say please.")
        return prompt.strip()


def test_a_contract_from_a_pydantic_class():
    made = Contract.from_model_class(Painting)
    assert made.check({"prompt": "a cat, please "}) == {
        "prompt": "a cat, please",
        "aspect_ratio": "16:9",
        "strength": 0.5,
    }
    assert made.check({"prompt": "please", "seed": None})["seed"] is None
    assert made.names == ("prompt", "aspect_ratio", "seed", "strength")
    assert made.problems({"prompt": "a cat", "strength": 3, "ratio": "1:1"}) == (
        "prompt: say please; got 'a cat'",
        "strength: must be at most 1.0; got 3",
        "ratio: is no parameter; there are prompt, aspect_ratio, seed, strength",
    )
    assert made.json_schema()["properties"]["aspect_ratio"]["enum"] == ["1:1", "16:9"]
    assert pickle.loads(pickle.dumps(made)) == made  # noqa: S301  # our own


def test_what_is_no_pydantic_class():
    class Odd(BaseModel):
        model_config = ConfigDict(arbitrary_types_allowed=True)
        thing: Queue

    with pytest.raises(ConfigurationError, match="cannot be told as JSON Schema"):
        Contract.from_model_class(Odd)
    with pytest.raises(ConfigurationError, match="pydantic class"):
        Contract.from_model_class(dict)  # type: ignore[arg-type]


class Made(BaseModel):
    """A class whose fields are no JSON."""

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="allow")


def test_arguments_that_are_no_json(seacloud_env):
    circle: list[Any] = []
    circle.append(circle)
    for made in (contract({"it": {}}), Made):
        for value in (circle, object(), float("nan")):
            with pytest.raises(InvalidInputError, match=r"JSON.*Nothing was sent\."):
                Queue().submit("a_model", {"it": value}, contract=made)
    assert list(seacloud_env.requests) == []


@FLAVOURS
@pytest.mark.parametrize("step", ["run", "submit"])
def test_a_queue_checks_first(seacloud_env, flavour, step):
    queue = Flavoured(Queue(), flavour)
    for made in (Contract.from_json(NANO), NANO, Painting):
        with pytest.raises(InvalidInputError, match=r"(?s)prompt: .*Nothing was sent\.") as caught:
            getattr(queue, step)(MODEL, {"prompt": 5}, contract=made)
        assert "must be a" in str(caught.value)
    assert list(seacloud_env.requests) == []


@FLAVOURS
def test_a_queue_sends_what_was_checked(seacloud_env, flavour):
    queue = Flavoured(Queue(), flavour)
    result = queue.run(MODEL, {"prompt": "a cat", "num_images": 2.0}, contract=NANO, interval=0.04)
    assert len(result.outputs) == 2
    assert seacloud_env.requests[0].json == {"prompt": "a cat", "num_images": 2}
    assert json.dumps(seacloud_env.requests[0].json["num_images"]) == "2"


def test_another_models_contract(seacloud_env):
    with pytest.raises(InvalidInputError, match=r"is that of nano_banana_2, not of flux_2_pro\. Nothing was sent"):
        Queue().submit("flux_2_pro", {"prompt": "a cat"}, contract=Contract.from_json(NANO))
    chat = {"model_id": "gpt-4.1", "protocol": "llm_chat_completions", "input_schema": {"type": "object"}}
    with pytest.raises(InvalidInputError, match="use a chat model"):
        Queue().submit("gpt-4.1", {"prompt": "a cat"}, contract=chat)
    assert list(seacloud_env.requests) == []
