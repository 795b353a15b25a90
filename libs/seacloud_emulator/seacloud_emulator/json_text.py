"""JSON as others send it: read as strictly as the standard is (RFC 8259), which Python's own reader is not."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


def read_json_text(text: bytes | str) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: if it is not JSON: `NaN` and half characters (a lone surrogate, which no UTF-8 can hold) are not,
            nor is what is nested too deeply to be read.
    """
    encoded = text.encode() if isinstance(text, str) else text
    try:
        value = json.loads(encoded, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if _SURROGATE.search(encoded):
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
