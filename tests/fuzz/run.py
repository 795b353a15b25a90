"""Fuzzes the targets under atheris, one after the other, each for some seconds. Run by `make fuzz`.

    python tests/fuzz/run.py --home .venv-fuzz/fuzz --seconds 60 [target ...]

The corpus that grows is in the home's folder `grown`, what was found in `found`; the kept one (`corpus/`) is where each
target begins. An input that was found belongs into `corpus/`, under a name that says what it showed, together with the
mending. `--keep` puts a small set of grown inputs there, which take the paths that all of them take, named by their
hashes.

With `--recordings` real answers are begun with, too, where they are beside the repository. They are others' words: what
grows out of them stays in a folder of its own, and is not kept.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

RECORDINGS = Path(__file__).resolve().parents[3] / "shared" / "transcripts"
"""Where recorded answers are, if they are."""

SMALL = 1500
"""Bytes of the largest input that `--keep` keeps."""

LONGEST = 20
"""Seconds after which one input counts as found: it takes too long."""

MEMORY = 1024
"""Megabytes beyond which one input counts as found: it takes too much."""


def main() -> None:
    """Runs each target in a process of its own, since a finding ends the process."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("targets", nargs="*", help="which; all, if none is named")
    parser.add_argument("--seconds", type=int, default=60, help="how long each target is fuzzed")
    parser.add_argument("--home", type=Path, required=True, help="the folder for what grows and what is found")
    parser.add_argument("--recordings", action="store_true", help="begin with recorded answers too")
    parser.add_argument("--keep", action="store_true", help="put a small part of what has grown into the kept corpus")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        fuzz(options.child, options.home, sys.argv[sys.argv.index("--") + 1 :])
    from fuzz.targets import TARGETS  # noqa: PLC0415  # a child imports it with its eyes open

    names = options.targets or list(TARGETS)
    failed = [name for name in names if not (keep(name, options.home) if options.keep else run(name, options))]
    if failed:
        sys.exit(f"Found something: {', '.join(failed)}. See {options.home / 'found'}.")


def run(name: str, options: argparse.Namespace) -> bool:
    """Fuzzes one target. Gives whether nothing was found."""
    from fuzz.targets import CORPUS, TARGETS  # noqa: PLC0415  # see above

    grown = options.home / ("grown-from-recordings" if options.recordings else "grown") / name
    found = options.home / "found"
    for folder in (grown, found):
        folder.mkdir(parents=True, exist_ok=True)
    save(TARGETS[name].seeds(), grown)
    if options.recordings:
        save(recorded(name), grown)
    kept = [CORPUS / name] if (CORPUS / name).is_dir() else []
    flags = [f"-max_total_time={options.seconds}", f"-timeout={LONGEST}", f"-rss_limit_mb={MEMORY}"]
    flags += ["-max_len=16384"] if options.recordings else []
    return start(name, [*flags, f"-artifact_prefix={found / name}-", grown, *kept], options.home) == 0


def start(name: str, arguments: Iterable[object], home: Path) -> int:
    """Runs a target's process."""
    print(f"== {name}", flush=True)  # noqa: T201  # a program that says what it does
    command = [sys.executable, __file__, "--home", str(home), "--child", name, "--"]
    again = starter(name, home)
    again.parent.mkdir(parents=True, exist_ok=True)
    again.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n', encoding="utf-8")
    again.chmod(0o755)
    return subprocess.run([*command, *map(str, arguments)], check=False).returncode


def starter(name: str, home: Path) -> Path:
    """A program that starts a target's process: libFuzzer runs itself again to merge, by what it takes for its name."""
    return home.resolve() / "again" / name


def fuzz(name: str, home: Path, arguments: list[str]) -> None:
    """Fuzzes in this process, which ends with it."""
    import atheris  # noqa: PLC0415  # the parent does not need it

    with atheris.instrument_imports(include=["seacloud_client"]):
        from fuzz.targets import TARGETS  # noqa: PLC0415  # it is to be instrumented
    from fuzz.reading import PASSES  # noqa: PLC0415  # the very module that the targets have

    target = TARGETS[name]
    PASSES["all"] = False

    def mutate(data: bytes, limit: int, seed: int) -> bytes:
        return target.mutate(data, random.Random(seed), atheris.Mutate, limit)  # noqa: S311  # not a secret

    flags = ["-max_len=4096", "-print_final_stats=1", "-verbosity=0"]
    atheris.Setup([str(starter(name, home)), *flags, *arguments], target.check, custom_mutator=mutate)
    atheris.Fuzz()


def keep(name: str, home: Path) -> bool:
    """Keeps inputs that together take the paths of all that has grown: as few and as small as the fuzzer finds."""
    from fuzz.targets import CORPUS, TARGETS  # noqa: PLC0415  # see above

    folder = CORPUS / name
    folder.mkdir(parents=True, exist_ok=True)
    merged = home / "merged" / name
    merged.mkdir(parents=True, exist_ok=True)
    for path in merged.iterdir():
        path.unlink()
    small = home / "small" / name
    small.mkdir(parents=True, exist_ok=True)
    for path in (home / "grown" / name).iterdir():
        if path.stat().st_size <= SMALL:
            (small / path.name).write_bytes(path.read_bytes())
    ended = start(name, ["-set_cover_merge=1", merged, small], home)
    for path in folder.iterdir():
        if re.fullmatch("[0-9a-f]{16}", path.name):
            path.unlink()
    kept = sorted(merged.iterdir(), key=lambda path: path.stat().st_size)[: TARGETS[name].most_kept]
    save((path.read_bytes() for path in kept), folder)
    return ended == 0


def save(inputs: Iterable[bytes], folder: Path) -> None:
    """Writes inputs into a folder, each under its hash, so that none is there twice."""
    for data in inputs:
        (folder / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)


def recorded(name: str) -> Iterable[bytes]:
    """The recorded answers that are of this target's kind; none where the recordings are not there."""
    for path in sorted(RECORDINGS.glob("*/*.json")):
        one = json.loads(path.read_text(encoding="utf-8"))
        if name == "errors" and one["status"] >= 400:
            yield f"{one['status']}\n\n{one['response']}".encode()
        elif (name == one["protocol"] and one["stream"]) or (name == "plain" and not one["stream"]):
            yield one["response"].encode()


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parents[2])
    main()
