"""Pictures that a person can see were made for their prompt.

A scene is made of what the prompt names (a cat, an astronaut's helmet, the sea, the night, ...), its colours and places
come from the prompt's hash, and the prompt itself stands below. The same prompt always has the same picture.
"""

from __future__ import annotations

import functools
import io
import re
from dataclasses import dataclass
from typing import Any, NamedTuple

from PIL import Image, ImageDraw

from seacloud_emulator.media.lettering import Block, advance, draw_block, draw_line, lay_out
from seacloud_emulator.media.palette import COLOURS, Canvas, dice
from seacloud_emulator.media.scenery import GROUNDS, draw_islet, draw_sky
from seacloud_emulator.media.subjects import HELMET_WORDS, SHAPES, SUBJECTS, Place, Subject

OVERSAMPLING = 2
"""How much larger a scene is drawn than it is shown, so that its edges are smooth."""


class Format(NamedTuple):
    """A file format: Pillow's name of it, how it is saved, and its media type."""

    pillow: str
    options: dict[str, Any]
    media_type: str


FORMATS = {
    "png": Format("PNG", {"compress_level": 4}, "image/png"),
    "jpeg": Format("JPEG", {"quality": 90}, "image/jpeg"),
    "webp": Format("WEBP", {"quality": 90, "method": 2}, "image/webp"),
}
"""The formats by the names that requests use."""

_HOURS = {
    "night": {"night", "moon", "star", "stars", "midnight", "dark", "space", "galaxy", "astronaut", "planet", "cosmic"},
    "dusk": {"sunset", "sunrise", "dusk", "dawn", "evening", "golden"},
    "day": {"day", "sun", "sunny", "noon", "morning", "bright", "summer"},
}

_PLACES = {
    "sea": {
        "sea",
        "ocean",
        "water",
        "beach",
        "lake",
        "wave",
        "waves",
        "boat",
        "ship",
        "yacht",
        "island",
        "coast",
        "fish",
    },
    "city": {
        "city",
        "town",
        "street",
        "skyline",
        "building",
        "buildings",
        "skyscraper",
        "tokyo",
        "york",
        "paris",
        "london",
    },
    "hills": {
        "hill",
        "hills",
        "mountain",
        "mountains",
        "forest",
        "tree",
        "trees",
        "field",
        "meadow",
        "valley",
        "garden",
    },
    "space": {"space", "galaxy", "planet", "mars", "moon", "orbit", "cosmic", "astronaut", "universe", "rocket"},
}


@dataclass(frozen=True)
class Picture:
    """What to draw.

    Attributes:
        prompt: what it is to show.
        model: the model that is said to have made it.
        width: pixels across.
        height: pixels down.
        format: one of `FORMATS`.
        number: which one of a task's pictures it is, from 0.
    """

    prompt: str
    model: str
    width: int
    height: int
    format: str = "png"
    number: int = 0


@functools.lru_cache(maxsize=64)
def make_picture(picture: Picture) -> bytes:
    """The picture's file. It takes some tenths of a second, and nothing for one that was just made."""
    image = draw_scene(picture).resize((picture.width, picture.height), Image.Resampling.BOX)
    draw_caption(image, picture)
    chosen = FORMATS[picture.format]
    file = io.BytesIO()
    image.save(file, chosen.pillow, **chosen.options)
    return file.getvalue()


def is_picture(content: bytes) -> bool:
    """Whether a file is a picture that can be read, and not one so large that it would take all memory."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            image.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return False
    return True


def draw_scene(picture: Picture) -> Image.Image:
    """What the prompt names, `OVERSAMPLING` times as large as the picture."""
    words = set(re.findall(r"[^\W\d_]+", picture.prompt.lower()))
    size = (picture.width * OVERSAMPLING, picture.height * OVERSAMPLING)
    canvas = Canvas(Image.new("RGB", size), dice(f"{picture.number}:{picture.prompt}"))
    subject = next((subject for subject in SUBJECTS if words & subject.names), SHAPES)
    hour = _named(words, _HOURS) or canvas.dice.choice(("day", "dusk", "night"))
    ground = "sea" if subject.under_water else _named(words, _PLACES) or canvas.dice.choice(("hills", "sea"))
    canvas.horizon = round(canvas.height * (0.26 if subject.under_water else 0.62))
    canvas.night = hour == "night"
    canvas.colour = next((colour for name, colour in COLOURS.items() if name in words), None)
    light = draw_sky(canvas, hour)
    GROUNDS[ground](canvas, light)
    _place_subject(canvas, subject, ground, helmet=bool(words & HELMET_WORDS))
    return canvas.image


def _place_subject(canvas: Canvas, subject: Subject, ground: str, *, helmet: bool) -> None:
    """Draws the subject: in the sky, in the water, or on the ground, which at sea is an islet."""
    radius, x = canvas.unit * 12.5, canvas.width * canvas.dice.uniform(0.44, 0.56)
    y = canvas.height * (0.52 if subject.under_water else 0.34)
    if subject.foot is not None and not helmet:
        y = min(canvas.horizon + canvas.height * 0.08, canvas.height * 0.7) - subject.foot * radius
        if ground == "sea" and not subject.floats_on_water:
            draw_islet(canvas, x, y + subject.foot * radius, radius * 1.9)
    subject.draw(canvas, Place(x, y, radius), helmet=helmet)


def _named(words: set[str], table: dict[str, set[str]]) -> str | None:
    """The first entry of a table that the prompt names."""
    return next((name for name, names in table.items() if words & names), None)


def draw_caption(image: Image.Image, picture: Picture) -> None:
    """The prompt on a dark pane at the bottom, and below it who made the picture."""
    unit = min(image.size) / 100
    margin, padding = round(unit * 3.5), round(unit * 2.6)
    width = image.width - 2 * (margin + padding)
    sizes = tuple(max(8, round(unit * size)) for size in (4.4, 3.8, 3.2, 2.7, 2.2))
    block = lay_out(picture.prompt, width, round(image.height * 0.24), sizes)
    credit = Block((f"SeaCloud emulator · {picture.model}",), max(7, round(unit * 2)))
    top = image.height - margin - 2 * padding - block.height - round(credit.height * 1.25)
    pen = ImageDraw.Draw(image, "RGBA")
    pane = (margin, top, image.width - margin, image.height - margin)
    pen.rounded_rectangle(pane, round(unit * 2.4), fill=(12, 14, 34, 200))
    draw_block(pen, (margin + padding, top + padding), block, (255, 255, 255))
    line = image.height - margin - padding - credit.height
    draw_line(pen, (margin + padding, line), credit.lines[0], credit.size, (190, 202, 226))
    if picture.number:
        mark = f"#{picture.number + 1}"
        right = image.width - margin - padding - advance(mark, credit.size)
        draw_line(pen, (right, line), mark, credit.size, (190, 202, 226))
