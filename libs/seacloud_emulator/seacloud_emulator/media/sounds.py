"""Sounds that can be told by their prompt: a short melody, whose notes, key and pace come from it.

The words give the mood (`sad` is slow and in minor, `happy` quick and in major), the prompt's hash the melody. The same
prompt always has the same one.
"""

from __future__ import annotations

import array
import functools
import io
import math
import re
import sys
import wave
from dataclasses import dataclass

from seacloud_emulator.media.palette import dice

MEDIA_TYPE = "audio/wav"
SAMPLES_PER_SECOND = 22_050
_LOUDNESS = 0.4 * 32_767
_OVERTONES = ((1, 1.0), (2, 0.35), (3, 0.12))
"""What a note is made of: multiples of its pitch, and how loud each is."""

_FADE_SECONDS = 0.012


@dataclass(frozen=True)
class Mood:
    """How a melody goes: its scale in half tones, and how many notes it has in a second."""

    scale: tuple[int, ...]
    notes_per_second: float
    words: frozenset[str] = frozenset()


_MAJOR, _MINOR = (0, 2, 4, 7, 9, 12), (0, 3, 5, 7, 10, 12)
MOODS = (
    Mood(_MINOR, 2, frozenset(("sad", "slow", "melancholy", "rain", "night", "dark", "calm", "lullaby", "sleep"))),
    Mood(_MAJOR, 6, frozenset(("happy", "fast", "dance", "party", "upbeat", "summer", "sunny", "energetic"))),
)
_PLAIN = Mood(_MAJOR, 4)


@dataclass(frozen=True)
class Sound:
    """What to play.

    Attributes:
        prompt: what it is to sound like.
        seconds: how long it is.
    """

    prompt: str
    seconds: int


@functools.lru_cache(maxsize=16)
def make_sound(sound: Sound) -> bytes:
    """The sound's file: WAV, one channel of 16 bits. A second of it takes some hundredths to make."""
    words = set(re.findall(r"[^\W\d_]+", sound.prompt.lower()))
    mood = next((mood for mood in MOODS if words & mood.words), _PLAIN)
    samples = _melody(sound, mood)
    if sys.byteorder == "big":
        samples.byteswap()
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(SAMPLES_PER_SECOND)
        writer.writeframes(samples.tobytes())
    return file.getvalue()


def _melody(sound: Sound, mood: Mood) -> array.array[int]:
    chance = dice(f"sound:{sound.prompt}")
    root = chance.choice((196.0, 220.0, 246.94, 261.63, 293.66))  # hertz: G3 to D4
    whole = sound.seconds * SAMPLES_PER_SECOND
    length = round(SAMPLES_PER_SECOND / mood.notes_per_second)
    step = chance.randrange(len(mood.scale))
    samples = array.array("h")
    while len(samples) < whole:
        samples.extend(_note(root * 2 ** (mood.scale[step] / 12), min(length, whole - len(samples))))
        step = min(len(mood.scale) - 1, max(0, step + chance.choice((-2, -1, -1, 0, 1, 1, 2))))
    return samples


@functools.lru_cache(maxsize=64)
def _note(pitch: float, length: int) -> array.array[int]:
    """A plucked note: it sounds at once and fades, with no crack at either end."""
    fade = SAMPLES_PER_SECOND * _FADE_SECONDS
    turns = [(math.tau * pitch * multiple / SAMPLES_PER_SECOND, share) for multiple, share in _OVERTONES]
    scale = _LOUDNESS / sum(share for _, share in _OVERTONES)
    return array.array(
        "h",
        (
            round(
                scale
                * math.exp(-2.5 * place / length)
                * min(1.0, place / fade, (length - place) / fade)
                * sum(share * math.sin(turn * place) for turn, share in turns)
            )
            for place in range(length)
        ),
    )
