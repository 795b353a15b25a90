"""The example programs run, and print what they say."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from seacloud_emulator import Emulator

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (
            "llamaindex_agent",
            ["-> get_weather({'city': 'Oslo'})", "<- It is sunny in Oslo.", "COMPLETED", "made 1 result"],
        ),
        ("llamaindex_rag", ["Streamed: ", "With sources: ", "[1] ", "oslo.txt"]),
        ("llamaindex_extraction", ["Ada, ", "Grace"]),
        (
            "llamaindex_approval",
            [
                "May it call nano_banana_2 with {'prompt': 'a boat at sunset'}? no\n  The call of nano_banana_2 was",
                "{'prompt': 'a cat astronaut'}? yes\n  nano_banana_2 made 1 result(s)",
                "\n  1 task(s) may be created ever, and they were.",
            ],
        ),
    ],
)
def test_an_example_runs(seacloud_env: Emulator, name: str, expected: list[str]) -> None:
    done = subprocess.run(  # our own program
        [sys.executable, str(EXAMPLES / f"{name}.py")],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert all(text in done.stdout for text in expected), done.stdout


def test_every_example_is_run() -> None:
    (parameters,) = [mark.args[1] for mark in test_an_example_runs.pytestmark if mark.name == "parametrize"]
    assert {path.stem for path in EXAMPLES.glob("llamaindex_*.py")} == {name for name, _ in parameters}
