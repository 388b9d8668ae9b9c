"""Many accounts: who opens what, whose calls are listed, and how accounts are shown."""

from __future__ import annotations

from typing import Any

import pytest
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.rest import Client

from runner.sandbox import (
    API_KEY,
    API_SECRET,
    AUTH_TOKEN,
    Account,
    CallPlan,
    ManualClock,
    Sandbox,
    Source,
)
from tests.sandbox import openapi
from tests.sandbox.conftest import Http
from tests.sandbox.sdk import using

ACCOUNTS = "/2010-04-01/Accounts.json"
HELLO = Source(twiml="<Response><Say>hello</Say></Response>")


def sids(client: Client) -> list[str]:
    return [str(call.sid) for call in client.calls.list()]


async def refusal(sandbox: Sandbox, login: Account, about: Account) -> tuple[int, int]:
    """Status and code with which a call of `about` is refused to `login`."""
    sid = sandbox.add_call(account=about.sid).sid
    with pytest.raises(TwilioRestException) as raised:
        await using(sandbox, lambda c: c.calls(sid).fetch(), login=login, about=about.sid)
    with pytest.raises(TwilioException) as listed:
        await using(sandbox, sids, login=login, about=about.sid)
    assert listed.value.args[1].status_code == raised.value.status
    assert sandbox.world_of(about.sid).call(sid).live
    return raised.value.status, raised.value.code


async def test_each_account_lists_its_own_calls_alone(sandbox: Sandbox) -> None:
    acme = sandbox.add_account("acme", parent="main")
    other = sandbox.add_account("other")
    rows = {
        "": sandbox.add_call(id="a"),
        "acme": sandbox.add_call(id="a", account="acme"),
        "other": sandbox.add_call(CallPlan(id="a"), account=other.sid),
    }
    assert len({row.sid for row in rows.values()}) == 3, "one id, three calls"
    for name, row in rows.items():
        assert await using(sandbox, sids, login=sandbox.account(name)) == [row.sid]
    assert sandbox.world_of(acme.sid).call("a").sid == rows["acme"].sid


async def test_a_parents_credentials_open_its_subaccounts(sandbox: Sandbox) -> None:
    acme = sandbox.add_account("acme", parent=sandbox.account_sid)
    row = sandbox.add_call(id="a", account="acme")
    twiml = HELLO.twiml
    told = await using(sandbox, lambda c: c.calls(row.sid).update(twiml=twiml), about=acme.sid)
    assert told.account_sid == acme.sid
    assert told.uri == f"/2010-04-01/Accounts/{acme.sid}/Calls/{row.sid}.json"
    await sandbox.advance(5_000)
    assert sandbox.world_of("acme").heard("a") == ["hello"]
    assert not sandbox.world.has("a")
    (entry,) = sandbox.journal.of("update", account=acme.sid)
    assert (entry.request.sid, entry.request.user) == (row.sid, sandbox.account_sid)
    assert sandbox.journal.of("update", account=sandbox.account_sid) == []


async def test_a_subaccount_and_a_stranger_open_nothing_else(sandbox: Sandbox) -> None:
    main = sandbox.account()
    acme = sandbox.add_account("acme", parent="main")
    sister = sandbox.add_account("sister", parent="main")
    stranger = sandbox.add_account("stranger")
    for login, about in [
        (acme, main),
        (acme, sister),
        (acme, stranger),
        (stranger, main),
        (stranger, acme),
        (main, stranger),
        (Account(sid=acme.sid, auth_token=main.auth_token), acme),
    ]:
        assert await refusal(sandbox, login, about) == (401, 20003)


async def test_one_account_does_not_know_anothers_call(sandbox: Sandbox) -> None:
    sandbox.add_account("acme", parent="main")
    sid = sandbox.add_call(account="acme").sid
    with pytest.raises(TwilioRestException) as raised:
        await using(sandbox, lambda c: c.calls(sid).fetch())
    assert (raised.value.status, raised.value.code) == (404, 20404)


async def test_a_key_opens_calls_and_no_accounts(sandbox: Sandbox, http: Http) -> None:
    acme = sandbox.add_account("acme", parent="main", api_key=True)
    bare = sandbox.add_account("bare", parent="main")
    assert acme.api_key.startswith("SK")
    assert (bare.api_key, bare.opens("", "")) == ("", False)
    http.auth = (acme.api_key, acme.api_secret)
    calls = f"/2010-04-01/Accounts/{acme.sid}/Calls.json"
    assert (await http.ask("GET", calls)).status == 200
    for path in (ACCOUNTS, f"/2010-04-01/Accounts/{acme.sid}.json"):
        reply = await http.ask("GET", path)
        assert (reply.status, reply.json["code"]) == (401, 20003)


async def test_a_parents_key_opens_its_subaccounts(sandbox: Sandbox, http: Http) -> None:
    acme = sandbox.add_account("acme", parent="main", api_key=True)
    other = sandbox.add_account("other")
    path = "/2010-04-01/Accounts/{}/Calls.json"
    http.auth = (API_KEY, API_SECRET)
    assert (await http.ask("GET", path.format(acme.sid))).status == 200
    assert (await http.ask("GET", path.format(other.sid))).status == 401
    http.auth = (acme.api_key, acme.api_secret)
    assert (await http.ask("GET", path.format(sandbox.account_sid))).status == 401


