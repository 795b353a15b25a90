"""The rules among the messages of a request.

Messages of one role that follow each other are one turn, as the service takes them. Then: the user begins; a call of a
tool has its result at the very beginning of the next turn, and a result its call in the turn before; built-in tools'
calls and results belong together, and a program that waits is gone on with in its container; thinking stands where it
stood, for a whole loop of calls and results or not at all; the last turn may be the beginning of an answer only for
models that go on from one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from seacloud_emulator.protocols.messages.blocks import Block, check_content
from seacloud_emulator.protocols.messages.models import generation, takes_adaptive, takes_prefill
from seacloud_emulator.refusals import invalid_messages

Body = dict[str, Any]

THOUGHTS = ("thinking", "redacted_thinking")

Running = dict[str, tuple[str, str]]
"""Calls of built-in tools that have no result yet, by id: the tool's name, and the turn that called it."""


@dataclass(frozen=True)
class Turn:
    """What one side says without a break.

    Attributes:
        role: `user` or `assistant`.
        where: the path of its first message.
        blocks: its blocks, each with its path.
    """

    role: str
    where: str
    blocks: list[tuple[str, Block]] = field(default_factory=list)

    @property
    def is_answer(self) -> bool:
        """Whether it is nothing but results of tools."""
        return all(block["type"] == "tool_result" for _, block in self.blocks)

    def of(self, *kinds: str) -> list[tuple[str, Block]]:
        """The blocks of these types."""
        return [(where, block) for where, block in self.blocks if block["type"] in kinds]


def all_blocks(turns: list[Turn]) -> Iterator[Block]:
    """All blocks, those within tools' results too."""
    for turn in turns:
        for _, block in turn.blocks:
            yield block
            content = block.get("content")
            if block["type"] == "tool_result" and isinstance(content, list):
                yield from content


def check_messages(body: Body) -> list[Turn]:
    """The turns of a request, if its messages are right.

    Raises:
        Refusal: 400 with Anthropic's error object, which names the place.
    """
    messages = body.get("messages")
    if messages is None:
        raise invalid_messages("Field required", "messages")
    if not isinstance(messages, list):
        raise invalid_messages("Input should be a valid list", "messages")
    if not messages:
        raise invalid_messages("at least one message is required", "messages")
    turns: list[Turn] = []
    for place, message in enumerate(messages):
        _add(turns, message, f"messages.{place}", is_last=place == len(messages) - 1)
    if turns[0].role != "user":
        raise invalid_messages('first message must use the "user" role', "messages")
    _check_tool_uses(turns)
    running = _check_server_tools(turns)
    _check_container(turns, running, body)
    for turn in turns:
        _check_thinking_last(turn)
    _check_end(turns[-1], body)
    _check_thinking_first(turns, body)
    _check_thinking_off(turns, body)
    return turns


def _add(turns: list[Turn], message: Any, where: str, *, is_last: bool) -> None:
    if not isinstance(message, dict):
        raise invalid_messages("Input should be a valid dictionary", where)
    role = message.get("role")
    if role == "system":
        raise invalid_messages(
            'Unexpected role "system". The Messages API accepts a top-level `system` parameter, not "system" as an '
            "input message role.",
            "messages",
        )
    if role not in ("user", "assistant"):
        raise invalid_messages("Input should be 'user' or 'assistant'", f"{where}.role")
    content = message.get("content")
    if content is None:
        raise invalid_messages("Field required", f"{where}.content")
    if not content and not (is_last and role == "assistant"):
        raise invalid_messages(
            "all messages must have non-empty content except for the optional final assistant message", where
        )
    if not turns or turns[-1].role != role:
        turns.append(Turn(role, where))
    blocks = check_content(content, role, where) if content else []
    turns[-1].blocks.extend((f"{where}.content.{place}", block) for place, block in enumerate(blocks))


def _check_tool_uses(turns: list[Turn]) -> None:
    seen: set[str] = set()
    calls: list[str] = []
    for before, turn in zip([None, *turns], [*turns, None], strict=False):
        _check_results(calls, before, turn)
        calls = [block["id"] for _, block in turn.of("tool_use")] if turn else []
        for call_id in calls:
            if call_id in seen:
                raise invalid_messages("`tool_use` ids must be unique", turn.where if turn else "messages")
            seen.add(call_id)


def _check_results(calls: list[str], before: Turn | None, turn: Turn | None) -> None:
    """A turn begins with one result for each call of the turn before, and has no others."""
    answered: list[str] = []
    for _, block in turn.blocks if turn else ():
        if block["type"] != "tool_result":
            break
        answered.append(block["tool_use_id"])
    lacking = [call_id for call_id in calls if call_id not in answered]
    if lacking and before is not None:
        raise invalid_messages(
            f"`tool_use` ids were found without `tool_result` blocks immediately after: {', '.join(lacking)}. "
            "Each `tool_use` block must have a corresponding `tool_result` block in the next message.",
            before.where,
        )
    seen: set[str] = set()
    for where, block in turn.of("tool_result") if turn else ():
        call_id = block["tool_use_id"]
        if call_id not in calls:
            raise invalid_messages(
                f"unexpected `tool_use_id` found in `tool_result` blocks: {call_id}. Each `tool_result` block must "
                "have a corresponding `tool_use` block in the previous message.",
                where,
            )
        if call_id in seen:
            raise invalid_messages(
                f"each tool_use must have a single result. Found multiple `tool_result` blocks with id: {call_id}",
                where,
            )
        seen.add(call_id)


