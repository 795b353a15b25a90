"""Every Python snippet of the READMEs, the documentation and the docstrings runs, and prints what it says.

Each runs against the emulator as a program of its own, wherever it stands: also within a tab. `await` outside of a
function works, as in a notebook. The tests that it defines are run, with their fixtures. A block of text right behind
it is what it prints; `...` in it stands for anything. A comment `<!-- not run: reason -->` right before a block takes
it out, with the reason.
"""

from __future__ import annotations

import ast
import asyncio
import doctest
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from documents import DOCUMENTS, ROOT, Snippet, blocks_of, examples_of, snippets_of
from seacloud_emulator import Emulator

SNIPPETS = [snippet for path in DOCUMENTS for snippet in snippets_of(path, path.read_text(encoding="utf-8"))]
EXAMPLES = [example for path in sorted((ROOT / "libs").rglob("*.py")) for example in examples_of(path)]

NOT_INSTALLED = {
    "langchain_anthropic": "langchain-anthropic is not among what the tests install",
    "langchain_openai": "langchain-openai is not among what the tests install",
    "llama_index.llms.openai": "llama-index-llms-openai is not among what the tests install",
    "fal_client": "fal-client is not among what the tests install",
}
"""What a snippet may import and is then not run, and the reason that it has to give: there is no other."""


@pytest.fixture
def _nothing_stays() -> Iterator[None]:
    """What a snippet sets for its whole process is as it was before, when it is over."""
    from langchain_seacloud import unregister  # noqa: PLC0415  # most runs of the suite do not come here
    from llama_index.core import Settings  # noqa: PLC0415

    before = dict(vars(Settings))
    yield
    vars(Settings).update(before)
    unregister()


def test_no_block_is_overlooked() -> None:
    assert len({snippet.path for snippet in SNIPPETS}) >= 12
    assert len(EXAMPLES) >= 6
    for path in DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        assert {block.language for block in blocks_of(path, text)} <= {"python", "text", "shell"}, path
        outside = re.sub(r"^ *(`{3,}|~{3,}).*?^ *\1$", "", text, flags=re.DOTALL | re.MULTILINE)
        assert not re.search(r"^ *(>>> |import \w|from [\w.]+ import )|<pre|<code", outside, re.MULTILINE), path


def test_what_is_printed_stands_right_behind_a_program() -> None:
    for path in DOCUMENTS:
        blocks = blocks_of(path, path.read_text(encoding="utf-8"))
        told = [block for block in blocks if block.language == "text"]
        outputs = [snippet for snippet in SNIPPETS if snippet.path == path and snippet.output is not None]
        assert len(told) == len(outputs), f"{path}: some text is said to be printed, and by no program"
        for snippet in outputs:
            assert snippet.reason is None, f"{snippet.name} is not run"
            words = re.findall(r"[^\s.]+", snippet.output or "")
            assert words, f"{snippet.name}: `...` alone says nothing"


def test_what_is_not_run_could_not_be() -> None:
    for snippet in [*SNIPPETS, *EXAMPLES]:
        if snippet.reason is not None:
            imports = {node.module for node in ast.walk(ast.parse(snippet.code)) if isinstance(node, ast.ImportFrom)}
            imports |= {
                alias.name
                for node in ast.walk(ast.parse(snippet.code))
                if isinstance(node, ast.Import)
                for alias in node.names
            }
            assert snippet.reason in {NOT_INSTALLED.get(str(name)) for name in imports}, snippet.name


def test_a_snippet_is_found_in_a_tab_too() -> None:
    text = '=== "Tab"\n\n    ```python\n    if 1:\n        print(2)\n    ```\n\n    ```text\n    2\n    ```\n\nafter\n'
    (snippet,) = snippets_of(ROOT / "x.md", text)
    assert (snippet.code, snippet.output, snippet.line) == ("if 1:\n    print(2)\n", "2\n", 4)


def test_a_reason_is_that_of_the_block_behind_it() -> None:
    text = "<!-- not run: it is long -->\n```python\na\n```\n\n```python\nb\n```\n"
    assert [snippet.reason for snippet in snippets_of(ROOT / "x.md", text)] == ["it is long", None]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_document_points_to_is_there(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)|<img src=\"([^\":]+)\"", text)
    missing = [link for pair in links for link in pair if link and not (path.parent / link).exists()]
    for target, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", text):
        page = path.parent / target if target else path
        if anchor not in anchors_of(page):
            missing.append(f"{target}#{anchor}")
    if path.name == "CONTRIBUTING.md":
        folders = [ROOT, *(ROOT / name for name in ("libs", "tests", "docs"))]
        named = re.findall(r"`([\w/.]+\.(?:py|md|txt|toml))`", text)
        missing += [file for file in named if not any(is_in(folder, file) for folder in folders)]
    assert not missing


def anchors_of(page: Path) -> set[str]:
    """What the headings of a page are called in its address: as MkDocs and GitHub make it."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def is_in(folder: Path, name: str) -> bool:
    return (folder / name).exists() or (folder != ROOT and next(folder.rglob(name), None) is not None)


@pytest.mark.parametrize("snippet", [*SNIPPETS, *EXAMPLES], ids=lambda snippet: snippet.name)
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
    for name, value in run(snippet).items():
        if name.startswith("test_"):
            seacloud_env.reset()
            value(**{fixture: request.getfixturevalue(fixture) for fixture in inspect.signature(value).parameters})
    printed = capsys.readouterr().out
    if snippet.output is not None:
        options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
        assert doctest.OutputChecker().check_output(snippet.output, printed, options), f"it printed\n{printed}"
    elif snippet.path.suffix == ".md":
        assert not printed, f"nothing is said of what it prints:\n{printed}"


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
