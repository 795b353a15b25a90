"""The queue against the emulator: the whole way, sync and async."""

from __future__ import annotations

import asyncio
import json
import pickle
import subprocess
import sys
import time

import httpx
import pytest
from queue_flavours import ARGUMENTS, FLAVOURS, MODEL, Flavoured
from seacloud_client.errors import (
    AuthenticationError,
    ConfigurationError,
    ContentBlocked,
    ForeignOriginError,
    InvalidInputError,
    NotFoundError,
    TaskCancelled,
    TaskFailed,
    TaskTimedOut,
)
from seacloud_client.queue import Cancellation, Queue, Task
from seacloud_emulator import Fault

STATUS = {"path": "/status"}
RESULT = {"path": "/response"}


@pytest.fixture
def queue(seacloud_env):
    return Queue()


def asked(emulator):
    return [(record.method, record.path.rsplit("/", 1)[-1]) for record in emulator.requests]


@FLAVOURS
def test_from_submit_to_result(seacloud_env, queue, flavour):
    seacloud_env.configure(run_seconds=1.0)
    task = Flavoured(queue, flavour).submit(MODEL, ARGUMENTS)
    both = Flavoured(task, flavour)
    assert both.status().status in {"IN_QUEUE", "IN_PROGRESS"}
    assert both.result() is None
    result = both.wait(interval=0.03)
    assert both.status().is_over
    assert both.result() == result
    assert (result.model, result.request_id) == (MODEL, task.request_id)
    [output] = result.outputs
    assert (output.type, output.content_type, output.width) == ("image", "image/png", 1024)
    assert seacloud_env.requests[0].json == ARGUMENTS


@FLAVOURS
def test_a_result_that_was_fetched_by_its_handle_can_be_saved(queue, flavour, tmp_path):
    task = queue.submit(MODEL, ARGUMENTS)
    task.wait(interval=0.03)
    [output] = Flavoured(task, flavour).result().outputs
    saved = output.save(tmp_path)
    assert saved.read_bytes().startswith(b"\x89PNG")


@FLAVOURS
def test_run_tells_each_status(seacloud_env, queue, flavour):
    told = []
    result = Flavoured(queue, flavour).run(MODEL, ARGUMENTS, interval=0.04, on_update=told.append)
    assert told[0].status == "IN_QUEUE"
    assert told[-1].is_over
    assert {status.request_id for status in told} == {result.request_id}


async def test_an_async_callback_is_awaited(queue):
    told = []

    async def tell(status):
        await asyncio.sleep(0)
        told.append(status.status)

    await queue.arun(MODEL, ARGUMENTS, interval=0.04, on_update=tell)
    assert told[-1] == "COMPLETED"


def test_iterating_a_task(queue):
    task = queue.submit(MODEL, ARGUMENTS)
    words = [status.status for status in queue.watch(task, interval=0.04)]
    assert words[-1] == "COMPLETED"
    assert [status.status for status in task] == ["COMPLETED"]


async def test_iterating_a_task_async(queue):
    task = await queue.asubmit(MODEL, ARGUMENTS)
    words = [status.status async for status in queue.awatch(task, interval=0.04)]
    assert words[-1] == "COMPLETED"
    assert [status.status async for status in task] == ["COMPLETED"]
    assert (await task).request_id == task.request_id


@FLAVOURS
@pytest.mark.parametrize(
    "case",
    [
        ("[blocked]", ContentBlocked, "CONTENT_BLOCKED"),
        ("[fail]", TaskFailed, "INFERENCE_FAILURE"),
        ("[timeout]", TaskFailed, "INFERENCE_TIMEOUT"),
        ("[invalid]", TaskFailed, "REQUEST_INVALID"),
        ("[broken]", TaskFailed, "INTERNAL_SERVER_ERROR"),
    ],
)
def test_a_task_that_fails(seacloud_env, queue, flavour, case):
    word, error, kind = case
    with pytest.raises(error) as caught:
        Flavoured(queue, flavour).run(MODEL, {"prompt": f"a cat {word}"}, interval=0.05)
    assert type(caught.value) is error
    assert (caught.value.error_type, caught.value.code, caught.value.model) == (kind, kind, MODEL)
    assert caught.value.task_id == seacloud_env.tasks[0].request_id
    assert "PUT" not in {record.method for record in seacloud_env.requests}
    task = queue.task(MODEL, caught.value.task_id)
    assert Flavoured(task, flavour).status().is_failed
    with pytest.raises(error):
        Flavoured(task, flavour).result()


