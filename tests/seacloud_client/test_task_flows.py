"""The steps of a task's life, driven without a socket."""

from __future__ import annotations

import pytest
from flow_driver import World, answer
from seacloud_client.downloads import Downloader
from seacloud_client.errors import (
    AuthenticationError,
    ConnectionFailed,
    ContentBlocked,
    ForeignOriginError,
    InsufficientBalanceError,
    InvalidRequestError,
    ModelNotAllowedError,
    NotFoundError,
    ProtocolError,
    RateLimitError,
    ServerError,
    StreamBroken,
    SubmitOutcomeUnknown,
    TaskCancelled,
    TaskFailed,
    TimedOut,
)
from seacloud_client.settings import Settings
from seacloud_client.task_flows import (
    Addresses,
    Created,
    TaskCalls,
    about,
    ask_result,
    ask_status,
    ask_to_cancel,
    post_once,
)
from seacloud_client.task_wire import Cancellation

BASE = "https://x.test/model"
SETTINGS = Settings(base_url=BASE)
CALLS = TaskCalls(SETTINGS)
DOWNLOADER = Downloader(SETTINGS)
TASK = Created("nano_banana_2", "mmsu_1")
ROOT = f"{BASE}/v1/queue/nano_banana_2/requests/mmsu_1"
CREATED = {
    "request_id": "mmsu_1",
    "status_url": f"{ROOT}/status",
    "response_url": f"{ROOT}/response",
    "cancel_url": f"{ROOT}/cancel",
    "queue_position": 0,
}


def create(world, max_retries=2):
    return world.run(
        post_once(CALLS.create("nano_banana_2", b'{"prompt":"x"}'), "nano_banana_2", max_retries=max_retries)
    )


def status(world):
    return world.run(ask_status(CALLS.status(TASK), TASK, max_retries=2))


def result(world):
    return world.run(ask_result(CALLS.result(TASK), TASK, max_retries=2, downloader=DOWNLOADER))


def cancel(world):
    return world.run(ask_to_cancel(CALLS.cancel(TASK), max_retries=2))


def test_a_creation_posts_the_parameters_to_the_models_endpoint():
    world = World(answer(CREATED))
    task = create(world)
    [call] = world.calls
    assert (call.method, call.url, call.auth, call.content) == (
        "POST",
        f"{BASE}/v1/queue/nano_banana_2",
        "Key",
        b'{"prompt":"x"}',
    )
    assert (call.headers, call.timeout) == ({"Content-Type": "application/json"}, SETTINGS.timeout)
    assert (task.model, task.request_id, task.queue_position) == ("nano_banana_2", "mmsu_1", 0)
    assert task.addresses == Addresses(status=f"{ROOT}/status", response=f"{ROOT}/response", cancel=f"{ROOT}/cancel")


def test_a_creation_that_cannot_have_arrived_is_repeated():
    world = World(ConnectionFailed("no"), ConnectionFailed("no"), answer(CREATED))
    assert create(world).request_id == "mmsu_1"
    assert len(world.calls) == 3
    assert len(world.sleeps) == 2


def test_a_creation_that_never_arrives_is_given_up():
    world = World(ConnectionFailed("no connection"))
    with pytest.raises(ConnectionFailed):
        create(world)
    assert len(world.calls) == 3


@pytest.mark.parametrize(
    "said",
    [
        TimedOut("late"),
        StreamBroken("broke"),
        ProtocolError("cannot be decompressed"),
        answer(b'{"request_id": "mmsu_', 200),
        answer(b"<html>gateway</html>", 200, content_type="text/html"),
        answer([1], 200),
        answer({}, 200),
        answer({"request_id": ""}, 200),
        answer({"request_id": 7}, 200),
        answer({"request_id": "../../admin"}, 200),
        answer({"request_id": "a\r\nX: y"}, 200),
        answer({"error": {"message": "boom", "type": "server_error"}}, 200),
        answer({"detail": "late"}, 408),
        answer({"detail": "Runtime execution failed"}, 500),
        answer(b"bad gateway", 502),
        answer({"detail": "unavailable"}, 503),
        answer(b"", 504),
        answer(b"", 524),
    ],
)
def test_a_creation_of_unknown_outcome_is_posted_once_and_says_so(said):
    world = World(said)
    with pytest.raises(SubmitOutcomeUnknown, match="may exist, run and be billed") as caught:
        create(world)
    assert len(world.calls) == 1
    assert world.sleeps == []
    assert caught.value.model == "nano_banana_2"
    assert caught.value.__cause__ is not None


