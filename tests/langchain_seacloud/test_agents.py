"""Agents and retrieval for real, on every protocol."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware, SummarizationMiddleware
from langchain.agents.structured_output import ProviderStrategy, ToolStrategy
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, HumanMessage, ToolMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnablePassthrough
from langchain_core.tools import tool
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_seacloud import ChatSeaCloud
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.types import Command
from pydantic import BaseModel, Field
from seacloud_emulator import Emulator

Make = Callable[..., ChatSeaCloud]

ran: list[str] = []


@pytest.fixture(autouse=True)
def _nothing_ran() -> None:
    ran.clear()


@tool
def get_weather(city: str) -> str:
    """Tells the weather in a city."""
    ran.append(f"weather {city}")
    return f"It is sunny in {city}."


@tool
def multiply(a: int, b: int) -> int:
    """Multiplies two numbers."""
    ran.append(f"multiply {a} {b}")
    return a * b


@tool
def send_mail(recipient: str, text: str) -> str:
    """Sends a mail."""
    ran.append(f"mail {recipient}")
    return "Sent."


TOOLS = [get_weather, multiply]
BOTH = {"messages": [("user", "Tell me the weather in Oslo, and multiply 6 by 7.")]}


class Report(BaseModel):
    """A report on the weather."""

    city: str = Field(description="The city's name")
    summary: str
    degrees: int | None = None


def check_both(messages: list[BaseMessage]) -> None:
    assert sorted(ran) == ["multiply 6 7", "weather Oslo"]
    assert [message.type for message in messages] == ["human", "ai", "tool", "tool", "ai"]
    assert "It is sunny in Oslo." in messages[-1].text
    assert "42" in messages[-1].text


def test_several_tools(make: Make) -> None:
    check_both(create_agent(make(), TOOLS).invoke(BOTH)["messages"])


async def test_several_tools_async(make: Make) -> None:
    check_both((await create_agent(make(), TOOLS).ainvoke(BOTH))["messages"])


@pytest.mark.parametrize("settings", [{}, {"output_version": "v1"}, {"streaming": True}])
def test_in_every_form(make: Make, settings: Any) -> None:
    check_both(create_agent(make(**settings), TOOLS).invoke(BOTH)["messages"])


THOUGHTS: dict[str, Any] = {
    "chat_completions": {"reasoning_effort": "low", "model": "an-open-model"},
    "responses": {"reasoning": {"effort": "low", "summary": "auto"}, "include": ["reasoning.encrypted_content"]},
    "messages": {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 4096},
}


@pytest.mark.parametrize("version", [None, "v1"])
@pytest.mark.parametrize("streaming", [False, True])
def test_thoughts_go_back_with_the_results(
    make: Make, protocol: str, seacloud_env: Emulator, version: Any, streaming: bool
) -> None:
    """The emulator refuses reasoning that it did not make, as the providers do."""
    model = make(**THOUGHTS[protocol], output_version=version, streaming=streaming)
    state = create_agent(model, TOOLS, checkpointer=InMemorySaver()).invoke(
        BOTH,  # type: ignore[arg-type]  # it is an input
        {"configurable": {"thread_id": "1"}},
    )
    check_both(state["messages"])
    (thought, *_) = [block for block in state["messages"][1].content_blocks if block["type"] == "reasoning"]
    assert thought["reasoning"]
    sent = json.dumps(seacloud_env.requests[-1].json, ensure_ascii=False)
    assert json.dumps(thought["reasoning"], ensure_ascii=False)[1:-1] in sent


def test_an_agent_with_a_name(make: Make, protocol: str, seacloud_env: Emulator) -> None:
    """LangChain puts the name on the model's messages, and OpenAI refuses one with spaces."""
    agent = create_agent(make(), TOOLS, name="Weather (North)", checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}
    agent.invoke({"messages": [("user", "What is the weather in Oslo?")]}, config)
    state = agent.invoke({"messages": [("user", "And in Bergen?")]}, config)
    assert state["messages"][-1].name == "Weather (North)"
    sent = [turn.get("name") for turn in seacloud_env.requests[-1].json.get("messages", [])]
    assert ("Weather_(North)" in sent) is (protocol == "chat_completions"), "only there is a place for it"


