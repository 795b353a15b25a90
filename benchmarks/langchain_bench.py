"""ChatSeaCloud beside langchain-openai and langchain-anthropic, the bare loop, and LangChain's own floor."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from functools import partial
from typing import Any

from langchain_anthropic import ChatAnthropic
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_openai import ChatOpenAI
from langchain_seacloud import ChatSeaCloud

from server import PIECE, TEXT
from suite import Make, Suite

QUESTION = "What is the answer to the question?"

IMPORTS = {
    "langchain-core": "import langchain_core.language_models.chat_models, langchain_core.tools",
    "langchain-seacloud": "from langchain_seacloud import ChatSeaCloud",
    "langchain-openai": "from langchain_openai import ChatOpenAI",
    "langchain-anthropic": "from langchain_anthropic import ChatAnthropic",
}


class Floor(BaseChatModel):
    """A model without a network: what LangChain itself costs, each chunk built by the validating constructors."""

    deltas: int
    kind: str = "text"

    @property
    def _llm_type(self) -> str:
        return "floor"

    def _generate(self, *_: Any, **__: Any) -> ChatResult:
        return ChatResult(generations=[ChatGeneration(message=AIMessage(content=TEXT))])

    async def _agenerate(self, *_: Any, **__: Any) -> ChatResult:
        return self._generate()

    def _chunk(self) -> ChatGenerationChunk:
        if self.kind == "text":
            return ChatGenerationChunk(message=AIMessageChunk(content=PIECE))
        call = tool_call_chunk(name=None, args=PIECE, id=None, index=0)
        return ChatGenerationChunk(message=AIMessageChunk(content="", tool_call_chunks=[call]))

    def _stream(self, *_: Any, **__: Any) -> Iterator[ChatGenerationChunk]:
        for _number in range(self.deltas):
            yield self._chunk()

    async def _astream(self, *_: Any, **__: Any) -> AsyncIterator[ChatGenerationChunk]:
        for _number in range(self.deltas):
            yield self._chunk()


def ours(protocol: str, root: str, **settings: Any) -> BaseChatModel:
    return ChatSeaCloud(
        model="bench", protocol=protocol, api_key="bench", base_url=f"{root}/llm", max_tokens=100, **settings
    )


def openai(root: str, *, responses: bool) -> BaseChatModel:
    return ChatOpenAI(
        model="bench", api_key="bench", base_url=f"{root}/v1", use_responses_api=responses, stream_usage=True,
        output_version="responses/v1" if responses else None,
    )  # fmt: skip


def anthropic(root: str) -> BaseChatModel:
    return ChatAnthropic(model="claude-bench", api_key="bench", base_url=root, max_tokens=100)


MODELS: dict[str, tuple[str, Make]] = {
    "SeaCloud, Chat Completions": ("chat_completions", partial(ours, "chat_completions")),
    "langchain-openai, Chat Completions": ("chat_completions", partial(openai, responses=False)),
    "SeaCloud, Responses": ("responses", partial(ours, "responses")),
    "langchain-openai, Responses": ("responses", partial(openai, responses=True)),
    "SeaCloud, Messages": ("messages", partial(ours, "messages")),
    "langchain-anthropic": ("messages", anthropic),
}


async def aask(model: BaseChatModel) -> str:
    return str((await model.ainvoke(QUESTION)).text)


def says_something(chunk: AIMessageChunk) -> bool:
    return bool(chunk.content or chunk.tool_call_chunks)


def count(model: BaseChatModel) -> int:
    return sum(map(says_something, model.stream(QUESTION)))


async def acount(model: BaseChatModel) -> int:
    number = 0
    async for chunk in model.astream(QUESTION):
        number += says_something(chunk)
    return number


if __name__ == "__main__":
    os.environ["LANGSMITH_TRACING"] = "false"
    Suite(
        framework="LangChain",
        imports=IMPORTS,
        models=MODELS,
        only_many={
            f"SeaCloud, {protocol}, aiohttp": partial(ours, protocol, transport="aiohttp")
            for protocol in ("chat_completions", "responses", "messages")
        },
        floor=lambda deltas, kind: Floor(deltas=deltas, kind=kind),
        kinds=("text", "tool"),
        ask=lambda model: str(model.invoke(QUESTION).text),
        aask=aask,
        count=count,
        acount=acount,
    ).run()