def test_an_error_of_unknown_outcome_tells_what_the_service_said():
    body = {"error": {"code": "E9", "message": "boom"}}
    with pytest.raises(SubmitOutcomeUnknown) as caught:
        create(World(answer(body, 500, x_trace="t-1")))
    error = caught.value
    assert (error.status, error.code, error.request_id, error.body) == (500, "E9", "req-1", body)
    assert error.headers["x-trace"] == "t-1"
    assert error.message.startswith(
        "A task for nano_banana_2 was posted and the answer was 500, so it may exist, run and be billed. It was not "
        "posted again. Look among the account's tasks, or ask support with the request id, before you post it again. ["
    )
    assert "boom" in error.message


def test_an_answer_without_an_id_is_told_whole():
    with pytest.raises(SubmitOutcomeUnknown) as caught:
        create(World(answer({"id": "x"}, 201, x_trace="t-1")))
    error = caught.value
    assert (error.status, error.request_id, error.body) == (201, "req-1", {"id": "x"})
    assert error.headers["x-trace"] == "t-1"
    assert error.message.endswith(" [https://x.test/model/v1 answered without a usable request_id.]")


def test_a_creation_at_a_wrong_address_tells_which():
    with pytest.raises(NotFoundError, match=r"The address was https://x\.test/v1/queue/m"):
        create(World(answer({"detail": "Not Found"}, 404, url="https://x.test/v1/queue/m")))


@pytest.mark.parametrize(("told", "position"), [(3, 3), (0, 0), ("3", None), (True, None), (1.5, None), (None, None)])
def test_a_place_in_the_queue_is_a_whole_number_or_none(told, position):
    assert create(World(answer({**CREATED, "queue_position": told}))).queue_position == position


@pytest.mark.parametrize(
    ("said", "what"),
    [
        (TimedOut("late"), "no answer came"),
        (answer({"error": {"message": "boom", "type": "server_error"}}), "the answer was an error of the service"),
        (answer({}), "the answer cannot be read"),
    ],
)
def test_an_error_of_unknown_outcome_tells_why_it_is_unknown(said, what):
    with pytest.raises(SubmitOutcomeUnknown, match=f"was posted and {what}, so it may exist"):
        create(World(said))


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (answer({"detail": "bad"}, 400), InvalidRequestError),
        (answer({"error": {"code": "UNAUTHORIZED", "message": "no"}}, 401), AuthenticationError),
        (answer({"detail": "insufficient balance"}, 402), InsufficientBalanceError),
        (answer({"detail": "App not found: x"}, 404), NotFoundError),
        (answer({"detail": "prompt: is required"}, 422), InvalidRequestError),
        (answer({"error": {"code": "RATE_LIMIT_EXCEEDED", "message": "slow"}}, 429, retry_after="7"), RateLimitError),
        (answer({"detail": "busy"}, 503, retry_after="3"), ServerError),
        (answer({"detail": "overloaded"}, 529), ServerError),
        (
            answer({"status": {"code": 402, "message": "no", "error_code": 40201}, "data": None}),
            InsufficientBalanceError,
        ),
        (answer(b"", 300, location=f"{BASE}/elsewhere"), ProtocolError),
        (answer(b"", 307, location=f"{BASE}/elsewhere"), ProtocolError),
        (answer(b"", 307, location="https://evil.test/model"), ForeignOriginError),
    ],
)
def test_a_refused_creation_is_posted_once_and_says_why(said, error):
    world = World(said)
    with pytest.raises(error) as caught:
        create(world)
    assert not isinstance(caught.value, SubmitOutcomeUnknown)
    assert len(world.calls) == 1
    assert world.sleeps == []
    if error is RateLimitError:
        assert caught.value.retry_after == 7


