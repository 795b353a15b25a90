"""Faults: how they are ordered, and that each happens as it was ordered."""

from __future__ import annotations

import itertools
import json
import time

import httpx
import pytest
from seacloud_emulator import Fault, FaultError, Match
from seacloud_emulator.faults import Faults, fault_from_json
from seacloud_emulator.refusals import MESSAGES_PATHS

HEADER = "X-Emulator-Fault"
STREAM = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "Hello"}]}
CHAT = "/llm/v1/chat/completions"


@pytest.mark.parametrize(
    "order",
    [
        [],
        "x",
        {"unknown": 1},
        {"match": {"host": "x"}},
        {"match": {"path": "("}},
        {"times": 0},
        {"times": True},
        {"status": 99},
        {"status": 600},
        {"status": "500"},
        {"delay": -1},
        {"delay": float("nan")},
        {"disconnect_after": 0.5},
        {"match": 3},
        {"match": {"method": 3}},
        {"match": {"path": ["x"]}},
        {"retry_after": True},
        {"retry_after": {}},
        {"malformed_json": 1},
        {"content_type": 3},
        {"redirect": ["x"]},
    ],
)
def test_orders_that_make_no_sense(order):
    with pytest.raises(FaultError):
        fault_from_json(order)


def test_a_fault_is_for_those_that_match_and_for_its_times():
    faults = Faults()
    first = Fault(match=Match(method="post", path=r"/queue/\w+$"), times=2, status=503)
    faults.add(first)
    faults.add(Fault(match="/chat", status=500))
    assert faults.take("GET", "/model/v1/queue/x") is None
    assert faults.take("POST", "/model/v1/queue/x/requests") is None
    assert faults.take("POST", "/model/v1/queue/x") is first
    assert faults.pending()[0] == {
        "match": {"method": "post", "path": r"/queue/\w+$"},
        "times": 1,
        "status": 503,
        "stall_after": 1,
    }
    assert faults.take("POST", "/model/v1/queue/x") is first
    assert faults.take("POST", "/model/v1/queue/x") is None
    assert len(faults) == 1
    faults.clear()
    assert len(faults) == 0


def test_a_status_with_its_documented_body_and_retry_after(seacloud_emulator, http, chat):
    seacloud_emulator.faults.add(Fault(status=429, retry_after=2, times=2))
    answer = chat("Hello")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
    assert answer.json()["error"]["type"] == "rate_limit_error"
    queue = http.post("/model/v1/queue/nano_banana_2", json={"prompt": "x"})
    assert queue.json()["error"]["code"] == "RATE_LIMIT_EXCEEDED"
    assert queue.json()["request_id"] == queue.headers["x-request-id"]
    assert chat("Hello").status_code == 200


def test_a_body_of_ones_own(seacloud_emulator, chat):
    seacloud_emulator.faults.add(Fault(status=402, body={"status": {"code": 402}, "data": None}))
    seacloud_emulator.faults.add(Fault(status=502, body="<html>Bad gateway</html>", content_type="text/html"))
    assert chat("Hello").json() == {"status": {"code": 402}, "data": None}
    page = chat("Hello")
    assert (page.status_code, page.headers["content-type"], page.text) == (502, "text/html", "<html>Bad gateway</html>")


def test_a_fault_in_the_header_of_a_request(chat):
    assert chat("Hello", headers={HEADER: json.dumps({"status": 503})}).status_code == 503
    assert chat("Hello").status_code == 200
    for wrong in ("{", json.dumps({"unknown": 1}), "[" * 50_000):
        answer = chat("Hello", headers={HEADER: wrong})
        assert answer.status_code == 400
        assert answer.json()["error"]["param"] == HEADER.lower()


@pytest.mark.parametrize("path", MESSAGES_PATHS)
def test_a_bad_header_is_refused_in_the_words_of_messages(http, path):
    answer = http.post(path, json={}, headers={HEADER: "{"})
    assert answer.status_code == 400
    assert answer.json()["type"] == "error"
    assert answer.json()["error"].keys() == {"type", "message"}
    assert HEADER.lower() in answer.json()["error"]["message"]


def test_a_delay(seacloud_emulator, chat):
    seacloud_emulator.faults.add(Fault(delay=0.2))
    started = time.monotonic()
    assert chat("Hello").status_code == 200
    assert time.monotonic() - started >= 0.2


