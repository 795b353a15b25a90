"""How the model behaves in operation: secrets, serialisation, resources, threads, tracing, caching, counting."""

from __future__ import annotations

import asyncio
import gc
import json
import pickle
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.load import dumps
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.rate_limiters import BaseRateLimiter
from langchain_core.tools import tool
from langchain_core.tracers import BaseTracer
from langchain_core.tracers.schemas import Run
from langchain_seacloud import ChatSeaCloud
from langchain_seacloud.errors import InvalidInputError, InvalidRequestError, StreamBroken, TimedOut
from seacloud_emulator import Emulator, Fault

KEY = "sk-secret-of-mine"
TOKEN = "token-of-an-mcp-server"


class Traces(BaseTracer):
    """Keeps all that tracers are told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[Any] = []

    def _persist_run(self, run: Run) -> None:
        self.told.append(run)

    def on_chat_model_start(self, *args: Any, **kwargs: Any) -> Any:
        self.told.append((args, kwargs))
        return super().on_chat_model_start(*args, **kwargs)

    @property
    def text(self) -> str:
        return repr([run.__dict__ if isinstance(run, Run) else run for run in self.told])


def secretive(**settings: Any) -> ChatSeaCloud:
    return ChatSeaCloud(
        model="gpt-4.1",
        api_key=KEY,  # type: ignore[arg-type]  # pydantic makes it a secret
        default_headers={"X-Gateway-Token": KEY, "X-Team": "blue"},
        default_query={"key": KEY, "api-key": TOKEN, "region": "no"},
        extra_body={"mcp_servers": [{"url": "https://a.example", "authorization_token": TOKEN}]},
        model_kwargs={"metadata": {"team": "blue"}, "servers": {"headers": {"Cookie": TOKEN}}},
        **settings,
    )


def test_secrets_are_nowhere_to_be_seen() -> None:
    model = secretive(proxy=f"http://user:{TOKEN}@proxy.example:8080")
    bound = model.bind_tools([{"type": "mcp", "server_label": "a", "authorization": TOKEN, "headers": {"X": TOKEN}}])
    shown = [
        repr(model),
        str(model),
        dumps(model),
        repr(model.client),
        repr(model.client.settings),
        str(model._identifying_params),
        str(model._get_invocation_params(**bound.kwargs)),  # type: ignore[attr-defined]  # it is a binding
        str(model._get_ls_params()),
        str(pickle.dumps(model)),
        str(model.lc_attributes),
    ]
    for text in shown:
        assert KEY not in text
    assert all(TOKEN not in text for text in shown[:-2])
    dumped = json.loads(dumps(model))["kwargs"]
    assert dumped["default_headers"] == {"X-Team": "blue"}
    assert dumped["default_query"] == {"region": "no"}
    assert pickle.loads(pickle.dumps(model)).default_query == {"region": "no"}  # noqa: S301  # our own
    assert dumped["api_key"] == {"lc": 1, "type": "secret", "id": ["SEACLOUD_API_KEY"]}
    assert dumped["proxy"] == "http://proxy.example:8080"


def test_secrets_are_in_no_error_of_the_constructor() -> None:
    with pytest.raises(ValueError, match="temperature") as raised:
        ChatSeaCloud(model="gpt-4.1", api_key=KEY, temperature="warm")  # type: ignore[arg-type]
    assert KEY not in str(raised.value)


def test_secrets_are_in_no_trace(seacloud_env: Emulator) -> None:
    traces = Traces()
    mcp = {"type": "mcp", "server_label": "a", "server_url": "https://a.example", "headers": {"Authorization": TOKEN}}
    seacloud_env.faults.add(Fault(status=400, body={"error": "no"}, times=2))
    model = ChatSeaCloud(model="gpt-5.5", protocol="responses", api_key=KEY).bind_tools([mcp])  # type: ignore[arg-type]
    for ask in (model.invoke, lambda *args, **kwargs: list(model.stream(*args, **kwargs))):
        with pytest.raises(InvalidRequestError):
            ask("hi", config={"callbacks": [traces]})
    assert traces.told
    assert "server_label" in traces.text
    assert TOKEN not in traces.text
    assert KEY not in traces.text
    assert seacloud_env.requests[0].json["tools"][0]["headers"] == {"Authorization": TOKEN}  # it was sent, though


def test_pickled_models_work_and_hold_no_key(seacloud_env: Emulator) -> None:
    model = ChatSeaCloud(model="gpt-4.1", temperature=0.5, tags=["a"])
    copied = pickle.loads(pickle.dumps(model))  # noqa: S301  # it is our own
    assert copied.temperature == 0.5
    assert copied.invoke("hi").text == model.invoke("hi").text


def test_langsmith_parameters() -> None:
    model = ChatSeaCloud(model="gpt-4.1", temperature=0.5, max_tokens=10, stop=["a"])
    params = model._get_ls_params()
    assert {**params} == {
        "ls_provider": "seacloud",
        "ls_model_name": "gpt-4.1",
        "ls_model_type": "chat",
        "ls_temperature": 0.5,
        "ls_max_tokens": 10,
        "ls_stop": ["a"],
    }
    other = model._get_ls_params(stop=["b"], model="gpt-5.5", max_tokens=5)
    assert (other["ls_model_name"], other["ls_stop"], other["ls_max_tokens"]) == ("gpt-5.5", ["b"], 5)


def test_langchain_s_metadata_is_not_sent(seacloud_env: Emulator) -> None:
    model = ChatSeaCloud(model="gpt-4.1", metadata={"team": "blue"})
    model.invoke("hi", config={"metadata": {"user": "ann"}})
    assert "metadata" not in seacloud_env.requests[-1].json
    ChatSeaCloud(model="gpt-4.1", model_kwargs={"metadata": {"team": "red"}}).invoke("hi")
    assert seacloud_env.requests[-1].json["metadata"] == {"team": "red"}


def test_unknown_parameters_go_into_the_body(seacloud_env: Emulator) -> None:
    with pytest.warns(UserWarning, match="'logit_biases': not parameters of ChatSeaCloud"):
        model = ChatSeaCloud(model="gpt-4.1", logit_biases={})  # type: ignore[call-arg]
    assert model.model_kwargs == {"logit_biases": {}}
    with pytest.warns(UserWarning, match="'top_a': not parameters of a call of ChatSeaCloud") as told:
        request = model._request([HumanMessage("hi")], None, {"top_a": 1})
    assert len(told) == 1, "what the constructor was given was told of there"
    assert request.extra_body == {"logit_biases": {}, "top_a": 1}


@pytest.mark.parametrize("name", ["seacloud_api_key", "openai_api_key", "anthropic_api_key", "auth_token"])
def test_a_credential_by_another_name_is_not_put_into_the_body(seacloud_env: Emulator, name: str) -> None:
    """LangChain's other packages call their keys so, and what is not known here goes into the body."""
    given: dict[str, Any] = {name: KEY}
    for make in (
        lambda: ChatSeaCloud(model="gpt-4.1", **given),
        lambda: ChatSeaCloud(model="gpt-4.1", model_kwargs=given),
    ):
        with pytest.raises(ValueError, match=f"'{name}'.*api_key=") as raised:
            make()
        assert KEY not in str(raised.value)
    for ask in (
        lambda: ChatSeaCloud(model="gpt-4.1").invoke("hi", **given),
        lambda: ChatSeaCloud(model="gpt-4.1").model_copy(update={"model_kwargs": given}).invoke("hi"),
        lambda: list(ChatSeaCloud(model="gpt-4.1").bind(**given).stream("hi")),
    ):
        with pytest.raises(InvalidInputError, match=f"{name}.*Nothing was sent"):
            ask()
    assert not seacloud_env.requests


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens", "max_output_tokens"])
def test_other_packages_names(name: str) -> None:
    given: dict[str, Any] = {name: 7}
    assert ChatSeaCloud(model_name="gpt-4.1", **given).max_tokens == 7  # type: ignore[call-arg]
    assert ChatSeaCloud(model="gpt-4.1")._request([HumanMessage("hi")], None, given).max_tokens == 7


