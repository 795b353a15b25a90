"""Names that strangers give: none leaves its directory, none is special, none overwrites."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seacloud_client.file_names import give_name, safe_stem


@pytest.mark.parametrize(
    ("name", "url", "stem", "ending"),
    [
        ("0.png", None, "0", ".png"),
        ("../../etc/passwd", None, "passwd", ""),
        ("..\\..\\boot.ini", None, "boot", ".ini"),
        ("C:\\x\\cat.png", None, "cat", ".png"),
        ("/", None, "output", ""),
        ("..", None, "output", ""),
        (".bashrc", None, "bashrc", ""),
        ("con.png", None, "_con", ".png"),
        ("LPT1", None, "_LPT1", ""),
        ("LPT1 .tar.gz", None, "_LPT1 .tar", ".gz"),
        ("~root.png", None, "root", ".png"),
        ("a\u2028b.png", None, "a_b", ".png"),
        ("nul.tar.gz", None, "_nul.tar", ".gz"),
        ("a:b|c?.png", None, "a_b_c_", ".png"),
        ("a\x00b\n.png", None, "a_b_", ".png"),
        ("cat\u202egnp.exe", None, "cat_gnp", ".exe"),
        ("\ud83d.png", None, "output", ".png"),
        ("Katze über See.png", None, "Katze über See", ".png"),
        ("猫.png", None, "猫", ".png"),
        ("name. . .", None, "name", "."),
        ("", "https://c.test/a/b/cat.png?sig=1#x", "cat", ".png"),
        (None, "https://c.test/a%2F..%2F..%2Fcat.png", "cat", ".png"),
        (None, "https://c.test/", "output", ""),
        (None, "data:image/png;base64,AA", "output", ""),
        (None, "DATA:image/png;base64,AA", "output", ""),
        (None, None, "output", ""),
    ],
)
def test_names(name, url, stem, ending):
    assert safe_stem(name, url)[0] == stem
    assert safe_stem(name, url)[1] == ending or ending == "."


@given(st.text(max_size=400), st.text(max_size=100))
def test_no_name_leaves_its_directory(name, url):
    stem, _ = safe_stem(name, url)
    assert 0 < len(stem.encode()) <= 121
    assert Path(f"{stem}.bin").name == f"{stem}.bin"
    assert PureWindowsPath(f"{stem}.bin").name == f"{stem}.bin"
    if sys.version_info < (3, 13):  # deprecated since
        assert not PureWindowsPath(f"{stem}.bin").is_reserved()
    assert not stem.startswith(".")


@pytest.fixture(params=["with links", "without links"])
def link(request, monkeypatch):
    """Some file systems have no hard links, FAT for one."""

    def refuse(*_):
        raise OSError(errno.EPERM, "Operation not permitted")

    if request.param == "without links":
        monkeypatch.setattr(os, "link", refuse)


def part(directory):
    path = directory / ".one.part"
    path.write_text("whole")
    return path


@pytest.mark.usefixtures("link")
def test_a_name_is_given_once(tmp_path):
    paths = [give_name(part(tmp_path), "cat", ".png") for _ in range(3)]
    assert [path.name for path in paths] == ["cat.png", "cat-2.png", "cat-3.png"]
    assert {path.read_text() for path in paths} == {"whole"}
    assert set(tmp_path.iterdir()) == set(paths)


@pytest.mark.parametrize("name", ["link", "replace"])
def test_an_interruption_leaves_no_empty_file(tmp_path, monkeypatch, name):
    def interrupted(*_):
        raise KeyboardInterrupt

    if name == "replace":
        monkeypatch.delattr(os, "link")
    monkeypatch.setattr(os, name, interrupted)
    file = part(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        give_name(file, "cat", ".png")
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_is_whole_as_soon_as_it_has_its_name(tmp_path, monkeypatch):
    """A program may end at any time: what it leaves under the final name is the file."""
    seen = []
    unlink = Path.unlink
    monkeypatch.setattr(Path, "unlink", lambda path: seen.append((tmp_path / "cat.png").read_text()) or unlink(path))
    give_name(part(tmp_path), "cat", ".png")
    assert seen == ["whole"]
