"""The programs of the service's own overview page, put back into lines.

The page came to us as text whose code had lost most of its line breaks. They are put back by the tables below, and
nothing else is changed: `Program.text` without white space is the page's own text without it, which is checked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[3] / "shared" / "seed" / "000_8b1dc7973911ec95.txt"
"""The page. It is no part of this repository, so tests skip where it is absent."""


@dataclass(frozen=True)
class Program:
    """A program of the page.

    Attributes:
        first: the text that it begins with.
        after: the text of the page that follows it; empty for the page's end.
        breaks: what to put in, as pairs of a regular expression and its replacement.
    """

    first: str
    after: str
    breaks: tuple[tuple[str, str], ...] = ()

    def text(self) -> str:
        """The program in lines.

        Raises:
            AssertionError: if the page does not hold it, if a break does not fit, or if more than white space changed.
        """
        flat = _between(PAGE.read_text(encoding="utf-8"), self.first, self.after)
        text = flat
        for pattern, replacement in self.breaks:
            text, times = re.subn(pattern, replacement, text)
            assert times, f"the page holds nothing like {pattern}"
        assert _bare(text) == _bare(flat)
        return text + "\n"


def _between(page: str, first: str, after: str) -> str:
    start = page.index(first)
    return page[start : page.index(after, start) if after else len(page)].strip()


def _bare(text: str) -> str:
    return re.sub(r"\s", "", text)


CURL = Program(
    'export BASE_URL="https://cloud.seaart.ai/llm"',
    "from openai import OpenAI",
    ((r'"(?=export )', '"\n'), (r" \\ ", " \\\\\n  ")),
)

OPENAI = Program("from openai import OpenAI", "Calling paths")

QUEUE_SHELL = Program(
    'export BASE_URL="https://cloud.seaart.ai/model"',
    "import timeimport requests",
    (
        (r'"(?=export |[A-Z_]+=)', '"\n'),
        (r" \\ ", " \\\\\n  "),
        (r'(?<=")\)"(?= (?:echo|ERROR=))', ')"\n'),
        (r" (?=(?:exit 1|fi|break)\b)", "\n"),
        (r"(?<=then) (?=(?:if|echo)\b)", "\n"),
        (r"(?<=do) (?=STATUS_RESPONSE=)", "\n"),
        (r"(?<=sleep 3)(?=done)", "\n"),
        (r" (?=ERROR=)", "\n"),
    ),
)

QUEUE_PYTHON = Program(
    "import timeimport requests",
    "",
    (
        (r"(?<=import time)(?=import)", "\n"),
        (r'"(?=[A-Z_]+ = )', '"\n'),
        (r"(?<=[\])])(?=(?:submit_|result_|status_|response_)\w+(?: =|\.))", "\n"),
        (r"(?<=\))(?=print\()", "\n"),
        (r"(?<=while True:) ", "\n    "),
        (r"(?<=\)) (?=status_resp\.raise|status_body = )", "\n    "),
        (r"\n(?=status = |time\.sleep)", "\n    "),
        (r' (?=if status == "COMPLETED":)', "\n    "),
        (r' (?=if "error" in status_body:)', "\n        "),
        (r" (?=raise RuntimeError)", "\n            "),
        (r" (?=break)", "\n        "),
    ),
)
