"""The arguments of a tool that generates, as LangChain's: what its `args_schema` is, and how it is told of mistakes.

What they are and how they are checked is `seacloud_client.media_tools.arguments`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from langchain_core.tools import ToolException
from langchain_core.tools.base import ArgsSchema
from pydantic import SecretStr
from seacloud_client.contracts import AnyContract, Catalogue
from seacloud_client.errors import NotFoundError
from seacloud_client.media_tools import arguments
from seacloud_client.media_tools.arguments import GenerationInput, WrongArguments
from seacloud_client.media_tools.steps import Flow, Step, aplay, play

from langchain_seacloud.tool_texts import correction

__all__ = ["GenerationInput", "ToolArguments", "acontracts_of", "contracts_of"]

RESERVED = frozenset(("self", "args", "kwargs", "config", "run_manager", "callbacks"))
"""Names that LangChain itself gives to a tool's call."""


class ToolArguments(arguments.ToolArguments):
    """A tool's arguments.

    Args:
        model: the id of the model that generates.
        contract: what parameters it takes; by default that is not known.
        preset: parameters for every call. What the agent's model says wins.

    Attributes:
        schema: what the tool's `args_schema` is to be.

    Raises:
        InvalidInputError: if the contract is another model's, or `preset` does not fit it.
        ConfigurationError: if the contract is none.
    """

    schema: ArgsSchema

    def __init__(
        self, model: str, contract: AnyContract | None = None, preset: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(model, contract, preset, reserved=RESERVED)
        self.schema = GenerationInput if self.contract is None else self.shown()

    def check(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters to send for what the agent's model said.

        Raises:
            ToolException: if they do not fit, with a line for each problem. Nothing was sent.
        """
        try:
            return super().check(said)
        except WrongArguments as error:
            raise ToolException(correction(f"{self.model} was not called", *error.problems)) from None


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
    return play(_contracts(models, given, contracts_url, api_key))


async def acontracts_of(
    models: Sequence[str],
    *,
    given: Mapping[str, AnyContract] | None = None,
    contracts_url: str | None = None,
    api_key: SecretStr | str | None = None,
) -> dict[str, AnyContract]:
    """`contracts_of`, async."""
    return await aplay(_contracts(models, given, contracts_url, api_key))


def _contracts(
    models: Sequence[str],
    given: Mapping[str, AnyContract] | None,
    contracts_url: str | None,
    api_key: SecretStr | str | None,
) -> Flow[dict[str, AnyContract]]:
    known = {model: given[model] for model in models if given and model in given}
    asked = [model for model in models if model not in known]
    if contracts_url is None or not asked:
        return known
    catalogue = Catalogue(contracts_url=contracts_url, api_key=api_key)
    for model in asked:
        with suppress(NotFoundError):
            known[model] = yield Step(partial(catalogue.contract, model), partial(catalogue.acontract, model))
    return known
