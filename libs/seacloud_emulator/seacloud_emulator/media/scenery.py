"""Where a picture's subject is: the sky above, and the sea, hills, a city or planets below."""

from __future__ import annotations

import math
from collections.abc import Callable

from seacloud_emulator.media.palette import Canvas, Colour, gradient, hue, mix

WHITE = (255, 255, 255)

_SKIES: dict[str, tuple[list[Colour], ...]] = {
    "night": (
        [(8, 10, 38), (24, 28, 84), (70, 60, 130)],
        [(6, 16, 40), (14, 46, 92), (44, 100, 140)],
        [(18, 8, 44), (54, 24, 92), (122, 58, 132)],
    ),
    "dusk": (
        [(50, 38, 104), (186, 82, 122), (252, 160, 96), (255, 212, 140)],
        [(32, 50, 110), (130, 84, 150), (242, 132, 110), (255, 200, 130)],
    ),
    "day": (
        [(64, 140, 220), (136, 196, 240), (220, 240, 250)],
        [(90, 160, 214), (170, 216, 232), (250, 240, 214)],
    ),
}


def draw_sky(canvas: Canvas, hour: str) -> tuple[float, float]:
    """The sky of an hour (`night`, `dusk`, `day`) with its light, whose place is given back."""
    canvas.image.paste(gradient(canvas.image.size, canvas.dice.choice(_SKIES[hour])))
    side = canvas.dice.choice((0.17, 0.83))
    return _LIGHTS[hour](canvas, side)


def _moon(canvas: Canvas, side: float) -> tuple[float, float]:
    _stars(canvas)
    centre, radius = (canvas.width * side, canvas.height * 0.17), canvas.unit * 8
    canvas.glow(centre, radius * 4.5, (255, 240, 200), 0.7)
    canvas.disc(centre, radius, (255, 248, 224))
    for across, down, size in ((-0.35, -0.25, 0.22), (0.3, 0.15, 0.28), (-0.1, 0.5, 0.16), (0.35, -0.45, 0.13)):
        canvas.disc((centre[0] + across * radius, centre[1] + down * radius), size * radius, (236, 224, 190))
    return centre


def _stars(canvas: Canvas) -> None:
    for _ in range(170):
        x, y = canvas.dice.random() * canvas.width, canvas.dice.random() ** 1.3 * canvas.height * 0.8
        size = canvas.unit * (0.1 + canvas.dice.random() ** 4 * 0.4)
        canvas.disc((x, y), size, (255, 255, 255, canvas.dice.randint(110, 255)))
        if size > canvas.unit * 0.33:
            arm, colour = size * 4, (255, 255, 255, 120)
            line = max(1, round(canvas.unit * 0.12))
            canvas.glass.line((x - arm, y, x + arm, y), fill=colour, width=line)
            canvas.glass.line((x, y - arm, x, y + arm), fill=colour, width=line)


def _low_sun(canvas: Canvas, side: float) -> tuple[float, float]:
    centre = (canvas.width * (0.3 + side * 0.4), canvas.horizon - canvas.unit * 4)
    canvas.glow(centre, canvas.unit * 48, (255, 236, 180), 0.75)
    canvas.disc(centre, canvas.unit * 10, (255, 244, 210))
    _clouds(canvas, (255, 206, 190), 0.35)
    return centre


def _sun(canvas: Canvas, side: float) -> tuple[float, float]:
    centre = (canvas.width * side, canvas.height * 0.15)
    canvas.glow(centre, canvas.unit * 30, (255, 250, 214), 0.9)
    canvas.disc(centre, canvas.unit * 7.5, (255, 240, 160))
    _clouds(canvas, WHITE, 0.85)
    return centre


def _clouds(canvas: Canvas, colour: Colour, strength: float) -> None:
    for _ in range(4):
        x, y = canvas.dice.random() * canvas.width, (0.06 + canvas.dice.random() * 0.32) * canvas.height
        size = canvas.unit * (4 + canvas.dice.random() * 5)
        for puff in range(6):
            across = (puff - 2.5) * size * 0.62
            lift = math.sin((puff + 0.5) / 6 * math.pi) * size * 0.55
            canvas.glow((x + across, y - lift), size * (1.4 + canvas.dice.random() * 0.6), colour, strength)


