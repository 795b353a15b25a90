"""A request in Messages' JSON.

What the protocol lacks:

- refused, with a word on what to do instead: `seed`, `n`, the penalties, `logit_bias`, `logprobs`, `verbosity`,
  `modalities` but text, `audio`, `store`, `previous_response_id`, `include`, `truncation`, a temperature above 1, stop
  sequences of white space, sounds and films, pictures in instructions;
- left out, since the answer is the same without: `prediction`, `prompt_cache_key`, labels in `metadata` (but for
  `user_id`), name and strictness of an output's schema (it is always strict), names of speakers, reasoning and native
  items of other protocols, reasoning without its signature but for vendors that may give none;
- carried elsewhere: see `turns`, `tools` for an answer in JSON, and `schema` for the schemas that the model is held to.

What it calls otherwise: `stop` (`stop_sequences`), `user` or else `safety_identifier` (`metadata.user_id`),
`parallel_tool_calls` (`tool_choice.disable_parallel_tool_use`), `output` (`output_config.format`), `reasoning_effort`
(see `thinking`).

Caching: a part's `cache_control` (in its `extras`) makes a breakpoint behind that block, a message's behind its last
block, a tool's behind that tool. `Request.cache_control` goes to the top of the body: the service then sets the
breakpoint itself, behind the last block that can bear one, and moves it on as the conversation grows.

While a program of the model's waits for the results of its calls, or a paused turn for its built-in tool, the service
wants the container back that it runs in: see `containers`.

`max_tokens` is demanded: where the caller sets none, it is `DEFAULT_MAX_TOKENS` and room for thoughts, or what the
model can say at most. `extra_body` is added last, and wins.
"""

from __future__ import annotations

from seacloud_client.conversation import JsonOutput, OutputSchema, Request
from seacloud_client.errors import InvalidInputError
from seacloud_client.models import ModelFacts, facts_of
from seacloud_client.protocols.encoding import Json, Lacking, refuse_what_is_lacking
from seacloud_client.protocols.messages.containers import container_field
from seacloud_client.protocols.messages.schema import closed
from seacloud_client.protocols.messages.thinking import (
    effort_word,
    is_taken,
    leave_out_refused_thoughts,
    refuse_what_thinking_forbids,
    room,
    thinking_field,
)
from seacloud_client.protocols.messages.tools import answers_by_tool, tool_fields
from seacloud_client.protocols.messages.turns import conversation

DEFAULT_MAX_TOKENS = 16_384
"""The limit of an answer, besides room for thoughts, where the caller sets none: the service demands one. A model that
can say less, as far as its facts are known, gets what it can."""

DEFAULT_MAX_TOKENS_OF_UNKNOWN = 8_192
"""The same for a model whose limit is not known."""

_SAME_NAME = ("temperature", "top_p", "top_k", "service_tier", "cache_control")

_LACKING: Lacking = {
    "seed": ((), "leave it out; temperature=0 makes answers more alike"),
    "n": ((1,), "ask several times"),
    "frequency_penalty": ((0,), "leave it out"),
    "presence_penalty": ((0,), "leave it out"),
    "logit_bias": (({},), "leave it out"),
    "logprobs": ((False,), "use protocol='chat_completions' with a model that gives them"),
    "top_logprobs": ((0,), "use protocol='chat_completions' with a model that gives them"),
    "verbosity": (("medium",), "say in the instructions how long the answer should be"),
    "modalities": (("text",), "use protocol='chat_completions' with a model that speaks"),
    "audio": ((), "use protocol='chat_completions' with a model that speaks"),
    "store": ((False,), "use protocol='responses'"),
    "previous_response_id": ((), "send the whole conversation, or use protocol='responses'"),
    "include": ((), "use protocol='responses'"),
    "truncation": (("disabled",), "shorten the messages, or use protocol='responses'"),
}


def encode(request: Request, stream: bool) -> Json:
    """The JSON body of a request.

    Raises:
        InvalidInputError: if it asks for what the protocol lacks and would be misunderstood without.
    """
    _refuse(request)
    facts = facts_of(request.model)
    thinking = thinking_field(request, facts)
    max_tokens = _default_max_tokens(thinking, facts) if request.max_tokens is None else request.max_tokens
    body: Json = {"model": request.model, "max_tokens": max_tokens, **conversation(request.messages, facts)}
    body.update({name: value for name in _SAME_NAME if (value := getattr(request, name)) is not None})
    if request.stop:
        body["stop_sequences"] = list(request.stop)
    user_id = request.user or request.safety_identifier or (request.metadata or {}).get("user_id")
    if user_id is not None:
        body["metadata"] = {"user_id": user_id}
    body.update(tool_fields(request, facts))
    output = _output_config(request, facts)
    if output:
        body["output_config"] = output
    if thinking is not None and is_taken(thinking, body["messages"]):
        body["thinking"] = thinking
    refuse_what_thinking_forbids(body)
    if stream:
        body["stream"] = True
    extra = request.extra_body or {}
    leave_out_refused_thoughts(extra.get("thinking", body.get("thinking")), body["messages"], facts)
    body.update(extra)
    container = container_field(request.messages, body)
    if container is not None:
        body["container"] = container
    return body


def _refuse(request: Request) -> None:
    refuse_what_is_lacking(request, "Messages", _LACKING)
    if request.temperature is not None and request.temperature > 1:
        raise InvalidInputError(
            f"Messages takes a temperature from 0 to 1; got {request.temperature}: lower it. Nothing was sent."
        )
    if any(not text.strip() for text in request.stop):
        raise InvalidInputError(
            f"Messages takes no stop sequence of white space alone; got {list(request.stop)}: leave it out. Nothing "
            "was sent."
        )


def _output_config(request: Request, facts: ModelFacts) -> Json:
    config: Json = {}
    effort = effort_word(request, facts)
    if effort is not None:
        config["effort"] = effort
    output = request.output
    if output is not None and not isinstance(output, JsonOutput) and not answers_by_tool(request, facts):
        config["format"] = {"type": "json_schema", "schema": _output_schema(output)}
    return config


def _output_schema(output: OutputSchema) -> Json:
    described = {"description": output.description} if output.description else {}
    return closed({**described, **output.schema})


def _default_max_tokens(thinking: Json | None, facts: ModelFacts) -> int:
    if facts.max_output_tokens is None:
        return DEFAULT_MAX_TOKENS_OF_UNKNOWN + room(thinking)
    return min(DEFAULT_MAX_TOKENS + room(thinking), facts.max_output_tokens)
