"""Calls that LlamaIndex's callbacks and events are told of, once each, and streams that close when they are left.

`llm_chat_callback` wraps the stream that a method returns and tells what comes, but leaves the inner stream to the
garbage collector. Here each call is a small object that the decorators take for the LLM, so that the inner stream
stays known, and is closed as soon as the outer one is.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from typing import Any, TypeAlias

from llama_index.core.base.llms.base import BaseLLM
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback

Make: TypeAlias = Callable[..., Any]
"""Makes the answer of a call: a response, a stream of them, or an awaitable of a response."""


class Observed:
    """One call of an LLM's.

    Args:
        llm: whose call it is: its callbacks are told, and its rate limiter is asked.
        make: makes the answer, from the messages or the prompt and the keyword arguments.
    """

    def __init__(self, llm: BaseLLM, make: Make) -> None:
        self.callback_manager = llm.callback_manager
        self.rate_limiter = llm.rate_limiter
        self.to_payload = llm.to_payload
        self._make = make
        self.answer: Any = None

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> Any:
        """A chat, or a stream of one."""
        self.answer = self._make(messages, kwargs)
        return self.answer

    @llm_chat_callback()
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> Any:
        """`chat`, async."""
        return await self._amake(messages, kwargs)

    @llm_completion_callback()
    def complete(self, prompt: str, **kwargs: Any) -> Any:
        """A completion, or a stream of one."""
        self.answer = self._make(prompt, kwargs)
        return self.answer

    @llm_completion_callback()
    async def acomplete(self, prompt: str, **kwargs: Any) -> Any:
        """`complete`, async."""
        return await self._amake(prompt, kwargs)

    async def _amake(self, what: Any, kwargs: dict[str, Any]) -> Any:
        self.answer = self._make(what, kwargs)
        return self.answer if isinstance(self.answer, AsyncGenerator) else await self.answer


def closing_stream(told: Generator[Any, None, None], call: Observed) -> Generator[Any, None, None]:
    """What the callbacks were told of, and behind it, when it ends or is left, the closing of the inner stream."""
    try:
        yield from told
    finally:
        told.close()
        call.answer.close()


async def aclosing_stream(told: AsyncGenerator[Any, None], call: Observed) -> AsyncGenerator[Any, None]:
    """`closing_stream`, async."""
    try:
        async for response in told:
            yield response
    finally:
        await told.aclose()
        await call.answer.aclose()
