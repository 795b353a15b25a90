"""Builds the wheels and sdists, looks into them, and installs them: what comes along, and what works then.

Run by `make wheels`, with hatchling and twine in the interpreter's environment. It reads the packages' own metadata.
"""

from __future__ import annotations

import email
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from distributions import LIBS, PINS, ROOT, build, build_one, copied, merged, version_of
from environments import Environment
from licences import not_permissive

SDKS = frozenset({"openai", "anthropic", "seacloudai-sdk"})
"""Vendors' SDKs: never a dependency at run time."""

LANGCHAIN = frozenset({"langchain", "langchain-core", "langgraph", "langchain-seacloud"})
LLAMAINDEX = frozenset({"llama-index-core", "llama-index-llms-seacloud"})
CLIENT = frozenset({"seacloud-client"})
EMULATOR = frozenset({"seacloud-emulator"})

NAMESPACES = frozenset({"llama_index/__init__.py", "llama_index/llms/__init__.py", "llama_index/tools/__init__.py"})
"""Files that would shut other distributions out of `llama_index`."""


@dataclass(frozen=True)
class Case:
    """An empty environment: what is installed, what must not come with it, and a program that must then work."""

    names: tuple[str, ...]
    unwanted: frozenset[str]
    program: str
    instead: Path | None = None
    """Pins that differ from the usual ones."""


CASES = (
    Case(
        ("seacloud-client",),
        LANGCHAIN | LLAMAINDEX | EMULATOR | SDKS,
        "from seacloud_client import Chat, Queue; Chat('m'); Queue()",
    ),
    Case(
        ("seacloud-client[fast,progress]",),
        LANGCHAIN | LLAMAINDEX | EMULATOR | SDKS,
        "import httpx_aiohttp, rich; from seacloud_client import Chat; Chat('m', transport='aiohttp')",
    ),
    Case(
        ("langchain-seacloud",),
        LLAMAINDEX | EMULATOR | SDKS | {"langchain", "langgraph"},
        "from langchain_seacloud import ChatSeaCloud, SeaCloudGenerationTool, SeaCloudToolkit; ChatSeaCloud(model='m');"
        "SeaCloudGenerationTool(model='nano_banana_2'); SeaCloudToolkit",
    ),
    Case(
        ("llama-index-llms-seacloud",),
        LANGCHAIN | EMULATOR | SDKS,
        "from llamaindex_seacloud import SeaCloud, SeaCloudToolSpec; SeaCloud(model='m');"
        "SeaCloudToolSpec(model='nano_banana_2').to_tool_list();"
        "import llama_index.llms.seacloud as l, llama_index.tools.seacloud as t;"
        "assert (l.SeaCloud, t.SeaCloudToolSpec) == (SeaCloud, SeaCloudToolSpec)",
    ),
    Case(
        ("seacloud-emulator",),
        LANGCHAIN | LLAMAINDEX | CLIENT | SDKS,
        "from seacloud_emulator import Emulator\nwith Emulator() as emulator: print(emulator.url)",
    ),
    Case(
        tuple(LIBS.values()),
        SDKS,
        "from seacloud_emulator import Emulator; from seacloud_client import Chat\n"
        "from langchain_seacloud import ChatSeaCloud; from llamaindex_seacloud import SeaCloud\n"
        "with Emulator() as emulator:\n"
        "    there = {'base_url': f'{emulator.url}/llm', 'api_key': 'k'}\n"
        "    assert Chat('gpt-4.1', **there).reply('Hello').text\n"
        "    assert ChatSeaCloud(model='gpt-4.1', **there).invoke('Hello').text\n"
        "    assert SeaCloud(model='gpt-4.1', **there).complete('Hello').text",
    ),
    Case(
        ("llama-index-llms-seacloud", "llama-index-llms-openai"),
        LANGCHAIN | EMULATOR,
        "from llama_index.llms.openai import OpenAI; from llama_index.llms.seacloud import SeaCloud;"
        "OpenAI(model='gpt-4.1', api_key='k'); SeaCloud(model='gpt-4.1')",
        instead=ROOT / "tests" / "packaging" / "beside.txt",
    ),
)


def main() -> None:
    """Runs everything; the first that fails ends the program with its reason."""
    with tempfile.TemporaryDirectory() as scratch:
        files = build(Path(scratch) / "dist")
        check_same(files, build(Path(scratch) / "again", copied(Path(scratch) / "copy")), "built elsewhere")
        check_same(wheels_of(files), rebuilt(files, Path(scratch)), "built from the sdists")
        check_files(files)
        check_metadata(files)
        for number, case in enumerate(CASES):
            check_install(Path(scratch) / f"venv{number}", files[0].parent, case)


def check_same(files: Iterable[Path], again: Iterable[Path], how: str) -> None:
    """What was built in another way is the same, byte for byte."""
    different = [one.name for one, other in zip(files, again, strict=True) if one.read_bytes() != other.read_bytes()]
    if different:
        sys.exit(f"not the same when {how}: {', '.join(different)}")
    print(f"{how}: the same bytes")


