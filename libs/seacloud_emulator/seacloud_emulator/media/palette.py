"""Colours, and the little geometry that scenes share."""

from __future__ import annotations

import colorsys
import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

Colour = tuple[int, int, int]


COLOURS: dict[str, Colour] = {
    "red": (222, 72, 68),
    "orange": (240, 142, 56),
    "yellow": (248, 206, 86),
    "golden": (236, 186, 76),
    "green": (96, 172, 104),
    "blue": (78, 132, 212),
    "purple": (148, 100, 196),
    "violet": (148, 100, 196),
    "pink": (244, 150, 176),
    "brown": (150, 104, 76),
    "black": (66, 62, 76),
    "white": (244, 242, 238),
    "grey": (150, 154, 166),
    "gray": (150, 154, 166),
}
"""The colours that prompts name."""


def dice(seed: str) -> random.Random:
    """Random numbers that are always the same for the same seed."""
    number = int.from_bytes(hashlib.sha256(seed.encode("utf-8", "surrogatepass")).digest()[:8], "big")
    return random.Random(number)  # noqa: S311  # for drawing, not for secrets


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """A colour between two, with this share of the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def hue(degrees: float, saturation: float, value: float) -> Colour:
    """A colour by its hue in degrees."""
    red, green, blue = colorsys.hsv_to_rgb(degrees / 360 % 1, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def gradient(size: tuple[int, int], stops: list[Colour]) -> Image.Image:
    """A field that runs from the first colour at the top to the last at the bottom."""
    width, height = size
    column = Image.new("RGB", (1, len(stops)))
    column.putdata(stops)
    tall = column.resize((1, height), Image.Resampling.BILINEAR)
    return tall.resize((width, height))


@dataclass
class Canvas:
    """A picture in the making.

    Attributes:
        image: the picture so far, in RGB.
        dice: the random numbers of this picture.
        night: whether it is night in it.
        horizon: where the ground begins, in pixels from the top.
        colour: the colour that the prompt names for its subject, if it names one.
    """

    image: Image.Image
    dice: random.Random
    night: bool = False
    horizon: int = 0
    colour: Colour | None = None

    @property
    def width(self) -> int:
        """Pixels across."""
        return self.image.width

    @property
    def height(self) -> int:
        """Pixels down."""
        return self.image.height

    @property
    def unit(self) -> float:
        """A hundredth of the shorter side, in pixels."""
        return min(self.image.size) / 100

    @property
    def pen(self) -> ImageDraw.ImageDraw:
        """What draws on the picture."""
        return ImageDraw.Draw(self.image)

    @property
    def glass(self) -> ImageDraw.ImageDraw:
        """What draws on the picture and lets colours of four values shine through."""
        return ImageDraw.Draw(self.image, "RGBA")

    def choose(self, colours: Sequence[Colour]) -> Colour:
        """The colour that the prompt names, or else one of these."""
        chosen = self.dice.choice(colours)
        return self.colour or chosen

    def glow(self, centre: tuple[float, float], radius: float, colour: Colour, strength: float) -> None:
        """A light that fades outwards."""
        side = max(2, round(radius * 2))
        light = Image.radial_gradient("L").point(
            lambda distance: round(255 * max(0.0, 1 - distance / 180) ** 2 * strength)
        )
        mask = light.resize((side, side), Image.Resampling.BILINEAR)
        self.image.paste(colour, (round(centre[0] - radius), round(centre[1] - radius)), mask)

    def disc(self, centre: tuple[float, float], radius: float, fill: Colour | tuple[int, int, int, int]) -> None:
        """A circle, filled."""
        self.ellipse(centre, (radius, radius), fill)

    def ellipse(
        self,
        centre: tuple[float, float],
        radii: tuple[float, float],
        fill: Colour | tuple[int, int, int, int] | None,
        outline: Colour | None = None,
        line: float = 0,
    ) -> None:
        """An ellipse."""
        (x, y), (across, down) = centre, radii
        box = (x - across, y - down, x + across, y + down)
        self.glass.ellipse(box, fill=fill, outline=outline, width=round(line))
