"""What a picture shows: a cat, a dog, a fish, a house, a flower or a boat, with a helmet or without; else shapes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from seacloud_emulator.media.palette import Canvas, Colour, hue, mix

INK = (38, 32, 52)
_FURS = ((240, 154, 74), (150, 152, 170), (246, 222, 190), (92, 82, 98), (206, 132, 92))


@dataclass(frozen=True)
class Place:
    """Where a subject is and how large: `x`, `y` its middle, `r` the radius of its head or body, in pixels."""

    x: float
    y: float
    r: float

    def at(self, across: float, down: float) -> tuple[float, float]:
        """A point, in radii from the middle."""
        return self.x + across * self.r, self.y + down * self.r


def draw_cat(canvas: Canvas, place: Place, *, helmet: bool) -> None:
    """A cat that sits, or floats in a space suit."""
    fur = canvas.choose(_FURS)
    dark, body = mix(fur, INK, 0.3), place
    if helmet:
        draw_suit(canvas, body)
        place = Place(body.x, body.y + body.r * 0.08, body.r * 0.84)
    else:
        _sitting_body(canvas, body, fur)
    for side in (-1, 1):
        ear = [place.at(side * 0.9, -1.12), place.at(side * 0.18, -0.8), place.at(side * 0.92, -0.1)]
        canvas.pen.polygon(ear, fill=fur)
        inner = [place.at(side * 0.8, -0.92), place.at(side * 0.4, -0.72), place.at(side * 0.82, -0.4)]
        canvas.pen.polygon(inner, fill=(244, 168, 170))
    canvas.ellipse(place.at(0, 0), (place.r, place.r * 0.86), fur)
    for across in (-0.22, 0, 0.22):
        _line(canvas, [place.at(across, -0.8), place.at(across * 0.8, -0.5)], dark, place.r * 0.08)
    _cat_face(canvas, place)
    if helmet:
        draw_helmet(canvas, body)


def _cat_face(canvas: Canvas, place: Place) -> None:
    iris = hue(canvas.dice.choice((50, 85, 150, 195)), 0.55, 0.85)
    for side in (-1, 1):
        canvas.ellipse(place.at(side * 0.4, -0.12), (place.r * 0.22, place.r * 0.25), iris)
        canvas.ellipse(place.at(side * 0.4, -0.12), (place.r * 0.11, place.r * 0.22), INK)
        canvas.disc(place.at(side * 0.4 - 0.06, -0.2), place.r * 0.06, (255, 255, 255))
        for turn in (-0.12, 0.02, 0.16):
            ends = [place.at(side * 0.45, 0.3 + turn * 0.5), place.at(side * 1.18, 0.24 + turn * 1.6)]
            _line(canvas, ends, (255, 255, 255), place.r * 0.022)
        canvas.ellipse(place.at(side * 0.17, 0.36), (place.r * 0.24, place.r * 0.19), (255, 244, 232))
    nose = [place.at(-0.11, 0.18), place.at(0.11, 0.18), place.at(0, 0.31)]
    canvas.pen.polygon(nose, fill=(226, 112, 124))
    _mouth(canvas, place, 0.36)


def _sitting_body(canvas: Canvas, place: Place, fur: Colour) -> None:
    tail = [place.at(0.7 + 0.6 * math.sin(step / 9), 2.3 - step / 14) for step in range(26)]
    _line(canvas, tail, mix(fur, INK, 0.18), place.r * 0.26)
    canvas.disc(tail[-1], place.r * 0.13, mix(fur, INK, 0.18))
    canvas.ellipse(place.at(0, 1.55), (place.r * 0.86, place.r * 1.05), fur)
    canvas.ellipse(place.at(0, 1.5), (place.r * 0.45, place.r * 0.75), mix(fur, (255, 250, 240), 0.6))
    for side in (-1, 1):
        canvas.ellipse(place.at(side * 0.4, 2.5), (place.r * 0.32, place.r * 0.2), mix(fur, (255, 250, 240), 0.4))


def draw_dog(canvas: Canvas, place: Place, *, helmet: bool) -> None:
    """A dog that sits, or floats in a space suit."""
    fur = canvas.choose(_FURS)
    if helmet:
        draw_suit(canvas, place)
    else:
        _sitting_body(canvas, place, fur)
    canvas.ellipse(place.at(0, 0), (place.r * 0.9, place.r * 0.92), fur)
    for side in (-1, 1):
        canvas.ellipse(place.at(side * 0.82, -0.05), (place.r * 0.27, place.r * 0.68), mix(fur, INK, 0.45))
        canvas.ellipse(place.at(side * 0.34, -0.2), (place.r * 0.15, place.r * 0.18), INK)
        canvas.disc(place.at(side * 0.34 - 0.05, -0.26), place.r * 0.055, (255, 255, 255))
    canvas.ellipse(place.at(0, 0.36), (place.r * 0.46, place.r * 0.36), (255, 244, 232))
    canvas.ellipse(place.at(0, 0.62), (place.r * 0.15, place.r * 0.22), (236, 118, 132))
    canvas.ellipse(place.at(0, 0.18), (place.r * 0.17, place.r * 0.12), INK)
    _mouth(canvas, place, 0.42)
    if helmet:
        draw_helmet(canvas, place)


def _mouth(canvas: Canvas, place: Place, down: float) -> None:
    for side in (-1, 1):
        (left, top), (right, bottom) = (
            place.at(side * 0.13 - 0.13, down - 0.13),
            place.at(side * 0.13 + 0.13, down + 0.1),
        )
        canvas.pen.arc((left, top, right, bottom), 0, 180, fill=INK, width=max(1, round(place.r * 0.045)))


def draw_person(canvas: Canvas, place: Place, *, helmet: bool) -> None:
    """Somebody in a space suit, whose visor mirrors the world: the astronaut of a prompt that names no animal."""
    del helmet
    draw_suit(canvas, place)
    canvas.disc(place.at(0, 0), place.r * 1.3, (226, 230, 240))
    canvas.ellipse(place.at(0, 0.04), (place.r * 1.05, place.r * 0.86), (104, 66, 42))
    canvas.ellipse(place.at(0, 0.04), (place.r * 0.98, place.r * 0.79), (228, 158, 72))
    canvas.ellipse(place.at(0, 0.3), (place.r * 0.78, place.r * 0.48), (190, 112, 58))
    canvas.ellipse(place.at(-0.4, -0.3), (place.r * 0.34, place.r * 0.2), (255, 236, 196, 200))
    draw_helmet(canvas, place)


def draw_suit(canvas: Canvas, place: Place) -> None:
    """The body of a space suit, below a helmet."""
    white, shade, trim = (238, 240, 246), (196, 202, 218), hue(canvas.dice.choice((12, 200, 265)), 0.6, 0.85)
    _rounded(canvas, place, (-1.05, 0.75, 1.05, 2.35), shade, 0.3)
    for side in (-1, 1):
        _limb(canvas, place, [(side * 0.6, 1.2), (side * 1.35, 1.5), (side * 1.75, 1.05)], white)
        canvas.disc(place.at(side * 1.78, 1.0), place.r * 0.25, trim)
        _limb(canvas, place, [(side * 0.36, 2.2), (side * 0.5, 2.75), (side * 0.62, 3.1)], white)
        canvas.ellipse(place.at(side * 0.66, 3.22), (place.r * 0.33, place.r * 0.22), trim)
    _rounded(canvas, place, (-0.78, 0.85, 0.78, 2.5), white, 0.4)
    _rounded(canvas, place, (-0.42, 1.35, 0.42, 1.85), shade, 0.1)
    for number, colour in enumerate(((232, 82, 82), (250, 196, 76), (96, 190, 122))):
        canvas.disc(place.at(-0.25 + 0.25 * number, 1.6), place.r * 0.08, colour)
    _line(canvas, [place.at(-0.74, 2.15), place.at(0.74, 2.15)], trim, place.r * 0.14)


def draw_helmet(canvas: Canvas, place: Place) -> None:
    """A glass helmet around a head."""
    radius = place.r * 1.36
    canvas.disc(place.at(0, 0), radius, (190, 220, 255, 46))
    canvas.ellipse(place.at(0, 0), (radius, radius), None, (244, 246, 250), place.r * 0.13)
    canvas.ellipse(place.at(0, 0), (radius * 0.915, radius * 0.915), None, (176, 186, 206), place.r * 0.03)
    for start, length, inset in ((200, 50, 0.24), (258, 12, 0.24)):
        inner = radius - place.r * inset
        box = (place.x - inner, place.y - inner, place.x + inner, place.y + inner)
        canvas.glass.arc(box, start, start + length, fill=(255, 255, 255, 210), width=max(1, round(place.r * 0.1)))
    _rounded(canvas, place, (-0.72, 1.12, 0.72, 1.4), (214, 220, 232), 0.14)


def draw_fish(canvas: Canvas, place: Place, *, helmet: bool) -> None:
    """A fish with stripes."""
    colour = canvas.choose([hue(degrees, 0.65, 0.95) for degrees in (18, 45, 190, 330)])
    canvas.pen.polygon(
        [place.at(0.95, 0.1), place.at(1.75, -0.6), place.at(1.55, 0.1), place.at(1.75, 0.8)],
        fill=mix(colour, INK, 0.2),
    )
    canvas.pen.polygon([place.at(-0.3, -0.55), place.at(0.35, -1.05), place.at(0.6, -0.45)], fill=mix(colour, INK, 0.2))
    canvas.ellipse(place.at(0, 0.1), (place.r * 1.2, place.r * 0.72), colour)
    for across in (-0.15, 0.25, 0.62):
        canvas.ellipse(
            place.at(across, 0.1), (place.r * 0.07, place.r * (0.64 - abs(across) * 0.3)), (255, 255, 255, 170)
        )
    canvas.disc(place.at(-0.68, -0.08), place.r * 0.19, (255, 255, 255))
    canvas.disc(place.at(-0.71, -0.07), place.r * 0.1, INK)
    for rise in (0.2, 0.6, 1.05):
        canvas.ellipse(
            place.at(-1.45 - rise * 0.2, -rise), (place.r * 0.1, place.r * 0.1), (255, 255, 255, 90), (255, 255, 255), 2
        )
    if helmet:
        draw_helmet(canvas, Place(place.x, place.y, place.r * 1.2))


def draw_house(canvas: Canvas, place: Place, *, helmet: bool) -> None:
    """A house with a chimney, of the colour that was asked for or a likely one."""
    del helmet
    wall = canvas.choose(((226, 96, 84), (246, 214, 150), (140, 178, 214), (240, 240, 236)))
    canvas.pen.rectangle((*place.at(0.45, -1.15), *place.at(0.72, -0.3)), fill=(120, 84, 82))
    canvas.pen.rectangle((*place.at(-1, -0.2), *place.at(1, 1.25)), fill=wall)
    canvas.pen.polygon([place.at(-1.25, -0.15), place.at(0, -1.2), place.at(1.25, -0.15)], fill=mix(wall, INK, 0.55))
    canvas.pen.rectangle((*place.at(-0.22, 0.42), *place.at(0.22, 1.25)), fill=(104, 70, 60))
    canvas.disc(place.at(0.13, 0.85), place.r * 0.04, (250, 210, 120))
    for side in (-0.62, 0.62):
        canvas.pen.rectangle((*place.at(side - 0.22, 0.1), *place.at(side + 0.22, 0.55)), fill=(255, 236, 164))
        _line(canvas, [place.at(side, 0.1), place.at(side, 0.55)], mix(wall, INK, 0.5), place.r * 0.04)
        _line(canvas, [place.at(side - 0.22, 0.32), place.at(side + 0.22, 0.32)], mix(wall, INK, 0.5), place.r * 0.04)


def draw_flower(canvas: Canvas, place: Place, *, helmet: bool) -> None:
    """A flower with leaves."""
    del helmet
    colour = canvas.choose([hue(degrees, 0.55, 0.97) for degrees in (330, 350, 20, 280, 205)])
    stalk = (74, 140, 84)
    _line(canvas, [place.at(0, 0), place.at(0.08, 1.2), place.at(0, 2.6)], stalk, place.r * 0.12)
    for side in (-1, 1):
        canvas.ellipse(place.at(side * 0.42, 1.7 + side * 0.2), (place.r * 0.42, place.r * 0.15), stalk)
    for ring, (reach, size) in enumerate(((0.82, 0.46), (0.5, 0.36))):
        for petal in range(9):
            turn = (petal + ring * 0.5) / 9 * math.tau
            canvas.disc(
                place.at(math.cos(turn) * reach, math.sin(turn) * reach),
                place.r * size,
                (*mix(colour, (255, 255, 255), 0.25 * ring), 225),
            )
    canvas.disc(place.at(0, 0), place.r * 0.36, (250, 206, 92))
    for seed in range(26):
        turn, reach = seed * 2.4, math.sqrt(seed / 26) * 0.3
        canvas.disc(place.at(math.cos(turn) * reach, math.sin(turn) * reach), place.r * 0.03, (190, 130, 50))


def draw_boat(canvas: Canvas, place: Place, *, helmet: bool) -> None:
    """A sailing boat."""
    del helmet
    hull, sail = canvas.choose(((176, 74, 64), (58, 84, 130), (120, 84, 62))), (252, 248, 236)
    _line(canvas, [place.at(0, 1.6), place.at(0, -1.3)], (104, 78, 62), place.r * 0.07)
    canvas.pen.polygon([place.at(0.1, -1.2), place.at(0.1, 1.2), place.at(1.25, 1.2)], fill=sail)
    canvas.pen.polygon([place.at(-0.1, -0.9), place.at(-0.1, 1.2), place.at(-0.9, 1.2)], fill=mix(sail, hull, 0.25))
    canvas.pen.polygon(
        [place.at(-1.35, 1.45), place.at(1.5, 1.45), place.at(1.0, 2.1), place.at(-0.95, 2.1)], fill=hull
    )
    canvas.pen.polygon([place.at(0, -1.3), place.at(0.45, -1.18), place.at(0, -1.05)], fill=hull)


def draw_shapes(canvas: Canvas, place: Place, *, helmet: bool) -> None:
    """Rings and petals of light: the subject of a prompt whose subject is not known here."""
    del helmet
    degrees = canvas.dice.uniform(0, 360)
    petals = canvas.dice.choice((5, 6, 7, 8, 9, 12))
    canvas.glow((place.x, place.y), place.r * 2.6, hue(degrees, 0.3, 1), 0.7)
    for ring in range(3, 0, -1):
        for petal in range(petals):
            turn = (petal + ring * 0.5) / petals * math.tau
            colour = hue(degrees + ring * 34 + petal * 90 / petals, 0.55, 0.98)
            centre = place.at(math.cos(turn) * ring * 0.45, math.sin(turn) * ring * 0.45)
            canvas.disc(centre, place.r * (0.28 + 0.12 * ring), (*colour, 105))
    canvas.disc((place.x, place.y), place.r * 0.34, (255, 255, 255, 215))
    canvas.ellipse((place.x, place.y), (place.r * 1.95, place.r * 1.95), None, (255, 255, 255), place.r * 0.025)


def _line(canvas: Canvas, points: list[tuple[float, float]], colour: Colour, width: float) -> None:
    canvas.pen.line(points, fill=colour, width=max(1, round(width)), joint="curve")


def _limb(canvas: Canvas, place: Place, points: list[tuple[float, float]], colour: Colour) -> None:
    joints = [place.at(*point) for point in points]
    _line(canvas, joints, colour, place.r * 0.44)
    for joint in joints:
        canvas.disc(joint, place.r * 0.22, colour)


def _rounded(
    canvas: Canvas, place: Place, box: tuple[float, float, float, float], colour: Colour, corner: float
) -> None:
    left, top, right, bottom = box
    canvas.pen.rounded_rectangle((*place.at(left, top), *place.at(right, bottom)), place.r * corner, fill=colour)


@dataclass(frozen=True)
class Subject:
    """Something that can be drawn.

    Attributes:
        draw: what draws it.
        names: the words of a prompt that call for it.
        foot: how far below its middle it touches the ground, in radii; None for what floats.
        floats_on_water: whether it needs no ground at sea.
        under_water: whether it lives in the sea.
    """

    draw: Callable[..., None]
    names: frozenset[str] = frozenset()
    foot: float | None = None
    floats_on_water: bool = False
    under_water: bool = False


SUBJECTS = (
    Subject(draw_cat, frozenset(("cat", "cats", "kitten", "kitty")), foot=2.6),
    Subject(draw_dog, frozenset(("dog", "dogs", "puppy")), foot=2.6),
    Subject(draw_fish, frozenset(("fish", "goldfish", "whale", "shark", "dolphin")), under_water=True),
    Subject(draw_person, frozenset(("astronaut", "cosmonaut", "spaceman"))),
    Subject(draw_house, frozenset(("house", "home", "cottage", "cabin", "hut")), foot=1.25),
    Subject(draw_boat, frozenset(("boat", "ship", "yacht", "sail", "sailing")), foot=2.0, floats_on_water=True),
    Subject(draw_flower, frozenset(("flower", "flowers", "rose", "tulip", "sunflower", "garden")), foot=2.6),
)
"""What can be drawn. The first that a prompt names is."""

SHAPES = Subject(draw_shapes)
"""What is drawn for a prompt that names nothing known."""

HELMET_WORDS = frozenset(("astronaut", "cosmonaut", "helmet", "spaceman", "spacesuit"))