def test_a_call_s_parameters_win(seacloud_env: Emulator) -> None:
    model = ChatSeaCloud(
        model="gpt-4.1", temperature=0.1, stop="a", default_query={"a": "1"}, default_headers={"X-Team": "blue"}
    )
    model.invoke("hi", temperature=0.9, stop=["b"], extra_headers={"X-Request-Id": "mine"}, extra_query={"b": "2"})
    sent = seacloud_env.requests[-1]
    assert (sent.json["temperature"], sent.json["stop"]) == (0.9, ["b"])
    assert (sent.headers["x-team"], sent.request_id, sent.query) == ("blue", "mine", "a=1&b=2")
    answer = model.invoke("hi", extra_headers={"X-Request-Id": "mine-too"})
    assert answer.response_metadata["request_id"] == "mine-too"
    assert seacloud_env.requests[-1].json["stop"] == ["a"]


def test_several_answers(seacloud_env: Emulator) -> None:
    model = ChatSeaCloud(model="gpt-4.1", n=3)
    result = model.generate([[HumanMessage("hi")]])
    assert len(result.generations[0]) == 3
    with pytest.raises(ValueError, match="A stream has room for one answer"):
        list(model.stream("hi"))


def test_streaming_under_the_surface(make: Callable[..., ChatSeaCloud], seacloud_env: Emulator) -> None:
    class Tokens(BaseCallbackHandler):
        tokens: list[str] = []  # noqa: RUF012  # one test's

        def on_llm_new_token(self, token: Any, **_: Any) -> None:
            self.tokens.append(token)

    plain = make().invoke("Tell me of the sea.")
    tokens = Tokens()
    told = make(streaming=True).invoke("Tell me of the sea.", config={"callbacks": [tokens]})
    assert seacloud_env.requests[-1].json["stream"] is True
    assert "".join(tokens.tokens) == told.text == plain.text
    assert told.usage_metadata == plain.usage_metadata
    silent = make(disable_streaming=True)
    assert len(list(silent.stream("Tell me of the sea."))) <= 2
    assert not seacloud_env.requests[-1].json.get("stream")


