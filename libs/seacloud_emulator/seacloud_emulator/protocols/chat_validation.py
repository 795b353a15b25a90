"""What a Chat Completions request must be, apart from its types: the rules that span several fields.

The rules are those of OpenAI's public reference, and the messages resemble its own. They hold without the extra
`strict`, which checks every field's type besides.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from seacloud_emulator.protocols.bodies import OPENAI_NAME, check_ranges, check_types
from seacloud_emulator.protocols.chat_tools import call_problems, check_tools
from seacloud_emulator.protocols.openai_models import check_model_takes
from seacloud_emulator.protocols.schema_rules import openai_problem
from seacloud_emulator.refusals import Refusal, invalid_chat

Body = dict[str, Any]

ROLES = ("developer", "system", "user", "assistant", "tool")

PARTS = {
    "developer": ("text",),
    "system": ("text",),
    "user": ("text", "image_url", "input_audio", "file", "video_url"),  # video_url: a gateways' extension
    "assistant": ("text", "refusal"),
    "tool": ("text",),
}
"""The kinds of content parts by role. A tool's result is text alone in this protocol."""

_RANGES: dict[str, tuple[float, float, tuple[type, ...]]] = {
    "temperature": (0, 2, (int, float)),
    "top_p": (0, 1, (int, float)),
    "presence_penalty": (-2, 2, (int, float)),
    "frequency_penalty": (-2, 2, (int, float)),
    "n": (1, 128, (int,)),
    "max_tokens": (1, 10**7, (int,)),
    "max_completion_tokens": (1, 10**7, (int,)),
    "top_logprobs": (0, 20, (int,)),
}

_NAME = re.compile(r"[^\s<|\\/>]+")
"""A message's `name`: OpenAI's error names the pattern, its reference does not."""

_TYPES: dict[str, type] = {
    "stream": bool,
    "stream_options": dict,
    "logprobs": bool,
    "parallel_tool_calls": bool,
    "reasoning_effort": str,
    "service_tier": str,
    "modalities": list,
    "response_format": dict,
}
"""The types of fields that the emulator reads and that have no other rule."""


def check_chat(body: Any) -> Body:
    """The body of a request, if the protocol allows it.

    Raises:
        Refusal: 400 with OpenAI's error object, which names the field.
    """
    if not isinstance(body, dict):
        raise invalid_chat("The body must be a JSON object.")
    if not isinstance(body.get("model"), str) or not body["model"].strip():
        raise invalid_chat("you must provide a model parameter", "model")
    for check in _CHECKS:
        check(body)
    return body


def _check_types(body: Body) -> None:
    check_types(body, _TYPES, invalid_chat)


def _check_ranges(body: Body) -> None:
    check_ranges(body, _RANGES, invalid_chat)


def _check_output_limits(body: Body) -> None:
    if body.get("max_tokens") is not None and body.get("max_completion_tokens") is not None:
        raise invalid_chat(
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.", "max_tokens"
        )
    stop = body.get("stop")
    stops = [stop] if isinstance(stop, str) else stop or []
    if not isinstance(stops, list) or len(stops) > 4 or not all(isinstance(text, str) and text for text in stops):
        raise invalid_chat("'stop' must be a text or a list of at most 4 texts, none empty.", "stop")
    biases = body.get("logit_bias") or {}
    if not isinstance(biases, dict) or not all(_is_bias(bias) for bias in biases.values()):
        raise invalid_chat("'logit_bias' must map tokens to numbers from -100 to 100.", "logit_bias")
    if body.get("top_logprobs") is not None and body.get("logprobs") is not True:
        raise invalid_chat("'top_logprobs' is only allowed when 'logprobs' is true.", "top_logprobs")
    if body.get("stream_options") is not None and body.get("stream") is not True:
        raise invalid_chat("The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options")


def _is_bias(bias: Any) -> bool:
    return isinstance(bias, (int, float)) and not isinstance(bias, bool) and -100 <= bias <= 100


_NO_FUNCTIONS = "'functions' and 'function_call' are deprecated and not emulated: use 'tools'."


def _check_not_emulated(body: Body) -> None:
    if body.get("functions") or body.get("function_call"):
        raise invalid_chat(_NO_FUNCTIONS, "functions")
    if "audio" in (body.get("modalities") or ()):
        raise invalid_chat("Audio output is not emulated.", "modalities")


def _check_response_format(body: Body) -> None:
    wanted = body.get("response_format")
    if wanted is None:
        return
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind not in ("text", "json_object", "json_schema"):  # kind may be unhashable
        raise invalid_chat(f"Invalid 'response_format.type': {kind!r}.", "response_format.type")
    if kind == "json_object" and "json" not in str(body.get("messages")).lower():
        raise invalid_chat(
            "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
            "messages",
        )
    if kind == "json_schema":
        _check_json_schema(wanted.get("json_schema"))


