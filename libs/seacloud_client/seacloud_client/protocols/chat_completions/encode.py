"""A request in Chat Completions' JSON.

What the protocol lacks:

- refused, with a word on what to do instead: `top_k`, `previous_response_id`, `include`, `truncation`, sounds and
  pictures in instructions;
- left out, since the answer is the same without: `cache_control` of the request, a summary asked for in `reasoning`,
  `is_error` of a tool's result (its text says it), reasoning and native items of other protocols;
- carried elsewhere: a tool's pictures and files go into a user's turn behind the results, since a tool's turn takes
  text alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from seacloud_client.conversation import (
    AnyTool,
    Audio,
    CustomTool,
    Extras,
    File,
    Image,
    JsonOutput,
    Media,
    Message,
    Native,
    NativeTool,
    OutputSchema,
    Part,
    Reasoning,
    Refusal,
    Request,
    Text,
    ToolCall,
    ToolChoice,
    ToolResult,
    Video,
)
from seacloud_client.errors import InvalidInputError
from seacloud_client.models import ModelFacts, facts_of
from seacloud_client.protocols.history import mend

Json = dict[str, Any]

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

_REFUSED = {
    "top_k": "pass extra_body={'top_k': ...} if the model's vendor takes it there",
    "previous_response_id": "send the whole conversation, or use protocol='responses'",
    "include": "use protocol='responses'",
    "truncation": "use protocol='responses'",
}


_CALL_EXTRAS = frozenset(("extra_content", "cache_control"))
"""Extras of a tool call that go back: Gemini's Chat API wants its `extra_content` (a thought's signature) again."""


def encode(request: Request, stream: bool) -> Json:
    """The JSON body of a request.

    Raises:
        InvalidInputError: if it asks for what the protocol lacks and would be misunderstood without.
    """
    _refuse_what_is_lacking(request)
    facts = facts_of(request.model)
    body: Json = {"model": request.model, "messages": _messages(request.messages, facts)}
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
    body.update(_tools(request))
    if request.output is not None:
        body["response_format"] = _response_format(request.output)
    if stream:
        body["stream"] = True
        if request.stream_usage:
            body["stream_options"] = {"include_usage": True}
    body.update(request.extra_body or {})
    return body


def _refuse_what_is_lacking(request: Request) -> None:
    for name, advice in _REFUSED.items():
        if getattr(request, name) not in (None, ()):
            raise InvalidInputError(f"Chat Completions has no {name}: {advice}. Nothing was sent.")


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


def _messages(messages: Sequence[Message], facts: ModelFacts) -> list[Json]:
    encoded: list[Json] = []
    for message in mend(messages):
        encoded.extend(_ROLES[message.role](message, facts))
    return encoded


def _instructions(message: Message, _facts: ModelFacts) -> Iterable[Json]:
    strange = next((part for part in message.parts if not isinstance(part, Text)), None)
    if strange is not None:
        raise InvalidInputError(
            f"A {message.role} message takes text alone, not {type(strange).__name__}: move it into a user message. "
            "Nothing was sent."
        )
    yield _turn(message, _content(message.parts))


def _user(message: Message, _facts: ModelFacts) -> Iterable[Json]:
    content = _content(message.parts)
    if content is not None:
        yield _turn(message, content)


def _assistant(message: Message, facts: ModelFacts) -> Iterable[Json]:
    calls = [_tool_call(part) for part in message.parts if isinstance(part, ToolCall)]
    refusal = "".join(part.text for part in message.parts if isinstance(part, Refusal))
    spoken = next((part for part in message.parts if isinstance(part, Audio) and part.id), None)
    turn = _turn(message, _assistant_content(message.parts))
    if refusal:
        turn["refusal"] = refusal
    if spoken is not None:
        turn["audio"] = {"id": spoken.id}
    if calls:
        turn["tool_calls"] = calls
    if facts.replay_reasoning == "always" or (calls and facts.replay_reasoning == "tool_calls"):
        turn.update(_reasoning(message.parts))
    if turn.get("content") is None and set(turn) <= {"role", "content", "name"}:
        return  # nothing of it can be sent: it was another protocol's reasoning or native items
    yield turn


def _tool(message: Message, _facts: ModelFacts) -> Iterable[Json]:
    results = [part for part in message.parts if isinstance(part, ToolResult)]
    carried: list[Json] = []
    for result in results:
        texts = [part for part in result.parts if isinstance(part, Text)]
        media = [part for part in result.parts if isinstance(part, Media)]
        content = _content(texts) or ("" if not media else f"{len(media)} attached below.")
        yield {"role": "tool", "tool_call_id": result.call_id, "content": content, **_known(result.extras)}
        if media:
            carried.append({"type": "text", "text": f"Attached by the tool call {result.call_id}:"})
            carried.extend(_PARTS[type(part)](part) for part in media)
    if carried:
        yield {"role": "user", "content": carried}


_ROLES: Mapping[str, Callable[[Message, ModelFacts], Iterable[Json]]] = {
    "system": _instructions,
    "developer": _instructions,
    "user": _user,
    "assistant": _assistant,
    "tool": _tool,
}


def _turn(message: Message, content: Any) -> Json:
    turn: Json = {"role": message.role, "content": content}
    if message.name:
        turn["name"] = message.name
    turn.update(message.extras or {})
    return turn


def _content(parts: Iterable[Part]) -> str | list[Json] | None:
    """The content of a turn: a string where there is one plain text, else a list of parts; `None` for nothing."""
    sendable = [part for part in parts if type(part) in _PARTS and not _is_foreign(part)]
    if len(sendable) == 1 and isinstance(sendable[0], Text) and not sendable[0].extras:
        return sendable[0].text
    return [_PARTS[type(part)](part) for part in sendable] or None


def _is_foreign(part: Part) -> bool:
    return isinstance(part, Native) and part.protocol != "chat_completions"


def _assistant_content(parts: Iterable[Part]) -> str | list[Json] | None:
    """Text alone, as one string: not every vendor reads a list there. A list that came as one goes back as one."""
    said = [part for part in parts if isinstance(part, Text) or _is_of_content_list(part)]
    if any(_is_of_content_list(part) for part in said) or any(isinstance(part, Text) and part.extras for part in said):
        return [_ASSISTANT_PARTS[type(part)](part) for part in said]
    return "".join(part.text for part in said if isinstance(part, Text)) or None


def _is_of_content_list(part: Part) -> bool:
    """Whether a part came in a list of content: Mistral's thinking and references do."""
    if isinstance(part, Native):
        return part.protocol == "chat_completions"
    return isinstance(part, Reasoning) and part.protocol == "chat_completions" and part.form == "thinking"


