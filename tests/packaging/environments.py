"""An empty environment to install things into, and what can be asked of it."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

from distributions import PINS
from packaging.utils import canonicalize_name


class Environment:
    """A virtual environment of this interpreter's version.

    Args:
        home: where it is made. One that is there already is used as it is.
        pins: what to hold installations to; None takes the newest releases.
        with_pip: whether it gets a pip of its own, the old one that Python brings.
    """

    def __init__(self, home: Path, pins: Path | None = PINS, *, with_pip: bool = False) -> None:
        self.home = home
        self.python = home / "bin" / "python"
        self._pins = pins
        if not self.python.exists():
            venv.create(home, with_pip=with_pip)

    def install(self, *arguments: str | Path) -> None:
        """Installs with the pip that runs this program, which is newer than a fresh environment's own."""
        constraint = ("--constraint", self._pins) if self._pins else ()
        self._pip("install", "--quiet", "--no-compile", *constraint, *arguments)

    def installed(self) -> dict[str, str]:
        """The distributions that are there, by their normalised names, and their versions."""
        lines = self._pip("list", "--format=freeze").splitlines()
        return {canonicalize_name(name): version for name, version in (line.split("==", 1) for line in lines)}

    def check(self) -> None:
        """Ends the program if something that is there lacks what it needs, or has what it cannot use."""
        self._pip("check")

    def run(self, *arguments: str | Path, cwd: Path | None = None, **variables: str) -> str:
        """Runs Python there and gives what it printed. Neither the checkout nor the user's site is on its path."""
        command = [self.python, *arguments]
        environment = {**self.variables(), **variables}
        return subprocess.run(
            command, cwd=cwd or self.home, env=environment, check=True, stdout=subprocess.PIPE, text=True
        ).stdout

    def variables(self) -> dict[str, str]:
        """The process's variables as `activate` would make them."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("SEACLOUD_", "PYTHON"))}
        path = f"{self.home / 'bin'}{os.pathsep}{kept['PATH']}"
        return {**kept, "PATH": path, "VIRTUAL_ENV": str(self.home), "PYTHONNOUSERSITE": "1"}

    def _pip(self, *arguments: str | Path) -> str:
        command = [sys.executable, "-m", "pip", "--python", self.python, "--disable-pip-version-check", *arguments]
        ended = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
        if ended.returncode:
            sys.exit(f"pip {arguments[0]}: {ended.stdout}")
        return ended.stdout
