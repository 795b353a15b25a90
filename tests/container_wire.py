"""Claude amid a program of its own, which calls a tool of the caller's: a reply that tells its container."""

from __future__ import annotations

from typing import Any

CONTAINER = {"id": "container_1", "expires_at": "2027-01-01T00:00:00Z"}
RUN = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "code_execution", "input": {"code": "f()"}}
CALLER = {"type": "code_execution_20250825", "tool_id": "srvtoolu_1"}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}, "caller": CALLER}
HEAD = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5",
    "usage": {"input_tokens": 1, "output_tokens": 1},
}
PLAIN: dict[str, Any] = {**HEAD, "content": [RUN, CALL], "stop_reason": "tool_use", "container": CONTAINER}
EVENTS: list[dict[str, Any]] = [
    {"type": "message_start", "message": {**HEAD, "content": []}},
    *(
        event
        for index, block in enumerate((RUN, CALL))
        for event in (
            {"type": "content_block_start", "index": index, "content_block": block},
            {"type": "content_block_stop", "index": index},
        )
    ),
    {
        "type": "message_delta",
        "delta": {"stop_reason": "tool_use", "container": CONTAINER},
        "usage": {"output_tokens": 1},
    },
    {"type": "message_stop"},
]
