"""Text in pictures: word-wrapped, as large as it fits, in the font that Pillow brings along.

That font knows Latin letters alone. Any other character is drawn as a small box with its code in it, so that a prompt
of any script can be told from another.
"""

from __future__ import annotations

import functools
import unicodedata
from dataclasses import dataclass

from PIL import ImageDraw, ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

_SPARE = {"“": '"', "”": '"', "„": '"', "\u2018": "'", "\u2019": "'", "\u2013": "-", "—": "-", "…": "...", "ß": "ss"}
"""Characters that the font lacks, and what is drawn instead."""

_SPARE |= {"ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE"}


@functools.lru_cache(maxsize=64)
def font_of(size: int) -> Font:
    """The font in a size, in pixels."""
    return ImageFont.load_default(size=size)


@dataclass(frozen=True)
class Block:
    """Text laid out: its lines and the size of its font, in pixels."""

    lines: tuple[str, ...]
    size: int

    @property
    def line_height(self) -> int:
        """Pixels from one line to the next."""
        return round(self.size * 1.3)

    @property
    def height(self) -> int:
        """Pixels from the first line's top to the last one's bottom."""
        return self.line_height * len(self.lines)


def lay_out(text: str, width: int, height: int, sizes: tuple[int, ...]) -> Block:
    """The text within a box, in the first of the sizes in which it fits; what does not fit in the last is cut."""
    text = latin(text)
    for size in sizes:
        block = Block(tuple(wrap(text, size, width)), size)
        if block.height <= height:
            return block
    room = max(1, height // block.line_height)
    return Block((*block.lines[: room - 1], f"{block.lines[room - 1].rstrip()} ..."), block.size)


def wrap(text: str, size: int, width: int) -> list[str]:
    """The text in lines no wider than this. A word that is too long is broken."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        for piece in _pieces(word, size, width):
            longer = f"{line} {piece}" if line else piece
            if line and advance(longer, size) > width:
                lines.append(line)
                line = piece
            else:
                line = longer
    return [*lines, line]


def _pieces(word: str, size: int, width: int) -> list[str]:
    pieces = [""]
    for character in word:
        if pieces[-1] and advance(pieces[-1] + character, size) > width:
            pieces.append("")
        pieces[-1] += character
    return pieces


def advance(text: str, size: int) -> float:
    """The width of a text, in pixels."""
    return sum(size * 1.02 if boxed else font_of(size).getlength(run) for run, boxed in _runs(text))


def draw_block(pen: ImageDraw.ImageDraw, place: tuple[int, int], block: Block, colour: tuple[int, int, int]) -> None:
    """Draws text that was laid out."""
    x, y = place
    for number, line in enumerate(block.lines):
        draw_line(pen, (x, y + number * block.line_height), line, block.size, colour)


def draw_line(
    pen: ImageDraw.ImageDraw, place: tuple[float, float], text: str, size: int, colour: tuple[int, int, int]
) -> None:
    """Draws one line."""
    x, y = place
    for run, boxed in _runs(text):
        if boxed:
            _draw_code(pen, (x, y), run, size, colour)
            x += size * 1.02
        else:
            pen.text((x, y), run, font=font_of(size), fill=colour)
            x += font_of(size).getlength(run)


def _draw_code(
    pen: ImageDraw.ImageDraw, place: tuple[float, float], character: str, size: int, colour: tuple[int, int, int]
) -> None:
    x, y = place
    box = (x + size * 0.06, y + size * 0.16, x + size * 0.94, y + size * 1.06)
    pen.rounded_rectangle(box, size * 0.12, outline=colour, width=max(1, size // 22))
    code = f"{ord(character):04X}"
    small = font_of(max(5, round(size * 0.3)))
    half = (len(code) + 1) // 2
    for row, digits in enumerate((code[:half], code[half:])):
        left = x + (size - small.getlength(digits)) / 2
        pen.text((left, y + size * (0.24 + 0.37 * row)), digits, font=small, fill=colour)


def latin(text: str) -> str:
    """The text with letters that the font lacks replaced by those it has, where there are any: `é` by `e`."""
    drawn = []
    for character in unicodedata.normalize("NFC", text):
        plain = _SPARE.get(character) or unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
        invisible = unicodedata.category(character) in {"Cc", "Cf", "Mn", "Me"} and not character.isspace()
        drawn.append("" if invisible else plain or character)
    return "".join(drawn)


def _runs(text: str) -> list[tuple[str, bool]]:
    """The text in runs that the font can draw, and single characters that it cannot."""
    runs: list[tuple[str, bool]] = []
    for character in text:
        boxed = not (character.isascii() or character == "·")
        if runs and not boxed and not runs[-1][1]:
            runs[-1] = (runs[-1][0] + character, False)
        else:
            runs.append((character, boxed))
    return runs
