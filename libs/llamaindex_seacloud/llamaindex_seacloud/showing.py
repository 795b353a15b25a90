"""How results are shown to an agent's model, and where they are saved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from llama_index.core.base.llms.types import ContentBlock
from seacloud_client.errors import DownloadError
from seacloud_client.media import Output
from seacloud_client.queue import TaskResult

from llamaindex_seacloud.generation import blocks_of

Saved: TypeAlias = Sequence[Path | DownloadError | None]
"""Where each output was saved, or why it was not; `None` where nobody asked for it."""


@dataclass(frozen=True, kw_only=True)
class Showing:
    """How results are shown.

    Attributes:
        show_images: whether pictures are shown as blocks.
        save_to: where results are saved, if at all.
    """

    show_images: bool = True
    save_to: Path | None = None

    def blocks(self, result: TaskResult, saved: Saved) -> list[ContentBlock]:
        """What the agent's model reads of a result that was saved."""
        return blocks_of(result, saved, show_images=self.show_images)

    def save(self, result: TaskResult) -> Saved:
        """Saves each output."""
        return [self._save(output) for output in result.outputs]

    async def asave(self, result: TaskResult) -> Saved:
        """`save`, async."""
        return [await self._asave(output) for output in result.outputs]

    def _save(self, output: Output) -> Path | DownloadError | None:
        """Where an output was saved, or why it was not: it was made and paid for, so that is no failure of the tool."""
        try:
            return output.save(self.save_to) if self.save_to else None
        except DownloadError as error:
            return error

    async def _asave(self, output: Output) -> Path | DownloadError | None:
        try:
            return await output.asave(self.save_to) if self.save_to else None
        except DownloadError as error:
            return error
