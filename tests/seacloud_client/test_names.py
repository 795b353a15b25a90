"""Names of tools, as every protocol takes them."""

from __future__ import annotations

import re

from seacloud_client.names import MAX_NAME, tool_names, wire_name


def test_other_characters_are_replaced_and_long_names_cut():
    assert wire_name("vendor/flux 2.0-é_x") == "vendor_flux_2_0-__x"
    assert wire_name("x" * 100) == "x" * 64


def test_no_two_are_alike():
    models = ["a.b", "a/b", "a b", "m" * 80, "m" * 81]
    names = tool_names(models, "generate_with")
    assert names[:3] == ["generate_with_a_b", "generate_with_a_b_2", "generate_with_a_b_3"]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(rf"[A-Za-z0-9_-]{{1,{MAX_NAME}}}", name) for name in names)


def test_nor_like_those_that_others_have():
    assert tool_names(["a"], "submit_to", ["submit_to_a", "submit_to_a_2"]) == ["submit_to_a_3"]
