"""Blocks in, and thinking out and back."""

from __future__ import annotations

import pytest
from llama_index.core.base.llms.types import (
    CacheControl,
    CachePoint,
    ChatMessage,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
)
from llama_index.core.llms.function_calling import FunctionCallingLLM

from .base import PNG, Base, collect, result_of, tools, user


class ContentTests(Base):
    """Blocks and thinking."""

    @pytest.mark.parametrize("place", ["url", "bytes"])
    def test_pictures_go_in(self, llm: FunctionCallingLLM, place: str) -> None:
        if not self.has_images:
            pytest.skip("it sees no pictures")
        picture = ImageBlock(image=PNG) if place == "bytes" else ImageBlock(url="https://example.com/cat.png")
        llm.chat([ChatMessage(role="user", blocks=[TextBlock(text="What is this?"), picture])])
        looked_for = "iVBORw0KGgo" if place == "bytes" else "https://example.com/cat.png"
        assert looked_for in str(self.sent())

    def test_pictures_in_a_tools_result(self, llm: FunctionCallingLLM) -> None:
        if not self.has_tool_images:
            pytest.skip("it sees no pictures of tools")
        call = ToolCallBlock(tool_call_id="call_1", tool_name="get_weather", tool_kwargs={"city": "Oslo"})
        said = ChatMessage(role="assistant", blocks=[call])
        blocks = [TextBlock(text="The radar:"), ImageBlock(image=PNG)]
        result = ChatMessage(role="tool", blocks=blocks, additional_kwargs={"tool_call_id": "call_1"})
        llm.chat_with_tools(tools(), chat_history=[user("the weather in Oslo"), said, result])
        assert "iVBORw0KGgo" in str(self.sent())

    def test_cache_points(self, llm: FunctionCallingLLM) -> None:
        if not self.has_cache_points:
            pytest.skip("it takes no points to cache up to")
        point = CachePoint(cache_control=CacheControl(type="ephemeral"))
        long = ChatMessage(role="user", blocks=[TextBlock(text="A long text. " * 50), point])
        assert "harbour" in str(llm.chat([long, ChatMessage(role="assistant", content="Yes?"), user("the harbour")]))

    def test_developers_role(self, llm: FunctionCallingLLM) -> None:
        if not self.has_developer_role:
            pytest.skip("it takes no developer's messages")
        assert "harbour" in str(llm.chat([ChatMessage(role="developer", content="Be brief."), user("the harbour")]))

    @pytest.mark.parametrize("method", ["stream_chat", "astream_chat"])
    async def test_thinking_is_streamed_where_agents_look(self, method: str) -> None:
        if not self.has_thinking:
            pytest.skip("it does not think")
        llm = self.make(**self.thinking_kwargs)
        responses = await collect(getattr(llm, method)([user("the harbour")]))
        thought = "".join(response.additional_kwargs.get("thinking_delta") or "" for response in responses)
        assert thought
        blocks = [block for block in responses[-1].message.blocks if isinstance(block, ThinkingBlock)]
        assert "".join(block.content or "" for block in blocks) == thought

    def test_thinking_goes_back_with_a_tools_result(self) -> None:
        if not self.has_thinking:
            pytest.skip("it does not think")
        llm = self.make(**self.thinking_kwargs)
        question = user("the weather in Oslo")
        response = llm.chat_with_tools(tools(), chat_history=[question])
        assert any(isinstance(block, ThinkingBlock) for block in response.message.blocks)
        (call,) = llm.get_tool_calls_from_response(response)
        restored = ChatMessage.model_validate_json(response.message.model_dump_json())
        answer = llm.chat_with_tools(tools(), chat_history=[question, restored, result_of(call.tool_id, "Snow.")])
        assert "Snow." in (answer.message.content or "")
