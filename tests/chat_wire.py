"""What the tests of Chat Completions' replies share: the wire's chunks and messages in, deltas and replies out."""

from __future__ import annotations

from typing import Any

from seacloud_client.conversation import Reasoning, Reply
from seacloud_client.deltas import Delta
from seacloud_client.folding import Fold
from seacloud_client.protocols.chat_completions import PROTOCOL

Json = dict[str, Any]
HEAD: Json = {"id": "c-1", "object": "chat.completion.chunk", "created": 7, "model": "m"}


def chunk(delta: Any = None, finish: str | None = None, index: int = 0, **fields: Any) -> Json:
    """A chunk of one choice; `fields` are the chunk's own."""
    return {**HEAD, "choices": [{"index": index, "delta": delta, "finish_reason": finish}], **fields}


def stop(reason: str = "stop", index: int = 0) -> Json:
    return chunk({}, reason, index)


def deltas_of(*chunks: Json, end: str = "close") -> list[Delta]:
    decoder = PROTOCOL.decoder()
    deltas = [delta for one in chunks for delta in decoder.feed("", one)]
    return deltas + (decoder.close() if end == "close" else decoder.finish())


def streamed(*chunks: Json) -> Reply:
    return Fold().add_all(deltas_of(*chunks)).reply()


def plain(message: Json, finish: str | None = "stop", choice: Json | None = None, **fields: Any) -> Reply:
    choices = [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish, **(choice or {})}]
    return PROTOCOL.decode({**HEAD, "object": "chat.completion", "choices": choices, **fields})


def parts_of(*deltas: Json, finish: str = "stop") -> tuple[Any, ...]:
    return streamed(*map(chunk, deltas), stop(finish)).choice.parts


def think(text: str, form: str = "reasoning_content", **fields: Any) -> Reasoning:
    return Reasoning(text, "chat_completions", form=form, **fields)


def call(
    index: Any = 0, call_id: str | None = None, name: str | None = None, arguments: Any = None, **fields: Any
) -> Json:
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    entry = {"index": index, "id": call_id, "type": "function" if call_id else None, "function": function, **fields}
    return {key: value for key, value in entry.items() if value is not None}


def calls(*entries: Json) -> Json:
    return {"tool_calls": list(entries)}
