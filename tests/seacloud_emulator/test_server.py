"""The emulator as an object: it starts, stops, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
import time

import httpx
import pytest
from seacloud_emulator import Emulator, Fault, StrictUnavailableError, create_app
from seacloud_emulator import app as app_module

pytestmark = pytest.mark.allow_hosts(["127.0.0.1", "::1"])

HELLO = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
CHAT = "/llm/v1/chat/completions"
KEY = {"authorization": "Bearer k"}


def test_it_is_there_within_the_block_and_gone_after_it():
    threads = threading.active_count()
    with Emulator() as emulator:
        url = emulator.url
        assert httpx.post(url + CHAT, json=HELLO, headers=KEY).status_code == 200
    assert threading.active_count() == threads
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)
    with pytest.raises(RuntimeError, match="not running"):
        _ = emulator.url
    emulator.stop()


def test_it_stops_at_once_whatever_its_clients_are_doing():
    errors = []

    def wait_for_ever(url):
        try:
            httpx.post(url + CHAT, json=HELLO, headers=KEY, timeout=30)
        except httpx.TransportError as error:
            errors.append(error)

    with httpx.Client(headers=KEY) as idle, Emulator() as emulator:
        idle.post(emulator.url + CHAT, json=HELLO)
        emulator.faults.add(Fault(delay=30))
        thread = threading.Thread(target=wait_for_ever, args=(emulator.url,))
        thread.start()
        assert emulator.wait_for(lambda emulator: len(emulator.requests) == 2)
        started = time.monotonic()
        emulator.stop()
        assert time.monotonic() - started < 15  # and not 30
        thread.join(5)
    assert len(errors) == 1


def test_several_run_side_by_side_and_one_can_be_started_again():
    with Emulator() as first, Emulator() as second:
        assert first.url != second.url
        httpx.post(first.url + CHAT, json=HELLO, headers=KEY)
        assert (len(first.requests), len(second.requests)) == (1, 0)
        first.stop()
        first.start()
        assert httpx.post(first.url + CHAT, json=HELLO, headers=KEY).status_code == 200


def test_a_port_that_is_taken_is_an_error():
    with Emulator() as emulator, pytest.raises(OSError, match="in use"):
        Emulator(port=int(emulator.url.rsplit(":", 1)[1])).start()


@pytest.mark.skipif(not socket.has_ipv6, reason="the machine has no IPv6")
def test_ipv6():
    try:
        emulator = Emulator(host="::1").start()
    except OSError:
        pytest.skip("the machine has no IPv6 loopback")
    with httpx.Client(headers=KEY) as client:
        assert emulator.url.startswith("http://[::1]:")
        assert client.post(emulator.url + CHAT, json=HELLO).status_code == 200
    emulator.stop()


def test_settings_can_be_changed_and_come_back():
    with Emulator(run_seconds=7) as emulator:
        emulator.configure(queue_seconds=1, chunk_seconds=0.5)
        assert (emulator.settings.queue_seconds, emulator.settings.run_seconds) == (1, 7)
        emulator.faults.add(Fault(status=500))
        httpx.get(emulator.url)
        emulator.reset()
        assert emulator.settings.chunk_seconds == 0
        assert (emulator.requests, len(emulator.faults), emulator.tasks) == ([], 0, [])
        with pytest.raises(TypeError):
            emulator.configure(unknown=1)
    with pytest.raises(ValueError, match="negative"):
        Emulator(run_seconds=-1)


def test_waiting_gives_up():
    with Emulator() as emulator:
        assert not emulator.wait_for(lambda emulator: bool(emulator.requests), timeout=0.05)


async def test_the_application_runs_without_the_server():
    transport = httpx.ASGITransport(create_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://emulator.test", headers=KEY) as client:
        assert (await client.post(CHAT, json=HELLO)).status_code == 200
        task = (await client.post("/model/v1/queue/nano_banana_2", json={"prompt": "x"})).json()
        assert task["status_url"].startswith("http://emulator.test/model/")
        with pytest.raises(ConnectionError):
            await client.post(CHAT, json=HELLO, headers={"x-emulator-fault": '{"disconnect_after": 0}'})


async def test_many_requests_at_once():
    with Emulator() as emulator:
        async with httpx.AsyncClient(base_url=emulator.url, headers=KEY, timeout=30) as client:
            answers = await asyncio.gather(*(client.post(CHAT, json=HELLO) for _ in range(50)))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.json()["id"] for answer in answers}) == 50


def test_strict_without_the_sdks_is_a_clear_error(monkeypatch):
    monkeypatch.setitem(sys.modules, "openai", None)  # what Python calls a module that cannot be imported
    with pytest.raises(StrictUnavailableError, match=r"pip install 'seacloud-emulator\[strict\]'"):
        Emulator(strict=True)
    with Emulator() as emulator, pytest.raises(StrictUnavailableError):
        emulator.configure(strict=True)


def test_strict_refuses_what_the_check_has_something_against(monkeypatch):
    seen = []

    def problems(protocol, body):
        seen.append((protocol, body))
        return ["messages.0: bad", "extra: unknown"] if "extra" in body else []

    monkeypatch.setattr(app_module, "load_problems", lambda: problems)
    with Emulator(strict=True) as emulator:
        assert httpx.post(emulator.url + CHAT, json=HELLO, headers=KEY).status_code == 200
        answer = httpx.post(emulator.url + CHAT, json={**HELLO, "extra": 1}, headers=KEY)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == "messages.0: bad; extra: unknown"
    assert seen[0] == ("chat_completions", HELLO)


def test_a_request_from_before_a_reset_does_nothing_after_it():
    with Emulator() as emulator, httpx.Client(headers={"Authorization": "Key k"}) as client:
        emulator.faults.add(Fault(delay=0.3))
        with pytest.raises(httpx.ReadTimeout):
            client.post(f"{emulator.url}/model/v1/queue/nano_banana_2", json={"prompt": "a cat"}, timeout=0.1)
        emulator.reset()
        assert not emulator.wait_for(lambda emulator: emulator.tasks, timeout=0.6)
        client.post(f"{emulator.url}/model/v1/queue/nano_banana_2", json={"prompt": "a cat"}).raise_for_status()
        assert len(emulator.tasks) == 1
