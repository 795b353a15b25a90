"""The arguments of a tool that generates, as LlamaIndex's: what its metadata says of them, and how they are checked.

What they are is `seacloud_client.media_tools.arguments`. LlamaIndex hands a tool's arguments on unchecked, so they are
checked here, before anything is sent or paid, and what is wrong is told so shortly that the agent's model can correct
itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from llama_index.core.tools import ToolMetadata
from pydantic import BaseModel, ValidationError
from seacloud_client.contracts import AnyContract
from seacloud_client.errors import InvalidInputError
from seacloud_client.media_tools import arguments
from seacloud_client.media_tools.arguments import GenerationInput

from llamaindex_seacloud.calls import INVALID_ARGUMENTS

RESERVED = frozenset(("self", "workflow_context"))
"""Names that LlamaIndex, and the functions of its tools, give to a tool's call."""

_KEPT = ("type", "properties", "required", "definitions", "$defs")
"""What LlamaIndex shows of a tool's schema."""

_Arguments = TypeVar("_Arguments", bound=BaseModel)


@dataclass
class GenerationMetadata(ToolMetadata):
    """A tool's metadata, with its parameters as JSON schema rather than as a pydantic class."""

    parameters: dict[str, Any] = field(default_factory=dict)

    def get_parameters_dict(self) -> dict[str, Any]:
        """The parameters that the agent's model is shown."""
        return self.parameters


class ToolArguments(arguments.ToolArguments):
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
        super().__init__(model, contract, preset, reserved=RESERVED)

    def metadata(self, name: str, note: str = "") -> ToolMetadata:
        """What the agent's model is told of the tool.

        Args:
            name: the tool's name.
            note: what there is to say of it besides.
        """
        description = f"{self.description()} {note}".rstrip()
        if self.contract is None:
            return ToolMetadata(description, name, GenerationInput)
        shown = self.shown()
        return GenerationMetadata(
            description,
            name,
            self.contract.parameters_model,
            parameters={word: shown[word] for word in _KEPT if word in shown},
        )

    def check(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters to send for what the agent's model said.

        Raises:
            InvalidInputError: if they do not fit. Nothing was sent.
        """
        _require_json(said)
        if self.contract is None:
            said = read_arguments(GenerationInput, said).model_dump(exclude_unset=True)
        return super().check(said)


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


def _shortened(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in problems[:5])
