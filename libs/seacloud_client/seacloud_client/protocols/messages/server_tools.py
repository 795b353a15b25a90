"""Built-in tools in a history: their calls and results belong together, and the service refuses one without the other.

A call may wait for its result while the caller's own tools run (a program that calls them, a remote server's tool
beside them) or while the turn is paused. So it is kept if nothing but results of tools was said since. As soon as the
user says anything else, it has lost its result for good.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from seacloud_client.protocols.encoding import Json


def without_lost(turns: Iterable[Json]) -> list[Json]:
    """The turns without calls that have lost their result, results that have lost their call, and what a lost call did.

    A program's call of the caller's own tool stays without its program, as an ordinary one. A turn may be left empty.
    """
    said = _Said()
    for turn in turns:
        said.add(turn)
    said.leave_out_lost()
    return [said.kept_of(turn) for turn in said.turns]


class _Said:
    """What was said, and which of it cannot stand without what else. Each block is looked at once, however they hang.

    Blocks are known by their identity: two may be equal.
    """

    def __init__(self) -> None:
        self.turns: list[Json] = []
        self._waiting: dict[str, Json] = {}  # calls that have no result yet, by their ids
        self._halves: dict[int, Json] = {}  # the result of a call, and the call of a result
        self._calls: Counter[str] = Counter()  # how many calls that are not lost have an id
        self._done_by: defaultdict[str, list[Json]] = defaultdict(list)  # what a program did, by the id of its call
        self._doomed: list[Json] = []  # blocks that are lost, and have not taken others with them yet
        self._lost: set[int] = set()

    def add(self, turn: Json) -> None:
        """The next turn."""
        self.turns.append(turn)
        if turn["role"] == "assistant":
            for block in turn["content"]:
                self._add_block(block)
        elif any(block.get("type") != "tool_result" for block in turn["content"]):
            self._doomed += self._waiting.values()
            self._waiting.clear()

    def _add_block(self, block: Json) -> None:
        answered = _answered(block)
        call = self._waiting.pop(answered, None) if answered is not None else None
        if call is not None:
            self._halves[id(call)], self._halves[id(block)] = block, call
        elif answered is not None:
            self._doomed.append(block)
        if _is_call(block):
            self._calls[block["id"]] += 1
            if answered is None:
                if block["id"] in self._waiting:  # a turn that was merged with its copy
                    self._doomed.append(self._waiting[block["id"]])
                self._waiting[block["id"]] = block
        program = _caller_id(block)
        if program is not None and block.get("type") != "tool_use":
            self._done_by[program].append(block)

    def leave_out_lost(self) -> None:
        """Finds out what is lost, now that all turns are there."""
        for program, blocks in self._done_by.items():
            if not self._calls[program]:
                self._doomed += blocks
        while self._doomed:
            block = self._doomed.pop()
            if id(block) not in self._lost:
                self._lost.add(id(block))
                if id(block) in self._halves:
                    self._doomed.append(self._halves[id(block)])
                if _is_call(block):
                    self._lose_call(block["id"])

    def _lose_call(self, call_id: str) -> None:
        self._calls[call_id] -= 1
        if not self._calls[call_id]:
            self._doomed += self._done_by.get(call_id, ())

    def kept_of(self, turn: Json) -> Json:
        """What is left of a turn."""
        kept = [block for block in turn["content"] if id(block) not in self._lost]
        for block in kept:
            program = _caller_id(block)
            if program is not None and not self._calls[program]:
                del block["caller"]  # of a call of the caller's own tool: what else the program did is lost
        return {**turn, "content": kept}


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