def test_a_connection_that_ends_before_the_status_line(seacloud_emulator, chat):
    seacloud_emulator.faults.add(Fault(disconnect_after=0))
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        chat("Hello")
    assert seacloud_emulator.wait_for(lambda emulator: emulator.requests[0].cut)
    assert seacloud_emulator.requests[0].status is None
    assert not seacloud_emulator.requests[0].disconnected
    assert chat("Hello").status_code == 200


def test_a_connection_that_ends_within_the_body(seacloud_emulator, chat):
    seacloud_emulator.faults.add(Fault(disconnect_after=20))
    with pytest.raises(httpx.RemoteProtocolError, match="received 20 bytes"):
        chat("Hello")


def test_a_connection_that_ends_within_a_stream(seacloud_emulator, http):
    seacloud_emulator.faults.add(Fault(disconnect_after=700))
    received = []
    with http.stream("POST", CHAT, json=STREAM) as answer, pytest.raises(httpx.RemoteProtocolError):
        received.extend(answer.iter_raw())
    received = b"".join(received)
    assert len(received) == 700
    assert received.startswith(b"data: {")


def test_json_that_breaks_off(seacloud_emulator, http, chat):
    seacloud_emulator.faults.add(Fault(malformed_json=True, times=2))
    answer = chat("Hello")
    assert answer.status_code == 200
    assert answer.text.startswith('{"id"')
    with pytest.raises(json.JSONDecodeError):
        answer.json()
    events = http.post(CHAT, json=STREAM).text.split("\n\n")
    json.loads(events[0].removeprefix("data: "))
    with pytest.raises(json.JSONDecodeError):
        json.loads(events[1].removeprefix("data: "))


def test_a_wrong_content_type(seacloud_emulator, http, chat):
    seacloud_emulator.faults.add(Fault(content_type="text/html", times=2))
    answer = chat("Hello")
    assert answer.headers["content-type"] == "text/html"
    assert answer.json()["choices"]
    assert http.post(CHAT, json=STREAM).headers["content-type"] == "text/html"


@pytest.mark.parametrize(("body", "message"), [(None, "The stream broke."), ({"error": {"message": "mine"}}, "mine")])
def test_an_error_in_a_stream(seacloud_emulator, http, body, message):
    seacloud_emulator.faults.add(Fault(stream_error=2, stream_error_body=body))
    events = [event for event in http.post(CHAT, json=STREAM).text.split("\n\n") if event]
    assert len(events) == 3
    assert json.loads(events[2].removeprefix("data: "))["error"]["message"] == message


def test_a_stall_in_a_stream(seacloud_emulator, http):
    seacloud_emulator.faults.add(Fault(stall=0.3, stall_after=2))
    with http.stream("POST", CHAT, json=STREAM) as answer:
        moments = [time.monotonic() for line in answer.iter_lines() if line]
    waits = [later - earlier for earlier, later in itertools.pairwise(moments)]
    assert waits.index(max(waits)) == 1, "behind the second event"
    assert waits[1] >= 0.2  # the reader may have come late to the second


def test_a_stall_in_an_answer_outlasts_the_clients_patience(seacloud_emulator, http):
    seacloud_emulator.faults.add(Fault(stall=5))
    with pytest.raises(httpx.ReadTimeout):
        http.post(CHAT, json={**STREAM, "stream": False}, timeout=0.2)
    assert seacloud_emulator.wait_for(lambda emulator: emulator.requests[0].disconnected)


def test_a_redirect(seacloud_emulator, chat):
    seacloud_emulator.faults.add(Fault(redirect="http://elsewhere.invalid/x"))
    answer = chat("Hello")
    assert (answer.status_code, answer.headers["location"]) == (307, "http://elsewhere.invalid/x")


def test_faults_by_http(http, chat):
    order = {"match": {"path": "/chat"}, "status": 500, "times": 2}
    answer = http.post("/__emulator__/faults", json=order)
    assert answer.status_code == 201
    assert answer.json()[0]["times"] == 2
    assert chat("Hello").status_code == 500
    assert http.get("/__emulator__/faults").json()[0]["times"] == 1
    assert http.delete("/__emulator__/faults").json() == []
    assert chat("Hello").status_code == 200
    for wrong in (b"{", b'{"unknown": 1}', b'[{"status": 500}, 3]', b"\xff", b"[" * 100_000):
        assert http.post("/__emulator__/faults", content=wrong).status_code == 400
    assert http.get("/__emulator__/faults").json() == []
