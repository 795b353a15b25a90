"""Who made a tool call: the model itself, or a program that it wrote.

Messages and Responses both tell it in a field `caller`, which goes back with the call, and mean other programs by it.
A `ToolCall` keeps the field among its extras, without the protocol that it came from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from seacloud_client.conversation import ToolCall

_PROGRAMS = {"messages": "code_execution_", "responses": "program"}
"""How the types of callers begin that are programs."""


def caller_of(call: ToolCall | None, protocol: Literal["messages", "responses"]) -> dict[str, Any]:
    """The field `caller` of a call, if it is this protocol's; else nothing.

    A program is told by its type. That it was the model itself (`direct`) both protocols say alike, but only a call
    that came by Responses has an item's id.
    """
    if call is None:
        return {}
    caller = (call.extras or {}).get("caller")
    if not isinstance(caller, Mapping) or not isinstance(caller.get("type"), str):
        return {}
    kind: str = caller["type"]
    if kind == "direct":
        is_own = (call.item_id is not None) == (protocol == "responses")
    else:
        is_own = kind.startswith(_PROGRAMS[protocol])
    return {"caller": dict(caller)} if is_own else {}
