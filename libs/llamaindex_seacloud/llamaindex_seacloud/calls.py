"""Tools, tool choices and tool calls between LlamaIndex and the conversation.

What goes from `chat_with_tools` to `chat` is plain JSON in OpenAI's form: LlamaIndex's events show it.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, ToolCallBlock
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.tools import BaseTool, FunctionTool, ToolMetadata
from pydantic_core import from_json, to_jsonable_python
from seacloud_client.conversation import AnyTool
from seacloud_client.errors import InvalidInputError
from seacloud_client.openai_form import MODES, strict_parameters, tool_of
from seacloud_client.parts import parse_arguments
from seacloud_client.strict_schemas import root_inlined

from llamaindex_seacloud.blocks import FACTS, Json, facts_without

INVALID_ARGUMENTS = "invalid_arguments"
"""The argument that has the text of arguments which do not parse. The tool does not know it, and the model reads that.

A second one is beside it: LlamaIndex hands a single argument, by whatever name, to a tool that takes one, and it runs.
"""

_WHY = "error"
_REFUSED_BY_ALL = "self"
"""The second argument's name, for tools that take any: no method of a tool's can be called with another `self`."""

_CALL_AGAIN = "The tool was not called: these arguments are no JSON object. Call it again with arguments that are."


def arguments_text(arguments: Mapping[str, Any] | str) -> str:
    """A call's arguments as the text that the wire has. What pydantic knows in JSON (dates, ids, ...) is written so.

    Raises:
        InvalidInputError: if they hold what JSON has no form for.
    """
    if isinstance(arguments, str):
        return arguments
    try:
        return json.dumps(arguments, ensure_ascii=False, default=to_jsonable_python)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInputError(
            f"A tool call's arguments cannot be written as JSON: {error}. Nothing was sent."
        ) from None


def tool_json(tool: BaseTool | Mapping[str, Any], *, strict: bool | None = None) -> Json:
    """A tool as JSON. A dict is taken as it is: a function in OpenAI's form, or a provider's built-in tool.

    Args:
        tool: the tool.
        strict: whether the model is to be held to the schema, where the provider can.

    Raises:
        InvalidInputError: if it is to be strict and its schema cannot be, or if it is no tool.
    """
    if isinstance(tool, Mapping):
        return dict(tool)
    if not isinstance(getattr(tool, "metadata", None), ToolMetadata):
        raise InvalidInputError(
            f"{tool!r} is no tool: make one with FunctionTool.from_defaults(...), or give a dict in OpenAI's form. "
            "Nothing was sent."
        )
    described: Json = tool.metadata.to_openai_tool(skip_length_check=True)
    function = described["function"]
    function["parameters"] = _with_root(tool, function["parameters"])
    if strict:
        function["parameters"] = strict_parameters(function["name"], function["parameters"])
    if strict is not None:
        function["strict"] = strict
    return described


def _with_root(tool: BaseTool, parameters: Json) -> Json:
    """A tool's parameters with what LlamaIndex leaves out where a class holds itself: all but its definitions."""
    if "properties" in parameters or "$defs" not in parameters or tool.metadata.fn_schema is None:
        return parameters
    return root_inlined(tool.metadata.fn_schema.model_json_schema())


def read_tool(described: BaseTool | Mapping[str, Any]) -> AnyTool:
    """A tool in the conversation's terms."""
    return tool_of(tool_json(described))


def choice_json(choice: str | Mapping[str, Any] | None, *, required: bool = False) -> Json | str | None:
    """A tool choice in OpenAI's form: a mode, or a tool by its name. `None` counts as not given."""
    if choice is None:
        return "required" if required else None
    if isinstance(choice, str):
        mode = MODES.get(choice)
        if mode is not None:
            return "required" if required and mode == "auto" else mode
        return {"type": "function", "function": {"name": choice}}
    return dict(choice)


def open_tools(tools: Iterable[BaseTool]) -> set[str]:
    """Names of the tools that would run with arguments by any names: an MCP server's tool, or a query engine, say."""
    return {str(tool.metadata.name) for tool in tools if isinstance(tool, BaseTool) and _takes_any(tool)}


