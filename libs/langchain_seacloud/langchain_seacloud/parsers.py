"""Reading structured output: langchain-core's parsers, which also stream, with what they lack.

They raise if the model refused, called no tool, called it with what does not parse, or was cut, instead of giving
nothing, or what came with its end made up; a stream that ends like that raises too. They give `None` for a reply that
calls another tool of the caller's in place of its answer. And they take out the nulls that the strict form of a schema
brings in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from langchain_core.exceptions import OutputParserException
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.output_parsers import BaseOutputParser, JsonOutputParser, PydanticOutputParser
from langchain_core.output_parsers.openai_tools import JsonOutputKeyToolsParser
from langchain_core.outputs import ChatGeneration, Generation
from langchain_core.utils.json import parse_json_markdown
from pydantic import BaseModel, Field
from seacloud_client.conversation import Finish
from seacloud_client.protocols.finishes import finish_of
from seacloud_client.strict_schemas import without_added_nulls

from langchain_seacloud.errors import OutputRefusedError
from langchain_seacloud.schemas import is_pydantic, json_schema_of

if TYPE_CHECKING:
    from langchain_core.utils.pydantic import TBaseModel  # noqa: F401  # pydantic's mypy plugin looks for it here

_DECODER = json.JSONDecoder(strict=False)  # as langchain-core's, which takes a raw line break in a string


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
        partial = _is_partial(result, partial=partial)
        if not partial and _calls_instead(result):
            return None
        return without_added_nulls(super().parse_result(result, partial=partial), self.json_schema)


class _PydanticText(PydanticOutputParser[Any]):
    json_schema: dict[str, Any] = Field(default_factory=dict)

    def parse_result(self, result: list[Generation], *, partial: bool = False) -> Any:
        partial = _is_partial(result, partial=partial)
        if not partial and _calls_instead(result):
            return None
        return super().parse_result(result, partial=partial)

    def _parse_obj(self, obj: Any) -> Any:
        return super()._parse_obj(without_added_nulls(obj, self.json_schema))


class _JsonCall(JsonOutputKeyToolsParser):
    json_schema: dict[str, Any] = Field(default_factory=dict)

    def parse_result(self, result: list[Generation], *, partial: bool = False) -> Any:
        partial = _is_partial(result, partial=partial)
        _raise_if_not_called(result, self.key_name, partial=partial)
        return without_added_nulls(super().parse_result(result, partial=partial), self.json_schema)


class _PydanticCall(_JsonCall):
    """Not langchain-core's `PydanticToolsParser`: that finds the class by its name, which may be none for a wire."""

    pydantic_object: Any

    def parse_result(self, result: list[Generation], *, partial: bool = False) -> Any:
        arguments = super().parse_result(result, partial=partial)
        if arguments is None:
            return None
        cls = self.pydantic_object
        try:
            return cls.model_validate(arguments) if issubclass(cls, BaseModel) else cls.parse_obj(arguments)
        except ValueError:  # pydantic's, of both versions
            if _is_partial(result, partial=partial):
                return None
            raise


def _is_partial(result: list[Generation], *, partial: bool) -> bool:
    """Whether there is more to come.

    Raises:
        OutputRefusedError: if the answer is whole, and the model refused.
        OutputParserException: if it met its limit.
    """
    message = _whole_message(result, partial=partial)
    if message is None:
        return partial
    _raise_refusal(message)
    _raise_if_cut(message)
    return False


def _whole_message(result: list[Generation], *, partial: bool) -> AIMessage | None:
    """The message, if it is whole: while it is streamed, its end tells."""
    generation = result[0]
    message = generation.message if isinstance(generation, ChatGeneration) else None
    if not isinstance(message, AIMessage):
        return None
    is_whole = not partial or not isinstance(message, AIMessageChunk) or message.chunk_position == "last"
    return message if is_whole else None


def _ended(message: AIMessage) -> str:
    """Why it ended: the finish reason, or what Responses says beside it, which is then a bare `incomplete`."""
    facts = message.response_metadata
    details = facts.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, Mapping) else None
    return str(reason or facts.get("finish_reason") or "")


def _raise_refusal(message: AIMessage) -> None:
    refusal, ended = message.additional_kwargs.get("refusal"), _ended(message)
    if refusal is None and finish_of(ended) not in (Finish.REFUSAL, Finish.CONTENT_FILTER):
        return
    said = refusal or message.text or f"it ended with {ended!r}"
    raise OutputRefusedError(
        f"The model declined to give the structured output: {said} Change the prompt, or ask another model.",
        request_id=message.response_metadata.get("request_id"),
        body=refusal or str(message.text),
    )


def _raise_if_cut(message: AIMessage) -> None:
    """Even if it parses: a provider that gives a call's arguments as an object has left out what was cut."""
    ended = _ended(message)
    if finish_of(ended) is not Finish.LENGTH and ended != "incomplete":  # Responses' own, if it says no more than that
        return
    calls = message.invalid_tool_calls
    said = (calls[0]["args"] if calls else None) or str(message.text)
    raise OutputParserException(
        f"The answer met its limit before it was whole (it ended with {ended!r}): raise max_tokens. It is {said!r}.",
        llm_output=said,
    )


def _calls_instead(result: list[Generation]) -> bool:
    """Whether the model has called one of the caller's tools, which comes before the answer, if there is one at all.

    Raises:
        OutputParserException: if it has not, and the text is no whole JSON. langchain-core completes what breaks off:
            `{"text": "half` becomes whole data with half the text.
    """
    said = result[0].text
    try:
        parse_json_markdown(said, parser=_DECODER.raw_decode)
    except ValueError as error:
        message = _whole_message(result, partial=False)
        if message is not None and message.tool_calls:
            return True
        raise OutputParserException(
            f"The answer is no whole JSON ({error}). If it broke off, raise max_tokens. It is {said!r}.",
            llm_output=said,
        ) from error
    return False


def _raise_if_not_called(result: list[Generation], name: str, *, partial: bool) -> None:
    message = _whole_message(result, partial=partial)
    if message is None or any(call["name"] == name for call in message.tool_calls):
        return
    if not message.invalid_tool_calls:
        said = str(message.text)
        ended = _ended(message)
        if finish_of(ended) is Finish.ERROR:
            raise OutputParserException(
                f"The provider failed to give the structured output (it ended with {ended!r}): ask again.",
                llm_output=said,
            )
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
