"""The SeaCloud public API on loopback: strict about what it accepts, deterministic in what it answers.

```python
from seacloud_emulator import Emulator

with Emulator() as emulator:
    ...  # everything at emulator.url: /llm/v1/chat/completions, /model/v1/queue/{endpoint}
```

Nothing here comes from a real model.
"""

from seacloud_emulator._version import __version__
from seacloud_emulator.app import StrictUnavailableError, create_app
from seacloud_emulator.faults import Fault, FaultError, Match
from seacloud_emulator.journal import RequestRecord
from seacloud_emulator.server import Emulator
from seacloud_emulator.tasks import TaskView

__all__ = [
    "Emulator",
    "Fault",
    "FaultError",
    "Match",
    "RequestRecord",
    "StrictUnavailableError",
    "TaskView",
    "__version__",
    "create_app",
]
