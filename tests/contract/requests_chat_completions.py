"""A recorded Chat Completions body as the `Request` that a caller would have made of it, read by hand-written rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from seacloud_client.conversation import (
    AnyTool,
    Audio,
    File,
    Image,
    JsonOutput,
    Message,
    NativeTool,
    OutputSchema,
    Part,
    Reasoning,
    Request,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from seacloud_client.models import facts_of

Json = dict[str, Any]

# Fields of a request that have our name, and those that have another.
_SAME = (
    "model",
    "temperature",
    "top_p",
    "n",
    "seed",
    "frequency_penalty",
    "presence_penalty",
    "logprobs",
    "logit_bias",
    "reasoning_effort",
    "thinking",
    "parallel_tool_calls",
)
_READ = {*_SAME, "messages", "tools", "tool_choice", "response_format", "stream", "stream_options", "stop"}


REASONS = {
    (
        "chat-with-params-perplexity-sonar-supports-json-schema-respo-d65511",
        "response_format.json_schema.name",
    ): "OpenAI's reference demands a name, and an OutputSchema has one; Perplexity's client left it out",
}
"""Where we differ from what was recorded, and why."""


def read_request(body: Json) -> Request:
    """Return the request.

    What the vocabulary has no name for goes into `extra_body`, as a caller would do; so does the name of the token
    limit that the facts of the model do not say.
    """
    limit = facts_of(body["model"]).max_tokens_field
    fields: Json = {name: body[name] for name in _SAME if body.get(name) is not None}
    read = {*_READ, limit}
    return Request(
        **fields,
        messages=tuple(map(_message, body["messages"])),
        max_tokens=body.get(limit),
        stop=tuple(body.get("stop") or ()),
        tools=tuple(map(_tool, body.get("tools") or ())),
        tool_choice=_tool_choice(body.get("tool_choice")),
        output=_output(body.get("response_format")),
        stream_usage="stream_options" in body,
        extra_body={name: value for name, value in body.items() if name not in read and value is not None} or None,
    )


def _message(message: Json) -> Message:
    if message["role"] == "tool":
        return Message("tool", (ToolResult(message["tool_call_id"], _content(message["content"])),))
    reasoning = message.get("reasoning_content")
    thoughts = () if reasoning is None else (Reasoning(reasoning, "chat_completions", form="reasoning_content"),)
    calls = tuple(
        ToolCall(call["id"], call["function"]["name"], call["function"]["arguments"])
        for call in message.get("tool_calls") or ()
    )
    return Message(message["role"], (*thoughts, *_content(message["content"]), *calls), name=message.get("name"))


def _content(content: str | list[Json] | None) -> tuple[Part, ...]:
    if content is None:
        return ()
    if isinstance(content, str):
        return (Text(content),)
    return tuple(_PARTS[part["type"]](part) for part in content)


def _cache_control(part: Json) -> Json | None:
    return {"cache_control": part["cache_control"]} if "cache_control" in part else None


_PARTS: Mapping[str, Callable[[Json], Part]] = {
    "text": lambda part: Text(part["text"], extras=_cache_control(part)),
    "image_url": lambda part: Image(url=part["image_url"]["url"]),
    "input_audio": lambda part: Audio(
        data=part["input_audio"]["data"], media_type=f"audio/{part['input_audio']['format']}"
    ),
    "file": lambda part: File(url=part["file"]["file_data"], name=part["file"]["filename"]),
}


def _tool(tool: Json) -> AnyTool:
    if tool["type"] != "function":
        return NativeTool(tool)
    function = tool["function"]
    return Tool(function["name"], function.get("description"), function.get("parameters"), function.get("strict"))


def _tool_choice(choice: str | Json | None) -> ToolChoice | None:
    if choice is None:
        return None
    if isinstance(choice, str):
        return ToolChoice(choice)  # type: ignore[arg-type]  # the wire's words are ours
    return ToolChoice("tool", choice["function"]["name"])


def _output(form: Json | None) -> OutputSchema | JsonOutput | None:
    if form is None:
        return None
    if form["type"] == "json_object":
        return JsonOutput()
    schema = form["json_schema"]
    return OutputSchema(schema.get("name", "output"), schema["schema"], schema.get("strict"), schema.get("description"))
