"""The queue over HTTP, from create to the files."""

from __future__ import annotations

import io
import time

import httpx
import pytest
from PIL import Image

QUEUE = "/model/v1/queue"


@pytest.fixture
def create(http):
    def post(endpoint="nano_banana_2", **parameters):
        answer = http.post(f"{QUEUE}/{endpoint}", json={"prompt": "a cat", **parameters})
        assert answer.status_code == 200, answer.text
        return answer.json()

    return post


def finished(http, task):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        status = http.get(task["status_url"]).json()
        if status["status"] == "COMPLETED":
            return status
        time.sleep(0.01)
    raise AssertionError(status)


def test_create_gives_absolute_addresses_of_the_host_that_was_asked(seacloud_emulator, create):
    task = create()
    root = f"{seacloud_emulator.url}{QUEUE}/nano_banana_2/requests/{task['request_id']}"
    assert task["request_id"].startswith("mmsu_")
    assert set(task) == {"request_id", "status_url", "response_url", "cancel_url", "queue_position"}
    assert task["queue_position"] == 0
    assert (task["status_url"], task["response_url"], task["cancel_url"]) == (
        f"{root}/status",
        f"{root}/response",
        f"{root}/cancel",
    )
    named = httpx.post(
        f"{seacloud_emulator.url}{QUEUE}/nano_banana_2",
        json={"prompt": "x"},
        headers={"host": "sea.example:8080", "authorization": "Key k"},
    ).json()
    assert named["status_url"].startswith("http://sea.example:8080/model/")


def test_the_way_from_the_queue_to_the_picture(seacloud_emulator, http, create):
    seacloud_emulator.configure(queue_seconds=0.1, run_seconds=0.3)
    task = create()
    waiting = http.get(task["status_url"]).json()
    assert waiting["status"] == "IN_QUEUE"
    assert waiting["queue_position"] == 0
    early = http.get(task["response_url"])
    assert early.status_code == 202
    assert early.json()["status"] == "IN_QUEUE"
    time.sleep(0.25)
    running = http.get(task["status_url"]).json()
    assert running["status"] == "IN_PROGRESS"
    assert 0 < running["progress"] < 1
    assert len(running["logs"]) > 1
    assert set(running["logs"][0]) == {"message", "timestamp"}
    done = finished(http, task)
    assert "error" not in done
    assert "error_type" not in done
    assert done["metrics"] == {"inference_time": 0.3}
    result = http.get(task["response_url"])
    assert result.status_code == 200
    assert set(result.json()) == {"request_id", "outputs", "metadata"}
    [output] = result.json()["outputs"]
    file = httpx.get(output["url"])
    assert file.status_code == 200
    assert file.headers["content-type"] == output["content_type"] == "image/png"
    assert int(file.headers["content-length"]) == output["file_size"] == len(file.content)
    with Image.open(io.BytesIO(file.content)) as image:
        assert (image.format, image.size) == ("PNG", (output["width"], output["height"]))
    assert output["type"] == "image"
    assert output["file_name"] == "0.png"


@pytest.mark.parametrize(
    ("endpoint", "parameters", "expected"),
    [
        ("gpt_image_2", {"n": 3, "size": "1536x1024"}, (3, (1536, 1024), "png")),
        ("nano_banana_2", {"num_images": 2, "aspect_ratio": "16:9", "output_format": "jpeg"}, (2, (1344, 768), "jpeg")),
        ("flux_2_pro", {"width": 96, "height": 64, "output_format": "webp"}, (1, (96, 64), "webp")),
        ("gpt_image_2", {"size": "auto"}, (1, (1024, 1024), "png")),
    ],
)
def test_the_pictures_that_were_ordered(http, create, endpoint, parameters, expected):
    count, size, kind = expected
    task = create(endpoint, **parameters)
    finished(http, task)
    outputs = http.get(task["response_url"]).json()["outputs"]
    assert [output["file_name"] for output in outputs] == [f"{number}.{kind}" for number in range(count)]
    files = [http.get(output["url"]).content for output in outputs]
    assert len(set(files)) == count
    with Image.open(io.BytesIO(files[0])) as image:
        assert image.size == size == (outputs[0]["width"], outputs[0]["height"])
        assert image.format == kind.upper()


@pytest.mark.parametrize(
    ("word", "error_type"),
    [
        ("[blocked]", "CONTENT_BLOCKED"),
        ("[fail]", "INFERENCE_FAILURE"),
        ("[timeout]", "INFERENCE_TIMEOUT"),
        ("[invalid]", "REQUEST_INVALID"),
        ("[broken]", "INTERNAL_SERVER_ERROR"),
    ],
)
def test_words_that_make_a_task_fail(http, create, word, error_type):
    task = create(prompt=f"a {word} cat")
    status = finished(http, task)
    assert status["error_type"] == error_type
    assert status["error"]
    result = http.get(task["response_url"])
    assert result.status_code == 200
    assert result.json()["error_type"] == error_type
    assert "outputs" not in result.json()
    assert http.get(f"/files/{task['request_id']}/0.png").status_code == 404


