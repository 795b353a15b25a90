"""The key is in nothing that the frameworks put out: what they dump, trace, tell their callbacks, keep and log."""

from __future__ import annotations

import json
import pickle
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from cassettes import cassette
from langchain.agents import create_agent
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.load import dumpd, dumps
from langchain_core.tracers import LangChainTracer
from langchain_seacloud import ChatSeaCloud, SeaCloudGenerationTool, SeaCloudToolkit
from langgraph.checkpoint.memory import InMemorySaver
from langsmith import Client
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.callbacks import CallbackManager, LlamaDebugHandler
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.span_handlers import SimpleSpanHandler
from llama_index.core.workflow import Context, JsonSerializer
from llamaindex_seacloud import SeaCloud, SeaCloudToolSpec
from pydantic import Field
from seacloud_client.errors import SeaCloudError
from seacloud_emulator import Emulator, Fault

from reliability.key_hunt import KEY, all_logs, is_in, places_in, places_in_error
from reliability.test_fault_matrix import failure_of

WISH = {"messages": [("user", "Draw a cat, please.")]}

# llama_index.core's agents look at all attributes of their classes, the deprecated ones of pydantic too; and 0.14
# cannot write its own memory as JSON with pydantic 2.14.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Skipping serialization of known unserializable key"),
]


