"""Every Python snippet of the READMEs and the documentation runs, against the emulator, and prints what it says.

A block of Python runs as a program of its own, wherever it stands: also within a tab. `await` outside of a function
works, as in a notebook. The tests that it defines are run, with their fixtures. A block of text right behind it is what
it prints; `...` in it stands for anything. A comment `<!-- not run: reason -->` right before a block takes it out, with
the reason.
"""

from __future__ import annotations

import ast
import asyncio
import doctest
import inspect
import re
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import seacloud_client.errors
from seacloud_emulator import Emulator

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = tuple(
    path for pattern in ("*.md", "libs/*/README.md", "docs/**/*.md") for path in sorted(ROOT.glob(pattern))
)

_BLOCK = re.compile(
    r"(?:^ *<!-- not run: (?P<reason>[^>]+) -->\n)?"
    r"^(?P<indent> *)```python[^\n]*\n(?P<code>.*?)^(?P=indent)```\n"
    r"(?:\n*(?P=indent)```text[^\n]*\n(?P<output>.*?)^(?P=indent)```$)?",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Snippet:
    """A block of Python in a document."""

    path: Path
    line: int
    code: str
    output: str | None
    reason: str | None

    @property
    def name(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}"


def snippets_of(path: Path, text: str) -> list[Snippet]:
    return [
        Snippet(
            path,
            line=text.count("\n", 0, block.start("code")) + 1,
            code=textwrap.dedent(block["code"]),
            output=block["output"] and textwrap.dedent(block["output"]),
            reason=block["reason"],
        )
        for block in _BLOCK.finditer(text)
    ]


SNIPPETS = [snippet for path in DOCUMENTS for snippet in snippets_of(path, path.read_text(encoding="utf-8"))]


@pytest.fixture
def _nothing_stays() -> Iterator[None]:
    """What a snippet sets for its whole process is as it was before, when it is over."""
    from langchain_seacloud import unregister  # noqa: PLC0415  # most runs of the suite do not come here
    from llama_index.core import Settings  # noqa: PLC0415

    before = dict(vars(Settings))
    yield
    vars(Settings).update(before)
    unregister()


def test_no_block_of_python_is_overlooked() -> None:
    assert len({snippet.path for snippet in SNIPPETS}) >= 12
    for path in DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        assert len(snippets_of(path, text)) == len(re.findall(r"^ *```python", text, re.MULTILINE)), path


def test_a_snippet_is_found_in_a_tab_too() -> None:
    text = '=== "Tab"\n\n    ```python\n    if 1:\n        print(2)\n    ```\n\n    ```text\n    2\n    ```\n\nafter\n'
    (snippet,) = snippets_of(ROOT / "x.md", text)
    assert (snippet.code, snippet.output, snippet.line) == ("if 1:\n    print(2)\n", "2\n", 4)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_document_points_to_is_there(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)|<img src=\"([^\":]+)\"", text)
    missing = [link for pair in links for link in pair if link and not (path.parent / link).exists()]
    if path.name == "CONTRIBUTING.md":
        folders = [ROOT, *(ROOT / name for name in ("libs", "tests", "docs"))]
        named = re.findall(r"`([\w/.]+\.(?:py|md|txt|toml))`", text)
        missing += [file for file in named if not any(is_in(folder, file) for folder in folders)]
    assert not missing


def is_in(folder: Path, name: str) -> bool:
    return (folder / name).exists() or (folder != ROOT and next(folder.rglob(name), None) is not None)


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda snippet: snippet.name)
@pytest.mark.usefixtures("_nothing_stays")
@pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning")  # LlamaIndex's workflows cause it
def test_snippet_runs(
    snippet: Snippet,
    *,
    request: pytest.FixtureRequest,
    seacloud_env: Emulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if snippet.reason:
        pytest.skip(snippet.reason)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEACLOUD_CONTRACTS_URL", f"{seacloud_env.url}/contracts")
    for name, value in run(snippet).items():
        if name.startswith("test_"):
            seacloud_env.reset()
            value(**{fixture: request.getfixturevalue(fixture) for fixture in inspect.signature(value).parameters})
    if snippet.output is not None:
        printed = capsys.readouterr().out
        options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        assert doctest.OutputChecker().check_output(snippet.output, printed, options), f"it printed\n{printed}"


def run(snippet: Snippet) -> dict[str, Any]:
    """Runs it as a program, as `python snippet.py` or a notebook would, and gives what it defined."""
    # As many lines before it as in the document: a traceback then names the document's line.
    source = "\n" * (snippet.line - 1) + snippet.code
    program = compile(source, str(snippet.path), "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    # pydantic and typing look a class's module up by its name; what they are to find there is the program's own.
    main = type(sys)("__main__")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "__main__", main)
        if program.co_flags & inspect.CO_COROUTINE:
            asyncio.run(eval(program, vars(main)))  # noqa: S307  # our own documents
        else:
            exec(program, vars(main))  # noqa: S102  # our own documents
    return dict(vars(main))


def test_every_error_has_its_row() -> None:
    text = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    told = {row[0].replace("&nbsp;", "").strip("` "): row[1:] for row in rows}
    named = {name for name in told if name in seacloud_client.errors.__all__}
    assert named == set(seacloud_client.errors.__all__)
    for name in named:
        cause, remedy = told[name]
        assert len(cause) > 10, name
        assert len(remedy) > 10, name
