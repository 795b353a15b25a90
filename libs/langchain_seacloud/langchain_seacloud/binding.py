"""Tools, tool choices and output forms, as LangChain's users write them, as JSON and in the conversation's terms.

What `bind_tools` binds is plain JSON (it is traced, cached and serialised), in OpenAI's form, which is LangChain's
own; built-in tools stay as they are. It is read into the conversation's terms when a request is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.tools import BaseTool
from seacloud_client.conversation import AnyTool, JsonOutput, OutputSchema, ToolChoice
from seacloud_client.errors import InvalidInputError
from seacloud_client.names import wire_name
from seacloud_client.openai_form import MODES, called_tool, choice_of, output_of, strict_parameters, tool_of
from seacloud_client.strict_schemas import strict_form

from langchain_seacloud.schemas import (
    Json,
    ToolLike,
    converted_tool,
    is_json_schema,
    json_schema_of,
    recursive_parameters,
    refuse_no_object,
    rooted,
)

_TOOL_EXTRAS = ("cache_control", "defer_loading", "input_examples", "allowed_callers", "eager_input_streaming")
"""What a tool's dict in Anthropic's form says besides its function."""


def tool_json(tool: ToolLike, *, strict: bool | None = None) -> Json:
    """A tool of any kind that LangChain accepts, as JSON. A `BaseTool`'s `extras` stand beside the function.

    Raises:
        InvalidInputError: if it is to be strict, and its parameters cannot be said in the strict form; or if it is a
            schema that is not that of an object.
    """
    if isinstance(tool, Mapping) and _is_native(tool):
        return dict(tool)
    if isinstance(tool, Mapping) and tool.get("type") == "function" and "function" not in tool:
        # the flat form of OpenAI's Responses
        function = {name: tool[name] for name in ("name", "description", "parameters", "strict") if name in tool}
        return tool_json({"type": "function", "function": function}, strict=strict)
    converted = converted_tool(tool)
    if converted.get("type") == "function":
        converted["function"] = _function(tool, dict(converted["function"]), strict)
    extras = tool.extras if isinstance(tool, BaseTool) else None
    if isinstance(tool, Mapping):
        extras = tool.get("extras") or {name: tool[name] for name in _TOOL_EXTRAS if tool.get(name) is not None}
    return {**converted, **({"extras": dict(extras)} if extras else {})}


def _function(tool: ToolLike, function: Json, strict: bool | None) -> Json:
    """langchain-core's description of a function, with recursive parameters, which it cuts, and in strict form."""
    parameters = recursive_parameters(tool) or function.get("parameters")
    if parameters is not None:
        function["parameters"] = rooted(parameters)
        if isinstance(tool, type):
            refuse_no_object(function["name"], function["parameters"], "a tool")
    if strict is not None:
        function["strict"] = strict
    if function.get("strict"):
        function["parameters"] = strict_parameters(function["name"], function.get("parameters"))
    return function


def _is_native(tool: Mapping[str, Any]) -> bool:
    """Whether a dict is a provider's built-in tool or a custom one: it has a type, and that is no function's."""
    return bool(tool.get("type")) and tool["type"] != "function" and "function" not in tool and not is_json_schema(tool)


def read_tool(tool: ToolLike) -> AnyTool:
    """A tool in the conversation's terms."""
    return tool_of(tool_json(tool))


def tool_choice_json(choice: Mapping[str, Any] | str | bool | None, tools: Sequence[Json]) -> Json | str | None:
    """A tool choice in OpenAI's form: a mode, or the name of a tool.

    Raises:
        InvalidInputError: if it names a tool that there is not.
    """
    if choice is None or choice is False:
        return None
    if choice is True:
        return "required"
    if isinstance(choice, str):
        return MODES.get(choice) or _named(choice, tools)
    kind = str(choice.get("type"))
    if kind in MODES:  # Anthropic's form
        return MODES[kind]
    if kind in ("function", "tool", "custom"):
        return _named(str(called_tool(choice)), tools)
    return dict(choice)


