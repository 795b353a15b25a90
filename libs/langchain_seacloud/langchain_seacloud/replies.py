"""Replies as LangChain's messages and chunks.

A whole reply is told as deltas, made into chunks and merged, so that what `invoke` returns is what the chunks of
`stream` add up to.

Where a part goes:

- text that comes first: the message's `content`, as a plain string; its citations into
  `additional_kwargs["annotations"]`;
- Chat Completions' reasoning: `additional_kwargs["reasoning_content"]` and `["reasoning_details"]`, where LangChain's
  other packages have it;
- tool calls: `tool_calls`, and those that do not parse: `invalid_tool_calls`;
- a refusal: `additional_kwargs["refusal"]`;
- fields of Chat Completions' message that the provider wants back with it: `additional_kwargs["message_fields"]`;
- everything else: standard content blocks, the content being a list then.

With `output_version="v1"` all of it is standard content blocks; a refusal is there besides. `content_blocks` gives
those either way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from langchain_core.messages import AIMessage, InvalidToolCall
from langchain_core.messages import ToolCall as LangChainToolCall
from langchain_core.messages.ai import add_ai_message_chunks
from langchain_core.outputs import ChatGeneration
from seacloud_client.conversation import Choice, Reply
from seacloud_client.deltas import Delta
from seacloud_client.folding import unfold

from langchain_seacloud.calls import parse_calls
from langchain_seacloud.chunks import ChunkBuilder


def generations(reply: Reply, *, v1: bool = False) -> list[ChatGeneration]:
    """A whole reply as LangChain's generations, one for each choice."""
    deltas = list(unfold(reply))
    return [_generation(deltas, choice, v1=v1) for choice in reply.choices]


def _generation(deltas: Iterable[Delta], choice: Choice, *, v1: bool) -> ChatGeneration:
    builder = ChunkBuilder(v1=v1, choice=choice.index)
    chunks = [chunk for delta in deltas for chunk in builder.chunks(delta)]
    chunks.extend(builder.finish())
    merged = add_ai_message_chunks(*(chunk.message for chunk in chunks))  # type: ignore[arg-type]  # all are AI chunks
    calls, invalid = parse_calls(choice.tool_calls)
    message = AIMessage(
        content=_without_indexes(merged.content, calls, invalid),
        additional_kwargs=merged.additional_kwargs,
        response_metadata=merged.response_metadata,
        usage_metadata=merged.usage_metadata,
        tool_calls=calls,
        invalid_tool_calls=invalid,
    )
    return ChatGeneration(message=message, generation_info=chunks[-1].generation_info)


def _without_indexes(
    content: str | list[str | dict[Any, Any]], calls: list[LangChainToolCall], invalid: list[InvalidToolCall]
) -> str | list[str | dict[Any, Any]]:
    """A stream's content without what only streaming needs: places, and calls in fragments."""
    if isinstance(content, str):
        return content
    whole: dict[Any, Mapping[str, Any]] = {call["id"]: call for call in (*invalid, *calls)}
    blocks: list[str | dict[Any, Any]] = []
    for block in content:
        if not isinstance(block, dict):
            blocks.append(block)
        elif block.get("type") in ("tool_call", "tool_call_chunk", "invalid_tool_call"):
            blocks.append(dict(whole.get(block.get("id"), block)))
        else:
            blocks.append({name: value for name, value in block.items() if name != "index"})
    return blocks
