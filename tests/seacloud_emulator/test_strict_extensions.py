"""The named list of what the SDKs' types lack: every entry is needed, and none lets more through than it says."""

from __future__ import annotations

import re
from typing import Any

import pytest
from contract.our_reading import outcome_of
from contract.recordings import SKIP, load
from pydantic_core import SchemaValidator, ValidationError
from seacloud_client.conversation import (
    Audio,
    CustomTool,
    File,
    Image,
    Message,
    Native,
    Reasoning,
    Reply,
    Request,
    Text,
    Tool,
    ToolCall,
    ToolResult,
    Video,
    user,
)
from seacloud_client.protocols import get_protocol
from seacloud_emulator.strict import problems, validators
from seacloud_emulator.strict.closing import UnknownSchemaError, closed_validator
from seacloud_emulator.strict.extensions import EXTENSIONS, Branch, Extension, Field

CACHE = {"cache_control": {"type": "ephemeral"}}
PIXEL = "iVBORw0KGgo="

ENCODED = {
    "chat_completions": (
        Request(
            model="glm-4.7",
            messages=(
                user(
                    Video(url="https://x.example/a.mp4", extras=CACHE),
                    Text("What is it?", extras=CACHE),
                    Image(data=PIXEL, media_type="image/png", extras=CACHE),
                    Audio(data="AAAA", media_type="audio/wav", extras=CACHE),
                    File(data="AAAA", media_type="application/pdf", extras=CACHE),
                ),
                Message(
                    "assistant",
                    (
                        Reasoning("I look.", "chat_completions", form="reasoning_content"),
                        Reasoning("I look.", "chat_completions", form="reasoning"),
                        Reasoning(
                            "I look.", "chat_completions", form="reasoning.text", signature="s", extras={"index": 0}
                        ),
                        Reasoning("", "chat_completions", form="reasoning.encrypted", encrypted="d", id="r"),
                        Reasoning("A dot.", "chat_completions", form="reasoning.summary"),
                        ToolCall(
                            "c1",
                            "look",
                            "{}",
                            extras={"extra_content": {"google": {"thought_signature": "s"}}, **CACHE},
                        ),
                        ToolCall("c2", "say", "x", kind="custom", extras=CACHE),
                    ),
                    extras={
                        "thinking_blocks": [{"type": "thinking", "thinking": "I look.", "signature": "s"}],
                        "extra_content": {"google": {"thought_signature": "s"}},
                    },
                ),
                Message("tool", (ToolResult("c1", (Text("a dot"),), extras=CACHE),)),
                Message("tool", (ToolResult("c2", (Text("said"),), kind="custom"),)),
            ),
            tools=(Tool("look", parameters={"type": "object"}, extras=CACHE), CustomTool("say", extras=CACHE)),
            thinking={"type": "enabled"},
        ),
        Request(
            model="mistral-small-latest",
            messages=(
                user("What is it?"),
                Message(
                    "assistant",
                    (
                        Reasoning("A dot?", "chat_completions", form="thinking", extras={"closed": True}),
                        Text("A dot."),
                        Native("chat_completions", {"type": "reference", "reference_ids": [1]}),
                    ),
                ),
                user("Sure?"),
            ),
        ),
    ),
    "messages": (
        Request(model="claude-opus-4-6", messages=(user("Hello"),), temperature=0.5),
        Request(model="claude-opus-4-6", messages=(user("Hello"),), top_p=0.5),
        Request(model="claude-opus-4-6", messages=(user("Hello"),), top_k=4),
    ),
    "responses": (),
}
"""What our encoders send on purpose."""


CLIENTS: dict[str, tuple[dict[str, Any], ...]] = {
    "responses": (
        {
            "model": "gpt-5.5",
            "input": [
                {"content": "Hello", "role": "user", "type": "message"},
                {
                    "type": "message",
                    "content": [{"type": "output_text", "text": "Hello!", "annotations": []}],
                    "role": "assistant",
                    "id": "msg_999428652ff6e8547c7261aef66d2ae84556f941e09e2243",
                },
                {"content": "How is the weather in Oslo?", "role": "user", "type": "message"},
            ],
            "tools": [
                {
                    "type": "function",
                    "name": "get_weather",
                    "description": "Tells the weather in a city.",
                    "parameters": {
                        "properties": {"city": {"type": "string"}},
                        "required": ["city"],
                        "type": "object",
                    },
                }
            ],
        },
    ),
}
"""What widely used clients send, as it was seen: here langchain-openai 1.7.3, in the second turn with a tool."""


