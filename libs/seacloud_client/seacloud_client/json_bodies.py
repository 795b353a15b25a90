"""JSON as it goes out: strict, small, refused with a clear error where it could not be sent. And as it comes in."""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from typing import Any

from pydantic_core import from_json

from seacloud_client.errors import InvalidInputError
from seacloud_client.surrogates import mended


def to_json(body: object) -> bytes:
    """A request's body as JSON.

    Raises:
        InvalidInputError: for what JSON cannot hold: NaN and infinity, half a surrogate pair, an object of Python.
    """
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        raise InvalidInputError(
            "A text of the request holds half of a surrogate pair, which is no character and cannot be sent: clean it "
            "with text.encode('utf-8', 'replace').decode(). Nothing was sent."
        ) from None
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInputError(f"The request cannot be written as JSON: {error}. Nothing was sent.") from None


def read_json(data: bytes) -> Any:
    """A reply's JSON, also behind a byte order mark, and with U+FFFD for each half of a surrogate pair.

    Raises:
        ValueError: if it is none.
    """
    try:
        return from_json(data)
    except ValueError:
        if not data.startswith(BOM_UTF8) and b"\\u" not in data:
            raise
    return from_json(mended(data.removeprefix(BOM_UTF8)))
