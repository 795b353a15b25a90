"""Structured prediction: objects of a pydantic class, whole or growing.

Two ways lead there. The provider's own structured output holds the model to the class's JSON schema; where the facts
of the model do not promise that, the model must call a tool of that form. LlamaIndex's own program does the second,
but its async form drops the LLM's system prompt and its streams force no call, so both are done here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, Generic, TypeVar

from llama_index.core.base.llms.types import ChatResponse
from llama_index.core.program.function_program import get_function_tool
from llama_index.core.program.utils import FlexibleModel, create_flexible_model
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json, to_json
from seacloud_client.conversation import Finish
from seacloud_client.errors import InvalidInputError
from seacloud_client.names import wire_name
from seacloud_client.strict_schemas import root_inlined, strict_form, without_added_nulls

from llamaindex_seacloud.blocks import Json, given
from llamaindex_seacloud.calls import choice_json, read_calls, tool_json
from llamaindex_seacloud.replies import text_of

Model = TypeVar("Model", bound=BaseModel)

_NOT_THE_CALLERS = ("tools", "tool_choice", "tool_required", "allow_parallel_tool_calls", "response_format")
"""Parameters that say how the form is enforced; LlamaIndex's own programs leave out the caller's too."""


@dataclass(frozen=True)
class OutputForm(Generic[Model]):
    """A pydantic class as the form of an answer.

    Attributes:
        output_cls: the class.
        is_native: whether the provider holds the model to the schema; else a tool is to be called.
        strict: as for the LLM's tools; with `None` a native schema is strict if it can be.
    """

    output_cls: type[Model]
    is_native: bool
    strict: bool | None = None

    def kwargs(self, llm_kwargs: Mapping[str, Any] | None) -> Json:
        """The keyword arguments of the chat that is to have this form.

        Raises:
            InvalidInputError: if no answer can have it.
        """
        others = {name: value for name, value in (llm_kwargs or {}).items() if name not in _NOT_THE_CALLERS}
        if self.is_native:
            return {**others, "response_format": self.response_format}
        self._require_object()
        tool = tool_json(get_function_tool(self.output_cls), strict=self.strict)
        choice = choice_json(tool["function"]["name"])
        return {**others, "tools": [tool], "tool_choice": choice, "parallel_tool_calls": False}

    @cached_property
    def schema(self) -> Json:
        """The class's own JSON schema."""
        return self.output_cls.model_json_schema()

    @cached_property
    def closed_schema(self) -> Json | None:
        """The schema in the strict form; `None` if it has none, as that of an object with any fields has not."""
        try:
            return strict_form(self.schema)
        except ValueError:
            return None

    @cached_property
    def strict_schema(self) -> Json | None:
        """The schema in the strict form, if that is what is sent.

        Raises:
            InvalidInputError: if it is demanded and the schema cannot be strict.
        """
        if self.strict:
            try:
                return strict_form(self.schema)
            except ValueError as error:
                raise InvalidInputError(
                    f"{self.output_cls.__name__} cannot be strict: {error}. Leave strict out, or change the class. "
                    "Nothing was sent."
                ) from None
        return self.closed_schema if self.is_native and self.strict is None else None

    @property
    def response_format(self) -> Json:
        """The class as native output, in OpenAI's form.

        Raises:
            InvalidInputError: if no answer can have it.
        """
        self._require_object()
        return {"type": "json_schema", "json_schema": self._native()}

    def _require_object(self) -> None:
        """Refuses a class that is a list, say: native output and a tool's input are JSON objects."""
        kind = root_inlined(self.schema).get("type", "object")
        if kind != "object":
            raise InvalidInputError(
                f"{self.output_cls.__name__} is no JSON object but of the type {kind}, which a model cannot be held "
                "to: put it into a field of another class. Nothing was sent."
            )

    def _native(self) -> Json:
        named: Json = {"name": wire_name(self.output_cls.__name__)}
        if self.schema.get("description"):
            named["description"] = self.schema["description"]
        strict = self.strict_schema
        if strict is not None:
            return {**named, "schema": strict, "strict": True}
        return {**named, "schema": self.schema, **given(strict=self.strict)}

    def read(self, response: ChatResponse) -> Model:
        """The object that a whole response holds.

        Raises:
            ValueError: if there is none, or it is not what the class demands; the message says why.
        """
        data = self.data(response, partial=False)
        if data is None:
            raise ValueError(f"The model gave no {self.output_cls.__name__}{_why(response)}.")
        try:
            return read_json(self.output_cls, data)
        except ValidationError as error:
            raise ValueError(f"The model's answer is no {self.output_cls.__name__}{_why(response)}: {error}") from error

    def data(self, response: ChatResponse, *, partial: bool) -> Any:
        """What the response says so far, as JSON's values; `None` where nothing can be read."""
        if not self.is_native:
            calls = read_calls(response)
            data: Any = calls[0][1] if calls else None
            if not data and _is_cut(response):
                data = None  # no argument was begun: where none is required, that would be an object too
        else:
            data = _parsed(text_of(response.message), partial=partial)
        # A strict schema has no other word for what is left out.
        return data if self.strict_schema is None else without_added_nulls(data, self.schema)


