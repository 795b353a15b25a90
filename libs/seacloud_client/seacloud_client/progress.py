"""A live line on stderr for people who wait: the status, the time, and what is being waited for.

With `rich` (the extra `progress`) it lives; without, or where stderr is no terminal, a line is written when the status
changes.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

from seacloud_client.media_tools.texts import clean_line
from seacloud_client.task_wire import TaskStatus

if TYPE_CHECKING:
    from rich.progress import Progress

Show: TypeAlias = Callable[[TaskStatus], None]


@contextmanager
def progress_line(model: str, *, shown: bool) -> Iterator[Show]:
    """Shows a wait, if it is to be shown, for as long as the block runs. What it gives is to be told each status."""
    if not shown:
        yield _show_nothing
        return
    bar = _rich_progress() if sys.stderr.isatty() else None
    if bar is None:
        yield _plain(model)
        return
    with bar:
        line = bar.add_task(f"{model}: asking for it")
        yield lambda status: bar.update(line, description=words_of(model, status))


def words_of(model: str, status: TaskStatus) -> str:
    """A status in words."""
    doing = _WORDS.get(status.status) or clean_line(status.status)
    done = f", {status.progress:.0%}" if status.progress is not None else ""
    place = f", {status.queue_position} before it" if status.queue_position else ""
    return f"{model}: {doing}{done}{place} ({clean_line(status.request_id)})"


_WORDS = {"IN_QUEUE": "waiting in the queue", "IN_PROGRESS": "being made", "COMPLETED": "done"}


def _show_nothing(_: TaskStatus) -> None:
    """For who wants to see nothing."""


def _plain(model: str) -> Show:
    began = time.monotonic()
    last = ""

    def show(status: TaskStatus) -> None:
        nonlocal last
        words = words_of(model, status)
        if words != last:
            last = words
            sys.stderr.write(f"{time.monotonic() - began:6.1f} s  {words}\n")
            sys.stderr.flush()

    return show


def _rich_progress() -> Progress | None:
    try:
        from rich.console import Console  # noqa: PLC0415  # an optional extra
        from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415  # an extra, not always there
    except ImportError:
        return None
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)
