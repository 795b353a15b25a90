"""The emulator as a program: `python -m seacloud_emulator --port 8080`."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
import threading
from collections.abc import Sequence

from seacloud_emulator.app import StrictUnavailableError
from seacloud_emulator.server import Emulator


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the emulator until it is interrupted (Ctrl-C) or told to end (SIGTERM)."""
    options = _read_options(arguments)
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    try:
        emulator = Emulator(
            strict=options.strict,
            queue_seconds=options.queue_seconds,
            run_seconds=options.run_seconds,
            chunk_seconds=options.chunk_seconds,
            host=options.host,
            port=options.port,
        )
        with emulator:
            _say(f"The SeaCloud emulator is at {emulator.url} (Ctrl-C ends it). Point programs at it with")
            for name, value in emulator.environment.items():
                _say(f"export {name}={shlex.quote(value)}")
            while not over.wait(1.0):
                pass
    except OSError as error:
        where = f"{options.host}:{options.port}"
        return _fail(f"cannot listen at {where}: {error.strerror}. Choose another --port; 0 takes a free one.")
    except (StrictUnavailableError, OverflowError, ValueError) as error:
        return _fail(str(error))
    return 0


def _read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m seacloud_emulator", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen at (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8080, help="the port; 0 takes a free one (default: %(default)s)")
    parser.add_argument(
        "--strict", action="store_true", help="requests must also satisfy the official SDKs' request types"
    )
    parser.add_argument("--queue-seconds", type=float, default=1.0, help="how long a task waits (default: %(default)s)")
    parser.add_argument("--run-seconds", type=float, default=3.0, help="how long a task runs (default: %(default)s)")
    parser.add_argument(
        "--chunk-seconds",
        type=float,
        default=0.02,
        help="the pause before each event of a stream (default: %(default)s)",
    )
    return parser.parse_args(arguments)


def _fail(sentence: str) -> int:
    sys.stderr.write(f"seacloud_emulator: {sentence}\n")
    return 1


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