def test_cache(make: Callable[..., ChatSeaCloud], seacloud_env: Emulator) -> None:
    model = make(cache=InMemoryCache())
    first, second = model.invoke("hi"), model.invoke("hi")
    assert len(seacloud_env.requests) == 1
    assert second.content == first.content
    model.invoke("hi", temperature=0.5)
    assert len(seacloud_env.requests) == 2


def test_rate_limiter(make: Callable[..., ChatSeaCloud], seacloud_env: Emulator) -> None:
    class Limiter(BaseRateLimiter):
        asked = 0

        def acquire(self, *, blocking: bool = True) -> bool:
            self.asked += 1
            return True

        async def aacquire(self, *, blocking: bool = True) -> bool:
            return self.acquire()

    limiter = Limiter()
    model = make(rate_limiter=limiter)
    model.invoke("hi")
    list(model.stream("hi"))
    asyncio.run(model.ainvoke("hi"))
    assert limiter.asked == 3


def test_tokens_are_counted_offline() -> None:
    @tool
    def add(a: int, b: int) -> int:
        """Adds two numbers."""
        return a + b

    model = ChatSeaCloud(model="gpt-4.1")
    few = model.get_num_tokens_from_messages([HumanMessage("hi")])
    many = model.get_num_tokens_from_messages([HumanMessage("hi " * 400)])
    assert 0 < few < 20
    assert 200 < many < 500
    assert model.get_num_tokens_from_messages([HumanMessage("hi")], tools=[add]) > few
    assert model.get_num_tokens("12345") == 2
    with pytest.raises(NotImplementedError, match="custom_get_token_ids"):
        model.get_token_ids("hi")
    assert ChatSeaCloud(model="gpt-4.1", custom_get_token_ids=lambda text: [1] * len(text)).get_num_tokens("hi") == 2


