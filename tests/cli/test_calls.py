"""`callflow calls` as a process, against the sandbox: what it prints, sends, and exits with."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from runner.sandbox import ManualClock, Sandbox
from tests.process import Done, callflow


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(clock=ManualClock()) as opened:
        yield opened


async def calls(
    *arguments: str, at: Sandbox | None, cwd: Path | None = None, **environ: str
) -> Done:
    """Runs `callflow calls …` with this sandbox's credentials in a clean environment."""
    return await callflow("calls", *arguments, at=at, cwd=cwd, **environ)


async def test_list_shows_calls_in_progress_with_numbers_masked(sandbox: Sandbox) -> None:
    row = sandbox.add_call(age=83_000)
    sandbox.add_call(status="ringing", direction="outbound-api")
    done = await calls("list", at=sandbox)
    assert done.out == (
        f"{'sid':<34}  status       direction  from          to            age\n"
        f"{row.sid}  in-progress  inbound    +1415***0199  +1415***0100  1m23s\n"
    )
    assert (done.code, done.err) == (0, "")


async def test_list_filters_limits_and_prints_json(sandbox: Sandbox) -> None:
    for _ in range(3):
        sandbox.add_call(to="+14155550111", caller_name="Ada Lovelace")
    sandbox.add_call()
    arguments = ("list", "--to", "+14155550111", "--limit", "2", "--format", "json")
    rows = json.loads((await calls(*arguments, at=sandbox)).out)
    assert [row["to"] for row in rows] == ["+1415***0111"] * 2
    assert {row["caller_name"] for row in rows} == {"***"}
    shown = json.loads((await calls(*arguments, "--show-numbers", at=sandbox)).out)
    assert [row["to"] for row in shown] == ["+14155550111"] * 2
    assert {row["caller_name"] for row in shown} == {"Ada Lovelace"}
    assert shown[0]["from"] == "+14155550199"


async def test_list_says_when_there_is_nothing(sandbox: Sandbox) -> None:
    assert await calls("list", "--status", "completed", at=sandbox) == Done(
        0, "", "no such calls\n"
    )


async def test_show_prints_what_is_known(sandbox: Sandbox) -> None:
    row = sandbox.add_call()
    done = await calls("show", row.sid, at=sandbox)
    shown = dict(line.split(None, 1) for line in done.out.splitlines())
    assert (done.code, done.err) == (0, "")
    assert (shown["sid"], shown["status"]) == (row.sid, "in-progress")
    assert "5550199" not in done.out.replace(" ", "").replace("-", "")
    as_json = await calls("show", row.sid, "--format", "json", at=sandbox)
    assert json.loads(as_json.out)["sid"] == row.sid


async def test_say_sends_one_update_and_warns_that_the_call_ends(sandbox: Sandbox) -> None:
    row = sandbox.add_call()
    done = await calls("say", row.sid, "One minute left.", "--voice", "alice", at=sandbox)
    assert (done.code, done.out) == (0, f"{row.sid} in-progress: say accepted\n")
    assert "the call ends after these words" in done.err
    (entry,) = sandbox.journal.of("update")
    assert entry.request.form == {
        "Twiml": '<Response><Say voice="alice">One minute left.</Say></Response>'
    }


async def test_say_and_redirect_take_their_words_literally(sandbox: Sandbox) -> None:
    row = sandbox.add_call(caller_name="Ada")
    text = "{{ caller_name }} {{ 7*7 }} {% x %}"
    done = await calls("say", row.sid, text, "--then", "hangup", at=sandbox)
    assert (done.code, done.err) == (0, "")
    (entry,) = sandbox.journal.of("update")
    assert entry.request.form == {"Twiml": f"<Response><Say>{text}</Say><Hangup /></Response>"}
    done = await calls("redirect", row.sid, "https://example.com/{{ sid }}", at=sandbox)
    assert done.code == 2
    assert "percent-encoded" in done.err


