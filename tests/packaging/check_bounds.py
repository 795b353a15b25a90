"""Runs the unit tests with the oldest releases that the metadata allow, or with the newest.

Run by `make lowest` and `make newest`, which are part of `make long`. Each adapter has an environment of its own, since
what one framework asks for would hide a lower bound of the other; the client is tested in LangChain's.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

from distributions import ROOT, lower_bounds
from environments import Environment

TESTS = {
    "langchain_seacloud": ("tests/seacloud_client", "tests/langchain_seacloud"),
    "llamaindex_seacloud": ("tests/llamaindex_seacloud",),
    "seacloud_emulator": ("tests/seacloud_emulator",),
}
"""A distribution, and what is run with its oldest or newest dependencies."""

EXTRAS = {"seacloud_client": "[fast,progress]", "langchain_seacloud": "[durable]"}
"""All extras but the emulator's: `make test` has the lower bound of the official SDKs, which are there to be new."""

TOOLS = ("hatchling", "hypothesis", "pytest>=9", "pytest-asyncio", "pytest-socket", "pytest-timeout", "vcrpy<9")
"""What runs the tests. What it needs itself must not stand in the way of old releases: so it is not pinned."""

FRAMEWORKS = {
    "langchain_seacloud": ("langchain", "langgraph", "numpy"),
    "llamaindex_seacloud": (),
    "seacloud_emulator": (),
}
"""What the tests use of a framework besides its core."""

SDKS = (
    "anthropic",
    "openai",
    "httpx2",
    "httpcore2",
    "jiter",
    "distro",
    "docstring_parser",
    "opentelemetry-api",
    "sniffio",
)
"""The official SDKs, whose types check what the tests send. They ask for newer releases than their types need,
which are too new for the other distributions' lower bounds."""

UNFIT = re.compile(
    r"^ *(?:from|import) (?:anthropic|contract|langchain_tests|openai|seacloud_emulator\.strict|seacloud_sdk)\b"
    r"|import .*default_retry_on\b",
    re.MULTILINE,
)
"""What a test file must not import: what cannot be installed beside old releases, or is not in theirs."""


OF_THE_CORE = "not test_streaming_query_engine"
"""Tests of what the oldest llama-index-core cannot do: before 0.14.25 a query engine's stream is one piece."""


def main() -> None:
    """Makes an environment for each distribution and runs its tests there; the first that fails ends the program."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("end", choices=["lowest", "newest"])
    parser.add_argument("--home", type=Path, required=True, help="the folder for the environments; made anew")
    parser.add_argument("--only", choices=TESTS, help="one distribution alone")
    options = parser.parse_args()
    for lib in [options.only] if options.only else TESTS:
        check(lib, options.end, options.home / lib)


def check(lib: str, end: str, home: Path) -> None:
    """Installs a distribution with the client and the emulator, at one end of what it allows, and runs its tests."""
    home.mkdir(parents=True, exist_ok=True)
    pins = home / "pins.txt"
    bounded = {**lower_bounds("seacloud_client"), **lower_bounds(lib)}
    lowest = [f"{name}=={bound}\n" for name, bound in bounded.items()] if end == "lowest" else []
    pins.write_text("".join(lowest), encoding="utf-8")
    environment = Environment(home / "venv", pins)
    packages = {"seacloud_client", lib, "seacloud_emulator"}
    editable = [part for name in packages for part in ("--editable", f"{ROOT / 'libs' / name}{EXTRAS.get(name, '')}")]
    upgrade = ("--upgrade", "--upgrade-strategy", "eager")
    environment.install(*upgrade, *editable, *FRAMEWORKS[lib], *TOOLS)
    if lib == "langchain_seacloud":
        environment.install("--no-deps", *SDKS)
    installed = environment.installed()
    told = ", ".join(f"{name} {installed[name]}" for name in sorted(bounded.keys() & installed.keys()))
    print(f"{lib}, {end}: {told}", flush=True)
    # Old releases warn of what is new, and new ones of what is old: neither is a fault of ours.
    command = [
        environment.python,
        "-m",
        "pytest",
        "--quiet",
        "-W",
        "default",
        "-p",
        "no:cacheprovider",
    ]
    command += ["-k", OF_THE_CORE] if end == "lowest" else []
    files = [path for folder in TESTS[lib] for path in sorted((ROOT / folder).glob("test_*.py"))]
    fit = [path for path in files if not UNFIT.search(path.read_text(encoding="utf-8"))]
    ended = subprocess.run([*command, *fit], cwd=ROOT, env=environment.variables(), check=False)
    if ended.returncode:
        sys.exit(f"{lib} fails with {end}: {told}")


if __name__ == "__main__":
    main()
