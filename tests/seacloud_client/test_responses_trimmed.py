"""Histories that their users trimmed, merged and reordered: whatever they do, the service's rules are kept.

The rules are the emulator's, which knows the replies as stored or holds their encrypted reasoning to its own seal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from responses_wire import Json, call_item, encoded, message_item, reasoning_item, response
from seacloud_client.conversation import Message, Request, Text, ToolResult, user
from seacloud_client.protocols.responses import PROTOCOL
from seacloud_emulator.protocols.responses.context import conversation, seal_reasoning
from seacloud_emulator.protocols.responses.store import ResponseStore
from seacloud_emulator.protocols.responses.validation import check_request

KINDS = ["reasoning", "message", "function_call", "custom_tool_call"]
TURNS = st.lists(st.lists(st.sampled_from(KINDS), min_size=1, max_size=5), min_size=1, max_size=3)
# A native item cannot tell that its reasoning was taken away, unless something behind it can: see test_responses_turns.
ANY_TURNS = st.lists(
    st.lists(st.sampled_from([*KINDS, "web_search_call"]), min_size=1, max_size=5), min_size=1, max_size=3
)

BYE = user("Go on.")


def item(kind: str, number: int, *, sealed: bool) -> Json:
    """An item of a reply, with ids of its own."""
    if kind == "reasoning":
        item_id = f"rs_{number}"
        hidden = {"encrypted_content": seal_reasoning(item_id, "Hm.")} if sealed else {}
        return reasoning_item("Hm.", item_id=item_id, **hidden)
    if kind == "message":
        return message_item("Hi.", item_id=f"msg_{number}")
    if kind == "function_call":
        return call_item(number=number)
    if kind == "custom_tool_call":
        return {"type": kind, "id": f"ctc_{number}", "call_id": f"call_{number}", "name": "sql", "input": "x"}
    return {"type": kind, "id": f"ws_{number}", "status": "completed", "action": {"type": "search", "query": "x"}}


def history_of(turns: list[list[str]], store: ResponseStore | None) -> list[Message]:
    """The conversation of these replies, which the service stored, or which hold their reasoning themselves."""
    history: list[Message] = []
    number = 0
    for place, kinds in enumerate(turns):
        output = []
        for kind in [*kinds, "message"] if kinds[-1] == "reasoning" else kinds:  # nothing ends with a thought
            output.append(item(kind, number, sealed=store is None))
            number += 1
        if store is not None:
            store.keep(f"resp_{place}", [], output)
        reply = PROTOCOL.decode(response(*output))
        results = tuple(ToolResult(call.id, (Text("done"),), kind=call.kind) for call in reply.tool_calls)
        history += [user("Hello."), reply.message, *([Message("tool", results)] if results else [])]
    return history


def drop_part(data: st.DataObject, history: list[Message]) -> None:
    place = data.draw(st.integers(0, len(history) - 1))
    parts = list(history[place].parts)
    if parts:
        del parts[data.draw(st.integers(0, len(parts) - 1))]
    history[place] = Message(history[place].role, tuple(parts))


def shuffle_parts(data: st.DataObject, history: list[Message]) -> None:
    place = data.draw(st.integers(0, len(history) - 1))
    history[place] = Message(history[place].role, tuple(data.draw(st.permutations(history[place].parts))))


def drop_message(data: st.DataObject, history: list[Message]) -> None:
    del history[data.draw(st.integers(0, len(history) - 1))]


def repeat_message(data: st.DataObject, history: list[Message]) -> None:
    place = data.draw(st.integers(0, len(history) - 1))
    history.insert(data.draw(st.integers(0, len(history))), history[place])


def move_message(data: st.DataObject, history: list[Message]) -> None:
    moved = history.pop(data.draw(st.integers(0, len(history) - 1)))
    history.insert(data.draw(st.integers(0, len(history))), moved)


def merge_messages(data: st.DataObject, history: list[Message]) -> None:
    place = data.draw(st.integers(0, len(history) - 1))
    if place + 1 < len(history) and history[place].role == history[place + 1].role:
        following = history.pop(place + 1)
        history[place] = Message(following.role, history[place].parts + following.parts)


EDITS: list[Callable[[st.DataObject, list[Message]], None]] = [
    drop_part,
    drop_part,
    shuffle_parts,
    drop_message,
    repeat_message,
    move_message,
    merge_messages,
]


def check(history: list[Message], stored: ResponseStore | None, **fields: Any) -> list[Json]:
    """What is sent of a history, which keeps the service's rules."""
    body = encoded(Request(model="gpt-5.5", messages=(*history, BYE), **fields))
    checked = check_request(body)
    items: list[Json] = conversation(checked["input"], None, stored or ResponseStore())
    return items


@settings(max_examples=60, deadline=None)
@given(st.data(), TURNS, st.booleans(), st.sampled_from([None, False]))
def test_any_edit_keeps_the_rules(data: st.DataObject, turns: list[list[str]], is_stored: bool, asked: bool | None):
    store = ResponseStore() if is_stored else None
    history = history_of(turns, store)
    for edit in data.draw(st.lists(st.sampled_from(EDITS), max_size=5)):
        if history:
            edit(data, history)
    assert check(history, store, store=asked)[-1]["content"] == "Go on."


@settings(max_examples=40, deadline=None)
@given(ANY_TURNS, st.booleans())
def test_a_whole_history_goes_back_whole(turns: list[list[str]], is_stored: bool):
    store = ResponseStore() if is_stored else None
    history = history_of(turns, store)
    sent = [one["type"] for one in check(history, store) if one.get("role") != "user"]
    said = [kind for kinds in turns for kind in ([*kinds, "message"] if kinds[-1] == "reasoning" else kinds)]
    outputs = ("function_call_output", "custom_tool_call_output")
    assert [kind for kind in sent if kind not in outputs] == said
    assert sum(kind in outputs for kind in sent) == sum(kind in ("function_call", "custom_tool_call") for kind in said)
