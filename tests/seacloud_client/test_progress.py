"""The live line: on a terminal it lives, elsewhere each new status is a line of its own."""

from __future__ import annotations

import asyncio
import builtins
import io
import sys
import time

import pytest
from queue_flavours import ARGUMENTS, FLAVOURS, MODEL, Flavoured
from seacloud_client.progress import progress_line, words_of
from seacloud_client.queue import Queue
from seacloud_client.task_wire import TaskStatus

pytest.importorskip("rich")


def status(word, **facts):
    return TaskStatus(status=word, request_id="mmsu_1", **facts)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def on_terminal(monkeypatch):
    """Makes stderr a terminal, from inside the test: pytest sets it anew when the test begins."""

    def switch():
        stream = Terminal()
        monkeypatch.setattr(sys, "stderr", stream)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.delenv("NO_COLOR", raising=False)
        return stream

    return switch


def test_words():
    assert words_of("m", status("IN_QUEUE", queue_position=3)) == "m: waiting in the queue, 3 before it (mmsu_1)"
    assert words_of("m", status("IN_PROGRESS", progress=0.25)) == "m: being made, 25% (mmsu_1)"
    assert words_of("m", status("COMPLETED")) == "m: done (mmsu_1)"
    assert words_of("m", status("WARMING")) == "m: WARMING (mmsu_1)"
    assert words_of("m", status("\x1b]0;PWNED\x07\x1b[2J\nGONE \u202e")) == "m: ]0;PWNED [2J GONE (mmsu_1)"
    assert len(words_of("m", status("A" * 5_000_000))) < 300


def test_a_file_gets_a_line_for_each_new_status(capsys):
    with progress_line("m", shown=True) as show:
        for word in ("IN_QUEUE", "IN_QUEUE", "IN_PROGRESS", "COMPLETED"):
            show(status(word))
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(" s  ")[1] for line in lines] == [
        "m: waiting in the queue (mmsu_1)",
        "m: being made (mmsu_1)",
        "m: done (mmsu_1)",
    ]


def test_nothing_is_shown_to_who_does_not_ask(capsys):
    with progress_line("m", shown=False) as show:
        show(status("IN_QUEUE"))
    assert capsys.readouterr().err == ""


def test_a_terminal_gets_a_line_that_lives(on_terminal):
    terminal = on_terminal()
    with progress_line("[red]m", shown=True) as show:
        time.sleep(0.15)
        show(status("IN_PROGRESS", progress=0.5))
        time.sleep(0.25)
    shown = terminal.getvalue()
    assert "[red]m: being made, 50% (mmsu_1)" in shown
    assert "0:00:0" in shown


def test_without_rich_a_terminal_gets_lines(on_terminal, monkeypatch):
    terminal = on_terminal()
    real = builtins.__import__

    def no_rich(name, *args, **options):
        if name.startswith("rich"):
            raise ImportError(name)
        return real(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", no_rich)
    with progress_line("m", shown=True) as show:
        show(status("IN_QUEUE"))
    assert terminal.getvalue().endswith("m: waiting in the queue (mmsu_1)\n")


@FLAVOURS
def test_a_run_shows_it(seacloud_env, flavour, capsys):
    result = Flavoured(Queue(), flavour).run(MODEL, ARGUMENTS, interval=0.05, progress=True)
    shown = capsys.readouterr().err
    assert "waiting in the queue" in shown
    assert f"done ({result.request_id})" in shown


@FLAVOURS
def test_a_run_shows_nothing_unless_asked_to(seacloud_env, flavour, capsys):
    Flavoured(Queue(), flavour).run(MODEL, ARGUMENTS, interval=0.05)
    assert capsys.readouterr().err == ""


def test_two_runs_at_a_time_on_one_terminal(seacloud_env, on_terminal):
    terminal = on_terminal()

    async def both():
        queue = Queue()
        await asyncio.gather(*(queue.arun(MODEL, ARGUMENTS, interval=0.05, progress=True) for _ in range(2)))

    asyncio.run(both())
    assert "nano_banana_2" in terminal.getvalue()
