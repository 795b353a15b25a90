"""A request in Chat Completions' JSON.

What the protocol lacks:

- refused, with a word on what to do instead: `top_k`, `previous_response_id`, `include`, `truncation`, sounds and
  pictures in instructions;
- left out, since the answer is the same without: `cache_control` of the request, a summary asked for in `reasoning`,
  `is_error` of a tool's result (its text says it), citations, reasoning and native items of other protocols;
  `parallel_tool_calls` for models that refuse the parameter, as the facts have it (OpenAI's o-series), which may then
  call several tools all the same;
- carried elsewhere: a tool's pictures and files go into a user's turn behind the results, since a tool's turn takes
  text alone; pictures that the assistant made go there too, or into the next user's turn; what it said aloud, and has
  no id any more, becomes text.

What the facts say that a model's vendor refuses is changed: ids of calls (longer than OpenAI takes, say), and those of
their results with them; the role `developer`; calls that Gemini has not signed. Texts that came side by side are one
string in the turns of the assistant and of tools, since not every vendor reads a list there.
"""

from __future__ import annotations

from collections.abc import Sequence

from seacloud_client.conversation import (
    AnyTool,
    CustomTool,
    Extras,
    JsonOutput,
    NativeTool,
    OutputSchema,
    Request,
    ToolChoice,
)
from seacloud_client.errors import InvalidInputError
from seacloud_client.models import ModelFacts, facts_of
from seacloud_client.protocols.chat_completions.turns import cache_control, conversation
from seacloud_client.protocols.encoding import (
    Json,
    Lacking,
    given,
    refuse_choice_without_tools,
    refuse_what_is_lacking,
)

_SAME_NAME = (
    "temperature",
    "top_p",
    "seed",
    "n",
    "frequency_penalty",
    "presence_penalty",
    "logit_bias",
    "logprobs",
    "top_logprobs",
    "verbosity",
    "audio",
    "prediction",
    "service_tier",
    "store",
    "metadata",
    "user",
    "safety_identifier",
    "prompt_cache_key",
    "thinking",
)
"""Fields that the protocol calls as we do. `thinking` is an object of DeepSeek's and Z.ai's Chat APIs."""

_LACKING: Lacking = {
    "top_k": ((), "pass extra_body={'top_k': ...} if the model's vendor takes it there"),
    "previous_response_id": ((), "send the whole conversation, or use protocol='responses'"),
    "include": ((), "use protocol='responses'"),
    "truncation": ((), "use protocol='responses'"),
}


def encode(request: Request, stream: bool) -> Json:
    """The JSON body of a request.

    Raises:
        InvalidInputError: if it asks for what the protocol lacks and would be misunderstood without.
    """
    refuse_what_is_lacking(request, "Chat Completions", _LACKING)
    facts = facts_of(request.model)
    body: Json = {"model": request.model, "messages": conversation(request.messages, facts)}
    body.update({name: value for name in _SAME_NAME if (value := getattr(request, name)) is not None})
    if request.max_tokens is not None:
        body[facts.max_tokens_field] = request.max_tokens
    if request.stop:
        body["stop"] = list(request.stop)
    if request.modalities:
        body["modalities"] = list(request.modalities)
    effort = request.reasoning_effort or _effort_of(request.reasoning)
    if effort is not None:
        body["reasoning_effort"] = effort
    body.update(_tools(request, facts))
    if request.output is not None:
        body["response_format"] = _response_format(request.output)
    if stream:
        body["stream"] = True
        if request.stream_usage:
            body["stream_options"] = {"include_usage": True}
    body.update(request.extra_body or {})
    return body


def _effort_of(reasoning: Extras | None) -> str | None:
    if reasoning is None:
        return None
    strange = set(reasoning) - {"effort", "summary"}
    if strange:
        raise InvalidInputError(
            f"Chat Completions knows only the effort of reasoning, not {sorted(strange)}: pass "
            "extra_body={'reasoning': {...}} if the gateway takes it, or use protocol='responses'. Nothing was sent."
        )
    effort = reasoning.get("effort")
    return None if effort is None else str(effort)


def _tools(request: Request, facts: ModelFacts) -> Json:
    """The tools and what goes with them; without tools, nothing that goes with them may be sent either."""
    choice = request.tool_choice
    if not request.tools:
        refuse_choice_without_tools(choice)
        return {}
    fields: Json = {"tools": [_tool_of(tool) for tool in request.tools]}
    if choice is not None:
        fields["tool_choice"] = _tool_choice(choice, request.tools)
    if request.parallel_tool_calls is not None and facts.parallel_tool_calls is not False:
        fields["parallel_tool_calls"] = request.parallel_tool_calls
    return fields


def _tool_of(tool: AnyTool) -> Json:
    if isinstance(tool, NativeTool):
        return dict(tool.item)
    described: Json = {"name": tool.name, "description": tool.description}
    if isinstance(tool, CustomTool):
        kind = "custom"
        described["format"] = _format(tool.format)
    else:
        kind = "function"
        described.update(parameters=tool.parameters, strict=tool.strict)
    return {"type": kind, kind: given(described), **cache_control(tool.extras)}


def _format(form: Extras | None) -> Json | None:
    """The format of a custom tool. Responses has the same without a `grammar` around the grammar."""
    if form is None or form.get("type") != "grammar" or "grammar" in form:
        return None if form is None else dict(form)
    return {"type": "grammar", "grammar": {name: value for name, value in form.items() if name != "type"}}


def _tool_choice(choice: ToolChoice, tools: Sequence[AnyTool]) -> str | Json:
    if choice.mode == "native":
        return dict(choice.native or {})
    if choice.mode != "tool":
        return choice.mode
    named = next((tool for tool in tools if not isinstance(tool, NativeTool) and tool.name == choice.name), None)
    if named is None:
        names = [tool.name for tool in tools if not isinstance(tool, NativeTool)]
        raise InvalidInputError(f"tool_choice names {choice.name!r}, which is none of {names}. Nothing was sent.")
    kind = "custom" if isinstance(named, CustomTool) else "function"
    return {"type": kind, kind: {"name": choice.name}}


def _response_format(output: OutputSchema | JsonOutput) -> Json:
    if isinstance(output, JsonOutput):
        return {"type": "json_object"}
    named: Json = {
        "name": output.name,
        "description": output.description,
        "schema": output.schema,
        "strict": output.strict,
    }
    return {"type": "json_schema", "json_schema": given(named)}
