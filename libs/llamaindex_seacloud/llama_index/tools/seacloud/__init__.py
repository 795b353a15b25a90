"""SeaCloud's media tools under the name that LlamaIndex's users look for."""

from llamaindex_seacloud.tool_spec import SeaCloudGenerated, SeaCloudProgress, SeaCloudToolSpec, TaskJournal

__all__ = ["SeaCloudGenerated", "SeaCloudProgress", "SeaCloudToolSpec", "TaskJournal"]
