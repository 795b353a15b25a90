"""What happens where a disk is full, a folder goes away, or an address is none: no file stays, and it is said."""

from __future__ import annotations

import errno
import io
import os
import time
from pathlib import Path
from typing import Any

import pytest
from seacloud_client.errors import DownloadError
from seacloud_client.file_names import safe_stem
from seacloud_client.sinks import FileSink


class FullDisk:
    """A file on a disk without room."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def write(self, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


class FullDiskBehindABuffer(io.RawIOBase):
    """The same, as it is: what is written stays in Python's buffer, until that is full or the file is closed."""

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return offset

    def write(self, data: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def opened(folder: Path) -> FileSink:
    sink = FileSink(None, max_bytes=200).open(folder)
    sink.begin(None)
    return sink


def test_a_full_disk(tmp_path: Path) -> None:
    with opened(tmp_path) as sink:
        sink._file = FullDisk(sink._file)  # type: ignore[assignment]  # all that is used of it is there
        with pytest.raises(DownloadError, match=r"cannot be saved: No space left on device\. Nothing was kept"):
            sink.feed(b"data")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("what", ["more", "anew", "keep", "discard"])
def test_a_full_disk_that_is_noticed_late(tmp_path: Path, what: str) -> None:
    with opened(tmp_path) as sink:
        sink._opened.close()
        sink._file = io.BufferedWriter(FullDiskBehindABuffer(), 100)
        sink.feed(b"a" * 60)
        steps = {
            "more": lambda: sink.feed(b"b" * 50),
            "anew": lambda: sink.begin(None),
            "keep": lambda: sink.keep("picture", ".png"),
        }
        if what in steps:
            with pytest.raises(DownloadError, match=r"cannot be saved.*: No space left on device"):
                steps[what]()
    assert list(tmp_path.iterdir()) == []


def test_the_last_step_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name that was taken for the file is given up with it."""

    def refuse(*_: Any) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    with opened(tmp_path) as sink:
        sink.feed(b"data")
        monkeypatch.setattr(os, "link", refuse)
        monkeypatch.setattr(os, "replace", refuse)
        with pytest.raises(DownloadError, match=r"cannot be saved in .*: Operation not permitted"):
            sink.keep("picture", ".png")
    assert list(tmp_path.iterdir()) == []


def test_the_folder_is_gone(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    with opened(folder) as sink:
        sink.feed(b"data")
        next(folder.iterdir()).unlink()
        folder.rmdir()
        with pytest.raises(DownloadError, match=r"cannot be saved in .*: No such file or directory"):
            sink.keep("picture", ".png")


def test_a_sink_must_be_opened() -> None:
    with pytest.raises(ValueError, match="was not opened"):
        FileSink(None, max_bytes=100).feed(b"data")


def test_an_address_that_is_none_gives_no_name() -> None:
    assert safe_stem(None, "http://[not-an-address/picture.png") == safe_stem(None, None)


def test_what_comes_too_late_is_not_taken(tmp_path):
    """As over a client whose connections know of no limit."""
    sink = FileSink(None, max_bytes=200, deadline=time.monotonic() - 1.0).open(tmp_path)
    sink.begin(None)
    with pytest.raises(DownloadError, match="did not end in time"):
        sink.feed(b"a")
    sink.discard()
    assert list(tmp_path.iterdir()) == []
