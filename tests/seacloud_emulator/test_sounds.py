"""Sounds: files that play, as long as they are to be, and another one for another prompt."""

from __future__ import annotations

import array
import io
import itertools
import math
import sys
import wave

import pytest
from seacloud_emulator.media.sounds import SAMPLES_PER_SECOND, Sound, make_sound


def samples_of(file: bytes) -> array.array[int]:
    with wave.open(io.BytesIO(file)) as reader:
        assert (reader.getnchannels(), reader.getsampwidth(), reader.getframerate()) == (1, 2, SAMPLES_PER_SECOND)
        samples = array.array("h", reader.readframes(reader.getnframes()))
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def strength(samples: array.array[int], pitch: float) -> float:
    """How much of a pitch is in the samples (Goertzel's formula)."""
    turn = math.tau * pitch / SAMPLES_PER_SECOND
    real = sum(sample * math.cos(turn * place) for place, sample in enumerate(samples))
    imaginary = sum(sample * math.sin(turn * place) for place, sample in enumerate(samples))
    return math.hypot(real, imaginary) / len(samples)


@pytest.mark.parametrize("prompt", ["a happy dance", "a sad song", "the sea", " ", "一首歌 \ud800"])
@pytest.mark.parametrize("seconds", [1, 3])
def test_any_prompt_makes_a_sound_of_the_length_asked_for(prompt, seconds):
    samples = samples_of(make_sound(Sound(prompt, seconds)))
    assert len(samples) == seconds * SAMPLES_PER_SECOND
    assert 4_000 < max(samples) < 32_767
    assert -32_768 < min(samples) < -4_000


def test_nothing_cracks():
    samples = samples_of(make_sound(Sound("a happy dance", 3)))
    assert max(abs(after - before) for before, after in itertools.pairwise(samples)) < 6_000
    assert abs(samples[0]) < 200
    assert abs(samples[-1]) < 2_000


def test_it_is_a_melody_of_notes_of_a_scale():
    samples = samples_of(make_sound(Sound("a sad song", 4)))
    first = samples[: SAMPLES_PER_SECOND // 2]
    roots = (196.0, 220.0, 246.94, 261.63, 293.66)
    scale = [root * 2 ** (half_tone / 12) for root in roots for half_tone in range(13)]
    loudest = max(scale, key=lambda pitch: strength(first, pitch))
    between = loudest * 2 ** (0.5 / 12)  # a quarter tone off, which no instrument here plays
    assert strength(first, loudest) > 5 * strength(first, between)


def test_the_words_give_the_mood():
    def notes(prompt: str) -> int:
        samples = samples_of(make_sound(Sound(prompt, 2)))
        size = SAMPLES_PER_SECOND // 100
        loud = [max(map(abs, samples[place : place + size])) for place in range(0, len(samples), size)]
        return sum(after > before * 1.3 for before, after in itertools.pairwise(loud))

    assert notes("a sad song") < notes("a happy song")


def test_the_same_prompt_makes_the_same_sound_and_another_another():
    first = Sound("the sea", 2)
    assert make_sound.__wrapped__(first) == make_sound.__wrapped__(first)
    assert len({make_sound(Sound(prompt, 2)) for prompt in ("the sea", "the city", "a cat", "a dog")}) == 4
