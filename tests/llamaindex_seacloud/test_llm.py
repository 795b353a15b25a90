"""The LLM itself: its settings, what it sends and what it shows."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import Any

import httpx
import pytest
from llama_index.core import PromptTemplate, Settings
from llama_index.core.agent.workflow import AgentStream, ReActAgent, ToolCallResult
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, MessageRole, TextBlock, VideoBlock
from llama_index.core.callbacks import CallbackManager
from llama_index.core.indices.prompt_helper import PromptHelper
from llama_index.core.llms.utils import resolve_llm
from llama_index.core.rate_limiter import BaseRateLimiter
from llama_index.core.tools import FunctionTool
from llamaindex_conformance import Recorder, recorder
from llamaindex_seacloud import SeaCloud
from llamaindex_seacloud.metadata import UNKNOWN_CONTEXT_WINDOW
from llamaindex_wire import COMPLETION, USAGE_CHUNK, answering, body_of, chat_chunk, events
from seacloud_client.errors import ConfigurationError, InvalidInputError, RateLimitError, ServerError, StreamBroken
from seacloud_client.models import FACTS, facts_of
from seacloud_emulator import Emulator, Fault

__all__ = ["recorder"]

HELLO = [ChatMessage(role="user", content="Hello")]


# Parameters


def test_parameters_of_the_llm_and_of_the_call() -> None:
    llm, requests = answering(
        COMPLETION, temperature=0.5, max_tokens=100, stop="END", seed=1, additional_kwargs={"seed": 2, "top_p": 0.9}
    )
    with pytest.warns(UserWarning, match="'a_word_of_the_gateways': not parameters of a call of SeaCloud"):
        llm.chat(HELLO, temperature=0, max_completion_tokens=50, a_word_of_the_gateways={"x": 1})
    assert body_of(requests[0]) == {
        "model": "gpt-4.1",
        "messages": [{"role": "user", "content": "Hello"}],
        "temperature": 0,
        "max_tokens": 50,
        "stop": ["END"],
        "seed": 2,
        "top_p": 0.9,
        "a_word_of_the_gateways": {"x": 1},
    }


def test_settings_are_not_taken_per_call() -> None:
    llm, requests = answering(COMPLETION)
    with pytest.raises(InvalidInputError, match="max_retries, timeout: settings of the LLM"):
        llm.chat(HELLO, timeout=3, max_retries=1)
    assert requests == []


def test_the_model_can_be_named_per_call() -> None:
    llm, requests = answering(COMPLETION)
    llm.chat(HELLO, model="gpt-4.1-mini")
    assert body_of(requests[0])["model"] == "gpt-4.1-mini"


def test_headers_and_query() -> None:
    llm, requests = answering(COMPLETION, default_headers={"x-team": "harbour"}, default_query={"region": "no"})
    llm.chat(HELLO, extra_headers={"X-Request-Id": "mine", "Idempotency-Key": "1"}, extra_query={"debug": "1"})
    (request,) = requests
    assert (request.headers["x-team"], request.headers["x-request-id"]) == ("harbour", "mine")
    assert dict(request.url.params) == {"region": "no", "debug": "1"}
    assert request.headers["authorization"] == "Bearer sk-test"


def test_unknown_parameters_are_sent_and_warned_of() -> None:
    with pytest.warns(UserWarning, match="'some_field'.*additional_kwargs"):
        llm = SeaCloud(model="gpt-4.1", some_field=1)
    assert llm.additional_kwargs == {"some_field": 1}


def test_parallel_calls_are_only_spoken_of_with_tools() -> None:
    llm, requests = answering(COMPLETION)
    llm.chat_with_tools([], user_msg="Hello", allow_parallel_tool_calls=False)
    llm.chat_with_tools([FunctionTool.from_defaults(len, name="size")], user_msg="Hello")
    assert "parallel_tool_calls" not in body_of(requests[0])
    assert body_of(requests[1])["parallel_tool_calls"] is False


def test_parallel_calls_are_not_spoken_of_to_models_that_refuse_the_word() -> None:
    llm, requests = answering(COMPLETION, model="o3", protocol="chat_completions")
    llm.chat_with_tools([FunctionTool.from_defaults(len, name="size")], user_msg="Hello")
    (request,) = requests
    assert body_of(request)["tools"]
    assert "parallel_tool_calls" not in body_of(request)


def test_one_call_alone_is_handed_on_and_sent_back_though_the_model_made_several() -> None:
    """Not every provider heeds `parallel_tool_calls`, and who allowed one call answers one."""
    made = [
        {"id": f"call_{n}", "type": "function", "function": {"name": "size", "arguments": '{"obj": "x"}'}}
        for n in (1, 2)
    ]
    said = {"role": "assistant", "content": "Both.", "tool_calls": made}
    llm, requests = answering({**COMPLETION, "choices": [{"index": 0, "message": said, "finish_reason": "tool_calls"}]})
    tool = FunctionTool.from_defaults(len, name="size")
    several = llm.chat_with_tools([tool], user_msg="Hello", allow_parallel_tool_calls=True)
    assert [call.tool_id for call in llm.get_tool_calls_from_response(several)] == ["call_1", "call_2"]
    one = llm.chat_with_tools([tool], user_msg="Hello")
    assert [call.tool_id for call in llm.get_tool_calls_from_response(one)] == ["call_1"]
    assert one.message.content == "Both."
    result = ChatMessage(role="tool", content="1", additional_kwargs={"tool_call_id": "call_1"})
    llm.chat([*HELLO, one.message, result])
    turn = body_of(requests[-1])["messages"][1]
    assert turn == {**said, "tool_calls": made[:1]}


SIZE = {"type": "function", "function": {"name": "size"}}


@pytest.mark.parametrize(
    ("choice", "required", "sent"),
    [
        (None, False, None),
        (None, True, "required"),
        ("auto", False, "auto"),
        ("auto", True, "required"),
        ("none", True, "none"),
        ("any", False, "required"),
        ("required", False, "required"),
        ("size", False, SIZE),
        (SIZE, False, SIZE),
    ],
)
def test_a_tool_choice_is_a_mode_a_name_or_openais_object(choice: Any, sent: Any, *, required: bool) -> None:
    llm, requests = answering(COMPLETION)
    tool = FunctionTool.from_defaults(len, name="size")
    llm.chat_with_tools([tool], user_msg="Hello", tool_choice=choice, tool_required=required)
    assert body_of(requests[0]).get("tool_choice") == sent


def test_tools_are_strict_if_the_llm_is() -> None:
    def size(text: str) -> int:
        return len(text)

    llm, requests = answering(COMPLETION, strict=True)
    llm.chat_with_tools([FunctionTool.from_defaults(size)], user_msg="Hello")
    (tool,) = body_of(requests[0])["tools"]
    assert tool["function"]["strict"] is True
    assert tool["function"]["parameters"]["additionalProperties"] is False
    with pytest.raises(InvalidInputError, match=r"'any' cannot be strict.*Leave strict out.*Nothing was sent"):
        llm.chat_with_tools([FunctionTool.from_defaults(len, name="any")], user_msg="Hello")
    assert len(requests) == 1


def test_several_answers_are_refused() -> None:
    llm, requests = answering(COMPLETION)
    with pytest.raises(InvalidInputError, match="room for one answer"):
        llm.chat(HELLO, n=2)
    assert requests == []


def test_prompts_are_formatted_unless_they_are() -> None:
    llm, requests = answering(COMPLETION, completion_to_prompt=lambda prompt: f"<{prompt}>")
    llm.complete("Hello")
    llm.complete("Hello", formatted=True)
    assert [body_of(request)["messages"][0]["content"] for request in requests] == ["<Hello>", "Hello"]


@pytest.mark.parametrize("stream", [False, True])
def test_a_completion_is_what_was_said_also_in_several_texts(seacloud_env: Emulator, *, stream: bool) -> None:
    """A text with citations comes in many pieces, in mid-sentence; the emulator cites what it finds on the web."""
    llm = SeaCloud(model="claude-opus-4-6")
    tools = [{"type": "web_search_20250305", "name": "web_search"}]
    question = "Search the web for the price of fish"
    said = "".join(response.delta or "" for response in llm.stream_complete(question, tools=tools))
    whole = [*llm.stream_complete(question, tools=tools)][-1] if stream else llm.complete(question, tools=tools)
    assert whole.text == said


def test_predict_uses_the_system_prompt() -> None:
    llm, requests = answering(COMPLETION, system_prompt="Be brief.")
    assert llm.predict(PromptTemplate("{word}"), word="Hello") == "Hi"
    assert [message["content"] for message in body_of(requests[0])["messages"]] == ["Be brief.", "Hello"]


def test_a_bad_address_is_refused_at_once() -> None:
    with pytest.raises(ConfigurationError, match="base_url"):
        SeaCloud(model="gpt-4.1", base_url="cloud.example")
    with pytest.raises(ValueError, match="protocol"):
        SeaCloud(model="gpt-4.1", protocol="telegraph")  # type: ignore[arg-type]  # it is the mistake that is tested


def test_mistakes_are_told_without_what_was_given() -> None:
    with pytest.raises(ValueError, match="temperature") as caught:
        SeaCloud(model="gpt-4.1", api_key="sk-secret", temperature="sk-secret")  # type: ignore[arg-type]  # a mistake
    assert "sk-secret" not in str(caught.value)


def test_a_key_that_comes_later_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    llm, _ = answering(COMPLETION, api_key=None)
    with pytest.raises(ConfigurationError, match="SEACLOUD_API_KEY"):
        llm.chat(HELLO)
    monkeypatch.setenv("SEACLOUD_API_KEY", "sk-later")
    assert str(llm.chat(HELLO)) == "assistant: Hi"


# Metadata


@pytest.mark.parametrize("prefix", sorted(FACTS))
def test_metadata_says_what_the_facts_say(prefix: str) -> None:
    facts = facts_of(prefix)
    metadata = SeaCloud(model=prefix).metadata
    assert metadata.context_window == (facts.max_input_tokens or UNKNOWN_CONTEXT_WINDOW)
    assert metadata.is_function_calling_model == (facts.tool_calling is not False)
    assert metadata.is_chat_model
    # What LlamaIndex computes from it: room for a prompt must be left.
    assert PromptHelper.from_llm_metadata(metadata)._get_available_context_size(1000) > 0


def test_metadata_can_be_overridden() -> None:
    llm = SeaCloud(model="gpt-4.1", context_window=1000, max_tokens=200, is_function_calling_model=False)
    metadata = llm.metadata
    assert (metadata.context_window, metadata.num_output, metadata.is_function_calling_model) == (1000, 200, False)


# Events


@pytest.mark.parametrize(
    "given",
    [
        {"api_key": "sk-secret"},
        {"extra_headers": {"Authorization": "Bearer sk-secret"}},
        {"extra_headers": {"X-Api-Key": "sk-secret"}},
        {"extra_headers": {"x-gateway-token": "sk-secret"}},
        {"extra_headers": {"Cookie": "session=sk-secret"}},
        {"default_headers": {"x": "sk-secret"}},
        {"openai_api_key": "sk-secret"},
    ],
)
@pytest.mark.parametrize(
    "method",
    ["chat", "achat", "stream_chat", "astream_chat", "complete", "acomplete", "stream_complete", "astream_complete"],
)
async def test_credentials_are_not_taken_per_call(given: dict[str, Any], method: str, recorder: Recorder) -> None:
    llm, requests = answering(COMPLETION)

    async def ask() -> None:
        answer = getattr(llm, method)("Hello" if "complete" in method else HELLO, **given)
        if asyncio.iscoroutine(answer):
            await answer

    with pytest.raises(InvalidInputError, match="Nothing was sent"):
        await ask()
    assert requests == []
    assert not [event for event in recorder.events if "sk-secret" in repr(event)]


def test_credentials_are_not_taken_as_more_parameters() -> None:
    with pytest.raises(InvalidInputError, match="Authorization"):
        SeaCloud(model="gpt-4.1", additional_kwargs={"extra_headers": {"Authorization": "Bearer sk-secret"}})


@pytest.mark.parametrize("name", ["seacloud_api_key", "openai_api_key", "auth_token"])
def test_a_credential_by_another_name_is_not_put_into_the_body(name: str) -> None:
    given: dict[str, Any] = {name: "sk-secret"}
    for make in (
        lambda: SeaCloud(model="gpt-4.1", **given),
        lambda: SeaCloud(model="gpt-4.1", additional_kwargs=given),
    ):
        with pytest.raises(InvalidInputError, match=rf"{name}.*SeaCloud\(api_key=") as raised:
            make()
        assert "sk-secret" not in str(raised.value)


async def test_events_have_the_usage_and_the_payload(recorder: Recorder) -> None:
    llm, _ = answering(events(chat_chunk({"content": "Hi"}, "stop"), USAGE_CHUNK))
    _ = [response async for response in await llm.astream_chat(HELLO)]
    start = next(event for event in recorder.events if type(event).__name__ == "LLMChatStartEvent")
    assert start.model_dict["model_name"] == "gpt-4.1"
    assert start.model_dict["protocol"] == "chat_completions"
    assert start.model_dict["base_url"] == "https://cloud.seaart.ai/llm"
    end = next(event for event in recorder.events if type(event).__name__ == "LLMChatEndEvent")
    assert end.response.raw["usage"]["total_tokens"] == 12
    assert recorder.count("LLMChatInProgressEvent") == 2


def test_a_rate_limiter_is_asked_once_a_call() -> None:
    class Limiter(BaseRateLimiter):
        asked = 0

        def acquire(self, *_args: Any) -> None:
            Limiter.asked += 1

        async def async_acquire(self, *_args: Any) -> None:
            Limiter.asked += 1

    llm, _ = answering(COMPLETION, rate_limiter=Limiter())
    llm.chat(HELLO)
    llm.complete("Hello")
    assert Limiter.asked == 2


def test_callback_manager_of_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    llm, _ = answering(COMPLETION)
    manager = CallbackManager()
    assert resolve_llm(llm, callback_manager=manager) is llm
    assert llm.callback_manager is manager
    monkeypatch.setattr(Settings, "_llm", None)
    Settings.llm = llm
    assert Settings.llm is llm


# The wire


def test_one_llm_in_two_event_loops(seacloud_env: Emulator) -> None:
    llm = SeaCloud(model="gpt-4.1")

    async def ask() -> str:
        streamed = [response async for response in await llm.astream_chat(HELLO)]
        whole = await llm.achat(HELLO)
        assert streamed[-1].message.content == whole.message.content
        return str(whole)

    assert asyncio.run(ask()) == asyncio.run(ask())


@pytest.mark.parametrize("stream", [False, True])
def test_retries_are_one_layer(seacloud_env: Emulator, *, stream: bool) -> None:
    seacloud_env.faults.add(Fault(match="/llm/", status=429, retry_after=0, times=9))
    llm = SeaCloud(model="gpt-4.1", max_retries=3)
    with pytest.raises(RateLimitError) as caught:
        list(llm.stream_chat(HELLO)) if stream else llm.chat(HELLO)
    assert len(seacloud_env.requests) == 4
    assert caught.value.request_id


async def test_a_stream_that_breaks_is_an_error_and_not_asked_again(seacloud_env: Emulator) -> None:
    seacloud_env.faults.add(Fault(match="/llm/", disconnect_after=900))
    stream = await SeaCloud(model="gpt-4.1").astream_chat(HELLO)
    with pytest.raises(StreamBroken):
        async for _ in stream:
            pass
    assert len(seacloud_env.requests) == 1


def test_an_error_within_a_stream_is_told(recorder: Recorder) -> None:
    error = {"error": {"message": "overloaded", "type": "server_error"}}
    llm, _ = answering(events(chat_chunk({"content": "Hi"}), error))
    seen: list[ChatResponse] = []
    with pytest.raises(ServerError, match="overloaded"):
        seen.extend(llm.stream_chat(HELLO))  # what came before the error is kept
    assert [response.delta for response in seen] == ["Hi"]
    assert recorder.count("ExceptionEvent") == 1
    assert recorder.count("LLMChatEndEvent") == 0


def test_a_tools_film_is_no_error() -> None:
    llm, requests = answering(COMPLETION)
    call = {"id": "call_1", "type": "function", "function": {"name": "film", "arguments": "{}"}}
    blocks = [TextBlock(text="Done"), VideoBlock(url="https://example.com/a.mp4")]
    llm.chat(
        [
            *HELLO,
            ChatMessage(role=MessageRole.ASSISTANT, additional_kwargs={"tool_calls": [call]}),
            ChatMessage(role=MessageRole.TOOL, blocks=blocks, additional_kwargs={"tool_call_id": "call_1"}),
        ]
    )
    assert "https://example.com/a.mp4" in json.dumps(body_of(requests[0]))


@pytest.mark.filterwarnings(  # as in test_agents
    "ignore::pydantic.warnings.PydanticDeprecationWarning", "ignore:is_running called from within a step"
)
async def test_react_agent_calls_a_tool() -> None:
    """A ReAct agent's tool call is a text in a form of LlamaIndex's own, which the emulator does not speak."""
    steps = iter(
        [
            'Thought: I need the weather.\nAction: get_weather\nAction Input: {"city": "Oslo"}',
            "Thought: I can answer without using any more tools.\nAnswer: It is sunny.",
        ]
    )

    def handle(_request: httpx.Request) -> httpx.Response:
        chunks = [chat_chunk({"content": word + " "}) for word in next(steps).split(" ")]
        return httpx.Response(
            200,
            headers={"content-type": "text/event-stream"},
            content=b"".join(events(*chunks, chat_chunk({}, "stop"), USAGE_CHUNK)),
        )

    client = httpx.AsyncClient(transport=httpx.MockTransport(handle))
    llm = SeaCloud(model="gpt-4.1", api_key="sk-test", http_async_client=client)
    tool = FunctionTool.from_defaults(lambda city: f"Sun in {city}", name="get_weather", description="The weather")
    handler = ReActAgent(tools=[tool], llm=llm, timeout=20).run("the weather in Oslo")
    seen = [event async for event in handler.stream_events()]
    assert str(await handler).strip() == "It is sunny."
    assert [str(event.tool_output) for event in seen if isinstance(event, ToolCallResult)] == ["Sun in Oslo"]
    assert [event for event in seen if isinstance(event, AgentStream)]


# Importing


def test_importing_brings_in_no_queue_and_no_other_framework() -> None:
    program = (
        "import sys, llama_index.core; before = set(sys.modules); import llama_index.llms.seacloud\n"
        "new = set(sys.modules) - before\n"
        "others = {'langchain_core', 'seacloud_emulator', 'openai', 'anthropic'}\n"
        "print(sorted(m for m in new if m.split('.')[0] in others"
        " or m in {'seacloud_client.queue', 'seacloud_client.media', 'llamaindex_seacloud.tool_spec'}))"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)  # ours
    assert found.stdout.strip() == "[]"