def wheels_of(files: Iterable[Path]) -> list[Path]:
    """The wheels among what was built."""
    return [file for file in files if file.name.endswith(WHEEL)]


def rebuilt(files: Iterable[Path], scratch: Path) -> list[Path]:
    """The wheels that the sdists give, as those build who do not take our wheels."""
    for sdist in (file for file in files if file.name.endswith(SDIST)):
        with tarfile.open(sdist) as archive:
            archive.extractall(scratch / "unpacked", filter="data")
        build_one(scratch / "unpacked" / sdist.name.removesuffix(SDIST), scratch / "rebuilt", "wheel")
    return sorted((scratch / "rebuilt").iterdir())


def check_files(files: list[Path]) -> None:
    """Each distribution's wheel and sdist hold all of its sources, the licence and `py.typed`, and nothing else."""
    for lib, name in LIBS.items():
        stem = f"{name.replace('-', '_')}-{version_of(lib)}"
        wheel, sdist = (next((file for file in files if file.name == stem + end), None) for end in (WHEEL, SDIST))
        if not wheel or not sdist:
            sys.exit(f"{name}: no {stem} among {[file.name for file in files]}")
        if strange := [path for path in sources_of(lib) if not path.endswith((".py", "/py.typed"))]:
            sys.exit(f"{name}: neither a module nor a marker of types: {', '.join(sorted(strange))}")
        check_wheel(lib, wheel, stem)
        check_sdist(lib, sdist, stem)
    if len(files) != 2 * len(LIBS):
        sys.exit(f"built something else too: {[file.name for file in files]}")


WHEEL = "-py3-none-any.whl"
SDIST = ".tar.gz"


def sources_of(lib: str) -> set[str]:
    """The files of a distribution's packages in the checkout, relative to its folder."""
    home = ROOT / "libs" / lib
    found = {path.relative_to(home) for package in (lib, "llama_index") for path in (home / package).rglob("*")}
    return {str(path) for path in found if (home / path).is_file() and "__pycache__" not in path.parts}


def check_wheel(lib: str, wheel: Path, stem: str) -> None:
    """What must be in a wheel, and that nothing else is."""
    info = f"{stem}.dist-info"
    metadata = {f"{info}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "licenses/LICENSE")}
    names = set(zipfile.ZipFile(wheel).namelist()) - {f"{info}/entry_points.txt"}
    check_names(wheel, names, sources_of(lib) | metadata)
    if f"{lib}/py.typed" not in names:
        sys.exit(f"{wheel.name}: no py.typed")
    if names & NAMESPACES:
        sys.exit(f"{wheel.name}: shuts others out of llama_index by {sorted(names & NAMESPACES)}")


def check_sdist(lib: str, sdist: Path, stem: str) -> None:
    """The same of an sdist: it must be enough to build the wheel from."""
    with tarfile.open(sdist) as archive:
        names = {member.name.removeprefix(f"{stem}/") for member in archive.getmembers()}
    # hatchling adds the ignore file that it went by
    expected = sources_of(lib) | {"LICENSE", "README.md", "pyproject.toml", "PKG-INFO"}
    check_names(sdist, names - {".gitignore"}, expected)


def check_names(file: Path, names: set[str], expected: set[str]) -> None:
    """Ends the program if files are missing or not ours."""
    if names != expected:
        sys.exit(f"{file.name}: strays {sorted(names - expected)}, missing {sorted(expected - names)}")
    print(f"{file.name}: {len(names)} files")


def check_metadata(files: list[Path]) -> None:
    """Twine finds nothing to say of them, and what a page of an index would show is there."""
    command = [sys.executable, "-m", "twine", "--no-color", "check", "--strict", *files]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    for wheel in wheels_of(files):
        archive = zipfile.ZipFile(wheel)
        (name,) = (name for name in archive.namelist() if name.endswith("/METADATA"))
        said = email.message_from_bytes(archive.read(name))
        lacking = [
            field for field in ("Summary", "License-Expression", "Requires-Python", "Keywords") if not said[field]
        ]
        if lacking:
            sys.exit(f"{wheel.name}: its metadata lack {', '.join(lacking)}")
    print(f"twine has nothing to say of {len(files)} files")


def check_install(home: Path, wheels: Path, case: Case) -> None:
    """Installs distributions into an empty environment, looks at what came along, and runs a program there."""
    environment = Environment(home, merged(PINS, case.instead, home.with_suffix(".txt")) if case.instead else PINS)
    environment.install("--find-links", wheels, *case.names)
    strangers = case.unwanted & environment.installed().keys()
    if strangers:
        sys.exit(f"installing {' '.join(case.names)} brought in {', '.join(sorted(strangers))}")
    if refused := not_permissive(environment):
        sys.exit(f"installing {' '.join(case.names)} brought in licences that are not taken: {refused}")
    environment.check()
    environment.run("-W", "error", "-c", case.program)
    print(f"{' '.join(case.names)}: works with {len(environment.installed())} distributions")


if __name__ == "__main__":
    main()
