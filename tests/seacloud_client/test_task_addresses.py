"""Where a task is asked after: at addresses that the service gave or that are built, and what can be part of one."""

from __future__ import annotations

import pytest
from seacloud_client.errors import InvalidInputError
from seacloud_client.settings import Settings
from seacloud_client.task_flows import Addresses, Created, TaskCalls, check_id

BASE = "https://x.test/model"
SETTINGS = Settings(base_url=BASE)
CALLS = TaskCalls(SETTINGS)
TASK = Created("nano_banana_2", "mmsu_1")
ROOT = f"{BASE}/v1/queue/nano_banana_2/requests/mmsu_1"


def test_the_services_addresses_are_followed():
    task = Created("m", "mmsu_1", Addresses(status=f"{BASE}/v2/a?t=1", response="/model/v2/b", cancel=f"{BASE}/v2/c"))
    assert CALLS.status(task).url == f"{BASE}/v2/a?t=1"
    assert CALLS.result(task).url == f"{BASE}/v2/b"
    assert CALLS.cancel(task).url == f"{BASE}/v2/c"
    built = TaskCalls(SETTINGS, follow_addresses=False)
    assert built.status(task).url == f"{BASE}/v1/queue/m/requests/mmsu_1/status"


def test_the_services_addresses_are_followed_by_default_and_each_call_has_the_settings_time():
    calls = TaskCalls(Settings(base_url=BASE, timeout=7.0))
    task = Created("m", "mmsu_1", Addresses(status=f"{BASE}/v2/a"))
    assert calls.status(task).url == f"{BASE}/v2/a"
    assert {call.timeout for call in (calls.status(task), calls.result(task), calls.cancel(task))} == {7.0}
    assert calls.create("m", b"{}").timeout == 7.0


def test_a_rebuilt_handle_has_the_documented_addresses():
    assert CALLS.status(TASK).url == f"{ROOT}/status"
    assert CALLS.result(TASK).url == f"{ROOT}/response"
    assert CALLS.cancel(TASK).url == f"{ROOT}/cancel"
    assert (TASK.addresses, TASK.queue_position) == (Addresses(), None)


def test_a_foreign_address_does_not_keep_a_task_from_being_cancelled():
    task = Created("nano_banana_2", "mmsu_1", Addresses(status="https://evil.test/s", cancel="https://evil.test/c"))
    assert CALLS.status(task).url == "https://evil.test/s"  # the transport refuses it: see test_queue
    assert CALLS.cancel(task).url == f"{ROOT}/cancel"


def test_an_address_of_a_service_that_does_not_know_of_its_tls():
    task = Created("m", "mmsu_1", Addresses(status="http://x.test/model/s?q=1", response="http://x.test:8080/r"))
    assert CALLS.status(task).url == "https://x.test/model/s?q=1"
    assert CALLS.result(task).url == "http://x.test:8080/r"
    task = Created("m", "mmsu_1", Addresses(status="http://x.test:80/model/s", response="http://x.test:81/r"))
    assert CALLS.status(task).url == "https://x.test/model/s"
    assert CALLS.result(task).url == "http://x.test:81/r"


def test_an_address_that_is_none():
    task = Created(
        "nano_banana_2", "mmsu_1", Addresses(status="http://[", response="https://x:port/", cancel="https://x:99999/")
    )
    assert CALLS.status(task).url == f"{ROOT}/status"
    assert CALLS.result(task).url == f"{ROOT}/response"
    assert CALLS.cancel(task).url == f"{ROOT}/cancel"


@pytest.mark.parametrize(
    "bad",
    [
        "",
        " ",
        ".",
        "..",
        "a/b",
        "../x",
        "a\\b",
        "a b",
        "a\r\nX: y",
        "a\n",
        "a%2e",
        "a?b",
        "a#b",
        "é",
        "a\x00",
        "x" * 201,
        None,
        3,
    ],
)
def test_what_can_be_no_id(bad):
    with pytest.raises(InvalidInputError, match=r"^The model .* Nothing was sent\.$"):
        check_id(bad, "model")


def test_of_an_id_that_is_too_long_the_beginning_is_shown():
    with pytest.raises(InvalidInputError) as caught:
        check_id("a" * 300, "request id")
    assert caught.value.message == (
        f"The request id '{'a' * 100}' is none: it may have letters, digits and _ . : @ ~ + -, and be 200 long. "
        "Nothing was sent."
    )


@pytest.mark.parametrize("good", ["nano_banana_2", "wan26_i2v", "gpt-image-1.5", "mmsu_0a1B", "vendor:model@2"])
def test_what_can_be_an_id(good):
    assert check_id(good, "model") == good
