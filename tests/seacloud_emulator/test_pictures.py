"""Pictures: valid, of the size asked for, the same for the same prompt, and never in trouble with a script."""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageDraw
from seacloud_emulator.media.lettering import advance, draw_block, latin, lay_out, wrap
from seacloud_emulator.media.pictures import Picture, make_picture


def pixels(picture):
    with Image.open(io.BytesIO(make_picture(picture))) as image:
        return image.convert("RGB")


@pytest.mark.parametrize(
    "prompt",
    [
        "a cat",
        "a cat astronaut above the sea at night",
        "a dog in a helmet in the city",
        "an astronaut on Mars",
        "a fish",
        "a red house in the hills at sunset",
        "a boat at dawn",
        "a yellow flower in the garden at noon",
        "quarterly revenue",
        "一只猫 🐈 кошка قطة \ud800",
        "word" * 500,
        "many words " * 200,
        " ",
    ],
)
@pytest.mark.parametrize("size", [(256, 256), (320, 180), (64, 640)])
def test_any_prompt_makes_a_picture(prompt, size):
    image = pixels(Picture(prompt, "nano_banana_2", *size))
    assert image.size == size
    assert len(image.getcolors(maxcolors=1 << 20)) > 100


def test_the_same_prompt_makes_the_same_picture_and_another_another():
    first = Picture("a cat", "m", 128, 128)
    assert make_picture.__wrapped__(first) == make_picture.__wrapped__(first)
    others = (Picture("a dog", "m", 128, 128), Picture("a cat", "m", 128, 128, number=1))
    assert all(make_picture(first) != make_picture(other) for other in others)


def test_words_change_what_is_seen():
    def top(prompt):
        return pixels(Picture(prompt, "m", 128, 128)).crop((60, 2, 68, 4)).resize((1, 1)).getpixel((0, 0))

    assert sum(top("the sea at night")) < 200 < sum(top("the sea on a sunny day"))


def test_text_is_wrapped_within_the_width_and_long_words_are_broken():
    lines = wrap("some short words and oneverylongwordthatdoesnotfit", 20, 120)
    assert len(lines) > 3
    assert all(advance(line, 20) <= 120 for line in lines)
    assert "".join(lines).replace(" ", "") == "someshortwordsandoneverylongwordthatdoesnotfit"


def test_text_takes_the_first_size_that_fits_and_is_cut_in_the_last():
    assert lay_out("short", 400, 100, (40, 20)).size == 40
    block = lay_out("long text " * 50, 200, 60, (40, 20))
    assert block.size == 20
    assert block.height <= 60
    assert block.lines[-1].endswith(" ...")


def test_letters_that_the_font_lacks_are_replaced_or_drawn_as_their_code():
    assert latin("Ærø “naïve” café…") == 'AEro "naive" cafe...'
    assert latin("猫\u200b\u0301") == "猫"
    image = Image.new("RGB", (100, 60))
    draw_block(ImageDraw.Draw(image), (5, 5), lay_out("猫a", 90, 50, (30,)), (255, 255, 255))
    assert image.getbbox() is not None
    assert advance("猫", 30) == pytest.approx(30.6)
