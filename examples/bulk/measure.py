"""Measures a bulk run against an emulator in a process of its own, and checks that nothing is lost and nothing doubled.

.venv-bulk/bin/python examples/bulk/measure.py --tasks 5000 --kill-after 30
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil

HERE = Path(__file__).parent
MODEL = "flux_2_pro"
KEY = "sk-emulator"


def main() -> int:
    """Runs, samples, and compares the record with what the emulator has seen."""
    options = read_options()
    with tempfile.TemporaryDirectory() as folder, emulator() as url:
        place = Path(folder)
        write_prompts(place / "prompts.jsonl", options.tasks)
        began = time.monotonic()
        samples, code = generate(place, url, options)
        seconds = time.monotonic() - began
        rows = [json.loads(line) for line in (place / "results.jsonl").read_text(encoding="utf-8").splitlines()]
        tasks = httpx.get(f"{url}/__emulator__/tasks", timeout=60).json()
    print(f"\nexit code {code}; {options.tasks} tasks in {seconds:.0f} s: {options.tasks / seconds:.1f} a second")
    print(f"memory at most: {samples.memory['worker']:.0f} MiB a worker, {samples.memory['program']:.0f} the program")
    print(f"connections to the service at most: {samples.connections}")
    return verdict(rows, tasks, options.tasks)


def verdict(rows: list[dict[str, Any]], tasks: list[dict[str, Any]], total: int) -> int:
    """Says whether anything was lost or doubled."""
    posts = Counter(task["parameters"]["prompt"] for task in tasks)
    doubled = [prompt for prompt, count in posts.items() if count > 1]
    states = Counter(row["state"] for row in rows)
    ids = {row["request_id"] for row in rows if row["state"] == "done"}
    strangers = ids - {task["request_id"] for task in tasks}
    unrecorded = len(tasks) - len(ids)
    print(f"the record: {dict(states)}; the emulator: {len(tasks)} tasks for {len(posts)} prompts")
    print(f"doubled: {len(doubled)}; lost: {total - len(rows)}; unknown: {states['unknown']}", end="")
    print(f" (of which {unrecorded} have a task)" if states["unknown"] else "")
    return 1 if doubled or strangers or len(rows) != total or unrecorded > states["unknown"] else 0


class Samples:
    """Looks at the processes twice a second: the most memory that one has, and their connections."""

    def __init__(self, program: int, port: int) -> None:
        self.memory = {"program": 0.0, "worker": 0.0}
        self.connections = 0
        self.workers: list[int] = []
        self._program, self._port = program, port
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Looks no more."""
        self._over.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._over.wait(0.5):
            try:
                self._look(psutil.Process(self._program))
            except psutil.Error:
                continue  # one has just ended

    def _look(self, program: psutil.Process) -> None:
        self.memory["program"] = max(self.memory["program"], program.memory_info().rss / 2**20)
        open_now = 0
        for child in program.children(recursive=True):
            self.memory["worker"] = max(self.memory["worker"], child.memory_info().rss / 2**20)
            connections = child.net_connections("tcp")
            open_now += sum(1 for one in connections if one.raddr and one.raddr.port == self._port)
        self.connections = max(self.connections, open_now)


def generate(place: Path, url: str, options: argparse.Namespace) -> tuple[Samples, int]:
    """Runs the program, and kills a worker meanwhile if that is wanted."""
    command = [sys.executable, str(HERE / "generate.py"), "prompts.jsonl", "--model", MODEL]
    for name in ("rate", "workers", "threads", "batch", "connections"):
        command += [f"--{name}", str(getattr(options, name))]
    environment = {**os.environ, "SEACLOUD_BASE_URL": url, "SEACLOUD_API_KEY": KEY}
    program = subprocess.Popen(  # noqa: S603  # a program of ours
        command, cwd=place, env=environment, stdout=subprocess.PIPE, text=True
    )
    samples = Samples(program.pid, int(url.rpartition(":")[2]))
    for line in program.stdout or ():
        print(line, end="", flush=True)
        if found := re.search(r"processes (\d+)", line):
            kill_later(int(found[1]), options.kill_after)
    samples.end()
    return samples, program.wait()


def kill_later(pid: int, seconds: float | None) -> None:
    """Kills a worker the hard way, some time from now."""

    def kill() -> None:
        print(f"  ... killing worker {pid}", flush=True)
        os.kill(pid, signal.SIGKILL)

    if seconds is not None:
        timer = threading.Timer(seconds, kill)
        timer.daemon = True
        timer.start()


@contextmanager
def emulator() -> Iterator[str]:
    """An emulator in a process of its own."""
    command = [
        sys.executable,
        "-m",
        "seacloud_emulator",
        "--port",
        "0",
        "--queue-seconds",
        "0.2",
        "--run-seconds",
        "0.5",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  # a program of ours
        try:
            line = process.stdout.readline() if process.stdout else ""
            found = re.search(r"http://[\w.:]+", line)
            if found is None:
                raise RuntimeError(f"The emulator did not start: {line!r}.")
            yield found[0]
        finally:
            process.terminate()


def write_prompts(path: Path, count: int) -> None:
    """Prompts for small pictures, which the emulator draws quickly: it is not the emulator that is measured."""
    lines = (json.dumps({"prompt": f"picture {number}", "width": 64, "height": 64}) for number in range(count))
    path.write_text("\n".join(lines), encoding="utf-8")


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tasks", type=int, default=5000)
    parser.add_argument("--rate", type=float, default=200.0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batch", type=int, default=250)
    parser.add_argument("--connections", type=int, default=10)
    parser.add_argument("--kill-after", type=float, help="kill a worker so many seconds after the start")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