@pytest.fixture(autouse=True)
def service(seacloud_emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    monkeypatch.setenv("SEACLOUD_BASE_URL", seacloud_emulator.url)
    return seacloud_emulator


@pytest.fixture(autouse=True)
def _nothing_is_logged_or_warned() -> Iterator[None]:
    with all_logs() as records, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        yield
    assert not any(
        is_in(text) for text in records.texts if not text.startswith("vcr.")
    )  # the recorder logs all it sees
    assert not any(is_in(str(warning)) for warning in warned)


class Ears(BaseCallbackHandler):
    """Keeps everything that LangChain tells a callback."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("on_"):
            return super().__getattribute__(name)

        def hear(*args: Any, **kwargs: Any) -> None:
            self.heard.append(repr((name, args, kwargs)))

        return hear


@pytest.fixture
def langsmith() -> Iterator[tuple[LangChainTracer, MagicMock]]:
    """LangSmith's own tracer and client, and the session that its requests end in."""
    session = MagicMock()
    session.request.return_value.status_code = 200
    client = Client(
        api_url="https://tracing.test", api_key="unused", session=session, auto_batch_tracing=False, info={}
    )
    yield LangChainTracer(client=client, project_name="x"), session
    client.cleanup()


def langchain_things() -> list[Any]:
    model = ChatSeaCloud(model="gpt-4.1", api_key=KEY)
    tool = SeaCloudGenerationTool(model="nano_banana_2", api_key=KEY)
    return [
        model,
        model.bind_tools([tool]),
        model.with_structured_output({"title": "A", "type": "object", "properties": {"a": {"type": "string"}}}),
        model.with_retry(),
        tool,
        SeaCloudToolkit(models=["flux_2_pro"], api_key=KEY),
        *SeaCloudToolkit(models=["flux_2_pro"], api_key=KEY).get_tools(),
    ]


def test_what_langchain_makes_of_them() -> None:
    for thing in langchain_things():
        assert places_in(thing) == []
        for dump in (dumpd, dumps):
            assert not is_in(repr(dump(thing)))


@pytest.mark.parametrize("way", ["invoke", "stream", "ainvoke", "astream_events"])
async def test_an_agents_run(way: str, langsmith: tuple[LangChainTracer, MagicMock]) -> None:
    tracer, session = langsmith
    ears, saver = Ears(), InMemorySaver()
    tools = [SeaCloudGenerationTool(model="nano_banana_2", api_key=KEY)]
    agent = create_agent(ChatSeaCloud(model="gpt-4.1", api_key=KEY), tools, checkpointer=saver)
    config: Any = {"configurable": {"thread_id": "1"}, "callbacks": [tracer, ears]}
    if way == "invoke":
        output: Any = agent.invoke(WISH, config)
    elif way == "stream":
        output = list(agent.stream(WISH, config, stream_mode=["messages", "updates", "custom", "debug"]))
    elif way == "ainvoke":
        output = await agent.ainvoke(WISH, config)
    else:
        output = [event async for event in agent.astream_events(WISH, config, version="v2")]
    assert "nano_banana_2" in repr(output)
    tracer.wait_for_futures()
    sent = repr(session.request.call_args_list)
    assert "nano_banana_2" in sent
    kept = repr(list(saver.list(None))) + repr(saver.storage) + repr(saver.blobs) + repr(saver.writes)
    assert "nano_banana_2" in kept
    assert not any(map(is_in, [repr(output), sent, kept, *ears.heard]))


@pytest.mark.parametrize("status", [401, 500])
async def test_a_run_that_fails(service: Emulator, langsmith: tuple[LangChainTracer, MagicMock], status: int) -> None:
    tracer, session = langsmith
    ears = Ears()
    model = ChatSeaCloud(model="gpt-4.1", api_key=KEY, max_retries=0)
    for run in (model.invoke, lambda *args, **kwargs: list(model.stream(*args, **kwargs))):
        service.faults.add(Fault(status=status))
        with pytest.raises(SeaCloudError) as caught:
            run("hi", config={"callbacks": [tracer, ears]})
        assert places_in_error(caught.value) == []
    tracer.wait_for_futures()
    assert session.request.call_args_list
    assert not any(map(is_in, [repr(session.request.call_args_list), *ears.heard]))


def llamaindex_things() -> list[Any]:
    llm = SeaCloud(model="gpt-4.1", api_key=KEY)
    spec = SeaCloudToolSpec("nano_banana_2", api_key=KEY)
    return [llm, llm.metadata, llm.to_payload(), spec, *spec.to_tool_list()]


def test_what_llamaindex_makes_of_them() -> None:
    for thing in llamaindex_things():
        assert places_in(thing) == []
    llm = SeaCloud(model="gpt-4.1", api_key=KEY)
    assert not is_in(pickle.dumps(llm))


class Events(BaseEventHandler):
    """Keeps all events of the instrumentation."""

    heard: list[str] = Field(default_factory=list)

    @classmethod
    def class_name(cls) -> str:
        return "Events"

    def handle(self, event: Any, **_: Any) -> None:
        self.heard += [repr(event), event.model_dump_json(fallback=repr), repr(vars(event))]


async def test_llamaindexs_events_callbacks_and_context(service: Emulator) -> None:
    events, spans, debug = Events(), SimpleSpanHandler(), LlamaDebugHandler(print_trace_on_end=False)
    dispatcher = get_dispatcher()
    dispatcher.add_event_handler(events)
    dispatcher.add_span_handler(spans)
    try:
        llm = SeaCloud(model="gpt-4.1", api_key=KEY, max_retries=0, callback_manager=CallbackManager([debug]))
        llm.chat([ChatMessage("hi")])
        list(llm.stream_chat([ChatMessage("hi")]))
        service.faults.add(Fault(status=500))
        with pytest.raises(SeaCloudError) as caught:
            await llm.achat([ChatMessage("hi")])
        assert places_in_error(caught.value) == []
        tools = SeaCloudToolSpec("nano_banana_2", api_key=KEY).to_tool_list()
        agent = FunctionAgent(tools=tools, llm=llm, timeout=20)
        context: Any = Context(agent)
        output = await agent.run("Draw a cat, please.", ctx=context)
    finally:
        dispatcher.event_handlers.remove(events)
        dispatcher.span_handlers.remove(spans)
    kept = json.dumps(context.to_dict(serializer=JsonSerializer()))
    told = repr([vars(event) for event in debug.get_events()])
    assert "nano_banana_2" in repr(output)
    assert events.heard
    assert debug.get_events()
    shown = [repr(output), repr(vars(output)), kept, told, repr(spans.completed_spans), repr(spans.dropped_spans)]
    assert not any(map(is_in, [*shown, *events.heard]))


def test_requests_that_are_kept_by_the_emulator_hide_it(service: Emulator) -> None:
    ChatSeaCloud(model="gpt-4.1", api_key=KEY).invoke("hi")
    assert service.requests
    assert not is_in(repr(service.requests))


@pytest.mark.parametrize("status", [200, 403])
def test_a_cassette_does(service: Emulator, tmp_path: Path, status: int) -> None:
    path = tmp_path / "c.yaml"
    with cassette(path, root=service.url, key=KEY, record=True):
        if status == 403:
            service.faults.add(Fault(status=403, body={"error": f"invalid api key {KEY}"}))
        error = failure_of(ChatSeaCloud(model="gpt-4.1", api_key=KEY, max_retries=0).invoke, "hi")
        assert (error is not None) is (status == 403)
        assert error is None or places_in_error(error) == []
    assert "chat/completions" in path.read_text()
    assert not is_in(path.read_text())


def test_no_cassette_of_ours_has_a_header_for_one() -> None:
    for path in (Path(__file__).parents[2] / "cassettes").rglob("*.yaml"):
        text = path.read_text().lower()
        assert "authorization" not in text
        assert "x-api-key" not in text
