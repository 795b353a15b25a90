"""SeaCloud for LlamaIndex beside its own adapters, the bare loop, and LlamaIndex's floor."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from typing import Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    CompletionResponse,
    LLMMetadata,
    MessageRole,
    TextBlock,
)
from llama_index.core.llms import LLM
from llama_index.core.llms.callbacks import llm_chat_callback
from llama_index.llms.anthropic import Anthropic
from llama_index.llms.openai import OpenAI, OpenAIResponses
from llamaindex_seacloud import SeaCloud

from server import PIECE, TEXT
from suite import Make, Suite

QUESTION = [ChatMessage(role=MessageRole.USER, content="What is the answer to the question?")]

IMPORTS = {
    "llama-index-core": "import llama_index.core.llms.function_calling",
    "llama-index-llms-seacloud": "from llamaindex_seacloud import SeaCloud",
    "llama-index-llms-openai": "from llama_index.llms.openai import OpenAI",
    "llama-index-llms-anthropic": "from llama_index.llms.anthropic import Anthropic",
}


class Floor(LLM):
    """A model without a network: what LlamaIndex itself costs, each response built by the validating constructors."""

    deltas: int

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata()

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **_: Any) -> ChatResponse:
        return ChatResponse(message=ChatMessage(role=MessageRole.ASSISTANT, blocks=[TextBlock(text=TEXT)]))

    @llm_chat_callback()
    async def achat(self, messages: Sequence[ChatMessage], **_: Any) -> ChatResponse:
        return ChatResponse(message=ChatMessage(role=MessageRole.ASSISTANT, blocks=[TextBlock(text=TEXT)]))

    @llm_chat_callback()
    def stream_chat(self, messages: Sequence[ChatMessage], **_: Any) -> Iterator[ChatResponse]:
        return self._responses()

    @llm_chat_callback()
    async def astream_chat(self, messages: Sequence[ChatMessage], **_: Any) -> AsyncIterator[ChatResponse]:
        async def responses() -> AsyncIterator[ChatResponse]:
            for response in self._responses():
                yield response

        return responses()

    def _responses(self) -> Iterator[ChatResponse]:
        text = ""
        for _number in range(self.deltas):
            text += PIECE
            message = ChatMessage(role=MessageRole.ASSISTANT, blocks=[TextBlock(text=text)])
            yield ChatResponse(message=message, delta=PIECE, raw={})

    def complete(self, *_: Any, **__: Any) -> CompletionResponse:
        raise NotImplementedError

    acomplete = stream_complete = astream_complete = complete


def ours(protocol: str, root: str, **settings: Any) -> LLM:
    return SeaCloud(
        model="bench", protocol=protocol, api_key="bench", base_url=f"{root}/llm", max_tokens=100, **settings
    )


def openai(make: type[LLM], root: str) -> LLM:
    return make(model="gpt-4.1", api_key="bench", api_base=f"{root}/v1", max_retries=0)


def anthropic(root: str) -> LLM:
    return Anthropic(model="claude-sonnet-4-5", api_key="bench", base_url=root, max_tokens=100, max_retries=0)


MODELS: dict[str, tuple[str, Make]] = {
    "SeaCloud, Chat Completions": ("chat_completions", partial(ours, "chat_completions")),
    "LlamaIndex's OpenAI": ("chat_completions", partial(openai, OpenAI)),
    "SeaCloud, Responses": ("responses", partial(ours, "responses")),
    "LlamaIndex's OpenAIResponses": ("responses", partial(openai, OpenAIResponses)),
    "SeaCloud, Messages": ("messages", partial(ours, "messages")),
    "LlamaIndex's Anthropic": ("messages", anthropic),
}


async def aask(model: LLM) -> str:
    return str((await model.achat(QUESTION)).message.content)


def count(model: LLM) -> int:
    return sum(1 for response in model.stream_chat(QUESTION) if response.delta)


async def acount(model: LLM) -> int:
    number = 0
    async for response in await model.astream_chat(QUESTION):
        number += bool(response.delta)
    return number


if __name__ == "__main__":
    Suite(
        framework="LlamaIndex",
        imports=IMPORTS,
        models=MODELS,
        only_many={
            f"SeaCloud, {protocol}, aiohttp": partial(ours, protocol, transport="aiohttp")
            for protocol in ("chat_completions", "responses", "messages")
        },
        floor=lambda deltas, _kind: Floor(deltas=deltas),
        kinds=("text",),
        ask=lambda model: str(model.chat(QUESTION).message.content),
        aask=aask,
        count=count,
        acount=acount,
    ).run()