@pytest.mark.parametrize(
    ("then", "rest"),
    [
        ("hangup", "<Hangup />"),
        ("https://example.com/menu", "<Redirect>https://example.com/menu</Redirect>"),
    ],
)
async def test_say_then(sandbox: Sandbox, then: str, rest: str) -> None:
    row = sandbox.add_call()
    done = await calls("say", row.sid, "Bye", "--then", then, at=sandbox)
    assert (done.code, done.err) == (0, "")
    (entry,) = sandbox.journal.of("update")
    assert entry.request.form == {"Twiml": f"<Response><Say>Bye</Say>{rest}</Response>"}


@pytest.mark.parametrize(
    ("arguments", "form"),
    [
        (["redirect", "https://example.com/a?b=c"], {"Url": "https://example.com/a?b=c"}),
        (
            ["redirect", "https://example.com/", "--method", "GET"],
            {"Url": "https://example.com/", "Method": "GET"},
        ),
        (["hangup"], {"Status": "completed"}),
        (["cancel"], {"Status": "canceled"}),
    ],
)
async def test_each_change_is_one_update(
    sandbox: Sandbox, arguments: list[str], form: dict[str, str]
) -> None:
    row = sandbox.add_call()
    name, *rest = arguments
    done = await calls(name, row.sid, *rest, "--format", "json", at=sandbox)
    assert done.code == 0
    assert json.loads(done.out)["sid"] == row.sid
    assert [entry.request.form for entry in sandbox.journal.of("update")] == [form]
    assert ("does nothing" in done.err) == (name == "cancel")


async def test_a_call_that_is_over_is_a_finding(sandbox: Sandbox) -> None:
    row = sandbox.add_call()
    await calls("hangup", row.sid, at=sandbox)
    done = await calls("redirect", row.sid, "https://example.com/", at=sandbox)
    assert (done.code, done.out) == (1, "")
    assert "21220" in done.err
    assert "the call is over already" in done.err


async def test_an_unknown_call_is_a_finding(sandbox: Sandbox) -> None:
    done = await calls("show", "CA" + "9" * 32, at=sandbox)
    assert done.code == 1
    assert "20404" in done.err
    assert "check the SID" in done.err


@pytest.mark.parametrize("fault", ["401", "429", "500", "reset-after"])
async def test_no_usable_answer_is_a_failure(sandbox: Sandbox, fault: str) -> None:
    row = sandbox.add_call()
    sandbox.set_fault(fault, on=("update",))
    done = await calls("hangup", row.sid, at=sandbox)
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith("error: 127.0.0.1:")
    assert "Traceback" not in done.err
    assert len(sandbox.journal.of("update")) == 1, "sent once"


async def test_what_can_not_be_looked_at_is_not_changed(sandbox: Sandbox) -> None:
    row = sandbox.add_call()
    sandbox.set_fault("500", on=("fetch", "list"))
    done = await calls("hangup", row.sid, at=sandbox)
    assert (done.code, done.out, sandbox.journal.of("update")) == (3, "", [])


# ---- calls that no flow may change ------------------------------------------------------------

NEVER = "version: 1\nnever: {numbers: ['+14155550123']}\n"


@pytest.mark.parametrize("name", ["say", "redirect", "hangup", "cancel"])
async def test_a_protected_call_is_changed_only_by_whoever_says_so(
    sandbox: Sandbox, tmp_path: Path, name: str
) -> None:
    (tmp_path / "callflow.yaml").write_text(NEVER)
    row = sandbox.add_call(to="+14155550123")
    rest = {"say": ["hello"], "redirect": ["https://example.com/"]}.get(name, [])
    done = await calls(name, row.sid, *rest, at=sandbox, cwd=tmp_path)
    assert (done.code, done.out, sandbox.journal.of("update")) == (1, "", [])
    assert f"{row.sid} is protected" in done.err
    assert "to is +1415***0123 (never: numbers)" in done.err
    assert "--even-protected" in done.err
    arguments = (name, row.sid, *rest, "--even-protected", "--show-numbers")
    done = await calls(*arguments, at=sandbox, cwd=tmp_path)
    assert (done.code, len(sandbox.journal.of("update"))) == (0, 1)
    assert "protected from flows: to is +14155550123 (never: numbers)" in done.err


