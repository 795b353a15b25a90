"""A recorded Responses body as the `Request` that a caller would have made of it, read by hand-written rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import groupby
from typing import Any

from seacloud_client.conversation import (
    Annotation,
    AnyTool,
    CustomTool,
    File,
    Image,
    JsonOutput,
    Message,
    Native,
    NativeTool,
    OutputSchema,
    Part,
    Reasoning,
    Refusal,
    Request,
    Role,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)

Json = dict[str, Any]

_PROMPTED = "test-prompted-output-a986be"

REASONS: dict[tuple[str, str], str] = {
    (
        _PROMPTED,
        "input",
    ): "its client sends the system message as an item: we send one that comes first as instructions",
    (_PROMPTED, "instructions"): "the same system message",
}
"""The known differences between recorded bodies and ours, by recording and path, each with its reason."""

# Fields of a request that have our name, and those that have another.
_SAME = (
    "model",
    "temperature",
    "top_p",
    "top_logprobs",
    "parallel_tool_calls",
    "reasoning",
    "service_tier",
    "store",
    "previous_response_id",
    "truncation",
    "metadata",
    "user",
    "safety_identifier",
    "prompt_cache_key",
)
_READ = {*_SAME, "input", "instructions", "tools", "tool_choice", "text", "include", "max_output_tokens", "stream"}


def read_request(body: Json) -> Request:
    """Return the request; what the vocabulary has no name for goes into `extra_body`, as a caller would do."""
    text = body.get("text") or {}
    instructions = body.get("instructions")
    leading = () if instructions is None else (Message("system", (Text(instructions),)),)
    items = body["input"]
    items = [{"role": "user", "content": items}] if isinstance(items, str) else items
    return Request(
        **{name: body[name] for name in _SAME if body.get(name) is not None},
        messages=(*leading, *_messages(items)),
        max_tokens=body.get("max_output_tokens"),
        tools=tuple(map(_tool, body.get("tools") or ())),
        tool_choice=_tool_choice(body.get("tool_choice")),
        output=_output(text.get("format")),
        verbosity=text.get("verbosity"),
        include=tuple(body.get("include") or ()),
        extra_body={name: value for name, value in body.items() if name not in _READ} or None,
    )


def _messages(items: list[Json]) -> list[Message]:
    """Return the turns: what the assistant said side by side is one, and so are tools' results."""
    messages: list[Message] = []
    for role, run in groupby(items, _role):
        if role in ("assistant", "tool"):
            messages.append(Message(role, tuple(part for item in run for part in _parts(item))))
        else:
            messages.extend(Message(role, _parts(item)) for item in run)
    return messages


def _role(item: Json) -> Role:
    kind = item.get("type", "message")
    if kind == "message":
        role: Role = item["role"]
        return role
    if kind in ("function_call_output", "custom_tool_call_output"):
        return "tool"
    return "user" if kind.endswith(("_output", "_response")) else "assistant"


def _parts(item: Json) -> tuple[Part, ...]:
    reader = _ITEMS.get(item.get("type", "message"))
    return (Native("responses", item),) if reader is None else reader(item)


def _message(item: Json) -> tuple[Part, ...]:
    content = item["content"]
    content = [{"type": "input_text", "text": content}] if isinstance(content, str) else content
    return tuple(_CONTENT[part["type"]](part, item) for part in content)


def _said(part: Json, item: Json) -> Part:
    notes = [Annotation(type=raw["type"], raw=raw, protocol="responses") for raw in part.get("annotations") or ()]
    extras = {name: item[name] for name in ("phase", "status") if name in item}
    return Text(part["text"], tuple(notes), item.get("id"), extras or None)


def _image(part: Json, _item: Json) -> Part:
    extras = {"detail": part["detail"]} if "detail" in part else None
    return Image(url=part.get("image_url"), file_id=part.get("file_id"), extras=extras)


def _file(part: Json, _item: Json) -> Part:
    where = part.get("file_url") or part.get("file_data")
    return File(url=where, file_id=part.get("file_id"), name=part.get("filename"))


_CONTENT: Mapping[str, Callable[[Json, Json], Part]] = {
    "input_text": _said,
    "output_text": _said,
    "refusal": lambda part, item: Refusal(part["refusal"], item.get("id")),
    "input_image": _image,
    "input_file": _file,
}


def _reasoning(item: Json) -> tuple[Part, ...]:
    known = ("type", "id", "summary", "content", "encrypted_content")
    facts: Json = {"id": item.get("id"), "extras": {name: item[name] for name in item if name not in known} or None}
    told = [(part["type"], part["text"]) for part in (*item["summary"], *(item.get("content") or ()))]
    first, *others = told or [(None, "")]
    sealed = Reasoning(first[1], "responses", encrypted=item.get("encrypted_content"), form=first[0], **facts)
    return (sealed, *(Reasoning(text, "responses", form=form, **facts) for form, text in others))


def _call(item: Json) -> tuple[Part, ...]:
    custom = item["type"] == "custom_tool_call"
    known = ("type", "id", "call_id", "name", "arguments", "input")
    extras = {name: value for name, value in item.items() if name not in known} or None
    arguments = item["input" if custom else "arguments"]
    kind: Any = "custom" if custom else "function"
    return (ToolCall(item["call_id"], item["name"], arguments, kind, item.get("id"), extras),)


def _result(item: Json) -> tuple[Part, ...]:
    extras = {name: value for name, value in item.items() if name not in ("type", "call_id", "output")} or None
    kind: Any = "custom" if item["type"] == "custom_tool_call_output" else "function"
    parts = _message({"content": item["output"]})
    return (ToolResult(item["call_id"], parts, kind=kind, extras=extras),)


_ITEMS: Mapping[str, Callable[[Json], tuple[Part, ...]]] = {
    "message": _message,
    "reasoning": _reasoning,
    "function_call": _call,
    "custom_tool_call": _call,
    "function_call_output": _result,
    "custom_tool_call_output": _result,
}


def _tool(tool: Json) -> AnyTool:
    if tool["type"] == "function":
        known = ("type", "name", "description", "parameters", "strict")
        extras = {name: value for name, value in tool.items() if name not in known} or None
        return Tool(tool["name"], tool.get("description"), tool["parameters"], tool["strict"], extras)
    if tool["type"] == "custom":
        return CustomTool(tool["name"], tool.get("description"), tool.get("format"))
    return NativeTool(tool)


def _tool_choice(choice: str | Json | None) -> ToolChoice | None:
    if choice is None:
        return None
    if isinstance(choice, str):
        return ToolChoice(choice)  # type: ignore[arg-type]  # the wire's words are ours
    if choice["type"] in ("function", "custom"):
        return ToolChoice("tool", choice["name"])
    return ToolChoice("native", native=choice)


def _output(form: Json | None) -> OutputSchema | JsonOutput | None:
    if form is None or form["type"] == "text":
        return None
    if form["type"] == "json_object":
        return JsonOutput()
    return OutputSchema(form["name"], form["schema"], form.get("strict"), form.get("description"))
