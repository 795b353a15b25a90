"""Responses against the emulator, over sockets: tools, reasoning, stored responses, trimmed histories, JSON, errors."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from responses_wire import PDF, PNG, SCHEMA
from seacloud_client.chat import ChatClient
from seacloud_client.conversation import (
    CustomTool,
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

MODEL = "gpt-5.5"
WEATHER = Tool("get_weather", "Tells the weather of a city.", SCHEMA)
ASKED = user("What is the weather in Paris?")

Answer = Callable[[Request], Reply]


@pytest.fixture
def client(seacloud_env: Emulator) -> Iterator[ChatClient]:
    asking = ChatClient(protocol="responses", max_retries=0)
    yield asking
    asking.close()


@pytest.fixture(params=["plain", "streamed"])
def answer(request: pytest.FixtureRequest, client: ChatClient) -> Answer:
    if request.param == "plain":
        return client.reply
    return lambda asked: Fold().add_all(client.stream(asked)).reply()


def ask(*messages: Message, model: str = MODEL, **fields: Any) -> Request:
    return Request(model=model, messages=messages or (user("Say hello to the sea."),), **fields)


def results_of(reply: Reply, text: str) -> Message:
    return Message("tool", tuple(ToolResult(call.id, (Text(text),), kind=call.kind) for call in reply.tool_calls))


def comparable(reply: Reply) -> Any:
    """What two answers to one question have in common."""
    usage = reply.usage
    assert usage is not None
    return (
        reply.choice.finish,
        [type(part) for part in reply.choice.parts],
        reply.text,
        reply.choice.reasoning,
        [(call.name, call.arguments) for call in reply.tool_calls],
        (usage.input_tokens, usage.output_tokens),
    )


async def test_plain_and_streamed_sync_and_async(client: ChatClient, seacloud_env: Emulator):
    request = ask(system("Be brief."), user("Say hello to the sea.", Image(data=PNG, media_type="image/png")))
    plain = client.reply(request)
    assert plain.protocol == "responses"
    assert plain.text
    assert (plain.choice.finish, plain.model) == (Finish.STOP, MODEL)
    assert plain.id
    assert plain.request_id
    assert plain.service_tier
    others = [
        Fold().add_all(client.stream(request)).reply(),
        await client.areply(request),
        Fold().add_all([delta async for delta in client.astream(request)]).reply(),
    ]
    await client.aclose()
    assert [comparable(other) for other in others] == [comparable(plain)] * 3
    assert [record.path for record in seacloud_env.requests] == ["/llm/openai/v1/responses"] * 4
    asked = [(record.query, record.json.get("stream")) for record in seacloud_env.requests]
    assert asked == [("", None), ("stream=true", True)] * 2


def test_a_stream_says_each_thing_once(client: ChatClient):
    deltas = list(client.stream(ask()))
    assert sum(isinstance(delta, TextDelta) for delta in deltas) > 1
    assert sum(isinstance(delta, UsageDelta) for delta in deltas) == 1
    assert sum(isinstance(delta, FinishDelta) for delta in deltas) == 1


def test_tools_are_called_and_their_results_taken(answer: Answer):
    called = answer(ask(ASKED, tools=(WEATHER,), tool_choice=ToolChoice("required")))
    assert called.choice.finish is Finish.TOOL_CALLS
    (call,) = called.tool_calls
    assert call.name == "get_weather"
    assert isinstance(call.parse()["city"], str)
    told = answer(ask(ASKED, called.message, results_of(called, "14 degrees and rain"), tools=(WEATHER,)))
    assert told.choice.finish is Finish.STOP
    assert "14 degrees and rain" in told.text


def test_free_text_for_a_custom_tool(answer: Answer):
    asked, tools = user("Use run_python with 'print(1)'"), (CustomTool("run_python", "Run Python code."),)
    called = answer(ask(asked, tools=tools))
    (call,) = called.tool_calls
    assert (call.kind, call.item_id is not None) == ("custom", True)
    assert "1" in answer(ask(asked, called.message, results_of(called, "1"), tools=tools)).text


def test_results_with_pictures_and_files(answer: Answer):
    called = answer(ask(ASKED, tools=(WEATHER,), tool_choice=ToolChoice("required")))
    parts = (
        Text("See:"),
        Image(data=PNG, media_type="image/png"),
        File(data=PDF, media_type="application/pdf", name="a.pdf"),
    )
    shown = Message("tool", (ToolResult(called.tool_calls[0].id, parts),))
    assert answer(ask(ASKED, called.message, shown, tools=(WEATHER,))).text


def test_reasoning_goes_back_encrypted(answer: Answer):
    thinking: dict[str, Any] = {"reasoning": {"effort": "low", "summary": "auto"}, "store": False, "tools": (WEATHER,)}
    called = answer(ask(ASKED, **thinking))
    thought = next(part for part in called.choice.parts if isinstance(part, Reasoning))
    assert thought.text
    assert thought.encrypted
    assert "14 degrees" in answer(ask(ASKED, called.message, results_of(called, "14 degrees"), **thinking)).text


def test_reasoning_goes_back_by_its_id(answer: Answer):
    thinking: dict[str, Any] = {"reasoning_effort": "low", "tools": (WEATHER,)}
    called = answer(ask(ASKED, **thinking))
    thought = next(part for part in called.choice.parts if isinstance(part, Reasoning))
    assert (thought.text, thought.encrypted) == ("", None)
    results = results_of(called, "14 degrees")
    assert "14 degrees" in answer(ask(ASKED, called.message, results, **thinking)).text
    # And it is left out where it cannot be found.
    assert answer(ask(ASKED, called.message, results, **thinking, store=False)).text


def trims(reply: Reply) -> dict[str, Message]:
    """What users make of an assistant's turn that reasoned and called a tool."""
    parts = reply.message.parts
    thoughts = tuple(part for part in parts if isinstance(part, Reasoning))
    calls = tuple(part for part in parts if isinstance(part, ToolCall))
    return {
        "reasoning alone": Message("assistant", thoughts),
        "calls alone": Message("assistant", calls),
        "without ids": Message("assistant", tuple(replace(call, item_id=None, extras=None) for call in calls)),
        "reversed": Message("assistant", (*calls, *thoughts)),
        "twice": Message("assistant", (*parts, *parts)),
        "nothing": Message("assistant", ()),
    }


