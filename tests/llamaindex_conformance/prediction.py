"""Structured prediction."""

from __future__ import annotations

import inspect

import pytest
from llama_index.core.base.llms.types import (
    ChatMessage,
)
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.prompts import ChatPromptTemplate, PromptTemplate

from .base import Base, Person, collect, user


class PredictionTests(Base):
    """Structured prediction."""

    async def test_structured_predict(self, llm: FunctionCallingLLM) -> None:
        prompt = PromptTemplate("A person named {name}")
        for person in (
            llm.structured_predict(Person, prompt, name="Ada"),
            await llm.astructured_predict(Person, prompt, name="Ada"),
        ):
            assert isinstance(person, Person)
            assert person.name == "Ada"

    @pytest.mark.parametrize("method", ["stream_structured_predict", "astream_structured_predict"])
    async def test_stream_structured_predict(self, llm: FunctionCallingLLM, method: str) -> None:
        people = await collect(getattr(llm, method)(Person, PromptTemplate("A person named {name}"), name="Ada"))
        assert isinstance(people[-1], Person)
        assert people[-1].name == "Ada"
        partial = [person for person in people if not isinstance(person, Person)]
        assert any(getattr(person, "name", None) for person in partial), "nothing was to be seen before the end"

    async def test_structured_llm(self, llm: FunctionCallingLLM) -> None:
        structured = llm.as_structured_llm(Person)
        for response in (
            structured.chat([user("A person named Ada")]),
            await structured.acomplete("A person named Ada"),
        ):
            assert response.raw.name == "Ada"

    @pytest.mark.parametrize("method", ["structured_predict", "astructured_predict"])
    async def test_the_system_prompt_is_part_of_structured_prediction(self, method: str) -> None:
        llm = self.make(system_prompt="You know the lighthouse keepers.")
        answer = getattr(llm, method)(Person, PromptTemplate("A person named {name}"), name="Ada")
        person = await answer if inspect.isawaitable(answer) else answer
        assert person.name == "Ada"
        assert "lighthouse keepers" in str(self.sent())

    def test_structured_prediction_of_a_chat(self, llm: FunctionCallingLLM) -> None:
        template = ChatPromptTemplate([ChatMessage(role="system", content="Be exact."), user("A person named {name}")])
        assert llm.structured_predict(Person, template, name="Ada").name == "Ada"