LONG = "The sea is wide and deep, and every wave that comes ashore has come a long way. " * 60


def test_prompt_caching_by_one_option(make: Callable[..., ChatSeaCloud], seacloud_env: Emulator) -> None:
    """It is sent to the protocol that must be asked, and taken by the others, which cache by themselves."""
    model = make(cache_control={"type": "ephemeral"})
    answers = [model.invoke([HumanMessage(LONG)]) for _ in range(2)]
    if "cache_control" in seacloud_env.requests[-1].json:
        details = answers[1].usage_metadata["input_token_details"]  # type: ignore[index]
        assert details["cache_read"] > 0


def test_stalled_streams_are_given_up(make: Callable[..., ChatSeaCloud], seacloud_env: Emulator) -> None:
    model = make(stall_timeout=0.3, max_retries=0)
    question = "Tell me of the sea, of ships, of the harbour and of the men who live there."
    seacloud_env.faults.add(Fault(stall=30.0, stall_after=3))
    began = time.monotonic()
    with pytest.raises(TimedOut):
        list(model.stream(question))
    seacloud_env.faults.add(Fault(stall=30.0, stall_after=3))

    async def stream() -> None:
        async for _ in model.astream(question):
            pass

    with pytest.raises(TimedOut):
        asyncio.run(stream())
    assert time.monotonic() - began < 25


def test_closing_a_stream_closes_the_connection(make: Callable[..., ChatSeaCloud], seacloud_env: Emulator) -> None:
    seacloud_env.configure(chunk_seconds=0.05)
    stream = make().stream("Tell me of the sea, of ships, of the harbour and of the men who live there.")
    next(stream)
    stream.close()  # type: ignore[attr-defined]  # it is a generator
    assert seacloud_env.wait_for(lambda emulator: emulator.requests[0].disconnected)


async def test_cancelling_closes_the_connection(make: Callable[..., ChatSeaCloud], seacloud_env: Emulator) -> None:
    seacloud_env.configure(chunk_seconds=0.05)
    task = asyncio.create_task(make(streaming=True).ainvoke("Tell me of the sea, of ships and of the harbour."))
    await asyncio.to_thread(seacloud_env.wait_for, lambda emulator: bool(emulator.requests))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await asyncio.to_thread(seacloud_env.wait_for, lambda emulator: emulator.requests[0].disconnected)


def test_event_loops_come_and_go(make: Callable[..., ChatSeaCloud]) -> None:
    model = make()
    for _ in range(3):
        assert asyncio.run(model.ainvoke("hi")).text


def test_threads(make: Callable[..., ChatSeaCloud]) -> None:
    model = make()
    said: list[str] = []

    def ask(number: int) -> None:
        if number % 2:
            said.append(model.invoke(f"This is question {number}.").text)
        else:
            said.append(asyncio.run(model.ainvoke(f"This is question {number}.")).text)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(any(f"question {number}" in text for text in said) for number in range(8))


def test_context_managers(seacloud_env: Emulator) -> None:
    with ChatSeaCloud(model="gpt-4.1") as model:
        assert model.invoke("hi").text
    assert model.invoke("hi").text  # it stays usable
    model.close()

    async def ask() -> str:
        async with ChatSeaCloud(model="gpt-4.1") as own:
            return (await own.ainvoke("hi")).text

    assert asyncio.run(ask())


def test_own_clients_are_used_and_never_closed(seacloud_env: Emulator) -> None:
    with httpx.Client(headers={"X-Mine": "yes"}) as client:
        model = ChatSeaCloud(model="gpt-4.1", http_client=client)
        model.invoke("hi")
        model.close()
        assert not client.is_closed
        assert seacloud_env.requests[-1].headers["x-mine"] == "yes"


