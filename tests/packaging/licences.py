"""What comes along may be used by everyone, in what they sell too: read from the metadata of what is installed."""

from __future__ import annotations

import json
import re

from environments import Environment

TAKEN = re.compile(
    r"\b(?:0BSD|AFL|Apache|BSD|CC0|CNRI-Python|ISC|MIT|MPL|Mozilla Public|PSF|Python Software Foundation|Zlib)\b"
    r"|Redistribution and use in source and binary forms",  # the BSD licence itself, where it is not named
)
"""Licences that ask for no more than to be named, and the MPL, which asks for changes of its own files alone."""

REFUSED = re.compile(r"\b(?:A?GPL|LGPL|SSPL|BUSL|EUPL|CC-BY-NC|General Public|Commercial|Proprietary)\b", re.IGNORECASE)

READER = """
import importlib.metadata, json
def licence(metadata):
    classes = [line for line in metadata.get_all("Classifier") or [] if line.startswith("License ::")]
    return metadata["License-Expression"] or "; ".join(classes) or metadata["License"] or ""
print(json.dumps({found.metadata["Name"]: licence(found.metadata) for found in importlib.metadata.distributions()}))
"""


def not_permissive(environment: Environment) -> dict[str, str]:
    """The distributions there whose licence is not one that we take, and what they say of it."""
    told: dict[str, str] = json.loads(environment.run("-c", READER))
    return {name: said for name, said in told.items() if not TAKEN.search(said) or REFUSED.search(said)}
