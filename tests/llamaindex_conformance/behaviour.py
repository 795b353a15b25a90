"""Events, streams that are left, and serialisation."""

from __future__ import annotations

import asyncio
import pickle
from copy import deepcopy

import pytest
from llama_index.core.callbacks.token_counting import get_tokens_from_response
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.prompts import PromptTemplate
from seacloud_emulator import Fault

from .base import SECRET, Base, Person, Recorder, finish, user


class BehaviourTests(Base):
    """Events, leaving a stream, serialisation."""

    @pytest.mark.parametrize("method", ["chat", "achat", "stream_chat", "astream_chat"])
    async def test_a_chat_is_told_of_once(self, llm: FunctionCallingLLM, recorder: Recorder, method: str) -> None:
        await finish(getattr(llm, method)([user("the harbour")]))
        assert recorder.count("LLMChatStartEvent") == 1
        assert recorder.count("LLMChatEndEvent") == 1
        assert not [name for name in recorder.names() if "Completion" in name]
        end = next(event for event in recorder.events if type(event).__name__ == "LLMChatEndEvent")
        assert all(count > 0 for count in get_tokens_from_response(end.response))

    @pytest.mark.parametrize("method", ["complete", "acomplete", "stream_complete", "astream_complete"])
    async def test_a_completion_is_told_of_once(self, llm: FunctionCallingLLM, recorder: Recorder, method: str) -> None:
        await finish(getattr(llm, method)("the harbour"))
        assert recorder.count("LLMCompletionStartEvent") == 1
        assert recorder.count("LLMCompletionEndEvent") == 1
        assert not [name for name in recorder.names() if "Chat" in name]

    def test_structured_prediction_is_told_of(self, llm: FunctionCallingLLM, recorder: Recorder) -> None:
        llm.structured_predict(Person, PromptTemplate("A person named {name}"), name="Ada")
        assert recorder.count("LLMStructuredPredictStartEvent") == 1
        assert recorder.count("LLMStructuredPredictEndEvent") == 1
        assert recorder.count("LLMChatStartEvent") == recorder.count("LLMChatEndEvent") == 1

    async def test_no_event_holds_the_key(self, llm: FunctionCallingLLM, recorder: Recorder) -> None:
        llm.chat([user("the harbour")])
        list(llm.stream_chat([user("the harbour")]))
        assert recorder.events
        assert not [event for event in recorder.events if SECRET in repr(event) + str(event.model_dump())]

    @pytest.mark.parametrize("method", ["stream_chat", "stream_complete"])
    def test_leaving_a_stream_closes_the_connection(self, llm: FunctionCallingLLM, method: str) -> None:
        self.emulator.faults.add(Fault(match="/llm/", stall=5, stall_after=8))
        stream = getattr(llm, method)([user("the harbour")] if method == "stream_chat" else "the harbour")
        next(stream)
        stream.close()
        self.wait_until(lambda: self.emulator.requests[-1].disconnected)

    @pytest.mark.parametrize("method", ["astream_chat", "astream_complete"])
    async def test_leaving_an_async_stream_closes_the_connection(self, llm: FunctionCallingLLM, method: str) -> None:
        self.emulator.faults.add(Fault(match="/llm/", stall=5, stall_after=8))
        stream = await getattr(llm, method)([user("the harbour")] if method == "astream_chat" else "the harbour")
        await anext(stream)
        await stream.aclose()
        await asyncio.to_thread(self.wait_until, lambda: self.emulator.requests[-1].disconnected)

    def test_the_key_is_nowhere(self, llm: FunctionCallingLLM) -> None:
        llm.chat([user("the harbour")])
        for shown in (repr(llm), str(llm), llm.to_json(), str(llm.to_dict()), str(llm.to_payload()), str(llm.metadata)):
            assert SECRET not in shown
        assert SECRET.encode() not in pickle.dumps(llm)

    def test_from_dict(self, llm: FunctionCallingLLM) -> None:
        restored = type(llm).from_dict(llm.to_dict())
        assert restored.metadata == llm.metadata
        assert restored.to_dict() == llm.to_dict()

    def test_pickle(self, llm: FunctionCallingLLM) -> None:
        llm.chat([user("the harbour")])
        restored = pickle.loads(pickle.dumps(llm))  # noqa: S301  # our own
        assert restored.to_dict() == llm.to_dict()

    def test_deepcopy(self, llm: FunctionCallingLLM) -> None:
        llm.chat([user("the harbour")])
        assert "harbour" in str(deepcopy(llm).chat([user("the harbour")]))
