"""The arguments of a tool that generates: what the agent's model is told of them, and how they are checked.

With a contract (of the service's catalogue, of a file, or a pydantic class of the user's) each of the model's
parameters is an argument of the tool, described and bounded; without one there are `prompt` and free `parameters`.
LlamaIndex hands a tool's arguments on unchecked, so they are checked here, before anything is sent or paid, and what is
wrong is told so shortly that the agent's model can correct itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from llama_index.core.tools import ToolMetadata
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from seacloud_client.contracts import AnyContract, Contract, as_contract
from seacloud_client.errors import InvalidInputError
from seacloud_client.strict_schemas import without_added_nulls

from llamaindex_seacloud.calls import INVALID_ARGUMENTS

_ADVICE = "Returns where the result is. Each call costs money: call once for each result wanted."
_MADE = {"image": "a picture", "video": "a film", "audio": "a sound"}
_KEPT = ("type", "properties", "required", "definitions", "$defs")
"""What LlamaIndex shows of a tool's schema."""

_Arguments = TypeVar("_Arguments", bound=BaseModel)


class GenerationInput(BaseModel):
    """What an agent's model says to have something generated. Other parameters may also stand beside these two."""

    model_config = ConfigDict(extra="allow")

    prompt: str = Field(
        min_length=1, description="What to generate, in words: the subject, the style, the mood, the light."
    )
    parameters: dict[str, Any] | None = Field(
        default=None, description="Further parameters of the model by their names, such as aspect_ratio. Mostly none."
    )


@dataclass
class GenerationMetadata(ToolMetadata):
    """A tool's metadata, with its parameters as JSON schema rather than as a pydantic class."""

    parameters: dict[str, Any] = field(default_factory=dict)

    def get_parameters_dict(self) -> dict[str, Any]:
        """The parameters that the agent's model is shown."""
        return self.parameters


class ToolArguments:
    """A tool's arguments.

    Args:
        model: the id of the model that generates.
        contract: what parameters it takes; by default that is not known.
        preset: parameters for every task. What the agent's model says wins.

    Raises:
        InvalidInputError: if the contract is another model's, or `preset` does not fit it.
        ConfigurationError: if the contract is none.
    """

    def __init__(self, model: str, contract: AnyContract | None, preset: Mapping[str, Any]) -> None:
        self.model = model
        self._contract: Contract | None = None if contract is None else as_contract(contract, model)
        self._preset = dict(preset)
        if self._contract is not None:
            self._check_preset(self._contract)

    def metadata(self, name: str, note: str = "") -> ToolMetadata:
        """What the agent's model is told of the tool.

        Args:
            name: the tool's name.
            note: what there is to say of it besides.
        """
        description = f"{self._description(self._contract)} {note}".rstrip()
        if self._contract is None:
            return ToolMetadata(description, name, GenerationInput)
        shown = self._contract.json_schema()
        kept = {word: shown[word] for word in _KEPT if word in shown}
        kept["properties"] = {
            parameter: {**schema, "default": self._preset[parameter]} if parameter in self._preset else schema
            for parameter, schema in shown.get("properties", {}).items()
        }
        kept["required"] = [parameter for parameter in shown.get("required", ()) if parameter not in self._preset]
        return GenerationMetadata(
            description,
            name,
            self._contract.parameters_model,
            parameters={"type": "object", **kept},
        )

    def check(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters to send for what the agent's model said.

        A null for what has no null means that it is left out: that is how models say it that must name everything.

        Raises:
            InvalidInputError: if they do not fit. Nothing was sent.
        """
        _require_json(said)
        if self._contract is None:
            return {**self._preset, **_free(said)}
        schema = self._contract.json_schema()
        properties = schema.get("properties", {})
        given = {
            name: value
            for name, value in without_added_nulls(dict(said), schema).items()
            if value is not None or _takes_null(properties.get(name))
        }
        return self._contract.check({**self._preset, **given})

    def _description(self, contract: Contract | None) -> str:
        if contract is None or contract.model_class is not None:
            return (
                f"Generates media (a picture, a film or a sound, as the model does) with SeaCloud's {self.model} from "
                f"a prompt. {_ADVICE}"
            )
        made = _MADE.get(contract.kind, contract.kind or "media")
        return f"Generates {made} with SeaCloud's {contract.display_name or self.model}. {_ADVICE}"

    def _check_preset(self, contract: Contract) -> None:
        missing = {f"{name}: is required" for name in contract.names if name not in self._preset}
        problems = [line for line in contract.problems(self._preset) if line not in missing]
        if problems:
            raise InvalidInputError(f"The tool's own parameters do not fit {self.model}: {'; '.join(problems)}.")


def read_arguments(shape: type[_Arguments], said: Mapping[str, Any]) -> _Arguments:
    """What the agent's model said, by a class. A null means that it is left out.

    Raises:
        InvalidInputError: if it does not fit. Nothing was sent.
    """
    _require_json(said)
    try:
        return shape.model_validate({name: value for name, value in said.items() if value is not None})
    except ValidationError as error:
        raise InvalidInputError(f"Wrong arguments: {_shortened(error)}. Nothing was sent.") from None


def _require_json(said: Mapping[str, Any]) -> None:
    if INVALID_ARGUMENTS in said:
        text = str(said[INVALID_ARGUMENTS])[:200]
        raise InvalidInputError(f"The arguments are not JSON: {text!r}. Nothing was sent.")


def _free(said: Mapping[str, Any]) -> dict[str, Any]:
    given = read_arguments(GenerationInput, said).model_dump(exclude_unset=True)
    return {**(given.pop("parameters", None) or {}), **given}


def _shortened(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in problems[:5])


def _takes_null(schema: Any) -> bool:
    """Whether a parameter may be null; one that is not known may, so that its name is told to be wrong."""
    if not isinstance(schema, Mapping):
        return True
    branches = (*(schema.get("anyOf") or ()), *(schema.get("oneOf") or ()))
    if any(_takes_null(branch) for branch in branches):
        return True
    kinds = schema.get("type")
    return None in (schema.get("enum") or ()) or kinds == "null" or (isinstance(kinds, list) and "null" in kinds)
