"""Chat and completion: what an LLM is, what it answers, and what that cost."""

from __future__ import annotations

import asyncio
import time

import pytest
from llama_index.core.base.llms.types import (
    ChatMessage,
    MessageRole,
)
from llama_index.core.callbacks import CallbackManager, TokenCountingHandler
from llama_index.core.callbacks.token_counting import get_tokens_from_response
from llama_index.core.llms.function_calling import FunctionCallingLLM
from seacloud_emulator import Fault

from .base import Base, collect, tools, user


class ChatTests(Base):
    """Chat and completion."""

    def test_is_a_function_calling_llm(self, llm: FunctionCallingLLM) -> None:
        assert "BaseLLM" in [cls.__name__ for cls in type(llm).__mro__]
        assert isinstance(llm, FunctionCallingLLM)

    def test_metadata(self, llm: FunctionCallingLLM) -> None:
        metadata = llm.metadata
        assert metadata.is_chat_model
        assert metadata.is_function_calling_model
        assert metadata.context_window > 3900
        assert metadata.num_output == -1 or metadata.num_output > 0
        assert metadata.model_name

    def test_metadata_of_an_unknown_model(self) -> None:
        metadata = self.make(model="a-model-of-next-year").metadata
        assert metadata.is_chat_model
        assert metadata.is_function_calling_model
        assert metadata.context_window > 0

    def test_an_unknown_model_is_asked(self) -> None:
        assert "harbour" in str(self.make(model="a-model-of-next-year").chat([user("the harbour")]))

    async def test_chat(self, llm: FunctionCallingLLM) -> None:
        for response in (llm.chat([user("the harbour")]), await llm.achat([user("the harbour")])):
            assert response.message.role == MessageRole.ASSISTANT
            assert "harbour" in (response.message.content or "")

    async def test_complete(self, llm: FunctionCallingLLM) -> None:
        for response in (llm.complete("the harbour"), await llm.acomplete("the harbour")):
            assert "harbour" in response.text

    @pytest.mark.parametrize("method", ["stream_chat", "astream_chat"])
    async def test_stream_chat(self, llm: FunctionCallingLLM, method: str) -> None:
        whole = llm.chat([user("the harbour")]).message.content
        responses = await collect(getattr(llm, method)([user("the harbour")]))
        assert len(responses) > 3
        assert "".join(response.delta or "" for response in responses) == whole
        assert responses[-1].message.content == whole

    @pytest.mark.parametrize("method", ["stream_chat", "astream_chat"])
    async def test_each_streamed_message_holds_all_so_far(self, llm: FunctionCallingLLM, method: str) -> None:
        said = ""
        for response in await collect(getattr(llm, method)([user("the harbour")])):
            said += response.delta or ""
            assert (response.message.content or "") == said
            assert response.message.role == MessageRole.ASSISTANT

    @pytest.mark.parametrize("method", ["stream_complete", "astream_complete"])
    async def test_stream_complete(self, llm: FunctionCallingLLM, method: str) -> None:
        whole = llm.complete("the harbour").text
        said = ""
        for response in await collect(getattr(llm, method)("the harbour")):
            said += response.delta or ""
            assert response.text == said
        assert said == whole

    @pytest.mark.parametrize("with_tools", [False, True])
    async def test_a_response_never_changes(self, llm: FunctionCallingLLM, *, with_tools: bool) -> None:
        stream = llm.stream_chat_with_tools(tools() if with_tools else [], "the weather in Oslo")
        kept = [(response, response.model_dump_json()) for response in stream]
        assert len(kept) > 2
        assert all(response.model_dump_json() == as_it_was for response, as_it_was in kept)

    async def test_async_calls_do_not_block_the_loop(self, llm: FunctionCallingLLM) -> None:
        self.emulator.faults.add(Fault(match="/llm/", delay=0.75, times=4))
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.01)
                ticks += 1

        ticker = asyncio.create_task(tick())
        start = time.monotonic()
        await asyncio.gather(*(llm.achat([user(f"number {n}")]) for n in range(4)))
        took = time.monotonic() - start
        ticker.cancel()
        assert took < 2.5, "four calls of 0.75 s each, at once"
        assert ticks > 10

    def test_messages_are_left_as_they_were(self, llm: FunctionCallingLLM) -> None:
        messages = [ChatMessage(role="system", content="Be brief."), user("the harbour")]
        before = [message.model_dump_json() for message in messages]
        llm.chat(messages)
        llm.chat_with_tools(tools(), user_msg="the weather in Oslo", chat_history=messages)
        assert [message.model_dump_json() for message in messages] == before

    @pytest.mark.parametrize("method", ["chat", "stream_chat", "achat", "astream_chat"])
    async def test_usage_is_where_the_token_counter_looks(self, llm: FunctionCallingLLM, method: str) -> None:
        answer = getattr(llm, method)([user("the harbour")])
        response = await answer if method == "achat" else answer
        last = response if method in ("chat", "achat") else (await collect(response))[-1]
        assert all(count > 0 for count in get_tokens_from_response(last))

    def test_token_counter(self) -> None:
        counter = TokenCountingHandler()
        llm = self.make(callback_manager=CallbackManager([counter]))
        response = llm.chat([user("the harbour")])
        assert (counter.prompt_llm_token_count, counter.completion_llm_token_count) == get_tokens_from_response(
            response
        )
        assert len(counter.llm_token_counts) == 1