def parallel_calls_of(choice: Mapping[str, Any] | str | bool | None) -> bool | None:
    """What a tool choice in Anthropic's form says of several calls at once."""
    forbids = choice.get("disable_parallel_tool_use") if isinstance(choice, Mapping) else None
    return None if forbids is None else not forbids


def _named(name: str, tools: Sequence[Json]) -> Json | str:
    names = [found for tool in tools if (found := _name_of(tool)) is not None]
    if name in names:
        return {"type": "function", "function": {"name": name}}
    native = next((tool for tool in tools if tool.get("type") == name), None)
    if native is not None:
        return {"type": name}
    raise InvalidInputError(
        f"tool_choice is {name!r}, which is neither 'auto', 'none', 'any' nor the name of a tool: "
        f"{', '.join(map(repr, names)) or 'there are none'}. Nothing was sent."
    )


def _name_of(tool: Json) -> str | None:
    inner = tool.get(str(tool.get("type")))
    name = inner.get("name") if isinstance(inner, Mapping) else tool.get("name")
    return name if isinstance(name, str) else None


def read_tool_choice(choice: Json | str | bool | None, tools: Sequence[Json]) -> ToolChoice | None:
    """A tool choice in the conversation's terms."""
    return choice_of(tool_choice_json(choice, tools))


def output_json(output: Mapping[str, Any] | type, *, strict: bool | None = None) -> Json:
    """The form an answer must have, in OpenAI's form: from that, a JSON schema, a TypedDict or a pydantic class."""
    if isinstance(output, Mapping) and output.get("type") in ("json_schema", "json_object", "text"):
        described = dict(output)
        if described["type"] == "json_schema" and "json_schema" not in described:  # the flat form of Responses
            facts = {name: described[name] for name in ("name", "schema", "strict", "description") if name in described}
            described = {"type": "json_schema", "json_schema": facts}
        return _strict_output(_rooted_output(described), strict)
    schema = json_schema_of(output)
    facts = {"name": _output_name(output, schema), "schema": schema}
    if schema.get("description"):
        facts["description"] = schema["description"]
    described = {"type": "json_schema", "json_schema": facts}
    return _strict_output(described, strict) if strict is not None else _strict_if_possible(described)


def _rooted_output(described: Json) -> Json:
    facts = described.get("json_schema")
    if not isinstance(facts, Mapping) or not isinstance(facts.get("schema"), Mapping):
        return described
    return {**described, "json_schema": {**facts, "schema": rooted(facts["schema"])}}


def _strict_if_possible(described: Json) -> Json:
    try:
        return _strict_output(described, strict=True)
    except InvalidInputError:
        return described


def _output_name(output: Mapping[str, Any] | type, schema: Json) -> str:
    """A name that the providers take: letters, digits, `_` and `-`, 64 at most."""
    return wire_name(schema.get("title") or getattr(output, "__name__", None) or "answer")


def _strict_output(described: Json, strict: bool | None) -> Json:
    """The form with its schema in the strict form, where that is asked for, here or by itself.

    Raises:
        InvalidInputError: if its schema has no strict form.
    """
    facts = described.get("json_schema")
    if not isinstance(facts, Mapping) or not isinstance(facts.get("schema"), Mapping):
        return described
    wanted = facts.get("strict") if strict is None else strict
    if not wanted:
        return described if wanted is None else {**described, "json_schema": {**facts, "strict": False}}
    try:
        return {**described, "json_schema": {**facts, "schema": strict_form(facts["schema"]), "strict": True}}
    except ValueError as error:
        raise InvalidInputError(
            f"The schema {facts.get('name')!r} has no strict form: {error}. Pass strict=False, or "
            "method='function_calling', or change it. Nothing was sent."
        ) from None


def read_output(output: Mapping[str, Any] | type | None) -> OutputSchema | JsonOutput | None:
    """The form an answer must have, in the conversation's terms.

    Raises:
        InvalidInputError: if it is none that is known.
    """
    return None if output is None else output_of(output_json(output))