def test_messages_mode(make: Make) -> None:
    told = list(create_agent(make(), TOOLS).stream(BOTH, stream_mode="messages"))
    chunks = [chunk for chunk, _ in told if isinstance(chunk, AIMessageChunk)]
    assert len([chunk for chunk in chunks if chunk.text]) > 5
    assert "It is sunny in Oslo." in "".join(chunk.text for chunk in chunks)
    assert sum(chunk.chunk_position == "last" for chunk in chunks) == 2
    assert [chunk.content for chunk, _ in told if isinstance(chunk, ToolMessage)]


def test_updates_and_values_modes(make: Make) -> None:
    agent = create_agent(make(), TOOLS)
    updates = [next(iter(update)) for update in agent.stream(BOTH, stream_mode="updates")]
    assert updates == ["model", "tools", "tools", "model"]
    ran.clear()
    check_both(list(agent.stream(BOTH, stream_mode="values"))[-1]["messages"])


def test_other_modes(make: Make) -> None:
    agent = create_agent(make(), TOOLS, checkpointer=InMemorySaver())
    for mode in ("debug", "tasks", "checkpoints", "custom"):
        config: Any = {"configurable": {"thread_id": mode}}
        told = list(agent.stream(BOTH, config, stream_mode=mode))  # type: ignore[arg-type]  # one of its modes
        assert bool(told) is (mode != "custom")


async def test_several_modes_async(make: Make) -> None:
    agent = create_agent(make(), TOOLS)
    told = [mode async for mode, _ in agent.astream(BOTH, stream_mode=["messages", "updates", "values"])]
    assert set(told) == {"messages", "updates", "values"}


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio gives LangChain no context there: it tells no events")
async def test_events(make: Make) -> None:
    agent = create_agent(make(), TOOLS)
    events = [event async for event in agent.astream_events(BOTH, version="v2")]
    names = {event["event"] for event in events}
    assert {"on_chat_model_start", "on_chat_model_stream", "on_chat_model_end", "on_tool_end"} <= names
    ends = [event["data"]["output"] for event in events if event["event"] == "on_chat_model_end"]
    assert all(end.usage_metadata["total_tokens"] > 0 for end in ends)


def test_a_person_decides(make: Make) -> None:
    agent = create_agent(
        make(),
        [*TOOLS, send_mail],
        middleware=[HumanInTheLoopMiddleware(interrupt_on={"send_mail": True})],
        checkpointer=InMemorySaver(serde=JsonPlusSerializer()),
    )
    config: Any = {"configurable": {"thread_id": "1"}}
    state: Any = agent.invoke({"messages": [("user", 'Please send a mail to "ann@example.com".')]}, config)
    (asked,) = state["__interrupt__"]
    (action,) = asked.value["action_requests"]
    assert action["name"] == "send_mail"
    assert not ran
    state = agent.invoke(Command(resume={"decisions": [{"type": "approve"}]}), config)
    assert [what.split()[0] for what in ran] == ["mail"]
    assert "Sent." in state["messages"][-1].text
    state = agent.invoke({"messages": [("user", 'Please send a mail to "bob@example.com".')]}, config)
    rejected = {"type": "reject", "message": "Not now."}
    state = agent.invoke(Command(resume={"decisions": [rejected]}), config)
    assert len(ran) == 1
    assert state["messages"][-2].status == "error"
    assert "Not now." in state["messages"][-1].text


