"""The tools of a Messages request, and which of them may or must be called.

Tools of the caller's own and the search of the web are emulated; other built-in tools are taken and never used.
"""

from __future__ import annotations

import re
from typing import Any

from seacloud_emulator.protocols.messages.blocks import check_cache_control, need
from seacloud_emulator.protocols.schema_rules import closed_problem, schema_problem
from seacloud_emulator.refusals import invalid_messages

Body = dict[str, Any]

WEB_SEARCH = "web_search_"
"""How the types of the search of the web begin: a date follows."""

_BUILT_IN = re.compile(
    r"(?:web_search|web_fetch|code_execution|bash|text_editor|computer|memory|browser_toolset|computer_toolset|advisor"
    r"|tool_search_tool_regex|tool_search_tool_bm25)_\d{8}|mcp_toolset|tool_search_tool_(?:regex|bm25)"
)

_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")

_TOP_LEVEL_BRANCHES = ("oneOf", "allOf", "anyOf")


def check_tools(body: Body) -> None:
    """Refuses tools that are not whole, and a choice that none of them meets."""
    tools = body.get("tools")
    if tools is not None and not isinstance(tools, list):
        raise invalid_messages("Input should be a valid list", "tools")
    names = [_checked_name(tool, f"tools.{place}") for place, tool in enumerate(tools or ())]
    if len(set(names)) < len(names):
        raise invalid_messages("Tool names must be unique.", "tools")
    if body.get("tool_choice") is not None:
        _check_choice(body["tool_choice"], names)


def is_own(tool: Body) -> bool:
    """Whether a tool is the caller's own, which it describes by a schema."""
    return tool.get("type") in (None, "custom")


def _checked_name(tool: Any, where: str) -> str:
    if not isinstance(tool, dict):
        raise invalid_messages("Input should be a valid dictionary", where)
    kind = tool.get("type")
    check_cache_control(tool, f"{where}.{kind or 'custom'}")
    if is_own(tool):
        return _own_name(tool, f"{where}.custom")
    if not isinstance(kind, str) or not _BUILT_IN.fullmatch(kind):
        raise invalid_messages(
            f"Input tag {kind!r} found using 'type' does not match any of the expected tags: 'custom', and those of "
            "the built-in tools with their dates",
            where,
        )
    if kind.startswith(WEB_SEARCH):
        _check_search(tool, f"{where}.{kind}")
    return str(tool.get("name") or tool.get("mcp_server_name") or kind)


def _check_search(tool: Body, where: str) -> None:
    if tool.get("name") != "web_search":
        raise invalid_messages("Input should be 'web_search'", f"{where}.name")
    given = [name for name in ("allowed_domains", "blocked_domains") if tool.get(name) is not None]
    for name in given:
        if not all(isinstance(domain, str) for domain in need(tool, name, list, where)):
            raise invalid_messages("Input should be a valid string", f"{where}.{name}.0")
    if len(given) > 1:
        raise invalid_messages("Only one of `allowed_domains` and `blocked_domains` may be specified", where)


def _own_name(tool: Body, where: str) -> str:
    name: str = need(tool, "name", str, where)
    if not _NAME.fullmatch(name):
        raise invalid_messages(f"String should match pattern '^{_NAME.pattern}$'", f"{where}.name")
    if tool.get("description") is not None:
        need(tool, "description", str, where)
    schema = need(tool, "input_schema", dict, where)
    if schema.get("type") != "object":
        message = "Input should be 'object'" if "type" in schema else "Field required"
        raise invalid_messages(message, f"{where}.input_schema.type")
    if any(branch in schema for branch in _TOP_LEVEL_BRANCHES):
        raise invalid_messages(
            "input_schema does not support oneOf, allOf, or anyOf at the top level", f"{where}.input_schema"
        )
    problem = schema_problem(schema)
    if problem is not None:
        message = f"JSON schema is invalid. It must match JSON Schema draft 2020-12. {problem}"
        raise invalid_messages(message, f"{where}.input_schema")
    held = closed_problem(schema) if tool.get("strict") else None
    if held is not None:
        raise invalid_messages(held, where)
    return name


def _check_choice(choice: Any, names: list[str]) -> None:
    kind = choice.get("type") if isinstance(choice, dict) else None
    if kind not in ("auto", "any", "tool", "none"):
        raise invalid_messages(
            f"Input tag {kind!r} found using 'type' does not match any of the expected tags: 'auto', 'any', 'tool', "
            "'none'",
            "tool_choice",
        )
    if not names:
        raise invalid_messages("tool_choice may only be specified while providing tools", "tool_choice")
    if choice.get("disable_parallel_tool_use") is not None:
        need(choice, "disable_parallel_tool_use", bool, f"tool_choice.{kind}")
    if kind == "tool" and need(choice, "name", str, "tool_choice.tool") not in names:
        raise invalid_messages(f"Tool '{choice['name']}' not found in provided tools", "tool_choice")
