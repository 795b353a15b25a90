"""The arguments of a tool that generates: what the agent's model is told of them, and how they are checked.

With a contract (of the service's catalogue, of a file, or a pydantic class of the user's) each of the model's
parameters is an argument of the tool, described and bounded; without one there are `prompt` and free `parameters`. They
are checked before anything is sent or paid, and what is wrong is told in a line each, so that the agent's model can
correct itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from seacloud_client.contracts import AnyContract, Contract, as_contract
from seacloud_client.errors import InvalidInputError
from seacloud_client.strict_schemas import allows_null, without_added_nulls

_ADVICE = "Returns where the result is. Each call costs money: call once for each result wanted."
_MADE = {"image": "a picture", "video": "a film", "audio": "a sound"}


class GenerationInput(BaseModel):
    """What an agent's model says to have something generated, where there is no contract."""

    model_config = ConfigDict(extra="allow")  # models put further parameters there, and without them it is paid alike

    prompt: str = Field(
        min_length=1, description="What to generate, in words: the subject, the style, the mood, the light."
    )
    parameters: dict[str, Any] | None = Field(
        default=None, description="Further parameters of the model by their names, such as aspect_ratio. Mostly none."
    )


class WrongArguments(InvalidInputError):
    """Arguments that do not fit. Nothing was sent.

    Attributes:
        problems: what is wrong, in a line each.
    """

    problems: tuple[str, ...] = ()


class ToolArguments:
    """A tool's arguments.

    Args:
        model: the id of the model that generates.
        contract: what parameters it takes; by default that is not known.
        preset: parameters for every call. What the agent's model says wins.
        reserved: names that the framework itself gives to a tool's call. A parameter of such a name is shown with a
            `_` behind it.

    Attributes:
        model: the id of the model that generates.
        contract: the contract, where there is one.

    Raises:
        InvalidInputError: if the contract is another model's, or `preset` does not fit it.
        ConfigurationError: if the contract is none.
    """

    def __init__(
        self,
        model: str,
        contract: AnyContract | None = None,
        preset: Mapping[str, Any] | None = None,
        *,
        reserved: AbstractSet[str] = frozenset(),
    ) -> None:
        self.model = model
        self.contract: Contract | None = None if contract is None else as_contract(contract, model)
        self._preset = dict(preset or {})
        self._whole = {} if self.contract is None else self.contract.json_schema()
        self._properties: Mapping[str, Any] = self._whole.get("properties", {})
        self._shown_names = _shown_names(self._properties, reserved)
        if self.contract is not None:
            self._check_preset(self.contract)

    def shown(self) -> dict[str, Any]:
        """The JSON Schema that the agent's model is shown: what is preset is a default, and not required."""
        if self.contract is None:
            return GenerationInput.model_json_schema()
        shown = {
            self._shown_names[name]: {**schema, "default": self._preset[name]} if name in self._preset else schema
            for name, schema in self._properties.items()
        }
        required = [self._shown_names[name] for name in self._whole.get("required", ()) if name not in self._preset]
        rest = {word: value for word, value in self._whole.items() if word not in {"properties", "required"}}
        return {
            "title": "Parameters",
            **rest,
            "type": "object",
            "properties": shown,
            **({"required": required} if required else {}),
        }

    def check(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters to send for what the agent's model said.

        A null for what has no null means that it is left out: that is how models say it that must name everything.

        Raises:
            WrongArguments: if they do not fit.
        """
        if self.contract is None:
            return self._free(said)
        own_names = {shown: name for name, shown in self._shown_names.items()}
        given = {own_names.get(name, name): value for name, value in said.items()}
        given = without_added_nulls(given, self._whole)
        merged = {**self._preset, **{name: value for name, value in given.items() if self._is_said(name, value)}}
        problems = self.contract.problems(merged)
        if problems:
            raise self._wrong(*problems)
        return self.contract.check(merged)

    def description(self) -> str:
        """What the agent's model is told of the tool."""
        if self.contract is None or self.contract.model_class is not None:
            return (
                f"Generates media (a picture, a film or a sound, as the model does) with SeaCloud's {self.model} from "
                f"a prompt. {_ADVICE}"
            )
        made = _MADE.get(self.contract.kind, self.contract.kind or "media")
        name = self.contract.display_name or self.model
        does = str(self._whole.get("description", "")).rstrip(".")
        return f"Generates {made} with SeaCloud's {name}{f': {does}' if does else ''}. {_ADVICE}"

    def _is_said(self, name: str, value: Any) -> bool:
        """Whether an argument says something; one that is not known does, so that its name is told to be wrong."""
        known = self._properties
        return value is not None or name not in known or allows_null(known[name], self._whole)

    def _free(self, said: Mapping[str, Any]) -> dict[str, Any]:
        said = {name: value for name, value in said.items() if value is not None}
        parameters = said.pop("parameters", {})
        if not isinstance(parameters, Mapping):
            raise self._wrong("parameters: must be an object of the model's parameters by their names")
        return {**self._preset, **parameters, **said}

    def _wrong(self, *problems: str) -> WrongArguments:
        lines = "\n".join(f"- {line}" for line in problems)
        error = WrongArguments(f"The parameters do not fit {self.model}:\n{lines}\nNothing was sent.")
        error.problems = problems
        return error

    def _check_preset(self, contract: Contract) -> None:
        missing = {f"{name}: is required" for name in contract.names if name not in self._preset}
        problems = [line for line in contract.problems(self._preset) if line not in missing]
        if problems:
            raise InvalidInputError(f"The tool's own parameters do not fit {self.model}: {'; '.join(problems)}.")


def _shown_names(parameters: Mapping[str, Any], reserved: AbstractSet[str]) -> dict[str, str]:
    """The name that each parameter is shown by."""
    names: dict[str, str] = {}
    for name in parameters:
        free = name
        while free in reserved or (free != name and free in parameters):
            free += "_"
        names[name] = free
    return names