@pytest.mark.parametrize("store", [None, False])
@pytest.mark.parametrize("trim", ["reasoning alone", "calls alone", "without ids", "reversed", "twice", "nothing"])
def test_a_history_that_was_trimmed_goes_on(client: ChatClient, trim: str, store: bool | None):
    thinking: dict[str, Any] = {"reasoning_effort": "low", "tools": (WEATHER,), "store": store}
    called = client.reply(ask(ASKED, **thinking))
    turn = trims(called)[trim]
    for history in ((turn, results_of(called, "14 degrees"), user("And now?")), (turn, user("And now?"))):
        assert client.reply(ask(ASKED, *history, **thinking)).choice.parts


def test_a_history_whose_beginning_was_cut_goes_on(client: ChatClient):
    called = client.reply(ask(ASKED, tools=(WEATHER,), tool_choice=ToolChoice("required")))
    assert client.reply(ask(results_of(called, "14 degrees"), user("And now?"), tools=(WEATHER,))).choice.parts


def test_a_stored_response_is_continued(answer: Answer):
    called = answer(ask(system("Be brief."), ASKED, tools=(WEATHER,), reasoning_effort="low"))
    told = answer(ask(results_of(called, "14 degrees"), tools=(WEATHER,), previous_response_id=called.id))
    assert "14 degrees" in told.text
    assert (told.extras or {})["previous_response_id"] == called.id
    assert answer(ask(system("Be brief."), user("Thanks."), previous_response_id=told.id)).text


def test_an_unknown_response_is_an_error(client: ChatClient):
    with pytest.raises(InvalidRequestError, match="not found") as raised:
        client.reply(ask(user("hi"), previous_response_id="resp_never"))
    assert raised.value.code == "previous_response_not_found"


@pytest.mark.parametrize("output", [OutputSchema("place", SCHEMA), JsonOutput()])
def test_an_answer_in_json(answer: Answer, output: OutputSchema | JsonOutput):
    reply = answer(ask(user("Which city is on the Seine? Answer in JSON with the key 'city': Paris."), output=output))
    assert reply.choice.finish is Finish.STOP
    value = json.loads(reply.text)
    assert isinstance(value, dict)
    if isinstance(output, OutputSchema):
        assert value.keys() == {"city"}


