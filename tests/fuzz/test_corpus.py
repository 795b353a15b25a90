"""Every kept input, replayed: those that once found a bug, and a small set that takes the paths that fuzzing found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fuzz.targets import CORPUS, TARGETS

FEWEST = 8
"""Inputs of each target, at least: an empty folder would test nothing and say so to nobody."""

LARGEST = 4096
LARGEST_CORPUS = 300_000
"""Bytes of one input, and of all: what is kept is kept small."""

HASH = re.compile(r"[0-9a-f]{16}")


def kept(name: str) -> list[Path]:
    return sorted((CORPUS / name).iterdir()) if (CORPUS / name).is_dir() else []


def alone(name: str) -> list[pytest.MarkDecorator]:
    """What measures long streams is no neighbour for others: under load it takes minutes."""
    return [pytest.mark.heavy] if name == "growth" else []


KEPT = [
    pytest.param(name, path, id=f"{name}-{path.name}", marks=alone(name)) for name in TARGETS for path in kept(name)
]


@pytest.mark.parametrize(("name", "path"), KEPT)
def test_a_kept_input(name: str, path: Path):
    TARGETS[name].check(path.read_bytes())


def test_each_target_has_inputs():
    assert {name: len(kept(name)) for name in TARGETS if len(kept(name)) < FEWEST} == {}
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)


def test_what_found_bugs_is_kept():
    """Such an input has a name that says what it showed; the others are named by their hashes."""
    named = [path.name for name in TARGETS for path in kept(name) if not HASH.fullmatch(path.name)]
    assert len(named) >= 20


def test_what_is_kept_is_small():
    sizes = [path.stat().st_size for name in TARGETS for path in kept(name)]
    assert max(sizes) <= LARGEST
    assert sum(sizes) <= LARGEST_CORPUS


@pytest.mark.parametrize("name", [pytest.param(name, marks=alone(name)) for name in TARGETS])
def test_the_seeds(name: str):
    """What fuzzing begins with is fine, too; of many, some."""
    seeds = list(TARGETS[name].seeds())
    assert seeds
    for data in seeds[:: len(seeds) // 12 + 1]:
        TARGETS[name].check(data)