@FLAVOURS
def test_cancelling(seacloud_env, queue, flavour):
    seacloud_env.configure(run_seconds=5)
    task = Flavoured(queue.submit(MODEL, ARGUMENTS), flavour)
    assert task.cancel() is Cancellation.REQUESTED
    assert task.cancel() is Cancellation.ALREADY_COMPLETED
    with pytest.raises(TaskCancelled):
        task.wait()
    assert Flavoured(queue.task(MODEL, "mmsu_none"), flavour).cancel() is Cancellation.NOT_FOUND


@FLAVOURS
def test_a_task_that_is_not_known(queue, flavour):
    task = Flavoured(queue.task(MODEL, "mmsu_none"), flavour)
    began = time.monotonic()
    with pytest.raises(NotFoundError) as caught:
        task.status()
    assert time.monotonic() - began < 10
    assert caught.value.task_id == "mmsu_none"
    assert "may belong to another key or another model, or be gone by now" in caught.value.message


QUESTIONS = [
    {"status": 503},
    {"status": 429, "retry_after": 0},
    {"status": 404, "body": {"detail": "Request not found"}},
    {"disconnect_after": 0},
    {"disconnect_after": 30},
    {"malformed_json": True},
    {"content_type": "text/html"},
    {"status": 202, "body": {"status": "IN_PROGRESS"}},
    {"status": 200, "body": {"status": "reticulating"}},
    {"delay": 1.0},
]


@FLAVOURS
@pytest.mark.parametrize("step", [STATUS, RESULT], ids=["status", "result"])
@pytest.mark.parametrize("fault", QUESTIONS, ids=str)
def test_questions_survive_faults(seacloud_env, flavour, step, fault):
    if step is RESULT and "reticulating" in str(fault):
        fault = {"status": 200, "body": {"status": "IN_QUEUE"}}
    seacloud_env.faults.add(Fault(match=step, **fault))
    queue = Queue(request_timeout=0.4 if "delay" in fault else 10.0)
    result = Flavoured(queue, flavour).run(MODEL, ARGUMENTS, interval=0.05, timeout=20)
    assert len(result.outputs) == 1
    assert len(seacloud_env.tasks) == 1
    assert not seacloud_env.faults.pending()


@FLAVOURS
def test_a_redirect_of_a_question_within_the_origin_is_followed(seacloud_env, queue, flavour):
    task = queue.submit(MODEL, ARGUMENTS)
    path = f"/model/v1/queue/{MODEL}/requests/{task.request_id}/status"
    seacloud_env.faults.add(Fault(match=STATUS, redirect=f"{path}?again=1"))
    assert Flavoured(task, flavour).status().request_id == task.request_id


@FLAVOURS
def test_the_key_is_not_sent_to_a_foreign_address(seacloud_env, queue, flavour):
    task = queue.submit(MODEL, ARGUMENTS)
    seacloud_env.faults.add(Fault(match=STATUS, redirect="http://elsewhere.test/status"))
    with pytest.raises(ForeignOriginError, match="not sent"):
        Flavoured(task, flavour).status()


class Elsewhere(httpx.MockTransport):
    """The emulator, sync and async, but that a creation's answer names another host for the status."""

    def __init__(self, emulator):
        super().__init__(self.forward)
        self.emulator = emulator

    def forward(self, request):
        with httpx.Client() as client:
            answer = client.send(
                httpx.Request(request.method, request.url, headers=request.headers, content=request.content)
            )
        body = answer.json()
        if request.method == "POST":
            body["status_url"] = "http://127.0.0.1:9/status"
        return httpx.Response(answer.status_code, json=body)