def _known(extras: Extras | None) -> Json:
    """The extras that the protocol, or a gateway that speaks it, knows: `cache_control` (OpenRouter, Qwen)."""
    return {name: value for name, value in (extras or {}).items() if name == "cache_control"}


def _text(part: Text) -> Json:
    return {"type": "text", "text": part.text, **_known(part.extras)}


def _image(part: Image) -> Json:
    image: Json = {"url": _address(part, "an image_url")}
    if part.extras and "detail" in part.extras:
        image["detail"] = part.extras["detail"]
    return {"type": "image_url", "image_url": image, **_known(part.extras)}


def _audio(part: Audio) -> Json:
    if part.data is None:
        raise InvalidInputError(
            "Chat Completions takes a sound as bytes, not by url or file_id: download it first. Nothing was sent."
        )
    return {
        "type": "input_audio",
        "input_audio": {"data": part.data, "format": _audio_format(part)},
        **_known(part.extras),
    }


def _audio_format(part: Audio) -> str:
    subtype = (part.media_type or "").partition("/")[2].removeprefix("x-")
    if not subtype:
        raise InvalidInputError("A sound needs its media_type, such as 'audio/wav'. Nothing was sent.")
    return {"mpeg": "mp3", "wave": "wav", "vnd.wave": "wav"}.get(subtype, subtype)


def _video(part: Video) -> Json:
    # OpenAI has no video; gateways (OpenRouter, Qwen, Z.ai) take this form.
    return {"type": "video_url", "video_url": {"url": _address(part, "a video_url")}, **_known(part.extras)}