def _check_json_schema(wanted: Any) -> None:
    name = wanted.get("name") if isinstance(wanted, dict) else None
    if not isinstance(name, str) or not OPENAI_NAME.fullmatch(name):
        raise invalid_chat(f"Invalid 'response_format.json_schema.name': {name!r}.", "response_format.json_schema.name")
    schema = wanted.get("schema")
    if schema is not None and not isinstance(schema, dict):
        raise invalid_chat("'response_format.json_schema.schema' must be an object.", "response_format.json_schema")
    problem = openai_problem(schema, strict=bool(wanted.get("strict")))
    if problem is not None:
        raise invalid_chat(f"Invalid schema for response_format '{name}': {problem}", "response_format")


def _check_messages(body: Body) -> None:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise invalid_chat("'messages' must be a list that is not empty.", "messages")
    for place, message in enumerate(messages):
        _check_message(message, f"messages.[{place}]")
    _check_tool_results(messages)


def _check_message(message: Any, where: str) -> None:
    if not isinstance(message, dict):
        raise invalid_chat(f"{where} must be an object.", where)
    role = message.get("role")
    if role not in ROLES:
        raise invalid_chat(f"Invalid value: {role!r}. Supported values are: {', '.join(ROLES)}.", f"{where}.role")
    _check_name(message.get("name"), f"{where}.name")
    if message.get("function_call"):
        raise invalid_chat(_NO_FUNCTIONS, f"{where}.function_call")
    content = message.get("content")
    said_otherwise = role == "assistant" and any(message.get(name) for name in ("tool_calls", "refusal", "audio"))
    if content is None and not said_otherwise:
        raise invalid_chat(f"Invalid value for 'content': expected a string, got null. [{role}]", f"{where}.content")
    if role == "tool" and not isinstance(message.get("tool_call_id"), str):
        raise invalid_chat("Missing parameter 'tool_call_id': messages with role 'tool' must have one.", where)
    audio = message.get("audio")
    if audio is not None and not (isinstance(audio, dict) and isinstance(audio.get("id"), str)):
        raise invalid_chat(f"{where}.audio must have the 'id' of an earlier answer.", f"{where}.audio")
    for problem in _content_problems(content, role):
        raise invalid_chat(f"{where}.content: {problem}", f"{where}.content")
    for problem in call_problems(message.get("tool_calls"), role):
        raise invalid_chat(f"{where}.tool_calls: {problem}", f"{where}.tool_calls")


def _check_name(name: Any, where: str) -> None:
    if name is not None and not (isinstance(name, str) and _NAME.fullmatch(name)):
        raise invalid_chat(
            f"Invalid '{where}': string does not match pattern. Expected a string that matches the pattern "
            f"'^{_NAME.pattern}$'.",
            where,
        )


def _content_problems(content: Any, role: str) -> Iterator[str]:
    if content is None or isinstance(content, str):
        return
    if not isinstance(content, list):
        yield "must be a text or a list of parts"
        return
    if not content and role != "assistant":
        yield "must not be an empty list"
    for place, part in enumerate(content):
        kind = part.get("type") if isinstance(part, dict) else None
        if kind not in PARTS[role]:
            yield f"part {place}: {kind!r} is not a part of {role} messages, which have {', '.join(PARTS[role])}"
        elif not isinstance(part.get(kind), _PART_TYPES[kind]):
            yield f"part {place}: '{kind}' is missing or of the wrong type"


_PART_TYPES: dict[str, type] = {
    "text": str,
    "refusal": str,
    "image_url": dict,
    "input_audio": dict,
    "file": dict,
    "video_url": dict,
}


def _check_tool_results(messages: list[Body]) -> None:
    """Every call is answered before anything else is said, and nothing else is answered."""
    open_calls: list[str] = []
    for place, message in enumerate(messages):
        where = f"messages.[{place}].role"
        if message["role"] == "tool":
            if message["tool_call_id"] not in open_calls:
                raise _orphan(message["tool_call_id"], where)
            open_calls.remove(message["tool_call_id"])
            continue
        if open_calls:
            raise _unanswered(open_calls, where)
        open_calls = [call["id"] for call in message.get("tool_calls") or ()]
    if open_calls:
        raise _unanswered(open_calls, "messages")


def _orphan(call_id: str, where: str) -> Refusal:
    return invalid_chat(
        "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'"
        f" ({call_id}).",
        where,
    )


def _unanswered(call_ids: list[str], where: str) -> Refusal:
    return invalid_chat(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'."
        f" The following tool_call_ids did not have response messages: {', '.join(call_ids)}",
        where,
    )


_CHECKS: tuple[Callable[[Body], None], ...] = (
    _check_messages,
    _check_types,
    _check_ranges,
    _check_output_limits,
    _check_not_emulated,
    check_model_takes,
    check_tools,
    _check_response_format,
)
