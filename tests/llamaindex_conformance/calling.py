"""Tools: calls, forced and free, one and several, and their results."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from llama_index.core.base.llms.types import (
    ChatMessage,
    ToolCallBlock,
)
from llama_index.core.llms.function_calling import FunctionCallingLLM

from .base import Base, calls_of, collect, result_of, tools, user


class CallingTests(Base):
    """Tools."""

    @pytest.mark.parametrize("method", ["chat_with_tools", "achat_with_tools"])
    async def test_tool_call(self, llm: FunctionCallingLLM, method: str) -> None:
        answer = getattr(llm, method)(tools(), user_msg="the weather in Oslo")
        response = await answer if inspect.isawaitable(answer) else answer
        (call,) = llm.get_tool_calls_from_response(response)
        assert (call.tool_name, call.tool_kwargs) == ("get_weather", {"city": "Oslo"})
        assert call.tool_id

    @pytest.mark.parametrize("method", ["stream_chat_with_tools", "astream_chat_with_tools"])
    async def test_streamed_tool_call(self, llm: FunctionCallingLLM, method: str) -> None:
        responses = await collect(getattr(llm, method)(tools(), user_msg="the weather in Oslo"))
        for response in responses:
            for call in llm.get_tool_calls_from_response(response, error_on_no_tool_call=False):
                assert isinstance(call.tool_kwargs, dict)
        (call,) = llm.get_tool_calls_from_response(responses[-1])
        assert (call.tool_name, call.tool_kwargs) == ("get_weather", {"city": "Oslo"})
        assert [block.tool_call_id for block in calls_of(responses[-1])] == [call.tool_id]

    @pytest.mark.parametrize("stream", [False, True])
    def test_several_tool_calls(self, llm: FunctionCallingLLM, *, stream: bool) -> None:
        wish = "the weather in Oslo, and add 2 and 3"
        if stream:
            response = list(llm.stream_chat_with_tools(tools(), wish, allow_parallel_tool_calls=True))[-1]
        else:
            response = llm.chat_with_tools(tools(), wish, allow_parallel_tool_calls=True)
        calls = llm.get_tool_calls_from_response(response)
        assert sorted((call.tool_name, call.tool_kwargs) for call in calls) == [
            ("add", {"a": 2, "b": 3}),
            ("get_weather", {"city": "Oslo"}),
        ]
        assert len({call.tool_id for call in calls}) == 2

    def test_one_tool_call_where_several_are_not_allowed(self, llm: FunctionCallingLLM) -> None:
        if not self.has_parallel_switch:
            pytest.skip("it cannot be told to call one tool at a time")
        response = llm.chat_with_tools(tools(), "the weather in Oslo, and add 2 and 3", allow_parallel_tool_calls=False)
        assert len(llm.get_tool_calls_from_response(response)) == 1

    def test_no_tool_call_is_an_error_only_where_one_is_expected(self, llm: FunctionCallingLLM) -> None:
        response = llm.chat_with_tools(tools(), "good morning")
        assert llm.get_tool_calls_from_response(response, error_on_no_tool_call=False) == []
        with pytest.raises(ValueError, match="tool call"):
            llm.get_tool_calls_from_response(response)

    @pytest.mark.parametrize("choice", [{}, {"tool_choice": None}])
    def test_a_tool_is_called_where_it_is_required(self, llm: FunctionCallingLLM, choice: dict[str, Any]) -> None:
        response = llm.chat_with_tools(tools(), "good morning", tool_required=True, **choice)
        assert llm.get_tool_calls_from_response(response)

    def test_the_tool_that_is_named_is_called(self, llm: FunctionCallingLLM) -> None:
        response = llm.chat_with_tools(tools(), "good morning", tool_choice="add")
        assert [call.tool_name for call in llm.get_tool_calls_from_response(response)] == ["add"]

    def test_a_message_is_taken_as_the_users(self, llm: FunctionCallingLLM) -> None:
        response = llm.chat_with_tools(tools(), user_msg=user("the weather in Oslo"))
        assert llm.get_tool_calls_from_response(response)

    def test_history_is_not_added_to(self, llm: FunctionCallingLLM) -> None:
        history = [user("good morning")]
        llm.chat_with_tools(tools(), user_msg="the weather in Oslo", chat_history=history)
        assert len(history) == 1

    def test_no_tools_at_all(self, llm: FunctionCallingLLM) -> None:
        assert "harbour" in str(llm.chat_with_tools([], user_msg="the harbour"))

    @pytest.mark.parametrize("stream", [False, True])
    def test_the_result_of_a_tool_goes_back(self, llm: FunctionCallingLLM, *, stream: bool) -> None:
        question = user("the weather in Oslo")
        if stream:
            response = list(llm.stream_chat_with_tools(tools(), chat_history=[question]))[-1]
        else:
            response = llm.chat_with_tools(tools(), chat_history=[question])
        (call,) = llm.get_tool_calls_from_response(response)
        answer = llm.chat_with_tools(
            tools(), chat_history=[question, response.message, result_of(call.tool_id, "Snow.")]
        )
        assert "Snow." in (answer.message.content or "")

    @pytest.mark.parametrize("arguments", [{"city": "Oslo"}, '{"city": "Oslo"}'])
    def test_calls_that_another_adapter_made(self, llm: FunctionCallingLLM, arguments: Any) -> None:
        call = ToolCallBlock(tool_call_id="call_1", tool_name="get_weather", tool_kwargs=arguments)
        said = ChatMessage(role="assistant", blocks=[call])
        history = [user("the weather in Oslo"), said, result_of("call_1", "Snow.")]
        assert "Snow." in str(llm.chat_with_tools(tools(), chat_history=history))

    def test_predict_and_call(self, llm: FunctionCallingLLM) -> None:
        answer = llm.predict_and_call(tools(), "the weather in Oslo")
        assert str(answer) == "It is sunny in Oslo."

    async def test_apredict_and_call(self, llm: FunctionCallingLLM) -> None:
        wish = "the weather in Oslo, and add 2 and 3"
        answer = await llm.apredict_and_call(tools(), wish, allow_parallel_tool_calls=True)
        assert sorted(source.content for source in answer.sources) == ["5", "It is sunny in Oslo."]