@pytest.mark.parametrize(
    "strategy",
    [ProviderStrategy(Report), ProviderStrategy(Report, strict=True), ToolStrategy(Report), Report],
    ids=["provider", "strict", "tool", "auto"],
)
def test_structured_responses(make: Make, strategy: Any) -> None:
    agent = create_agent(make(), TOOLS, response_format=strategy)
    state = agent.invoke({"messages": [("user", "What is the weather in Oslo?")]})
    assert isinstance(state["structured_response"], Report)
    assert state["structured_response"].city == "Oslo"
    assert ran == ["weather Oslo"]


def test_structured_response_without_tools(make: Make) -> None:
    agent = create_agent(make(), [], response_format=ProviderStrategy(Report))
    state = agent.invoke({"messages": [("user", "It is sunny in Oslo.")]})
    assert isinstance(state["structured_response"], Report)


def test_summaries(make: Make) -> None:
    model = make()
    summing = SummarizationMiddleware(model, trigger=("messages", 6), keep=("messages", 2))
    agent = create_agent(model, TOOLS, middleware=[summing], checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}
    for city in ("Oslo", "Bergen", "Narvik", "Bodø"):
        state = agent.invoke({"messages": [("user", f"What is the weather in {city}?")]}, config)
        assert f"It is sunny in {city}." in state["messages"][-1].text
    assert "summary" in state["messages"][0].text.lower()
    assert len(state["messages"]) < 12


DOCUMENTS = [
    Document("The harbour of Bergen is called Vågen.", metadata={"source": "bergen.md"}),
    Document("Narvik lies on the Ofotfjord.", metadata={"source": "narvik.md"}),
]


def retriever_of() -> Any:
    store = InMemoryVectorStore(DeterministicFakeEmbedding(size=16))
    store.add_documents(DOCUMENTS)
    return store.as_retriever(search_kwargs={"k": 1})


PROMPT = ChatPromptTemplate.from_messages(
    [("system", "Answer from these documents:\n{context}"), ("human", "{question} Quote: {context}")]
)


def shown(documents: list[Document]) -> str:
    return "\n".join(f"[{document.metadata['source']}] {document.page_content}" for document in documents)


def test_retrieval_with_sources(make: Make) -> None:
    """The store's embedding is a hash of the text, so the question is the text of the document that fits."""
    answering = (
        RunnablePassthrough.assign(context=lambda found: shown(found["documents"]))
        | PROMPT
        | make()
        | StrOutputParser()
    )
    chain = RunnablePassthrough.assign(documents=lambda asked: retriever_of().invoke(asked["question"])).assign(
        answer=answering
    )
    question = {"question": DOCUMENTS[1].page_content}
    found = chain.invoke(question)
    assert [document.metadata["source"] for document in found["documents"]] == ["narvik.md"]
    assert "[narvik.md]" in found["answer"]
    pieces = [piece["answer"] for piece in chain.stream(question) if "answer" in piece]
    assert "".join(pieces) == found["answer"]
    assert len(pieces) > 3


@pytest.mark.parametrize("version", [None, "v1"])
def test_long_conversations_survive_a_checkpoint(make: Make, protocol: str, version: Any) -> None:
    """Messages that were written as JSON between the turns are as good as those that were not."""
    serde = JsonPlusSerializer()
    model = make(**THOUGHTS[protocol], output_version=version).bind_tools(TOOLS)
    history: list[Any] = []
    for question in ("Tell me the weather in Oslo, and multiply 6 by 7.", "Why is the sea salty?"):
        history.append(HumanMessage(question))
        answer = model.invoke(history)
        history.append(answer)
        tools = {"get_weather": get_weather, "multiply": multiply}
        history += [tools[call["name"]].invoke({**call, "type": "tool_call"}) for call in answer.tool_calls]
        history = serde.loads_typed(serde.dumps_typed(history))
        if answer.tool_calls:
            history.append(model.invoke(history))
    assert isinstance(history[-1], AIMessage)
    assert "sea" in history[-1].text
