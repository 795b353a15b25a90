"""Events on the wire."""

from __future__ import annotations

import pytest
from seacloud_emulator.sse import Event, split_within_character


def test_events():
    assert Event({"a": "é"}).encode() == 'data: {"a":"é"}\n\n'.encode()
    assert Event("[DONE]").encode() == b"data: [DONE]\n\n"
    assert Event({}, "ping").encode() == b"event: ping\ndata: {}\n\n"
    assert Event({"a": 1}).encode(broken=True) == b'data: {"a\n\n'


@pytest.mark.parametrize("text", ["é", "a你b", "🐈"])
def test_a_character_of_several_bytes_is_parted(text):
    first, second = split_within_character(text.encode())
    assert (first + second).decode() == text
    with pytest.raises(UnicodeDecodeError):
        first.decode()


def test_ascii_is_left_whole():
    assert split_within_character(b"abc") == (b"abc",)