@pytest.mark.parametrize("location", [f"{ROOT}/status", "https://elsewhere.test/status"])
@pytest.mark.parametrize("code", [302, 303])
def test_a_creation_that_is_answered_elsewhere_may_have_been_done(code, location):
    world = World(answer(b"", code, location=location))
    with pytest.raises(SubmitOutcomeUnknown, match=f"the answer was {code}, a redirect, so it may exist"):
        create(world)
    assert len(world.calls) == 1


@pytest.mark.parametrize("nothing", ["", " ", "#", "\x00", "null", "https:", f"{BASE}/{'x' * 2000}"])
def test_an_address_that_says_nothing_counts_as_absent(nothing):
    task = create(World(answer({**CREATED, **dict.fromkeys(("status_url", "response_url", "cancel_url"), nothing)})))
    assert task.addresses == Addresses()
    assert CALLS.status(task).url == f"{ROOT}/status"


@pytest.mark.parametrize(
    "facts",
    [
        {"error": "x" * 100_000},
        {"error": {"message": "x" * 100_000, "code": "y" * 100_000, "provider_error": "z" * 100_000}},
        {"error": {"z" * 100_000: 1}},
        {"error": ["x" * 100_000]},
        {"error_type": "x" * 100_000},
    ],
)
def test_what_a_task_failed_of_is_told_in_so_many_words_as_a_log_can_bear(facts):
    body = {"status": "COMPLETED", **facts}
    with pytest.raises(TaskFailed) as caught:
        result(World(answer(body)))
    assert len(str(caught.value)) < 1000
    assert len(caught.value.error_type or "") <= 103
    assert caught.value.body == body


def test_a_status_word_is_cut():
    told = status(World(answer({"status": "x" * 100_000})))
    assert told.status == "X" * 100 + "..."
    assert not told.is_over


@pytest.mark.parametrize(
    ("word", "over", "normal"),
    [
        ("IN_QUEUE", False, "IN_QUEUE"),
        ("queued", False, "IN_QUEUE"),
        ("In_Progress", False, "IN_PROGRESS"),
        ("completed", True, "COMPLETED"),
        ("WARMING_UP", False, "WARMING_UP"),
        ("FAILED", False, "FAILED"),
    ],
)
def test_status_words(word, over, normal):
    told = status(World(answer({"status": word, "request_id": "mmsu_1"})))
    assert (told.status, told.is_over, told.request_id) == (normal, over, "mmsu_1")


def test_a_status_tells_what_there_is():
    body = {
        "status": "IN_PROGRESS",
        "request_id": "mmsu_1",
        "queue_position": 3,
        "progress": 0.25,
        "metrics": {"inference_time": 12.34},
        "logs": [{"message": "Step 1", "timestamp": "t"}, "Step 2", {"timestamp": "t"}],
        "new": True,
    }
    told = status(World(answer(body, retry_after="2")))
    assert (told.queue_position, told.progress, told.inference_time, told.logs, told.retry_after) == (
        3,
        0.25,
        12.34,
        ("Step 1", "Step 2"),
        2.0,
    )
    assert told.raw == body


@pytest.mark.parametrize(
    ("progress", "read"), [(0, 0.0), (1, 1.0), (55, 0.55), (250, 1.0), (-1, None), ("x", None), (True, None)]
)
def test_progress_is_a_fraction(progress, read):
    assert status(World(answer({"status": "IN_PROGRESS", "progress": progress}))).progress == read


