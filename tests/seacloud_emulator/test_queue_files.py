"""The films and sounds that tasks make, over HTTP, and parts of their files."""

from __future__ import annotations

import base64
import io
import time
import wave

import httpx
import pytest

QUEUE = "/model/v1/queue"
FILM = {"duration": 1, "quality": "360p"}


@pytest.fixture
def output_of(http):
    """Runs a task, and gives the one output that it has."""

    def run(endpoint, **parameters):
        created = http.post(f"{QUEUE}/{endpoint}", json={"prompt": "a cat", **parameters})
        assert created.status_code == 200, created.text
        deadline = time.monotonic() + 20
        while (result := http.get(created.json()["response_url"])).status_code == 202:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        [output] = result.json()["outputs"]
        return output

    return run


@pytest.mark.parametrize(
    ("endpoint", "parameters", "facts"),
    [
        ("pixverse_v6_t2v", FILM, {"width": 640, "height": 360, "duration": 1}),
        ("pixverse_v6_t2v", {**FILM, "aspect_ratio": "9:16"}, {"width": 360, "height": 640, "duration": 1}),
        ("pixverse_v6_t2v", {**FILM, "aspect_ratio": "1:1"}, {"width": 360, "height": 360, "duration": 1}),
        (
            "wan26_i2v",
            {"img_url": "https://elsewhere.example/a.png", "duration": 1},
            {"width": 960, "height": 540, "duration": 1},
        ),
    ],
)
def test_the_films_that_were_ordered(output_of, endpoint, parameters, facts):
    output = output_of(endpoint, **parameters)
    file = httpx.get(output["url"])
    assert file.headers["content-type"] == output["content_type"] == "video/webm"
    assert (output["type"], output["file_name"], output["file_size"]) == ("video", "0.webm", len(file.content))
    assert {name: output[name] for name in facts} == facts
    assert file.content.startswith(b"\x1a\x45\xdf\xa3")


def test_a_film_begins_with_a_picture_that_is_at_hand(output_of):
    made = output_of("flux_2_pro", prompt="a red house", width=256, height=144)["url"]
    data = base64.b64encode(httpx.get(made).content).decode()
    addresses = (made, f"data:image/png;base64,{data}", "https://elsewhere.example/0.png")
    films = [
        httpx.get(output_of("wan26_i2v", prompt="it burns", img_url=address, duration=1)["url"]).content
        for address in addresses
    ]
    assert films[0] == films[1] != films[2]


def test_the_sound_that_was_ordered(output_of):
    output = output_of("emulator_melody", duration=2)
    assert (output["type"], output["content_type"], output["duration"]) == ("audio", "audio/wav", 2)
    assert "width" not in output
    with wave.open(io.BytesIO(httpx.get(output["url"]).content)) as reader:
        assert reader.getnframes() / reader.getframerate() == 2


@pytest.mark.parametrize(
    ("wanted", "status", "part"),
    [
        ("bytes=0-9", 206, (0, 10)),
        ("bytes=10-", 206, (10, None)),
        ("bytes=-5", 206, (-5, None)),
        ("bytes=-9999999", 206, (0, None)),
        ("bytes=5-9999999", 206, (5, None)),
        ("bytes=9999999-", 416, (0, 0)),
        ("bytes=-0", 416, (0, 0)),
        ("bytes=0-1,3-4", 200, (0, None)),
        ("bytes=9-5", 200, (0, None)),
        ("lines=1-2", 200, (0, None)),
        ("bytes=-", 200, (0, None)),
    ],
)
def test_a_part_of_a_file(output_of, wanted, status, part):
    url = output_of("emulator_melody", duration=1)["url"]
    whole = httpx.get(url)
    answer = httpx.get(url, headers={"range": wanted})
    assert whole.headers["accept-ranges"] == "bytes"
    assert (answer.status_code, answer.content) == (status, whole.content[slice(*part)])
    size = len(whole.content)
    start, end, _ = slice(*part).indices(size)
    expected = {206: f"bytes {start}-{end - 1}/{size}", 416: f"bytes */{size}"}
    assert answer.headers.get("content-range") == expected.get(status)


def test_the_head_of_a_file(output_of):
    url = output_of("emulator_melody", duration=1)["url"]
    head = httpx.head(url)
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["content-length"]) == len(httpx.get(url).content)
