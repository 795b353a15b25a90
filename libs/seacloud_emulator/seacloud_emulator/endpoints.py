"""The models that the emulated queue has, and what parameters each takes.

`prompt` and `image_urls` of `nano_banana_2` are the service's own example (S); `gpt_image_2`'s parameters are what the
vendor's documentation and clients use, and so are `wan26_i2v`'s `prompt` and `img_url`, and `pixverse_v6_t2v`'s
`prompt`, `aspect_ratio`, `duration` and `quality` (D, C). The rest of the names and all bounds are assumptions, since
the service's contracts were not seen. `emulator_melody` is the emulator's own: no model for sounds is documented.

Assumed as well: wrong parameters are refused at once with 422 and a `detail` that names them all, unknown ones too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from seacloud_emulator.refusals import Refusal

Kind = Literal["image", "video", "audio"]
"""What a model makes."""

ASPECT_RATIOS = {
    "1:1": (1024, 1024),
    "16:9": (1344, 768),
    "9:16": (768, 1344),
    "4:3": (1152, 864),
    "3:4": (864, 1152),
    "3:2": (1248, 832),
    "2:3": (832, 1248),
}
"""The sizes of pictures by aspect ratio, in pixels: all of about a megapixel."""

QUALITIES = {"360p": 360, "540p": 540, "720p": 720, "1080p": 1080}
"""The shorter side of films, in pixels, by the name that requests use."""


@dataclass(frozen=True)
class Parameter:
    """What a parameter must be.

    Attributes:
        kind: the JSON type: `string`, `integer`, `number`, `boolean` or `array` (of strings).
        description: what it is for.
        required: whether it must be there.
        allowed: the only values, if they are few.
        default: what is taken if it is not there, or None if that depends.
        least: the least number, or the least length of a string or an array.
        most: the greatest number, or the greatest length.
        is_address: whether it is an address, or a list of them: http, https or data URLs.
    """

    kind: str
    description: str
    required: bool = False
    allowed: tuple[str, ...] = ()
    default: str | int | None = None
    least: float | None = None
    most: float | None = None
    is_address: bool = False


@dataclass(frozen=True)
class Model:
    """A model of the queue.

    Attributes:
        name: what people call it.
        kind: what it makes.
        provider: whose it is.
        description: what it does, in a sentence.
        parameters: what it takes, by name.
        takes: the kinds of what it takes.
    """

    name: str
    kind: Kind
    provider: str
    description: str
    parameters: Mapping[str, Parameter]
    takes: tuple[str, ...] = ("text", "image")


PROMPT = Parameter("string", "What the result is to show or sound like.", required=True, least=1, most=20_000)
SEED = Parameter("integer", "Accepted, and without effect: results depend on the prompt.", least=0, most=2**32 - 1)
COUNT = Parameter("integer", "How many pictures to make.", default=1, least=1, most=10)
RATIO = Parameter("string", "Width to height.", allowed=tuple(ASPECT_RATIOS), default="1:1")
FILM_RATIO = replace(RATIO, default="16:9")
FORMAT = Parameter("string", "The format of the file.", allowed=("png", "jpeg", "webp"), default="png")
SIZE = Parameter(
    "string", "Width and height in pixels.", allowed=("1024x1024", "1536x1024", "1024x1536", "auto"), default="auto"
)
IMAGES = Parameter("array", "Pictures to edit or to go by.", least=1, most=14, is_address=True)
SIDE = Parameter("integer", "Pixels.", least=64, most=2048)
SECONDS = Parameter("integer", "How long it is, in seconds.", default=5, least=1, most=15)
QUALITY = Parameter("string", "The shorter side.", allowed=tuple(QUALITIES), default="540p")

MODELS: dict[str, Model] = {
    "nano_banana_2": Model(
        "Nano Banana 2",
        "image",
        "google",
        "Makes and edits pictures.",
        {
            "prompt": PROMPT,
            "image_urls": IMAGES,
            "aspect_ratio": RATIO,
            "num_images": COUNT,
            "output_format": FORMAT,
            "seed": SEED,
        },
    ),
    "gpt_image_2": Model(
        "GPT Image 2",
        "image",
        "openai",
        "Makes and edits pictures.",
        {
            "prompt": PROMPT,
            "n": COUNT,
            "size": SIZE,
            "output_format": FORMAT,
            "quality": Parameter(
                "string", "How careful it is.", allowed=("low", "medium", "high", "auto"), default="auto"
            ),
            "moderation": Parameter("string", "How strict it is.", allowed=("low", "auto"), default="auto"),
            "image_urls": IMAGES,
        },
    ),
    "flux_2_pro": Model(
        "FLUX.2 Pro",
        "image",
        "black-forest-labs",
        "Makes and edits pictures of any size.",
        {
            "prompt": PROMPT,
            "image_urls": IMAGES,
            "aspect_ratio": RATIO,
            "width": SIDE,
            "height": SIDE,
            "num_images": COUNT,
            "output_format": FORMAT,
            "seed": SEED,
        },
    ),
    "seedream_4_5": Model(
        "Seedream 4.5",
        "image",
        "bytedance",
        "Makes and edits pictures.",
        {"prompt": PROMPT, "image_urls": IMAGES, "aspect_ratio": RATIO, "n": COUNT, "seed": SEED},
    ),
    "pixverse_v6_t2v": Model(
        "PixVerse V6",
        "video",
        "pixverse",
        "Makes a film from a text.",
        {"prompt": PROMPT, "aspect_ratio": FILM_RATIO, "duration": SECONDS, "quality": QUALITY, "seed": SEED},
        takes=("text",),
    ),
    "wan26_i2v": Model(
        "Wan 2.6",
        "video",
        "alibaba",
        "Makes a film that begins with a picture.",
        {
            "prompt": PROMPT,
            "img_url": Parameter("string", "The picture that it begins with.", required=True, least=1, is_address=True),
            "duration": SECONDS,
            "seed": SEED,
        },
    ),
    "emulator_melody": Model(
        "Emulator melody",
        "audio",
        "seacloud-emulator",
        "Makes a melody. The emulator's own: the service has no such model.",
        {"prompt": PROMPT, "duration": SECONDS},
        takes=("text",),
    ),
}
"""The emulated models, by their endpoint."""


def check_parameters(endpoint: str, parameters: Any) -> dict[str, Any]:
    """The parameters of a request, if they are right.

    Raises:
        Refusal: 404 for an unknown endpoint (D), 422 for wrong parameters (assumed).
    """
    model = MODELS.get(endpoint)
    if model is None:
        raise Refusal(404, {"detail": f"App not found: {endpoint}"})
    if not isinstance(parameters, dict):
        raise Refusal(422, {"detail": "The body must be the model's parameter object."})
    known = model.parameters
    problems = [
        f"{name}: is required" for name, parameter in known.items() if parameter.required and name not in parameters
    ]
    for name, value in parameters.items():
        if name not in known:
            problems.append(f"{name}: unknown parameter; {endpoint} takes {', '.join(known)}")
        elif (problem := _problem(known[name], value)) is not None:
            problems.append(f"{name}: {problem}")
    if problems:
        raise Refusal(422, {"detail": "; ".join(problems)})
    return parameters


def _problem(parameter: Parameter, value: Any) -> str | None:
    types, measure = _KINDS[parameter.kind]
    if type(value) not in types or (isinstance(value, float) and not math.isfinite(value)):
        return f"must be of type {parameter.kind}"  # a JSON value: true is no number
    if parameter.kind == "array" and not all(isinstance(item, str) for item in value):
        return "must be a list of strings"
    if parameter.is_address and not all(map(_is_address, value if isinstance(value, list) else [value])):
        return f"must be {_ADDRESSES[parameter.kind]}"
    if parameter.allowed and value not in parameter.allowed:
        return f"must be one of {', '.join(parameter.allowed)}"
    return _bound_problem(parameter, measure(value))


def _bound_problem(parameter: Parameter, size: float) -> str | None:
    if parameter.least is not None and size < parameter.least:
        return "must not be empty" if parameter.kind in {"string", "array"} else f"must be at least {parameter.least:g}"
    if parameter.most is not None and size > parameter.most:
        return f"must be at most {parameter.most:g}"
    return None


def _is_address(text: str) -> bool:
    return text.startswith(("http://", "https://", "data:"))


_ADDRESSES = {"string": "an http, https or data URL", "array": "a list of http, https or data URLs"}

_KINDS: dict[str, tuple[tuple[type, ...], Callable[[Any], float]]] = {
    "string": ((str,), lambda text: len(text.strip())),
    "integer": ((int,), float),
    "number": ((int, float), float),
    "boolean": ((bool,), float),
    "array": ((list,), len),
}
"""For each kind: the Python types of its values, and what its bounds are compared with."""
