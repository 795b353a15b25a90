"""What the tools that give results have in common: whether pictures are shown, and where results are saved."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from seacloud_client.errors import DownloadError
from seacloud_client.media import Output
from seacloud_client.queue import TaskResult

from langchain_seacloud.queue_tool import QueueTool
from langchain_seacloud.tool_steps import Flow, Step
from langchain_seacloud.tool_texts import ContentAndArtifact, answer_of


class ShowingTool(QueueTool):
    """A tool that gives what a task has made."""

    show_images: bool = True
    """Whether pictures are shown to the agent's model as image blocks, besides their addresses."""

    save_to: Path | None = None
    """A directory to save the results in; by default they are only linked."""

    def _answer(self, result: TaskResult) -> Flow[ContentAndArtifact]:
        saved: list[Path | DownloadError | None] = []
        for output in result.outputs:
            place: Path | DownloadError | None = yield Step(partial(self._save, output), partial(self._asave, output))
            saved.append(place)
        return answer_of(result, saved, self.queue.settings, show_images=self.show_images)

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
