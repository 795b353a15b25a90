"""Mending a history that was trimmed, merged or reordered: what holds of every outcome, and that services accept it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seacloud_client.conversation import (
    Message,
    Native,
    Part,
    Protocol,
    Reasoning,
    Refusal,
    Request,
    Text,
    ToolCall,
    ToolResult,
    user,
)
from seacloud_client.errors import InvalidInputError
from seacloud_client.models import facts_of
from seacloud_client.protocols import get_protocol
from seacloud_client.protocols.history import mend
from seacloud_emulator.protocols.chat_validation import check_chat
from seacloud_emulator.protocols.messages.signatures import sign
from seacloud_emulator.protocols.messages.validation import check_request as check_messages
from seacloud_emulator.protocols.responses.validation import check_request as check_responses
from seacloud_emulator.strict import problems


def call(call_id: str) -> ToolCall:
    return ToolCall(call_id, "look", "{}")


def result(call_id: str, text: str = "seen") -> ToolResult:
    return ToolResult(call_id, (Text(text),))


def said(*parts: Part) -> Message:
    return Message("assistant", parts)


def answered(*results: ToolResult) -> Message:
    return Message("tool", results)


HELLO, BYE = user("Hello"), user("Bye")

CASES: Mapping[str, tuple[list[Message], list[Message]]] = {
    "whole": (
        [HELLO, said(call("a")), answered(result("a")), said(Text("Done.")), BYE],
        [HELLO, said(call("a")), answered(result("a")), said(Text("Done.")), BYE],
    ),
    "results in messages of their own": (
        [said(call("a"), call("b")), answered(result("a")), answered(result("b")), BYE],
        [said(call("a"), call("b")), answered(result("a"), result("b")), BYE],
    ),
    "an orphaned result": ([answered(result("a")), BYE], [BYE]),
    "an orphaned call": ([HELLO, said(Text("Hm."), call("a")), BYE], [HELLO, said(Text("Hm.")), BYE]),
    "an orphaned call alone": ([HELLO, said(call("a")), BYE], [HELLO, BYE]),
    "one of two calls": (
        [said(call("a"), call("b")), answered(result("b")), BYE],
        [said(call("b")), answered(result("b")), BYE],
    ),
    "a call as the last word": ([HELLO, said(call("a"))], [HELLO, said(call("a"))]),
    "a result behind a user's turn": (
        [said(call("a")), HELLO, answered(result("a")), BYE],
        [said(call("a")), answered(result("a")), HELLO, BYE],
    ),
    "a result before its call": ([answered(result("a")), said(call("a")), BYE], [BYE]),
    "a result twice": (
        [said(call("a")), answered(result("a", "one"), result("a", "two")), BYE],
        [said(call("a")), answered(result("a", "one")), BYE],
    ),
    "results in another order": (
        [said(call("a"), call("b")), answered(result("b"), result("a")), BYE],
        [said(call("a"), call("b")), answered(result("b"), result("a")), BYE],
    ),
    "an id used in every turn": (
        [said(call("0")), answered(result("0", "one")), said(call("0")), answered(result("0", "two")), BYE],
        [said(call("0")), answered(result("0", "one")), said(call("0")), answered(result("0", "two")), BYE],
    ),
    "an id used in every turn, and a result trimmed": (
        [said(Text("x"), call("0")), said(call("0")), answered(result("0", "two")), BYE],
        [said(Text("x")), said(call("0")), answered(result("0", "two")), BYE],
    ),
    "an id used twice in a turn": (
        [said(call("0"), call("0")), answered(result("0", "one"), result("0", "two")), BYE],
        [said(call("0"), call("0")), answered(result("0", "one"), result("0", "two")), BYE],
    ),
    "a result and words in one user's message": (
        [said(call("a")), Message("user", (result("a"), Text("Go on")))],
        [said(call("a")), answered(result("a")), Message("user", (Text("Go on"),))],
    ),
    "nothing": ([], []),
}


@pytest.mark.parametrize(("messages", "expected"), CASES.values(), ids=CASES.keys())
def test_each_case(messages: list[Message], expected: list[Message]):
    assert mend(messages) == expected


@pytest.mark.parametrize("protocol", ["chat_completions", "responses", "messages"])
def test_only_results_in_a_message_of_tools(protocol: Protocol):
    history = (user("Look."), said(call("a")), Message("tool", (result("a"), Text("and hurry"))))
    with pytest.raises(InvalidInputError, match=r"results of tools alone, and this one a Text.*Nothing was sent"):
        get_protocol(protocol).encode(Request(model="m", messages=history), False)


def test_results_of_stored_calls_stay_where_they_are():
    history = [
        HELLO,
        answered(result("a"), result("a", "again")),
        said(call("b")),
        answered(result("c"), result("b")),
        BYE,
    ]
    assert mend(history, calls_elsewhere=True) == [
        HELLO,
        answered(result("a")),
        said(call("b")),
        answered(result("b")),
        answered(result("c")),
        BYE,
    ]
    assert mend(history) == [HELLO, said(call("b")), answered(result("b")), BYE]


def test_results_of_stored_calls_stay_though_an_id_is_used_anew():
    history = [answered(result("0", "one")), said(call("0")), answered(result("0", "two")), BYE]
    assert mend(history, calls_elsewhere=True) == history
    assert mend(history) == history[1:]


def test_a_result_that_stands_before_its_call_is_of_no_stored_one():
    assert mend([answered(result("a")), said(Text("x"), call("a")), BYE], calls_elsewhere=True) == [
        said(Text("x")),
        BYE,
    ]


STORED: Mapping[str, dict[str, Any]] = {
    "previous_response_id": {"previous_response_id": "resp_1"},
    "previous_response_id of one's own": {"extra_body": {"previous_response_id": "resp_1"}},
    "conversation": {"extra_body": {"conversation": "conv_1"}},
}


@pytest.mark.parametrize("fields", STORED.values(), ids=STORED.keys())
def test_results_of_calls_that_responses_has_stored_are_sent(fields: dict[str, Any]):
    """OpenAI's guide "Function calling": behind a `previous_response_id` the outputs alone are the input."""
    stored = ToolResult("call_2", (Text("done"),), kind="custom")
    request = Request(model="gpt-5.5", messages=(answered(result("call_1"), stored), BYE), **fields)
    body = get_protocol("responses").encode(request, False)
    assert body["input"] == [
        {"type": "function_call_output", "call_id": "call_1", "output": "seen"},
        {"type": "custom_tool_call_output", "call_id": "call_2", "output": "done"},
        {"role": "user", "content": "Bye"},
    ]
    assert problems("responses", body) == []
    alone = get_protocol("responses").encode(replace(request, **dict.fromkeys(fields)), False)
    assert alone["input"] == [{"role": "user", "content": "Bye"}]


