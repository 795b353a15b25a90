"""What the adapter's tests share: each protocol with a model that speaks it, and an LLM that talks to the emulator."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from llamaindex_seacloud import SeaCloud

if TYPE_CHECKING:
    from seacloud_emulator import Emulator

pytest.register_assert_rewrite("llamaindex_conformance")

MODELS = {"chat_completions": "gpt-4.1", "responses": "gpt-4.1", "messages": "claude-opus-4-6"}


@pytest.fixture(params=list(MODELS))
def protocol(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def make_llm(seacloud_env: Emulator, protocol: str) -> Callable[..., SeaCloud]:
    """Makes an LLM that talks to the emulator."""

    def make(**kwargs: Any) -> SeaCloud:
        return SeaCloud(**{"model": MODELS[protocol], "protocol": protocol, **kwargs})

    return make


@pytest.fixture
def llm(make_llm: Callable[..., SeaCloud]) -> SeaCloud:
    return make_llm()
