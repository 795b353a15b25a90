"""The READMEs as a newcomer takes them: what they say to install, and the programs that they show."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from distributions import LIBS, ROOT
from environments import Environment

READMES = (ROOT / "README.md", *(ROOT / "libs" / lib / "README.md" for lib in LIBS))

RUNNER = """
import ast, asyncio, inspect, pathlib, sys
path = pathlib.Path(sys.argv[1])
program = compile(path.read_text(), str(path), "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
if program.co_flags & inspect.CO_COROUTINE:
    asyncio.run(eval(program, globals()))
else:
    exec(program, globals())
"""
"""Runs a program in which `await` may stand outside of functions, as it may in a notebook."""

_BLOCK = re.compile(
    r"(?P<not_run>^ *<!-- not run: [^>]+ -->\n)?"
    r"^(?P<indent> *)```(?P<kind>\w+)[^\n]*\n(?P<body>.*?)^(?P=indent)```$",
    re.DOTALL | re.MULTILINE,
)
_FOLDER = re.compile(r"^(?:\./)?libs/(?P<lib>\w+)")
_INLINE = re.compile(r"`(pip install [^`]+)`")


def programs(path: Path) -> list[str]:
    """The Python programs of a README, but for those that say why they are not to be run."""
    return [body for kind, body, run in _blocks(path) if kind == "python" and run]


def install_lines(path: Path) -> list[str]:
    """The `pip install` lines of a README: those of its shell blocks, then those in running text."""
    inline = _INLINE.findall(_BLOCK.sub("", _text(path)))
    shell = [line for kind, body, _ in _blocks(path) if kind == "shell" for line in body.splitlines()]
    return [line for line in shell if line.startswith("pip install")] + [" ".join(line.split()) for line in inline]


def installed(path: Path) -> set[str]:
    """What a README installs, with our own distributions by their names, as they are called on an index."""
    words = [word for line in install_lines(path) for word in shlex.split(line, comments=True)[2:] if word != "-e"]
    return {_FOLDER.sub(lambda found: LIBS[found["lib"]], word) for word in words}


def starts_emulator(path: Path) -> bool:
    """Whether a README's shell blocks start the emulator."""
    return any("python -m seacloud_emulator" in body for kind, body, _ in _blocks(path) if kind == "shell")


def imports(path: Path) -> str:
    """All that the programs of a README import, as a program."""
    trees = [ast.walk(ast.parse(program)) for program in programs(path)]
    lines = {ast.unparse(node) for tree in trees for node in tree if isinstance(node, ast.Import | ast.ImportFrom)}
    return "\n".join(sorted(lines))


@contextmanager
def emulator(environment: Environment) -> Iterator[dict[str, str]]:
    """The emulator as the READMEs start it, on a free port, and the variables that it tells one to export."""
    command = [
        environment.python,
        "-m",
        "seacloud_emulator",
        "--port",
        "0",
        "--queue-seconds",
        "0",
        "--run-seconds",
        "0.2",
    ]
    with subprocess.Popen(command, env=environment.variables(), stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            exports = dict(
                re.findall(r"^export (\w+)=(.*)$", "".join(server.stdout.readline() for _ in range(4)), re.MULTILINE)
            )
            yield exports
        finally:
            server.terminate()


def _blocks(path: Path) -> list[tuple[str, str, bool]]:
    found = _BLOCK.finditer(_text(path))
    return [(block["kind"], textwrap.dedent(block["body"]), not block["not_run"]) for block in found]


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
