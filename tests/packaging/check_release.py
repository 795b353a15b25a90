"""What must hold before a release is tagged; see CONTRIBUTING. Run by `make release-check`.

Versions, changelog and tag agree; the wheels are what they should be and install one by one and together (all that
`make wheels` looks at); and every program of each README runs with what that README installs, as wheels, and the
emulator.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import check_wheels
import readmes
from distributions import LIBS, ROOT, build, released, version_of
from environments import Environment


def main() -> None:
    """Runs everything; the first that fails ends the program with its reason."""
    check_versions()
    check_wheels.main()
    with tempfile.TemporaryDirectory() as scratch:
        wheels = Path(scratch) / "dist"
        build(wheels)
        for number, readme in enumerate(readmes.READMES):
            environment = Environment(Path(scratch) / f"venv{number}")
            needed = readmes.installed(readme) | {LIBS["seacloud_emulator"]}
            environment.install("--find-links", wheels, *sorted(needed))
            check_programs(environment, readme, Path(scratch))


def check_versions() -> None:
    """The distributions, the changelog's top and, if the commit has one, its tag tell one version."""
    versions = {version_of(lib) for lib in LIBS}
    newest, date = released()
    if versions != {newest}:
        sys.exit(f"the distributions are {sorted(versions)}, CHANGELOG.md's newest is {newest}")
    tags = [tag for tag in git("tag", "--points-at", "HEAD").split() if tag.startswith("v")]
    if tags and tags != [f"v{newest}"]:
        sys.exit(f"the commit is tagged {tags}, its version is {newest}: the tag must be v{newest}")
    if tags and (changed := git("status", "--porcelain")):
        sys.exit(f"the commit is tagged, and the checkout is not what was committed:\n{changed}")
    if tags and not date:
        sys.exit(f"the commit is tagged, and CHANGELOG.md calls {newest} unreleased: give it the day's date")
    print(f"version {newest}, {date or 'unreleased'}{', tagged' if tags else ''}")


def git(*arguments: str) -> str:
    """What git says of the checkout; nothing in a folder that is none."""
    command = ["git", "-C", ROOT, *arguments]  # the one that made the checkout
    return subprocess.run(command, check=False, capture_output=True, text=True).stdout


def check_programs(environment: Environment, readme: Path, scratch: Path) -> None:
    """Each program of a README ends without an error."""
    runner = scratch / "runner.py"
    runner.write_text(readmes.RUNNER, encoding="utf-8")
    programs = readmes.programs(readme)
    with readmes.emulator(environment) as variables:
        for number, text in enumerate(programs):
            folder = scratch / readme.parent.name / str(number)
            folder.mkdir(parents=True)
            (folder / "program.py").write_text(text, encoding="utf-8")
            environment.run(runner, "program.py", cwd=folder, **variables)
    print(f"{readme.relative_to(ROOT)}: {len(programs)} programs run from the wheels")


if __name__ == "__main__":
    main()
