"""A conversation as Messages takes it: instructions apart, turns that alternate, histories put right."""

from __future__ import annotations

import pytest
from messages_wire import (
    CACHED,
    EXTRAS,
    FOUND,
    PNG,
    SEARCH,
    assistant,
    body_of,
    result,
    tool,
    turns_of,
)
from seacloud_client.conversation import (
    Image,
    Message,
    Native,
    Reasoning,
    Text,
    ToolCall,
    system,
    user,
)
from seacloud_client.errors import (
    InvalidInputError,
)


def test_instructions_at_the_start_are_the_system():
    assert body_of(system("Be brief."), user("hi"))["system"] == [{"type": "text", "text": "Be brief."}]
    body = body_of(system("Be brief."), Message("developer", (Text("Be kind.", extras=EXTRAS),)), user("hi"))
    assert body["system"] == [
        {"type": "text", "text": "Be brief."},
        {"type": "text", "text": "Be kind.", "cache_control": CACHED},
    ]
    assert "system" not in body_of(system(""), user("hi"))


def test_instructions_in_mid_conversation_stand_in_the_users_turn():
    assert turns_of(user("hi"), system("Be brief."), assistant("Yes?"), Message("developer", (Text("Be kind."),))) == [
        ("user", [{"type": "text", "text": "hi"}, {"type": "text", "text": "Be brief."}]),
        ("assistant", "Yes?"),
        ("user", "Be kind."),
    ]


def test_instructions_in_mid_conversation_have_a_turn_of_their_own_where_they_ask_for_it():
    late = Message("system", (Text("Be brief."),), extras={"role": "system"})
    assert turns_of(late, user("hi"), late, assistant("Yes?"), user("go on")) == [
        ("user", "hi"),
        ("system", "Be brief."),
        ("assistant", "Yes?"),
        ("user", "go on"),
    ]


def test_changes_of_the_tools_have_a_turn_of_their_own():
    """The beta's `tool_addition` stands in a turn of the role `system` alone."""
    change = {"type": "tool_addition", "tool": {"type": "tool_reference", "name": "clock"}}
    late = Message("system", (Text("Mind the time."), Native("messages", change)))
    assert turns_of(user("hi"), late, user("go on")) == [
        ("user", "hi"),
        ("system", [{"type": "text", "text": "Mind the time."}, change]),
        ("user", "go on"),
    ]
    with pytest.raises(InvalidInputError, match="takes text alone, not Native"):
        turns_of(user("hi"), Message("system", (Native("responses", change),)))


def test_instructions_between_a_call_and_its_result_stand_behind_the_result():
    turns = turns_of(user("hi"), assistant(ToolCall("t", "f", "{}")), system("Be brief."), tool(result("t", "done")))
    assert [block["type"] for block in turns[2][1]] == ["tool_result", "text"]


def test_instructions_take_text_alone():
    with pytest.raises(InvalidInputError, match="takes text alone, not Image"):
        body_of(Message("system", (Image(url="https://x.test/a.png"),)), user("hi"))


def test_turns_alternate_and_results_come_first():
    turns = turns_of(
        user("a"),
        user("b"),
        assistant("c"),
        assistant(ToolCall("t1", "f", "{}"), ToolCall("t2", "f", "{}")),
        user("d"),
        tool(result("t2", "two")),
        tool(result("t1", "one")),
        user(""),
    )
    assert turns == [
        ("user", [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]),
        (
            "assistant",
            [
                {"type": "text", "text": "c"},
                {"type": "tool_use", "id": "t1", "name": "f", "input": {}},
                {"type": "tool_use", "id": "t2", "name": "f", "input": {}},
            ],
        ),
        (
            "user",
            [
                {"type": "tool_result", "tool_use_id": "t2", "content": [{"type": "text", "text": "two"}]},
                {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "one"}]},
                {"type": "text", "text": "d"},
            ],
        ),
    ]


def test_the_first_turn_is_the_users():
    assert turns_of(assistant("Hello."), user("hi")) == [("user", "."), ("assistant", "Hello."), ("user", "hi")]
    assert turns_of(system("Be brief.")) == [("user", ".")]
    assert turns_of(assistant("Hello.")) == [("user", "."), ("assistant", "Hello.")]


