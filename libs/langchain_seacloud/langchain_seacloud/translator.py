"""`content_blocks` of our messages: LangChain's standard blocks, whichever form the content has.

langchain-core asks for it by the `model_provider` that our messages bear (`register_translator`, its public hook).
"""

from __future__ import annotations

from typing import Any, cast

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages import content as types
from langchain_core.messages.block_translators import register_translator

from langchain_seacloud.chunks import PROVIDER

Block = dict[str, Any]


def register() -> None:
    """Tells langchain-core how to read our messages."""
    register_translator(PROVIDER, translate_content, translate_content_chunk)


def translate_content(message: AIMessage) -> list[types.ContentBlock]:
    """The standard blocks of a whole message."""
    calls: list[Any] = [{**call, "type": "tool_call"} for call in message.tool_calls]
    calls += [{**call, "type": "invalid_tool_call"} for call in message.invalid_tool_calls]
    return cast("list[types.ContentBlock]", [*_said(message), *calls])


def translate_content_chunk(message: AIMessageChunk) -> list[types.ContentBlock]:
    """The standard blocks of a chunk, or of chunks that were merged: calls are fragments until the last came."""
    if message.chunk_position == "last":
        return translate_content(message)
    fragments = [{**fragment, "type": "tool_call_chunk"} for fragment in message.tool_call_chunks]
    return cast("list[types.ContentBlock]", [*_said(message), *fragments])


def _said(message: AIMessage) -> list[Block]:
    """Reasoning and content."""
    blocks = _kept_reasoning(message)
    content = [message.content] if isinstance(message.content, str) else message.content
    annotations = message.additional_kwargs.get("annotations")
    for item in content:
        if isinstance(item, str):
            if item or annotations:
                blocks.append({"type": "text", "text": item, **({"annotations": annotations} if annotations else {})})
                annotations = None
        elif item.get("type") not in ("tool_call", "tool_call_chunk", "invalid_tool_call"):
            blocks.append(item)
    return blocks


def _kept_reasoning(message: AIMessage) -> list[Block]:
    """Chat Completions' reasoning, which the plain form keeps beside the content."""
    details = message.additional_kwargs.get("reasoning_details")
    text = message.additional_kwargs.get("reasoning_content")
    if isinstance(details, list) and details:
        return [_detail_block(entry) for entry in details]
    return [{"type": "reasoning", "reasoning": text}] if isinstance(text, str) and text else []


def _detail_block(entry: Block) -> Block:
    extras = {name: value for name, value in entry.items() if name not in ("text", "summary", "index", "id", "type")}
    return {
        "type": "reasoning",
        "reasoning": entry.get("summary") or entry.get("text") or "",
        **({"id": entry["id"]} if entry.get("id") else {}),
        "extras": {"form": entry.get("type"), **extras},
    }
