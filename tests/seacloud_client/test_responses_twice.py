"""What is twice in a history goes back once: the service refuses a second item of an id."""

from __future__ import annotations

from dataclasses import replace

import pytest
from responses_wire import Json, answer_of, assistant, call, items_of, native, result, tool
from seacloud_client.conversation import Message, Reasoning, Text, user

SEARCH: Json = {
    "type": "web_search_call",
    "id": "ws_1",
    "status": "completed",
    "action": {"type": "search", "query": "x"},
}
HIDDEN = Reasoning("", "responses", id="rs_1", encrypted="xyz")
SAID = Text("Hi.", id="msg_1", extras={"reasoning_id": "rs_1"})
SUMMARY = Reasoning("Hm.", "responses", id="rs_1", form="summary_text")
LONGER = replace(SUMMARY, text="Hm. Well.")


def test_a_turn_that_is_there_twice_has_its_ids_once():
    items = items_of(user("hi"), assistant(HIDDEN, SAID), user("and?"), assistant(HIDDEN, SAID), user("go on"))
    assert [item.get("id") for item in items] == [None, "rs_1", "msg_1", None, None, None]
    assert items[4] == {"role": "assistant", "content": "Hi."}


def test_the_same_part_may_stand_anywhere():
    """Whoever builds histories may use one object twice: what is left out at one place is not at another."""
    asked = call("f", extras={"reasoning_id": "rs_1"})
    items = items_of(
        user("hi"), assistant(HIDDEN, asked), user("and?"), assistant(HIDDEN, asked), tool(result("call_1", "a"))
    )
    assert [item.get("type") for item in items] == [None, None, "reasoning", "function_call", "function_call_output"]
    assert answer_of(HIDDEN, SAID, HIDDEN)[-1]["id"] == "msg_1"


def test_two_items_of_one_id_go_back_as_they_came():
    """xAI gives two reasoning items of a reply the same id (recording of grok-4-3's web search)."""
    one, _, two, _ = answer_of(HIDDEN, native(SEARCH), replace(HIDDEN, encrypted="abc"), "Hi.")
    assert (one["id"], two["id"]) == ("rs_1", "rs_1")
    assert (one["encrypted_content"], two["encrypted_content"]) == ("xyz", "abc")


@pytest.mark.parametrize(
    ("first", "second"),
    [(SUMMARY, LONGER), (SUMMARY, HIDDEN), (HIDDEN, SUMMARY), (SUMMARY, replace(HIDDEN, encrypted=None))],
)
@pytest.mark.parametrize("between", [(), (user("and?"),)], ids=["one turn", "two turns"])
def test_an_item_that_is_there_in_two_forms_goes_back_once(
    first: Reasoning, second: Reasoning, between: tuple[Message, ...]
):
    """The service refuses a second item of an id. One that is not sealed it knows by its id alone, however it looks."""
    items = items_of(user("hi"), assistant(first, SAID), *between, assistant(second, SAID), user("go on"))
    assert [item["id"] for item in items if "id" in item] == ["rs_1", "msg_1"]
    assert ("encrypted_content" in items[1]) is (first is HIDDEN)


def test_a_native_item_that_is_there_in_two_forms_goes_back_once():
    searching = native({**SEARCH, "status": "searching"})
    assert answer_of(native(SEARCH), searching, "Hi.") == answer_of(native(SEARCH), "Hi.")
    same_id = native({"type": "message", "id": "msg_1", "role": "assistant", "content": []})
    assert answer_of(Text("Hi.", id="msg_1"), same_id) == answer_of(Text("Hi.", id="msg_1"))