def test_a_status_is_asked_again_where_that_is_safe():
    world = World(TimedOut("late"), answer({"detail": "x"}, 503), answer({"status": "IN_QUEUE"}))
    assert status(world).status == "IN_QUEUE"
    assert [call.auth for call in world.calls] == ["Key"] * 3
    world = World(answer(b'{"stat'), answer({"status": "IN_QUEUE"}))
    assert status(world).status == "IN_QUEUE"


@pytest.mark.parametrize("body", [b"<html>", {}, {"status": 3}, {"status": " "}, []])
def test_an_answer_without_a_status_is_no_status(body):
    world = World(answer(body))
    with pytest.raises(ProtocolError):
        status(world)
    assert len(world.calls) == 3


def test_a_new_task_may_be_unknown_for_a_moment():
    unknown = answer({"detail": "Request not found"}, 404)
    assert status(World(unknown, unknown, answer({"status": "IN_QUEUE"}))).status == "IN_QUEUE"
    world = World(unknown)
    with pytest.raises(NotFoundError):
        status(world)
    assert len(world.calls) == 4
    assert sum(world.sleeps) < 3


def test_a_wrong_path_is_not_waited_for():
    world = World(answer({"detail": "Not Found"}, 404))
    with pytest.raises(NotFoundError):
        status(world)
    assert len(world.calls) == 1


def test_an_error_about_a_task_carries_its_handle():
    world = World(answer({"detail": "Model not allowed for this user"}, 403))
    with pytest.raises(ModelNotAllowedError) as caught:
        world.run(about(TASK, ask_status(CALLS.status(TASK), TASK, max_retries=2)))
    assert (caught.value.model, caught.value.task_id) == ("nano_banana_2", "mmsu_1")
    assert "task mmsu_1" in str(caught.value)


def test_a_result_in_order_with_what_is_not_known_kept():
    body = {
        "request_id": "mmsu_1",
        "outputs": [
            {"type": "image", "url": "https://c.test/0.png", "content_type": "image/png", "width": 8, "height": 6},
            {"type": "video", "url": "https://c.test/1.mp4", "duration": 4.5, "file_size": 10},
            {"type": "text", "text": "a cat"},
            {"type": "hologram", "url": "https://c.test/x", "depth": 3},
            {"url": "https://c.test/cat.glb"},
            "https://c.test/5.wav",
            42,
        ],
        "metadata": {"seed": 1},
    }
    made = result(World(answer(body)))
    assert (made.model, made.request_id, made.metadata, made.raw) == ("nano_banana_2", "mmsu_1", {"seed": 1}, body)
    assert [output.type for output in made.outputs] == ["image", "video", "text", "hologram", "3d", "audio", "unknown"]
    assert (made.outputs[0].width, made.outputs[0].height) == (8, 6)
    assert (made.outputs[1].duration, made.outputs[1].file_size) == (4.5, 10)
    assert made.outputs[2].text == "a cat"
    assert made.outputs[3].raw["depth"] == 3
    assert made.outputs[6].raw == {"value": 42}
    assert {output.downloader for output in made.outputs} == {DOWNLOADER}


@pytest.mark.parametrize(
    "said",
    [answer({"status": "IN_PROGRESS"}, 202), answer(b"", 202), answer({"status": "IN_QUEUE"}, 200)],
)
def test_a_result_that_is_not_there_yet_is_no_failure(said):
    assert result(World(said)) is None


def test_a_completed_task_without_outputs_has_no_result_and_says_so():
    body = {"status": "COMPLETED", "request_id": "mmsu_1"}
    world = World(answer(body, x_trace="t-1"))
    with pytest.raises(ProtocolError, match=r"^https://x\.test/model/v1 tells no outputs\. ") as caught:
        result(world)
    error = caught.value
    assert (error.status, error.request_id, error.body) == (200, "req-1", body)
    assert error.headers["x-trace"] == "t-1"
    assert len(world.calls) == 3


