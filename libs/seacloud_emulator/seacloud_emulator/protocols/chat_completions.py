"""Chat Completions: its JSON to a question, and answers to its JSON, plain and streamed.

The shapes are those of OpenAI's public reference (the service keeps the protocol's format, S). `reasoning_content`,
beside `content`, is where compatible gateways put reasoning.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from seacloud_emulator.brain import tokens
from seacloud_emulator.brain.attachments import BadAttachmentError, describe_data, describe_url
from seacloud_emulator.brain.question import Answer, Attachment, Call, Count, Question, Tool, Turn, free_text_tool
from seacloud_emulator.brain.thinking import answers, completion_tokens
from seacloud_emulator.keys import check_llm_model, llm_key
from seacloud_emulator.protocols.bodies import Ids, read_json
from seacloud_emulator.protocols.chat_tools import allowed, described, said_in
from seacloud_emulator.protocols.chat_validation import check_chat
from seacloud_emulator.protocols.logprobs import token_logprobs
from seacloud_emulator.refusals import invalid_chat, openai_error
from seacloud_emulator.sse import Event, event_stream

if TYPE_CHECKING:
    from seacloud_emulator.app import Application

Body = dict[str, Any]

FINGERPRINT = "fp_seacloud_emulator"

_FINISH = {"length": "length", "tool_calls": "tool_calls", "filtered": "content_filter"}
"""The protocol's words for how an answer ends; `stop` for any other."""


class ChatCompletions:
    """The handler of `POST /llm/v1/chat/completions`."""

    def __init__(self, application: Application) -> None:
        self._application = application

    async def answer(self, request: Request) -> Response:
        """Answers a request."""
        key = llm_key(request)
        body = check_chat(await read_json(request, invalid_chat))
        problems = self._application.problems("chat_completions", body)
        if problems:
            raise invalid_chat("; ".join(problems))
        check_llm_model(request, key, body["model"])
        question = read_question(body)
        cached = self._application.cache.look_up(body["model"], question.turns)
        writer = Writer(body, question, self._application.count_answer(), cached)
        if body.get("stream"):
            pause = self._application.settings.chunk_seconds
            return event_stream(request, writer.events(), _error_event, pause)
        return JSONResponse(writer.completion())


def _error_event(error: Any) -> Event:
    return Event(error if error is not None else openai_error("The stream broke.", kind="server_error"))


def read_question(body: Body) -> Question:
    """The question that a request asks. The body has been checked."""
    choice: Any = body.get("tool_choice") or "auto"
    allows = isinstance(choice, dict) and choice["type"] == "allowed_tools"
    forced = described(choice)["name"] if isinstance(choice, dict) and not allows else None
    wanted = body.get("response_format") or {}
    stop = body.get("stop") or ()
    demand: Literal["auto", "none", "required"] = "required" if forced else choice
    if allows:
        demand = described(choice)["mode"]
    return Question(
        turns=tuple(_turn(message) for message in body["messages"]),
        tools=tuple(_TOOLS[tool["type"]](described(tool)) for tool in allowed(body.get("tools") or [], choice)),
        tool_choice=demand,
        forced_tool=forced,
        parallel=body.get("parallel_tool_calls") is not False,
        schema=(wanted.get("json_schema") or {}).get("schema"),
        json_object=wanted.get("type") in {"json_object", "json_schema"},
        reasoning=body.get("reasoning_effort") not in {None, "none"},
        max_tokens=body.get("max_completion_tokens") or body.get("max_tokens"),
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
        choices=body.get("n") or 1,
    )


def _tool(function: Body) -> Tool:
    return Tool(function["name"], function.get("description") or "", function.get("parameters") or {"type": "object"})


def _custom_tool(custom: Body) -> Tool:
    grammar = (custom.get("format") or {}).get("grammar") or {}
    return free_text_tool(custom["name"], custom.get("description"), grammar)


_TOOLS: dict[str, Callable[[Body], Tool]] = {"function": _tool, "custom": _custom_tool}


def _turn(message: Body) -> Turn:
    content = message.get("content") or ""
    parts: list[Body] = [{"type": "text", "text": content}] if isinstance(content, str) else content
    text = "\n".join(part["text"] for part in parts if part["type"] == "text" and part["text"])
    calls = message.get("tool_calls") or ()
    names = tuple(described(call)["name"] for call in calls)
    attachments = tuple(_PARTS[part["type"]](part[part["type"]]) for part in parts if part["type"] in _PARTS)
    said = text + "".join(name + said_in(call) for name, call in zip(names, calls, strict=True))
    return Turn(
        role="system" if message["role"] == "developer" else message["role"],
        text=text,
        attachments=attachments,
        calls=names,
        tokens=4 + tokens.count(said) + sum(attachment.tokens for attachment in attachments),
        cached_to_here=any("cache_control" in part for part in parts),
    )


def _readable(read: Callable[[Body], Attachment]) -> Callable[[Body], Attachment]:
    """The reader of a part, which refuses what cannot be read as the protocol does."""

    def reading(part: Body) -> Attachment:
        try:
            return read(part)
        except BadAttachmentError as error:
            raise invalid_chat(f"Invalid attachment: {error}", "messages", "invalid_base64") from error
        except (KeyError, TypeError, AttributeError) as error:
            raise invalid_chat(f"Invalid content part: {error} is missing or of the wrong type.", "messages") from error

    return reading


def _file(file: Body) -> Attachment:
    name = file.get("filename") or file.get("file_id") or ""
    if file.get("file_data") is None:
        return Attachment("file", f"{file['file_id']}", 1)
    data = file["file_data"]
    found = describe_url("file", data) if data.startswith("data:") else describe_data("file", data, "")
    return Attachment("file", ", ".join(fact for fact in (name, found.description) if fact), found.tokens)