def _file(part: File) -> Json:
    file: Json
    if part.file_id is not None:
        file = {"file_id": part.file_id}
    elif part.data is not None:
        # file_data goes with a filename: OpenAI refuses it without.
        file = {"filename": part.name or "file", "file_data": part.data_url}
    else:
        raise InvalidInputError(
            "Chat Completions takes a file as bytes or by file_id, not by url: download it first. Nothing was sent."
        )
    return {"type": "file", "file": file, **_known(part.extras)}


def _address(part: Media, place: str) -> str:
    if part.file_id is not None:
        raise InvalidInputError(
            f"Chat Completions takes {part.kind}s by url or as bytes, not by file_id: {place} needs one of them. "
            "Nothing was sent."
        )
    if part.url is not None:
        return part.url
    try:
        return part.data_url
    except ValueError as error:
        raise InvalidInputError(f"{error} Nothing was sent.") from None


def _native(part: Native) -> Json:
    return dict(part.item)


_PARTS: Mapping[type, Callable[[Any], Json]] = {
    Text: _text,
    Native: _native,
    Image: _image,
    Audio: _audio,
    Video: _video,
    File: _file,
}


def _thinking(part: Reasoning) -> Json:
    return {"type": "thinking", "thinking": [{"type": "text", "text": part.text}], **(part.extras or {})}


_ASSISTANT_PARTS: Mapping[type, Callable[[Any], Json]] = {Text: _text, Reasoning: _thinking, Native: _native}


def _reasoning(parts: Iterable[Part]) -> Json:
    """The assistant's reasoning, each piece in the field that it came in."""
    fields: Json = {}
    details: list[Json] = []
    for part in parts:
        if not isinstance(part, Reasoning) or part.protocol != "chat_completions" or part.form == "thinking":
            continue
        if part.form is not None and part.form.startswith("reasoning."):
            details.append(_detail(part))
        else:
            name = part.form or "reasoning_content"
            fields[name] = fields.get(name, "") + part.text
    if details:
        fields["reasoning_details"] = details
    return fields


def _detail(part: Reasoning) -> Json:
    """An entry of OpenRouter's `reasoning_details`."""
    entry: Json = {"type": part.form}
    text_name = "summary" if part.form == "reasoning.summary" else "text"
    entry.update(
        _given({text_name: part.text or None, "signature": part.signature, "data": part.encrypted, "id": part.id})
    )
    entry.update(part.extras or {})
    return entry


def _tool_call(call: ToolCall) -> Json:
    if call.kind == "custom":
        said: Json = {"type": "custom", "custom": {"name": call.name, "input": call.arguments}}
    else:
        said = {"type": "function", "function": {"name": call.name, "arguments": call.arguments}}
    extras = {name: value for name, value in (call.extras or {}).items() if name in _CALL_EXTRAS}
    return {"id": call.id, **said, **extras}


def _tools(request: Request) -> Json:
    """The tools and what goes with them; without tools, nothing that goes with them may be sent either."""
    choice = request.tool_choice
    if not request.tools:
        if choice is not None and choice.mode in ("required", "tool"):
            raise InvalidInputError("tool_choice demands a tool, but there are no tools. Nothing was sent.")
        return {}
    fields: Json = {"tools": [_tool_of(tool) for tool in request.tools]}
    if choice is not None:
        fields["tool_choice"] = _tool_choice(choice, request.tools)
    if request.parallel_tool_calls is not None:
        fields["parallel_tool_calls"] = request.parallel_tool_calls
    return fields


def _tool_of(tool: AnyTool) -> Json:
    if isinstance(tool, NativeTool):
        return dict(tool.item)
    described: Json = {"name": tool.name, "description": tool.description}
    if isinstance(tool, CustomTool):
        kind = "custom"
        described["format"] = tool.format
    else:
        kind = "function"
        described.update(parameters=tool.parameters, strict=tool.strict)
    return {"type": kind, kind: _given(described), **_known(tool.extras)}


def _given(fields: Json) -> Json:
    return {name: value for name, value in fields.items() if value is not None}


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
    return {"type": "json_schema", "json_schema": _given(named)}
