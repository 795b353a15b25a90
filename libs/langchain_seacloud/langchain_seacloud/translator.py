"""`content_blocks` of our messages: LangChain's standard blocks, whichever form the content has.

langchain-core asks for it by the `model_provider` that our messages bear (`register_translator`, its public hook).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages import content as types
from langchain_core.messages.block_translators import register_translator

from langchain_seacloud.blocks import refusal_block
from langchain_seacloud.chunks import PROVIDER, TEXT_FACTS
from langchain_seacloud.reasoning import kept_reasoning_blocks

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
    return cast("list[types.ContentBlock]", [*_said(message, streaming=True), *fragments])


def _said(message: AIMessage, *, streaming: bool = False) -> list[Block]:
    """Reasoning, content and a refusal."""
    blocks = kept_reasoning_blocks(message.additional_kwargs, streaming=streaming)
    content = [message.content] if isinstance(message.content, str) else message.content
    plain = _plain_text_facts(message.additional_kwargs)
    for item in content:
        if isinstance(item, str):
            if item or plain:
                blocks.append({"type": "text", "text": item, **plain})
                plain = {}
        elif item.get("type") not in ("tool_call", "tool_call_chunk", "invalid_tool_call"):
            blocks.append(item)
    refusal = refusal_block(message.additional_kwargs, message.response_metadata)
    if refusal is not None and not any(block.get("type") == "refusal" for block in blocks):
        blocks.append(refusal)
    return blocks


def _plain_text_facts(kwargs: Mapping[str, Any]) -> Block:
    """What is kept beside a text that is a plain string."""
    facts = dict(kwargs.get(TEXT_FACTS) or {})
    return {**facts, "annotations": kwargs["annotations"]} if kwargs.get("annotations") else facts
