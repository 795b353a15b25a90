"""Outputs and results as values: their kinds, how they are shown in a notebook, and that they can be pickled."""

from __future__ import annotations

import pickle
from dataclasses import FrozenInstanceError, replace
from html.parser import HTMLParser

import pytest
from seacloud_client.downloads import Downloader
from seacloud_client.media import Output, TaskResult, read_output, read_result
from seacloud_client.media_html import html_of
from seacloud_client.settings import Settings


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        ({"type": "image"}, "image"),
        ({"type": "IMAGE "}, "image"),
        ({"type": "3D"}, "3d"),
        ({"type": "model"}, "3d"),
        ({"type": "music"}, "audio"),
        ({"type": "hologram"}, "hologram"),
        ({"content_type": "video/mp4; codecs=avc1"}, "video"),
        ({"content_type": "model/gltf-binary"}, "3d"),
        ({"file_name": "a.WAV"}, "audio"),
        ({"url": "https://c.test/a.webp?sig=1"}, "image"),
        ({"url": "data:audio/mpeg;base64,SUQz"}, "audio"),
        ({"url": "data:image/png,raw"}, "image"),
        ({"text": "hello"}, "text"),
        ({"url": "https://c.test/a"}, "unknown"),
        ({"url": "http://["}, "unknown"),
        ({}, "unknown"),
        ("https://c.test/x.mp4", "video"),
        ("just words", "text"),
        (None, "unknown"),
        ([1], "unknown"),
    ],
)
def test_kinds(record, kind):
    assert read_output(record).type == kind


def test_numbers_that_are_none_are_left_out():
    output = read_output({"type": "image", "width": "8", "height": True, "duration": float("nan"), "file_size": -1})
    assert (output.width, output.height, output.duration, output.file_size) == (None, None, None, None)
    assert output.raw["width"] == "8"


def test_an_output_is_frozen():
    with pytest.raises(FrozenInstanceError):
        read_output({"type": "image"}).url = "x"


def result():
    body = {"outputs": [{"type": "image", "url": "https://c.test/0.png", "extra": {"a": 1}}], "metadata": {"seed": 1}}
    return read_result(body, model="m", request_id="mmsu_1", downloader=Downloader(Settings(base_url="https://x.test")))


def test_a_result_can_be_pickled():
    copy = pickle.loads(pickle.dumps(result()))  # noqa: S301  # it is our own
    assert copy == result()
    assert copy.outputs[0].raw["extra"] == {"a": 1}


@pytest.mark.parametrize(
    "outputs", [None, {}, {"type": "image", "url": "https://c.test/0.png"}, "https://c.test/0.png"]
)
def test_outputs_that_are_no_list(outputs):
    made = read_result(
        {"outputs": outputs}, model="m", request_id="r", downloader=Downloader(Settings(base_url="https://x.test"))
    )
    assert len(made.outputs) == (0 if outputs is None else 1)


class Elements(HTMLParser):
    """The elements of a text, as a browser would see them."""

    def __init__(self, html):
        super().__init__()
        self.found = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def elements(outputs):
    return [(tag, attrs) for tag, attrs in Elements(html_of(outputs)).found if tag != "figure"]


def test_a_notebook_shows_pictures_and_players():
    outputs = [
        Output(type="image", url="https://c.test/0.png?a=1&b=2", width=8, height=6),
        Output(type="video", url="https://c.test/1.mp4"),
        Output(type="audio", url="data:audio/wav;base64,UklG"),
        Output(type="text", text="<b>words</b>"),
        Output(type="3d", url="https://c.test/4.glb", file_name="cat.glb"),
        Output(type="unknown"),
    ]
    found = elements(outputs)
    assert [tag for tag, _ in found] == ["img", "video", "audio", "pre", "a", "span"]
    assert found[0][1]["src"] == "https://c.test/0.png?a=1&b=2"
    assert "8x6" in found[0][1]["alt"]
    assert "controls" in found[1][1]
    assert "controls" in found[2][1]
    assert "&lt;b&gt;words&lt;/b&gt;" in html_of(outputs)
    made = TaskResult(model="m", request_id="r", outputs=tuple(outputs))
    bundle = made._repr_mimebundle_(include=None, exclude=None)
    assert bundle["text/html"] == html_of(outputs) == made._repr_html_()
    assert bundle["text/plain"].startswith("TaskResult(model='m'")
    assert outputs[0]._repr_html_() == html_of(outputs[:1])


def test_a_film_is_told_with_its_size_and_its_length():
    film = Output(type="video", url="https://c.test/1.mp4", file_name="sea.mp4", width=8, height=6, duration=2.5)
    ((_, shown),) = elements([film])
    assert shown["title"] == "sea.mp4, 8x6, 2.5 s"


EVIL = [
    '"><script>alert(1)</script>',
    "' onerror='alert(1)",
    '" onload="alert(1)',
    "</pre><script>alert(1)</script>",
    "</figure><img src=x onerror=alert(1)>",
]


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize("kind", ["image", "video", "audio", "text", "3d", "unknown", EVIL[0]])
@pytest.mark.parametrize("name", ["url", "file_name", "content_type", "text"])
def test_hostile_data_stays_data(kind, name, evil):
    value = f"https://c.test/{evil}" if name == "url" else evil
    output = replace(Output(type=kind, url="https://c.test/0"), **{name: value})
    for tag, attributes in Elements(html_of([output])).found:
        assert tag in {"figure", "img", "video", "audio", "pre", "a", "span"}
        assert not any(attribute.startswith("on") for attribute in attributes)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,<script>x</script>",
        "file:///etc/passwd",
        " javascript:x",
        "vbscript:x",
    ],
)
@pytest.mark.parametrize("kind", ["image", "video", "3d"])
def test_an_address_that_can_do_more_than_show_is_not_used(kind, url):
    [(tag, attributes)] = elements([Output(type=kind, url=url)])
    assert tag == "span"
    assert "src" not in attributes
    assert "href" not in attributes


def test_a_long_text_is_cut():
    assert len(html_of([Output(type="text", text="x" * 100_000)])) < 6_000
