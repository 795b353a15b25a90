"""A conversation that moves between the protocols in mid-course goes on: the emulator, always strict, takes it all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import permutations
from typing import Any, cast, get_args

import pytest
from responses_wire import PDF, PNG, SCHEMA
from seacloud_client.chat import ChatClient
from seacloud_client.conversation import (
    Annotation,
    Audio,
    CustomTool,
    File,
    Image,
    Message,
    Native,
    NativeTool,
    Protocol,
    Reasoning,
    Refusal,
    Reply,
    Request,
    Text,
    Tool,
    ToolCall,
    ToolResult,
    system,
    user,
)
from seacloud_client.folding import Fold
from seacloud_emulator import Emulator

PROTOCOLS: tuple[Protocol, ...] = get_args(Protocol)
PAIRS = list(permutations(PROTOCOLS, 2))
MODELS = {"chat_completions": "deepseek-v3.2", "responses": "gpt-5.5", "messages": "claude-opus-4-6"}
WEATHER = Tool("get_weather", "Tells the weather of a city.", SCHEMA)
PICTURE = Image(data=PNG, media_type="image/png")

# What makes each protocol's model think, and gives its reasoning in the form that goes back.
THINKING: dict[str, dict[str, Any]] = {
    "chat_completions": {"reasoning_effort": "low"},
    "responses": {"reasoning": {"effort": "low", "summary": "auto"}, "store": False},
    "messages": {"reasoning": {"effort": "low", "summary": "auto"}},
}


class Speaker:
    """Asks over each protocol, and remembers what was said."""

    def __init__(self) -> None:
        self._clients = {name: ChatClient(protocol=name, max_retries=0) for name in PROTOCOLS}
        self.history: list[Message] = [system("Be brief.")]

    def ask(self, protocol: Protocol, *messages: Message, streams: bool = False, **fields: Any) -> Reply:
        self.history.extend(messages)
        request = Request(**{"model": MODELS[protocol], **fields}, messages=tuple(self.history))
        client = self._clients[protocol]
        reply = Fold().add_all(client.stream(request)).reply() if streams else client.reply(request)
        assert reply.protocol == protocol
        assert reply.choice.parts
        self.history.append(reply.message)
        return reply

    def close(self) -> None:
        for client in self._clients.values():
            client.close()


@pytest.fixture
def speaker(seacloud_env: Emulator) -> Iterator[Speaker]:
    speaking = Speaker()
    yield speaking
    speaking.close()


@pytest.mark.parametrize("one", ["chat_completions", "responses"])
def test_a_model_that_thinks_by_a_budget_goes_on_with_another_ones_call(
    speaker: Speaker, seacloud_env: Emulator, one: Protocol
):
    """Anthropic's guide "Extended thinking": a turn that called tools without thoughts cannot go on with any."""
    thinking: dict[str, Any] = {"tools": (WEATHER,), "reasoning_effort": "low", "model": "claude-sonnet-4-5"}
    called = speaker.ask(one, user("What is the weather in Paris?"), tools=(WEATHER,), **THINKING[one])
    told = speaker.ask("messages", results_of(called, Text("14 degrees")), **thinking)
    assert "14 degrees" in told.text
    assert "thinking" not in seacloud_env.requests[-1].json
    again = speaker.ask("messages", user("And now?"), **thinking)
    assert any(isinstance(part, Reasoning) for part in again.choice.parts)


def sent(emulator: Emulator) -> str:
    """The body of the last request."""
    return json.dumps(emulator.requests[-1].json, ensure_ascii=False)


def results_of(reply: Reply, *parts: Any) -> Message:
    assert reply.tool_calls
    return Message("tool", tuple(ToolResult(call.id, parts, kind=call.kind) for call in reply.tool_calls))


