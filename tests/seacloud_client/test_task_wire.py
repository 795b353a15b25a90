"""The queue's answers, whatever they hold: read, or refused by one of our errors."""

from __future__ import annotations

import contextlib

from flow_driver import answer
from hypothesis import example, given
from hypothesis import strategies as st
from seacloud_client.downloads import Downloader
from seacloud_client.errors import SeaCloudError
from seacloud_client.media import read_result
from seacloud_client.media_html import html_of
from seacloud_client.settings import Settings
from seacloud_client.task_flows import TaskCalls, read_created
from seacloud_client.task_wire import failure_of, read_cancellation, read_status

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
WORDS = st.sampled_from(["COMPLETED", "IN_QUEUE", "CONTENT_BLOCKED", "CANCELED", "NOT_FOUND"])
FIELDS = (
    "status",
    "error",
    "error_type",
    "provider_error",
    "logs",
    "metrics",
    "progress",
    "queue_position",
    "detail",
    "request_id",
    "status_url",
)
STATUS = st.dictionaries(st.sampled_from(FIELDS), JSON | WORDS, max_size=6)
OUTPUT = st.dictionaries(
    st.sampled_from(["type", "url", "content_type", "file_name", "file_size", "width", "duration", "text"]),
    JSON,
    max_size=5,
)
SETTINGS = Settings(base_url="https://x.test/model")
CALLS = TaskCalls(SETTINGS)


@given(STATUS | JSON)
@example({"status": "COMPLETED", "error": {"code": 7, "message": None}, "metrics": [], "logs": {}})
def test_a_status(body):
    with contextlib.suppress(SeaCloudError):
        status = read_status(answer(body), "mmsu_1")
        failure = failure_of(status)
        assert (failure is not None) == status.is_failed
        assert status.progress is None or 0 <= status.progress <= 1
        str(failure)


@given(STATUS | JSON)
def test_the_answer_to_a_creation(body):
    with contextlib.suppress(SeaCloudError):
        created = read_created(answer(body), CALLS.create("m", b"{}"), "m")
        for call in (CALLS.status(created), CALLS.cancel(created)):
            assert call.url


@given(STATUS | JSON)
def test_the_answer_to_a_cancellation(body):
    read_cancellation(body)


@given(st.lists(OUTPUT | JSON, max_size=4) | JSON)
def test_a_result(outputs):
    result = read_result({"outputs": outputs}, model="m", request_id="r", downloader=Downloader(SETTINGS))
    if isinstance(outputs, list):
        assert len(result.outputs) == len([output for output in outputs if output is not None])
    html_of(result.outputs)
    repr(result)
