"""Messages against the emulator, over sockets: `ChatClient` at both paths, with tools, thinking, JSON and errors."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from messages_wire import PDF, PNG, SCHEMA
from seacloud_client.chat import ChatClient
from seacloud_client.conversation import (
    File,
    Finish,
    Image,
    JsonOutput,
    Message,
    Native,
    NativeTool,
    OutputSchema,
    Reasoning,
    Reply,
    Request,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    system,
    user,
)
from seacloud_client.deltas import FinishDelta, TextDelta, UsageDelta
from seacloud_client.errors import (
    AuthenticationError,
    InsufficientBalanceError,
    InvalidRequestError,
    ModelNotAllowedError,
    RateLimitError,
    SeaCloudError,
    ServerError,
    StreamBroken,
)
from seacloud_client.folding import Fold
from seacloud_emulator import Emulator, Fault

MODEL = "claude-sonnet-4-5"
WEATHER = Tool("get_weather", "Tells the weather of a city.", SCHEMA)
PATHS = ("/v1/messages", "/anthropic/v1/messages")


@pytest.fixture(params=PATHS)
def path(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def client(path: Any, seacloud_env: Emulator) -> Iterator[ChatClient]:
    asking = ChatClient(messages_path=path, max_retries=0)
    yield asking
    asking.close()


def ask(*messages: Message, model: str = MODEL, **fields: Any) -> Request:
    return Request(model=model, messages=messages or (user("Say hello to the sea."),), **fields)


def same(one: Reply, other: Reply) -> None:
    """Two answers to one question differ in their ids alone."""
    assert one.choice.finish is other.choice.finish
    assert [type(part) for part in one.choice.parts] == [type(part) for part in other.choice.parts]
    assert one.text == other.text
    assert one.choice.reasoning == other.choice.reasoning
    assert [(call.name, call.parse()) for call in one.tool_calls] == [
        (call.name, call.parse()) for call in other.tool_calls
    ]
    assert one.usage is not None
    assert other.usage is not None
    assert (one.usage.input_tokens, one.usage.output_tokens) == (other.usage.input_tokens, other.usage.output_tokens)


async def test_plain_and_streamed_sync_and_async(client: ChatClient, path: str, seacloud_env: Emulator):
    request = ask(system("Be brief."), user("Say hello to the sea.", Image(data=PNG, media_type="image/png")))
    plain = client.reply(request)
    assert plain.protocol == "messages"
    assert plain.text
    assert plain.choice.finish is Finish.STOP
    assert plain.model == MODEL
    assert plain.id
    assert plain.request_id
    same(plain, Fold().add_all(client.stream(request)).reply())
    same(plain, await client.areply(request))
    same(plain, Fold().add_all([delta async for delta in client.astream(request)]).reply())
    await client.aclose()
    assert [record.path for record in seacloud_env.requests] == [f"/llm{path}"] * 4
    assert [record.headers["anthropic-version"] for record in seacloud_env.requests] == ["2023-06-01"] * 4


def test_a_stream_says_each_thing_once(client: ChatClient):
    deltas = list(client.stream(ask()))
    assert sum(isinstance(delta, TextDelta) for delta in deltas) > 1
    assert sum(isinstance(delta, UsageDelta) for delta in deltas) == 1
    assert sum(isinstance(delta, FinishDelta) for delta in deltas) == 1


@pytest.mark.parametrize("streams", [False, True])
def test_tools_are_called_and_their_results_taken(client: ChatClient, streams: bool):
    def answer(request: Request) -> Reply:
        return Fold().add_all(client.stream(request)).reply() if streams else client.reply(request)

    asked = user("What is the weather in Paris?")
    called = answer(ask(asked, tools=(WEATHER,), tool_choice=ToolChoice("required")))
    assert called.choice.finish is Finish.TOOL_CALLS
    (call,) = called.tool_calls
    assert call.name == "get_weather"
    assert isinstance(call.parse()["city"], str)
    results = Message("tool", (ToolResult(call.id, (Text("14 degrees and rain"),)),))
    told = answer(ask(asked, called.message, results, tools=(WEATHER,)))
    assert told.choice.finish is Finish.STOP
    assert "14 degrees and rain" in told.text
    failed = Message("tool", (ToolResult(call.id, (Text("no such city"),), is_error=True),))
    assert "no such city" in answer(ask(asked, called.message, failed, tools=(WEATHER,))).text


def test_ids_of_another_protocol_are_taken(client: ChatClient):
    call = ToolCall("call|1.x", "get_weather", '{"city": "Paris"}')
    results = Message("tool", (ToolResult("call|1.x", (Text("14 degrees"),)),))
    told = client.reply(ask(user("Weather?"), Message("assistant", (call,)), results, tools=(WEATHER,)))
    assert "14 degrees" in told.text


@pytest.mark.parametrize("streams", [False, True])
def test_thoughts_go_back_with_their_signatures(client: ChatClient, streams: bool):
    def answer(request: Request) -> Reply:
        return Fold().add_all(client.stream(request)).reply() if streams else client.reply(request)

    asked = user("What is the weather in Paris?")
    thinking: dict[str, Any] = {"reasoning_effort": "low", "tools": (WEATHER,)}
    called = answer(ask(asked, **thinking))
    thought = next(part for part in called.choice.parts if isinstance(part, Reasoning))
    assert thought.text
    assert thought.signature
    (call,) = called.tool_calls
    results = Message("tool", (ToolResult(call.id, (Text("14 degrees"),)),))
    assert "14 degrees" in answer(ask(asked, called.message, results, **thinking)).text


def test_a_thought_that_was_changed_is_refused(client: ChatClient):
    forged = Message("assistant", (Reasoning("Hm", "messages", signature="forged", form="thinking"), Text("Yes.")))
    with pytest.raises(InvalidRequestError, match="signature"):
        client.reply(ask(user("Really?"), forged, user("Go on."), reasoning_effort="low"))


OUTPUTS = [
    (OutputSchema("place", SCHEMA), MODEL),
    (OutputSchema("place", SCHEMA), "claude-3-5-haiku"),
    (JsonOutput(), MODEL),
]


@pytest.mark.parametrize(("output", "model"), OUTPUTS)
def test_an_answer_in_json(client: ChatClient, output: OutputSchema | JsonOutput, model: str):
    request = ask(user("Which city is on the Seine? Answer with the key 'city': Paris."), model=model, output=output)
    for reply in (client.reply(request), Fold().add_all(client.stream(request)).reply()):
        assert reply.choice.finish is Finish.STOP
        assert not reply.tool_calls
        value = json.loads(reply.text)
        assert isinstance(value, dict)
        if isinstance(output, OutputSchema):
            assert value.keys() == {"city"}


SEARCH = NativeTool({"type": "web_search_20250305", "name": "web_search"})


@pytest.mark.parametrize("streams", [False, True])
def test_a_built_in_search_goes_back_as_it_came(client: ChatClient, streams: bool, seacloud_env: Emulator):
    request = ask(user("Search the web for the height of the Eiffel tower."), tools=(SEARCH,))
    reply = Fold().add_all(client.stream(request)).reply() if streams else client.reply(request)
    natives = [part.item for part in reply.choice.parts if isinstance(part, Native)]
    assert [item["type"] for item in natives] == ["server_tool_use", "web_search_tool_result"]
    notes = [note for part in reply.choice.parts if isinstance(part, Text) for note in part.annotations]
    assert notes
    assert all(note.url and note.cited_text for note in notes)
    assert reply.usage is not None
    assert reply.usage.raw is not None
    assert reply.usage.raw["server_tool_use"]["web_search_requests"] == 1
    assert client.reply(ask(*request.messages, reply.message, user("And now?"), tools=(SEARCH,))).text
    assert seacloud_env.requests[-1].json["messages"][1]["content"][:2] == natives


def test_thoughts_are_readable_where_a_summary_is_asked_for(client: ChatClient):
    asked = user("Why is the sky blue?")
    reply = client.reply(ask(asked, model="claude-opus-4-6", reasoning={"effort": "high", "summary": "auto"}))
    assert reply.choice.reasoning
    silent = client.reply(ask(asked, model="claude-opus-4-6", reasoning_effort="none"))
    assert not silent.choice.reasoning


def test_documents_and_limits(client: ChatClient):
    document = File(data=PDF, media_type="application/pdf", name="a.pdf")
    assert client.reply(ask(user("Read this.", document))).text
    cut = client.reply(ask(user("Say a long sentence about the sea and the sky."), max_tokens=2))
    assert (cut.choice.finish, cut.choice.finish_reason) == (Finish.LENGTH, "max_tokens")


def test_input_that_was_cached_is_counted_as_input(client: ChatClient):
    long = system("Remember this. " * 1_000)
    cached = Message("system", long.parts, extras={"cache_control": {"type": "ephemeral"}})
    first, second = (client.reply(ask(cached, user("Hello."))).usage for _ in range(2))
    assert first is not None
    assert second is not None
    assert first.cache_creation_tokens
    assert second.cache_read_tokens
    assert first.input_tokens == second.input_tokens > second.cache_read_tokens


KEYS = {
    "sk-invalid": AuthenticationError,
    "sk-no-balance": InsufficientBalanceError,
    "sk-no-model": ModelNotAllowedError,
}


@pytest.mark.parametrize("key", KEYS)
def test_keys_that_are_refused(seacloud_env: Emulator, path: Any, key: str):
    client = ChatClient(api_key=key, messages_path=path, max_retries=0)
    for answer in (client.reply, lambda request: list(client.stream(request))):
        with pytest.raises(KEYS[key]) as caught:
            answer(ask())
        assert caught.value.status == 403
        assert caught.value.request_id
        assert key not in str(caught.value)
    client.close()


STATUSES: dict[int, type[SeaCloudError]] = {
    400: InvalidRequestError,
    429: RateLimitError,
    503: ServerError,
    529: ServerError,
}


@pytest.mark.parametrize("status", STATUSES)
def test_statuses_have_their_classes(client: ChatClient, seacloud_env: Emulator, status: int):
    seacloud_env.faults.add(Fault(match="messages", status=status))
    with pytest.raises(STATUSES[status]) as caught:
        client.reply(ask())
    assert caught.value.status == status
    assert caught.value.request_id


def test_an_error_in_the_middle_of_a_stream(client: ChatClient, seacloud_env: Emulator):
    seacloud_env.faults.add(Fault(match="messages", stream_error=4))
    stream = client.stream(ask())
    with pytest.raises(ServerError):
        for _ in stream:
            pass


def test_a_stream_that_breaks_off(client: ChatClient, seacloud_env: Emulator):
    seacloud_env.faults.add(Fault(match="messages", disconnect_after=600))
    with pytest.raises(StreamBroken):
        list(client.stream(ask()))


def test_a_stream_that_is_closed_early_closes_the_connection(client: ChatClient, seacloud_env: Emulator):
    seacloud_env.faults.add(Fault(match="messages", stall=30, stall_after=3))
    stream = client.stream(ask())
    next(stream)
    stream.close()
    deadline = time.monotonic() + 5
    while not seacloud_env.requests[-1].disconnected and time.monotonic() < deadline:
        time.sleep(0.02)
    assert seacloud_env.requests[-1].disconnected
