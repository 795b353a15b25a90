"""A generation tool's arguments: from a contract, a pydantic class or nothing, for any framework."""

from __future__ import annotations

import pickle
from enum import Enum
from typing import Any, Literal

import pytest
from pydantic import BaseModel, Field
from seacloud_client.contracts import Contract
from seacloud_client.errors import ConfigurationError, InvalidInputError
from seacloud_client.media_tools.arguments import GenerationInput, ToolArguments, WrongArguments
from seacloud_emulator.contracts_api import contract_of
from seacloud_emulator.endpoints import MODELS

MODEL = "nano_banana_2"
NANO = contract_of(MODEL, MODELS[MODEL])


def problems(arguments: ToolArguments, **said: Any) -> tuple[str, ...]:
    with pytest.raises(WrongArguments) as raised:
        arguments.check(said)
    return raised.value.problems


def test_what_is_shown_is_the_contracts_schema() -> None:
    shown = ToolArguments(MODEL, NANO).shown()
    assert shown["properties"] == NANO["input_schema"]["properties"]
    assert shown["required"] == ["prompt"]
    assert shown["type"] == "object"


def test_what_fits_is_sent() -> None:
    arguments = ToolArguments(MODEL, NANO)
    assert arguments.check({"prompt": "a cat", "num_images": 2.0}) == {"prompt": "a cat", "num_images": 2}
    # A model that must name every parameter says null for those that it leaves out.
    everything = dict.fromkeys(NANO["input_schema"]["properties"])
    assert arguments.check({**everything, "prompt": "a cat"}) == {"prompt": "a cat"}


def test_what_does_not_fit_is_told_in_lines() -> None:
    arguments = ToolArguments(MODEL, NANO)
    assert problems(arguments, aspect_ratio="2:1", image_urls=["cat.png"]) == (
        "prompt: is required",
        "image_urls[0]: must be an absolute URL (https://..., data:...); got 'cat.png'",
        "aspect_ratio: must be one of '1:1', '16:9', '9:16', '4:3', '3:4', '3:2', '2:3'; got '2:1'",
    )
    assert problems(arguments, prompt=None) == ("prompt: is required",)
    assert problems(arguments, prompt="a cat", sed=None) == ("sed: is no parameter; did you mean seed?",)
    with pytest.raises(WrongArguments) as raised:
        arguments.check({})
    assert raised.value.message == f"The parameters do not fit {MODEL}:\n- prompt: is required\nNothing was sent."


class Light(Enum):
    DAY = "day"
    NIGHT = "night"


class Wish(BaseModel):
    """How I want it."""

    prompt: str
    light: Light = Light.DAY
    size: Literal["small", "large"] = "large"
    mask: str | None = "none"
    count: int = Field(1, ge=1)
    anything: Any = 1


def test_a_null_means_that_it_is_left_out_but_where_it_is_a_value() -> None:
    """Also where the schema says what a parameter is in a definition (`light`)."""
    nulls = dict.fromkeys(("light", "size", "mask", "count", "anything"))
    sent = ToolArguments("m", Wish).check({"prompt": "a cat", **nulls})
    assert sent == {"prompt": "a cat", "light": "day", "size": "large", "mask": None, "count": 1, "anything": 1}


def test_preset_parameters() -> None:
    arguments = ToolArguments(MODEL, NANO, {"prompt": "a cat", "output_format": "jpeg"})
    shown = arguments.shown()
    assert "required" not in shown
    assert shown["properties"]["output_format"]["default"] == "jpeg"
    assert arguments.check({}) == {"prompt": "a cat", "output_format": "jpeg"}
    assert arguments.check({"output_format": "png"}) == {"prompt": "a cat", "output_format": "png"}
    with pytest.raises(InvalidInputError, match=r"output_format: must be one of .*; got 'gif'; sed: is no parameter"):
        ToolArguments(MODEL, NANO, {"output_format": "gif", "sed": 1})


def test_names_that_are_the_frameworks_own() -> None:
    names = ["config", "self", "config_", "prompt"]
    schema = {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": names}
    arguments = ToolArguments("m", Contract.from_json(schema), reserved={"config", "self", "args"})
    shown = arguments.shown()
    assert list(shown["properties"]) == shown["required"] == ["config__", "self_", "config_", "prompt"]
    said = {"config__": "a", "self_": "b", "config_": "c", "prompt": "d"}
    assert arguments.check(said) == {"config": "a", "self": "b", "config_": "c", "prompt": "d"}


def test_without_a_contract() -> None:
    arguments = ToolArguments("any_model", preset={"seed": 1, "n": 2})
    assert arguments.shown() == GenerationInput.model_json_schema()
    assert arguments.check({"prompt": "a cat", "parameters": None}) == {"seed": 1, "n": 2, "prompt": "a cat"}
    said = {"prompt": "a cat", "parameters": {"seed": 3, "prompt": "a dog"}}
    assert arguments.check(said) == {"seed": 3, "n": 2, "prompt": "a cat"}
    told = problems(arguments, prompt="a cat", parameters="seed=3")
    assert told == ("parameters: must be an object of the model's parameters by their names",)


@pytest.mark.parametrize(
    ("contract", "said"),
    [
        (NANO, "Generates a picture with SeaCloud's Nano Banana 2: Makes and edits pictures. Returns"),
        ({"input_schema": {"type": "object"}, "kind": "model3d"}, "Generates model3d with SeaCloud's m. Returns"),
        (Wish, "Generates media (a picture, a film or a sound, as the model does) with SeaCloud's m from a prompt."),
        (None, "Generates media (a picture, a film or a sound, as the model does) with SeaCloud's m from a prompt."),
    ],
    ids=["contract", "another kind", "class", "none"],
)
def test_how_a_tool_is_described(contract: Any, said: str) -> None:
    described = ToolArguments(MODEL if contract is NANO else "m", contract).description()
    assert described.startswith(said)
    assert described.endswith("Each call costs money: call once for each result wanted.")


def test_contracts_that_do_not_do() -> None:
    with pytest.raises(InvalidInputError, match="is that of nano_banana_2"):
        ToolArguments("flux_2_pro", NANO)
    with pytest.raises(ConfigurationError, match="has none"):
        ToolArguments("flux_2_pro", {"a": 1})


def test_a_copy_checks_the_same() -> None:
    copied = pickle.loads(pickle.dumps(ToolArguments(MODEL, NANO, {"seed": 1})))  # noqa: S301  # it is our own
    assert copied.check({"prompt": "a cat"}) == {"prompt": "a cat", "seed": 1}
