"""Writes `docs/fault-table.md` from the fault matrix: `PYTHONPATH=tests python -m reliability.table`."""

from __future__ import annotations

from pathlib import Path

from reliability.faults import FAULTS, SHAPES, Fault, Outcome
from reliability.operations import KINDS

COMMAND = "PYTHONPATH=tests python -m reliability.table"

PATH = Path(__file__).parents[2] / "docs" / "fault-table.md"

HEAD = """\
# The fault table

What happens to each operation under each fault, with the settings' defaults (`max_retries=2`,
`retry_unanswered=False`). `tests/reliability` makes every cell happen, sync and async, and fails if it is otherwise, or
if this page is not what `{command}` writes.

How to read a cell: the error that comes, how often the request was made in all, and how long the waits between them are
at most. One request and no wait go without saying. `ok` is success, `-` where the fault cannot happen. What a call
itself may take comes on top: at most `timeout` seconds (`request_timeout`, 30 s, for the queue) without a byte, and the
same again for a body that drips in. "chat" and "stream" stand for all three protocols, which do not differ.

- **A task is posted once.** It is posted again only where no connection was made, so that it cannot have arrived. Where
  it may exist, the error says so: `SubmitOutcomeUnknown`.
- **Chat is posted again** after 429, 502, 503, 504, 529, and where no connection was made; never after anything of a
  stream was handed on. A request that was sent and not answered may have been billed: it is repeated only with
  `retry_unanswered=True`.
- **Questions about a task, its cancellation and downloads** can be repeated without harm, and are, at most twice.
- A wait for a task (`run`, `wait`, ...) asks on through an outage of up to 30 s; here are single questions.
- Times are the flow's own, and are asserted with a clock that is injected. The faults marked * are also made to happen
  on real sockets, for chat, stream, submit and status, on httpx (sync, async) and on aiohttp (async).
"""

INTRODUCTIONS = {
    "Connection": "",
    "Answer": "",
    "Status": "Each in eight shapes of body, which make no difference: {shapes}.\n\n",
    "Retry-After": "A wait is capped at 60 s. What makes no sense counts as if it were not there.\n\n",
}


def cell(outcome: Outcome | None) -> str:
    """An outcome in a few words."""
    if outcome is None:
        return "-"
    words = [outcome.error or "ok"]
    if outcome.sent > 1:
        words.append(f"{outcome.sent} times")
    if outcome.waits:
        words.append(f"{outcome.waits:g} s")
    return ", ".join(words)


def row(fault: Fault) -> str:
    mark = " *" if fault.real else ""
    return " | ".join(("", fault.title + mark, *(cell(fault.outcomes[kind]) for kind in KINDS), "")).strip()


def document() -> str:
    """The page."""
    parts = [HEAD.format(command=COMMAND)]
    for group, introduction in INTRODUCTIONS.items():
        rows = [fault for fault in FAULTS if fault.group == group]
        lines = [f"| fault | {' | '.join(KINDS)} |", f"| --- |{' --- |' * len(KINDS)}", *map(row, rows)]
        parts.append(f"## {group}\n\n{introduction.format(shapes=', '.join(SHAPES))}" + "\n".join(lines) + "\n")
    return "\n".join(parts)


if __name__ == "__main__":
    PATH.parent.mkdir(exist_ok=True)
    PATH.write_text(document(), encoding="utf-8")
