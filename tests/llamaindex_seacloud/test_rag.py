"""Retrieval, chat engines and extraction for real, on each protocol, against the emulator."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest
from llama_index.core import Document, MockEmbedding, PromptTemplate, Settings, SummaryIndex, VectorStoreIndex
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.program import LLMTextCompletionProgram
from llama_index.core.query_engine import CitationQueryEngine
from llama_index.core.response_synthesizers import ResponseMode
from llama_index.core.selectors import PydanticSingleSelector
from llama_index.core.tools import ToolMetadata
from llamaindex_seacloud import SeaCloud
from pydantic import BaseModel
from seacloud_emulator import Emulator

# llama_index.core's agents look at all attributes of their classes, the deprecated ones of pydantic too.
pytestmark = pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")

MakeLLM = Callable[..., SeaCloud]

DOCUMENTS = [
    Document(text="The harbour of Bergen is 900 years old.", metadata={"file_name": "bergen.txt"}),
    Document(text="The market of Oslo sells fish.", metadata={"file_name": "oslo.txt"}),
]


class Place(BaseModel):
    """A place that a text speaks of."""

    name: str
    age: int


@pytest.fixture(autouse=True)
def _loop_of_sync_calls(request: pytest.FixtureRequest) -> Iterator[None]:
    """The loop that llama_index.core takes for sync calls. One that it makes itself is never closed."""
    if request.node.get_closest_marker("asyncio"):
        yield
        return
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture
def index() -> VectorStoreIndex:
    return VectorStoreIndex.from_documents(DOCUMENTS, embed_model=MockEmbedding(embed_dim=8))


def memory() -> ChatMemoryBuffer:
    """A memory without SQLite: that of the default one is never closed, which other tests would be blamed for."""
    return ChatMemoryBuffer.from_defaults(token_limit=3000)


def test_query_engine(index: VectorStoreIndex, llm: SeaCloud, seacloud_env: Emulator) -> None:
    answer = index.as_query_engine(llm=llm).query("How old is the harbour?")
    assert str(answer)
    assert len(answer.source_nodes) == 2
    assert "900 years old" in str(seacloud_env.requests[-1].json)


async def test_async_query_engine(index: VectorStoreIndex, llm: SeaCloud) -> None:
    assert str(await index.as_query_engine(llm=llm).aquery("How old is the harbour?"))


def test_streaming_query_engine(index: VectorStoreIndex, llm: SeaCloud) -> None:
    whole = str(index.as_query_engine(llm=llm).query("How old is the harbour?"))
    streamed = index.as_query_engine(llm=llm, streaming=True).query("How old is the harbour?")
    words = list(streamed.response_gen)
    assert len(words) > 3
    assert "".join(words) == whole


@pytest.mark.parametrize("mode", [ResponseMode.REFINE, ResponseMode.COMPACT, ResponseMode.TREE_SUMMARIZE])
def test_ways_of_answering(llm: SeaCloud, mode: ResponseMode) -> None:
    index = SummaryIndex.from_documents(DOCUMENTS)
    assert str(index.as_query_engine(llm=llm, response_mode=mode).query("How old is the harbour?"))


def test_refining_with_structured_answers(llm: SeaCloud) -> None:
    engine = SummaryIndex.from_documents(DOCUMENTS).as_query_engine(llm=llm, structured_answer_filtering=True)
    assert str(engine.query("How old is the harbour?"))


@pytest.mark.parametrize("mode", ["context", "condense_plus_context", "condense_question", "simple"])
def test_chat_engines(index: VectorStoreIndex, llm: SeaCloud, mode: str, seacloud_env: Emulator) -> None:
    engine = index.as_chat_engine(chat_mode=mode, llm=llm, memory=memory())
    assert str(engine.chat("How old is the harbour?"))
    assert "".join(engine.stream_chat("And the market?").response_gen)
    assert [message.role.value for message in engine.chat_history] == ["user", "assistant"] * 2
    assert all(request.status == 200 for request in seacloud_env.requests)


async def test_async_streaming_chat_engine(index: VectorStoreIndex, llm: SeaCloud) -> None:
    engine = index.as_chat_engine(chat_mode="context", llm=llm, memory=memory())
    answer = await engine.astream_chat("How old is the harbour?")
    assert "".join([word async for word in answer.async_response_gen()])


def test_citation_query_engine(index: VectorStoreIndex, llm: SeaCloud, seacloud_env: Emulator) -> None:
    engine = CitationQueryEngine.from_args(index, llm=llm, similarity_top_k=2)
    answer = engine.query("How old is the harbour?")
    assert str(answer)
    assert answer.source_nodes[0].node.get_content().startswith("Source 1")
    assert "Source 2" in str(seacloud_env.requests[-1].json)


def test_structured_answers(index: VectorStoreIndex, llm: SeaCloud) -> None:
    answer = index.as_query_engine(llm=llm, output_cls=Place).query('How old is the harbour of "Bergen"?')
    assert isinstance(answer.response, Place)


def test_structured_extraction(llm: SeaCloud) -> None:
    place = llm.structured_predict(Place, PromptTemplate("Extract the place: {text}"), text="Bergen, 900 years old")
    assert place.name == "Bergen"


def test_selector(llm: SeaCloud) -> None:
    choices = [ToolMetadata("about harbours", name="harbours"), ToolMetadata("about markets", name="markets")]
    result = PydanticSingleSelector.from_defaults(llm=llm).select(choices, "the harbour")
    assert result.ind in (-1, 0, 1)


def test_text_program(llm: SeaCloud, seacloud_env: Emulator) -> None:
    """The schema stands in the prompt, and the answer is a text that is parsed."""
    program = LLMTextCompletionProgram.from_defaults(
        output_cls=Place, llm=llm, prompt_template_str="Extract the place: {text}"
    )
    place = program(text="the harbour of Bergen")
    assert isinstance(place, Place)
    assert "Bergen" in place.model_dump_json()
    assert not {"tools", "response_format", "output_config"} & seacloud_env.requests[-1].json.keys()


@pytest.fixture
def settings_llm(llm: SeaCloud) -> Iterator[SeaCloud]:
    Settings.llm = llm
    yield llm
    Settings._llm = None


def test_settings(index: VectorStoreIndex, settings_llm: SeaCloud, seacloud_env: Emulator) -> None:
    assert Settings.llm is settings_llm
    assert str(index.as_query_engine().query("How old is the harbour?"))
    assert seacloud_env.requests
