"""The arguments of a tool that generates: what the agent's model is told of them, and how they are checked.

With a contract (of the service's catalogue, of a file, or a pydantic class of the user's) each of the model's
parameters is an argument of the tool, described and bounded; without one there are `prompt` and free `parameters`. They
are checked before anything is sent, and what is wrong is told in a line each, so that the agent's model can correct
itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from langchain_core.tools import ToolException
from langchain_core.tools.base import ArgsSchema
from pydantic import BaseModel, Field, SecretStr
from seacloud_client.contracts import AnyContract, Catalogue, Contract, as_contract
from seacloud_client.errors import InvalidInputError, NotFoundError
from seacloud_client.strict_schemas import without_added_nulls

RESERVED = frozenset(("self", "args", "kwargs", "config", "run_manager", "callbacks"))
"""Names that LangChain itself gives to a tool's call; a parameter of such a name gets a `_` behind it."""

_ADVICE = "Returns where the result is. Each call costs money: call once for each result wanted."


class GenerationInput(BaseModel):
    """What a model says to have something generated."""

    prompt: str = Field(description="What to generate, in words: the subject, the style, the mood, the light.")
    parameters: dict[str, Any] | None = Field(
        default=None, description="Further parameters of the model by their names, such as aspect_ratio. Mostly none."
    )


class ToolArguments:
    """A tool's arguments.

    Args:
        model: the id of the model that generates.
        contract: what parameters it takes; by default that is not known.
        preset: parameters for every call. What the agent's model says wins.

    Attributes:
        schema: what the tool's `args_schema` is to be.
        contract: the contract, where there is one.

    Raises:
        InvalidInputError: if the contract is another model's, or `preset` does not fit it.
        ConfigurationError: if the contract is none.
    """

    schema: ArgsSchema

    def __init__(
        self, model: str, contract: AnyContract | None = None, preset: Mapping[str, Any] | None = None
    ) -> None:
        self.model = model
        self.contract: Contract | None = None if contract is None else as_contract(contract, model)
        self._preset = dict(preset or {})
        self._own_names: dict[str, str] = {}
        if self.contract is None:
            self.schema = GenerationInput
            return
        self._check_preset(self.contract)
        self._whole = self.contract.json_schema()
        self.schema = self._shown()

    def check(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters to send for what the agent's model said.

        A null for what has no null means that it is left out: that is how models say it that must name everything.

        Raises:
            ToolException: if they do not fit, with a line for each problem. Nothing was sent.
        """
        if self.contract is None:
            return self._free(said)
        given = {self._own_names.get(name, name): value for name, value in said.items()}
        given = without_added_nulls(given, self._whole)
        properties = self._whole["properties"]
        merged = {
            **self._preset,
            **{name: value for name, value in given.items() if value is not None or _takes_null(properties.get(name))},
        }
        problems = self.contract.problems(merged)
        if problems:
            raise ToolException(self._told(*problems))
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

    def _free(self, said: Mapping[str, Any]) -> dict[str, Any]:
        said = {name: value for name, value in said.items() if value is not None}
        parameters = said.pop("parameters", {})
        if not isinstance(parameters, Mapping):
            raise ToolException(self._told("parameters: must be an object of the model's parameters by their names"))
        return {**self._preset, **parameters, **said}

    def _told(self, *problems: str) -> str:
        lines = "\n".join(problems)
        return f"{self.model} was not called, and nothing was charged. Correct this and call again:\n{lines}"

    def _check_preset(self, contract: Contract) -> None:
        missing = {f"{name}: is required" for name in contract.names if name not in self._preset}
        problems = [line for line in contract.problems(self._preset) if line not in missing]
        if problems:
            raise InvalidInputError(f"The tool's own parameters do not fit {self.model}: {'; '.join(problems)}.")

    def _shown(self) -> dict[str, Any]:
        """The contract's schema, with LangChain's own names left to LangChain, and what is preset as a default."""
        shown: dict[str, Any] = {}
        for name, schema in self._whole["properties"].items():
            free = name
            while free in RESERVED or (free != name and free in self._whole["properties"]):
                free += "_"
            if free != name:
                self._own_names[free] = name
            shown[free] = {**schema, "default": self._preset[name]} if name in self._preset else schema
        new_names = {name: free for free, name in self._own_names.items()}
        required = [new_names.get(name, name) for name in self._whole.get("required", ()) if name not in self._preset]
        rest = {word: value for word, value in self._whole.items() if word not in {"properties", "required"}}
        return {
            "title": "Parameters",
            **rest,
            "type": "object",
            "properties": shown,
            **({"required": required} if required else {}),
        }


def _takes_null(schema: Any) -> bool:
    """Whether a parameter may be null; one that is not known may, so that its name is told to be wrong."""
    if not isinstance(schema, Mapping):
        return True
    return None in schema["enum"] if "enum" in schema else "null" in schema.get("type", ("null",))


def contracts_of(
    models: Sequence[str],
    *,
    given: Mapping[str, AnyContract] | None = None,
    contracts_url: str | None = None,
    api_key: SecretStr | str | None = None,
) -> dict[str, AnyContract]:
    """The contracts of several models: those that are given, and else the catalogue's, if its address is given.

    A model that the catalogue has no contract for is left out.

    Raises:
        SeaCloudError: if the catalogue cannot be asked.
    """
    known, asked = _known(models, given)
    if contracts_url is None or not asked:
        return known
    catalogue = Catalogue(contracts_url=contracts_url, api_key=api_key)
    for model in asked:
        with suppress(NotFoundError):
            known[model] = catalogue.contract(model)
    return known


async def acontracts_of(
    models: Sequence[str],
    *,
    given: Mapping[str, AnyContract] | None = None,
    contracts_url: str | None = None,
    api_key: SecretStr | str | None = None,
) -> dict[str, AnyContract]:
    """`contracts_of`, async."""
    known, asked = _known(models, given)
    if contracts_url is None or not asked:
        return known
    catalogue = Catalogue(contracts_url=contracts_url, api_key=api_key)
    for model in asked:
        with suppress(NotFoundError):
            known[model] = await catalogue.acontract(model)
    return known


def _known(models: Sequence[str], given: Mapping[str, AnyContract] | None) -> tuple[dict[str, AnyContract], list[str]]:
    """The contracts that are given, and the models that the catalogue is to be asked about."""
    known = {model: given[model] for model in models if given and model in given}
    return known, [model for model in models if model not in known]


_MADE = {"image": "a picture", "video": "a film", "audio": "a sound"}
