"""A protocol's own items as LangChain's standard blocks for what a provider's built-in tools did, and back.

A built-in tool's call is a `server_tool_call`, its result a `server_tool_result`, as in LangChain's other packages; any
other item is `non_standard`. Which is which shows in the names that the protocols give: `web_search_call`,
`mcp_tool_use`, `code_execution_tool_result`. Behind the standard form, in `extras`, is the item itself, for the way
back, but for what the standard form holds already. Some items hold their result themselves; then there are both blocks,
and the call has the item.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from seacloud_client.conversation import Native, Protocol

Block = Mapping[str, Any]


_RESULTS: Mapping[str, str] = {
    "web_search_call": "results",
    "file_search_call": "results",
    "code_interpreter_call": "outputs",
    "mcp_call": "output",
}
"""The items that hold their result themselves, and where. The results of others come in items of their own."""

_SAID = ("code", "queries")
"""What some items were called with, where they say it in fields of their own."""


def native_blocks(part: Native) -> list[dict[str, Any]]:
    """An item of the protocol's own, untouched, in the form that suits it: one block, or a call and its result."""
    item = dict(part.item)
    if part.type.endswith("_tool_result"):
        return [_result_block(part, item)]
    if part.type in _RESULTS:
        return [_call_block(part, dict(item)), _own_result_block(part, item)]
    if part.type.endswith(("_tool_use", "_call")):
        return [_call_block(part, item)]
    return [{"type": "non_standard", "value": item, "extras": {"protocol": part.protocol}}]


def _call_block(part: Native, item: dict[str, Any]) -> dict[str, Any]:
    extras: dict[str, Any] = {"protocol": part.protocol, "item": item}
    args = item.get("input")
    if isinstance(args, dict):
        extras["args_in"] = "input"
        del item["input"]
    else:
        args = _arguments(item)
    name = item.get("name") or part.type.removesuffix("_call")
    return {
        "type": "server_tool_call",
        "id": item.get("id") or item.get("call_id") or "",
        "name": name,
        "args": args,
        "extras": extras,
    }


def _arguments(item: dict[str, Any]) -> dict[str, Any]:
    """What a built-in tool was called with, as far as its item says so in one place. The item keeps it too."""
    said = item.get("action", item.get("arguments", {name: item[name] for name in _SAID if item.get(name)}))
    if isinstance(said, str):
        try:
            said = json.loads(said)
        except ValueError:
            return {}
    return dict(said) if isinstance(said, Mapping) else {}


def _result_block(part: Native, item: dict[str, Any]) -> dict[str, Any]:
    output = item.pop("content", None)
    failed = bool(item.get("is_error")) or (isinstance(output, Mapping) and "error_code" in output)
    return {
        "type": "server_tool_result",
        "tool_call_id": item.get("tool_use_id") or "",
        "status": "error" if failed else "success",
        "output": output,
        "extras": {"protocol": part.protocol, "item": item},
    }


def _own_result_block(part: Native, item: Block) -> dict[str, Any]:
    """The result that a call's item holds. It has no item behind it, since the call has it."""
    failed = item.get("status") == "failed" or item.get("error")
    output = item.get("error") or item.get(_RESULTS[part.type])
    return {
        "type": "server_tool_result",
        "tool_call_id": item.get("id") or "",
        "status": "error" if failed else "success",
        **({"output": output} if output is not None else {}),
        "extras": {"protocol": part.protocol},
    }


def read_native(block: Block, protocol: Protocol) -> Native | None:
    """The item behind a block; none where there is none, since it is behind another block, or another package's."""
    extras = block.get("extras") or {}
    protocol = extras.get("protocol", protocol)
    if block["type"] == "non_standard":
        return Native(protocol, block["value"])
    item = extras.get("item")
    if not isinstance(item, Mapping):
        return None
    if block["type"] == "server_tool_result":
        return Native(protocol, {**item, "content": block.get("output")})
    if "args_in" in extras:
        return Native(protocol, {**item, extras["args_in"]: block["args"]})
    return Native(protocol, item)
