"""Runs the unit tests with the oldest releases that the metadata allow, or with the newest.

Run by `make lowest` and `make newest`, which are part of `make long`. Each adapter has an environment of its own, since
what one framework asks for would hide a lower bound of the other; the client is tested in LangChain's.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from distributions import ROOT, lower_bounds
from environments import Environment


@dataclass(frozen=True)
class Case:
    """An environment, and what is run there.

    Args:
        tests: folders of tests.
        bounded: the distributions that are held to an end of what they allow, by their folders, with their extras.
        beside: what the tests need besides, at any release that fits.
        without_needs: what is installed without what it asks for, which would be too new for the lower bounds.
        left_out: files of tests that need what cannot be installed beside the lower bounds.
    """

    tests: tuple[str, ...]
    bounded: dict[str, str]
    beside: tuple[str, ...] = ()
    without_needs: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


TOOLS = ("hatchling", "hypothesis", "pytest>=9", "pytest-asyncio", "pytest-socket", "pytest-timeout", "vcrpy<9")
"""What runs the tests. What it needs itself must not stand in the way of old releases: so it is not pinned."""

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
"""The official SDKs, whose types check what the tests send: they ask for newer releases than their types need."""

LANGCHAIN_TESTS = ("langchain-tests", "pytest-benchmark", "pytest-codspeed", "pytest-recording", "syrupy")
"""langchain's own suite, and what it loads: it asks for newer releases than it needs as well."""

CASES = {
    "langchain_seacloud": Case(
        tests=("tests/seacloud_client", "tests/langchain_seacloud"),
        bounded={"seacloud_client": "[fast,progress]", "langchain_seacloud": "[durable]"},
        beside=("langchain", "langgraph", "numpy"),
        without_needs=(*SDKS, *LANGCHAIN_TESTS, "seacloudai-sdk"),
    ),
    "llamaindex_seacloud": Case(
        tests=("tests/llamaindex_seacloud",),
        bounded={"seacloud_client": "[fast,progress]", "llamaindex_seacloud": "[durable]"},
        without_needs=SDKS,
    ),
    "seacloud_emulator": Case(
        tests=("tests/seacloud_emulator",),
        bounded={"seacloud_emulator": "[strict]"},
        beside=("av; python_version >= '3.11'",),
        left_out=("tests/seacloud_emulator/test_told.py",),  # asks both frameworks, which ask for newer releases
    ),
}


def main() -> None:
    """Makes an environment for each distribution and runs its tests there; the first that fails ends the program."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("end", choices=["lowest", "newest"])
    parser.add_argument("--home", type=Path, required=True, help="the folder for the environments")
    parser.add_argument("--only", choices=CASES, help="one distribution alone")
    options = parser.parse_args()
    for name in [options.only] if options.only else CASES:
        check(name, options.end, options.home / name)


def check(name: str, end: str, home: Path) -> None:
    """Installs a distribution with the client and the emulator, at one end of what it allows, and runs its tests."""
    case = CASES[name]
    bounds = {need: bound for lib in case.bounded for need, bound in lower_bounds(lib).items()}
    environment = make_environment(case, home, bounds if end == "lowest" else {})
    installed = environment.installed()
    told = ", ".join(f"{need} {installed[need]}" for need in sorted(bounds.keys() & installed.keys()))
    print(f"{name}, {end}: {told}", flush=True)
    # Old releases warn of what is new, and new ones of what is old: neither is a fault of ours.
    command = [environment.python, "-m", "pytest", "--quiet", "-W", "default", "-p", "no:cacheprovider", *case.tests]
    command += [f"--ignore={file}" for file in case.left_out]
    ended = subprocess.run(command, cwd=ROOT, env=environment.variables(), check=False)
    if ended.returncode:
        sys.exit(f"{name} fails with {end}: {told}")


def make_environment(case: Case, home: Path, bounds: dict[str, str]) -> Environment:
    """An environment with what a case needs, held to these releases; one that is there is brought up to date."""
    home.mkdir(parents=True, exist_ok=True)
    pins = home / "pins.txt"
    pins.write_text("".join(f"{need}=={bound}\n" for need, bound in bounds.items()), encoding="utf-8")
    environment = Environment(home / "venv", pins)
    packages = {"seacloud_client": "", "seacloud_emulator": "", **case.bounded}
    editable = [part for lib, extras in packages.items() for part in ("--editable", f"{ROOT / 'libs' / lib}{extras}")]
    upgrade = ("--upgrade", "--upgrade-strategy", "eager")
    environment.install(*upgrade, *editable, *case.beside, *TOOLS)
    if case.without_needs:
        environment.install("--upgrade", "--no-deps", *case.without_needs)
    return environment


if __name__ == "__main__":
    main()
