"""Draws `docs/images/demo.png` anew: what the program of `make demo` prints, on a page that Chromium photographs.

Run it with the tests' Python, and look at the picture before you keep it.
"""

from __future__ import annotations

import html
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageChops

ROOT = Path(__file__).resolve().parents[2]
WIDTH, MARGIN = 1124, 12  # pixels

PAGE = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: {margin}px; background: #fff }}
div {{ background: #10131c; border-radius: 10px; overflow: hidden }}
p {{ margin: 0; padding: 9px 12px; height: 12px; background: #2a2f3d; display: flex; gap: 8px }}
i {{ width: 12px; height: 12px; border-radius: 6px; background: #767b84 }}
i:nth-child(1) {{ background: #946365 }} i:nth-child(2) {{ background: #c2b596 }}
pre {{ margin: 0; padding: 14px 18px 18px; color: #d7dce6; font: 14px/20.3px "DejaVu Sans Mono", monospace;
      white-space: pre-wrap; word-break: break-all }}
b {{ color: #8ec8ff }} u {{ color: #73b9b8; text-decoration: none }}
</style><div><p><i></i><i></i><i></i></p><pre><u>$</u> make demo
{printed}</pre></div>"""


def main() -> None:
    """Draws it anew."""
    picture = ROOT / "docs/images/demo.png"
    with tempfile.TemporaryDirectory() as folder:
        program = [sys.executable, str(ROOT / "examples/agent_makes_a_picture.py")]
        printed = subprocess.run(program, cwd=folder, check=True, capture_output=True, text=True).stdout
        marked = re.sub(r"^(You:|Agent:|Agent calls)", r"<b>\1</b>", html.escape(printed.rstrip()), flags=re.MULTILINE)
        page = Path(folder, "demo.html")
        page.write_text(PAGE.format(margin=MARGIN, printed=marked), encoding="utf-8")
        photograph(page, picture)
    trim(picture)


def photograph(page: Path, picture: Path) -> None:
    """The whole page, and white below it."""
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={WIDTH},1000"]
    subprocess.run(["chromium", *options, f"--screenshot={picture}", page.as_uri()], check=True, capture_output=True)  # noqa: S607


def trim(picture: Path) -> None:
    """Cuts off what is white below the page."""
    whole = Image.open(picture).convert("RGB")
    written = ImageChops.invert(whole.convert("L")).getbbox() or (0, 0, 0, 0)
    trimmed = whole.crop((0, 0, WIDTH, written[3] + MARGIN))
    colours = trimmed.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    colours.save(picture, optimize=True)


if __name__ == "__main__":
    main()