def _check_server_tools(turns: list[Turn]) -> Running:
    """A built-in tool's result has its call before it, and a call its result, unless it still runs.

    It runs on while the caller's own tools do (Anthropic's guide "Programmatic tool calling"): then nothing but their
    results may be said.
    """
    running: Running = {}
    for turn in turns:
        if turn.role == "user":
            if not turn.is_answer:
                _refuse_running(running)
            continue
        for where, block in turn.blocks:
            if block["type"] == "server_tool_use":
                running[block["id"]] = block["name"], turn.where
            elif _is_server_result(block) and running.pop(str(block.get("tool_use_id")), None) is None:
                raise invalid_messages(
                    f"unexpected `tool_use_id` found in `{block['type']}` blocks: {block.get('tool_use_id')}. Each "
                    f"`{block['type']}` block must have a corresponding `server_tool_use` block before it.",
                    where,
                )
    return running


def _refuse_running(running: Running) -> None:
    for call_id, (name, where) in running.items():
        raise invalid_messages(
            f"`{name}` tool use with id `{call_id}` was found without a corresponding `{name}_tool_result` block",
            where,
        )


def _check_container(turns: list[Turn], running: Running, body: Body) -> None:
    """A program that waits for what it called is gone on with in its container."""
    container = body.get("container")
    if container.get("id") if isinstance(container, dict) else container:
        return
    for block in all_blocks(turns):
        caller = block.get("caller")
        if not isinstance(caller, dict):
            continue
        if str(caller.get("type")).startswith("code_execution_") and str(caller.get("tool_id")) in running:
            raise invalid_messages(
                "container_id is required when there are pending tool uses generated by code execution with tools."
            )


def _is_server_result(block: Block) -> bool:
    kind: str = block["type"]
    return kind.endswith("_tool_result") and kind != "mcp_tool_result"


def _check_thinking_last(turn: Turn) -> None:
    if turn.role == "assistant" and turn.blocks and turn.blocks[-1][1]["type"] in THOUGHTS:
        kind = turn.blocks[-1][1]["type"]
        raise invalid_messages(f"The final block in an assistant message cannot be `{kind}`.", turn.where)


def _check_end(turn: Turn, body: Body) -> None:
    if turn.role == "user":
        return
    last = turn.blocks[-1][1] if turn.blocks else {"type": "text", "text": ""}
    if last["type"] != "text":
        return  # a turn that was paused goes on
    if last["text"] != last["text"].rstrip():
        raise invalid_messages("final assistant content cannot end with trailing whitespace", "messages")
    if not takes_prefill(body["model"]):
        raise invalid_messages(
            "This model does not support assistant message prefill. The conversation must end with a user message."
        )


def _check_thinking_first(turns: list[Turn], body: Body) -> None:
    """With a budget for thinking, the loop of calls and results that comes last begins with its thoughts."""
    if (body.get("thinking") or {}).get("type") != "enabled":
        return
    if turns[-1].role == "user" and not turns[-1].of("tool_result"):
        return
    loop = _loop(turns)
    if not loop:
        return
    first = loop[0]
    found = first.blocks[0][1]["type"] if first.blocks else "text"
    if found not in THOUGHTS:
        raise invalid_messages(
            f"Expected `thinking` or `redacted_thinking`, but found `{found}`. When `thinking` is enabled, a final "
            "`assistant` message must start with a thinking block (preceding the lastmost set of `tool_use` and "
            "`tool_result` blocks). To avoid this requirement, disable `thinking`.",
            f"{first.where}.content.0.type",
        )


def _check_thinking_off(turns: list[Turn], body: Body) -> None:
    """Without thinking, the open loop has no thoughts. Some models that take adaptive thinking think unasked, too."""
    thinking, model = body.get("thinking"), body["model"]
    is_off = not takes_adaptive(model) if thinking is None else thinking.get("type") == "disabled"
    if not is_off or generation(model) is None or not (turns[-1].role == "assistant" or turns[-1].is_answer):
        return
    for turn in _loop(turns):
        for where, block in turn.of(*THOUGHTS):
            raise invalid_messages(
                f"When thinking is disabled, an `assistant` message in the final position cannot contain "
                f"`{block['type']}`. To use thinking blocks, enable `thinking` in your request.",
                where,
            )


def _loop(turns: list[Turn]) -> list[Turn]:
    """The assistant's turns that end the conversation, or that its last turn answers, with nothing but results between.

    To the service they are one turn.
    """
    loop: list[Turn] = []
    for turn in reversed(turns[:-1] if turns[-1].role == "user" else turns):
        if turn.role == "assistant":
            loop.append(turn)
        elif not turn.is_answer:
            break
    return loop[::-1]
