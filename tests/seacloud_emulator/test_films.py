"""Films play, as ffmpeg's libraries read them; and show what they were asked for."""

from __future__ import annotations

import io
import itertools

import pytest
from PIL import Image, ImageChops
from seacloud_emulator.media.films import FRAMES_PER_SECOND, Film, make_film
from seacloud_emulator.media.pictures import Picture, make_picture
from seacloud_emulator.media.webm import webm_of

av = pytest.importorskip("av", reason="there is no wheel of PyAV for this Python")


def frames_of(file: bytes) -> list[tuple[float, Image.Image]]:
    with av.open(io.BytesIO(file)) as container:
        return [(frame.time, frame.to_image()) for frame in container.decode(container.streams.video[0])]


def brightness_of_difference(first: Image.Image, second: Image.Image) -> float:
    histogram = ImageChops.difference(first.convert("L"), second.convert("L")).histogram()
    return sum(level * count for level, count in enumerate(histogram)) / sum(histogram)


@pytest.mark.parametrize(("width", "height", "seconds"), [(320, 180, 1), (180, 320, 3), (360, 360, 2)])
def test_a_film_plays_from_its_beginning_to_its_end(width, height, seconds):
    film = Film("a cat by the sea", "pixverse_v6_t2v", width, height, seconds)
    with av.open(io.BytesIO(make_film(film))) as container:
        [stream] = container.streams
        assert "webm" in container.format.name
        assert (stream.codec_context.name, stream.width, stream.height) == ("vp8", width, height)
        assert container.duration == seconds * 1_000_000
        assert stream.average_rate == FRAMES_PER_SECOND
        frames = list(container.decode(stream))
    assert [frame.time for frame in frames] == [
        pytest.approx(number / FRAMES_PER_SECOND, abs=0.001) for number in range(seconds * FRAMES_PER_SECOND)
    ]


def test_one_can_go_on_anywhere_in_a_film():
    file = make_film(Film("a boat", "m", 160, 90, 4))
    with av.open(io.BytesIO(file)) as container:
        for second in (3, 1, 2):
            container.seek(second * 1_000_000)
            assert next(container.decode(container.streams.video[0])).time == second


def test_the_frames_are_the_images_in_their_order():
    colours = [(200, 30, 30), (30, 160, 30), (30, 30, 200)]
    file = webm_of([Image.new("RGB", (64, 48), colour) for colour in colours], 2, quality=90)
    for (_, image), colour in zip(frames_of(file), colours, strict=True):
        assert image.getpixel((32, 24)) == pytest.approx(colour, abs=12)


def test_a_film_moves_and_begins_with_the_scene_of_its_prompt():
    film = Film("a cat astronaut", "m", 320, 180, 2)
    images = [image for _, image in frames_of(make_film(film))]
    with Image.open(io.BytesIO(make_picture(Picture("a cat astronaut", "m", 320, 180)))) as still:
        assert brightness_of_difference(images[0], still) < 6
        assert brightness_of_difference(images[-1], still) > 12
    assert all(brightness_of_difference(*pair) > 0.3 for pair in itertools.pairwise(images))


def test_a_film_begins_with_the_picture_that_it_was_given():
    start = io.BytesIO()
    Image.new("RGB", (90, 160), (200, 30, 30)).save(start, "JPEG")
    images = frames_of(make_film(Film("x", "m", 160, 90, 1, start.getvalue())))
    assert images[0][1].getpixel((80, 20)) == pytest.approx((200, 30, 30), abs=12)


def test_the_same_prompt_makes_the_same_film_and_another_another():
    first = Film("a cat", "m", 64, 36, 1)
    assert make_film.__wrapped__(first) == make_film.__wrapped__(first)
    assert make_film(first) != make_film(Film("a dog", "m", 64, 36, 1))
