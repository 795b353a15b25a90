"""Every line of shell in the documents is of a kind that is known, and names what there is.

`make wheels` runs the READMEs' install lines; what else a line does is tried here, as far as it can be without a
network.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import readmes
from documents import DOCS, DOCUMENTS, ROOT, blocks_of, named_in, tables_of
from seacloud_emulator.__main__ import _read_options

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(" ".join(re.findall(r"^([a-z][a-z -]*):.*## ", MAKEFILE, re.MULTILINE)).split())
VARIABLES = set(re.findall(r"^(\w+) \?=", MAKEFILE, re.MULTILINE))
LINES = [
    pytest.param(line, block.path, id=f"{block.path.relative_to(ROOT)}: {line}")
    for path in DOCUMENTS
    for block in blocks_of(path, path.read_text(encoding="utf-8"))
    if block.language == "shell"
    for line in block.text.replace("\\\n", " ").splitlines()
]


def is_target(words: list[str]) -> bool:
    return all(word.partition("=")[0] in (VARIABLES if "=" in word else TARGETS) for word in words)


def installs(words: list[str]) -> bool:
    """Whether there is all that `pip install` is told to take, but for distributions of others."""
    paths = [word for word in words if "/" in word]
    return bool(paths) and all(is_path(word) or has_extra(word) for word in paths)


def is_path(word: str) -> bool:
    return (ROOT / word).exists()


def has_extra(word: str) -> bool:
    path, _, extra = word.rstrip("]").partition("[")
    metadata = ROOT / path / "pyproject.toml"
    return (
        metadata.exists()
        and re.search(rf"^{extra} = \[", metadata.read_text(encoding="utf-8"), re.MULTILINE) is not None
    )


def sets_a_variable(words: list[str]) -> bool:
    variables = {name for row in tables_of(DOCS / "settings.md")[0] for name in named_in(row[0])}
    return {word.partition("=")[0] for word in words} <= variables


def runs_a_module(words: list[str]) -> bool:
    if words[:2] == ["-m", "venv"]:
        return len(words) == 3
    if words[:2] == ["-m", "seacloud_emulator"]:
        return bool(_read_options(words[2:]))
    return runs_a_program(words)


def runs_a_program(words: list[str]) -> bool:
    """Whether there is a program, and it knows the options."""
    program = ROOT / words[0]
    options = [word for word in words[1:] if word.startswith("--")]
    return program.suffix == ".py" and all(f'"{option}"' in program.read_text(encoding="utf-8") for option in options)


KINDS: Mapping[str, Callable[[list[str]], bool]] = {
    "make": is_target,
    "pip install": installs,
    "export": sets_a_variable,
    "jupyter notebook": lambda words: is_path(words[0]),
    "python": runs_a_module,
    "python3": runs_a_module,
}


@pytest.mark.parametrize(("line", "path"), LINES)
def test_a_line_of_shell_names_what_there_is(line: str, path: Path) -> None:
    bare = re.sub(r"^\.venv-\w+/bin/", "", line)
    kind = next((kind for kind in KINDS if bare.startswith(f"{kind} ")), None)
    assert kind is not None, "of no kind that is known"
    assert KINDS[kind](shlex.split(bare.removeprefix(kind), comments=True))


def test_the_front_page_installs_as_the_readme_does() -> None:
    told = [line for line in readmes.install_lines(DOCS / "index.md") if "[" not in line]
    assert told == readmes.install_lines(ROOT / "README.md")


def test_the_targets_that_are_named_are_there() -> None:
    named = {
        target for path in DOCUMENTS for target in re.findall(r"`make ([a-z-]+)[ `]", path.read_text(encoding="utf-8"))
    }
    assert len(named) > 8
    assert named <= TARGETS
