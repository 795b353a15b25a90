"""What a Responses request must be, apart from its input's items and its tools.

The rules are those of OpenAI's public reference, and the messages resemble its own. They hold without the extra
`strict`, which checks every field's type besides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from seacloud_emulator.protocols.bodies import OPENAI_NAME, Body, Ranges, check_ranges, check_types
from seacloud_emulator.protocols.openai_models import check_model_takes
from seacloud_emulator.protocols.responses.items import (
    check_items,
    check_text,
    is_one_of,
    missing,
    wrong_type,
    wrong_value,
)
from seacloud_emulator.protocols.responses.tools import check_tools
from seacloud_emulator.protocols.schema_rules import openai_problem
from seacloud_emulator.refusals import Refusal, invalid_chat, openai_error

INCLUDABLE = (
    *("file_search_call.results", "web_search_call.results", "web_search_call.action.sources"),
    *("message.input_image.image_url", "computer_call_output.output.image_url", "code_interpreter_call.outputs"),
    *("reasoning.encrypted_content", "message.output_text.logprobs"),
)

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
SUMMARIES = ("auto", "concise", "detailed")

LEAST_OUTPUT_TOKENS = 16

_NAMES = frozenset(
    (
        *("access_programs", "background", "background_options", "context_management", "conversation", "image"),
        *("include", "input", "instructions", "max_output_tokens", "max_tool_calls", "metadata", "model", "moderation"),
        *("parallel_tool_calls", "previous_response_id", "prompt", "prompt_cache_key", "prompt_cache_options"),
        *("prompt_cache_retention", "reasoning", "safety_identifier", "service_tier", "store", "stream"),
        *("stream_options", "temperature", "text", "tool_choice", "tools", "top_logprobs", "top_p", "truncation"),
        "user",
    )
)
"""The fields of a request (openai 3.54, `response_create_params`)."""

_RANGES: Ranges = {
    "temperature": (0, 2, (int, float)),
    "top_p": (0, 1, (int, float)),
    "top_logprobs": (0, 20, (int,)),
    "max_tool_calls": (1, 10**6, (int,)),
    "max_output_tokens": (LEAST_OUTPUT_TOKENS, 10**7, (int,)),
}

_TYPES: Mapping[str, type] = {
    "stream": bool,
    "stream_options": dict,
    "store": bool,
    "background": bool,
    "parallel_tool_calls": bool,
    "instructions": str,
    "previous_response_id": str,
    "prompt_cache_key": str,
    "safety_identifier": str,
    "service_tier": str,
    "user": str,
    "include": list,
    "metadata": dict,
    "reasoning": dict,
    "text": dict,
}


def check_request(body: Any) -> Body:
    """The body of a request, if the protocol allows it, its input as a list of items.

    Raises:
        Refusal: 400 with OpenAI's error object, which names the field.
    """
    if not isinstance(body, dict):
        raise invalid_chat("The body must be a JSON object.")
    for name in body:
        if name not in _NAMES:
            raise invalid_chat(f"Unknown parameter: '{name}'.", name, "unknown_parameter")
    if not isinstance(body.get("model"), str) or not body["model"].strip():
        raise missing("model")
    check_types(body, _TYPES, _invalid_type)
    check_ranges(body, _RANGES, _invalid_value)
    for check in _CHECKS:
        check(body)
    return {**body, "input": check_items(body.get("input") or [])}


def _invalid_type(message: str, field: str) -> Refusal:
    return invalid_chat(message, field, "invalid_type")


def _invalid_value(message: str, field: str) -> Refusal:
    return invalid_chat(message, field, "invalid_value")


def _check_asked(body: Body) -> None:
    """Something is asked, and of what is there."""
    for name in ("prompt", "conversation"):
        named = body.get(name)
        if named is not None:
            known_as = named.get("id") if isinstance(named, dict) else named
            message = f"{name.capitalize()} with id {known_as!r} not found: the emulator has none."
            raise Refusal(404, openai_error(message, param=name))
    if not body.get("input") and body.get("previous_response_id") is None:
        message = 'One of "input" or "previous_response_id" or "prompt" or "conversation_id" must be provided.'
        raise invalid_chat(message, "input", "missing_required_parameter")
    if body.get("background"):
        raise invalid_chat("Background mode is not emulated.", "background")


def _check_options(body: Body) -> None:
    for place, name in enumerate(body.get("include") or ()):
        if name not in INCLUDABLE:
            raise wrong_value(f"include[{place}]", name, INCLUDABLE)
    if body.get("stream_options") is not None and body.get("stream") is not True:
        raise invalid_chat("The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options")
    if body.get("truncation") not in (None, "auto", "disabled"):
        raise wrong_value("truncation", body["truncation"], ("auto", "disabled"))
    metadata = body.get("metadata") or {}
    if len(metadata) > 16 or not all(isinstance(value, str) for value in metadata.values()):
        raise invalid_chat("Invalid 'metadata': at most 16 pairs, whose values are strings.", "metadata")


def _check_reasoning(body: Body) -> None:
    reasoning = body.get("reasoning") or {}
    for name, allowed in (("effort", EFFORTS), ("summary", SUMMARIES), ("generate_summary", SUMMARIES)):
        if reasoning.get(name) not in (None, *allowed):
            raise wrong_value(f"reasoning.{name}", reasoning[name], allowed)


def _check_text(body: Body) -> None:
    text = body.get("text") or {}
    if text.get("verbosity") not in (None, "low", "medium", "high"):
        raise wrong_value("text.verbosity", text["verbosity"], ("low", "medium", "high"))
    wanted = text.get("format")
    if wanted is None:
        return
    if not isinstance(wanted, dict):
        raise wrong_type("text.format", "an object", wanted)
    if not is_one_of(wanted.get("type"), _FORMATS):
        raise wrong_value("text.format.type", wanted.get("type"), tuple(_FORMATS))
    _FORMATS[wanted["type"]](wanted, body)


def _any(_wanted: Body, _body: Body) -> None:
    pass


def _json_object(_wanted: Body, body: Body) -> None:
    if "json" not in f"{body.get('input')}{body.get('instructions')}".lower():
        message = (
            "Response input messages must contain the word 'json' in some form to use 'text.format' of type "
            "'json_object'."
        )
        raise invalid_chat(message, "input")


def _json_schema(wanted: Body, _body: Body) -> None:
    check_text(wanted, "name", "text.format")
    if not OPENAI_NAME.fullmatch(wanted["name"]):
        raise invalid_chat(f"Invalid 'text.format.name': {wanted['name']!r}.", "text.format.name", "invalid_value")
    if not isinstance(wanted.get("schema"), dict):
        raise missing("text.format.schema")
    problem = openai_problem(wanted["schema"], strict=wanted.get("strict") is True)
    if problem is not None:
        message = f"Invalid schema for response_format '{wanted['name']}': {problem}"
        raise invalid_chat(message, "text.format.schema", "invalid_json_schema")


_FORMATS: Mapping[str, Callable[[Body, Body], None]] = {
    "text": _any,
    "json_object": _json_object,
    "json_schema": _json_schema,
}

_CHECKS: tuple[Callable[[Body], None], ...] = (
    _check_asked,
    _check_options,
    _check_reasoning,
    _check_text,
    check_model_takes,
    check_tools,
)
