"""Server-sent events: what the WHATWG's format says, however the bytes are cut, and what LLM gateways make of it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from seacloud_client.errors import ProtocolError
from seacloud_client.sse import ServerSentEvent, SSEDecoder

# A stream, and its events as HTML's section 9.2.6 reads it (the examples of that section are among these).
CASES = {
    "one event": (b"data: a\n\n", [("", b"a")]),
    "two lines of data": (b"data: YHOO\ndata: +2\ndata: 10\n\n", [("", b"YHOO\n+2\n10")]),
    "a comment": (b": test stream\n\ndata: first\nid: 1\n\n", [("", b"first")]),
    "empty data": (b"data\n\ndata\ndata\n\ndata:\n\n", [("", b""), ("", b"\n"), ("", b"")]),
    "space is dropped once": (
        b"data:test\n\ndata: test\n\ndata:  two\n\n",
        [("", b"test"), ("", b"test"), ("", b" two")],
    ),
    "named": (
        b"event: add\ndata: 7\n\nevent: remove\ndata: 2\n\ndata: 3\n\n",
        [("add", b"7"), ("remove", b"2"), ("", b"3")],
    ),
    "a name without data is no event": (b"event: ping\n\ndata: 1\n\n", [("", b"1")]),
    "the last name wins": (b"event: a\nevent: b\ndata: 1\n\n", [("b", b"1")]),
    "an empty name wins too": (b"event: a\nevent\ndata: 1\n\nevent: a\nevent:\ndata: 2\n\n", [("", b"1"), ("", b"2")]),
    "unknown fields": (b"retry: 100\nid: 7\nfoo: bar\ndatax: no\ndata: 1\n\n", [("", b"1")]),
    "many blank lines": (b"\n\n\ndata: 1\n\n\n\n\ndata: 2\n\n", [("", b"1"), ("", b"2")]),
    "a byte order mark": (b"\xef\xbb\xbfdata: 1\n\n", [("", b"1")]),
    "a second mark is no mark": (b"\xef\xbb\xbf\xef\xbb\xbfdata: 1\n\ndata: 2\n\n", [("", b"2")]),
    "UTF-8": ("data: 日本 🎨\n\n".encode(), [("", "日本 🎨".encode())]),
    "cut last event": (b"data: 1\n\ndata: 2", [("", b"1"), ("", b"2")]),
    "cut after its line": (b"data: 1\n\ndata: 2\n", [("", b"1"), ("", b"2")]),
    "a line separator is no line end": (
        "data: a\u2028b\x0bc\x0c\x85\n\n".encode(),
        [("", "a\u2028b\x0bc\x0c\x85".encode())],
    ),
    "nothing": (b"", []),
    "only a mark": (b"\xef\xbb\xbf", []),
    "a name that is no UTF-8": (b"event: \xff\ndata: 1\n\n", [("\ufffd", b"1")]),
}
cases = pytest.mark.parametrize(("stream", "expected"), CASES.values(), ids=CASES.keys())


def events(*pieces: bytes) -> list[ServerSentEvent]:
    decoder = SSEDecoder()
    return [event for piece in pieces for event in decoder.feed(piece)] + decoder.close()


@cases
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_a_stream_is_read_with_each_kind_of_line_end(stream, expected, line_end):
    assert events(stream.replace(b"\n", line_end)) == expected


@cases
@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_it_may_be_cut_anywhere(stream, expected, line_end):
    stream = stream.replace(b"\n", line_end)
    for place in range(len(stream) + 1):
        assert events(stream[:place], stream[place:]) == expected
        assert events(stream[:place], b"", stream[place:]) == expected


@cases
def test_it_may_come_byte_by_byte(stream, expected):
    assert events(*(stream[place : place + 1] for place in range(len(stream)))) == expected


@given(st.lists(st.sampled_from([b"\n", b"\r\n", b"\r"]), min_size=4, max_size=4), st.integers(1, 7))
def test_line_ends_may_be_mixed(ends, size):
    one, two, three, four = ends
    # A CR and a LF side by side are one line end: no mixture of two may begin with the one and go on with the other.
    if (one.endswith(b"\r") and two == b"\n") or (three.endswith(b"\r") and four == b"\n"):
        return
    stream = b"data: 1" + one + two + b"data: 2" + three + four
    assert events(*(stream[place : place + size] for place in range(0, len(stream), size))) == [("", b"1"), ("", b"2")]


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=5))
def test_any_bytes_are_read_alike_however_they_are_cut(stream, cuts):
    places = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    pieces = [stream[start:end] for start, end in pairwise(places)]
    assert events(*pieces) == events(stream)


def test_an_event_is_given_as_soon_as_it_is_whole():
    decoder = SSEDecoder()
    assert decoder.feed(b"data: 1\n") == []
    assert decoder.feed(b"\n") == [("", b"1")]
    assert decoder.feed(b"data: 2\r\n\r") == [("", b"2")]
    assert decoder.feed(b"\ndata: 3\n\n") == [("", b"3")]


@pytest.mark.parametrize("piece", [b"data: " + b"x" * 100, b"data: xxxxxxxx\n", b": xxxxxxxxxx"])
def test_an_event_without_end_is_given_up(piece):
    decoder = SSEDecoder(max_event_bytes=1000)
    with pytest.raises(ProtocolError, match="larger than 1000 bytes"):
        list(map(decoder.feed, [piece] * 1000))


def test_the_limit_is_for_one_event_not_for_the_stream():
    decoder = SSEDecoder(max_event_bytes=100)
    for _ in range(100):
        assert decoder.feed(b"data: " + b"x" * 50 + b"\n\n") == [("", b"x" * 50)]


def test_an_event_that_the_end_cuts_off_may_be_as_large_as_any():
    decoder = SSEDecoder(max_event_bytes=100)
    assert decoder.feed(b"data: " + b"x" * 80) == []
    assert decoder.close() == [("", b"x" * 80)]


def test_a_long_event_in_small_pieces_takes_time_by_its_length():
    decoder = SSEDecoder()
    decoder.feed(b"data: ")
    for _ in range(200_000):  # quadratic work would take minutes
        decoder.feed(b"x")
    assert decoder.feed(b"\n\n") == [("", b"x" * 200_000)]
