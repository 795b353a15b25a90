"""Fuzzing of what reads a stranger's bytes: one target a reader, each a function that asserts what must be true of any.

`make fuzz` runs them under atheris, which looks for inputs that take new paths; `make test` replays what was kept in
`corpus/`: inputs that once found a bug, and a small set that together takes the paths that were found.
"""