def _takes_any(tool: BaseTool) -> bool:
    if not isinstance(tool, FunctionTool):
        return True
    parameters = inspect.signature(tool.real_fn).parameters.values()
    return any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)


def tool_calls_of(
    response: ChatResponse, *, error_on_no_tool_call: bool, takes_any: Container[str] = ()
) -> list[ToolSelection]:
    """The tools that a response calls.

    While it streams, arguments are what can be read of them so far. Once it is whole, arguments that do not parse are
    handed on as `invalid_arguments`, which the tool refuses, so that the model learns of its mistake.

    Args:
        response: the response.
        error_on_no_tool_call: whether there must be a call.
        takes_any: names of tools that would not refuse `invalid_arguments`, so that LlamaIndex itself must.

    Raises:
        ValueError: if there are none and there must be.
    """
    calls = read_calls(response)
    if not calls and error_on_no_tool_call:
        said = response.message.content or ""
        raise ValueError(f"Expected at least one tool call, but got none: the model said {said[:200]!r}.")
    return [
        ToolSelection(
            tool_id=block.tool_call_id or block.tool_name,
            tool_name=block.tool_name,
            tool_kwargs=arguments if arguments is not None else _invalid(block, takes_any),
        )
        for block, arguments in calls
    ]


def _invalid(call: ToolCallBlock, takes_any: Container[str]) -> Json:
    second = _REFUSED_BY_ALL if call.tool_name in takes_any else _WHY
    return {INVALID_ARGUMENTS: call.tool_kwargs, second: _CALL_AGAIN}


def read_calls(response: ChatResponse) -> list[tuple[ToolCallBlock, Json | None]]:
    """A response's calls, and what can be read of their arguments: so far while it streams, else all or `None`."""
    blocks = [block for block in response.message.blocks if isinstance(block, ToolCallBlock)]
    is_whole = "finish" in response.additional_kwargs
    return [
        (block, _arguments(block.tool_kwargs, is_whole=is_whole)) for block in blocks or legacy_calls(response.message)
    ]


def _arguments(arguments: Json | str, *, is_whole: bool) -> Json | None:
    if not isinstance(arguments, str):
        return arguments
    try:
        if is_whole:
            return parse_arguments(arguments)
        value = from_json(arguments, allow_partial="trailing-strings")  # jiter reads what there is
    except ValueError:
        return None if is_whole else {}
    return value if isinstance(value, dict) else {}


def legacy_calls(message: ChatMessage) -> list[ToolCallBlock]:
    """Calls in OpenAI's form in `additional_kwargs`, where histories of older versions have them."""
    calls = message.additional_kwargs.get("tool_calls")
    return [
        ToolCallBlock(
            tool_call_id=call.get("id"),
            tool_name=call["function"].get("name") or "",
            tool_kwargs=call["function"].get("arguments") or "",
        )
        for call in map(_as_dict, calls if isinstance(calls, (list, tuple)) else ())
        if isinstance(call.get("function"), Mapping)
    ]


def _as_dict(call: Any) -> Mapping[str, Any]:
    """A call that may be an object of OpenAI's SDK. What is none, in a history of others' making, is an empty one."""
    dump = getattr(call, "model_dump", None)
    found = dump() if dump is not None else call
    return found if isinstance(found, Mapping) else {}


def single_call(response: ChatResponse) -> ChatResponse:
    """The response with its first tool call alone, in the blocks and beside them."""
    calls = [block for block in response.message.blocks if isinstance(block, ToolCallBlock)]
    if len(calls) < 2:
        return response
    others = {id(block) for block in calls[1:]}
    message = response.message
    dropped = {place for place, block in enumerate(message.blocks) if id(block) in others}
    kwargs = dict(message.additional_kwargs)
    if isinstance(kwargs.get("tool_calls"), Sequence):
        kwargs["tool_calls"] = kwargs["tool_calls"][:1]
    if FACTS in kwargs:
        kwargs[FACTS] = facts_without(kwargs[FACTS], message.blocks, dropped)
    kept = ChatMessage(
        role=message.role,
        blocks=[block for place, block in enumerate(message.blocks) if place not in dropped],
        additional_kwargs=kwargs,
    )
    return response.model_copy(update={"message": kept})
