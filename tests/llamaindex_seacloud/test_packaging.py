"""What the wheel holds, and what its metadata tell LlamaHub."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import llama_index.llms.seacloud
import llama_index.tools.seacloud
import llamaindex_seacloud
import pytest

HOME = Path(__file__).parents[2] / "libs" / "llamaindex_seacloud"

BUILD = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(  # our own program
        [sys.executable, "-c", BUILD, str(folder)],
        cwd=HOME,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    return zipfile.ZipFile(folder / built.stdout.strip())


def test_namespaces_are_left_open(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    assert not {"llama_index/__init__.py", "llama_index/llms/__init__.py", "llama_index/tools/__init__.py"} & set(names)
    assert sorted(name for name in names if name.startswith("llama_index/")) == [
        "llama_index/llms/seacloud/__init__.py",
        "llama_index/llms/seacloud/py.typed",
        "llama_index/tools/seacloud/__init__.py",
        "llama_index/tools/seacloud/py.typed",
    ]


def test_everything_that_is_there_is_in_it(wheel: zipfile.ZipFile) -> None:
    sources = {str(path.relative_to(HOME)) for path in HOME.glob("llamaindex_seacloud/**/*.py")}
    assert sources <= set(wheel.namelist())
    assert "llamaindex_seacloud/py.typed" in wheel.namelist()
    assert not [name for name in wheel.namelist() if name.startswith("tests") or name.endswith(".pyc")]


def test_metadata(wheel: zipfile.ZipFile) -> None:
    metadata = next(name for name in wheel.namelist() if name.endswith("METADATA"))
    said = wheel.read(metadata).decode()
    assert "Name: llama-index-llms-seacloud\n" in said
    lines = [line for line in said.splitlines() if line.startswith("Requires-Dist") and "extra" not in line]
    required = {line.split(": ")[1] for line in lines}
    assert {name.split("<")[0].split(">")[0] for name in required} == {
        "httpx",
        "llama-index-core",
        "pydantic",
        "pydantic-core",
        "seacloud-client",
        "typing-extensions",
    }


def test_llamahub() -> None:
    said = (HOME / "pyproject.toml").read_text()
    assert "[tool.llamahub]" in said
    assert 'import_path = "llama_index.llms.seacloud"' in said
    assert 'SeaCloud = "seacloud"' in said


def test_both_names_are_the_same() -> None:
    assert llama_index.llms.seacloud.SeaCloud is llamaindex_seacloud.SeaCloud
    assert llama_index.tools.seacloud.SeaCloudToolSpec is llamaindex_seacloud.SeaCloudToolSpec
    assert {"SeaCloud", "SeaCloudToolSpec"} <= set(llamaindex_seacloud.__all__) <= set(dir(llamaindex_seacloud))
    with pytest.raises(AttributeError, match="Nothing"):
        _ = llamaindex_seacloud.Nothing
