"""Structured output: binding a schema to a model, and reading the answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from functools import partial
from typing import Any, Literal, TypeAlias

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage
from langchain_core.output_parsers import BaseOutputParser
from langchain_core.outputs import ChatGeneration
from langchain_core.runnables import AddableDict, Runnable, RunnableConfig, RunnableGenerator, RunnableMap
from langchain_core.utils.function_calling import convert_to_json_schema
from seacloud_client.names import wire_name
from seacloud_client.strict_schemas import strict_form

from langchain_seacloud.binding import output_json, tool_json
from langchain_seacloud.parsers import call_parser, text_parser
from langchain_seacloud.schemas import is_json_schema, json_schema_of, refuse_no_object, rooted

Method: TypeAlias = Literal["function_calling", "json_schema", "json_mode"]
METHODS = ("function_calling", "json_schema", "json_mode")
Schema: TypeAlias = Mapping[str, Any] | type

_UNNAMED = "answer"
"""The title of a JSON schema that has none: langchain-core and the providers want one."""

_OTHERWISE = "; or pass method='json_schema', where the provider takes any form by it (OpenAI's models want an object)"


def unwrapped(schema: Schema | None) -> tuple[Schema | None, bool | None]:
    """A schema as a JSON schema with a title, where it has a form of OpenAI's; and whether it says to be strict.

    That is `response_format`, of Chat Completions or of Responses, or what is in it: `name`, `schema`, `strict`.
    """
    facts = schema.get("json_schema", schema) if isinstance(schema, Mapping) else None
    if not isinstance(facts, Mapping) or not isinstance(facts.get("schema"), Mapping):
        return schema, None
    said = {"title": facts.get("name"), "description": facts.get("description")}
    return {**facts["schema"], **{name: value for name, value in said.items() if value}}, facts.get("strict")


def named(schema: Schema | None, method: Method | None) -> Schema:
    """The schema, with a title if it is a JSON schema without a name. Only `json_mode` goes without a schema.

    Raises:
        ValueError: if there is none, and the method needs one.
        InvalidInputError: if the schema's root refers to what is not there.
    """
    if schema is None:
        if method != "json_mode":
            raise ValueError("schema is None, which only method='json_mode' takes: pass the form of the answer.")
        return {"title": _UNNAMED, "type": "object"}
    if isinstance(schema, Mapping) and is_json_schema(schema) and not schema.get("title"):
        root = rooted(schema)  # which may bring a title
        return {**root, "title": root.get("title") or _UNNAMED}
    return schema


def choose_method(schema: Schema, *, is_native: bool | None, strict: bool | None) -> Method:
    """The best way to structured output that a model and a schema allow.

    The provider's own is the best: the answer cannot miss the form, and it does not forbid the model to think. It takes
    a model that is known to have it, and a schema that can be said in its strict form; else the model calls a tool.
    """
    if not is_native or strict is False:
        return "function_calling"
    try:
        strict_form(json_schema_of(schema))
    except ValueError:
        return "function_calling"
    return "json_schema"


def structured(
    bind_tools: Callable[..., Runnable[LanguageModelInput, AIMessage]],
    bind: Callable[..., Runnable[LanguageModelInput, AIMessage]],
    schema: Schema,
    *,
    method: Method,
    include_raw: bool,
    strict: bool | None,
    kwargs: Mapping[str, Any],
) -> Runnable[LanguageModelInput, Any]:
    """A model that answers with data of a given form (see `ChatSeaCloud.with_structured_output`)."""
    described = json_schema_of(schema)
    shown = (
        described if isinstance(schema, Mapping) else convert_to_json_schema(schema)
    )  # which is LangChain's contract
    traced = {"ls_structured_output_format": {"kwargs": {"method": method, "strict": strict}, "schema": shown}}
    others, kwargs = kwargs.get("tools") or (), {name: kwargs[name] for name in kwargs if name != "tools"}
    parser: BaseOutputParser[Any]
    if method == "function_calling":
        refuse_no_object(described.get("title") or _UNNAMED, described, "a tool's input", _OTHERWISE)
        tool = tool_json(schema, strict=strict)
        name = wire_name(tool["function"]["name"])  # a generic class's own is like Page[Item]
        tool = {**tool, "function": {**tool["function"], "name": name}}
        settings = {"tool_choice": name, "parallel_tool_calls": False, **traced, **kwargs}
        model = bind_tools([*others, tool], strict=strict, **settings)
        parser = call_parser(schema, name)
    else:
        form = {"type": "json_object"} if method == "json_mode" else output_json(schema, strict=strict)
        settings = {"response_format": form, **traced, **kwargs}
        model = bind_tools(others, strict=strict, **settings) if others else bind(**settings)
        parser = text_parser(schema)
    if not include_raw:
        return model | parser
    return RunnableMap(raw=model) | RunnableGenerator(partial(_tell, parser), partial(_atell, parser), name="parse")


Answers: TypeAlias = "dict[str, Any]"
_Parser: TypeAlias = "BaseOutputParser[Any]"


def _tell(parser: _Parser, answers: Iterator[Answers], config: RunnableConfig) -> Iterator[Answers]:
    """The message as it comes, and what can be read of it so far; at its end what it is, or what is wrong.

    langchain-core's way, a fallback, knows of errors no more when a part of a stream has been told.
    """
    reading = _Reading(parser)
    for answer in answers:
        yield from reading.add(answer)
    yield reading.result(config)


async def _atell(parser: _Parser, answers: AsyncIterator[Answers], config: RunnableConfig) -> AsyncIterator[Answers]:
    """`_tell`, async."""
    reading = _Reading(parser)
    async for answer in answers:
        for step in reading.add(answer):
            yield step
    yield reading.result(config)


class _Reading:
    """What a parser reads of a message."""

    def __init__(self, parser: _Parser) -> None:
        self._parser = parser
        self._raw: Any = None
        self._parsed: Any = None

    def add(self, answer: Answers) -> Iterator[Answers]:
        """More of the message, and what it says so far if that is news."""
        yield AddableDict(answer)
        is_first = self._raw is None
        self._raw = answer["raw"] if is_first else self._raw + answer["raw"]
        if is_first or self._raw.chunk_position == "last":
            return
        parsed = self._parser.parse_result([ChatGeneration(message=self._raw)], partial=True)
        if parsed is not None and parsed != self._parsed:
            self._parsed = parsed
            yield AddableDict(parsed=parsed)

    def result(self, config: RunnableConfig) -> Answers:
        """What the whole message says, or the error."""
        try:
            return AddableDict(parsed=self._parser.invoke(self._raw, config), parsing_error=None)
        except Exception as error:  # noqa: BLE001  # it is handed over: a schema's own validators may raise anything
            return AddableDict(parsed=None, parsing_error=error)