def given_back(protocol: str) -> list[dict[str, Any]]:
    """What our encoder makes of a conversation that goes on after a recorded reply."""
    replies = [(recording.request["model"], outcome_of(recording).reply) for recording in load(protocol)]
    return [
        get_protocol(protocol).encode(
            Request(model=model, messages=(user("Hello"), reply.message, *results(reply), user("Go on."))), False
        )
        for model, reply in replies
        if reply is not None and reply.choices
    ]


def results(reply: Reply) -> list[Message]:
    return [Message("tool", (ToolResult(call.id, (Text("done"),), kind=call.kind),)) for call in reply.tool_calls]


def bodies(protocol: str) -> list[dict[str, Any]]:
    encoded = [get_protocol(protocol).encode(request, False) for request in ENCODED[protocol]]
    recorded = [recording.request for recording in load(protocol)]
    return [*encoded, *CLIENTS.get(protocol, ()), *given_back(protocol), *recorded]


def all_pass(of_protocol: list[dict[str, Any]], protocol: str, extensions: tuple[Extension, ...]) -> bool:
    """Whether all these bodies pass with this list; as if none of them were for a stream, which saves half the time."""
    tried = validators(protocol, False, extensions)
    plain = [{name: body[name] for name in body if name not in {"stream", "stream_options"}} for body in of_protocol]
    return all(any(takes(validator, body) for validator in tried) for body in plain)


def takes(validator: SchemaValidator, body: dict[str, Any]) -> bool:
    try:
        validator.validate_python(body)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize("protocol", [protocol for protocol in ENCODED if ENCODED[protocol]])
def test_what_our_encoders_send_passes(protocol):
    for request in ENCODED[protocol]:
        assert problems(protocol, get_protocol(protocol).encode(request, True)) == []


def test_what_widely_used_clients_send_passes():
    assert [found for name in CLIENTS for body in CLIENTS[name] if (found := problems(name, body))] == []


@SKIP
@pytest.mark.parametrize("protocol", EXTENSIONS)
def test_what_services_said_can_be_given_back_to_them(protocol):
    bodies_given_back = given_back(protocol)
    assert len(bodies_given_back) > 25
    assert [found for body in bodies_given_back if (found := problems(protocol, body))] == []


def named(extension: Extension) -> str:
    return f"{extension.places[0]}.{extension.name if isinstance(extension, Field) else extension.shape.__name__}"


@SKIP
@pytest.mark.parametrize("protocol", EXTENSIONS)
def test_every_entry_is_needed_in_each_of_its_places(protocol):
    used = [body for body in bodies(protocol) if not problems(protocol, body)]
    singles = [
        type(extension)(**{**vars(extension), "places": (place,)})
        for extension in EXTENSIONS[protocol]
        for place in extension.places
    ]
    assert all_pass(used, protocol, tuple(singles))
    for left_out in singles:
        others = tuple(single for single in singles if single is not left_out)
        assert not all_pass(used, protocol, others), f"nothing needs {named(left_out)}"


@pytest.mark.parametrize("protocol", EXTENSIONS)
def test_every_entry_has_its_source(protocol):
    recorded = {recording.id for recording in load(protocol)}
    for extension in EXTENSIONS[protocol]:
        mentioned = set(re.findall(r"recording ([\w-]+)", extension.source))
        assert mentioned <= recorded or not recorded
        others = (f"our encoder of {protocol}", "the client langchain-openai")
        assert mentioned or any(other in extension.source for other in others), named(extension)


def test_a_place_that_the_types_do_not_have_is_told():
    with pytest.raises(UnknownSchemaError, match="no place for"):
        validators("messages", False, (Field(("NoSuchParam",), "x", int, "a test"),))
    with pytest.raises(UnknownSchemaError, match="not known here"):
        closed_validator(set[int])
    assert isinstance(Branch(("A",), dict, "a test"), Branch)
