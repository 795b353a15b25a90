"""The handler of Messages: a request in, its answer or its stream of events out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from seacloud_emulator.brain.thinking import answers
from seacloud_emulator.keys import check_llm_model, llm_key
from seacloud_emulator.protocols.bodies import Ids, read_json
from seacloud_emulator.protocols.messages.output import Output, Prompt
from seacloud_emulator.protocols.messages.reading import prompt_pieces, read_question
from seacloud_emulator.protocols.messages.streaming import error_event, events
from seacloud_emulator.protocols.messages.validation import check_request, marks
from seacloud_emulator.refusals import invalid_messages
from seacloud_emulator.sse import event_stream

if TYPE_CHECKING:
    from seacloud_emulator.app import Application


class Messages:
    """The handler of `POST /llm/v1/messages` and of `/llm/anthropic/v1/messages`, which are the same (S)."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def answer(self, request: Request) -> Response:
        """Answers a request."""
        key = llm_key(request)
        body = await read_json(request, invalid_messages)
        turns = check_request(body)
        problems = self._application.problems("messages", body)
        if problems:
            raise invalid_messages("; ".join(problems))
        check_llm_model(request, key, body["model"])
        question = read_question(body, turns)
        pieces = prompt_pieces(body, turns)
        prompt = Prompt(
            sum(piece.tokens for piece in pieces),
            self._application.cache.find(body["model"], pieces),
            next(reversed(marks(body, turns)), "5m"),
        )
        ids = Ids(self._application.count_answer(), body)
        output = Output(body, question, answers(question)[0], ids, prompt)
        if body.get("stream"):
            return event_stream(request, events(output), error_event, self._application.settings.chunk_seconds)
        return JSONResponse(output.message())