_LIGHTS: dict[str, Callable[[Canvas, float], tuple[float, float]]] = {"night": _moon, "dusk": _low_sun, "day": _sun}


def draw_sea(canvas: Canvas, light: tuple[float, float]) -> None:
    """The sea: rows of waves, and a path of light on it."""
    deep, shallow = ((6, 22, 58), (34, 84, 132)) if canvas.night else ((10, 74, 128), (70, 168, 196))
    below = canvas.height - canvas.horizon
    canvas.image.paste(gradient((canvas.width, below), [shallow, mix(shallow, deep, 0.6), deep]), (0, canvas.horizon))
    rows = 13
    for row in range(rows):
        depth = (row + 0.4) / rows
        _wave(canvas, canvas.horizon + below * depth**1.5, depth, mix(mix(shallow, WHITE, 0.3), deep, depth * 0.7))
    for spot in range(60):
        depth = (spot / 60) ** 1.4
        y = canvas.horizon + below * depth
        reach = canvas.unit * (1.5 + 12 * depth)
        x = light[0] + canvas.dice.gauss(0, 1) * reach * 0.6
        length = canvas.unit * (0.8 + canvas.dice.random() * 2.5) * (0.5 + depth)
        canvas.ellipse((x, y), (length, max(1, canvas.unit * 0.16)), (255, 246, 214, 150))