async def test_a_suspended_account_is_shut(sandbox: Sandbox) -> None:
    acme = sandbox.add_account("acme", parent="main")
    sandbox.set_status("acme", "suspended")
    assert await refusal(sandbox, acme, acme) == (401, 20003)
    assert await refusal(sandbox, sandbox.account(), acme) == (403, 20403)
    shown = await using(sandbox, lambda c: c.api.accounts(acme.sid).fetch())
    assert shown.status == "suspended"
    sandbox.set_status(acme.sid, "active")
    assert len(await using(sandbox, sids, login=acme)) == 2
    sandbox.set_status("main", "suspended")
    assert await refusal(sandbox, acme, acme) == (401, 20003)


async def test_accounts_are_listed_to_their_owner(sandbox: Sandbox) -> None:
    names = ["main", *(f"sub-{number}" for number in range(6))]
    for name in names[1:]:
        sandbox.add_account(name, parent="main")
    sandbox.add_account("stranger")
    sandbox.set_status("sub-2", "suspended")

    async def listed(login: Account | None = None, **filters: Any) -> list[str]:
        return await using(
            sandbox,
            lambda c: [a.friendly_name for a in c.api.accounts.list(page_size=3, **filters)],
            login=login,
        )

    assert await listed() == names[::-1]
    assert len(sandbox.journal.of("accounts")) == 3
    assert await listed(friendly_name="sub-4") == ["sub-4"]
    assert await listed(status="suspended") == ["sub-2"]
    assert await listed(login=sandbox.account("sub-1")) == ["sub-1"]
    assert await listed(login=sandbox.account("stranger")) == ["stranger"]


async def test_an_account_is_shown_with_its_token(sandbox: Sandbox) -> None:
    acme = sandbox.add_account("acme", parent="main")
    shown = await using(sandbox, lambda c: c.api.accounts(acme.sid).fetch())
    assert (shown.auth_token, shown.owner_account_sid) == (acme.auth_token, sandbox.account_sid)
    own = await using(sandbox, lambda c: c.api.accounts(c.account_sid).fetch())
    assert (own.auth_token, own.owner_account_sid) == (AUTH_TOKEN, sandbox.account_sid)
    for login, about in [(acme, sandbox.account()), (sandbox.add_account("stranger"), acme)]:
        sid = about.sid
        with pytest.raises(TwilioRestException) as raised:
            await using(sandbox, lambda c, sid=sid: c.api.accounts(sid).fetch(), login=login)
        assert (raised.value.status, raised.value.code) == (401, 20003)


@pytest.mark.skipif(openapi.document() is None, reason="the OpenAPI document is not here")
async def test_accounts_fit_the_document(sandbox: Sandbox, http: Http) -> None:
    sid = sandbox.add_account("acme", parent="main").sid
    listed = openapi.account_response("/Accounts.json")
    for query in ("", "?PageSize=1", "?FriendlyName=nobody&Status=active"):
        page = (await http.ask("GET", ACCOUNTS + query)).json
        listed.validate(page)
        assert set(page) == set(openapi.properties(listed))
    one = openapi.account_response("/Accounts/{Sid}.json")
    shown = (await http.ask("GET", f"/2010-04-01/Accounts/{sid}.json")).json
    one.validate(shown)
    assert set(shown) == set(openapi.properties(one))


@pytest.mark.parametrize(
    ("query", "code"), [("Status=asleep", 20001), ("PageSize=0", 20007), ("Page=1", 20001)]
)
async def test_bad_account_queries(http: Http, query: str, code: int) -> None:
    reply = await http.ask("GET", f"{ACCOUNTS}?{query}")
    assert (reply.status, reply.json["code"]) == (400, code)


async def test_what_is_not_served_is_20404(http: Http) -> None:
    for method, path in [
        ("POST", ACCOUNTS),
        ("GET", f"/2010-04-01/Accounts/AC{'0' * 32}.json"),
        ("POST", f"/2010-04-01/Accounts/{http.sandbox.account_sid}.json"),
        ("GET", f"/2010-04-01/Accounts/{http.sandbox.account_sid}"),
        ("GET", "/2010-04-01/Accounts/main/Calls.json"),
        ("GET", "/2010-04-01/Accounts//Calls.json"),
    ]:
        reply = await http.ask(method, path)
        assert (reply.status, reply.json["code"]) == (404, 20404), path


def test_credentials_come_from_seed_and_name() -> None:
    def account(seed: int, name: str) -> Account:
        return Sandbox(clock=ManualClock(), seed=seed).add_account(name, api_key=True)

    assert account(1, "a") == account(1, "a")
    made = [account(1, "a"), account(2, "a"), account(1, "b"), Account()]
    for field in ("sid", "auth_token", "api_key", "api_secret"):
        assert len({getattr(one, field) for one in made}) == 4
    assert account(1, "a").auth_token not in repr(account(1, "a"))


def test_what_makes_no_sense_is_refused(sandbox: Sandbox) -> None:
    acme = sandbox.add_account("acme", parent="main")
    for name, parent, words in [
        ("acme", None, "already"),
        (acme.sid, None, "already"),
        ("", None, "name it"),
        ("b", "nobody", "to be the parent"),
        ("b", "acme", "subaccount"),
    ]:
        with pytest.raises(ValueError, match=words):
            sandbox.add_account(name, parent=parent)
    with pytest.raises(ValueError, match="there are main, acme"):
        sandbox.add_call(account="acm")
    with pytest.raises(ValueError, match="none of active, suspended, closed"):
        sandbox.set_status("acme", "asleep")
    assert len(sandbox.accounts) == 2