def test_a_thousand_constructions_leak_nothing() -> None:
    def make_many(number: int) -> None:
        for _ in range(number):
            ChatSeaCloud(model="gpt-4.1", api_key="sk-x")  # type: ignore[arg-type]

    make_many(50)
    gc.collect()
    before = len(gc.get_objects())
    make_many(1000)
    gc.collect()
    assert len(gc.get_objects()) - before < 200
    assert threading.active_count() < 50


class Bare(GenericFakeChatModel):
    """A chat model of LangChain's own, which does nothing when it is made."""


def test_construction_is_cheap() -> None:
    """Compared with another's, since machines differ and may be busy; `make bench` has the figures."""

    def seconds(make: Callable[[], object]) -> float:
        began = time.thread_time()
        for _ in range(200):
            make()
        return time.thread_time() - began

    kinds: tuple[Callable[[], object], ...] = (
        lambda: ChatSeaCloud(model="gpt-4.1", api_key="sk-x"),  # type: ignore[arg-type]  # pydantic's
        lambda: Bare(messages=iter(())),
    )
    ours, bare = (min(seconds(make) for _ in range(7)) for make in kinds)
    assert ours < 60 * bare, f"{ours / bare:.1f} times as long"


MEASURE = """
import sys, time
began = time.thread_time()
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.tools import BaseTool
print(time.thread_time() - began)
before = set(sys.modules)
began = time.thread_time()
import langchain_seacloud
print(time.thread_time() - began)
print([name for name in set(sys.modules) - before if name.partition(".")[0] in {
    "langchain", "langgraph", "openai", "anthropic", "tiktoken", "llama_index", "seacloud_emulator", "aiohttp"}
    or name in {"seacloud_client.queue", "seacloud_client.media", "langchain_seacloud.tools"}])
"""


def test_import_is_cheap_and_brings_nothing_in() -> None:
    done = subprocess.run([sys.executable, "-c", MEASURE], check=True, capture_output=True, text=True)
    core, ours, modules = done.stdout.splitlines()
    assert modules == "[]"
    # Compared with the import of LangChain itself: machines differ. `make bench` has the figures.
    assert float(ours) < float(core), f"{ours} s after {core} s of LangChain's"


def test_no_warnings_of_unclosed_things(seacloud_env: Emulator) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        stream = ChatSeaCloud(model="gpt-4.1").stream("hi")
        next(stream)
        del stream
        gc.collect()


def test_messages_path(seacloud_env: Emulator) -> None:
    model = ChatSeaCloud(model="claude-opus-4-6", protocol="messages", messages_path="/anthropic/v1/messages")
    assert model.invoke("hi").text
    assert seacloud_env.requests[-1].path == "/llm/anthropic/v1/messages"


def test_an_answer_that_breaks_off(make: Callable[..., ChatSeaCloud], seacloud_env: Emulator) -> None:
    seacloud_env.faults.add(Fault(disconnect_after=20))
    with pytest.raises(StreamBroken):
        make().invoke("hi")
    assert len(seacloud_env.requests) == 1  # it may have been billed: it is not asked again


def test_v1_by_the_environment(make: Callable[..., ChatSeaCloud], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_OUTPUT_VERSION", "v1")
    answer = make().invoke("hi")
    assert isinstance(answer, AIMessage)
    assert isinstance(answer.content, list)
    assert answer.response_metadata["output_version"] == "v1"


async def test_the_other_transport(make: Callable[..., ChatSeaCloud], seacloud_env: Emulator) -> None:
    pytest.importorskip("httpx_aiohttp")
    model = make(transport="aiohttp")
    assert (await model.ainvoke("hi")).text
    assert [chunk async for chunk in model.astream("hi")][-1].chunk_position == "last"
    await model.aclose()