@FLAVOURS
def test_a_foreign_status_url_ends_the_wait_and_cancels_the_task(seacloud_env, flavour):
    """The creation's answer names another host. It is asked nothing, and the error has the task's handle."""
    seacloud_env.configure(run_seconds=9)
    transport = Elsewhere(seacloud_env)
    queue = Queue(
        http_client=httpx.Client(transport=transport), http_async_client=httpx.AsyncClient(transport=transport)
    )
    with pytest.raises(ForeignOriginError, match=r"127\.0\.0\.1:9.*The task was cancelled") as caught:
        Flavoured(queue, flavour).run(MODEL, ARGUMENTS, interval=0.05)
    assert caught.value.task_id == seacloud_env.tasks[0].request_id
    assert seacloud_env.tasks[0].error_type == "CANCELED"
    assert asked(seacloud_env) == [("POST", MODEL), ("PUT", "cancel")]


@FLAVOURS
def test_a_gateway_that_hands_out_the_services_own_addresses(seacloud_env, flavour):
    transport = Elsewhere(seacloud_env)
    clients = {
        "http_client": httpx.Client(transport=transport),
        "http_async_client": httpx.AsyncClient(transport=transport),
    }
    queue = Queue(follow_addresses=False, **clients)
    assert len(Flavoured(queue, flavour).run(MODEL, ARGUMENTS, interval=0.05).outputs) == 1


@FLAVOURS
def test_the_deadline_is_kept_though_the_service_is_silent(seacloud_env, queue, flavour):
    seacloud_env.configure(run_seconds=30)
    task = queue.submit(MODEL, ARGUMENTS)
    seacloud_env.faults.add(Fault(match=STATUS, delay=10, times=5))
    began = time.monotonic()
    with pytest.raises(TaskTimedOut, match="was cancelled") as caught:
        Flavoured(task, flavour).wait(timeout=0.8)
    assert 0.8 <= time.monotonic() - began < 8  # an answer would have come after 10
    assert (caught.value.model, caught.value.task_id) == (MODEL, task.request_id)
    assert seacloud_env.tasks[0].error_type == "CANCELED"


@FLAVOURS
def test_a_wrong_key_ends_the_wait_at_once(seacloud_env, queue, flavour):
    task = Queue(api_key="sk-invalid").task(MODEL, queue.submit(MODEL, ARGUMENTS).request_id)
    with pytest.raises(AuthenticationError) as caught:
        Flavoured(task, flavour).wait()
    assert caught.value.task_id == task.request_id
    assert "sk-invalid" not in repr(caught.value) + str(caught.value)


def test_a_handle_is_two_strings(queue):
    task = queue.submit(MODEL, ARGUMENTS)
    as_json = json.dumps(task.to_dict())
    assert set(json.loads(as_json)) == {"model", "request_id"}
    again = queue.task(**json.loads(as_json))
    assert again == task
    assert len({again, task}) == 1
    assert again.wait(interval=0.05).request_id == task.request_id
    assert "sk-" not in repr(task)


@pytest.mark.parametrize(
    ("model", "request_id", "words"),
    [
        ("", "mmsu_1", "The model is empty"),
        (MODEL, "", "The request id is empty"),
        (MODEL, "../x", "The request id '../x' is none"),
        ("a b", "mmsu_1", "The model 'a b' is none"),
        (MODEL, "a\r\nb", r"The request id 'a\r\nb' is none"),
    ],
)
def test_what_is_no_handle(queue, model, request_id, words):
    with pytest.raises(InvalidInputError) as caught:
        queue.task(model, request_id)
    assert caught.value.message.startswith(words)


OTHER_PROCESS = """
import json, pickle, sys
from seacloud_client.queue import Queue
how, data = sys.argv[1:]
task = Queue().task(**json.loads(data)) if how == "json" else pickle.loads(bytes.fromhex(data))
print(task.wait(interval=0.05).request_id if len(sys.argv) == 3 else "")
print(task.cancel().name)
"""


