"""The four distributions: where they are, what they promise, and how they are built. Shared by the checks beside it."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from itertools import chain
from pathlib import Path
from typing import Any, cast

from packaging.requirements import Requirement

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # hatchling and pytest bring it there

ROOT = Path(__file__).resolve().parents[2]

LIBS = {
    "seacloud_client": "seacloud-client",
    "langchain_seacloud": "langchain-seacloud",
    "llamaindex_seacloud": "llama-index-llms-seacloud",
    "seacloud_emulator": "seacloud-emulator",
}
"""The folder under `libs/`, which is also the package's name, and the distribution's name."""

PINS = ROOT / ("constraints-3.10.txt" if sys.version_info < (3, 11) else "constraints.txt")
"""What is installed besides our own, as plain `name==version`."""

BUILD_TIME = "1735689600"
"""`SOURCE_DATE_EPOCH` of every build: a zip needs a date, and this one says nothing."""

ANOTHER_DAY = 1577934245
"""When the files were last changed that are built for comparison."""


def version_of(lib: str) -> str:
    """A distribution's version, from the one place where it is written."""
    text = (ROOT / "libs" / lib / lib / "_version.py").read_text(encoding="utf-8")
    return str(ast.literal_eval(text.split("=", 1)[1].strip()))


def released() -> tuple[str, str | None]:
    """The newest version that the changelog tells of, and the day of its release, if it was."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    heading = re.search(r"^## (.*)$", text, re.MULTILINE)
    found = heading and re.fullmatch(r"(\d+\.\d+\.\d+), (?:unreleased|(\d{4}-\d\d-\d\d))", heading[1])
    if not found:
        raise ValueError("CHANGELOG.md's first heading must be like `## 1.2.3, unreleased` or `## 1.2.3, 2026-01-31`")
    return found[1], found[2]


def project_of(lib: str) -> dict[str, Any]:
    """What a distribution's `pyproject.toml` says of it, under `[project]`."""
    said = tomllib.loads((ROOT / "libs" / lib / "pyproject.toml").read_text(encoding="utf-8"))
    return cast("dict[str, Any]", said["project"])


def requirements(lib: str) -> list[Requirement]:
    """What a distribution needs from others, extras included; ours are left out."""
    project = project_of(lib)
    extras = project.get("optional-dependencies", {}).values()
    needed = [Requirement(text) for text in chain(project["dependencies"], *extras)]
    return [need for need in needed if need.name not in LIBS.values()]


def lower_bounds(lib: str) -> dict[str, str]:
    """The oldest release of each requirement that a distribution takes."""
    bounds = ((need.name, part) for need in requirements(lib) for part in need.specifier)
    return {name: part.version for name, part in bounds if part.operator == ">="}


def build(folder: Path, root: Path = ROOT) -> list[Path]:
    """Builds the wheel and the sdist of each distribution in a checkout, with what is installed here."""
    for lib in LIBS:
        build_one(root / "libs" / lib, folder)
    return sorted(folder.iterdir())


def build_one(home: Path, folder: Path, *targets: str) -> None:
    """Builds a distribution from the folder with its `pyproject.toml`; without targets its wheel and its sdist."""
    environment = {**os.environ, "SOURCE_DATE_EPOCH": BUILD_TIME, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(folder)]
    command += [part for target in targets for part in ("--target", target)]
    subprocess.run(command, cwd=home, env=environment, check=True, stderr=subprocess.DEVNULL)


def copied(to: Path) -> Path:
    """What is built, in a folder as it could be elsewhere: of another day, with other permissions, and no git."""
    shutil.copytree(ROOT / "libs", to / "libs")
    shutil.copy(ROOT / ".gitignore", to)
    for path in to.rglob("*"):
        if path.is_file():
            path.chmod(0o600)
            os.utime(path, (ANOTHER_DAY, ANOTHER_DAY))
    return to


def merged(pins: Path, instead: Path, to: Path) -> Path:
    """Writes pins with some of them replaced, and says where."""
    changed = instead.read_text(encoding="utf-8").split()
    names = {line.split("==", 1)[0].lower() for line in changed}
    kept = [line for line in pins.read_text(encoding="utf-8").split() if line.split("==", 1)[0].lower() not in names]
    to.write_text("\n".join([*kept, *changed]) + "\n", encoding="utf-8")
    return to
