"""Outputs as HTML for a notebook: pictures, and players for sounds and films. All data is a stranger's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seacloud_client.media import Output

_STYLE = "max-width:min(100%,512px);max-height:512px"

MAX_TEXT = 5_000
"""Characters of a text that are shown."""


def html_of(outputs: Sequence[Output]) -> str:
    """The outputs, each as a figure that shows it as far as a browser can."""
    return "".join(f"<figure style='margin:0 0 1em'>{_shown(output)}</figure>" for output in outputs)


def _shown(output: Output) -> str:
    player = _PLAYERS.get(output.type)
    if player is not None and output.url is not None and _may_load(output.url, output.type):
        return player(escape(output.url), escape(_caption(output)))
    if output.text is not None:
        return f"<pre style='white-space:pre-wrap'>{escape(output.text[:MAX_TEXT])}</pre>"
    if output.url is not None and _is_web(output.url):
        return _link(escape(output.url), escape(_caption(output)))
    return f"<span>{escape(_caption(output))}</span>"


def _may_load(url: str, kind: str) -> bool:
    """Whether an address can do no more than show what it is said to: no `javascript:`, no `data:text/html`."""
    return _is_web(url) or url.lower().startswith(f"data:{kind}/")


def _is_web(url: str) -> bool:
    return url.lower().startswith(("http://", "https://"))


def _picture(url: str, caption: str) -> str:
    return f'<img src="{url}" alt="{caption}" title="{caption}" referrerpolicy="no-referrer" style="{_STYLE}">'


def _film(url: str, caption: str) -> str:
    return f'<video src="{url}" title="{caption}" controls preload="metadata" style="{_STYLE}"></video>'


def _sound(url: str, caption: str) -> str:
    return f'<audio src="{url}" title="{caption}" controls preload="metadata"></audio>'


def _link(url: str, caption: str) -> str:
    return f'<a href="{url}" rel="noopener noreferrer" target="_blank">{caption}</a>'


_PLAYERS: Mapping[str, Callable[[str, str], str]] = {"image": _picture, "video": _film, "audio": _sound}


def _caption(output: Output) -> str:
    facts = [output.file_name or output.content_type or output.type]
    if output.width and output.height:
        facts.append(f"{output.width}x{output.height}")
    if output.duration:
        facts.append(f"{output.duration:g} s")
    return ", ".join(facts)
