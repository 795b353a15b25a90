"""Measuring contenders side by side, in turns, and saying so with the spread."""

from __future__ import annotations

import gc
import os
import resource
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import dataclass

ROUNDS = 7


@dataclass(frozen=True)
class Figure:
    """What the rounds of one contender gave: seconds, or whatever the unit is."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)

    @property
    def low(self) -> float:
        return min(self.rounds)

    @property
    def high(self) -> float:
        return max(self.rounds)

    def __add__(self, other: Figure) -> Figure:
        return Figure(tuple(mine + theirs for mine, theirs in zip(self.rounds, other.rounds, strict=True)))

    def __truediv__(self, other: Figure) -> Figure:
        """The ratio, round by round: both sides of a round ran one right after the other."""
        return Figure(tuple(mine / theirs for mine, theirs in zip(self.rounds, other.rounds, strict=True)))

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.low:.2f} to {self.high:.2f})"


def in_turns(contenders: Mapping[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, Figure]:
    """Seconds that each contender takes: every round runs them all, one after the other, after one round to warm up."""
    taken: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, run in contenders.items():
            gc.collect()
            start = time.perf_counter()
            run()
            seconds = time.perf_counter() - start
            if number:
                taken[name].append(seconds)
    return {name: Figure(tuple(times)) for name, times in taken.items()}


def table(title: str, figures: Mapping[str, Figure], *, scale: float, unit: str) -> None:
    """Prints a table in Markdown: median, spread, and how many times the first contender's it is."""
    print(f"\n### {title}\n")
    print(f"| | {unit}, median | lowest to highest | times the first |")
    print("| --- | ---: | ---: | ---: |")
    first = next(iter(figures.values()))
    for name, figure in figures.items():
        spread = f"{figure.low * scale:.4g} to {figure.high * scale:.4g}"
        print(f"| {name} | {figure.median * scale:.4g} | {spread} | {figure / first} |")
    sys.stdout.flush()


def peak_memory(run: Callable[[], object]) -> int:
    """The most bytes that Python held at once while this ran, over what it held before."""
    gc.collect()
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def in_fresh_process(code: str) -> tuple[float, float]:
    """Runs a program in a new interpreter: the seconds that `seconds` says, and its resident memory in MiB."""
    program = (
        f"import time\nstart = time.perf_counter()\n{code}\nseconds = time.perf_counter() - start\n"
        "pages = int(open('/proc/self/statm').read().split()[1])\n"
        "import resource\nprint(seconds, pages * resource.getpagesize() / 2**20)"
    )
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, env=environment)
    seconds, mebibytes = done.stdout.split()[-2:]
    return float(seconds), float(mebibytes)


def imports(programs: Mapping[str, str], rounds: int = ROUNDS) -> tuple[dict[str, Figure], dict[str, Figure]]:
    """Seconds and resident MiB of each program, each in a process of its own, in turns."""
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
    for number in range(rounds + 1):
        for name, code in programs.items():
            measured = in_fresh_process(code)
            if number:
                taken[name].append(measured)
    seconds = {name: Figure(tuple(pair[0] for pair in pairs)) for name, pairs in taken.items()}
    memory = {name: Figure(tuple(pair[1] for pair in pairs)) for name, pairs in taken.items()}
    return seconds, memory


def raise_file_limit() -> None:
    """Lets the process open as many sockets as it may: concurrent calls need one each."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
