"""Does what each README says, in an empty environment: its install lines, then what its programs import.

Run by `make wheels`. The lines run as they stand, from the root of the checkout, with the pip that a fresh environment
has. Whether the programs do what they say is for `tests/test_documents.py` and `make release-check`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import readmes
from distributions import PINS, ROOT
from environments import Environment


def main() -> None:
    """Tries each README; the first that fails ends the program."""
    with tempfile.TemporaryDirectory() as scratch:
        for number, path in enumerate(readmes.READMES):
            check(path, Environment(Path(scratch) / f"venv{number}", with_pip=True))


def check(path: Path, environment: Environment) -> None:
    """Installs as a README says, and imports what it imports."""
    name, lines = path.relative_to(ROOT), readmes.install_lines(path)
    if not lines:
        sys.exit(f"{name} does not say how to install it")
    variables = {
        **os.environ,
        **environment.variables(),
        "PIP_CONSTRAINT": str(PINS),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    for line in lines:
        ended = subprocess.run(
            ["/bin/sh", "-c", line],
            cwd=ROOT,
            env={**os.environ, **variables},
            check=False,
            capture_output=True,
            text=True,
        )
        if ended.returncode:
            sys.exit(f"{name}: {line}\n{ended.stdout}{ended.stderr}")
    environment.run("-c", readmes.imports(path))
    if readmes.starts_emulator(path):
        with readmes.emulator(environment) as exports:
            assert exports["SEACLOUD_BASE_URL"].startswith("http://127.0.0.1:")
    print(f"{name}: {len(lines)} lines install what its programs import")


if __name__ == "__main__":
    main()
