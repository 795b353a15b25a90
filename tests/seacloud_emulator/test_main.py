"""The emulator as a program."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys

import httpx
import pytest
from seacloud_emulator import Emulator
from seacloud_emulator.__main__ import main

pytestmark = pytest.mark.allow_hosts(["127.0.0.1"])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_is_and_ends_quietly(number):
    command = [sys.executable, "-W", "error", "-m", "seacloud_emulator", "--port", "0", "--run-seconds", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": ""}
    ) as program:
        lines = [program.stdout.readline().strip() for _ in range(4)]
        url = lines[1].removeprefix("export SEACLOUD_BASE_URL=")
        assert url.startswith("http://127.0.0.1:")
        assert url in lines[0]
        assert lines[2] == f"export SEACLOUD_CONTRACTS_URL={url}/contracts"
        assert lines[3] == "export SEACLOUD_API_KEY=sk-emulator"
        assert httpx.get(f"{url}/__emulator__/tasks").json() == []
        program.send_signal(number)
        rest, errors = program.communicate(timeout=10)
    assert (program.returncode, rest, errors) == (0, "", "")


@pytest.mark.parametrize(
    ("said", "told"), [({}, "127.0.0.1"), ({"NO_PROXY": "a.test, b.test"}, "a.test, b.test,127.0.0.1")]
)
def test_it_is_reached_past_a_proxy(said, told):
    command = [sys.executable, "-m", "seacloud_emulator", "--port", "0"]
    environment = {**os.environ, "HTTP_PROXY": "http://127.0.0.1:9", **said}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as program:
        lines = [program.stdout.readline().strip() for _ in range(5)]
        program.send_signal(signal.SIGTERM)
        program.communicate(timeout=10)
    (name, value), *_ = [shlex.split(line)[1].split("=", 1) for line in lines[4:]]
    assert (name, value) == ("no_proxy", told)


@pytest.mark.parametrize("arguments", [["--run-seconds", "-1"], ["--port", "99999"], ["--host", "192.0.2.1"]])
def test_settings_that_make_no_sense(arguments):
    command = [sys.executable, "-m", "seacloud_emulator", *arguments]
    program = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert program.returncode == 1
    assert program.stderr.startswith("seacloud_emulator: ")
    assert "Traceback" not in program.stderr


def test_a_port_that_is_taken():
    with Emulator() as emulator:
        port = emulator.url.rpartition(":")[2]
        command = [sys.executable, "-m", "seacloud_emulator", "--port", port]
        program = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert program.returncode == 1
    assert program.stderr == (
        f"seacloud_emulator: cannot listen at 127.0.0.1:{port}: Address already in use. Choose another --port; 0 takes "
        "a free one.\n"
    )


def test_an_unknown_option_is_refused(capsys):
    with pytest.raises(SystemExit):
        main(["--unknown"])
    assert "--unknown" in capsys.readouterr().err
