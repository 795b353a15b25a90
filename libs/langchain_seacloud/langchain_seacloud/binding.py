"""Tools, tool choices and output forms, as LangChain's users write them, as JSON and in the conversation's terms.

What `bind_tools` binds is plain JSON (it is traced, cached and serialised), in OpenAI's form, which is LangChain's
own; built-in tools stay as they are. It is read into the conversation's terms when a request is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_json_schema, convert_to_openai_tool
from pydantic import BaseModel
from seacloud_client.conversation import (
    AnyTool,
    CustomTool,
    JsonOutput,
    NativeTool,
    OutputSchema,
    Tool,
    ToolChoice,
)
from seacloud_client.errors import InvalidInputError

Json: TypeAlias = dict[str, Any]
ToolLike: TypeAlias = Mapping[str, Any] | type | Callable[..., Any] | BaseTool

_MODES = {"auto": "auto", "none": "none", "any": "required", "required": "required"}


def tool_json(tool: ToolLike, *, strict: bool | None = None) -> Json:
    """A tool of any kind that LangChain accepts, as JSON. A `BaseTool`'s `extras` stand beside the function."""
    if isinstance(tool, Mapping) and _is_native(tool):
        return dict(tool)
    if isinstance(tool, Mapping) and tool.get("type") == "function" and "function" not in tool:
        # the flat form of OpenAI's Responses
        function = {name: tool[name] for name in ("name", "description", "parameters", "strict") if name in tool}
        return tool_json({"type": "function", "function": function}, strict=strict)
    converted: Json = dict(convert_to_openai_tool(tool, strict=strict))
    extras = tool.extras if isinstance(tool, BaseTool) else None
    if isinstance(tool, Mapping) and tool.get("cache_control"):
        extras = {"cache_control": tool["cache_control"]}
    return {**converted, **({"extras": dict(extras)} if extras else {})}


def _is_native(tool: Mapping[str, Any]) -> bool:
    """Whether a dict is a provider's built-in tool or a custom one: it has a type, and that is no function's."""
    return bool(tool.get("type")) and tool["type"] not in ("function", "object") and "function" not in tool


def read_tool(tool: ToolLike) -> AnyTool:
    """A tool in the conversation's terms."""
    described = tool_json(tool)
    kind = described.get("type")
    if kind == "custom" and ("name" in described or isinstance(described.get("custom"), Mapping)):
        custom = described.get("custom", described)
        return CustomTool(custom["name"], custom.get("description"), custom.get("format"))
    if kind != "function":
        return NativeTool(described)
    function = described["function"]
    return Tool(
        function["name"],
        function.get("description") or None,
        function.get("parameters"),
        function.get("strict"),
        described.get("extras"),
    )


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
        return _MODES.get(choice) or _named(choice, tools)
    kind = choice.get("type")
    if kind in _MODES:  # Anthropic's form
        return _MODES[kind]
    if kind in ("function", "tool", "custom"):
        inner = choice.get(kind)
        name = inner.get("name") if isinstance(inner, Mapping) else choice.get("name")
        return _named(str(name), tools)
    return dict(choice)


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
    normal = tool_choice_json(choice, tools)
    if normal is None:
        return None
    if isinstance(normal, str):
        return ToolChoice(normal)  # type: ignore[arg-type]  # it is one of the modes
    if isinstance(normal.get("function"), Mapping):
        return ToolChoice("tool", normal["function"]["name"])
    return ToolChoice("native", native=normal)


def output_json(output: Mapping[str, Any] | type, *, strict: bool | None = None) -> Json:
    """The form an answer must have, in OpenAI's form: from that, a JSON schema, a TypedDict or a pydantic class."""
    if isinstance(output, Mapping) and output.get("type") in ("json_schema", "json_object", "text"):
        described = dict(output)
        if described["type"] == "json_schema" and "json_schema" not in described:  # the flat form of Responses
            facts = {name: described[name] for name in ("name", "schema", "strict", "description") if name in described}
            return {"type": "json_schema", "json_schema": facts}
        return described
    schema = convert_to_json_schema(output, strict=strict)
    facts = {"name": schema.get("title") or "answer", "schema": schema}
    if schema.get("description"):
        facts["description"] = schema["description"]
    if strict is not None:
        facts["strict"] = strict
    return {"type": "json_schema", "json_schema": facts}


def read_output(output: Mapping[str, Any] | type | None) -> OutputSchema | JsonOutput | None:
    """The form an answer must have, in the conversation's terms.

    Raises:
        InvalidInputError: if it is none that is known.
    """
    if output is None:
        return None
    described = output_json(output)
    if described["type"] == "text":
        return None
    if described["type"] == "json_object":
        return JsonOutput()
    facts = described["json_schema"]
    if not isinstance(facts.get("schema"), Mapping):
        raise InvalidInputError(f"response_format has no schema: {described}. Nothing was sent.")
    return OutputSchema(facts.get("name") or "answer", facts["schema"], facts.get("strict"), facts.get("description"))


def is_pydantic(schema: object) -> bool:
    """Whether a schema is a pydantic class, of version 2 or of its old one."""
    return isinstance(schema, type) and (issubclass(schema, BaseModel) or hasattr(schema, "__fields__"))
