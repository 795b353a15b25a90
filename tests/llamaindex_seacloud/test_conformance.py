"""The conformance suite on our adapter: whole, on each protocol, with every flag on."""

from __future__ import annotations

from typing import Any

from llama_index.core.prompts import PromptTemplate
from llamaindex_conformance import SECRET, LLMConformance, Person, recorder
from llamaindex_seacloud import SeaCloud
from seacloud_client.protocols import spoken

__all__ = ["recorder"]


class Ours(LLMConformance):
    protocol = "auto"
    model = "gpt-4.1"

    def make(self, **kwargs: Any) -> SeaCloud:
        base_url = f"{self.emulator.url}/llm"
        return SeaCloud(
            **{"model": self.model, "protocol": self.protocol, "api_key": SECRET, "base_url": base_url, **kwargs}
        )

    def test_structured_prediction_through_a_tool(self) -> None:
        llm = self.make(pydantic_program_mode="function")
        assert llm.structured_predict(Person, PromptTemplate("A person named {name}"), name="Ada").name == "Ada"
        assert self.sent()["tools"]

    def test_structured_prediction_by_the_provider(self) -> None:
        llm = self.make(native_structured_output=True)
        assert llm.structured_predict(Person, PromptTemplate("A person named {name}"), name="Ada").name == "Ada"
        assert "tools" not in self.sent()


class TestChatCompletions(Ours):
    protocol = "chat_completions"


class TestResponses(Ours):
    protocol = "responses"
    thinking_kwargs = {"reasoning": {"effort": "low", "summary": "auto"}}  # noqa: RUF012  # read only


class TestMessages(Ours):
    protocol = "messages"
    model = "claude-opus-4-6"
    thinking_kwargs = {"thinking": {"type": "adaptive"}, "max_tokens": 4096}  # noqa: RUF012  # read only


def test_every_protocol_has_its_suite() -> None:
    assert {suite.protocol for suite in Ours.__subclasses__()} == set(spoken())


def test_no_flag_is_off() -> None:
    for suite in Ours.__subclasses__():
        assert all(getattr(suite, name) for name in dir(suite) if name.startswith("has_"))
