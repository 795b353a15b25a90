"""The notebooks run, and the stored ones show the same. Their environment is that of `examples/notebooks/build.py`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "examples" / "notebooks"
NAMES = ("illustrated_story", "folder_with_pictures")
PYTHONS = (ROOT / ".venv-notebooks" / "bin" / "python", Path(sys.executable))
NEEDED = "import ipykernel, langchain_seacloud, llamaindex_seacloud, nbclient, nbformat, seacloud_emulator"


@pytest.mark.long
@pytest.mark.timeout(600)
def test_the_notebooks_run_and_show_what_is_stored() -> None:
    able = [python for python in PYTHONS if python.exists() and run(python, "-c", NEEDED).returncode == 0]
    if not able:
        pytest.skip("nbclient is not installed: `make long` makes an environment that has it")
    done = run(able[0], NOTEBOOKS / "build.py", "--check")
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    assert all(f"{name}.ipynb: " in done.stdout for name in NAMES)


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", NAMES)
def test_a_stored_notebook_shows_all_that_it_made(name: str) -> None:
    notebook = json.loads((NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8"))
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", ())]
    assert not [output for output in outputs if output["output_type"] == "error"]
    html = "".join("".join(output.get("data", {}).get("text/html", "")) for output in outputs)
    pictures = [output for output in outputs if any(kind.startswith("image/") for kind in output.get("data", {}))]
    assert pictures
    assert "127.0.0.1" not in html, "what it shows would be gone with the emulator"
    if name == "illustrated_story":
        assert len(pictures) == 3
        assert '<audio src="data:audio/' in html
        assert '<video src="data:video/' in html