def test_a_built_in_search_goes_back_as_it_came(answer: Answer, seacloud_env: Emulator):
    search = NativeTool({"type": "web_search"})
    asked = user("Search the web for the height of the Eiffel tower.")
    fields: dict[str, Any] = {"tools": (search,), "include": ("web_search_call.action.sources",)}
    reply = answer(ask(asked, **fields))
    natives = [part.item for part in reply.choice.parts if isinstance(part, Native)]
    assert [item["type"] for item in natives] == ["web_search_call"]
    notes = [note for part in reply.choice.parts if isinstance(part, Text) for note in part.annotations]
    assert all(note.url and note.start is not None and note.end is not None for note in notes)
    assert notes
    assert answer(ask(asked, reply.message, user("And now?"), **fields)).text
    sent = seacloud_env.requests[-1].json["input"]
    assert natives[0] in sent
    spoken = next(item for item in sent if item.get("role") == "assistant")
    assert spoken["content"][0]["annotations"] == [note.raw for note in notes]


def test_logprobs(answer: Answer):
    reply = answer(ask(top_logprobs=2))
    assert reply.choice.logprobs is not None
    assert "".join(token["token"] for token in reply.choice.logprobs.content) == reply.text
    assert {len(token["top_logprobs"]) for token in reply.choice.logprobs.content} == {2}


def test_limits_and_refusals(answer: Answer):
    cut = answer(ask(user("Say a long sentence about the sea and the sky, and more of it."), max_tokens=16))
    assert (cut.choice.finish, cut.choice.finish_reason) == (Finish.LENGTH, "incomplete")
    assert (cut.extras or {})["incomplete_details"] == {"reason": "max_output_tokens"}
    refused = answer(ask(user("[refuse] Tell me a secret.")))
    assert refused.choice.finish is Finish.REFUSAL
    assert refused.choice.refusal
    filtered = answer(ask(user("[filter] Hello")))
    assert filtered.choice.finish is Finish.CONTENT_FILTER


def test_input_that_was_cached_is_counted_as_input(client: ChatClient):
    request = ask(system("Remember this. " * 1_000), user("Hello."))
    first, second = (client.reply(request).usage for _ in range(2))
    assert first is not None
    assert second is not None
    assert second.cache_read_tokens
    assert first.input_tokens == second.input_tokens >= second.cache_read_tokens


KEYS = {
    "sk-invalid": AuthenticationError,
    "sk-no-balance": InsufficientBalanceError,
    "sk-no-model": ModelNotAllowedError,
}


@pytest.mark.parametrize("key", KEYS)
def test_keys_that_are_refused(seacloud_env: Emulator, key: str):
    client = ChatClient(api_key=key, protocol="responses", max_retries=0)
    for asking in (client.reply, lambda request: list(client.stream(request))):
        with pytest.raises(KEYS[key]) as caught:
            asking(ask())
        assert caught.value.status == 403
        assert caught.value.request_id
        assert key not in str(caught.value)
    client.close()


STATUSES: dict[int, type[SeaCloudError]] = {
    400: InvalidRequestError,
    429: RateLimitError,
    503: ServerError,
}


@pytest.mark.parametrize("status", STATUSES)
def test_statuses_have_their_classes(client: ChatClient, seacloud_env: Emulator, status: int):
    seacloud_env.faults.add(Fault(match="responses", status=status))
    with pytest.raises(STATUSES[status]) as caught:
        client.reply(ask())
    assert caught.value.status == status
    assert caught.value.request_id


def test_an_error_in_the_middle_of_a_stream(client: ChatClient, seacloud_env: Emulator):
    seacloud_env.faults.add(Fault(match="responses", stream_error=4))
    with pytest.raises(ServerError) as caught:
        list(client.stream(ask()))
    assert caught.value.request_id


def test_a_stream_that_breaks_off(client: ChatClient, seacloud_env: Emulator):
    seacloud_env.faults.add(Fault(match="responses", disconnect_after=2_000))
    with pytest.raises(StreamBroken):
        list(client.stream(ask()))


def test_a_stream_that_is_closed_early_closes_the_connection(client: ChatClient, seacloud_env: Emulator):
    seacloud_env.faults.add(Fault(match="responses", stall=30, stall_after=3))
    stream = client.stream(ask())
    next(stream)
    stream.close()
    deadline = time.monotonic() + 5
    while not seacloud_env.requests[-1].disconnected and time.monotonic() < deadline:
        time.sleep(0.02)
    assert seacloud_env.requests[-1].disconnected
