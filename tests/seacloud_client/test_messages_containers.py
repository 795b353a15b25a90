"""The container of the model's programs goes back while one of them waits, and only then."""

from __future__ import annotations

import json
from typing import Any

import pytest
from messages_wire import START, STOP, Json, assistant, body_of, message, reply_of, result, stop, tool
from seacloud_client.conversation import Message, Native, Request, ToolCall, user
from seacloud_client.folding import Fold, unfold
from seacloud_client.protocols import get_protocol
from seacloud_client.protocols.messages import PROTOCOL
from seacloud_emulator.protocols.messages.validation import check_request
from seacloud_emulator.refusals import Refusal

CONTAINER = {"id": "container_1", "expires_at": "2027-01-01T00:00:00Z"}
RUN = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "code_execution", "input": {"code": "f()"}}
RAN = {
    "type": "code_execution_tool_result",
    "tool_use_id": "srvtoolu_1",
    "content": {"type": "code_execution_result", "stdout": "", "stderr": "", "return_code": 0, "content": []},
}
CALLER = {"type": "code_execution_20250825", "tool_id": "srvtoolu_1"}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}, "caller": CALLER}
DONE = tool(result("toolu_1", "1"))


def told(*content: Json, **fields: Any) -> Message:
    """A reply's message."""
    return PROTOCOL.decode(message(*content, stop_reason="tool_use", **fields)).message


def test_a_reply_tells_its_container_whole_and_streamed():
    plain = PROTOCOL.decode(message(container=CONTAINER))
    assert plain.message.container == plain.container == "container_1"
    assert reply_of(START, stop(container=CONTAINER), STOP).message == plain.message
    assert Fold().add_all(unfold(plain)).reply() == plain


@pytest.mark.parametrize("container", [None, "x", {}, {"id": 3}, {"id": ""}, [1]])
def test_what_is_no_container_is_none(container: Any):
    assert PROTOCOL.decode(message(container=container)).message.container is None


def test_another_protocols_field_of_that_name_is_none():
    body = {"id": "c", "choices": [{"message": {"content": "x"}, "finish_reason": "stop"}], "container": CONTAINER}
    assert get_protocol("chat_completions").decode(body).message.container is None


WAITING: dict[str, tuple[Message, ...]] = {
    "a program's call": (told(RUN, CALL, container=CONTAINER), DONE),
    "a call beside a program": (
        told(RUN, {**CALL, "caller": {"type": "direct"}}, container=CONTAINER),
        DONE,
    ),
    "a paused turn": (told(RUN, container=CONTAINER),),
    "a second round that does not tell it": (
        told(RUN, CALL, container=CONTAINER),
        DONE,
        told({**CALL, "id": "toolu_2"}),
        tool(result("toolu_2", "2")),
    ),
    "a second round in another": (
        told(RUN, CALL, container={**CONTAINER, "id": "container_0"}),
        DONE,
        told({**CALL, "id": "toolu_2"}, container=CONTAINER),
        tool(result("toolu_2", "2")),
    ),
}


@pytest.mark.parametrize("name", WAITING)
def test_the_container_goes_back_while_a_program_waits(name: str):
    body = body_of(user("go"), *WAITING[name])
    assert body["container"] == "container_1"
    check_request(body)


def test_the_emulator_refuses_a_waiting_program_without_its_container():
    body = body_of(user("go"), *WAITING["a program's call"])
    for container in (None, {"skills": []}):
        with pytest.raises(Refusal, match="container_id is required when there are pending tool uses"):
            check_request({**body, "container": container})


NOT_WAITING: dict[str, tuple[Message, ...]] = {
    "it is done": (told(RUN, RAN, container=CONTAINER), user("go on")),
    "it is done, and the caller's tool is called": (
        told(RUN, RAN, {**CALL, "caller": {"type": "direct"}}, container=CONTAINER),
        DONE,
    ),
    "it was done after its call": (told(RUN, CALL, container=CONTAINER), DONE, told(RAN), user("go on")),
    "the user spoke": (told(RUN, CALL, container=CONTAINER), DONE, user("never mind")),
    "the container is of an earlier turn": (
        told(RUN, RAN, container=CONTAINER),
        user("go on"),
        told({**RUN, "id": "srvtoolu_2", "name": "web_search"}),
    ),
    "there is no program": (assistant(ToolCall("toolu_1", "f", "{}"), container="container_1"), DONE),
}


@pytest.mark.parametrize("name", NOT_WAITING)
def test_no_container_goes_back_otherwise(name: str):
    assert "container" not in body_of(user("go"), *NOT_WAITING[name])


def test_a_container_of_the_callers_wins():
    waiting = (user("go"), *WAITING["a program's call"])
    assert body_of(*waiting, extra_body={"container": "mine"})["container"] == "mine"
    named = {"id": "mine", "skills": []}
    assert body_of(*waiting, extra_body={"container": named})["container"] == named


def test_skills_of_the_callers_go_into_the_container():
    skills = {"skills": [{"type": "anthropic", "skill_id": "xlsx"}]}
    field = {"extra_body": {"container": skills}}
    body = body_of(user("go"), *WAITING["a program's call"], **field)
    assert body["container"] == {**skills, "id": "container_1"}
    assert body_of(user("go"), **field)["container"] == skills


@pytest.mark.parametrize(("protocol", "model"), [("chat_completions", "gpt-4.1"), ("responses", "gpt-5")])
def test_another_protocol_is_told_of_no_container(protocol: Any, model: str):
    history = (user("go"), *WAITING["a program's call"])
    assert any(isinstance(part, Native) for part in history[1].parts)
    body = get_protocol(protocol).encode(Request(model=model, messages=history), False)
    assert "container_1" not in json.dumps(body)
