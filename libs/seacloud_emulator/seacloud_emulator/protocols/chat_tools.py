"""The tools of a Chat Completions request, which of them may or must be called, and calls that a history holds.

A tool is a function, or a custom tool, which takes free text. Either is described in a field named as its type, and so
are its calls and a choice of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from seacloud_emulator.protocols.bodies import OPENAI_NAME
from seacloud_emulator.protocols.schema_rules import openai_problem
from seacloud_emulator.refusals import Refusal, invalid_chat

Body = dict[str, Any]

_SAID = {"function": "arguments", "custom": "input"}
"""The types of tools, with the field of a call that holds its text."""


def described(tool: Body) -> Body:
    """What is said of a tool, a call or a choice, which has been checked."""
    inner: Body = tool[tool["type"]]
    return inner


def said_in(call: Body) -> str:
    """The text of a call that has been checked: arguments, or a custom tool's input."""
    said: str = described(call)[_SAID[call["type"]]]
    return said


def allowed(tools: list[Body], choice: Any) -> list[Body]:
    """The tools that may be called: those that the choice allows, where it names several."""
    if not isinstance(choice, dict) or choice["type"] != "allowed_tools":
        return tools
    names = [_key(named) for named in described(choice)["tools"]]
    return [tool for tool in tools if _key(tool) in names]


def check_tools(body: Body) -> None:
    """Refuses tools that are not whole, and a choice that none of them meets."""
    tools = body.get("tools")
    if tools is None:
        for name in ("tool_choice", "parallel_tool_calls"):
            if body.get(name) is not None:
                raise invalid_chat(f"'{name}' is only allowed when 'tools' are specified.", name)
        return
    if not isinstance(tools, list) or not tools:
        raise invalid_chat("'tools' must be a list that is not empty.", "tools")
    for place, tool in enumerate(tools):
        _check_tool(tool, f"tools[{place}]")
    _check_choice(body.get("tool_choice"), tools)


def call_problems(calls: Any, role: str) -> Iterator[str]:
    """What is wrong with the calls of a message."""
    if calls is None:
        return
    if role != "assistant":
        yield f"{role} messages have none"
        return
    if not isinstance(calls, list) or not calls:
        yield "must be a list that is not empty"
        return
    for call in calls:
        said = _inner(call)
        if said is None or not isinstance(call.get("id"), str):
            yield "each must have an 'id', the type 'function' or 'custom' and a field of that name"
        elif not isinstance(said.get("name"), str) or not isinstance(said.get(_SAID[call["type"]]), str):
            yield f"each {call['type']} must have a 'name' and its '{_SAID[call['type']]}' as text"


def _key(tool: Body) -> tuple[Any, Any]:
    return tool["type"], described(tool).get("name")


def _inner(tool: Any) -> Body | None:
    """What is said of a tool, a call or a choice; `None` if it is neither a function nor custom."""
    kind = tool.get("type") if isinstance(tool, dict) else None
    inner = tool.get(kind) if isinstance(kind, str) and kind in _SAID else None
    return inner if isinstance(inner, dict) else None


def _check_tool(tool: Any, where: str) -> None:
    inner = _inner(tool)
    if inner is None:
        raise invalid_chat(f"{where} must be of type 'function' or 'custom' and have a field of that name.", where)
    where = f"{where}.{tool['type']}"
    name = inner.get("name")
    if not isinstance(name, str) or not OPENAI_NAME.fullmatch(name):
        raise invalid_chat(f"Invalid '{where}.name': {name!r}: letters, digits, _ and -, at most 64.", where)
    if not isinstance(inner.get("description"), (str, type(None))):
        raise invalid_chat(f"Invalid '{where}.description': it must be a text.", where)
    _CHECKS[tool["type"]](inner, where)


def _check_function(function: Body, where: str) -> None:
    name, parameters = function["name"], function.get("parameters")
    if parameters is not None and (not isinstance(parameters, dict) or parameters.get("type", "object") != "object"):
        raise invalid_chat(f"Invalid schema for function '{name}': its type must be 'object'.", where)
    problem = openai_problem(parameters, strict=bool(function.get("strict")))
    if problem is not None:
        raise invalid_chat(f"Invalid schema for function '{name}': {problem}", where)


def _check_custom(custom: Body, where: str) -> None:
    wanted = custom.get("format")
    kind = "text" if wanted is None else wanted.get("type") if isinstance(wanted, dict) else None
    if kind == "text":
        return
    grammar = wanted.get("grammar") if isinstance(wanted, dict) and kind == "grammar" else None
    if not isinstance(grammar, dict):
        message = "it must be of type 'text', or 'grammar' with a 'grammar'."
        raise invalid_chat(f"Invalid '{where}.format': {message}", where)
    if not isinstance(grammar.get("definition"), str) or grammar.get("syntax") not in ("lark", "regex"):
        message = "it must have a 'definition' and the 'syntax' 'lark' or 'regex'."
        raise invalid_chat(f"Invalid '{where}.format.grammar': {message}", where)


_CHECKS: Mapping[str, Callable[[Body, str], None]] = {"function": _check_function, "custom": _check_custom}


def _check_choice(choice: Any, tools: list[Body]) -> None:
    if choice is None or choice in ("auto", "none", "required"):
        return
    if not isinstance(choice, dict) or choice.get("type") != "allowed_tools":
        _check_named(choice, tools)
        return
    inner = choice.get("allowed_tools")
    named = inner.get("tools") if isinstance(inner, dict) else None
    if not isinstance(inner, dict) or inner.get("mode") not in ("auto", "required"):
        raise _bad_choice("'allowed_tools' must have the 'mode' 'auto' or 'required'")
    if not isinstance(named, list) or not named:
        raise _bad_choice("'allowed_tools' must have 'tools', a list that is not empty")
    for one in named:
        _check_named(one, tools)


def _check_named(choice: Any, tools: list[Body]) -> None:
    inner = _inner(choice)
    if inner is None or inner.get("name") is None:
        named = '{"type": "function", "function": {"name": ...}}'
        raise _bad_choice(f"must be 'auto', 'none', 'required' or {named}")
    if _key(choice) not in [_key(tool) for tool in tools]:
        raise invalid_chat(f"Tool choice '{inner['name']}' not found in 'tools' parameter.", "tool_choice")


def _bad_choice(message: str) -> Refusal:
    return invalid_chat(f"Invalid 'tool_choice': {message}.", "tool_choice")
