"""Conversations as Responses takes them: what each turn becomes, and what of a history cannot go back."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from responses_wire import PDF, PNG, Json, answer_of, assistant, body_of, call, items_of, native, result, tool
from seacloud_client.conversation import (
    Annotation,
    Audio,
    File,
    Image,
    Message,
    Native,
    Part,
    Reasoning,
    Refusal,
    Request,
    Text,
    ToolCall,
    Video,
    system,
    user,
)
from seacloud_client.errors import InvalidInputError
from seacloud_client.protocols.responses import PROTOCOL

CITED = {"type": "url_citation", "url": "https://x.example", "title": "x", "start_index": 0, "end_index": 1}
SEARCH: Json = {
    "type": "web_search_call",
    "id": "ws_1",
    "status": "completed",
    "action": {"type": "search", "query": "x"},
}
SHELL: Json = {
    "type": "local_shell_call",
    "id": "lsh_1",
    "call_id": "call_9",
    "status": "completed",
    "action": {"type": "exec", "command": ["ls"], "env": {}},
}
SHELL_OUTPUT: Json = {"type": "local_shell_call_output", "id": "call_9", "output": "a.txt"}
APPROVE: Json = {"type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": True}
APPROVAL: Json = {
    "type": "mcp_approval_request",
    "id": "mcpr_1",
    "arguments": "{}",
    "name": "f",
    "server_label": "sea",
}

HIDDEN = Reasoning("", "responses", id="rs_1", encrypted="xyz")
SAID = Text("Hi.", id="msg_1", extras={"reasoning_id": "rs_1"})


def test_a_system_message_that_comes_first_is_the_instructions():
    body = body_of(system("Be brief."), system("Be kind."), user("hi"), Message("developer", (Text("Now in verse."),)))
    assert body["instructions"] == "Be brief."
    assert body["input"] == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "hi"},
        {"role": "developer", "content": "Now in verse."},
    ]


def test_instructions_of_several_parts_or_alone_are_an_item():
    marked = Text("b", extras={"prompt_cache_breakpoint": {"mode": "explicit"}})
    body = body_of(Message("system", (Text("a"), marked)), user("hi"))
    assert "instructions" not in body
    assert [part["text"] for part in body["input"][0]["content"]] == ["a", "b"]
    assert body_of(system("Write a poem.")) == {
        "model": "gpt-5.5",
        "input": [{"role": "system", "content": "Write a poem."}],
    }


def test_what_a_user_sends():
    breakpoint_here = {"prompt_cache_breakpoint": {"mode": "explicit"}}
    (turn,) = items_of(
        user(
            Text("Look:", extras=breakpoint_here),
            Image(url="https://x.example/a.png", extras={"detail": "low"}),
            Image(data=PNG, media_type="image/png"),
            Image(file_id="file-1"),
            File(data=PDF, media_type="application/pdf"),
            File(data=PDF, media_type="application/pdf", name="a.pdf", extras={"detail": "high"}),
            File(url="https://x.example/a.pdf"),
            File(file_id="file-2"),
            File(data=PNG, media_type="image/png"),
            Refusal("No."),
        )
    )
    png = {"type": "input_image", "detail": "auto", "image_url": f"data:image/png;base64,{PNG}"}
    pdf = {"type": "input_file", "filename": "file.pdf", "file_data": f"data:application/pdf;base64,{PDF}"}
    assert turn["content"] == [
        {"type": "input_text", "text": "Look:", **breakpoint_here},
        {"type": "input_image", "detail": "low", "image_url": "https://x.example/a.png"},
        png,
        {"type": "input_image", "detail": "auto", "file_id": "file-1"},
        pdf,
        {**pdf, "filename": "a.pdf", "detail": "high"},
        {"type": "input_file", "file_url": "https://x.example/a.pdf"},
        {"type": "input_file", "file_id": "file-2"},
        png,
        {"type": "input_text", "text": "No."},
    ]


@pytest.mark.parametrize("part", [Audio(data="UklG", media_type="audio/wav"), Video(url="https://x.example/a.mp4")])
def test_what_cannot_be_sent_is_refused(part: Part):
    with pytest.raises(InvalidInputError, match=r"takes no (audio|video).*Nothing was sent"):
        items_of(user("hi", part))
    with pytest.raises(InvalidInputError, match="Nothing was sent"):
        items_of(user("hi"), assistant(call("f")), tool(result("call_1", part)))


def test_data_without_a_type_is_refused():
    with pytest.raises(InvalidInputError, match="media_type"):
        items_of(user(Image(data=PNG)))


def test_native_items_of_the_user_are_items():
    items = items_of(user("hi"), assistant(native(APPROVAL)), user(native(APPROVE), "and this"))
    assert items[1:] == [APPROVAL, APPROVE, {"role": "user", "content": "and this"}]


def test_native_parts_of_content_are_content_and_those_of_other_protocols_are_left_out():
    own = {"type": "input_file", "file_id": "file-9"}
    foreign = Native("messages", {"type": "container_upload", "file_id": "file-1"})
    assert items_of(user(native(own), foreign)) == [{"role": "user", "content": [own]}]
    assert items_of(user("hi"), user(foreign)) == [{"role": "user", "content": "hi"}]
    *_, output = items_of(user("hi"), assistant(call("f")), tool(result("call_1", native(own), foreign)))
    assert output["output"] == [own]


def test_what_the_assistant_said_goes_back_item_by_item():
    cited = Annotation(type="url_citation", raw=CITED, protocol="responses")
    foreign = Annotation(type="x", raw={"type": "x"}, protocol="messages")
    assert answer_of(
        HIDDEN,
        Text("Look", (cited, foreign), "msg_1", {"phase": "commentary", "reasoning_id": "rs_1"}),
        Refusal("No.", "msg_1"),
        native(SEARCH),
        call("f", extras={"reasoning_id": "rs_1", "namespace": "n", "status": "in_progress"}),
        Text("Done.", id="msg_2", extras={"status": "incomplete"}),
        model="m",
    ) == [
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "xyz"},
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "completed",
            "phase": "commentary",
            "content": [
                {"type": "output_text", "text": "Look", "annotations": [CITED]},
                {"type": "refusal", "refusal": "No."},
            ],
        },
        SEARCH,
        {
            "type": "message",
            "id": "msg_2",
            "role": "assistant",
            "status": "incomplete",
            "content": [{"type": "output_text", "text": "Done.", "annotations": []}],
        },
    ]  # the call has no result


def test_reasoning_parts_of_one_id_are_one_item():
    parts = [
        Reasoning("a", "responses", id="rs_1", encrypted="x", form="summary_text"),
        Reasoning("b", "responses", id="rs_1", form="summary_text"),
        Reasoning("c", "responses", id="rs_1", form="reasoning_text", extras={"status": "completed"}),
        Reasoning("d", "responses", id="rs_2", encrypted="y"),
    ]
    one, two, _ = answer_of(*parts, "Hi.")
    assert one == {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "b"}],
        "content": [{"type": "reasoning_text", "text": "c"}],
        "encrypted_content": "x",
        "status": "completed",
    }
    assert two["summary"] == [{"type": "summary_text", "text": "d"}]


def test_encrypted_reasoning_goes_back_without_an_id_too():
    """Clients that store nothing leave the ids out (the recordings of xAI's models); OpenAI's type demands one."""
    hidden = replace(HIDDEN, id=None)
    request = Request(model="m", messages=(user("hi"), assistant(hidden, hidden, "Hi."), user("go on")))
    items = PROTOCOL.encode(request, False)["input"]
    assert items[1:3] == [{"type": "reasoning", "summary": [], "encrypted_content": "xyz"}] * 2


def test_what_was_said_on_another_protocol_is_plain():
    assert answer_of(
        Reasoning("Hm.", "messages", signature="s"),
        Native("messages", {"type": "server_tool_use"}),
        Text("Hi "),
        Text("you.", id="lc_1"),
        Refusal("No."),
        Audio(data="UklG", media_type="audio/wav", transcript="Aloud."),
    ) == [{"role": "assistant", "content": "Hi you.No.Aloud."}]


def test_a_phase_goes_back_without_an_id_too():
    assert answer_of(Text("Hi.", extras={"phase": "final_answer"})) == [
        {"role": "assistant", "content": "Hi.", "phase": "final_answer"}
    ]


def test_pictures_of_the_assistant_go_into_the_users_turn():
    items = items_of(user("draw"), assistant("Here.", Image(data=PNG, media_type="image/png")), user("thanks"))
    assert [part["type"] for part in items[-1]["content"]] == ["input_image", "input_text"]


@pytest.mark.parametrize("where", ["id", "extras"])
def test_generated_pictures_go_back_as_items(where: str):
    item = {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": PNG, "size": "1024x1024"}
    extras = {key: item[key] for key in ("type", "status", "size")}
    picture = Image(data=PNG, media_type="image/png", id="ig_1", extras=extras)
    if where == "extras":  # as LangChain's content blocks have it
        picture = replace(picture, id=None, extras={**extras, "id": "ig_1"})
    assert answer_of(picture) == [item]


def test_results_of_every_kind():
    custom = ToolCall("call_2", "sql", "select 1", "custom", "ctc_1", {"status": "completed"})
    items = items_of(
        user("hi"),
        assistant(call("f"), custom, call("g", 3)),
        tool(
            result("call_1", "a", Image(data=PNG, media_type="image/png"), is_error=True),
            result("call_2", "1", kind="custom"),
            result("call_3"),
        ),
    )
    assert items[2] == {
        "type": "custom_tool_call",
        "id": "ctc_1",
        "call_id": "call_2",
        "name": "sql",
        "input": "select 1",
    }
    assert items[4:] == [
        {
            "type": "function_call_output",
            "call_id": "call_1",
            "output": [
                {"type": "input_text", "text": "a"},
                {"type": "input_image", "detail": "auto", "image_url": f"data:image/png;base64,{PNG}"},
            ],
        },
        {"type": "custom_tool_call_output", "call_id": "call_2", "output": "1"},
        {"type": "function_call_output", "call_id": "call_3", "output": ""},
    ]


def test_the_kind_of_a_result_is_that_of_its_call():
    custom = ToolCall("call_2", "sql", "select 1", "custom")
    *_, output = items_of(user("hi"), assistant(custom), tool(result("call_2", "1")))
    assert output["type"] == "custom_tool_call_output"


def test_the_caller_of_a_call_is_told_with_its_result():
    caller = {"type": "program", "caller_id": "call_0"}
    _, sent, output = items_of(
        user("hi"),
        assistant(call("f", extras={"caller": caller, "status": "in_progress"})),
        tool(result("call_1", "1")),
    )
    assert sent["caller"] == output["caller"] == caller
    assert sent["status"] == "in_progress"


def test_ids_of_calls_that_are_too_long_or_used_again_are_mapped():
    long = "x" * 65
    items = items_of(
        user("hi"),
        assistant(ToolCall(long, "f", "{}"), ToolCall("call_1", "f", "{}")),
        tool(result(long, "a"), result("call_1", "b")),
        assistant(ToolCall("call_1", "f", "{}")),
        tool(result("call_1", "c")),
    )
    calls = [item["call_id"] for item in items if item.get("type") == "function_call"]
    results = [(item["call_id"], item["output"]) for item in items if item.get("type") == "function_call_output"]
    assert results == list(zip(calls, "abc", strict=True))
    assert len(set(calls)) == 3
    assert max(map(len, calls)) <= 64
    assert calls[1] == "call_1"


def test_an_id_goes_back_as_it_came_where_nobody_knows_of_a_limit():
    """LiteLLM keeps Gemini's signature of a thought in it."""
    long = f"call_1__thought__{'c2ln' * 90}"
    history = (user("hi"), assistant(ToolCall(long, "f", "{}")), tool(result(long, "a")))
    assert [item["call_id"] for item in items_of(*history, model="gemini-3-pro")[1:]] == [long, long]


def test_arguments_that_are_no_object_go_back_in_one():
    history = (user("hi"), assistant(ToolCall("call_1", "f", '{"label": A1:B10}')), tool(result("call_1", "no")))
    sent = items_of(*history, model="qwen-plus")[1]["arguments"]
    assert json.loads(sent) == {"invalid_arguments": '{"label": A1:B10}'}


# What of a history cannot go back: OpenAI's guides to reasoning and to the state of a conversation say why.


def test_reasoning_that_has_lost_what_followed_is_left_out():
    assert answer_of(HIDDEN) == []
    assert answer_of("Hi.", HIDDEN) == [{"role": "assistant", "content": "Hi."}]
    assert answer_of(HIDDEN, call("f")) == []  # the call has no result
    assert answer_of(HIDDEN, Text("")) == []
    other = replace(HIDDEN, id="rs_2")
    kept = answer_of(HIDDEN, call("f"), other, Text("Hi.", id="msg_1", extras={"reasoning_id": "rs_2"}))
    assert [item["id"] for item in kept] == ["rs_2", "msg_1"]


def test_reasoning_from_which_a_result_parts_what_followed_is_left_out():
    history = (user("hi"), assistant(call("f"), HIDDEN), assistant("Hi."), tool(result("call_1", "a")), user("go on"))
    assert "reasoning" not in [item.get("type") for item in items_of(*history)]


def test_reasoning_of_a_turn_that_was_cut_in_two_is_kept():
    items = items_of(user("hi"), assistant(HIDDEN), assistant(SAID), user("go on"))
    assert [item.get("id") for item in items] == [None, "rs_1", "msg_1", None]


def test_what_has_lost_its_reasoning_goes_back_without_its_id():
    (said,) = answer_of(SAID)
    assert said == {"role": "assistant", "content": "Hi."}
    _, sent, _ = items_of(
        user("hi"), assistant(call("f", extras={"reasoning_id": "rs_1"})), tool(result("call_1", "a"))
    )
    assert sent == {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}


def test_a_native_item_that_has_lost_its_reasoning_is_left_out():
    assert answer_of(native(SEARCH), SAID) == [{"role": "assistant", "content": "Hi."}]
    unreasoned = replace(SAID, extras=None)
    assert [item["id"] for item in answer_of(native(SEARCH), unreasoned)] == ["ws_1", "msg_1"]
    assert [item["id"] for item in answer_of(HIDDEN, native(SEARCH), SAID)] == ["rs_1", "ws_1", "msg_1"]
    stored = Reasoning("", "responses", id="rs_1")
    assert answer_of(stored, native(SEARCH), store=False) == []
    late = replace(SAID, extras={"reasoning_id": "rs_2"})
    kept = answer_of(native(SEARCH), HIDDEN, native({**SEARCH, "id": "ws_2"}), late)
    assert kept == [SEARCH, {"role": "assistant", "content": "Hi."}]  # all that stands between them goes together


@pytest.mark.parametrize(("store", "sent"), [(None, True), (True, True), (False, False)])
def test_reasoning_that_only_the_service_has_needs_to_be_stored(store: bool | None, sent: bool):
    stored = Reasoning("Hm.", "responses", id="rs_1", form="summary_text")
    items = answer_of(stored, SAID, store=store)
    assert [item.get("id") for item in items] == (["rs_1", "msg_1"] if sent else [None])


def test_reasoning_that_only_the_service_has_stands_before_what_the_service_knows():
    stored = Reasoning("", "responses", id="rs_1")
    assert [item.get("id") for item in answer_of(stored, Text("Hi."))] == [None]
    assert [item.get("id") for item in answer_of(stored, native(SEARCH), "Hi.")] == ["rs_1", "ws_1", None]
    assert [item.get("id") for item in answer_of(HIDDEN, Text("Hi."))] == ["rs_1", None]
    assert [item.get("id") for item in answer_of(replace(stored, id=None), Text("Hi.", id="msg_1"))] == ["msg_1"]


def test_reasoning_without_proof_is_left_out_but_where_its_text_is_all_there_is():
    assert [item.get("type") for item in answer_of(Reasoning("Hm.", "responses"), "Hi.")] == [None]
    open_model = Reasoning("Hm.", "responses", id="rs_1", form="reasoning_text")
    (thought, _) = answer_of(open_model, "Hi.", store=False)
    assert thought["content"] == [{"type": "reasoning_text", "text": "Hm."}]


def test_a_refusal_goes_back_as_the_message_that_it_was():
    declined = Refusal("No.", "msg_1", {"phase": "final_answer", "status": "incomplete", "reasoning_id": "rs_1"})
    _, sent = answer_of(HIDDEN, declined)
    assert sent == {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "incomplete",
        "phase": "final_answer",
        "content": [{"type": "refusal", "refusal": "No."}],
    }
    assert answer_of(declined) == [{"role": "assistant", "content": "No.", "phase": "final_answer"}]
    assert answer_of(native(SEARCH), declined) == answer_of(declined)  # the search belonged to the reasoning too


def test_calls_of_built_in_tools_and_their_outputs_need_each_other():
    call_, output = native(SHELL), native(SHELL_OUTPUT)
    assert items_of(user("hi"), assistant(call_), user(output))[1:] == [SHELL, SHELL_OUTPUT]
    assert items_of(user("hi"), user(output)) == [{"role": "user", "content": "hi"}]
    assert items_of(user("hi"), assistant(call_))[1:] == [SHELL]  # the last word: the output is still to come
    assert answer_of(call_, "Hi.") == [SHELL, {"role": "assistant", "content": "Hi."}]
    *_, said, last = items_of(user("hi"), assistant(call_), user("and?"), assistant("Hi."), user("go on"))
    assert (said["role"], last["role"]) == ("assistant", "user")
    assert SHELL not in items_of(user("hi"), assistant(call_), user("and?"), assistant("Hi."), user("go on"))


def test_what_the_service_alone_tells_of_an_item_does_not_go_back():
    printed = {"stdout": "a", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}
    item = {"type": "shell_call_output", "call_id": "call_9", "output": [printed]}
    told = {**item, "output": [{**printed, "created_by": "x"}], "created_by": "x"}
    assert items_of(user(native(told)), previous_response_id="resp_1") == [item]


def test_results_without_a_call_are_left_out_unless_the_service_has_the_call():
    messages = (tool(result("call_7", "a")), user(native(SHELL_OUTPUT), "go on"))
    assert items_of(*messages) == [{"role": "user", "content": "go on"}]
    output = {"type": "function_call_output", "call_id": "call_7", "output": "a"}
    expected = [output, SHELL_OUTPUT, {"role": "user", "content": "go on"}]
    assert items_of(*messages, previous_response_id="resp_1") == expected
    assert items_of(*messages, extra_body={"conversation": "conv_1"}) == expected


def test_with_a_previous_response_calls_and_results_of_ours_are_still_paired():
    items = items_of(
        user("hi"), assistant(call("f")), user("well?"), tool(result("call_1", "a")), previous_response_id="resp_1"
    )
    assert [item.get("type", item.get("content")) for item in items] == [
        "hi",
        "function_call",
        "function_call_output",
        "well?",
    ]


def test_instructions_are_sent_anew_with_a_previous_response():
    body = body_of(system("Be brief."), tool(result("call_1", "a")), previous_response_id="resp_1")
    assert body["instructions"] == "Be brief."
    assert len(body["input"]) == 1
