"""Reading structured output: langchain-core's parsers, which also stream, with what they lack.

They raise if the model refused, called no tool, or called it with what does not parse, instead of giving nothing; and
they take out the nulls that the strict form of a schema brings in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from langchain_core.exceptions import OutputParserException
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.output_parsers import BaseOutputParser, JsonOutputParser, PydanticOutputParser
from langchain_core.output_parsers.openai_tools import JsonOutputKeyToolsParser
from langchain_core.outputs import ChatGeneration, Generation
from pydantic import Field
from seacloud_client.strict_schemas import without_added_nulls

from langchain_seacloud.binding import is_pydantic, json_schema_of
from langchain_seacloud.errors import OutputRefusedError

if TYPE_CHECKING:
    from langchain_core.utils.pydantic import TBaseModel  # noqa: F401  # pydantic's mypy plugin looks for it here

_REFUSED = frozenset(("refusal", "content_filter"))
"""Finish reasons that say that there is no answer."""


def text_parser(schema: Mapping[str, Any] | type) -> BaseOutputParser[Any]:
    """Reads an answer whose text is JSON."""
    if is_pydantic(schema):
        return _PydanticText(pydantic_object=schema, json_schema=json_schema_of(schema))
    return _JsonText(json_schema=json_schema_of(schema))


def call_parser(schema: Mapping[str, Any] | type, name: str) -> BaseOutputParser[Any]:
    """Reads an answer that is the call of a tool of that name."""
    described = json_schema_of(schema)
    if is_pydantic(schema):
        return _PydanticCall(key_name=name, first_tool_only=True, json_schema=described, pydantic_object=schema)
    return _JsonCall(key_name=name, first_tool_only=True, json_schema=described)


class _JsonText(JsonOutputParser):
    json_schema: dict[str, Any] = Field(default_factory=dict)

    def parse_result(self, result: list[Generation], *, partial: bool = False) -> Any:
        _raise_refusal(result, partial=partial)
        return without_added_nulls(super().parse_result(result, partial=partial), self.json_schema)


class _PydanticText(PydanticOutputParser[Any]):
    json_schema: dict[str, Any] = Field(default_factory=dict)

    def parse_result(self, result: list[Generation], *, partial: bool = False) -> Any:
        _raise_refusal(result, partial=partial)
        return super().parse_result(result, partial=partial)

    def _parse_obj(self, obj: Any) -> Any:
        return super()._parse_obj(without_added_nulls(obj, self.json_schema))


class _JsonCall(JsonOutputKeyToolsParser):
    json_schema: dict[str, Any] = Field(default_factory=dict)

    def parse_result(self, result: list[Generation], *, partial: bool = False) -> Any:
        _raise_refusal(result, partial=partial)
        _raise_if_not_called(result, self.key_name, partial=partial)
        return without_added_nulls(super().parse_result(result, partial=partial), self.json_schema)


class _PydanticCall(_JsonCall):
    """Not langchain-core's `PydanticToolsParser`: that finds the class by its name, which may be none for a wire."""

    pydantic_object: Any

    def parse_result(self, result: list[Generation], *, partial: bool = False) -> Any:
        arguments = super().parse_result(result, partial=partial)
        if arguments is None:
            return None
        try:
            return self.pydantic_object(**arguments)
        except ValueError:  # pydantic's, of both versions
            if partial:
                return None
            raise


def _whole_message(result: list[Generation], *, partial: bool) -> AIMessage | None:
    """The message, if it is whole: while it is streamed, its end tells."""
    generation = result[0]
    message = generation.message if isinstance(generation, ChatGeneration) else None
    if not isinstance(message, AIMessage):
        return None
    is_whole = not partial or not isinstance(message, AIMessageChunk) or message.chunk_position == "last"
    return message if is_whole else None


def _raise_refusal(result: list[Generation], *, partial: bool) -> None:
    message = _whole_message(result, partial=partial)
    if message is None:
        return
    refusal = message.additional_kwargs.get("refusal")
    facts = message.response_metadata
    if refusal is None and facts.get("finish_reason") not in _REFUSED:
        return
    said = refusal or message.text or f"it ended with {facts['finish_reason']!r}"
    raise OutputRefusedError(
        f"The model declined to give the structured output: {said} Change the prompt, or ask another model.",
        request_id=facts.get("request_id"),
        body=refusal or str(message.text),
    )


def _raise_if_not_called(result: list[Generation], name: str, *, partial: bool) -> None:
    message = _whole_message(result, partial=partial)
    if message is None or any(call["name"] == name for call in message.tool_calls):
        return
    if not message.invalid_tool_calls:
        said = str(message.text)
        raise OutputParserException(
            f"The model did not call the tool {name!r}, whose input is the answer's form, but said {said[:200]!r}. Ask "
            "with method='json_schema', where the model has it, or tell it in the prompt to call the tool.",
            llm_output=said,
        )
    arguments = message.invalid_tool_calls[0]["args"] or ""
    finish = message.response_metadata.get("finish_reason")
    raise OutputParserException(
        f"The model's tool call does not parse (finish_reason {finish!r}; if it met the limit, raise max_tokens): "
        f"{arguments}",
        llm_output=arguments,
    )