_PARTS: dict[str, Callable[[Body], Attachment]] = {
    "image_url": _readable(lambda part: describe_url("image", part["url"])),
    "video_url": _readable(lambda part: describe_url("video", part["url"])),
    "input_audio": _readable(lambda part: describe_data("audio", part["data"], part["format"].upper())),
    "file": _readable(_file),
}


class Writer:
    """Writes the answers to one request.

    Args:
        body: the request.
        question: what it asks.
        number: the number of the answer, which makes its ids differ from those of the same request's next answer.
        cached: how many tokens of the prompt were found in the cache.
    """

    def __init__(self, body: Body, question: Question, number: int, cached: int) -> None:
        self._body = body
        self._question = question
        self._answers = answers(question)
        self._ids = Ids(number, body)
        self._created = int(time.time())
        self._count = self._counted(cached)

    def completion(self) -> Body:
        """The whole answer."""
        choices = [
            {
                "index": index,
                "message": self._message(answer, index),
                "logprobs": self._logprobs(answer.text),
                "finish_reason": self._finish(answer),
            }
            for index, answer in enumerate(self._answers)
        ]
        return {**self._head("chat.completion"), "choices": choices, "usage": self._usage()}

    def events(self) -> Iterator[Event]:
        """The answer as events of a stream. Several choices take turns."""
        wants_usage = (self._body.get("stream_options") or {}).get("include_usage") is True
        head = self._head("chat.completion.chunk")
        usage = {"usage": None} if wants_usage else {}
        for together in zip_longest(
            *(self._choice_chunks(answer, index) for index, answer in enumerate(self._answers))
        ):
            for choice in together:
                if choice is not None:
                    yield Event({**head, "choices": [choice], **usage})
        if wants_usage:
            yield Event({**head, "choices": [], "usage": self._usage()})
        yield Event("[DONE]")

    def _choice_chunks(self, answer: Answer, index: int) -> Iterator[Body]:
        for delta in self._deltas(answer, index):
            logprobs = self._logprobs(delta.get("content") or None)
            yield {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": None}
        yield {"index": index, "delta": {}, "logprobs": None, "finish_reason": self._finish(answer)}

    def _deltas(self, answer: Answer, index: int) -> Iterator[Body]:
        """The deltas of a choice: the role first, then reasoning, then text or calls, a few characters at a time."""
        said = "refusal" if answer.finish == "refused" else "content"
        yield {"role": "assistant", "content": None if answer.calls else "", "refusal": None}
        for fragment in tokens.tokens(answer.reasoning):
            yield {"reasoning_content": fragment}
        for fragment in tokens.tokens(answer.text or ""):
            yield {said: fragment}
        for place, call in enumerate(answer.calls):
            kind, text = ("custom", "input") if call.free_text else ("function", "arguments")
            first = {"id": self._call_id(index, place), "type": kind}
            yield {"tool_calls": [{"index": place, **first, kind: {"name": call.name, text: ""}}]}
            for fragment in tokens.tokens(call.arguments):
                yield {"tool_calls": [{"index": place, kind: {text: fragment}}]}

    def _message(self, answer: Answer, index: int) -> Body:
        refused = answer.finish == "refused"
        message: Body = {
            "role": "assistant",
            "content": None if refused else answer.text,
            "refusal": answer.text if refused else None,
            "annotations": [],
        }
        if answer.reasoning:
            message["reasoning_content"] = answer.reasoning
        if answer.calls:
            message["tool_calls"] = [self._call(call, index, place) for place, call in enumerate(answer.calls)]
        return message

    def _call(self, call: Call, index: int, place: int) -> Body:
        kind, text = ("custom", "input") if call.free_text else ("function", "arguments")
        return {"id": self._call_id(index, place), "type": kind, kind: {"name": call.name, text: call.arguments}}

    def _head(self, kind: str) -> Body:
        head = {
            "id": self._ids.whole("chatcmpl-", 29),
            "object": kind,
            "created": self._created,
            "model": self._body["model"],
            "system_fingerprint": FINGERPRINT,
        }
        tier = self._body.get("service_tier")
        return {**head, "service_tier": "default" if tier == "auto" else tier} if tier else head

    def _call_id(self, index: int, place: int) -> str:
        return self._ids.part("call_", f"{index}.{place}")

    def _finish(self, answer: Answer) -> str:
        """The protocol's word. With a named tool forced it is `stop`, as OpenAI's guide to function calling says."""
        if answer.finish == "tool_calls" and self._question.forced_tool is not None:
            return "stop"
        return _FINISH.get(answer.finish, "stop")

    def _logprobs(self, text: str | None) -> Body | None:
        if not self._body.get("logprobs") or text is None:
            return None
        most = self._body.get("top_logprobs") or 0
        return {"content": token_logprobs(text, most), "refusal": None}

    def _counted(self, cached: int) -> Count:
        tools = sum(tokens.count(json.dumps(tool)) for tool in self._body.get("tools") or ())
        sounds = [a.tokens for turn in self._question.turns for a in turn.attachments if a.kind == "audio"]
        return Count(
            prompt=3 + tools + sum(turn.tokens for turn in self._question.turns),
            completion=sum(completion_tokens(answer) for answer in self._answers),
            reasoning=sum(tokens.count(answer.reasoning) for answer in self._answers),
            cached=cached,
            audio=sum(sounds),
        )

    def _usage(self) -> Body:
        count = self._count
        return {
            "prompt_tokens": count.prompt,
            "completion_tokens": count.completion,
            "total_tokens": count.prompt + count.completion,
            "prompt_tokens_details": {"cached_tokens": count.cached, "audio_tokens": count.audio},
            "completion_tokens_details": {
                "reasoning_tokens": count.reasoning,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        }
