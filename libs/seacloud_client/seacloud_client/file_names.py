"""Names for files that strangers named: none leaves its directory, none is special to any system, none overwrites."""

from __future__ import annotations

import os
import re
import unicodedata
from contextlib import suppress
from itertools import count
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

MAX_BYTES = 120
"""The longest stem of a file's name, in bytes of UTF-8. File systems take 255 for all of it."""

_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]) *(\..*)?", re.IGNORECASE)
"""Names that are devices on Windows, whatever spaces and ending follow them."""

_UNSAFE = frozenset('<>:"/\\|?*%')

_UNSAFE_KINDS = frozenset(("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"))
"""Unicode's categories of control and format characters, those that turn the direction of writing among them, of halves
of surrogate pairs, and of what ends a line or a paragraph."""


def safe_stem(name: str | None, url: str | None = None) -> tuple[str, str]:
    """A name's stem, made safe, and its ending as it is. From the address's last part, if there is no name."""
    last = name or _path_of(url)
    path = PurePosixPath(re.split(r"[/\\]", last.rstrip("/\\"))[-1])
    return _cleaned(path.stem), path.suffix


def _path_of(url: str | None) -> str:
    try:
        return unquote(urlsplit(url).path) if url and url[:5].lower() != "data:" else ""
    except ValueError:  # it is no address at all
        return ""


def _cleaned(stem: str) -> str:
    normal = unicodedata.normalize("NFC", stem)
    kept = "".join("_" if c in _UNSAFE or unicodedata.category(c) in _UNSAFE_KINDS else c for c in normal)
    kept = kept.encode()[:MAX_BYTES].decode(errors="ignore")
    kept = kept.lstrip(" .-~").rstrip(" .")  # "-" begins an option, "~" a home directory
    if not kept.strip("_"):
        return "output"
    return f"_{kept}" if _RESERVED.fullmatch(kept) else kept


def give_name(file: Path, stem: str, ending: str) -> Path:
    """Gives a file a name beside it that was free: the stem and the ending, with a number between if need be.

    Under its new name it is whole from the first moment on, whatever ends the program, and it overwrites nobody's.
    """
    for number in count(1):
        path = file.parent / (f"{stem}{ending}" if number == 1 else f"{stem}-{number}{ending}")
        try:
            _move(file, path)
        except FileExistsError:
            continue
        return path
    raise AssertionError  # count() has no end


def _move(file: Path, path: Path) -> None:
    try:
        os.link(file, path)  # which, unlike a renaming, fails where there is a file of that name
    except FileExistsError:
        raise
    except (OSError, AttributeError):  # the file system has no links, or Python none for it
        _replace_own(file, path)
    else:
        with suppress(OSError):  # whoever made it removes it
            file.unlink()


def _replace_own(file: Path, path: Path) -> None:
    """Takes the name with an empty file first, so that it is nobody else's that is replaced."""
    path.open("xb").close()
    try:
        os.replace(file, path)  # noqa: PTH105  # the plain, atomic call
    except BaseException:
        path.unlink(missing_ok=True)
        raise
