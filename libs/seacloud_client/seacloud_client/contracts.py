"""Models' contracts: what parameters a model takes, known before a task is paid for.

    contract = Catalogue(contracts_url="https://...").contract("nano_banana_2")
    Queue().run("nano_banana_2", {"prompt": "a cat", "aspect_ratio": "2:1"}, contract=contract)
    # InvalidInputError: ... aspect_ratio: must be one of '1:1', '16:9', ...; got '2:1'. Nothing was sent.

The service's documentation promises neither contracts nor a catalogue: the vendor's own clients read them (C). So a
contract is always optional. It may also come from a file, or be a pydantic class of your own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json
from typing_extensions import Self

from seacloud_client.catalogue import Catalogue, CatalogueModel, alist_models, list_models
from seacloud_client.contract_problems import problems_of
from seacloud_client.contract_schemas import ContractParameters, read_schema
from seacloud_client.errors import ConfigurationError, InvalidInputError

__all__ = [
    "AnyContract",
    "Catalogue",
    "CatalogueModel",
    "Contract",
    "alist_models",
    "as_contract",
    "list_models",
]

MAX_BYTES = 4 * 1024 * 1024
"""The largest contract that is read, in bytes."""


@dataclass(frozen=True, kw_only=True)
class Contract:
    """What parameters a model takes. It can be pickled.

    Get it from `Catalogue.contract`, `Contract.from_file`, `Contract.from_json` or `Contract.from_model_class`.

    Attributes:
        model_id: the model; empty for a contract that does not say for which it is: then it does for any.
        input_schema: the parameters as JSON Schema, as the contract has it: keywords that we do not know included.
        display_name: what people call the model.
        kind: what it makes, such as `image`.
        protocol: how it is called: `queue`, `llm_chat_completions`, `llm_responses`.
        model_class: the pydantic class of your own that the contract was made from.
        raw: the whole contract.
    """

    model_id: str = ""
    input_schema: Mapping[str, Any] = field(hash=False)
    display_name: str = ""
    kind: str = ""
    protocol: str = "queue"
    model_class: type[BaseModel] | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, hash=False, repr=False, compare=False)

    @classmethod
    def from_json(cls, source: str | bytes | Mapping[str, Any], *, model_id: str | None = None) -> Self:
        """A contract from JSON: the contract itself, the service's answer around it, or its `input_schema` alone.

        Args:
            source: JSON as text, bytes (UTF-8), or read already.
            model_id: the model that it is for, where it does not say so itself.

        Raises:
            ConfigurationError: if it is none.
        """
        raw = source if isinstance(source, Mapping) else _parsed(source)
        if isinstance(raw.get("data"), Mapping):
            raw = raw["data"]
        schema = raw.get("input_schema", raw.get("inputSchema"))
        if schema is None and ("properties" in raw or raw.get("type") == "object"):
            raw, schema = {"input_schema": raw}, raw
        if not isinstance(schema, Mapping):
            raise ConfigurationError("A contract must be an object with an input_schema; this one has none.")
        contract = cls(
            model_id=_text(raw, "model_id", "modelId") or model_id or "",
            input_schema=schema,
            display_name=_text(raw, "display_name", "displayName", "name"),
            kind=_text(raw, "kind", "type"),
            protocol=_text(raw, "protocol") or "queue",
            raw=raw,
        )
        try:
            _ = contract.parameters_model
        except ValueError as error:
            raise ConfigurationError(f"The contract of {contract.model_id or 'the model'} is none: {error}.") from None
        return contract

    @classmethod
    def from_file(cls, path: str | Path, *, model_id: str | None = None) -> Self:
        """A contract from a JSON file. See `from_json`.

        Raises:
            ConfigurationError: if the file holds none, or cannot be read.
        """
        try:
            with Path(path).open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ConfigurationError(
                f"The contract cannot be read from {str(path)[:200]!r}: {reason}. Give the path of a JSON file, or the "
                "contract itself as json.loads reads it."
            ) from None
        try:
            return cls.from_json(content, model_id=model_id)
        except ConfigurationError as error:
            raise ConfigurationError(f"{path}: {error.message}") from None

    @classmethod
    def from_model_class(cls, model_class: type[BaseModel], *, model_id: str = "") -> Self:
        """A contract from a pydantic class of your own: its fields are the parameters (by their aliases).

        Its defaults are sent, since they are yours; of those that are `None`, nothing is.

        Raises:
            ConfigurationError: if it is no pydantic class, or its fields cannot be told as JSON Schema.
        """
        if not isinstance(model_class, type) or not issubclass(model_class, BaseModel):
            raise ConfigurationError(f"A contract can be made of a pydantic class; got {model_class!r}.")
        try:
            schema = model_class.model_json_schema()
        except Exception as error:
            raise ConfigurationError(f"{model_class.__name__} cannot be told as JSON Schema: {error}") from error
        return cls(model_id=model_id, input_schema=schema, display_name=model_class.__name__, model_class=model_class)

    @cached_property
    def parameters_model(self) -> type[BaseModel]:
        """The parameters as a pydantic model: made from the contract, or the class that it was made from."""
        return self._read[0] if self.model_class is None else self.model_class

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What of the contract is not checked, and why: a pattern that cannot be compiled, a keyword left alone, ..."""
        return self._read[1] if self.model_class is None else ()

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the parameters."""
        fields = self.parameters_model.model_fields.items()
        return tuple(name if info.alias is None else info.alias for name, info in fields)

    def json_schema(self) -> dict[str, Any]:
        """The parameters as JSON Schema for a tool: bounded in size, described, without what cannot be checked.

        A parameter that is required and has a default is not required here: the default is sent if it is left out.
        """
        return self.parameters_model.model_json_schema()

    def check(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments to send, if they fit.

        They are sent as they are given, but for two things. A parameter that the contract requires and has a default
        for gets it. A whole number is sent without a fraction (5.0 as 5) where the contract wants one. Other defaults
        are the service's own business, and are not sent.

        Raises:
            InvalidInputError: if they do not fit; it lists the problems, one a line. Nothing was sent.
        """
        try:
            return self._checked(arguments)
        except ValidationError as error:
            lines = "\n".join(f"- {line}" for line in problems_of(error, self.names))
            raise InvalidInputError(
                f"The parameters do not fit {self.model_id or 'the contract'}:\n{lines}\nNothing was sent."
            ) from None

    def problems(self, arguments: Mapping[str, Any]) -> tuple[str, ...]:
        """What is wrong with arguments, one line a problem; nothing for those that fit."""
        try:
            self._checked(arguments)
        except ValidationError as error:
            return problems_of(error, self.names)
        return ()

    def _checked(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        model = self.parameters_model
        is_ours = issubclass(model, ContractParameters)
        checked = model.model_validate({**self._filled_in, **arguments} if is_ours else dict(arguments))
        try:
            if is_ours:
                return checked.model_dump(by_alias=True, exclude_unset=True, warnings=False)
            return _dumped_whole(checked)
        except (ValueError, RecursionError) as error:
            raise InvalidInputError(f"The parameters cannot be written as JSON: {error}. Nothing was sent.") from None

    @cached_property
    def _filled_in(self) -> dict[str, Any]:
        """The defaults of the parameters that are required."""
        required = self.input_schema.get("required")
        required = required if isinstance(required, Sequence) else ()
        fields = {str(info.alias): info for info in self.parameters_model.model_fields.values()}
        return {name: info.default for name, info in fields.items() if name in required and not info.is_required()}

    @cached_property
    def _read(self) -> tuple[type[ContractParameters], tuple[str, ...]]:
        return read_schema(self.input_schema, f"{self.model_id} parameters")

    def __getstate__(self) -> dict[str, Any]:
        """What a pickle holds: what the contract says, not the model that is made of it."""
        return {name: self.__dict__[name] for name in self.__dataclass_fields__}


AnyContract: TypeAlias = Contract | type[BaseModel] | Mapping[str, Any] | str | Path
"""A contract, or what one can be made of: a pydantic class, a contract's JSON that was read, the path of a file."""


def as_contract(contract: AnyContract, model: str) -> Contract:
    """A contract for a model.

    Raises:
        ConfigurationError: if it is none.
        InvalidInputError: if it is another model's, or one of a model that does not make media.
    """
    if isinstance(contract, Mapping):
        contract = Contract.from_json(contract, model_id=model)
    elif isinstance(contract, (str, Path)):
        contract = Contract.from_file(contract, model_id=model)
    elif not isinstance(contract, Contract):
        contract = Contract.from_model_class(contract, model_id=model)
    if contract.model_id not in {"", model}:
        raise InvalidInputError(f"The contract is that of {contract.model_id}, not of {model}. Nothing was sent.")
    if contract.protocol != "queue":
        raise InvalidInputError(
            f"By its contract, {model} is called by {contract.protocol} and not through the media queue: use a chat "
            "model for it. Nothing was sent."
        )
    return contract


def _parsed(source: str | bytes) -> Mapping[str, Any]:
    if not isinstance(source, (str, bytes)):
        raise ConfigurationError(f"A contract must be a JSON object; got {type(source).__name__}.")
    if len(source) > MAX_BYTES:
        raise ConfigurationError(f"A contract may have {MAX_BYTES} bytes; this one has more.")
    try:
        parsed = from_json(source)
    except ValueError as error:
        raise ConfigurationError(f"A contract must be JSON: {error}.") from None
    if not isinstance(parsed, Mapping):
        raise ConfigurationError("A contract must be a JSON object.")
    return parsed


def _text(raw: Mapping[str, Any], *names: str) -> str:
    return next((value for name in names if isinstance(value := raw.get(name), str) and value), "")


def _dumped_whole(checked: BaseModel) -> dict[str, Any]:
    """What was given, and the class's own defaults but those that are `None`."""
    fields = type(checked).model_fields
    left_out = {name for name in fields.keys() - checked.model_fields_set if getattr(checked, name) is None}
    # Refuses NaN and infinity: the dump below would say null in their place.
    json.dumps(checked.model_dump(), allow_nan=False, skipkeys=True, default=str)
    return checked.model_dump(mode="json", by_alias=True, exclude=left_out)
