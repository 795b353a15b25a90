"""Structured output: binding a schema to a model, and reading the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import itemgetter
from typing import Any, Literal, TypeAlias

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable, RunnableMap, RunnablePassthrough
from langchain_core.utils.function_calling import convert_to_json_schema
from seacloud_client.names import wire_name
from seacloud_client.strict_schemas import strict_form

from langchain_seacloud.binding import json_schema_of, output_json, tool_json
from langchain_seacloud.parsers import call_parser, text_parser

Method: TypeAlias = Literal["function_calling", "json_schema", "json_mode"]
METHODS = ("function_calling", "json_schema", "json_mode")
Schema: TypeAlias = Mapping[str, Any] | type

_UNNAMED = "answer"
"""The title of a JSON schema that has none: langchain-core and the providers want one."""


def named(schema: Schema | None, method: Method | None) -> Schema:
    """The schema, with a title if it is a JSON schema without a name. Only `json_mode` goes without a schema.

    Raises:
        ValueError: if there is none, and the method needs one.
    """
    if schema is None:
        if method != "json_mode":
            raise ValueError("schema is None, which only method='json_mode' takes: pass the form of the answer.")
        return {"title": _UNNAMED, "type": "object"}
    if isinstance(schema, Mapping) and not any(schema.get(name) for name in ("title", "name", "function")):
        return {"title": _UNNAMED, **schema}
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
    traced = {
        "ls_structured_output_format": {
            "kwargs": {"method": method, "strict": strict},
            "schema": convert_to_json_schema(schema),  # type: ignore[arg-type]  # it reads any mapping and any class
        }
    }
    parser: Runnable[Any, Any]
    if method == "function_calling":
        tool = tool_json(schema, strict=strict)
        name = wire_name(tool["function"]["name"])  # a generic class's own is like Page[Item]
        tool = {**tool, "function": {**tool["function"], "name": name}}
        model = bind_tools([tool], tool_choice=name, strict=strict, parallel_tool_calls=False, **traced, **kwargs)
        parser = call_parser(schema, name)
    else:
        form = {"type": "json_object"} if method == "json_mode" else output_json(schema, strict=strict)
        model = bind(response_format=form, **traced, **kwargs)
        parser = text_parser(schema)
    if not include_raw:
        return model | parser
    parsed = RunnablePassthrough.assign(parsed=itemgetter("raw") | parser, parsing_error=lambda _: None)
    failed = RunnablePassthrough.assign(parsed=lambda _: None)
    return RunnableMap(raw=model) | parsed.with_fallbacks([failed], exception_key="parsing_error")
