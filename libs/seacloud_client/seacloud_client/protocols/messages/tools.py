"""Tools in Messages' JSON, the choice among them, and the tool that stands for an answer in JSON.

A tool that takes free text becomes one that takes an object with the field `input`. A provider's built-in tool goes as
it is.

An answer in JSON is asked for by the protocol's own `output_config.format`, unless the facts of the model say that it
has none, or no schema is given (`JsonOutput`): then the model is made to call a tool of ours, `OUTPUT_TOOL`, whose
input is the answer. `blocks` reads that call as text, so that callers see no difference. With tools of the caller's
own, the model must call one of them or ours; where the caller forces a tool, that call comes first, and ours is not
offered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from seacloud_client.conversation import (
    AnyTool,
    CustomTool,
    JsonOutput,
    NativeTool,
    OutputSchema,
    Request,
    Tool,
    ToolChoice,
)
from seacloud_client.errors import InvalidInputError
from seacloud_client.models import ModelFacts
from seacloud_client.protocols.encoding import Json, known_extras, refuse_choice_without_tools
from seacloud_client.protocols.messages.content import MAX_NAME
from seacloud_client.protocols.messages.schema import closed

OUTPUT_TOOL = "seacloud_output"
"""The tool whose input is the answer. The name is ours: callers' tools may not have it."""

_NAME = re.compile(rf"[a-zA-Z0-9_-]{{1,{MAX_NAME}}}")

_TOOL_EXTRAS = (
    "type",
    "cache_control",
    "allowed_callers",
    "defer_loading",
    "eager_input_streaming",
    "input_examples",
)


def tool_fields(request: Request, facts: ModelFacts) -> Json:
    """The tools and what goes with them; without tools, nothing that goes with them may be sent either.

    Raises:
        InvalidInputError: if a name is not what the service takes, or a choice cannot be made.
    """
    tools = [_written(tool) for tool in request.tools]
    choice = request.tool_choice
    forced = choice is not None and choice.mode in ("required", "tool", "native")
    if answers_by_tool(request, facts) and not forced:
        tool = _output_tool(request.output, facts)
        return {"tools": [*tools, tool], "tool_choice": _choice_with_output(request)}
    if not tools:
        refuse_choice_without_tools(choice)
        return {}
    if choice is None and request.parallel_tool_calls is False:
        choice = ToolChoice("auto")
    return {"tools": tools, **({} if choice is None else {"tool_choice": _tool_choice(choice, request)})}


def answers_by_tool(request: Request, facts: ModelFacts) -> bool:
    """Whether the answer is to be in JSON, and has to come as a tool's input."""
    output = request.output
    return isinstance(output, JsonOutput) or (output is not None and facts.structured_output is False)


def _written(tool: AnyTool) -> Json:
    if not isinstance(tool, NativeTool):
        if not _NAME.fullmatch(tool.name):
            raise InvalidInputError(
                f"Messages takes names of tools of 1 to {MAX_NAME} letters, digits, '_' and '-'; got {tool.name!r}: "
                "rename the tool. Nothing was sent."
            )
        if tool.name == OUTPUT_TOOL:
            raise InvalidInputError(f"The tool name {OUTPUT_TOOL!r} is taken: rename the tool. Nothing was sent.")
    return _TOOLS[type(tool)](tool)


def _function(tool: Tool) -> Json:
    schema: Json = {"type": "object", **(tool.parameters or {"properties": {}})}
    return _described(tool, closed(schema) if tool.strict else schema, tool.strict)


def _free_text(tool: CustomTool) -> Json:
    field: Json = {"type": "string"}
    if tool.format is not None:
        field["description"] = f"It must be of this format: {dict(tool.format)}"
    return _described(tool, {"type": "object", "properties": {"input": field}, "required": ["input"]}, None)


def _described(tool: Tool | CustomTool, schema: Json, strict: bool | None) -> Json:
    described: Json = {"name": tool.name}
    if tool.description is not None:
        described["description"] = tool.description
    described["input_schema"] = schema
    if strict is not None:
        described["strict"] = strict
    return {**described, **known_extras(tool.extras, _TOOL_EXTRAS)}


def _native(tool: NativeTool) -> Json:
    return dict(tool.item)


_TOOLS: Mapping[type[AnyTool], Callable[[Any], Json]] = {Tool: _function, CustomTool: _free_text, NativeTool: _native}

_CHOICES = {"auto": "auto", "none": "none", "required": "any", "tool": "tool"}


def _tool_choice(choice: ToolChoice, request: Request) -> Json:
    if choice.mode == "native":
        return dict(choice.native or {})
    chosen: Json = {"type": _CHOICES[choice.mode]}
    if choice.mode == "tool":
        # A built-in tool has a name too, and can be chosen by it.
        names = [tool.item.get("name") if isinstance(tool, NativeTool) else tool.name for tool in request.tools]
        if choice.name not in names:
            raise InvalidInputError(f"tool_choice names {choice.name!r}, which is none of {names}. Nothing was sent.")
        chosen["name"] = choice.name
    if request.parallel_tool_calls is False and choice.mode != "none":
        chosen["disable_parallel_tool_use"] = True
    return chosen


def _choice_with_output(request: Request) -> Json:
    """The choice that makes the model answer by our tool, or call one of the caller's first, if it has any to call."""
    if request.tools and (request.tool_choice is None or request.tool_choice.mode == "auto"):
        return _tool_choice(ToolChoice("required"), request)
    # One answer, not several side by side.
    return {"type": "tool", "name": OUTPUT_TOOL, "disable_parallel_tool_use": True}


def _output_tool(output: OutputSchema | JsonOutput | None, facts: ModelFacts) -> Json:
    if facts.tool_choice is False:
        raise InvalidInputError(
            "This model cannot be made to answer in JSON: on Messages that takes a tool that it is forced to call, "
            "which it refuses. Give an OutputSchema to a model that has structured output, or ask for JSON in the "
            "instructions. Nothing was sent."
        )
    description = "Call this with your answer to the user: nobody sees anything else."
    if not isinstance(output, OutputSchema):
        return _as_tool(description, {"type": "object", "additionalProperties": True})
    schema: Json = {"type": "object", **output.schema}
    if schema["type"] != "object":
        raise InvalidInputError(
            f"The output's schema must be an object for this model; got type {schema['type']!r}: put it into a field "
            "of an object. Nothing was sent."
        )
    named = f" It is called {output.name}."
    return _as_tool(f"{description}{named}{' ' if output.description else ''}{output.description or ''}", schema)


def _as_tool(description: str, schema: Json) -> Json:
    return {"name": OUTPUT_TOOL, "description": description, "input_schema": schema}