async def test_an_emergency_call_is_protected_on_every_leg_without_a_configuration(
    sandbox: Sandbox,
) -> None:
    top = sandbox.add_call(id="top")
    middle = sandbox.add_call(id="middle", parent="top", direction="outbound-dial")
    sandbox.add_call(id="other", parent="top", to="911", direction="outbound-dial")
    for sid in (top.sid, middle.sid):
        done = await calls("hangup", sid, at=sandbox)
        assert (done.code, "emergency number" in done.err) == (1, True), done.err
        assert f"its leg {sandbox.world.call('other').sid}" in done.err
    sandbox.world.hang_up(sandbox.world.leg("other"))
    assert (await calls("hangup", top.sid, at=sandbox)).code == 0


# ---- several accounts -------------------------------------------------------------------------


async def test_with_several_accounts_one_is_named(sandbox: Sandbox, tmp_path: Path) -> None:
    acme = sandbox.add_account("acme", parent="main")
    (tmp_path / "elsewhere.yaml").write_text(
        f"version: 1\napi_base: {sandbox.url}\naccounts:\n"
        f"  main: {{sid: {sandbox.account_sid}, auth_token: {{env: TWILIO_AUTH_TOKEN}}}}\n"
        f"  acme: {{sid: {acme.sid}, parent: main}}\n"
    )
    row = sandbox.add_call(account="acme")
    sandbox.add_call()
    given = ("--config", "elsewhere.yaml")
    unsaid = await calls("list", *given, at=sandbox, cwd=tmp_path)
    assert (unsaid.code, unsaid.out) == (2, "")
    assert "several accounts are configured" in unsaid.err
    assert "--account: main or acme" in unsaid.err
    for named in ("acme", acme.sid):
        done = await calls("list", *given, "--account", named, at=sandbox, cwd=tmp_path)
        assert (done.code, [line[:34] for line in done.out.splitlines()[1:]]) == (0, [row.sid])
    done = await calls("hangup", row.sid, *given, at=sandbox, cwd=tmp_path, CALLFLOW_ACCOUNT="acme")
    assert (done.code, f"{row.sid} completed" in done.out) == (0, True)
    wrong = await calls("list", *given, "--account", "acne", at=sandbox, cwd=tmp_path)
    assert (wrong.code, 'did you mean "acme"?' in wrong.err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["show", "CA1"], "not a call SID"),
        (["say", "CA" + "1" * 32, "  "], "nothing to say"),
        (["say", "CA" + "1" * 32, "x" * 5_000], "4,000"),
        (["say", "CA" + "1" * 32, "x", "--then", "menu"], "not an absolute URL"),
        (["redirect", "CA" + "1" * 32, "/menu"], "not an absolute URL"),
        (["list", "--limit", "0"], "--limit"),
        (["list", "--status", "initiated"], "initiated"),
        (["list", "--api-base", "http://example.com"], "plain http"),
    ],
)
async def test_usage_is_refused_before_anything_is_sent(
    sandbox: Sandbox, arguments: list[str], words: str
) -> None:
    done = await calls(*arguments, at=sandbox)
    assert (done.code, done.out) == (2, "")
    assert words in done.err
    assert len(sandbox.journal) == 0


async def test_the_configuration_of_the_folder_counts(sandbox: Sandbox, tmp_path: Path) -> None:
    row = sandbox.add_call()
    (tmp_path / "callflow.yaml").write_text(f"version: 1\napi_base: {sandbox.url}\n")
    done = await calls("show", row.sid, at=sandbox, cwd=tmp_path, CALLFLOW_API_BASE="")
    assert done.code == 0
    assert row.sid in done.out


async def test_missing_credentials_are_named_together() -> None:
    done = await calls("list", at=None, TWILIO_EDGE="dublin")
    assert (done.code, done.out) == (2, "")
    for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_REGION"):
        assert name in done.err


@pytest.mark.parametrize("name", ["list", "show", "say", "redirect", "hangup", "cancel"])
async def test_help_shows_an_example(name: str) -> None:
    done = await calls(name, "--help", at=None)
    assert done.code == 0
    assert f"Example: callflow calls {name}" in " ".join(done.out.split())