def test_the_end_of_an_assistants_turn_is_what_the_service_takes():
    thought = Reasoning("Hm", "messages", signature="sig", form="thinking")
    redacted = Reasoning("", "messages", encrypted="e", form="redacted_thinking")
    assert turns_of(user("hi"), assistant("Yes \n", thought, redacted)) == [("user", "hi"), ("assistant", "Yes")]
    assert turns_of(user("hi"), assistant(thought), user("go on")) == [
        ("user", [{"type": "text", "text": "hi"}, {"type": "text", "text": "go on"}])
    ]
    assert turns_of(user("hi"), assistant("Yes "), user("go on"))[1] == ("assistant", "Yes ")


def test_ids_of_the_wrong_form_are_mapped_the_same_way_each_time():
    messages = (
        user("hi"),
        assistant(ToolCall("call|1", "f", "{}"), ToolCall("", "f", "{}")),
        tool(result("call|1", "one"), result("", "two")),
    )
    turns = turns_of(*messages)
    ids = [block["id"] for block in turns[1][1]]
    assert len(set(ids)) == 2
    assert all(call_id.startswith("toolu_") and call_id.isascii() and call_id.isidentifier() for call_id in ids)
    assert [block["tool_use_id"] for block in turns[2][1]] == ids
    assert turns_of(*messages) == turns


def test_an_id_goes_back_as_it_came_where_nobody_knows_of_a_form():
    """LiteLLM keeps Gemini's signature of a thought in it."""
    call_id = "call_1__thought__c2ln+/=="
    history = (user("hi"), assistant(ToolCall(call_id, "f", "{}")), tool(result(call_id, "one")))
    _, turn, answer = body_of(*history, model="gemini-3-pro")["messages"]
    assert turn["content"][0]["id"] == answer["content"][0]["tool_use_id"] == call_id


def test_ids_that_are_used_anew_become_unique():
    turns = turns_of(
        user("hi"),
        assistant(ToolCall("call_0", "f", "{}"), ToolCall("call_0", "g", "{}")),
        tool(result("call_0", "one"), result("call_0", "two")),
        assistant(ToolCall("call_0", "f", "{}")),
        tool(result("call_0", "three")),
    )
    calls = [block["id"] for _, content in turns for block in content if isinstance(block, dict) and "id" in block]
    answers = [block["tool_use_id"] for _, content in turns[1:] for block in content if "tool_use_id" in block]
    assert calls == answers
    assert len(set(calls)) == 3
    assert calls[0] == "call_0"


def test_a_history_that_was_trimmed_goes_on():
    turns = turns_of(
        tool(result("lost", "x")),
        assistant(Native("messages", FOUND), "So."),
        user("hi"),
        assistant("Wait.", ToolCall("never", "f", "{}"), Native("messages", {**SEARCH, "id": "srvtoolu_2"})),
        user("go on"),
        assistant(Native("messages", SEARCH)),
    )
    assert turns == [
        ("user", "."),
        ("assistant", "So."),
        ("user", "hi"),
        ("assistant", "Wait."),
        ("user", "go on"),
        ("assistant", [SEARCH]),  # the next reply may begin with its result
    ]


def test_a_built_in_tools_result_may_come_in_the_next_turn():
    remote = {"type": "mcp_tool_use", "id": "mcptoolu_1", "name": "f", "server_name": "s", "input": {}}
    answer = {"type": "mcp_tool_result", "tool_use_id": "mcptoolu_1", "is_error": False, "content": []}
    turns = turns_of(
        user("hi"),
        assistant(Native("messages", remote), ToolCall("t", "f", "{}")),
        tool(result("t", "done")),
        assistant(Native("messages", answer), "So."),
        user("go on"),
    )
    assert turns[1][1][0] == remote
    assert turns[3][1][0] == answer


PROGRAM = {"type": "server_tool_use", "id": "srvtoolu_9", "name": "code_execution", "input": {"code": "f()"}}
RAN = {
    "type": "code_execution_tool_result",
    "tool_use_id": "srvtoolu_9",
    "content": {"type": "code_execution_result", "content": [], "return_code": 0, "stderr": "", "stdout": "1"},
}
CALLER = {"type": "code_execution_20260120", "tool_id": "srvtoolu_9"}