@pytest.mark.parametrize("how", ["json", "pickle"])
def test_a_handle_in_another_process(seacloud_env, how):
    task = Queue(api_key="sk-other", base_url=f"{seacloud_env.url}/model").submit(MODEL, ARGUMENTS)
    pickled = pickle.dumps(task)
    assert b"sk-other" not in pickled
    data = json.dumps(task.to_dict()) if how == "json" else pickled.hex()
    done = subprocess.run(
        [sys.executable, "-c", OTHER_PROCESS, how, data],
        env={"SEACLOUD_API_KEY": "sk-other", "SEACLOUD_BASE_URL": seacloud_env.url},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.stdout.split() == [task.request_id, "ALREADY_COMPLETED"], done.stderr


def test_an_unpickled_handle_asks_the_same_service(seacloud_env, monkeypatch):
    task = Queue().submit(MODEL, ARGUMENTS)
    monkeypatch.setenv("SEACLOUD_BASE_URL", "https://elsewhere.test")
    copy = pickle.loads(pickle.dumps(task))  # noqa: S301  # it is our own
    assert isinstance(copy, Task)
    assert copy.status().request_id == task.request_id


def test_settings_by_default():
    queue = Queue(api_key="k")
    assert (queue.timeout, queue.settings.timeout, queue.settings.max_retries) == (600.0, 30.0, 2)
    assert queue.settings.base_url == "https://cloud.seaart.ai/model"
    assert queue.settings.transport == "httpx"
    assert queue._transport._most == 50


def test_settings_that_are_given():
    queue = Queue(
        api_key="k",
        base_url="https://gateway.test/media",
        timeout=60,
        request_timeout=5,
        max_retries=0,
        headers={"X-Team": "art"},
        proxy="http://proxy.test:3128",
        transport="aiohttp",
    )
    assert (queue.timeout, queue.settings.timeout, queue.settings.max_retries) == (60, 5, 0)
    assert queue.settings.base_url == "https://gateway.test/media"
    assert dict(queue.settings.headers) == {"X-Team": "art"}
    assert queue.settings.proxy is not None
    assert "proxy.test:3128" in str(queue.settings.proxy)
    assert queue.settings.transport == "aiohttp"


async def test_files_are_fetched_over_the_callers_clients(seacloud_env, tmp_path):
    asked = []

    async def note(request):
        asked.append(str(request.url))

    with httpx.Client(event_hooks={"request": [lambda request: asked.append(str(request.url))]}) as client:
        async with httpx.AsyncClient(event_hooks={"request": [note]}) as aclient:
            queue = Queue(http_client=client, http_async_client=aclient)
            made = await queue.arun(MODEL, ARGUMENTS, interval=0.04)
            again = queue.result(queue.task(made.model, made.request_id))
            asked.clear()
            for [output] in (made.outputs, again.outputs):
                await output.asave(tmp_path)
                output.save(tmp_path)
    assert asked == [output.url] * 4


@pytest.mark.parametrize(
    "options", [{"timeout": 0}, {"request_timeout": -1}, {"max_connections": 0}, {"max_retries": -1}]
)
def test_settings_that_make_no_sense(options):
    with pytest.raises(ConfigurationError):
        Queue(**options)


async def test_a_queue_in_several_loops(queue):
    """The pooled client belongs to a loop: another loop, in another thread, has its own."""
    first = await queue.arun(MODEL, ARGUMENTS, interval=0.05)
    second = await asyncio.to_thread(asyncio.run, run_in_new_loop(queue))
    assert first.request_id != second.request_id


async def run_in_new_loop(queue):
    return await queue.arun(MODEL, ARGUMENTS, interval=0.05)


class Counting(httpx.AsyncBaseTransport):
    """Counts the calls that are under way."""

    def __init__(self):
        self.inner = httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=1000))
        self.now = self.most = 0

    async def handle_async_request(self, request):
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            return await self.inner.handle_async_request(request)
        finally:
            self.now -= 1

    async def aclose(self):
        await self.inner.aclose()


async def run_many(emulator, number, most):
    transport = Counting()
    async with httpx.AsyncClient(transport=transport) as client:
        queue = Queue(http_async_client=client, max_connections=most)
        results = await asyncio.gather(*(queue.arun(MODEL, ARGUMENTS) for _ in range(number)))
    assert len({result.request_id for result in results}) == number == len(emulator.tasks)
    return transport.most


async def test_many_tasks_wait_on_few_connections(seacloud_env):
    seacloud_env.configure(run_seconds=1.0)
    assert await run_many(seacloud_env, 60, 5) == 5


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_a_thousand_tasks_wait_on_few_connections(seacloud_env):
    seacloud_env.configure(run_seconds=20.0)
    assert await run_many(seacloud_env, 1000, 20) == 20
