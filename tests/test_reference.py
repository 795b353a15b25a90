"""The API reference shows every public name, and each says what it is: `make docs` renders these pages."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any

import pytest
from documents import DOCS

PACKAGES = ("seacloud_client", "langchain_seacloud", "llamaindex_seacloud", "seacloud_emulator")
DIRECTIVE = re.compile(r"^::: (?P<name>\S+)\n(?P<options>(?:^ +\S.*\n)*)", re.MULTILINE)
NAMES = [f"{package}.{name}" for package in PACKAGES for name in import_module(package).__all__ if name[0] != "_"]


def directives() -> dict[str, list[str] | None]:
    """What the pages show, and which members of it; `None` stands for all."""
    shown: dict[str, list[str] | None] = {}
    for page in sorted((DOCS / "api").glob("*.md")):
        for found in DIRECTIVE.finditer(page.read_text(encoding="utf-8")):
            members = re.search(r"^ +members: \[(.*)\]$", found["options"], re.MULTILINE)
            assert found["name"] not in shown, f"{found['name']} is shown twice"
            shown[found["name"]] = members[1].split(", ") if members else None
    return shown


SHOWN = directives()


def resolved(name: str) -> Any:
    """What a dotted name means: a module, or what is in one."""
    try:
        return import_module(name)
    except ModuleNotFoundError:
        owner, _, last = name.rpartition(".")
        return getattr(import_module(owner), last)


@pytest.mark.parametrize("name", SHOWN)
def test_what_a_page_shows_is_there(name: str) -> None:
    value = resolved(name)
    assert inspect.getdoc(value)
    for member in SHOWN[name] or ():
        assert inspect.getdoc(getattr(value, member)), member


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_is_shown(name: str) -> None:
    value = resolved(name)
    where = f"{value.__module__}.{value.__name__}"
    members = SHOWN.get(value.__module__, [])
    assert name in SHOWN or where in SHOWN or members is None or value.__name__ in members


def public_classes() -> Iterator[Any]:
    for name in dict.fromkeys([*NAMES, *SHOWN]):
        value = resolved(name)
        if inspect.isclass(value):
            yield pytest.param(value, id=name)


@pytest.mark.parametrize("cls", list(public_classes()))
def test_every_field_says_what_it_is(cls: type) -> None:
    ours = [owner for owner in cls.__mro__ if owner.__module__.partition(".")[0] in PACKAGES]
    frameworks = {name for owner in cls.__mro__ if owner not in ours for name in vars(owner).get("__annotations__", ())}
    texts = "\n".join(inspect.getdoc(owner) or "" for owner in ours)
    for owner in ours:
        silent = [name for name in fields_without_a_word(owner) if not re.search(rf"\b{name}\b", texts)]
        assert not set(silent) - frameworks - fields_with_a_word(ours), f"{owner.__module__}.{owner.__name__}"


def fields_with_a_word(owners: list[type]) -> set[str]:
    return {
        name
        for owner in owners
        for name in vars(owner).get("__annotations__", ())
        if name not in fields_without_a_word(owner)
    }


def fields_without_a_word(owner: type) -> list[str]:
    """The public fields of a class, not of those above it, that no docstring follows."""
    node = classes_of(owner.__module__).get(owner.__name__)
    if node is None:
        return []
    followed = [*zip(node.body, [*node.body[1:], None], strict=True)]
    return [
        statement.target.id
        for statement, after in followed
        if isinstance(statement, ast.AnnAssign)
        and isinstance(statement.target, ast.Name)
        and not statement.target.id.startswith("_")
        and "ClassVar" not in ast.unparse(statement.annotation)
        and not (isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant))
    ]


@cache
def classes_of(module: str) -> dict[str, ast.ClassDef]:
    tree = ast.parse(inspect.getsource(import_module(module)))
    return {node.name: node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}


@pytest.mark.parametrize("name", NAMES)
def test_every_argument_says_what_it_is(name: str) -> None:
    value = resolved(name)
    calls = [value, *(member for _, member in inspect.getmembers(value, inspect.isfunction))]
    for call in calls if inspect.isclass(value) else [value]:
        if call.__module__.partition(".")[0] in PACKAGES and not call.__name__.startswith("_"):
            text = inspect.getdoc(call) or ""
            assert text, call
            if "Args:" in text:
                silent = [argument for argument in arguments_of(call) if not re.search(rf"\b{argument}\b", text)]
                assert not silent, call


def arguments_of(call: Any) -> list[str]:
    return [name for name in inspect.signature(call).parameters if name not in {"self", "cls"}]
