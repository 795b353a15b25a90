"""The fixtures for others' tests, tried in a pytest of its own."""

from __future__ import annotations

import os
import subprocess
import sys

TESTS = """
import os
import httpx
import pytest

HELLO = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}

def post(url):
    return httpx.post(url + "/llm/v1/chat/completions", json=HELLO, headers={"x-api-key": "k"})

def test_first(seacloud_emulator):
    assert post(seacloud_emulator.url).status_code == 200
    assert len(seacloud_emulator.requests) == 1

def test_without_a_trace_of_the_first(seacloud_emulator):
    assert seacloud_emulator.requests == []

def test_the_environment(seacloud_env):
    assert os.environ["SEACLOUD_BASE_URL"] == seacloud_env.url
    assert post(os.environ["SEACLOUD_BASE_URL"]).status_code == 200
    assert os.environ["SEACLOUD_API_KEY"]

def test_others_stay_off_the_network():
    assert "SEACLOUD_BASE_URL" not in os.environ
    with pytest.raises(Exception, match="socket"):
        post("http://127.0.0.1:9")

@pytest.mark.disable_socket
def test_a_marker_of_ones_own_wins(seacloud_emulator):
    with pytest.raises(Exception, match="socket"):
        post(seacloud_emulator.url)
"""


def test_the_fixtures_under_pytest_socket(tmp_path):
    (tmp_path / "test_them.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text(
        # anyio's plugin is not what is tested here, and older ones warn of pytest's own changes
        "[pytest]\naddopts = --disable-socket --allow-unix-socket --strict-markers -p no:anyio -W error\n"
        "asyncio_default_fixture_loop_scope = function\n"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SEACLOUD_", "PYTEST_"))}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    program = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path, env=environment
    )
    assert program.returncode == 0, program.stdout + program.stderr
    assert "5 passed" in program.stdout