def program_calls(*call_ids: str) -> list[ToolCall]:
    return [ToolCall(call_id, "f", "{}", extras={"caller": CALLER}) for call_id in call_ids]


def test_a_program_runs_on_while_it_gets_results():
    """Anthropic's guide "Programmatic tool calling": several rounds of calls and results, and nothing else between."""
    running = (
        user("hi"),
        assistant(Native("messages", PROGRAM), *program_calls("t1")),
        tool(result("t1", "one")),
        assistant(*program_calls("t2")),
        tool(result("t2", "two")),
    )
    turns = turns_of(*running)
    assert turns[1][1][0] == PROGRAM
    assert [block.get("caller") for _, content in turns for block in content if "input" in block] == [
        None,
        CALLER,
        CALLER,
    ]
    done = turns_of(*running, assistant(Native("messages", RAN), "So."), user("go on"))
    assert done[:5] == turns
    assert done[5][1][0] == RAN


def test_a_program_to_which_the_user_speaks_is_left_out_with_all_that_it_did():
    fetched = {**SEARCH, "id": "srvtoolu_8", "caller": CALLER}
    found = {**FOUND, "tool_use_id": "srvtoolu_8", "caller": CALLER}
    natives = [Native("messages", item) for item in (PROGRAM, fetched, found)]
    turns = turns_of(
        user("hi"),
        assistant(*natives, *program_calls("t1")),
        tool(result("t1", "one")),
        user("Wait."),
        assistant(Native("messages", RAN), "So."),
        user("go on"),
    )
    assert turns[1] == ("assistant", [{"type": "tool_use", "id": "t1", "name": "f", "input": {}}])
    assert [block["type"] for block in turns[2][1]] == ["tool_result", "text"]
    assert turns[3] == ("assistant", "So.")


def test_a_built_in_tools_call_without_result_stays_only_at_the_end():
    """The service refuses the first: recordings have a call without its result as the last thing said alone."""
    asked = (user("hi"), assistant("Wait.", Native("messages", SEARCH)))
    assert turns_of(*asked, user("go on"))[1] == ("assistant", "Wait.")
    assert turns_of(*asked, system("Be brief."))[1] == ("assistant", "Wait.")
    assert turns_of(*asked)[1] == ("assistant", [{"type": "text", "text": "Wait."}, SEARCH])
    assert turns_of(*asked, user(""))[1] == ("assistant", [{"type": "text", "text": "Wait."}, SEARCH])
    twice = assistant(Native("messages", SEARCH), Native("messages", SEARCH), Native("messages", FOUND))
    assert turns_of(user("hi"), twice, user("go on"))[1] == ("assistant", [SEARCH, FOUND])


def test_what_the_assistant_made_goes_into_the_next_turn_of_the_user():
    made = Image(data=PNG, media_type="image/png")
    block = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
    assert turns_of(user("draw"), assistant("Here:", made), user("bigger")) == [
        ("user", "draw"),
        ("assistant", "Here:"),
        ("user", [block, {"type": "text", "text": "bigger"}]),
    ]
    turns = turns_of(user("draw"), assistant(made, ToolCall("t", "f", "{}")), tool(result("t", "done")))
    assert [part["type"] for part in turns[2][1]] == ["tool_result", "image"]


def test_cache_control_of_a_message_goes_to_its_last_block():
    extras = {"cache_control": CACHED}
    thought = Reasoning("Hm", "messages", signature="sig", form="thinking")
    messages = (
        Message("system", (Text("s"),), extras=extras),
        Message("user", (Text("a"), Text("b")), extras=extras),
        assistant("c", thought, extras=extras),
        user("d"),
    )
    body = body_of(*messages)
    assert body["system"] == [{"type": "text", "text": "s", "cache_control": CACHED}]
    assert body["messages"][0]["content"] == [
        {"type": "text", "text": "a"},
        {"type": "text", "text": "b", "cache_control": CACHED},
    ]
    assert body["messages"][1]["content"] == [{"type": "text", "text": "c", "cache_control": CACHED}]


def test_names_of_speakers_are_left_out():
    assert turns_of(Message("user", (Text("hi"),), name="Ada")) == [("user", "hi")]
