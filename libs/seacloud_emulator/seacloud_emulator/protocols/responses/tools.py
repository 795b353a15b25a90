"""The tools of a Responses request, and which of them may or must be called.

Function tools, custom tools and the search of the web are emulated; other built-in tools are taken and never used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from seacloud_emulator.protocols.bodies import OPENAI_NAME
from seacloud_emulator.protocols.responses.items import check_text, is_one_of, missing, wrong_type, wrong_value
from seacloud_emulator.protocols.schema_rules import openai_problem
from seacloud_emulator.refusals import invalid_chat

Body = dict[str, Any]

WEB_SEARCH = ("web_search", "web_search_2025_08_26", "web_search_preview", "web_search_preview_2025_03_11")

_OTHERS = (
    *("file_search", "code_interpreter", "image_generation", "mcp", "computer", "computer_use_preview", "local_shell"),
    *("shell", "apply_patch", "tool_search", "namespace", "programmatic_tool_calling", "computer_use"),
)


def check_tools(body: Body) -> None:
    """Refuses tools that are not whole, and a choice that none of them meets."""
    tools = body.get("tools") or []
    if not isinstance(tools, list):
        raise wrong_type("tools", "an array", tools)
    for place, tool in enumerate(tools):
        where = f"tools[{place}]"
        if not isinstance(tool, dict):
            raise wrong_type(where, "an object", tool)
        if not is_one_of(tool.get("type"), _TOOLS):
            raise wrong_value(f"{where}.type", tool.get("type"), tuple(_TOOLS))
        _TOOLS[tool["type"]](tool, where)
    _check_choice(body.get("tool_choice"), tools)


def _check_name(tool: Body, where: str) -> None:
    check_text(tool, "name", where)
    if not OPENAI_NAME.fullmatch(tool["name"]):
        message = f"Invalid '{where}.name': string does not match pattern. Expected '^[a-zA-Z0-9_-]+$', at most 64."
        raise invalid_chat(message, f"{where}.name", "invalid_value")
    if tool.get("description") is not None:
        check_text(tool, "description", where)


def _function(tool: Body, where: str) -> None:
    _check_name(tool, where)
    schema = tool.get("parameters")
    if schema is not None and (not isinstance(schema, dict) or schema.get("type", "object") != "object"):
        problem: str | None = "its type must be 'object'."
    else:
        problem = openai_problem(schema, strict=tool.get("strict") is True)
    if problem is not None:
        message = f"Invalid schema for function '{tool['name']}': {problem}"
        raise invalid_chat(message, f"{where}.parameters", "invalid_function_parameters")


def _custom(tool: Body, where: str) -> None:
    _check_name(tool, where)
    wanted = tool.get("format") or {"type": "text"}
    if not isinstance(wanted, dict) or wanted.get("type") not in ("text", "grammar"):
        raise wrong_value(f"{where}.format.type", wanted, ("text", "grammar"))
    if wanted["type"] == "grammar":
        check_text(wanted, "definition", f"{where}.format")
        if wanted.get("syntax") not in ("lark", "regex"):
            raise wrong_value(f"{where}.format.syntax", wanted.get("syntax"), ("lark", "regex"))


def _web_search(tool: Body, where: str) -> None:
    filters = tool.get("filters")
    if filters is None:
        return
    if not isinstance(filters, dict):
        raise wrong_type(f"{where}.filters", "an object", filters)
    domains = filters.get("allowed_domains") or []
    if not isinstance(domains, list) or not all(isinstance(domain, str) for domain in domains):
        raise wrong_type(f"{where}.filters.allowed_domains", "an array of strings", domains)


def _unread(_tool: Body, _where: str) -> None:
    pass


_TOOLS: Mapping[str, Callable[[Body, str], None]] = {
    "function": _function,
    "custom": _custom,
    **dict.fromkeys(WEB_SEARCH, _web_search),
    **dict.fromkeys(_OTHERS, _unread),
}


def _check_choice(choice: Any, tools: list[Body]) -> None:
    if choice is None or choice in ("none", "auto"):
        return
    if choice == "required":
        if not tools:
            message = "Tool choice 'required' must be specified with 'tools' parameter."
            raise invalid_chat(message, "tool_choice")
        return
    if not isinstance(choice, dict):
        raise wrong_value("tool_choice", choice, ("none", "auto", "required"))
    if choice.get("type") == "allowed_tools":
        _check_allowed(choice, tools)
    else:
        _check_named(choice, tools, "tool_choice")


def _check_allowed(choice: Body, tools: list[Body]) -> None:
    if choice.get("mode") not in ("auto", "required"):
        raise wrong_value("tool_choice.mode", choice.get("mode"), ("auto", "required"))
    allowed = choice.get("tools")
    if not isinstance(allowed, list) or not allowed:
        raise missing("tool_choice.tools")
    for place, tool in enumerate(allowed):
        _check_named(tool, tools, f"tool_choice.tools[{place}]")


def _check_named(choice: Any, tools: list[Body], where: str) -> None:
    kind = choice.get("type") if isinstance(choice, dict) else None
    if not is_one_of(kind, _TOOLS):
        raise wrong_value(f"{where}.type", kind, tuple(_TOOLS))
    if kind in ("function", "custom"):
        check_text(choice, "name", where)
    if not any(same_tool(choice, tool) for tool in tools):
        raise invalid_chat(f"Tool choice '{choice.get('name', kind)}' not found in 'tools' parameter.", "tool_choice")


def same_tool(choice: Body, tool: Body) -> bool:
    """Whether a choice names this tool: by its name, or by its type for the built-in ones."""
    kind: str = choice["type"]
    if kind in ("function", "custom"):
        return (tool["type"], tool.get("name")) == (kind, choice["name"])
    return tool["type"] in (WEB_SEARCH if kind in WEB_SEARCH else (kind,))
