"""One version for all four distributions, written in one place of each, and told by the changelog."""

from __future__ import annotations

import importlib
import importlib.metadata
import re

import pytest
from distributions import LIBS, ROOT, lower_bounds, released, requirements, version_of


def test_all_are_of_one_version() -> None:
    assert len({version_of(lib) for lib in LIBS}) == 1


@pytest.mark.parametrize("lib", LIBS)
def test_package_and_metadata_tell_the_same(lib: str) -> None:
    assert importlib.import_module(lib).__version__ == version_of(lib)
    assert importlib.metadata.version(LIBS[lib]) == version_of(lib)


@pytest.mark.parametrize("lib", LIBS)
def test_version_is_written_once(lib: str) -> None:
    """In `_version.py`; no other source says it, and the metadata read it from there."""
    home = ROOT / "libs" / lib
    told = re.compile(r"\b" + re.escape(version_of(lib)) + r"\b(?!\.)")
    sources = [path for path in home.rglob("*.py") if told.search(path.read_text(encoding="utf-8"))]
    assert sources == [home / lib / "_version.py"]
    project = (home / "pyproject.toml").read_text(encoding="utf-8")
    assert 'dynamic = ["version"]' in project
    assert f'path = "{lib}/_version.py"' in project


@pytest.mark.parametrize("lib", ["langchain_seacloud", "llamaindex_seacloud"])
def test_adapters_ask_for_the_client_of_their_version(lib: str) -> None:
    """Nothing promises that a client of another minor version fits: until 1.0 that is where changes that break go."""
    major, minor, _ = version_of(lib).split(".")
    project = (ROOT / "libs" / lib / "pyproject.toml").read_text(encoding="utf-8")
    assert f'"seacloud-client>={version_of(lib)},<{major}.{int(minor) + 1}"' in project


def test_changelog_begins_with_it() -> None:
    version, _ = released()
    assert version == version_of("seacloud_client")


@pytest.mark.parametrize("lib", LIBS)
def test_every_requirement_has_a_lower_bound(lib: str) -> None:
    """`make lowest` installs it: a requirement without one promises what nobody has tried."""
    assert {need.name for need in requirements(lib)} == set(lower_bounds(lib))
    assert len(lower_bounds(lib)) >= 3


def test_pins_are_plain() -> None:
    """Nothing but `name==version`: no index, no address, no option."""
    for path in (*ROOT.glob("constraints*.txt"), *(ROOT / "tests" / "packaging").glob("*.txt")):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line), f"{path.name}: {line}"
