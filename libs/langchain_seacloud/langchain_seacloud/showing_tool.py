"""What the tools that give results have in common: whether pictures are shown, and where results are saved."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import AfterValidator
from seacloud_client.media import TaskResult
from seacloud_client.media_tools.results import saving, usable_directory
from seacloud_client.media_tools.steps import Flow

from langchain_seacloud.queue_tool import QueueTool
from langchain_seacloud.tool_texts import ContentAndArtifact, answer_of

SaveTo: TypeAlias = Annotated[Path, AfterValidator(usable_directory)]
"""A directory that results can be saved in."""


class ShowingTool(QueueTool):
    """A tool that gives what a task has made."""

    show_images: bool = True
    """Whether pictures are shown to the agent's model as image blocks, besides their addresses."""

    save_to: SaveTo | None = None
    """A directory to save the results in; by default they are only linked. It is made with the tool, if need be."""

    def _answer(self, result: TaskResult) -> Flow[ContentAndArtifact]:
        saved = yield from saving(result, self.save_to)
        return answer_of(result, saved, self.queue.settings, show_images=self.show_images)
