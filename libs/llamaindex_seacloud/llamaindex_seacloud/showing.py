"""How results are shown to an agent's model, and where they are saved."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from seacloud_client.media import TaskResult
from seacloud_client.media_tools.results import saving
from seacloud_client.media_tools.steps import Flow
from seacloud_client.settings import Settings

from llamaindex_seacloud.generation import Answer, result_answer


@dataclass(frozen=True, kw_only=True)
class Showing:
    """How results are shown.

    Attributes:
        settings: of the queue.
        show_images: whether pictures are shown as blocks.
        save_to: where results are saved, if at all.
    """

    settings: Settings
    show_images: bool = True
    save_to: Path | None = None

    def answer(self, result: TaskResult) -> Flow[Answer]:
        """Saves what a task made, and tells it."""
        saved = yield from saving(result, self.save_to)
        return result_answer(result, saved, self.settings, show_images=self.show_images)
