"""The targets, by their names: what is asserted of an input, how inputs are mutated, and what to begin with."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from fuzz import answer_targets, contract_target, growth_target, name_targets, stream_targets
from fuzz.mutating import AnswerMutator, GrowthMutator, JsonMutator, Mutator, StreamMutator, TokenMutator
from fuzz.plain_target import check_plain
from fuzz.vocabulary import EVENTS, NAMED, PLAIN, QUEUE, SPICE, stream_seeds

CORPUS = Path(__file__).parent / "corpus"
"""The inputs that are kept, in a folder for each target."""


@dataclass(frozen=True)
class Target:
    """Something that reads a stranger's bytes.

    Attributes:
        check: asserts what must be true of any input; every exception is a finding.
        mutate: makes an input of another.
        seeds: inputs to begin with.
        most_kept: inputs that `run.py --keep` keeps at most, besides those with a name.
    """

    check: Callable[[bytes], None]
    mutate: Mutator
    seeds: Callable[[], Iterable[bytes]]
    most_kept: int = 60


def _streams() -> dict[str, Target]:
    return {
        name: Target(
            partial(stream_targets.check_stream, name), StreamMutator(EVENTS[name]), partial(stream_seeds, name)
        )
        for name in NAMED
    }


def _json(values: Iterable[object]) -> list[bytes]:
    return [json.dumps(value).encode() for value in values]


SSE_TOKENS = (
    *(b"data: ", b"event: ", b"data", b"event", b":", b"\n", b"\r", b"\r\n", b"\n\n", b"\xef\xbb\xbf", b"id:1"),
    b"\x00",
)

TARGETS: Mapping[str, Target] = {
    "sse": Target(
        stream_targets.check_sse,
        TokenMutator(SSE_TOKENS),
        lambda: [b"event: a\ndata: b\ndata:c\n\n: x\nid: 1\rdata\r\n\r\ndata: [DONE]", *stream_seeds("messages")],
    ),
    **_streams(),
    "plain": Target(check_plain, JsonMutator(PLAIN), lambda: _json(PLAIN)),
    "contract": Target(
        contract_target.check_contract, JsonMutator(contract_target.SEEDS), lambda: _json(contract_target.SEEDS)
    ),
    "errors": Target(answer_targets.check_errors, AnswerMutator(QUEUE), answer_targets.seeds),
    "tasks": Target(answer_targets.check_tasks, AnswerMutator(QUEUE), answer_targets.seeds),
    "file_names": Target(
        name_targets.check_file_names, TokenMutator(name_targets.NAME_TOKENS), lambda: name_targets.NAME_SEEDS
    ),
    "growth": Target(
        growth_target.check_growth,
        GrowthMutator(EVENTS, (*growth_target.PLACEHOLDERS, *SPICE)),
        growth_target.seeds,
        most_kept=0,  # each takes a quarter of a second
    ),
    "hosts": Target(name_targets.check_hosts, TokenMutator(name_targets.HOST_TOKENS), lambda: name_targets.HOST_SEEDS),
}
"""All of them."""