SEARCH = {"type": "search", "query": "cats"}
PROGRAM = {"code": "print(look())"}
RAN = {"type": "code_execution_result", "content": [], "return_code": 0, "stderr": "", "stdout": "seen"}

ids = st.sampled_from(["a", "b", "c"])
words = st.sampled_from(["", "Hm.", "Hello there."])
programs = [None, {"caller": {"type": "code_execution_20260120", "tool_id": "srvtoolu_2"}}]
calls = st.builds(
    lambda call_id, extras: ToolCall(call_id, "look", "{}", extras=extras), ids, st.sampled_from(programs)
)
results = st.builds(ToolResult, ids, st.lists(st.builds(Text, words), max_size=2).map(tuple), st.booleans())
thoughts = st.one_of(
    st.builds(
        Reasoning,
        words,
        st.sampled_from(["chat_completions", None]),
        form=st.sampled_from(["reasoning_content", "reasoning", "reasoning.text", None]),
    ),
    words.map(lambda text: Reasoning(text, "messages", signature=sign(text, omitted=False))),
    st.builds(Reasoning, words, st.just("messages")),
    st.builds(Reasoning, words, st.just("responses"), st.sampled_from(["rs_1", "rs_2"]), encrypted=st.just("enc")),
)
natives = st.sampled_from(
    [
        Native("responses", {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": SEARCH}),
        Native(
            "messages", {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}}
        ),
        Native("messages", {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []}),
        Native("messages", {"type": "server_tool_use", "id": "srvtoolu_2", "name": "code_execution", "input": PROGRAM}),
        Native("messages", {"type": "code_execution_tool_result", "tool_use_id": "srvtoolu_2", "content": RAN}),
    ]
)
messages = st.lists(
    st.one_of(
        st.builds(lambda text: Message("system", (Text(text),)), words),
        st.builds(lambda parts: Message("user", tuple(parts)), st.lists(st.builds(Text, words) | results, max_size=3)),
        st.builds(
            lambda parts: Message("assistant", tuple(parts)),
            st.lists(
                st.one_of(st.builds(Text, words), calls, thoughts, natives, st.builds(Refusal, words)), max_size=4
            ),
        ),
        st.builds(lambda parts: Message("tool", tuple(parts)), st.lists(results, max_size=3)),
    ),
    max_size=8,
)


def flat(history: list[Message], *, without: tuple[type, ...] = ()) -> list[Part]:
    return [part for message in history for part in message.parts if not isinstance(part, without)]


@given(messages)
@settings(max_examples=200)
def test_what_holds_of_every_outcome(history: list[Message]):
    mended = mend([*history, BYE])
    assert mend(mended) == mended
    # Only calls and results are ever left out or moved, and none is invented.
    assert flat(mended, without=(ToolCall, ToolResult)) == flat([*history, BYE], without=(ToolCall, ToolResult))
    assert not Counter(map(id, flat(mended))) - Counter(map(id, flat(history) + list(BYE.parts)))
    for place, message in enumerate(mended):
        assert message.parts
        made = Counter(part.id for part in message.parts if isinstance(part, ToolCall))
        following = mended[place + 1].parts if made else ()
        assert made == Counter(part.call_id for part in following if isinstance(part, ToolResult))
        if any(isinstance(part, ToolResult) for part in message.parts):
            assert any(isinstance(part, ToolCall) for part in mended[place - 1].parts)


@given(st.lists(st.lists(ids, min_size=1, max_size=3, unique=True), max_size=4))
def test_a_whole_history_stays_as_it_is(turns: list[list[str]]):
    history = [HELLO]
    for turn in turns:
        history += [said(Text("Look."), *map(call, turn)), answered(*map(result, turn)), said(Text("Done.")), BYE]
    assert mend(history) == history


CHECKS: Mapping[Protocol, Callable[[Any], Any]] = {
    "chat_completions": check_chat,
    "messages": check_messages,
    "responses": check_responses,
}


@pytest.mark.parametrize("protocol", CHECKS)
@given(
    history=messages,
    end=st.sampled_from([(BYE,), (said(call("z")), answered(result("z")))]),
    model=st.sampled_from(["gpt-4.1", "deepseek-reasoner", "claude-opus-4-6", "some-model"]),
)
@settings(max_examples=200, deadline=None)  # the first check builds the validators
def test_any_trimming_and_reordering_is_accepted(
    protocol: Protocol, history: list[Message], end: tuple[Message, ...], model: str
):
    request = Request(model=model, messages=(*history, *end), max_tokens=1000)
    body = get_protocol(protocol).encode(request, False)
    if protocol != "messages" or facts_of(model).vendor is not None:  # what is checked there is what Claude demands
        CHECKS[protocol](body)
    assert problems(protocol, body) == []


def test_messages_keep_what_else_they_have():
    named = replace(said(Text("x"), call("a")), name="eve", extras={"e": 1})
    assert mend([named, BYE])[0] == replace(named, parts=(Text("x"),))
