"""What the documents hold: their fenced blocks, the programs among these, and their tables."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
DOCUMENTS = tuple(
    path
    for pattern in ("*.md", "libs/*/README.md", "examples/*/README.md", "docs/**/*.md")
    for path in sorted(ROOT.glob(pattern))
)

_FENCE = re.compile(r"^(?P<indent> *)(?P<fence>`{3,}|~{3,})(?P<language>[^\n]*)$")
_NOT_RUN = re.compile(r"<!-- not run: (?P<reason>.+?) -->")


@dataclass(frozen=True)
class Block:
    """A fenced block of a document. `between` is what stands between it and the block before it."""

    path: Path
    line: int
    language: str
    text: str
    between: str

    @property
    def name(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}"


@dataclass(frozen=True)
class Snippet:
    """A program of a document, what it is said to print, and why it is not run, if it is not."""

    path: Path
    line: int
    code: str
    output: str | None = None
    reason: str | None = None

    @property
    def name(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}"


def blocks_of(path: Path, text: str) -> list[Block]:
    """The fenced blocks of a document, wherever they stand: also within a tab."""
    blocks: list[Block] = []
    between: list[str] = []
    lines = enumerate(text.splitlines(), start=1)
    for number, line in lines:
        opening = _FENCE.match(line)
        if opening is None:
            between.append(line)
            continue
        body: list[str] = []
        for _, inner in lines:
            if inner.strip() == opening["fence"]:
                break
            body.append(inner)
        else:
            raise ValueError(f"{path}:{number}: the block is not closed")
        code = textwrap.dedent("".join(f"{line}\n" for line in body))
        blocks.append(Block(path, number + 1, opening["language"].strip(), code, "\n".join(between)))
        between = []
    return blocks


def snippets_of(path: Path, text: str) -> list[Snippet]:
    """The programs of a document: its blocks of Python, each with the block of text right behind it, if any."""
    blocks = blocks_of(path, text)
    return [
        Snippet(
            path,
            line=block.line,
            code=block.text,
            output=after.text if after and after.language == "text" and not after.between.strip() else None,
            reason=reason_of(block),
        )
        for block, after in zip_longest(blocks, blocks[1:])
        if block.language == "python"
    ]


def reason_of(block: Block) -> str | None:
    """Why a block is not run: what a comment right before it says."""
    last = block.between.strip().rpartition("\n")[2].strip()
    found = _NOT_RUN.fullmatch(last)
    return found["reason"] if found else None


def examples_of(path: Path) -> Iterator[Snippet]:
    """The programs in the docstrings of a module, which the API reference shows."""
    source = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                for snippet in snippets_of(path, str(first.value.value)):
                    yield Snippet(path, first.lineno + snippet.line - 1, snippet.code, snippet.output, snippet.reason)


def tables_of(path: Path) -> list[list[list[str]]]:
    """The tables of a document: rows of cells, of which the first is the head."""
    tables: list[list[list[str]]] = [[]]
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("|"):
            tables[-1].append([cell.strip() for cell in line.strip().strip("|").split("|")])
        elif tables[-1]:
            tables.append([])
    return [[table[0], *table[2:]] for table in tables if table]


def named_in(cell: str) -> list[str]:
    """What is named in a cell, as code."""
    return re.findall(r"`([^`]+)`", cell)
