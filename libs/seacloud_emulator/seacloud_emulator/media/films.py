"""Short films that a person can see were made for their prompt: a look around a picture of it.

A film begins with the picture that it was given, or else with the scene of its prompt, and moves in or out and across
it. The prompt stands below, with a line that grows as the film goes on.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageOps

from seacloud_emulator.media.palette import dice
from seacloud_emulator.media.pictures import Picture, draw_caption, draw_scene
from seacloud_emulator.media.webm import webm_of

MEDIA_TYPE = "video/webm"
FRAMES_PER_SECOND = 8
CLOSEST = 0.72
"""The share of the picture that is seen where the film is closest."""


@dataclass(frozen=True)
class Film:
    """What to show.

    Attributes:
        prompt: what it is to show.
        model: the model that is said to have made it.
        width: pixels across.
        height: pixels down.
        seconds: how long it is.
        start: the file of the picture that it begins with, if there is one.
    """

    prompt: str
    model: str
    width: int
    height: int
    seconds: int
    start: bytes | None = None


@functools.lru_cache(maxsize=16)
def make_film(film: Film) -> bytes:
    """The film's file. It takes about as long as a picture for each of its seconds, nothing for one just made."""
    return webm_of(_frames(film), FRAMES_PER_SECOND)


def _frames(film: Film) -> Iterator[Image.Image]:
    picture = Picture(film.prompt, film.model, film.width, film.height)
    stage = _opening(film, picture)
    path = dice(f"film:{film.prompt}")
    goal = (path.uniform(0.2, 0.8), path.uniform(0.1, 0.5))
    number = film.seconds * FRAMES_PER_SECOND
    for frame in range(number):
        done = frame / max(1, number - 1)
        share = 1 - (1 - CLOSEST) * done
        view = stage.resize((film.width, film.height), Image.Resampling.BILINEAR, _view(stage.size, goal, share))
        draw_caption(view, picture)
        _draw_progress(view, done)
        yield view


def _opening(film: Film, picture: Picture) -> Image.Image:
    if film.start is None:
        return draw_scene(picture)
    with Image.open(io.BytesIO(film.start)) as image:
        return ImageOps.fit(image.convert("RGB"), (film.width, film.height))


def _view(size: tuple[int, int], goal: tuple[float, float], share: float) -> tuple[float, float, float, float]:
    """The part of the picture that is seen: this share of it, and the nearer to its goal the smaller it is."""
    (width, height), (across, down) = size, goal
    left, top = width * (1 - share) * across, height * (1 - share) * down
    return left, top, left + width * share, top + height * share


def _draw_progress(image: Image.Image, done: float) -> None:
    thickness = max(2, image.height // 120)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, image.height - thickness, image.width * done, image.height), fill=(255, 196, 92))
