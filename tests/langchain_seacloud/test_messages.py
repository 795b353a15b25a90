"""LangChain's messages as a conversation: roles, calls at their places, histories of other packages."""

from __future__ import annotations

from typing import Any

import pytest
from langchain_core.messages import (
    AIMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    convert_to_messages,
)
from langchain_seacloud.messages import read_messages
from langchain_seacloud.replies import generations
from seacloud_client.conversation import (
    Choice,
    Image,
    Message,
    Native,
    Reasoning,
    Refusal,
    Reply,
    Text,
    ToolCall,
    ToolResult,
)
from seacloud_client.errors import InvalidInputError

ADD = {"name": "add", "args": {"a": 1}, "id": "call_1"}


def parts_of(message: Any, protocol: Any = "responses") -> list[Any]:
    (read,) = read_messages([message], protocol)
    return list(read.parts)


@pytest.mark.parametrize(
    ("message", "role"),
    [
        (HumanMessage("hi"), "user"),
        (SystemMessage("hi"), "system"),
        (AIMessage("hi"), "assistant"),
        (ChatMessage("hi", role="user"), "user"),
        (ChatMessage("hi", role="developer"), "developer"),
        (ChatMessage("hi", role="model"), "assistant"),
        (convert_to_messages([{"role": "developer", "content": "hi"}])[0], "developer"),
    ],
)
def test_roles(message: Any, role: Any) -> None:
    assert read_messages([message], "responses") == (Message(role, (Text("hi"),)),)


def test_unknown_role_is_told() -> None:
    with pytest.raises(InvalidInputError, match=r"role 'narrator'.*must be one of system, developer, user"):
        read_messages([ChatMessage("hi", role="narrator")], "responses")


def test_names_are_kept() -> None:
    (read,) = read_messages([HumanMessage("hi", name="ann")], "responses")
    assert read.name == "ann"


def test_tool_results() -> None:
    picture = {"type": "image", "url": "https://files.example/cat.png"}
    message = ToolMessage([{"type": "text", "text": "a cat"}, picture], tool_call_id="c", status="error", name="draw")
    assert parts_of(message) == [
        ToolResult("c", (Text("a cat"), Image(url="https://files.example/cat.png")), is_error=True, name="draw")
    ]
    assert parts_of(FunctionMessage("42", name="add")) == [ToolResult("add", (Text("42"),))]


def test_calls_and_invalid_calls() -> None:
    invalid = {"name": "add", "args": '{"a": ', "id": "call_2", "error": "cut", "type": "invalid_tool_call"}
    message = AIMessage("On it.", tool_calls=[ADD], invalid_tool_calls=[invalid])
    assert parts_of(message) == [
        Text("On it."),
        ToolCall("call_1", "add", '{"a": 1}'),
        ToolCall("call_2", "add", '{"a": '),
    ]


@pytest.mark.parametrize("protocol", ["chat_completions", "responses", "messages"])
def test_a_call_that_was_repaired_goes_back_whole(protocol: Any) -> None:
    """What is kept of the arguments that did not parse says nothing of those that stand there now."""
    cut = ToolCall("call_1", "add", '{"a": ')
    message = generations(Reply(protocol=protocol, choices=(Choice(parts=(cut,)),)))[0].message
    assert parts_of(message) == [cut]
    call: Any = {"name": "add", "args": {"a": 1234567890}, "id": "call_1", "type": "tool_call"}
    repaired = message.model_copy(update={"tool_calls": [call], "invalid_tool_calls": []})
    assert parts_of(repaired) == [ToolCall("call_1", "add", '{"a": 1234567890}')]


def test_call_without_id_is_told() -> None:
    with pytest.raises(InvalidInputError, match="'add' has no id"):
        read_messages([AIMessage("", tool_calls=[{**ADD, "id": None}])], "responses")  # type: ignore[list-item]


def test_calls_stand_where_the_content_has_them() -> None:
    content: list[Any] = [{"type": "text", "text": "a"}, {"type": "tool_call", **ADD}, {"type": "text", "text": "b"}]
    message = AIMessage(content, tool_calls=[{**ADD, "id": "call_0"}, ADD])  # type: ignore[list-item]
    kinds = [part.id if isinstance(part, ToolCall) else part.text for part in parts_of(message)]
    assert kinds == ["a", "call_1", "b", "call_0"]


def test_what_an_edited_call_says_wins_over_the_content() -> None:
    content: list[Any] = [{"type": "tool_call", **ADD}]
    message = AIMessage(content, tool_calls=[{**ADD, "args": {"a": 2}}])  # type: ignore[list-item]
    assert parts_of(message) == [ToolCall("call_1", "add", '{"a": 2}')]


