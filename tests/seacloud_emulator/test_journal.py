"""The log of requests, request ids, and clients that go away."""

from __future__ import annotations

import socket

import httpx

STREAM = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "Hello"}]}


def test_requests_are_recorded_without_credentials(seacloud_emulator, chat):
    chat("Hello", headers={"x-api-key": "sk-secret", "cookie": "sk-secret"})
    [record] = seacloud_emulator.requests
    assert (record.method, record.path, record.status) == ("POST", "/llm/v1/chat/completions", 200)
    assert record.json["messages"][0]["content"] == "Hello"
    assert record.headers["authorization"] == "Bearer ***"
    assert record.headers["x-api-key"] == record.headers["cookie"] == "***"
    assert "sk-" not in repr(record.as_json())
    assert record.finished
    assert [record.disconnected, record.cut, record.faulted] == [False] * 3
    assert record.size > 0
    assert record.time > 0


def test_the_records_by_http_without_those_of_the_emulator_itself(http, chat):
    chat("Hello")
    http.post("/model/v1/queue/nano_banana_2", json={"prompt": "x"})
    records = http.get("/__emulator__/requests").json()
    assert [record["path"] for record in records] == ["/llm/v1/chat/completions", "/model/v1/queue/nano_banana_2"]
    [task] = http.get("/__emulator__/tasks").json()
    assert (task["endpoint"], task["parameters"]) == ("nano_banana_2", {"prompt": "x"})
    http.post("/__emulator__/reset")
    assert http.get("/__emulator__/requests").json() == http.get("/__emulator__/tasks").json() == []


def test_every_answer_has_a_request_id(http, chat):
    assert chat("Hello", headers={"X-Request-Id": "mine"}).headers["x-request-id"] == "mine"
    made = [http.get(path).headers["x-request-id"] for path in ("/nothing", "/llm/nothing", "/__emulator__/tasks")]
    assert len(set(made)) == 3
    assert all(made)


def test_a_client_that_closes_a_stream_early_is_noticed(seacloud_emulator, http):
    seacloud_emulator.configure(chunk_seconds=0.05)
    with http.stream("POST", "/llm/v1/chat/completions", json=STREAM) as answer:
        next(answer.iter_raw())
    assert seacloud_emulator.wait_for(lambda emulator: emulator.requests[0].disconnected)
    assert not seacloud_emulator.requests[0].finished


def test_a_client_that_reads_a_stream_to_its_end_is_not_said_to_have_gone(seacloud_emulator):
    with httpx.Client(base_url=seacloud_emulator.url, headers={"x-api-key": "k"}) as client:
        client.post("/llm/v1/chat/completions", json=STREAM)
    assert seacloud_emulator.wait_for(lambda emulator: emulator.requests[0].finished)
    assert not seacloud_emulator.requests[0].disconnected


def test_a_body_that_is_no_json_is_recorded_as_none(seacloud_emulator, http):
    http.post("/llm/v1/chat/completions", content=b"\xff")
    assert seacloud_emulator.requests[0].json is None
    assert seacloud_emulator.requests[0].status == 400


def test_a_request_that_breaks_off_is_no_request(seacloud_emulator):
    host, port = seacloud_emulator.url.removeprefix("http://").split(":")
    head = f"POST /model/v1/queue/nano_banana_2 HTTP/1.1\r\nhost: {host}\r\nauthorization: Key k\r\ncontent-length: 20"
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(f"{head}\r\n\r\n{{".encode())
    httpx.post(f"{seacloud_emulator.url}/model/v1/queue/nano_banana_2", json={}, headers={"authorization": "Key k"})
    assert [record.json for record in seacloud_emulator.requests] == [{}]
    assert seacloud_emulator.tasks == []
