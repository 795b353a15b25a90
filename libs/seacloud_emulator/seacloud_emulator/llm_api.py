"""The LLM paths: a handler for each protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.routing import Route

from seacloud_emulator.protocols import chat_completions
from seacloud_emulator.protocols.messages.handler import Messages
from seacloud_emulator.protocols.responses.handler import Responses
from seacloud_emulator.refusals import MESSAGES_PATHS

if TYPE_CHECKING:
    from seacloud_emulator.app import Application


def routes(application: Application) -> list[Route]:
    """The LLM routes (S)."""
    chat = chat_completions.ChatCompletions(application)
    responses = Responses(application)
    messages = Messages(application)
    return [
        Route("/llm/v1/chat/completions", chat.answer, methods=["POST"]),
        Route("/llm/openai/v1/responses", responses.answer, methods=["POST"]),
        *(Route(path, messages.answer, methods=["POST"]) for path in MESSAGES_PATHS),
    ]