@pytest.mark.parametrize(
    "block",
    [
        {"type": "tool_use", "id": "call_1", "name": "add", "input": {"a": 1}},  # Anthropic's
        {"type": "function_call", "call_id": "call_1", "name": "add", "arguments": '{"a": 1}'},  # OpenAI's Responses
        {"type": "tool_call", **ADD},  # langchain-core's
    ],
)
def test_calls_of_which_only_the_content_tells(block: dict[str, Any]) -> None:
    """As users write few-shot examples, and as langchain-anthropic reads them."""
    call, result = read_messages([AIMessage(["a", block]), ToolMessage("2", tool_call_id="call_1")], "messages")
    assert call.parts == (Text("a"), ToolCall("call_1", "add", '{"a": 1}'))
    assert result.parts == (ToolResult("call_1", (Text("2"),)),)


def test_a_custom_call_of_which_only_the_content_tells() -> None:
    block = {"type": "custom_tool_call", "call_id": "call_1", "name": "run", "input": "1 + 1"}
    assert parts_of(AIMessage([block])) == [ToolCall("call_1", "run", "1 + 1", "custom")]


def test_calls_that_were_taken_out_of_our_own_reply_stay_out() -> None:
    mine = {"model_provider": "seacloud"}
    assert parts_of(AIMessage(["a", {"type": "tool_call", **ADD}], response_metadata=mine)) == [Text("a")]


def test_the_oldest_form_of_a_call() -> None:
    called = AIMessage("", additional_kwargs={"function_call": {"name": "add", "arguments": '{"a": 1}'}})
    call, result = read_messages([called, FunctionMessage("2", name="add")], "responses")
    assert call.parts == (ToolCall("add", "add", '{"a": 1}'),)
    assert result.parts == (ToolResult("add", (Text("2"),)),)


def test_facts_of_calls_go_back() -> None:
    facts = {"call_1": {"item_id": "fc_1", "extras": {"status": "completed"}, "before": 1}}
    content: list[Any] = [{"type": "reasoning", "reasoning": "a"}, {"type": "reasoning", "reasoning": "b"}]
    message = AIMessage(content, tool_calls=[ADD], additional_kwargs={"tool_call_facts": facts})
    _, call, last = parts_of(message)
    assert call == ToolCall("call_1", "add", '{"a": 1}', "function", "fc_1", {"status": "completed"})
    assert last.text == "b"


def test_results_of_custom_tools_are_custom() -> None:
    facts = {"tool_call_facts": {"call_1": {"kind": "custom"}}}
    call = AIMessage("", tool_calls=[{"name": "run", "args": {"input": ""}, "id": "call_1"}], additional_kwargs=facts)
    called, result = read_messages([call, ToolMessage("ok", tool_call_id="call_1")], "responses")
    assert called.parts == (ToolCall("call_1", "run", "", "custom"),)
    assert result.parts == (ToolResult("call_1", (Text("ok"),), kind="custom"),)


def test_refusal_goes_back() -> None:
    message = AIMessage("", additional_kwargs={"refusal": "No.", "refusal_id": "msg_1"})
    assert parts_of(message) == [Refusal("No.", "msg_1")]


def test_core_s_own_notes_are_not_sent() -> None:
    message = HumanMessage("hi", additional_kwargs={"lc_source": "notification", "lc_data": {"a": 1}})
    assert read_messages([message], "responses") == (Message("user", (Text("hi"),)),)


def test_history_of_langchain_anthropic() -> None:
    content: list[Any] = [
        {"type": "thinking", "thinking": "hm", "signature": "sig"},
        {"type": "text", "text": "On it."},
        {"type": "tool_use", "id": "call_1", "name": "add", "input": {"a": 1}},
        {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}},
    ]
    message = AIMessage(content, tool_calls=[ADD], response_metadata={"model_provider": "anthropic"})  # type: ignore[list-item]
    assert parts_of(message, "chat_completions") == [
        Reasoning("hm", "messages", signature="sig", form="thinking"),
        Text("On it."),
        ToolCall("call_1", "add", '{"a": 1}'),
        Native("messages", content[3]),
    ]


def test_history_of_langchain_openai() -> None:
    content: list[Any] = [
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {"type": "text", "text": "On it.", "id": "msg_1"},
        {"type": "function_call", "call_id": "call_1", "name": "add", "arguments": "{}", "id": "fc_1"},
    ]
    facts = {"model_provider": "openai", "id": "resp_1"}
    message = AIMessage(content, tool_calls=[ADD], response_metadata=facts)  # type: ignore[list-item]
    assert parts_of(message, "chat_completions") == [
        Native("responses", content[0]),
        Text("On it.", id="msg_1"),
        ToolCall("call_1", "add", '{"a": 1}'),
    ]


def test_history_of_langchain_deepseek() -> None:
    message = AIMessage("Yes.", additional_kwargs={"reasoning_content": "hm"})
    assert parts_of(message) == [Reasoning("hm", "chat_completions", form="reasoning_content"), Text("Yes.")]


def test_history_of_langchain_openrouter() -> None:
    details = [{"type": "reasoning.text", "text": "hm", "format": "x", "index": 0}]
    message = AIMessage("Yes.", additional_kwargs={"reasoning_content": "hm", "reasoning_details": details})
    expected = Reasoning("hm", "chat_completions", form="reasoning.text", extras={"format": "x", "index": 0})
    assert parts_of(message) == [expected, Text("Yes.")]
