"""The service's own programs run against the emulator, with only the host and the key replaced."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from seacloud_emulator import Emulator, Fault

from contract import seed

HOST = "https://cloud.seaart.ai"
PROMPT = "a cinematic photo of a cat astronaut"

pytestmark = pytest.mark.skipif(not seed.PAGE.exists(), reason="the service's overview page is not here")
needs_shell = pytest.mark.skipif(
    not all(map(shutil.which, ("bash", "curl", "jq"))), reason="the page's shell programs need bash, curl and jq"
)


def run(program: seed.Program, emulator: Emulator, *command: str) -> subprocess.CompletedProcess[str]:
    text = program.text()
    assert text.count(HOST) == 1
    assert text.count("YOUR_API_KEY") == 1
    text = text.replace(HOST, emulator.url).replace("YOUR_API_KEY", "sk-seed")
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return subprocess.run(
        [*command, "-c", text], check=False, capture_output=True, text=True, timeout=50, env=environment
    )


@needs_shell
def test_curl(seacloud_emulator: Emulator) -> None:
    ended = run(seed.CURL, seacloud_emulator, "bash", "-eu")
    assert (ended.returncode, ended.stderr) == (0, "")
    answer = json.loads(ended.stdout)
    assert "Introduce SeaCloud LLM API in one sentence" in answer["choices"][0]["message"]["content"]
    assert answer["model"] == "gpt-4.1"
    assert answer["usage"]["total_tokens"] == answer["usage"]["prompt_tokens"] + answer["usage"]["completion_tokens"]
    (request,) = seacloud_emulator.requests
    assert (request.method, request.path, request.status) == ("POST", "/llm/v1/chat/completions", 200)
    assert re.fullmatch(r"demo-\d+", request.request_id)


def test_openai_client(seacloud_emulator: Emulator) -> None:
    ended = run(seed.OPENAI, seacloud_emulator, sys.executable)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "Introduce SeaCloud LLM API in one sentence" in ended.stdout


@needs_shell
def test_queue_in_shell(seacloud_emulator: Emulator) -> None:
    ended = run(seed.QUEUE_SHELL, seacloud_emulator, "bash", "-eu")
    assert (ended.returncode, ended.stderr) == (0, "")
    printed = re.split(r"\n(?=\{)", ended.stdout)
    created, *statuses, result = map(json.loads, printed)
    assert statuses[-1]["status"] == "COMPLETED"
    assert all("error" not in status for status in statuses)
    assert result["request_id"] == created["request_id"]
    assert [output["type"] for output in result["outputs"]] == ["image"]
    (task,) = seacloud_emulator.tasks
    assert (task.endpoint, task.parameters["prompt"]) == ("nano_banana_2", PROMPT)


@needs_shell
def test_queue_in_shell_sees_a_failure(seacloud_emulator: Emulator) -> None:
    failed = {"request_id": "mmsu_x", "status": "COMPLETED", "error": "no", "error_type": "INFERENCE_FAILURE"}
    seacloud_emulator.faults.add(Fault(match="/status$", status=200, body=failed))
    ended = run(seed.QUEUE_SHELL, seacloud_emulator, "bash", "-eu")
    assert ended.returncode == 1
    assert ended.stdout.endswith("task failed: no\n")


def test_queue_in_python(seacloud_emulator: Emulator) -> None:
    ended = run(seed.QUEUE_PYTHON, seacloud_emulator, sys.executable)
    assert (ended.returncode, ended.stderr) == (0, "")
    (task,) = seacloud_emulator.tasks
    assert f"request_id: {task.request_id}" in ended.stdout
    assert "'type': 'image'" in ended.stdout
    assert (task.endpoint, task.parameters["prompt"]) == ("nano_banana_2", PROMPT)
