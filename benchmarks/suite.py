"""What is measured, whatever the framework: imports, construction, plain calls, streams, long streams, many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from bare import PATHS, Bare
from measure import Figure, imports, in_turns, peak_memory, raise_file_limit, table
from server import TEXT, running

DELTAS = 2_000
LONG = 20_000
CALLS = 100
CONCURRENT = 200

Make = Callable[[str], Any]


@dataclass(frozen=True, kw_only=True)
class Suite:
    """A framework and its contenders.

    Attributes:
        framework: its name.
        imports: programs that import each package; the first is the framework alone.
        models: by name, the protocol and how to make the model for a root address. Ours and its peer take turns.
        only_many: more of ours, for the calls at once.
        floor: makes the framework's floor for so many deltas of a kind.
        kinds: the kinds of streams.
        ask: the text of a plain call's answer.
        aask: the same, async.
        count: consumes a stream and gives the number of its deltas.
        acount: the same, async.
    """

    framework: str
    imports: Mapping[str, str]
    models: Mapping[str, tuple[str, Make]]
    only_many: Mapping[str, Make]
    floor: Callable[[int, str], Any]
    kinds: tuple[str, ...]
    ask: Callable[[Any], str]
    aask: Callable[[Any], Awaitable[str]]
    count: Callable[[Any], int]
    acount: Callable[[Any], Awaitable[int]]

    def run(self) -> None:
        """Measures all, and prints it as Markdown."""
        raise_file_limit()
        print(f"## {self.framework}")
        seconds, memory = imports(self.imports)
        table("Import, in a fresh process", seconds, scale=1, unit="s")
        table("Resident memory after the import", memory, scale=1, unit="MiB")
        with running() as root:
            self._construction(root)
            self._plain_calls(f"{root}/plain")
            for kind in self.kinds:
                self._streams(f"{root}/{kind}-{DELTAS}", kind)
            self._long_streams(root)
            self._many_at_once(f"{root}/plain")

    def _construction(self, root: str) -> None:
        contenders = {name: partial(_times, CALLS, partial(make, root)) for name, (_, make) in self.models.items()}
        table("Construction", in_turns(contenders), scale=1e3 / CALLS, unit="ms")

    def _plain_calls(self, root: str) -> None:
        contenders = {"bare httpx": partial(_times, CALLS, Bare(root, "chat_completions").plain)}
        for name, (_, make) in self.models.items():
            contenders[name] = partial(_times, CALLS, partial(self._check, make(root)))
        table("Plain calls, one after the other", in_turns(contenders), scale=1e3 / CALLS, unit="ms")

    def _check(self, model: Any) -> None:
        assert self.ask(model) == TEXT

    async def _acheck(self, model: Any) -> None:
        assert await self.aask(model) == TEXT

    def _streams(self, root: str, kind: str) -> None:
        floor = self.floor(DELTAS, kind)
        loops = {protocol: Bare(root, protocol, kind) for protocol in PATHS}
        models = {name: make(root) for name, (_, make) in self.models.items()}
        contenders: dict[str, Callable[[], object]] = {"floor": partial(self._consume, floor)}
        contenders |= {f"bare loop, {protocol}": loop.stream for protocol, loop in loops.items()}
        contenders |= {name: partial(self._consume, model) for name, model in models.items()}
        self._report(f"Streams of {DELTAS:,} {kind} deltas, sync", in_turns(contenders))
        with asyncio.Runner() as runner:
            starts: dict[str, Callable[[], Any]] = {"floor": partial(self._aconsume, floor)}
            starts |= {f"bare loop, {protocol}": loop.astream for protocol, loop in loops.items()}
            starts |= {name: partial(self._aconsume, model) for name, model in models.items()}
            figures = in_turns({name: partial(_run, runner, start) for name, start in starts.items()})
            self._report(f"Streams of {DELTAS:,} {kind} deltas, async", figures)

    def _consume(self, model: Any) -> None:
        assert self.count(model) >= DELTAS

    async def _aconsume(self, model: Any) -> None:
        assert await self.acount(model) >= DELTAS

    def _report(self, title: str, figures: Mapping[str, Figure]) -> None:
        table(title, figures, scale=1e6 / DELTAS, unit="µs a delta")
        print("\n| ours | times bare loop + floor | the peer takes, times ours |\n| --- | ---: | ---: |")
        names = list(self.models)
        for mine, peer in zip(names[::2], names[1::2], strict=True):
            least = figures[mine] / (figures[f"bare loop, {self.models[mine][0]}"] + figures["floor"])
            print(f"| {mine} | {least} | {figures[peer] / figures[mine]} |", flush=True)

    def _long_streams(self, root: str) -> None:
        print("\n### A stream grows\n")
        print(f"| | µs a delta at {DELTAS:,} | at {LONG:,} | MiB held at most at {DELTAS:,} | at {LONG:,} |")
        print("| --- | ---: | ---: | ---: | ---: |")
        for name, (_, make) in self.models.items():
            models = {count: make(f"{root}/text-{count}") for count in (DELTAS, LONG)}
            runs = {str(count): partial(self._consume, model) for count, model in models.items()}
            figures = in_turns(runs, rounds=3)
            times = " | ".join(f"{figures[str(count)].median * 1e6 / count:.1f}" for count in models)
            held = " | ".join(f"{peak_memory(run) / 2**20:.1f}" for run in runs.values())
            print(f"| {name} | {times} | {held} |", flush=True)

    def _many_at_once(self, root: str) -> None:
        makers = {name: make for name, (_, make) in self.models.items()} | dict(self.only_many)
        with asyncio.Runner() as runner:
            calls: dict[str, Callable[[], Any]] = {"bare httpx": Bare(root, "chat_completions").aplain}
            calls |= {name: partial(self._acheck, make(root)) for name, make in makers.items()}
            contenders = {name: partial(_run, runner, partial(_together, call)) for name, call in calls.items()}
            figures = in_turns(contenders)
        table(f"{CONCURRENT} calls at once", figures, scale=1e3 / CONCURRENT, unit="ms a call")


def _times(count: int, run: Callable[[], object]) -> None:
    for _ in range(count):
        run()


def _run(runner: asyncio.Runner, start: Callable[[], Any]) -> object:
    return runner.run(start())


async def _together(call: Callable[[], Any]) -> None:
    await asyncio.gather(*(call() for _ in range(CONCURRENT)))
