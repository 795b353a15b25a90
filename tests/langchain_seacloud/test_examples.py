"""The LangChain examples, each run as it is against the emulator; and the demo, with Ctrl-C."""

from __future__ import annotations

import os
import runpy
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from seacloud_emulator import Emulator

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"

SAYS = {
    "langchain_agent.py": ["It is sunny in Oslo.", "42", "city='Bergen'"],
    "langchain_approval.py": ["The agent wants to call generate_with_nano_banana_2", "a boat at sunset", "Approved."],
    "langchain_durable.py": [
        "Killed. Left: ['posted']\nGoing on.\n",
        "nano_banana_2 made 1 result(s)",
        "Tasks: ['done']",
    ],
    "langchain_spending.py": [
        "{'prompt': 'a boat at sunset'}? no\n  The call of nano_banana_2 was not approved.",
        "{'prompt': 'a cat astronaut'}? yes\n  nano_banana_2 made 1 result(s), task mmsu_",
        "  generate_with_nano_banana_2 was not called: 1 task(s) may be created in this conversation",
    ],
    "langchain_rag.py": ["The market of Oslo sells fish.", "Sources: oslo.txt"],
    "langchain_extraction.py": ["Ada, 36 years old", "{'name': 'Grace', 'age': 85}"],
    "langchain_models.py": ["claude-opus-4-6\ngpt-5.5\ngpt-4.1\ngpt-4.1\n"],
}


def test_none_is_forgotten() -> None:
    assert {path.name for path in EXAMPLES.glob("langchain_*.py")} == set(SAYS)


@pytest.mark.parametrize("name", SAYS)
def test_example(name: str, seacloud_env: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    said = capsys.readouterr().out
    for expected in SAYS[name]:
        assert expected in said


DEMO = EXAMPLES / "agent_makes_a_picture.py"


def start_demo(*options: str, environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("SEACLOUD_")}
    return subprocess.Popen(  # it is our own
        [sys.executable, "-u", str(DEMO), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**clean, **(environment or {})},
    )


@pytest.mark.parametrize("options", [[], ["--async"]], ids=["sync", "async"])
def test_demo(tmp_path: Path, options: list[str]) -> None:
    """With no key and no emulator running: it starts its own."""
    proxy = {"HTTP_PROXY": "http://127.0.0.1:9"}  # such as an installation may need
    demo = start_demo("--seconds", "0.5", "--save-to", str(tmp_path), *options, environment=proxy)
    said, complaints = demo.communicate(timeout=50)
    assert (demo.returncode, complaints) == (0, "")
    assert "Agent calls generate_with_nano_banana_2({'prompt': 'a cat astronaut" in said
    told = [line for line in said.splitlines() if line.startswith("  ... task ")]
    assert any("IN_QUEUE" in line for line in told)
    assert any("IN_PROGRESS" in line for line in told)
    assert "COMPLETED" in told[-1]
    assert len(set(told)) == len(told), "a status is told when it changes"
    (saved,) = tmp_path.iterdir()
    assert saved.read_bytes().startswith(b"\x89PNG")
    assert f"Saved: {saved}" in said
    if sys.version_info >= (3, 11) or not options:  # before, asyncio gives LangChain no context: it streams no tokens
        assert said.count("Agent: ") == 1


def lines_until(demo: subprocess.Popen[str], word: str) -> Iterator[str]:
    assert demo.stdout is not None
    for line in demo.stdout:
        yield line
        if word in line:
            return


@pytest.mark.parametrize("options", [[], ["--async"]], ids=["sync", "async"])
def test_ctrl_c_cancels_the_remote_task_and_says_so(seacloud_emulator: Emulator, options: list[str]) -> None:
    """A real SIGINT, while the picture is being made; the emulator is ours, so that its tasks can be looked at."""
    seacloud_emulator.configure(run_seconds=120.0)
    environment = {"SEACLOUD_BASE_URL": seacloud_emulator.url, "SEACLOUD_API_KEY": "sk-demo"}
    demo = start_demo("--live", *options, environment=environment)
    try:
        list(lines_until(demo, "IN_PROGRESS"))
        began = time.monotonic()
        demo.send_signal(signal.SIGINT)
        said, complaints = demo.communicate(timeout=30)
    finally:
        demo.kill()
    assert time.monotonic() - began < 15
    assert demo.returncode == 130
    (task,) = seacloud_emulator.tasks
    assert task.error_type == "CANCELED"
    assert f"task {task.request_id} was cancelled" in said
    assert not complaints
    chats = [request for request in seacloud_emulator.requests if request.path.endswith("/chat/completions")]
    assert len(chats) == 1  # the agent did not go on


def test_live_without_a_key_is_told() -> None:
    demo = start_demo("--live")
    said, complaints = demo.communicate(timeout=30)
    assert demo.returncode == 1
    assert "SEACLOUD_API_KEY" in complaints
    assert not said
