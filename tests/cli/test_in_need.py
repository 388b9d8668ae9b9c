"""Promises to a person in a hurry: stopping works whatever is wrong, and no word is lost."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.process import callflow

FLOW = "version: 1\nflow: ends\nrules: [{id: a, match: {age: {gte: 4h}}, then: [hangup]}]\n"
BROKEN = "version: 1\nstore: sqlite:///data/acts.db\nnever: {lists: [gone.txt]}\n"
SID = "AC" + "1" * 32


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "flows").mkdir()
    (tmp_path / "flows" / "ends.yaml").write_text(FLOW)
    (tmp_path / "data").mkdir()
    return tmp_path


async def test_a_broken_configuration_keeps_nobody_from_stopping_the_runner(project: Path) -> None:
    (project / "callflow.yaml").write_text(BROKEN)
    killed = await callflow("pause", "--all", "--reason", "who wrote this?", cwd=project)
    assert (killed.code, (project / "data" / "PAUSED").exists()) == (0, True)
    assert "gone.txt can't be read" in killed.err
    assert "note: callflow.yaml has an error; the store alone was taken from it" in killed.err
    assert (await callflow("pause", "ends/a", "--reason", "x", cwd=project)).code == 0
    assert (project / "data" / "acts.db").exists()
    listed = await callflow("pause", "--list", cwd=project)
    scopes = [line.split(":")[0] for line in listed.out.splitlines()]
    assert (listed.code, scopes) == (0, ["everything", "rule ends/a"])
    doctor = await callflow("doctor", "--no-fetch", cwd=project)
    assert "who wrote this?" in doctor.out
    for what in ("--all", "ends/a"):
        assert (await callflow("resume", what, cwd=project)).code == 0
    assert (await callflow("history", "--verify", cwd=project)).code == 0


@pytest.mark.parametrize("text", ["version: 1\nstore: {\n", "version: 1\nstore: mysql://x\n"])
async def test_where_the_store_can_not_be_told_it_says_how_to_stop(
    project: Path, text: str
) -> None:
    (project / "callflow.yaml").write_text(text)
    done = await callflow("pause", "--all", "--reason", "x", cwd=project)
    assert (done.code, done.out, list(project.rglob("PAUSED"))) == (1, "", [])
    assert "the store can't be told from callflow.yaml" in done.err
    assert "--store; a file PAUSED beside it stops everything" in done.err
    store = ("--store", "sqlite:///data/acts.db")
    named = await callflow("pause", "--all", "--reason", "x", *store, cwd=project)
    assert (named.code, (project / "data" / "PAUSED").exists()) == (0, True)


async def test_a_pause_in_place_of_another_shows_the_one_that_it_replaces(project: Path) -> None:
    for what in ("ends/a", "--all"):
        await callflow("pause", what, "--reason", "legal has to answer first", cwd=project)
        again = await callflow("pause", what, "--for", "1h", "--reason", "y", cwd=project)
        assert again.code == 0
        assert "note: in place of " in again.err
        assert "until resumed: legal has to answer first" in again.err


async def test_a_store_that_no_runner_has_used_is_said_to_be_one(project: Path) -> None:
    elsewhere = ("--store", "sqlite:///away/acts.db")
    doubt = "no runner has used a store away/acts.db; name a runner's with --store"
    listed = await callflow("pause", "--list", *elsewhere, cwd=project)
    assert (listed.code, listed.out, listed.err) == (0, "nothing is paused\n", f"note: {doubt}\n")
    past = await callflow("history", *elsewhere, cwd=project)
    assert (past.code, past.out, past.err) == (0, "", f"no acts: {doubt}\n")
    (project / "away").mkdir()
    for what, said in (("ends/a", "nothing was paused by that name"), ("--all", "was not set")):
        done = await callflow("resume", what, *elsewhere, cwd=project)
        assert (done.code, f"{said}: {doubt}" in done.err) == (1, True), done.err
    assert list((project / "away").iterdir()) == [], "looking for a pause makes no store"


async def test_accounts_are_shown_by_alias(project: Path) -> None:
    (project / "callflow.yaml").write_text(
        f"version: 1\naccounts: {{acme: {{sid: {SID}, auth_token: {{env: T}}}}}}\n"
    )
    for name in ((), ("ends",)):
        done = await callflow("pause", *name, "--account", SID, "--reason", "x", cwd=project)
        assert (done.code, "account acme: paused" in done.out, SID in done.out) == (0, True, False)
    rows = json.loads((await callflow("pause", "--list", "--format", "json", cwd=project)).out)
    assert {(row["account"], row["alias"]) for row in rows} == {(SID, "acme")}
    doctor = await callflow("doctor", "--no-fetch", cwd=project)
    assert "callflow resume ends --account acme" in doctor.out
    done = await callflow("resume", "ends", "--account", "acme", cwd=project)
    assert done.out == "resumed flow ends in account acme\n"
    assert done.err.startswith("still account acme: paused")
