"""JSON as it goes out: strict, small, and refused with a clear error where it could not be sent."""

from __future__ import annotations

import json

from seacloud_client.errors import InvalidInputError


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
