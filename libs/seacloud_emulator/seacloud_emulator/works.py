"""What a task makes: its files, with the facts about them that its result tells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from seacloud_emulator.endpoints import ASPECT_RATIOS, MODELS, QUALITIES, Kind
from seacloud_emulator.media import films, pictures, sounds

Parameters = Mapping[str, Any]


@dataclass(frozen=True)
class Work:
    """One file that a task makes.

    Attributes:
        kind: what an output calls its `type`.
        suffix: the ending of the file's name.
        media_type: its content type.
        facts: what an output tells besides: `width` and `height` in pixels, `duration` in seconds.
        make: makes the file. That takes a while, and nothing for one that was just made.
    """

    kind: Kind
    suffix: str
    media_type: str
    facts: Mapping[str, int]
    make: Callable[[], bytes]


def works_of(endpoint: str, parameters: Parameters, start: bytes | None = None) -> list[Work]:
    """What a task with these parameters makes. They have been checked.

    Args:
        endpoint: the model.
        parameters: the body of the request.
        start: the file of the picture that a film begins with, where it is at hand.
    """
    return _KINDS[MODELS[endpoint].kind](endpoint, parameters, start)


def _pictures(endpoint: str, parameters: Parameters, _start: bytes | None) -> list[Work]:
    width, height = _picture_size(parameters)
    name = parameters.get("output_format") or "png"
    count = parameters.get("n") or parameters.get("num_images") or 1
    return [
        _picture(pictures.Picture(parameters["prompt"], endpoint, width, height, name, number))
        for number in range(count)
    ]


def _picture(picture: pictures.Picture) -> Work:
    return Work(
        "image",
        picture.format,
        pictures.FORMATS[picture.format].media_type,
        {"width": picture.width, "height": picture.height},
        lambda: pictures.make_picture(picture),
    )


def _picture_size(parameters: Parameters) -> tuple[int, int]:
    width, height = ASPECT_RATIOS[parameters.get("aspect_ratio") or "1:1"]
    size = parameters.get("size")
    if size and size != "auto":
        width, height = (int(side) for side in size.split("x"))
    return parameters.get("width") or width, parameters.get("height") or height


def _film(endpoint: str, parameters: Parameters, start: bytes | None) -> list[Work]:
    width, height = _film_size(parameters)
    film = films.Film(parameters["prompt"], endpoint, width, height, _seconds(endpoint, parameters), start)
    facts = {"width": width, "height": height, "duration": film.seconds}
    return [Work("video", "webm", films.MEDIA_TYPE, facts, lambda: films.make_film(film))]


def _film_size(parameters: Parameters) -> tuple[int, int]:
    """The sides, even numbers both, as films have them."""
    across, down = (int(side) for side in (parameters.get("aspect_ratio") or "16:9").split(":"))
    short = QUALITIES[parameters.get("quality") or "540p"]
    long = round(short * max(across, down) / min(across, down) / 2) * 2
    return (long, short) if across > down else (short, long)


def _sound(endpoint: str, parameters: Parameters, _start: bytes | None) -> list[Work]:
    sound = sounds.Sound(parameters["prompt"], _seconds(endpoint, parameters))
    return [Work("audio", "wav", sounds.MEDIA_TYPE, {"duration": sound.seconds}, lambda: sounds.make_sound(sound))]


def _seconds(endpoint: str, parameters: Parameters) -> int:
    return int(parameters.get("duration") or MODELS[endpoint].parameters["duration"].default or 0)


_KINDS: Mapping[Kind, Callable[[str, Parameters, bytes | None], list[Work]]] = {
    "image": _pictures,
    "video": _film,
    "audio": _sound,
}
