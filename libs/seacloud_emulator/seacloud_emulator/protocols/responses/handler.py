"""The handler of Responses: a request in, its answer or its stream of events out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from seacloud_emulator.brain.thinking import answers
from seacloud_emulator.keys import check_llm_model, llm_key
from seacloud_emulator.protocols.bodies import Ids, read_json
from seacloud_emulator.protocols.responses.context import conversation
from seacloud_emulator.protocols.responses.output import Output
from seacloud_emulator.protocols.responses.reading import prompt_pieces, read_question
from seacloud_emulator.protocols.responses.streaming import Stream
from seacloud_emulator.protocols.responses.validation import check_request
from seacloud_emulator.refusals import invalid_chat
from seacloud_emulator.sse import event_stream

if TYPE_CHECKING:
    from seacloud_emulator.app import Application


class Responses:
    """The handler of `POST /llm/openai/v1/responses`.

    Whether the answer is streamed the body says; the query `stream=true`, which the vendor's example sends beside it
    (D), changes nothing.
    """

    def __init__(self, application: Application) -> None:
        self._application = application

    async def answer(self, request: Request) -> Response:
        """Answers a request."""
        key = llm_key(request)
        given = await read_json(request, invalid_chat)
        body = check_request(given)
        problems = self._application.problems("responses", given)
        if problems:
            raise invalid_chat("; ".join(problems))
        check_llm_model(request, key, body["model"])
        store = self._application.responses
        items = conversation(body["input"], body.get("previous_response_id"), store)
        question = read_question(body, items)
        pieces = prompt_pieces(body, items, question)
        output = Output(
            body,
            answers(question)[0],
            Ids(self._application.count_answer(), given),
            sum(piece.tokens for piece in pieces),
            self._application.cache.find(body["model"], pieces),
        )
        if body.get("store") is not False:
            store.keep(output.id, items, output.items)
        if body.get("stream"):
            stream = Stream(output)
            return event_stream(request, stream.events(), stream.error, self._application.settings.chunk_seconds)
        return JSONResponse(output.response())
