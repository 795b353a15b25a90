"""What the distributions say they need is what they import: nothing that others happen to bring, and nothing more."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from distributions import LIBS, ROOT, project_of, requirements
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

DISTRIBUTIONS = {**LIBS, "PIL": "pillow", "llama_index": "llama-index-core", "workflows": "llama-index-workflows"}
"""Distributions that are not called as what they are imported by."""

OF_EXTRAS = {("seacloud_emulator", "strict"): "seacloud_emulator/strict/"}
"""Modules that are reached only with an extra: it is enough that the extra brings what they need."""

BROUGHT = {
    "langchain_seacloud": {"langchain"},  # `register()` is for who has it, and says so to who has not
    "seacloud_emulator": {"pytest"},  # it is pytest that loads the plugin
}
"""What only who has it can reach."""

BY_NAME = {"seacloud_emulator": {"anthropic", "openai"}}
"""What is imported through `importlib`: the SDKs whose types the strict check goes by."""

FOR_USERS = {"langchain_seacloud": {"langgraph-checkpoint-sqlite"}}
"""What an extra brings for the user's own program: the README's durable agent keeps its state with it."""

INTERPRETERS = ["3.10", "3.11", "3.12", "3.13"]
"""Those that the tests were run on."""


@dataclass(frozen=True)
class Import:
    """Another distribution that a module imports."""

    distribution: str
    module: str
    with_module: bool
    """Whether it comes with the module, not only when something is called or types are checked."""


@pytest.mark.parametrize("lib", LIBS)
def test_what_a_module_imports_is_declared(lib: str) -> None:
    """As a dependency, or by the extra that the module is for."""
    undeclared = {
        (found.module, found.distribution)
        for found in imports(lib)
        if found.with_module and found.distribution not in within_reach(lib, found.module)
    }
    assert undeclared == set()


@pytest.mark.parametrize("lib", LIBS)
def test_what_is_imported_when_it_is_used_is_declared_too(lib: str) -> None:
    undeclared = {found.distribution for found in imports(lib)} - every(lib) - BROUGHT.get(lib, set())
    assert undeclared == set()


@pytest.mark.parametrize("lib", LIBS)
def test_what_is_declared_is_imported(lib: str) -> None:
    unused = every(lib) - {found.distribution for found in imports(lib)} - set(LIBS.values())
    assert unused == BY_NAME.get(lib, set()) | FOR_USERS.get(lib, set())


@pytest.mark.parametrize("lib", LIBS)
def test_no_release_to_come_is_taken_unseen(lib: str) -> None:
    """httpx 1.0, of which there are pre-releases, is another library. A framework's next major release may be too."""
    open_ended = {need.name for need in requirements(lib) if need.specifier.contains("9999", prereleases=True)}
    assert open_ended <= {"pillow", "rich", "typing-extensions"}  # their numbers promise nothing, or nothing breaks
    httpx = [need for need in requirements(lib) if need.name == "httpx"]
    assert not any(need.specifier.contains("1.0.dev6", prereleases=True) for need in httpx)


@pytest.mark.parametrize("lib", LIBS)
def test_the_interpreters_are_those_that_were_tried(lib: str) -> None:
    project = project_of(lib)
    told = [line.rpartition(" :: ")[2] for line in project["classifiers"] if ":: Python :: 3." in line]
    assert told == INTERPRETERS
    assert project["requires-python"] == f">={INTERPRETERS[0]}"


def imports(lib: str) -> Iterator[Import]:
    home = ROOT / "libs" / lib
    for path in home.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        with_module = {id(node) for node in tree.body}
        for node in ast.walk(tree):
            for top in imported(node) - sys.stdlib_module_names - {lib}:
                name = DISTRIBUTIONS.get(top, canonicalize_name(top))
                yield Import(name, str(path.relative_to(home)), id(node) in with_module)


def imported(node: ast.AST) -> set[str]:
    """The packages that a statement imports, as they are called in programs."""
    if isinstance(node, ast.Import):
        return {alias.name.split(".")[0] for alias in node.names}
    return {node.module.split(".")[0]} if isinstance(node, ast.ImportFrom) and node.module and not node.level else set()


def within_reach(lib: str, module: str) -> set[str]:
    """What is certainly there when a module is imported."""
    needs = list(project_of(lib)["dependencies"])
    for (owner, extra), prefix in OF_EXTRAS.items():
        if owner == lib and module.startswith(prefix):
            needs += project_of(lib)["optional-dependencies"][extra]
    plugin = BROUGHT.get(lib, set()) if module.endswith("/pytest_plugin.py") else set()
    return names(needs) | plugin


def every(lib: str) -> set[str]:
    """All that a distribution declares, extras included."""
    project = project_of(lib)
    return names(project["dependencies"]).union(*map(names, project.get("optional-dependencies", {}).values()))


def names(needs: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(need).name) for need in needs}
