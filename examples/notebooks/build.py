"""Makes the notebooks out of the programs beside this one, with what they showed when run against the emulator.

    make .venv-notebooks/.ready
    .venv-notebooks/bin/python examples/notebooks/build.py           # writes them
    .venv-notebooks/bin/python examples/notebooks/build.py --check   # says whether the stored ones show the same

A program's docstring is the first cell, its first line the title; `# %%` begins a cell, `# %% [markdown]` one of text.
"""

from __future__ import annotations

import argparse
import ast
import base64
import os
import re
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from seacloud_emulator import Emulator

HERE = Path(__file__).parent
PROGRAMS = ("illustrated_story", "folder_with_pictures")
SECONDS = 180
"""How long a cell may take."""

_CELL = re.compile(r"^# %%(?P<kind> \[markdown\])?\n", re.MULTILINE)
_FILE = re.compile(r"http://127\.0\.0\.1:\d+/files/[\w./-]+")


def main() -> int:
    """Builds or checks all of them."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing, and compare with what is stored")
    check = parser.parse_args().check
    wrong = []
    for name in PROGRAMS:
        path = HERE / f"{name}.ipynb"
        notebook = run(notebook_of((HERE / f"{name}.py").read_text(encoding="utf-8")))
        if not check:
            nbformat.write(notebook, path)
        elif shown(nbformat.read(path, as_version=4)) != shown(notebook):
            wrong.append(path.name)
        print(f"{path.name}: {len(notebook.cells)} cells, {len(outputs_of(notebook))} outputs")
    if wrong:
        print(f"The stored {' and '.join(wrong)} shows something else: run this program without --check.")
    return len(wrong)


def notebook_of(program: str) -> Any:
    """A program as a notebook that has not been run."""
    title, _, text = (ast.get_docstring(ast.parse(program)) or "").partition("\n")
    kinds_and_texts = _CELL.split(program)[1:]
    cells = [nbformat.v4.new_markdown_cell(f"# {title.rstrip('.')}\n{text}", id="cell-0")]
    for number, (kind, text) in enumerate(zip(kinds_and_texts[::2], kinds_and_texts[1::2], strict=True), start=1):
        source = text.strip("\n")
        if kind:
            source = "\n".join(line.removeprefix("#").removeprefix(" ") for line in source.splitlines())
        new = nbformat.v4.new_markdown_cell if kind else nbformat.v4.new_code_cell
        cells.append(new(source, id=f"cell-{number}"))
    return nbformat.v4.new_notebook(cells=cells)


def run(notebook: Any) -> Any:
    """Runs it against an emulator of its own, in an empty directory, and keeps what would be gone with the emulator."""
    with Emulator(queue_seconds=0.1, run_seconds=0.3) as emulator, tempfile.TemporaryDirectory() as directory:
        os.environ.update(SEACLOUD_BASE_URL=emulator.url, SEACLOUD_API_KEY="sk-emulator")
        resources = {"metadata": {"path": directory}}
        NotebookClient(
            notebook, timeout=SECONDS, kernel_name="python3", resources=resources, coalesce_streams=True
        ).execute()
        for output in outputs_of(notebook):
            embed(output)
    notebook.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    for cell in notebook.cells:
        cell.metadata = {}
    return notebook


def outputs_of(notebook: Any) -> list[Any]:
    return [output for cell in notebook.cells for output in cell.get("outputs", ())]


def embed(output: Any) -> None:
    """Puts the emulator's files into what was shown, and takes its address out of what was written."""
    data = output.get("data", {})
    if "text/html" in data:
        data["text/html"] = _FILE.sub(lambda found: data_url(found[0]), data["text/html"])
    for holder, key in ((data, "text/plain"), (output, "text")):
        if key in holder:
            holder[key] = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1", re.sub(r"mmsu_\w+", "mmsu_...", holder[key]))


def data_url(url: str) -> str:
    """A file of the emulator's, as an address that holds it."""
    with urllib.request.urlopen(url) as answer:  # noqa: S310  # the emulator's own, on the loopback
        return f"data:{answer.headers['Content-Type']};base64,{base64.b64encode(answer.read()).decode()}"


def shown(notebook: Any) -> list[Any]:
    """What it holds and shows, without what may be different each time."""
    return [
        (cell.cell_type, cell.source, [signature(output) for output in cell.get("outputs", ())])
        for cell in notebook.cells
    ]


def signature(output: Any) -> Any:
    data = output.get("data", {})
    return output.output_type, sorted(data), output.get("text"), data.get("text/markdown"), data.get("text/html")


if __name__ == "__main__":
    sys.exit(main())