def read_json(output_cls: type[Model], data: Any) -> Model:
    """JSON's values as an object, by pydantic's rules for JSON: a strict class takes its dates as texts by those alone.

    Raises:
        ValidationError: if they are no such object.
    """
    return output_cls.model_validate_json(to_json(data))


def _parsed(text: str, *, partial: bool) -> Any:
    try:
        return from_json(text, allow_partial="trailing-strings" if partial else False)
    except ValueError:
        return None


def _is_cut(response: ChatResponse) -> bool:
    return bool(response.additional_kwargs.get("finish") == Finish.LENGTH.value)


def _why(response: ChatResponse) -> str:
    """What the response says of why it holds no object."""
    said = text_of(response.message)
    finish = response.additional_kwargs.get("finish")
    refusal = response.message.additional_kwargs.get("refusal") or (finish == Finish.REFUSAL.value and said)
    if refusal:
        return f": it declined ({str(refusal)[:200]!r})"
    if _is_cut(response):
        return ": the answer was cut at max_tokens, which should be larger"
    if finish == Finish.CONTENT_FILTER.value:
        return ": the provider's content filter stopped it" + (f" after {said[:200]!r}" if said else "")
    if finish == Finish.ERROR.value:
        return f": the provider failed (it ended with {response.additional_kwargs.get('finish_reason')!r}); ask again"
    for block, arguments in read_calls(response)[:1]:
        if arguments is None:
            return f": the arguments of its call are no JSON object: {str(block.tool_kwargs)[:200]!r}"
    return f" but said {said[:200]!r}" if said else ""


@lru_cache(maxsize=128)
def _lenient(output_cls: type[BaseModel]) -> type[FlexibleModel]:
    """The class with no field required. Making a class takes milliseconds."""
    return create_flexible_model(output_cls)


def _has_lost(data: Any, known: Any) -> bool:
    """Whether JSON's values lack a field or an element that was known, however deep."""
    if isinstance(known, dict) and isinstance(data, dict):
        return any(name not in data or _has_lost(data[name], value) for name, value in known.items())
    if isinstance(known, list) and isinstance(data, list):
        return len(data) < len(known) or any(map(_has_lost, data, known))
    return False


class Growing(Generic[Model]):
    """An object as it grows in a stream of responses."""

    def __init__(self, form: OutputForm[Model]) -> None:
        self._form = form
        self._flexible = _lenient(form.output_cls)
        self._last: ChatResponse | None = None
        self._known: Json = {}
        self._told: Model | FlexibleModel | None = None

    def add(self, response: ChatResponse) -> Model | FlexibleModel | None:
        """The object so far: of the class itself once it satisfies it; `None` where nothing new can be told."""
        self._last = response
        data = self._form.data(response, partial=True)
        # Half a number (`12.`) is no number: where one was there and cannot be read now, that is no news.
        if not isinstance(data, dict) or data == self._known or _has_lost(data, self._known):
            return None
        self._known = data
        try:
            grown: Model | FlexibleModel = read_json(self._form.output_cls, data)
        except ValidationError:
            grown = self._flexible.model_validate(data)
        if grown == self._told:
            return None
        self._told = grown
        return grown

    def finish(self) -> Model:
        """The whole object, when the stream is at its end.

        Raises:
            ValueError: if it is not what the class demands.
        """
        if self._last is None:
            raise ValueError(f"The model gave no {self._form.output_cls.__name__}: the stream was empty.")
        return self._form.read(self._last)
