"""The record of what durable tools asked for. It is the client's: `seacloud_client.media_tools.journal`."""

from __future__ import annotations

from seacloud_client.media_tools.journal import JournalEntry, TaskJournal

__all__ = ["JournalEntry", "TaskJournal"]
