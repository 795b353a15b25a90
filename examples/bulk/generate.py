"""Generates for thousands of prompts on Dask: rate-limited, recorded, and resumed by running the same command again.

    python examples/bulk/generate.py prompts.txt --model nano_banana_2 --ledger run.db --rate 20

A line of the file is a prompt, or the model's parameters as a JSON object. The key is in SEACLOUD_API_KEY. See the
README beside this program.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dask
from dask.distributed import Client, Future, LocalCluster, wait
from dask.distributed import TimeoutError as DaskTimeoutError
from ledger import Ledger
from seacloud_client.contracts import Contract
from seacloud_client.settings import Settings
from worker import Job, Plan, run_batch

HERE = Path(__file__).parent


def main() -> int:
    """Does what is left of the jobs, and reports."""
    options = read_options()
    Settings.resolve("model").require_key()
    jobs = read_jobs(options.prompts, options.model)
    problems = check(jobs, options.contract) if options.contract else []
    if problems:
        print(*problems, "Nothing was sent.", sep="\n", file=sys.stderr)
        return 2
    ledger = Ledger(options.ledger)
    ledger.begin()
    for key in options.post_again:
        print(f"{key}: {'will be posted again' if ledger.forget(key) else 'is not unknown, so nothing is changed'}")
    left = set(ledger.open_keys(job.key for job in jobs))
    todo = [job for job in jobs if job.key in left]
    print(f"{len(jobs)} jobs, {len(jobs) - len(todo)} of them over, {len(todo)} to do.", flush=True)
    began = time.monotonic()
    if todo:
        run(todo, options, ledger)
        print(f"Took {time.monotonic() - began:.1f} s.")
    ledger.settle()
    return report(ledger, jobs, options.results)


def run(todo: list[Job], options: argparse.Namespace, ledger: Ledger) -> None:
    """Hands the jobs to Dask in batches, and shows every second how they are getting on."""
    plan = Plan(
        model=options.model,
        ledger=options.ledger.resolve(),
        rate=options.rate,
        connections=options.connections,
        timeout=options.timeout,
        save_to=options.save_to.resolve() if options.save_to else None,
    )
    with dask_client(options) as client:
        pids = client.run(os.getpid).values()
        print(f"{len(pids)} workers: processes {', '.join(map(str, pids))}. Try kill -9 on one.", flush=True)
        batches = [todo[at : at + options.batch] for at in range(0, len(todo), options.batch)]
        pending = client.map(run_batch, batches, plan=plan, pure=False)
        while pending:
            over, pending = wait_a_second(pending)
            print(f"  {time.strftime('%H:%M:%S')} {words(ledger.counts())}", flush=True)
            for future in over:
                if future.status != "finished":
                    ledger.stop(f"a batch ended as {future.status}: {future.exception()!r}")


@contextmanager
def dask_client(options: argparse.Namespace) -> Iterator[Client]:
    """A client of the scheduler that was named, or of workers that are processes of this machine."""
    # A batch whose worker died is begun again elsewhere, so often. That is safe here: nothing is posted twice.
    dask.config.set({"distributed.scheduler.allowed-failures": 20})
    if options.scheduler:
        with Client(options.scheduler) as client:
            for module in ("ledger.py", "worker.py"):
                client.upload_file(str(HERE / module))
            yield client
        return
    cluster = LocalCluster(n_workers=options.workers, threads_per_worker=options.threads, dashboard_address=None)
    with cluster, Client(cluster) as client:
        yield client


def wait_a_second(futures: list[Future]) -> tuple[list[Future], list[Future]]:
    """The batches that are over, and those that are not, a second from now at most."""
    try:
        done, pending = wait(futures, timeout=1.0, return_when="FIRST_COMPLETED")
    except DaskTimeoutError:
        return [], futures
    return list(done), list(pending)


def report(ledger: Ledger, jobs: list[Job], results: Path) -> int:
    """Writes the results, and says what is not known and what is left."""
    with results.open("w", encoding="utf-8") as file:
        for row in ledger.rows("done", "failed", "unknown"):
            file.write(f"{json.dumps(row, ensure_ascii=False)}\n")
    print(f"{words(ledger.counts())}. Results: {results}")
    for row in ledger.rows("unknown"):
        print(f"UNKNOWN {row['key']}: {row['problem']}")
    if ledger.counts().get("unknown"):
        print("An unknown one may have been made and billed: look it up. Only --post-again KEY posts it again.")
    for row in ledger.rows("posted"):
        print(f"LEFT {row['key']}, task {row['request_id']}: {row['problem']}")
    if ledger.stopped:
        print(f"Stopped: {ledger.stopped}", file=sys.stderr)
    left = len(ledger.open_keys(job.key for job in jobs))
    if left:
        print(f"{left} are left: run the same command again.")
    return 1 if left or ledger.stopped else 0


def words(counts: dict[str, int]) -> str:
    """Counts in words."""
    return ", ".join(f"{counts.get(state, 0)} {state}" for state in ("posting", "posted", "done", "failed", "unknown"))


def read_jobs(path: Path, model: str) -> list[Job]:
    """The jobs of a file. A job's key is made of what it asks for, so that lines may be moved or added between runs.

    A line that is there twice is two jobs.
    """
    seen: Counter[str] = Counter()
    jobs = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.strip():
            continue
        arguments: dict[str, Any] = json.loads(line) if line.lstrip().startswith("{") else {"prompt": line.strip()}
        said = json.dumps([model, arguments], sort_keys=True)
        digest = hashlib.sha256(said.encode()).hexdigest()[:20]
        seen[digest] += 1
        jobs.append(Job(f"{digest}-{seen[digest]}", arguments))
    return jobs


def check(jobs: list[Job], path: Path) -> list[str]:
    """What does not fit the contract: it is told before anything is paid."""
    contract = Contract.from_file(path)
    lines = ((job.arguments, line) for job in jobs for line in contract.problems(job.arguments))
    return [f"{json.dumps(arguments, ensure_ascii=False)[:80]}: {line}" for arguments, line in lines]


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("prompts", type=Path, help="a file with a prompt, or a JSON object of parameters, in each line")
    parser.add_argument("--model", default="nano_banana_2", help="the model that generates (default: %(default)s)")
    parser.add_argument("--ledger", type=Path, default=Path("bulk.db"), help="the record (default: %(default)s)")
    parser.add_argument("--results", type=Path, default=Path("results.jsonl"), help="where results are listed")
    parser.add_argument("--save-to", type=Path, help="a directory to download the results to")
    parser.add_argument("--contract", type=Path, help="a file with the model's contract, to check the parameters by")
    parser.add_argument("--rate", type=float, default=20.0, help="posts a second, all in all (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="processes (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="batches at a time in each (default: %(default)s)")
    parser.add_argument("--batch", type=int, default=200, help="jobs of a batch (default: %(default)s)")
    parser.add_argument("--connections", type=int, default=20, help="calls at a time of a batch (default: %(default)s)")
    parser.add_argument("--timeout", type=float, default=1800.0, help="seconds that a task may take")
    parser.add_argument("--scheduler", help="the address of a Dask scheduler; by default processes of this machine")
    parser.add_argument("--post-again", nargs="+", default=[], metavar="KEY", help="unknown jobs that have no task")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
