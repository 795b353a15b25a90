"""Where a download's bytes go: into memory, or into a file that appears whole or not at all."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from typing_extensions import Self

from seacloud_client.errors import DownloadError
from seacloud_client.file_names import give_name
from seacloud_client.media_types import SNIFFED, ending_for, mismatch


class Sink:
    """Takes bytes, and refuses what is too much, too late, or not what it is said to be.

    Args:
        declared: the media type or kind that is expected.
        max_bytes: the most that is taken.
        on_progress: told the bytes so far, and of how many (`None` if that is not known).
        deadline: by when all must be here, on the monotonic clock.
        size_told: how many bytes it has, by whoever knows of it, who may be wrong.
    """

    def __init__(
        self,
        declared: str | None,
        *,
        max_bytes: int,
        on_progress: Callable[[int, int | None], object] | None = None,
        deadline: float = float("inf"),
        size_told: int | None = None,
    ) -> None:
        self.declared = declared
        self.deadline = deadline
        self.size_told = size_told
        self.size = 0
        self.head = b""
        self._max_bytes = max_bytes
        self._on_progress = on_progress
        self._expected: int | None = None

    def begin(self, expected: int | None) -> None:
        """Begins, or begins anew: forgets what is here. `expected` is the length, where it is announced."""
        self.size = 0
        self.head = b""
        self._expected = expected
        self._rewind()
        if expected is not None:
            self._refuse_too_much(expected)

    def feed(self, data: bytes) -> None:
        """Takes the next bytes.

        Raises:
            DownloadError: if there are too many, or they come too late, or are not of the kind that was declared.
        """
        self._refuse_too_much(self.size + len(data))
        if time.monotonic() > self.deadline:
            raise DownloadError("The result began to arrive but did not end in time. Nothing was kept; raise timeout.")
        if len(self.head) < SNIFFED:
            self.head += data[: SNIFFED - len(self.head)]
            if len(self.head) == SNIFFED:
                self._refuse_mismatch()
        self._write(data)
        self.size += len(data)
        if self._on_progress is not None:
            self._on_progress(self.size, self._expected)

    def end(self) -> None:
        """Says that all is here.

        Raises:
            DownloadError: if it is not of the kind that was declared.
        """
        self._refuse_mismatch()

    def _refuse_too_much(self, size: int) -> None:
        if size > self._max_bytes:
            raise DownloadError(
                f"The result is larger than {self._max_bytes:,} bytes. Nothing was kept; raise max_bytes if need be."
            )

    def _refuse_mismatch(self) -> None:
        problem = mismatch(self.declared, self.head)
        if problem is not None:
            raise DownloadError(
                f"The result is not what it is said to be ({self.declared}): {problem}. It was not kept."
            )

    def _rewind(self) -> None:
        raise NotImplementedError

    def _write(self, data: bytes) -> None:
        raise NotImplementedError


class MemorySink(Sink):
    """Keeps the bytes."""

    _chunks: list[bytes]

    @property
    def content(self) -> bytes:
        """All of them."""
        return b"".join(self._chunks)

    def _rewind(self) -> None:
        self._chunks = []

    def _write(self, data: bytes) -> None:
        self._chunks.append(data)


class FileSink(Sink):
    """Writes to a temporary file beside the final one. Leaving its block without `keep` removes it.

    In async code, `open`, `keep` and `discard` belong in a thread. Writing does not: 64 KiB into the page cache take
    less than handing them to a thread would.
    """

    _file: IO[bytes] | None = None
    _temporary: Path

    def open(self, directory: Path) -> Self:
        """Makes the directory, if need be, and the temporary file.

        Raises:
            DownloadError: if it cannot be written there.
        """
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._temporary = directory / f".{secrets.token_hex(8)}.part"
            self._file = self._temporary.open("xb")
        except (OSError, ValueError) as error:  # a ValueError, if its name holds what no name may
            reason = getattr(error, "strerror", None) or error
            raise DownloadError(
                f"Nothing can be saved in {directory}: {reason}. Name a directory that can be written to."
            ) from None
        return self

    def keep(self, stem: str, ending: str) -> Path:
        """Gives the file its name, or one like it that is free.

        Raises:
            DownloadError: if that fails.
        """
        try:
            self._opened.close()  # which writes what is left in the buffer
            final = give_name(self._temporary, stem, ending_for(ending, self.declared, self.head))
        except OSError as error:
            raise DownloadError(
                f"The result cannot be saved in {self._temporary.parent}: {error.strerror or error}. Nothing was kept."
            ) from error
        self._file = None
        return final

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()

    @property
    def is_open(self) -> bool:
        """Whether there is a temporary file that was neither kept nor discarded."""
        return self._file is not None

    def discard(self) -> None:
        """Removes the temporary file, if there is one."""
        if self._file is not None:
            with suppress(OSError):  # what is left in the buffer does not fit on a full disk either
                self._file.close()
            self._file = None
            with suppress(OSError):
                self._temporary.unlink(missing_ok=True)

    def _rewind(self) -> None:
        file = self._opened
        with _saving():
            file.seek(0)
            file.truncate()

    def _write(self, data: bytes) -> None:
        file = self._opened
        with _saving():
            file.write(data)

    @property
    def _opened(self) -> IO[bytes]:
        if self._file is None:
            raise ValueError("This file was not opened.")
        return self._file


@contextmanager
def _saving() -> Iterator[None]:
    """Says what keeps a file from being written, such as a full disk."""
    try:
        yield
    except OSError as error:
        raise DownloadError(f"The result cannot be saved: {error.strerror or error}. Nothing was kept.") from error
