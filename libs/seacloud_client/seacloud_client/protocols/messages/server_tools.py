"""Built-in tools in a history: their calls and results belong together, and the service refuses one without the other.

A call may wait for its result while the caller's own tools run (a program that calls them, a remote server's tool
beside them) or while the turn is paused. So it is kept if nothing but results of tools was said since. As soon as the
user says anything else, it has lost its result for good.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from seacloud_client.protocols.encoding import Json


def without_lost(turns: Iterable[Json]) -> list[Json]:
    """The turns without calls that have lost their result, results that have lost their call, and what a lost call did.

    A program's call of the caller's own tool stays without its program, as an ordinary one. A turn may be left empty.
    """
    kept = list(turns)
    while lost := _lost(kept):
        kept = [
            {**turn, "content": [block for block in turn["content"] if id(block) not in lost]}  # the very objects
            for turn in kept
        ]
    calls = _call_ids(kept)
    for turn in kept:
        for block in turn["content"]:
            if block.get("type") == "tool_use" and _caller_id(block) not in calls:
                block.pop("caller", None)
    return kept


def _lost(turns: Sequence[Json]) -> set[int]:
    """The blocks, by identity, that have lost their other half or their caller."""
    calls = _call_ids(turns)
    waiting: dict[str, Json] = {}
    lost: set[int] = set()
    for turn in turns:
        if turn["role"] != "assistant":
            if any(block.get("type") != "tool_result" for block in turn["content"]):
                lost.update(map(id, waiting.values()))
                waiting.clear()
            continue
        for block in turn["content"]:
            answered = _answered(block)
            if answered is not None:
                if waiting.pop(answered, None) is None:
                    lost.add(id(block))
            elif _is_call(block):
                if block["id"] in waiting:  # a turn that was merged with its copy
                    lost.add(id(waiting[block["id"]]))
                waiting[block["id"]] = block
            if block.get("type") != "tool_use" and _caller_id(block) not in calls:
                lost.add(id(block))
    return lost


def _call_ids(turns: Iterable[Json]) -> set[str | None]:
    """The ids of the built-in tools' calls, and `None`, which stands for a call by the model itself."""
    return {None, *(block["id"] for turn in turns for block in turn["content"] if _is_call(block))}


def _is_call(block: Json) -> bool:
    return str(block.get("type")).endswith("_tool_use") and isinstance(block.get("id"), str)


def _answered(block: Json) -> str | None:
    """The id of the call that a block is the result of, if it is a built-in tool's."""
    call_id: Any = block.get("tool_use_id")
    return call_id if block.get("type") != "tool_result" and isinstance(call_id, str) else None


def _caller_id(block: Json) -> str | None:
    """The id of the program that made a call, if it was one."""
    caller = block.get("caller")
    call_id: Any = caller.get("tool_id") if isinstance(caller, dict) else None
    return call_id if isinstance(call_id, str) else None