def _wave(canvas: Canvas, y: float, depth: float, colour: Colour) -> None:
    length, height = canvas.unit * (6 + 22 * depth), canvas.unit * (0.25 + 1.5 * depth)
    shift = canvas.dice.random() * math.tau
    step = max(2, canvas.width // 160)
    crest = [
        (x, y + height * (math.sin(x / length * math.tau + shift) + 0.4 * math.sin(x / length * 4.1 + shift * 2)))
        for x in range(-step, canvas.width + 2 * step, step)
    ]
    body = [*crest, (canvas.width + step, y + height * 5), (-step, y + height * 5)]
    canvas.glass.polygon(body, fill=(*mix(colour, (0, 20, 50), 0.35), 60))
    canvas.glass.line(
        crest, fill=(*colour, 150), width=max(1, round(canvas.unit * (0.15 + 0.4 * depth))), joint="curve"
    )


def draw_hills(canvas: Canvas, light: tuple[float, float]) -> None:
    """Three rows of hills, the farther the hazier, with trees on the nearest."""
    del light
    degrees = canvas.dice.choice((95, 120, 150, 200, 265))
    haze = canvas.image.getpixel((canvas.width // 2, canvas.horizon - 1))
    far: Colour = haze[:3] if isinstance(haze, tuple) else WHITE  # type: ignore[assignment]  # a pixel of RGB
    near = hue(degrees, 0.55, 0.24 if canvas.night else 0.5)
    for row in range(3):
        base = canvas.horizon + (canvas.height - canvas.horizon) * (row * 0.3 - 0.12)
        ridge = _ridge(canvas, base, canvas.unit * (9 - 2 * row))
        colour = mix(far, near, 0.45 + row * 0.27)
        canvas.pen.polygon([*ridge, (canvas.width, canvas.height), (0, canvas.height)], fill=colour)
        if row:
            _trees(canvas, ridge, mix(colour, (0, 0, 0), 0.3), 3 + row * 2)


def _ridge(canvas: Canvas, base: float, height: float) -> list[tuple[float, float]]:
    waves = [
        (canvas.dice.uniform(1, 4), canvas.dice.uniform(0, math.tau), canvas.dice.uniform(0.3, 1)) for _ in range(3)
    ]
    step = max(2, canvas.width // 200)
    return [
        (
            x,
            base
            - height
            * sum(part * math.sin(x / canvas.width * math.pi * speed + turn) for speed, turn, part in waves)
            / 2,
        )
        for x in range(0, canvas.width + step, step)
    ]


def _trees(canvas: Canvas, ridge: list[tuple[float, float]], colour: Colour, number: int) -> None:
    for _ in range(number):
        x, y = canvas.dice.choice(ridge)
        size = canvas.unit * canvas.dice.uniform(3, 6)
        for level in range(3):
            top, half = y - size * (1.6 - level * 0.45), size * (0.28 + 0.12 * level)
            canvas.pen.polygon([(x, top), (x - half, top + size * 0.75), (x + half, top + size * 0.75)], fill=colour)


def draw_city(canvas: Canvas, light: tuple[float, float]) -> None:
    """Two rows of houses with windows, lit at night."""
    del light
    wall = (30, 32, 66) if canvas.night else (84, 100, 130)
    window = (255, 220, 130) if canvas.night else (196, 224, 240)
    for row, share in enumerate((0.35, 0.0)):
        x, ground = -canvas.unit * 2, canvas.height
        while x < canvas.width:
            width = canvas.unit * canvas.dice.uniform(7, 13)
            top = canvas.horizon - canvas.unit * canvas.dice.uniform(2, 26 - 12 * row) + canvas.unit * 16 * row
            colour = mix(wall, (150, 150, 190), share)
            canvas.pen.rectangle((x, top, x + width, ground), fill=colour)
            _windows(canvas, (x, top, width), mix(window, colour, share))
            x += width + canvas.unit * canvas.dice.uniform(0, 1.2)


def _windows(canvas: Canvas, house: tuple[float, float, float], colour: Colour) -> None:
    left, top, width = house
    columns, gap = 3, canvas.unit * 1.1
    pane = (width - gap * (columns + 1)) / columns
    y = top + gap
    while y + pane < canvas.height:
        for column in range(columns):
            if canvas.dice.random() < 0.6:
                x = left + gap + column * (pane + gap)
                canvas.pen.rectangle((x, y, x + pane, y + pane * 1.2), fill=colour)
        y += pane * 1.2 + gap


def draw_space(canvas: Canvas, light: tuple[float, float]) -> None:
    """A planet with a ring, and the curve of another one below."""
    degrees = canvas.dice.uniform(0, 360)
    side = 0.82 if light[0] < canvas.width / 2 else 0.18
    centre, radius = (canvas.width * side, canvas.height * 0.3), canvas.unit * 7
    colour, ring = hue(degrees, 0.45, 0.9), (*hue(degrees + 40, 0.3, 0.95), 190)
    canvas.glow(centre, radius * 2, colour, 0.4)
    canvas.disc(centre, radius, colour)
    canvas.disc((centre[0] - radius * 0.25, centre[1] - radius * 0.25), radius * 0.6, (255, 255, 255, 40))
    box = (centre[0] - radius * 1.9, centre[1] - radius * 0.5, centre[0] + radius * 1.9, centre[1] + radius * 0.5)
    canvas.glass.arc(box, -20, 200, fill=ring, width=round(canvas.unit * 0.9))
    ground = hue(degrees + 150, 0.35, 0.55)
    reach = canvas.width * 0.95
    canvas.glow((canvas.width / 2, canvas.horizon + reach), reach * 1.12, mix(ground, WHITE, 0.5), 0.9)
    canvas.disc((canvas.width / 2, canvas.horizon + reach), reach, ground)
    for _ in range(9):
        x, y = canvas.dice.uniform(0.05, 0.95) * canvas.width, canvas.horizon + canvas.unit * canvas.dice.uniform(9, 30)
        size = canvas.unit * canvas.dice.uniform(1.5, 4.5)
        canvas.ellipse((x, y), (size, size * 0.4), mix(ground, (0, 0, 0), 0.22))
        canvas.ellipse((x, y + size * 0.08), (size * 0.85, size * 0.3), mix(ground, (0, 0, 0), 0.1))


def draw_islet(canvas: Canvas, x: float, y: float, reach: float) -> None:
    """A small island of sand, for what would sink."""
    for down, size, colour in (
        (0.1, 1.15, (255, 255, 255, 110)),
        (0.05, 1.0, (206, 176, 124)),
        (0.0, 0.94, (238, 214, 162)),
    ):
        canvas.ellipse((x, y + down * reach), (reach * size, reach * size * 0.2), colour)


GROUNDS: dict[str, Callable[[Canvas, tuple[float, float]], None]] = {
    "sea": draw_sea,
    "hills": draw_hills,
    "city": draw_city,
    "space": draw_space,
}
"""What there is below the sky."""
