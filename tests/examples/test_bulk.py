"""The bulk example on Dask: nothing is lost and nothing is posted twice, whatever is killed and whatever goes wrong.

Dask is not among the test dependencies. It is taken from `.venv-bulk`, if it is not here: `make long` makes that.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from seacloud_emulator import Emulator, Fault

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "examples" / "bulk" / "generate.py"
OTHER_PYTHON = ROOT / ".venv-bulk" / "bin" / "python"
PYTHON = sys.executable if importlib.util.find_spec("distributed") else str(OTHER_PYTHON)

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(180),
    pytest.mark.skipif(not Path(PYTHON).exists(), reason="without Dask: `make long` installs it"),
]

POST = {"method": "POST", "path": "/queue/"}


class Bulk:
    """Runs of the program in one folder."""

    def __init__(self, folder: Path, emulator: Emulator, count: int) -> None:
        self.emulator = emulator
        self.folder = folder
        lines = [json.dumps({"prompt": f"picture {n}", "width": 64, "height": 64}) for n in range(count)]
        (folder / "prompts.txt").write_text("\n".join(lines), encoding="utf-8")

    def start(self, *options: str) -> subprocess.Popen[str]:
        environment = {**os.environ, "SEACLOUD_BASE_URL": self.emulator.url, "SEACLOUD_API_KEY": "sk-emulator"}
        command = [
            PYTHON,
            str(PROGRAM),
            "prompts.txt",
            "--model",
            "flux_2_pro",
            "--batch",
            "15",
            "--rate",
            "40",
            *options,
        ]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *options: str) -> tuple[int, str]:
        with self.start(*options) as program:
            said = program.communicate(timeout=120)[0]
        return program.returncode, said

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "results.jsonl").read_text(encoding="utf-8").splitlines()]

    @property
    def states(self) -> Counter[str]:
        return Counter(row["state"] for row in self.rows)

    def posts(self) -> Counter[str]:
        return Counter(task.parameters["prompt"] for task in self.emulator.tasks)

    def wait_for(self, condition: Callable[[], bool]) -> None:
        until = time.monotonic() + 60
        while not condition():
            assert time.monotonic() < until
            time.sleep(0.02)


@pytest.fixture
def bulk(tmp_path: Path, seacloud_emulator: Emulator) -> Bulk:
    seacloud_emulator.configure(queue_seconds=0.1, run_seconds=0.4)
    return Bulk(tmp_path, seacloud_emulator, 60)


def check_nothing_lost_or_doubled(bulk: Bulk, total: int = 60) -> None:
    posts, states = bulk.posts(), bulk.states
    assert max(posts.values()) == 1
    assert states["done"] + states["unknown"] == len(bulk.rows) == total
    made = {task.request_id for task in bulk.emulator.tasks}
    recorded = {row["request_id"] for row in bulk.rows if row["state"] == "done"}
    assert recorded <= made
    assert len(made - recorded) <= states["unknown"]


def test_all_is_generated_once_and_a_second_run_does_nothing(bulk):
    code, said = bulk.run()
    assert code == 0, said
    assert bulk.states == {"done": 60}
    assert bulk.posts() == Counter(f"picture {n}" for n in range(60))
    assert {row["request_id"] for row in bulk.rows} == {task.request_id for task in bulk.emulator.tasks}
    assert all(row["outputs"][0]["width"] == 64 for row in bulk.rows)
    code, said = bulk.run()
    assert code == 0, said
    assert "60 of them over, 0 to do" in said
    assert len(bulk.emulator.tasks) == 60


def test_the_rate_is_kept(bulk):
    began = time.monotonic()
    bulk.run("--rate", "20")
    assert time.monotonic() - began > 59 / 20


def test_a_worker_is_killed(bulk):
    with bulk.start() as program:
        line = ""
        while "processes" not in line:
            line = program.stdout.readline()
            assert line, "the program ended"
        bulk.wait_for(lambda: len(bulk.emulator.tasks) >= 15)
        os.kill(int(re.search(r"processes (\d+)", line)[1]), signal.SIGKILL)
        said = program.communicate(timeout=120)[0]
    assert program.returncode == 0, said
    check_nothing_lost_or_doubled(bulk)
    assert bulk.states["unknown"] <= 8  # as many posts as a worker has under way


def test_everything_is_killed_and_the_run_is_resumed(bulk):
    with bulk.start() as program:
        bulk.wait_for(lambda: len(bulk.emulator.tasks) >= 15)
        os.killpg(program.pid, signal.SIGKILL)
    before = {task.request_id for task in bulk.emulator.tasks}
    assert len(before) < 60
    code, said = bulk.run()
    assert code == 0, said
    check_nothing_lost_or_doubled(bulk)
    assert before <= {task.request_id for task in bulk.emulator.tasks}


def test_unknown_ones_are_reported_and_not_posted_again(bulk):
    bulk.emulator.faults.add(Fault(POST, times=2, malformed_json=True))
    code, said = bulk.run()
    assert code == 0, said
    assert bulk.states == {"done": 58, "unknown": 2}
    assert said.count("UNKNOWN ") == 2
    assert "it may exist, run and be billed" in said
    assert len(bulk.emulator.tasks) == 60  # these two had been created
    assert bulk.run()[0] == 0
    assert len(bulk.emulator.tasks) == 60
    [one, _] = [row["key"] for row in bulk.rows if row["state"] == "unknown"]
    code, said = bulk.run("--post-again", one)
    assert f"{one}: will be posted again" in said
    assert bulk.states == {"done": 59, "unknown": 1}
    assert len(bulk.emulator.tasks) == 61


def test_refusals(bulk):
    """Too many at a time is waited out; no balance stops the run at once, and is no failure of the prompts."""
    bulk.emulator.faults.add(Fault(POST, times=3, status=429, retry_after=1))
    bulk.emulator.faults.add(Fault(POST, times=60, status=402))
    code, said = bulk.run()
    assert code == 1
    assert "Stopped: " in said
    assert "Top up the account" in said
    asked = sum(record.method == "POST" for record in bulk.emulator.requests)
    assert asked <= 3 + 8 + 4  # each post that was under way by then, and no more
    assert len(bulk.emulator.tasks) == 0
    bulk.emulator.faults.clear()
    code, said = bulk.run()
    assert code == 0, said
    assert bulk.states == {"done": 60}


def test_a_contract_is_checked_first(bulk, tmp_path):
    schema = {"type": "object", "properties": {"prompt": {"type": "string", "maxLength": 9}}}
    (tmp_path / "contract.json").write_text(json.dumps(schema), encoding="utf-8")
    code, said = bulk.run("--contract", "contract.json")
    assert code == 2
    assert "prompt: must have at most 9 characters; got 'picture 10'" in said
    assert "Nothing was sent." in said
    assert list(bulk.emulator.requests) == []
