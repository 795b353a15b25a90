"""Recording and replaying HTTP with vcrpy, so that no credential can get into a cassette.

A recording never names a real host: the address that it was made at becomes `REPLAY_ROOT`, in requests and in bodies
(the queue's answers hold absolute addresses), so that it replays anywhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from vcr import VCR

DIRECTORY = Path(__file__).resolve().parents[1] / "cassettes"

REPLAY_ROOT = "http://seacloud.invalid"
"""The address that cassettes are recorded under. The top-level domain `invalid` never resolves (RFC 2606)."""

KEPT_REQUEST_HEADERS = frozenset(("accept", "content-type"))
KEPT_RESPONSE_HEADERS = frozenset(("content-type", "retry-after", "x-request-id", "location"))
"""All other headers are left out: a list of what is kept cannot miss a credential, as one of what is dropped can."""


@dataclass(frozen=True)
class Tape:
    """A cassette that plays or records: what the code under test is to be told of the service."""

    root: str
    key: str
    cassette: Any


@contextmanager
def cassette(path: Path, *, root: str, key: str, record: bool) -> Iterator[Any]:
    """Replays a cassette, or records it anew.

    Args:
        path: the cassette's file.
        root: the address that is talked to while recording.
        key: the key in use; wherever it turns up it is blotted out.
        record: whether to record. Otherwise no request goes out, and one that the cassette lacks is an error.
    """
    scrub = Scrubber(root, key)
    vcr = VCR(
        record_mode="all" if record else "none",
        match_on=("method", "path", "query", "seacloud_body"),
        before_record_request=scrub.request,
        before_record_response=scrub.response,
        decode_compressed_response=True,
    )
    vcr.register_matcher("seacloud_body", same_body)
    if record:
        path.unlink(missing_ok=True)
    with vcr.use_cassette(str(path)) as tape:
        yield tape
        if not record:
            unplayed = tape.play_count < len(tape)
            assert not unplayed, f"{path.name}: {len(tape) - tape.play_count} recorded answers were not asked for"


class Scrubber:
    """Takes out of requests and responses what must not be recorded."""

    def __init__(self, root: str, key: str) -> None:
        root = root.rstrip("/")
        pairs = ((key, "KEY"), (root, REPLAY_ROOT))
        escaped = tuple((quote(old, safe=""), quote(new, safe="")) for old, new in pairs)  # as in a query
        self._replaced = tuple((old, new) for old, new in (*pairs, *escaped) if old)

    def request(self, request: Any) -> Any:
        request.uri = self._text(request.uri)
        for name in [name for name in request.headers if name.lower() not in KEPT_REQUEST_HEADERS]:
            del request.headers[name]
        if request.body:
            request.body = self._bytes(request.body)
        return request

    def response(self, response: dict[str, Any]) -> dict[str, Any]:
        headers = response["headers"]
        response["headers"] = {
            name: [self._text(value) for value in values]
            for name, values in headers.items()
            if name.lower() in KEPT_RESPONSE_HEADERS
        }
        body = response["body"].get("string")
        if body:
            response["body"]["string"] = self._bytes(body)
        return response

    def _text(self, text: str) -> str:
        for old, new in self._replaced:
            text = text.replace(old, new)
        return text

    def _bytes(self, body: Any) -> Any:
        if isinstance(body, str):
            return self._text(body)
        for old, new in self._replaced:
            body = body.replace(old.encode(), new.encode())
        return body


def same_body(first: Any, second: Any) -> None:
    """Compares bodies as JSON: the order of keys does not matter."""
    assert _parsed(first.body) == _parsed(second.body)


def _parsed(body: Any) -> Any:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body
