"""langchain-tests' integration suite for chat models, whole, for each protocol that is spoken, on the emulator."""

from __future__ import annotations

from typing import Any, ClassVar, cast

import pytest
from langchain_core.messages import AIMessage
from langchain_seacloud import ChatSeaCloud
from langchain_tests.integration_tests import ChatModelIntegrationTests
from seacloud_client.protocols import spoken

pytestmark = pytest.mark.usefixtures("served_downloads")

LONG_TEXT = "The sea is wide and deep, and every wave that comes ashore has come a long way. " * 60


class Standard(ChatModelIntegrationTests):
    """The flags say what is true of the protocol.

    `enable_vcr_tests` stays off: it measures a replay by pytest-recording, and our cassettes are replayed otherwise
    (`test_recorded`).
    """

    protocol = ""
    model_id = ""
    thoughts: ClassVar[Any] = {}

    @pytest.fixture(autouse=True)
    def _emulator(self, seacloud_env: Any) -> None:
        if self.protocol not in spoken():
            pytest.skip(f"{self.protocol} is not spoken yet")

    @property
    def chat_model_class(self) -> type[ChatSeaCloud]:
        return ChatSeaCloud

    @property
    def chat_model_params(self) -> dict[str, Any]:
        return {"model": self.model_id, "protocol": self.protocol}

    @property
    def model_override_value(self) -> str:
        return "gpt-4.1-mini"

    @property
    def supports_json_mode(self) -> bool:
        return True

    @property
    def supports_image_inputs(self) -> bool:
        return True

    @property
    def supports_image_urls(self) -> bool:
        return True

    @property
    def supports_pdf_inputs(self) -> bool:
        return True

    @property
    def supports_image_tool_message(self) -> bool:
        return True

    @property
    def supports_pdf_tool_message(self) -> bool:
        return True

    @property
    def supports_anthropic_inputs(self) -> bool:
        return True

    @property
    def supported_usage_metadata_details(self) -> Any:
        kinds = ["reasoning_output", "cache_read_input"]
        return {"invoke": kinds, "stream": kinds}

    def invoke_with_reasoning_output(self, *, stream: bool = False) -> AIMessage:
        return ask(self.chat_model_class(**self.chat_model_params, **self.thoughts), "Why is the sea salty?", stream)

    def invoke_with_cache_read_input(self, *, stream: bool = False) -> AIMessage:
        model = self.chat_model_class(**self.chat_model_params)
        block = {"type": "text", "text": LONG_TEXT, "cache_control": {"type": "ephemeral"}}
        question: Any = [("user", [block])]
        ask(model, question, stream)
        return ask(model, question, stream)


def ask(model: ChatSeaCloud, question: Any, stream: bool) -> AIMessage:
    if not stream:
        return model.invoke(question)
    chunks = list(model.stream(question))
    return cast("AIMessage", sum(chunks[1:], chunks[0]))  # type: ignore[call-overload]  # chunks add up


class TestChatCompletions(Standard):
    protocol = "chat_completions"
    model_id = "gpt-4.1"
    thoughts: ClassVar[Any] = {"reasoning_effort": "low"}

    @property
    def supports_audio_inputs(self) -> bool:
        return True

    @property
    def supports_video_inputs(self) -> bool:
        return True


class TestResponses(Standard):
    protocol = "responses"
    model_id = "gpt-5.5"
    thoughts: ClassVar[Any] = {"reasoning_effort": "low"}

    @pytest.mark.xfail(reason="Responses has no stop sequences: they are refused before anything is sent.")
    def test_stop_sequence(self, model: Any) -> None:
        super().test_stop_sequence(model)


class TestMessages(Standard):
    """Messages takes no sounds."""

    protocol = "messages"
    model_id = "claude-opus-4-6"
    thoughts: ClassVar[Any] = {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 4096}
