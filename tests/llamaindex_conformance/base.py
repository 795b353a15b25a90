"""What the suite's tests share: the LLM's flags, the recorder of events, tools and messages."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    MessageRole,
    ToolCallBlock,
)
from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events.base import BaseEvent
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.tools import FunctionTool
from pydantic import BaseModel, Field
from seacloud_emulator import Emulator

SECRET = "sk-of-the-conformance-suite"
"""The key that the LLM is made with, and that must be nowhere but in its requests."""

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415408d763f8cfc0000003010100c9fe92ef"
    "0000000049454e44ae426082"
)
"""A picture of one pixel."""


class Person(BaseModel):
    """A person."""

    name: str = Field(description="The person's name.")
    age: int = Field(description="The person's age in years.")


def get_weather(city: str) -> str:
    """Tells the weather in a city."""
    return f"It is sunny in {city}."


def add(a: int, b: int) -> int:
    """Adds two numbers."""
    return a + b


def tools() -> list[FunctionTool]:
    return [FunctionTool.from_defaults(get_weather), FunctionTool.from_defaults(add)]


class Recorder(BaseEventHandler):
    """Keeps the events that it is told of."""

    events: list[Any] = []  # noqa: RUF012  # a pydantic field: each instance has its own

    @classmethod
    def class_name(cls) -> str:
        return "Recorder"

    def handle(self, event: BaseEvent, **_kwargs: Any) -> None:
        self.events.append(event)

    def names(self) -> list[str]:
        return [type(event).__name__ for event in self.events]

    def count(self, name: str) -> int:
        return self.names().count(name)


@pytest.fixture
def recorder() -> Any:
    handler = Recorder()
    root = get_dispatcher()
    root.event_handlers.append(handler)
    yield handler
    root.event_handlers.remove(handler)


def user(text: str) -> ChatMessage:
    return ChatMessage(role=MessageRole.USER, content=text)


async def collect(stream: Any) -> list[Any]:
    """What an async stream yields; a plain iterator is taken too."""
    if inspect.isawaitable(stream):
        stream = await stream
    if hasattr(stream, "__aiter__"):
        return [item async for item in stream]
    return list(stream)


class Base:
    """What a subclass says of its LLM."""

    has_thinking = True
    """Whether `thinking_kwargs` make it think."""

    has_native_output = True
    """Whether it can be held to a JSON schema by its provider."""

    has_images = True
    has_tool_images = True
    """Whether a picture in a tool's result reaches the model."""

    has_cache_points = True
    has_developer_role = True
    has_parallel_switch = True
    """Whether it can be told to call one tool at a time."""

    thinking_kwargs: dict[str, Any] = {"reasoning_effort": "low"}  # noqa: RUF012  # read only

    def make(self, **kwargs: Any) -> FunctionCallingLLM:
        """The LLM, pointed at the emulator, with `SECRET` as its key."""
        raise NotImplementedError

    @pytest.fixture(autouse=True)
    def _emulator(self, seacloud_emulator: Emulator) -> None:
        self.emulator = seacloud_emulator

    @pytest.fixture
    def llm(self, _emulator: None) -> FunctionCallingLLM:
        return self.make()

    def sent(self, place: int = -1) -> Any:
        """The body of a request that the emulator got."""
        return self.emulator.requests[place].json

    @staticmethod
    def wait_until(is_so: Callable[[], bool], seconds: float = 2.0) -> None:
        deadline = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < deadline, "it did not happen in time"
            time.sleep(0.01)


async def finish(answer: Any) -> None:
    """Runs a call to its end, whatever its kind."""
    if inspect.isawaitable(answer):
        answer = await answer
    if hasattr(answer, "__aiter__") or inspect.isgenerator(answer):
        await collect(answer)


def calls_of(response: ChatResponse) -> Sequence[ToolCallBlock]:
    return [block for block in response.message.blocks if isinstance(block, ToolCallBlock)]


def result_of(call_id: str, text: str) -> ChatMessage:
    return ChatMessage(role="tool", content=text, additional_kwargs={"tool_call_id": call_id})