def test_cancel(seacloud_emulator, http, create):
    seacloud_emulator.configure(run_seconds=60)
    task = create()
    answer = http.put(task["cancel_url"])
    assert (answer.status_code, answer.json()) == (202, {"status": "CANCELLATION_REQUESTED"})
    status = finished(http, task)
    assert status["error_type"] == "CANCELED"
    again = http.put(task["cancel_url"])
    assert (again.status_code, again.json()) == (400, {"status": "ALREADY_COMPLETED"})
    unknown = http.put(f"{QUEUE}/nano_banana_2/requests/mmsu_x/cancel")
    assert (unknown.status_code, unknown.json()) == (404, {"status": "NOT_FOUND"})
    assert [(view.status, view.error_type) for view in seacloud_emulator.tasks] == [("COMPLETED", "CANCELED")]


def test_a_task_belongs_to_its_key_and_its_endpoint(http, create):
    task = create()
    stranger = {"authorization": "Key another"}
    for method, url in (("GET", task["status_url"]), ("GET", task["response_url"])):
        answer = http.request(method, url, headers=stranger)
        assert (answer.status_code, answer.json()) == (404, {"detail": "Request not found"})
    assert http.put(task["cancel_url"], headers=stranger).json() == {"status": "NOT_FOUND"}
    assert http.get(task["status_url"].replace("nano_banana_2", "flux_2_pro")).status_code == 404
    assert http.get(task["status_url"], headers={"authorization": "Key sk-test"}).status_code == 200


def test_an_unknown_model(http):
    answer = http.post(f"{QUEUE}/nano_banana_2000", json={"prompt": "x"})
    assert (answer.status_code, answer.json()) == (404, {"detail": "App not found: nano_banana_2000"})


@pytest.mark.parametrize(
    ("endpoint", "body", "problem"),
    [
        ("nano_banana_2", {}, "prompt: is required"),
        ("nano_banana_2", {"prompt": " "}, "prompt: must not be empty"),
        ("nano_banana_2", {"prompt": 3}, "prompt: must be of type string"),
        ("nano_banana_2", {"prompt": "x", "image_urls": "http://x"}, "image_urls: must be of type array"),
        ("nano_banana_2", {"prompt": "x", "image_urls": ["x"]}, "image_urls: must be a list of http"),
        ("nano_banana_2", {"prompt": "x", "image_urls": [1]}, "image_urls: must be a list of strings"),
        ("nano_banana_2", {"prompt": "x", "seed": 1.5}, "seed: must be of type integer"),
        ("wan26_i2v", {"prompt": "x"}, "img_url: is required"),
        ("wan26_i2v", {"prompt": "x", "img_url": "ftp://x"}, "img_url: must be an http, https or data URL"),
        ("wan26_i2v", {"prompt": "x", "img_url": "data:image/png;base64,?"}, "img_url: the data is not base64"),
        ("wan26_i2v", {"prompt": "x", "img_url": "data:image/png;base64,AAAA"}, "img_url: the data is no picture"),
        ("wan26_i2v", {"prompt": "x", "img_url": "data:image/png,x"}, "img_url: the data is no picture"),
        ("pixverse_v6_t2v", {"prompt": "x", "duration": 16}, "duration: must be at most 15"),
        ("emulator_melody", {"prompt": "x", "quality": "720p"}, "quality: unknown parameter"),
        ("nano_banana_2", {"prompt": "x", "num_images": 11}, "num_images: must be at most 10"),
        ("nano_banana_2", {"prompt": "x", "num_images": True}, "num_images: must be of type integer"),
        ("nano_banana_2", {"prompt": "x", "aspect_ratio": "7:5"}, "aspect_ratio: must be one of"),
        ("nano_banana_2", {"prompt": "x", "promt": "x"}, "promt: unknown parameter"),
        ("gpt_image_2", {"prompt": "x", "size": "1x1"}, "size: must be one of"),
        ("flux_2_pro", {"prompt": "x", "width": 8}, "width: must be at least 64"),
        ("flux_2_pro", {"input": {"prompt": "x"}}, "input: unknown parameter"),
        ("nano_banana_2", [], "The body must be the model's parameter object."),
    ],
)
def test_wrong_parameters(http, endpoint, body, problem):
    answer = http.post(f"{QUEUE}/{endpoint}", json=body)
    assert answer.status_code == 422
    assert problem in answer.json()["detail"]


def test_a_body_that_is_not_json_and_webhooks(http):
    assert http.post(f"{QUEUE}/nano_banana_2", content=b"{").status_code == 422
    answer = http.post(f"{QUEUE}/nano_banana_2?webhook=http://x", json={"prompt": "x"})
    assert (answer.status_code, answer.json()) == (400, {"detail": "webhook not supported"})


def test_paths_that_the_service_does_not_have(http):
    for path in ("/llm/chat/completions", "/llm/v1/models"):
        answer = http.post(path, json={})
        assert answer.status_code == 404
        assert answer.json()["error"]["type"] == "not_found_error"
    for path in ("/model/v1/nothing", "/nothing", "/files/x/0.png"):
        answer = http.get(path)
        assert answer.status_code == 404
        assert "detail" in answer.json()
    assert http.get("/model/v1/queue/nano_banana_2").status_code == 405
