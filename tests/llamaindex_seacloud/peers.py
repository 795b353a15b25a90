"""The conformance suite on LlamaIndex's own adapters, so that their gaps are seen, not asserted by us.

It is no part of `make test`: the adapters want older SDKs than the tests do. In an environment of its own:

    python -m venv .venv-peers
    .venv-peers/bin/pip install llama-index-llms-openai llama-index-llms-anthropic 'anthropic<1' \
        -e libs/seacloud_client -e libs/llamaindex_seacloud -e libs/seacloud_emulator \
        pytest pytest-asyncio pytest-socket pytest-timeout hypothesis vcrpy
    .venv-peers/bin/python -m pytest tests/llamaindex_seacloud/peers.py -W default --tb=native

What fails there is a gap of theirs, or of a flag here: each flag says what the adapter itself says that it has not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from llamaindex_conformance import SECRET, LLMConformance, recorder
from seacloud_emulator import Emulator

__all__ = ["recorder"]


@pytest.fixture(scope="module")
def _server() -> Iterator[Emulator]:
    with Emulator(strict=False) as emulator:  # the strict rules are those of newer SDKs than the adapters can use
        yield emulator


@pytest.fixture
def seacloud_emulator(_server: Emulator) -> Emulator:
    _server.reset()
    return _server


openai = pytest.importorskip("llama_index.llms.openai")
anthropic = pytest.importorskip("llama_index.llms.anthropic")


class TestOpenAI(LLMConformance):
    has_thinking = False  # Chat Completions of OpenAI's shows no thoughts

    def make(self, **kwargs: Any) -> Any:
        base = f"{self.emulator.url}/llm/v1"
        return openai.OpenAI(**{"model": "gpt-4.1", "api_key": SECRET, "api_base": base, "max_retries": 0, **kwargs})


class TestOpenAIResponses(LLMConformance):
    thinking_kwargs = {"reasoning_options": {"effort": "low", "summary": "auto"}}  # noqa: RUF012  # read only

    def make(self, **kwargs: Any) -> Any:
        base = f"{self.emulator.url}/llm/openai/v1"
        return openai.OpenAIResponses(
            **{"model": "gpt-4.1", "api_key": SECRET, "api_base": base, "max_retries": 0, **kwargs}
        )


class TestAnthropic(LLMConformance):
    thinking_kwargs = {  # noqa: RUF012  # read only
        "thinking_dict": {"type": "enabled", "budget_tokens": 1024},
        "temperature": 1,
        "max_tokens": 4096,
    }

    def make(self, **kwargs: Any) -> Any:
        given = {"model": "claude-opus-4-5", "api_key": SECRET, "base_url": f"{self.emulator.url}/llm", **kwargs}
        if given["model"].startswith("a-model"):
            given["model"] = "claude-a-model-of-next-year"
        return anthropic.Anthropic(**{"max_retries": 0, **given})
