"""Tools, tool choices and output forms in OpenAI's JSON, in the conversation's terms.

Frameworks write them so: it is traced, cached and serialised as it is, and read here when a request is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
from seacloud_client.strict_schemas import strict_form

MODES: Mapping[str, str] = {"auto": "auto", "none": "none", "any": "required", "required": "required"}
"""Words for a tool choice that names no tool, OpenAI's and Anthropic's, and the conversation's for each."""

_NO_PARAMETERS: Mapping[str, Any] = {"type": "object", "properties": {}}


def tool_of(described: Mapping[str, Any]) -> AnyTool:
    """A tool. What is neither a function nor a custom tool is a provider's own, and stays as it is.

    Args:
        described: in the form of Chat Completions or of Responses; `extras` may stand beside the function.
    """
    kind = described.get("type")
    inner = described.get(str(kind))
    facts = inner if isinstance(inner, Mapping) else described  # Responses has them at the top
    if "name" not in facts:
        return NativeTool(described)
    if kind == "custom":
        return CustomTool(facts["name"], facts.get("description"), facts.get("format"))
    if kind != "function":
        return NativeTool(described)
    description, extras = facts.get("description") or None, described.get("extras")
    return Tool(facts["name"], description, facts.get("parameters"), facts.get("strict"), extras)


def choice_of(choice: Mapping[str, Any] | str | None) -> ToolChoice | None:
    """A tool choice; `None` counts as not given.

    Args:
        choice: a word of `MODES`, a tool's name, or a dict in the form of Chat Completions, Responses or Messages. One
            that says more is the protocol's own, and stays as it is.
    """
    if choice is None:
        return None
    if isinstance(choice, str):
        return _of_mode(choice) if choice in MODES else ToolChoice("tool", choice)
    kind = str(choice.get("type"))
    if kind in MODES and len(choice) == 1:
        return _of_mode(kind)
    name = called_tool(choice)
    return ToolChoice("native", native=choice) if name is None else ToolChoice("tool", name)


def _of_mode(word: str) -> ToolChoice:
    return ToolChoice(MODES[word])  # type: ignore[arg-type]  # it is one of the modes


def called_tool(choice: Mapping[str, Any]) -> str | None:
    """The name of the tool that a choice names; `None` for a choice of another kind."""
    kind = choice.get("type")
    if kind not in ("function", "tool", "custom"):
        return None
    inner = choice.get(kind)
    name = inner.get("name") if isinstance(inner, Mapping) else choice.get("name")
    return name if isinstance(name, str) else None


def output_of(described: Mapping[str, Any] | None) -> OutputSchema | JsonOutput | None:
    """The form that an answer must have, in that of Chat Completions or of Responses; `None` for plain text.

    Raises:
        InvalidInputError: if it is none that is known.
    """
    if described is None or described.get("type") == "text":
        return None
    if described.get("type") == "json_object":
        return JsonOutput()
    facts = described.get("json_schema", described)
    if described.get("type") != "json_schema" or not isinstance(facts.get("schema"), Mapping):
        raise InvalidInputError(
            "response_format has no schema: it must be {'type': 'json_schema', 'json_schema': {'name': ..., 'schema': "
            f"...}}}} or {{'type': 'json_object'}}; got {dict(described)!r}. Nothing was sent."
        )
    return OutputSchema(facts.get("name") or "answer", facts["schema"], facts.get("strict"), facts.get("description"))


def strict_parameters(name: str, parameters: Mapping[str, Any] | None) -> dict[str, Any]:
    """A tool's parameters in the strict form.

    Raises:
        InvalidInputError: if they have none.
    """
    try:
        return strict_form(parameters or _NO_PARAMETERS)
    except ValueError as error:
        raise InvalidInputError(
            f"The tool {name!r} cannot be strict: {error}. Leave strict out, or change its parameters. Nothing was "
            "sent."
        ) from None
