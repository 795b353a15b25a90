"""A request in Responses' JSON.

What the protocol lacks:

- refused, with a word on what to do instead: `stop`, `seed`, `n`, `top_k`, the penalties, `logit_bias`, `thinking`,
  `modalities` but text, `audio`, sounds and films;
- left out, since the answer is the same without: `prediction`, `cache_control`, names of speakers, `is_error` of a
  tool's result, reasoning and native items of other protocols; `parallel_tool_calls` for models that refuse the
  parameter, as the facts have it (OpenAI's o-series), which may then call several tools all the same.

What it calls otherwise: `max_tokens` (`max_output_tokens`), `output` and `verbosity` (`text`), `reasoning_effort`
(`reasoning.effort`), `logprobs` (an `include`).

What it takes differently from what a caller of the others expects:

- A tool is strict here unless it says otherwise, and optional parameters are refused then. A tool that leaves `strict`
  open is not strict, as on the other protocols.
- With `store=False` a model that reasons is asked for its encrypted reasoning, for it could not go on without.
- With `previous_response_id` the messages are those that follow that reply: all that are given are sent, and the
  results of calls that the service has stored are kept. Whoever has the whole conversation leaves out what the service
  has.

Fields that we do not model (`background`, `conversation`, `context_management`, `prompt_cache_options`, ...) go into
`extra_body`, which wins over all others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from seacloud_client.conversation import (
    AnyTool,
    CustomTool,
    JsonOutput,
    NativeTool,
    OutputSchema,
    Request,
    Tool,
    ToolChoice,
)
from seacloud_client.errors import InvalidInputError
from seacloud_client.models import ModelFacts, facts_of
from seacloud_client.protocols.encoding import (
    Json,
    Lacking,
    given,
    known_extras,
    refuse_choice_without_tools,
    refuse_what_is_lacking,
)
from seacloud_client.protocols.responses.turns import conversation

_SAME_NAME = (
    "previous_response_id",
    "store",
    "temperature",
    "top_p",
    "top_logprobs",
    "service_tier",
    "truncation",
    "metadata",
    "user",
    "safety_identifier",
    "prompt_cache_key",
)

_OTHER_PROTOCOL = "use protocol='chat_completions' with a model that takes it"

_LACKING: Lacking = {
    "stop": ((), "cut the answer yourself, or use protocol='chat_completions'"),
    "seed": ((), "leave it out; temperature=0 makes answers more alike"),
    "n": ((1,), "ask several times"),
    "top_k": ((), "leave it out, or pass extra_body={'top_k': ...} if the model's vendor takes it there"),
    "frequency_penalty": ((0,), _OTHER_PROTOCOL),
    "presence_penalty": ((0,), _OTHER_PROTOCOL),
    "logit_bias": (({},), _OTHER_PROTOCOL),
    "thinking": ((), "pass reasoning_effort, or reasoning={...}"),
    "modalities": (("text",), "use protocol='chat_completions' with a model that speaks"),
    "audio": ((), "use protocol='chat_completions' with a model that speaks"),
}

_FUNCTION_EXTRAS = ("allowed_callers", "async", "defer_loading", "output_schema")
_CUSTOM_EXTRAS = ("allowed_callers", "async", "defer_loading")

_LOGPROBS = "message.output_text.logprobs"
_ENCRYPTED_REASONING = "reasoning.encrypted_content"


def encode(request: Request, stream: bool) -> Json:
    """The JSON body of a request.

    Raises:
        InvalidInputError: if it asks for what the protocol lacks and would be misunderstood without.
    """
    refuse_what_is_lacking(request, "Responses", _LACKING)
    body: Json = {"model": request.model, **conversation(request)}
    body.update({name: value for name in _SAME_NAME if (value := getattr(request, name)) is not None})
    if request.max_tokens is not None:
        body["max_output_tokens"] = request.max_tokens
    body.update(_tools(request, facts_of(request.model)))
    reasoning = given({**(request.reasoning or {}), **given({"effort": request.reasoning_effort})})
    body.update(given({"text": _text(request), "reasoning": reasoning or None, "include": _include(request) or None}))
    if stream:
        body["stream"] = True
    body.update(request.extra_body or {})
    return body


def _include(request: Request) -> list[str]:
    """What the answer is to hold besides: what was asked for, and what other fields imply."""
    include = list(request.include)
    if request.logprobs or request.top_logprobs:
        include.append(_LOGPROBS)
    if request.store is False and facts_of(request.model).reasoning:
        include.append(_ENCRYPTED_REASONING)
    return list(dict.fromkeys(include))


def _text(request: Request) -> Json | None:
    form: Json | None = None
    if isinstance(request.output, JsonOutput):
        form = {"type": "json_object"}
    elif isinstance(request.output, OutputSchema):
        output = request.output
        described = given({"description": output.description, "strict": output.strict})
        form = {"type": "json_schema", "name": output.name, "schema": output.schema, **described}
    return given({"format": form, "verbosity": request.verbosity}) or None


def _tools(request: Request, facts: ModelFacts) -> Json:
    """The tools and what goes with them; without tools, nothing that goes with them may be sent either."""
    choice = request.tool_choice
    if not request.tools:
        refuse_choice_without_tools(choice)
        return {}
    fields: Json = {"tools": [_TOOLS[type(tool)](tool) for tool in request.tools]}
    if choice is not None:
        fields["tool_choice"] = _tool_choice(choice, request.tools)
    if request.parallel_tool_calls is not None and facts.parallel_tool_calls is not False:
        fields["parallel_tool_calls"] = request.parallel_tool_calls
    return fields


def _function(tool: Tool) -> Json:
    return {
        "type": "function",
        "name": tool.name,
        **given({"description": tool.description}),
        "parameters": {"type": "object", "properties": {}} if tool.parameters is None else tool.parameters,
        "strict": bool(tool.strict),
        **known_extras(tool.extras, _FUNCTION_EXTRAS),
    }


def _free_text(tool: CustomTool) -> Json:
    form = dict(tool.format) if tool.format is not None else None
    if form is not None and isinstance(form.get("grammar"), Mapping):
        form = {"type": "grammar", **form["grammar"]}  # Chat Completions has the same one step deeper
    described = given({"description": tool.description, "format": form})
    return {"type": "custom", "name": tool.name, **described, **known_extras(tool.extras, _CUSTOM_EXTRAS)}


def _native(tool: NativeTool) -> Json:
    return dict(tool.item)


_TOOLS: Mapping[type[AnyTool], Callable[[Any], Json]] = {Tool: _function, CustomTool: _free_text, NativeTool: _native}


def _tool_choice(choice: ToolChoice, tools: Sequence[AnyTool]) -> str | Json:
    if choice.mode == "native":
        return dict(choice.native or {})
    if choice.mode != "tool":
        return choice.mode
    choices = {name: chosen for tool in tools for name, chosen in _choices_of(tool)}
    if choice.name not in choices:
        raise InvalidInputError(
            f"tool_choice names {choice.name!r}, which is none of {list(choices)}. Nothing was sent."
        )
    return choices[choice.name]


def _choices_of(tool: AnyTool) -> list[tuple[Any, Json]]:
    """The names by which a tool can be chosen, and the choice: a built-in tool has its type, a server its label."""
    if not isinstance(tool, NativeTool):
        return [(tool.name, {"type": "custom" if isinstance(tool, CustomTool) else "function", "name": tool.name})]
    kind, label = tool.item.get("type"), tool.item.get("server_label")
    if kind in ("function", "custom"):
        return [(tool.item.get("name"), {"type": kind, "name": tool.item.get("name")})]
    return [(label, {"type": kind, "server_label": label})] if label is not None else [(kind, {"type": kind})]