FAILURES = [
    ({"error": "boom", "error_type": "INFERENCE_FAILURE"}, TaskFailed, "boom"),
    ({"error": {"code": "E7", "message": "bad", "provider_error": "GPU"}}, TaskFailed, "bad: GPU"),
    ({"error": {"code": "E7"}}, TaskFailed, "E7"),
    ({"error": "no", "error_type": "CONTENT_BLOCKED"}, ContentBlocked, "change the prompt"),
    ({"error": {"code": "CONTENT_BLOCKED", "message": "no"}}, ContentBlocked, "no"),
    ({"error": "stopped", "error_type": "CANCELED"}, TaskCancelled, "stopped"),
    ({"error": "late", "error_type": "INFERENCE_TIMEOUT"}, TaskFailed, "late"),
    ({"error": None, "error_type": "REQUEST_INVALID"}, TaskFailed, "REQUEST_INVALID"),
]


@pytest.mark.parametrize(("facts", "error", "words"), FAILURES)
def test_a_completed_task_with_an_error_has_failed(facts, error, words):
    body = {"status": "COMPLETED", "request_id": "mmsu_1", **facts}
    with pytest.raises(error, match=words) as caught:
        result(World(answer(body)))
    assert type(caught.value) is error
    assert (caught.value.task_id, caught.value.request_id, caught.value.body) == ("mmsu_1", "req-1", body)
    told = status(World(answer(body)))
    assert told.is_over
    assert told.is_failed


@pytest.mark.parametrize("none", [{}, {"error": None}, {"error": ""}, {"error": {}}, {"error": None, "error_type": ""}])
def test_a_completed_task_without_an_error_went_well(none):
    told = status(World(answer({"status": "COMPLETED", **none})))
    assert told.is_over
    assert not told.is_failed


def test_an_error_of_a_task_that_still_runs_is_no_failure():
    told = status(World(answer({"status": "IN_PROGRESS", "error": "a step failed"})))
    assert not told.is_over
    assert not told.is_failed


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        (answer({"status": "CANCELLATION_REQUESTED"}, 202), Cancellation.REQUESTED),
        (answer(b"", 202), Cancellation.REQUESTED),
        (answer(b" \n", 202), Cancellation.REQUESTED),
        (answer({"ok": True}, 200), Cancellation.REQUESTED),
        (answer({"status": "ALREADY_COMPLETED"}, 200), Cancellation.ALREADY_COMPLETED),
        (answer({"status": "ALREADY_COMPLETED"}, 400), Cancellation.ALREADY_COMPLETED),
        (answer({"error": {"code": "ALREADY_COMPLETED", "message": "over"}}, 400), Cancellation.ALREADY_COMPLETED),
    ],
)
def test_what_a_cancellation_is_answered(said, meaning):
    world = World(said)
    assert cancel(world) is meaning
    assert world.made() == [("PUT", "cancel")]


@pytest.mark.parametrize(
    "body", [{"status": "NOT_FOUND"}, {"detail": "Request not found"}, {"detail": "Request mmsu_1 not found"}]
)
def test_a_new_task_that_is_to_be_cancelled_may_be_unknown_for_a_moment(body):
    unknown = answer(body, 404)
    assert cancel(World(unknown, answer({"status": "CANCELLATION_REQUESTED"}, 202))) is Cancellation.REQUESTED
    world = World(unknown)
    assert cancel(world) is Cancellation.NOT_FOUND
    assert world.made() == [("PUT", "cancel")] * 4
    assert world.sleeps == [0.3, 0.6, 1.2]


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (answer({"detail": "Not Found"}, 404), NotFoundError),
        (answer({"detail": "bad"}, 400), InvalidRequestError),
        (answer({"error": {"code": "UNAUTHORIZED", "message": "no"}}, 401), AuthenticationError),
    ],
)
def test_a_cancellation_that_is_refused(said, error):
    with pytest.raises(error):
        cancel(World(said))


def test_a_cancellation_is_repeated_where_that_is_safe():
    world = World(TimedOut("late"), answer(b"", 502), answer({"status": "ALREADY_COMPLETED"}, 400))
    assert cancel(world) is Cancellation.ALREADY_COMPLETED