@pytest.mark.parametrize("streams", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_a_tool_call_is_asked_on_one_and_answered_on_another(
    speaker: Speaker, seacloud_env: Emulator, one: Protocol, other: Protocol, streams: bool
):
    """There and back, with reasoning, pictures and files on both."""
    for asked, answered in ((one, other), (other, one)):
        tools: dict[str, Any] = {"tools": (WEATHER,), "streams": streams}
        question = user(
            "What is the weather in Paris?", PICTURE, File(data=PDF, media_type="application/pdf", name="a.pdf")
        )
        called = speaker.ask(asked, question, **tools, **THINKING[asked])
        assert any(isinstance(part, Reasoning) and part.text for part in called.choice.parts)
        told = speaker.ask(answered, results_of(called, Text("14 degrees"), PICTURE), **tools, **THINKING[answered])
        assert told.text
        assert "14 degrees" in sent(seacloud_env)
    assert speaker.ask(one, user("And now?"), **THINKING[one]).text


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_reasoning_goes_back_to_its_own_protocol_after_a_detour(
    speaker: Speaker, seacloud_env: Emulator, one: Protocol, other: Protocol
):
    called = speaker.ask(one, user("What is the weather in Paris?"), tools=(WEATHER,), **THINKING[one])
    speaker.ask(other, results_of(called, Text("14 degrees")), user("Go on."), tools=(WEATHER,), **THINKING[other])
    detour = sent(seacloud_env)
    speaker.ask(one, user("And now?"), tools=(WEATHER,), **THINKING[one])
    back = sent(seacloud_env)
    for seal in seals_of(called):
        assert seal not in detour
        assert seal in back


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_picture_made_beside_a_call_goes_with_the_calls_result(
    speaker: Speaker, seacloud_env: Emulator, protocol: Protocol
):
    """Once, and behind the results: the next user's turn may be long in coming."""
    called = (PICTURE, *(ToolCall(f"call_{name}", "get_weather", '{"city": "Paris"}') for name in "ab"))
    results = Message("tool", tuple(ToolResult(f"call_{name}", (Text(f"{name} is sunny"),)) for name in "ab"))
    speaker.ask(protocol, user("Draw."), Message("assistant", called), results, tools=(WEATHER,))
    first = sent(seacloud_env)
    assert first.count(PNG) == 1
    if protocol != "messages":  # where results and pictures are blocks of one turn
        assert first.index(PNG) > first.index("b is sunny")
    speaker.ask(protocol, user("And now?"), tools=(WEATHER,))
    assert sent(seacloud_env).count(PNG) == 1


def seals_of(reply: Reply) -> list[str]:
    """What shows that reasoning is the protocol's own: its signature, its hidden form, or its words."""
    thoughts = [part for part in reply.choice.parts if isinstance(part, Reasoning)]
    seals = [part.encrypted or part.signature or part.text for part in thoughts]
    assert all(seals)
    return [cast("str", seal) for seal in seals]


SEARCHES: dict[Protocol, NativeTool] = {
    "responses": NativeTool({"type": "web_search"}),
    "messages": NativeTool({"type": "web_search_20250305", "name": "web_search"}),
}


@pytest.mark.parametrize(("one", "other"), [pair for pair in PAIRS if pair[0] in SEARCHES])
def test_built_in_tools_are_left_behind(speaker: Speaker, one: Protocol, other: Protocol):
    found = speaker.ask(one, user("Search the web for the height of the Eiffel tower."), tools=(SEARCHES[one],))
    assert any(isinstance(part, Native) for part in found.choice.parts)
    assert any(note for part in found.choice.parts if isinstance(part, Text) for note in part.annotations)
    assert speaker.ask(other, user("And of the Louvre?")).text
    assert speaker.ask(one, user("Search the web once more."), tools=(SEARCHES[one],)).text


CODE = CustomTool("run_python", "Run Python code.", {"type": "grammar", "syntax": "lark", "definition": "start: /.+/"})


@pytest.mark.parametrize("streams", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_custom_tools(speaker: Speaker, one: Protocol, other: Protocol, streams: bool):
    tools: dict[str, Any] = {"tools": (CODE,), "streams": streams}
    called = speaker.ask(one, user("Use run_python with 'print(1)'"), **tools)
    # Messages has no custom tools: there it is a function that takes an object with the text.
    assert [call.kind for call in called.tool_calls] == ["function" if one == "messages" else "custom"]
    assert "print(1)" in called.tool_calls[0].arguments
    told = speaker.ask(other, results_of(called, Text("it says 1")), **tools)
    assert "it says 1" in told.text
    assert speaker.ask(one, user("And now?"), **tools).text


ODD_PARTS: dict[str, tuple[Any, ...]] = {
    "refusal": (Refusal("I won't."),),
    "spoken": (Audio(data="UklG", media_type="audio/wav", transcript="Aloud."),),
    "generated picture": (
        Text("Here."),
        Image(
            data=PNG,
            media_type="image/png",
            id="ig_1",
            extras={"type": "image_generation_call", "status": "completed", "output_format": "png"},
        ),
    ),
    "picture of a chat model": (Text("Here."), PICTURE),
    "citations": tuple(
        Text("x", (Annotation(type="url_citation", raw={"type": "url_citation"}, protocol=cast("Protocol", protocol)),))
        for protocol in ("chat_completions", "responses")
    ),
    "reasoning alone": tuple(Reasoning("Hm.", protocol, id="rs_1", signature="s") for protocol in PROTOCOLS),
    "nothing": (),
    "odd ids": (ToolCall("call|1.x/" + "y" * 70, "get_weather", '{"city": "Paris"}', item_id="fc_1"),),
    "broken arguments": (ToolCall("call_1", "get_weather", '{"city": '),),
}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("kind", ODD_PARTS)
def test_what_a_history_may_hold(speaker: Speaker, protocol: Protocol, kind: str):
    parts = ODD_PARTS[kind]
    # Reasoning and pictures of the protocol's own would have to be the emulator's: they are in the tests above.
    parts = tuple(part for part in parts if not (isinstance(part, Reasoning) and part.protocol == protocol))
    calls = [part for part in parts if isinstance(part, ToolCall)]
    results = [Message("tool", tuple(ToolResult(call.id, (Text("done"),)) for call in calls))] if calls else []
    history = (user("Hi."), Message("assistant", parts), *results, user("Go on."))
    assert speaker.ask(protocol, *history, tools=(WEATHER,)).text
