"""Promises: every example does to its scenario's calls what its README says, and nothing else."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from runner.cli.main import run
from runner.cli.show.neighbours import Neighbours
from runner.engine.ports import Entry
from runner.language.loader import load
from runner.language.schema import check
from runner.language.source import parse
from runner.model import Millis
from runner.sandbox.scenario import enact, read_scenario
from tests.process import callflow as processed
from tests.site import MINUTE, SECOND, Site, open_site

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
JOBS = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir() and path.name != "tour")
OTHERS = (".scenario.yaml", ".test.yaml")
FLOWS = sorted(p for p in EXAMPLES.glob("*/*.yaml") if not p.name.endswith(OTHERS))
MODELINE = "# yaml-language-server: $schema=../../schemas/flow.schema.json\n"


@dataclass(frozen=True)
class Played:
    """What became of a scenario: all by the calls' names.

    `acts` are (seconds since the beginning, call, rule, actions), oldest first; `heard` has the
    calls that heard something; `untouched` those that nothing was done to and that go on. `posts`
    are what services were told, `beside` what was started or stopped on each call.
    """

    acts: list[tuple[int, str, str, str]]
    heard: dict[str, list[str]]
    statuses: dict[str, str]
    untouched: set[str]
    posts: list[tuple[str, str]]
    beside: dict[str, list[str]]


#: What a call's transcript says of those who listen to it.
BESIDE = ("records", "streams", "siprec", "transcribes", "message")


async def play(
    job: Path,
    tmp_path: Path,
    *,
    length: Millis = 90 * SECOND,
    edits: Mapping[int, Callable[[], object]] | None = None,
) -> Played:
    """Lets a folder's flows loose on its scenario, one poll every two seconds.

    `edits` are made to its files when so many seconds have passed.
    """
    (path,) = job.glob("*.scenario.yaml")
    scenario, problems = read_scenario(str(path), path.read_bytes())
    assert problems == []
    posts: list[tuple[str, str]] = []
    waiting = dict(edits or {})
    async with open_site(tmp_path) as site:
        world = site.sandbox.world
        if scenario.start is not None:
            await site.sandbox.advance(scenario.start - world.now)
        began = world.now
        around = Neighbours(site.sandbox, lambda url, body: posts.append((url, body)))
        site.engine.reach(web=around, publish=around.publish)
        sids = enact(site.sandbox, scenario)
        _put_in_force(site, job)
        while world.now < began + length:
            for second in [each for each in waiting if began + each * SECOND <= world.now]:
                waiting.pop(second)()
                _put_in_force(site, job)
            await site.poll(after=2 * SECOND)
        names = {s: p.id for s, p in zip(sids, scenario.plans, strict=True) if world.has(s)}
        return _played(site, names, began, posts, await site.history())


def _put_in_force(site: Site, job: Path) -> None:
    flow_set = load([job]).flow_set
    assert flow_set is not None
    site.engine.load(flow_set)


def _played(
    site: Site,
    names: dict[str, str],
    began: Millis,
    posts: list[tuple[str, str]],
    history: list[Entry],
) -> Played:
    world = site.sandbox.world
    assert {entry.outcome for entry in history} <= {"done"}
    assert len(site.updates()) == len([e for e in history if not e.intent.part])
    assert not [h for s in names for h in world.transcript(s) if h.kind == "fault"]
    acts: dict[tuple[int, str, str, int], list[str]] = {}
    for entry in history:
        made = entry.intent
        key = ((made.at - began) // SECOND, names[made.call_sid], made.rule_key, made.number)
        acts.setdefault(key, []).extend(made.then)
    done = {entry.intent.call_sid for entry in history if entry.intent.touches_call}
    told = {s for s in names if any(h.kind == "told" for h in world.transcript(s))}
    assert told <= done
    beside = {
        name: [f"{h.kind}: {h.text}" for h in world.transcript(sid) if h.kind in BESIDE]
        for sid, name in names.items()
    }
    return Played(
        [(*key[:3], ", ".join(then)) for key, then in acts.items()],
        {name: world.heard(sid) for sid, name in names.items() if world.heard(sid)},
        {name: world.call(sid).status for sid, name in names.items()},
        {n for s, n in names.items() if s not in done and world.call(s).live},
        posts,
        {name: lines for name, lines in beside.items() if lines},
    )


async def test_runaway_calls_warns_programs_and_ends_what_was_forgotten(tmp_path: Path) -> None:
    played = await play(EXAMPLES / "runaway-calls", tmp_path, length=6 * MINUTE)
    assert played.acts == [
        (2, "lost-reminder", "call-caps/robot-cut", "hangup"),
        (2, "handset", "call-caps/inbound-end", "hangup"),
        (2, "late-reminder", "call-caps/robot-warn", "say, redirect, limit"),
        (2, "support", "call-caps/inbound-soon", "limit, notify, log"),
        (30, "reminder", "call-caps/robot-warn", "say, redirect, limit"),
        (30, "late-reminder", "call-caps/robot-end", "say, hangup"),
        (330, "reminder", "call-caps/robot-end", "say, hangup"),
    ]
    words = [
        "This call ends in five minutes.",
        "To keep your appointment, press one.",
        "Our time is up. Thank you, and goodbye.",
    ]
    assert played.heard == {"reminder": words, "late-reminder": words}
    assert played.untouched == {"salesman", "customer"}
    # Twilio kept the limit, and nobody heard a word of it.
    assert played.statuses["support"] == played.statuses["agent"] == "completed"


async def test_runaway_calls_tells_the_desk_of_a_long_talk_once(tmp_path: Path) -> None:
    played = await play(EXAMPLES / "runaway-calls", tmp_path, length=3 * MINUTE)
    (post,) = played.posts
    assert post[0] == "https://desk.example.com/hooks/calls"
    body = json.loads(post[1])
    assert body.pop("call").startswith("CA")
    assert body == {
        "caller": "+13125550115",
        "line": "+14155550100",
        "minutes": "238",
        "ends_after": "4 hours",
    }


async def test_after_hours_lets_early_birds_wait_and_calls_the_engineer(tmp_path: Path) -> None:
    played = await play(EXAMPLES / "after-hours", tmp_path, length=3 * MINUTE)
    assert played.acts == [
        (10, "early-bird", "after-hours/early-bird", "say, enqueue, restart"),
        (16, "leaky-tap", "after-hours/repairs", "say, dial"),
        (60, "waiting", "after-hours/opening", "restart"),
        (130, "early-bird", "after-hours/opening", "restart"),
    ]
    wait = "We open at nine. Stay on the line, and you are among the first."
    assert played.heard == {
        "early-bird": [wait, "Accounts, good morning."],
        "waiting": ["Front desk, good morning."],
        "on-time": ["Front desk, good morning."],
        "leaky-tap": ["Our office is closed. We are calling the engineer on duty."],
    }
    assert played.untouched == {"colleague", "hotline", "outbound", "on-time"}
    assert played.statuses["leaky-tap"] == "in-progress"  # with the engineer


async def test_after_hours_forgets_nobody_in_the_queue(tmp_path: Path) -> None:
    """Without the rule at nine the waiting document ends, and they begin again by themselves."""
    job = Path(shutil.copytree(EXAMPLES / "after-hours", tmp_path / "job"))
    flow = job / "after-hours.yaml"
    flow.write_text(flow.read_text().replace("id: opening", "id: opening\n    enabled: false"))
    played = await play(job, tmp_path, length=17 * MINUTE)
    assert played.heard["early-bird"][1:] == ["Accounts, good morning."]


NEWS = "Card payments are failing since ten o'clock. We are on it, and no money is lost."


async def test_incident_broadcast_tells_who_calls_now_and_lets_them_go_on(tmp_path: Path) -> None:
    played = await play(EXAMPLES / "incident-broadcast", tmp_path)
    before = ("incident-broadcast/before-the-agent", "say, restart")
    assert played.acts == [
        (2, "in-the-menu", *before),
        (2, "in-conference", "incident-broadcast/with-the-agent", "announce"),
        (18, "ringing", *before),
        (20, "hasty", *before),
    ]
    assert played.heard["in-the-menu"][-2:] == [NEWS, "This is support. Stay on the line."]
    assert played.heard["ringing"] == [NEWS, "This is billing. Stay on the line."]
    assert played.heard["hasty"] == [NEWS]
    assert played.untouched == {"served", "agent", "her-agent", "other-line", "our-call"}
    assert played.statuses["ringing"] == "in-progress"


async def test_incident_broadcast_leaves_who_is_served_with_the_agent(tmp_path: Path) -> None:
    played = await play(EXAMPLES / "incident-broadcast", tmp_path)
    assert played.heard["in-conference"] == [NEWS]
    assert "her-agent" not in played.heard
    assert played.statuses["in-conference"] == played.statuses["her-agent"] == "in-progress"


async def test_incident_broadcast_has_its_all_clear_ready(tmp_path: Path) -> None:
    job = Path(shutil.copytree(EXAMPLES / "incident-broadcast", tmp_path / "job"))
    flow = job / "incident-broadcast.yaml"
    switched = flow.read_text().replace("enabled: false", "enabled: true")
    for rule in ("before-the-agent", "with-the-agent"):
        switched = switched.replace(f"id: {rule}", f"id: {rule}\n    enabled: false")
    flow.write_text(switched)
    played = await play(job, tmp_path)
    assert {rule for _, _, rule, _ in played.acts} == {"incident-broadcast/all-clear"}
    assert played.heard["ringing"][0].startswith("Card payments work again.")


async def test_toll_fraud_ends_what_nobody_has_business_calling(tmp_path: Path) -> None:
    played = await play(EXAMPLES / "toll-fraud", tmp_path)
    assert played.acts == [
        (6, "stolen-key", "premium-numbers/end", "hangup"),
        (10, "stolen-again", "premium-numbers/end", "hangup"),
        (16, "menu-dials", "premium-numbers/end", "hangup"),
        (20, "one-ring", "allowed-destinations/islands", "hangup"),
        (26, "gothenburg", "allowed-destinations/abroad", "hangup"),
    ]
    assert played.heard == {}
    assert played.untouched == {"london", "paris", "kingston", "caller", "agent"}
    assert played.statuses["menu"] == "completed"  # its document was over when the dial was


async def test_vip_keeps_the_general_rule_off_vips(tmp_path: Path) -> None:
    played = await play(EXAMPLES / "vip", tmp_path, length=6 * MINUTE)
    assert played.acts == [
        (2, "patient-vip", "booking-line/vip", "redirect"),
        (16, "vip", "booking-line/vip", "redirect"),
        (20, "guest", "booking-line/everyone", "say, redirect"),
        (280, "new-guest", "booking-line/everyone", "say, redirect"),
    ]
    sorry = "This takes longer than it should. Leave your number after the tone, and we call you."
    welcome = ["Good evening. A person will be with you at once."]
    assert played.heard == {
        "vip": welcome,
        "patient-vip": welcome,
        "guest": [sorry, "Thank you."],
        "new-guest": [sorry, "Thank you."],
    }
    assert played.untouched == {"vip-elsewhere"}
    assert played.statuses["patient-vip"] == "in-progress"


async def test_answering_machines_get_a_message_after_the_beep_only(tmp_path: Path) -> None:
    played = await play(EXAMPLES / "answering-machines", tmp_path)
    assert played.acts == [
        (12, "voicemail", "answering-machines/leave-message", "pause, say, hangup"),
        (20, "no-beep", "answering-machines/leave-message", "pause, say, hangup"),
        (26, "greeting", "answering-machines/still-greeting", "hangup"),
        (30, "fax", "answering-machines/fax", "hangup"),
    ]
    message = [
        "This is Dr. Green's practice. You have an appointment tomorrow. To change it, please call "
        "415 555 0100. Goodbye."
    ]
    assert played.heard == {"voicemail": message, "no-beep": message}
    assert played.untouched == {"person", "silent", "not-asked", "patient", "voicemail-of-kim"}


async def test_card_numbers_are_not_recorded(tmp_path: Path) -> None:
    played = await play(EXAMPLES / "card-numbers", tmp_path, length=20 * SECOND)
    assert {act[1:] for act in played.acts} == {
        ("ordering", "order-recording/record", "record, log"),
        ("paying", "order-recording/card-begins", "record"),
        ("paid", "order-recording/card-ends", "record"),
    }
    started = "records: started: dual, both"
    assert played.beside == {
        "ordering": [started],
        "paying": [started, "records: paused: skip"],
        "paid": [started],
    }


async def test_card_numbers_follows_the_lists_to_a_second_card(tmp_path: Path) -> None:
    job = Path(shutil.copytree(EXAMPLES / "card-numbers", tmp_path / "job"))
    paying, paid = job / "paying.txt", job / "paid.txt"
    sids = {paying: paying.read_text(), paid: paid.read_text()}
    sids[paid] = sids[paying]  # one call that goes back and forth

    def only(path: Path) -> Callable[[], object]:
        others = [each for each in sids if each != path]
        return lambda: [path.write_text(sids[path]), *(each.write_text("") for each in others)]

    edits = {0: only(paying), 10: only(paid), 20: only(paying), 30: only(paid)}
    played = await play(job, tmp_path, length=40 * SECOND, edits=edits)
    assert played.beside["paying"] == [
        "records: started: dual, both",
        "records: paused: skip",
        "records: resumed",
        "records: paused: skip",
        "records: resumed",
    ]
    # The second card is recorded until the next poll, once the rule's five seconds are over.
    pauses = [at for at, name, rule, _ in played.acts if rule == "order-recording/card-begins"]
    assert min(at for at in pauses if at > 20) <= 22


async def test_agent_assist_listens_for_a_quarter_of_an_hour(tmp_path: Path) -> None:
    played = await play(EXAMPLES / "agent-assist", tmp_path, length=60 * SECOND)
    assert played.acts == [
        (2, "stubborn", "agent-assist/listen", "stream, transcribe"),
        (8, "router", "agent-assist/listen", "stream, transcribe"),
        (10, "agent-2", "agent-assist/hint", "message"),
        (20, "stubborn", "agent-assist/enough", "stream, transcribe, log"),
    ]
    begun = [
        "streams: started assist: wss://assist.example.com/calls, both_tracks",
        "transcribes: started assist: en-US, both_tracks",
    ]
    assert played.beside == {
        "router": begun,
        "stubborn": [*begun, "streams: stopped assist", "transcribes: stopped assist"],
        "agent-2": ['message: {"type":"hint","text":"Offer to call back.","minutes":"12"}'],
    }
    assert set(played.statuses.values()) == {"in-progress"}


# ---- the folders as people find them ---------------------------------------------------------


def test_there_is_a_test_for_every_folder() -> None:
    assert JOBS == [
        "after-hours",
        "agent-assist",
        "answering-machines",
        "card-numbers",
        "incident-broadcast",
        "runaway-calls",
        "toll-fraud",
        "vip",
    ]


def test_all_examples_load_together_without_a_warning() -> None:
    loaded = load([EXAMPLES])
    assert loaded.problems == ()
    assert loaded.flow_set is not None
    assert len(loaded.flow_set.flows) == len(FLOWS)


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.name)
def test_editors_find_the_schema_and_agree(path: Path) -> None:
    text = path.read_text()
    assert text.startswith(MODELINE)
    document = parse(str(path), text.encode()).document
    assert document is not None
    assert check(document, "flow") == []


@pytest.mark.parametrize("job", JOBS)
def test_a_readme_names_every_call_and_gives_one_command(job: str) -> None:
    text = (EXAMPLES / job / "README.md").read_text()
    assert [command[:3] for command in commands(text)] == [["callflow", "demo", f"examples/{job}"]]
    (path,) = (EXAMPLES / job).glob("*.scenario.yaml")
    scenario, _ = read_scenario(str(path), path.read_bytes())
    assert [plan.id for plan in scenario.plans if f"`{plan.id}`" not in text] == []
    index = (EXAMPLES / "README.md").read_text()
    assert f"`{shlex.join(commands(text)[0])}`" in index


def test_the_index_links_to_folders_that_are_there() -> None:
    index = (EXAMPLES / "README.md").read_text()
    links = re.findall(r"\]\(([^)]+)/\)", index)
    assert sorted(links) == sorted([*JOBS, "tour"])


# ---- callflow demo FOLDER --------------------------------------------------------------------


def commands(readme: str) -> list[list[str]]:
    """The commands of its ```sh blocks."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", readme, re.MULTILINE | re.DOTALL)
    return [shlex.split(line) for block in blocks for line in block.splitlines()]


async def callflow(*arguments: str) -> tuple[int | None, str, str]:
    """A real process in the checkout's root."""
    done = await processed(*arguments, cwd=ROOT)
    return done.code, done.out, done.err


async def test_the_command_of_every_readme_works() -> None:
    """All at once; toll-fraud goes on for long enough to see it at work."""
    lengths = {job: "3" if job == "toll-fraud" else "1" for job in JOBS}
    found = {job: commands((EXAMPLES / job / "README.md").read_text())[0] for job in JOBS}
    done = await asyncio.gather(
        *[callflow(*found[job][1:], "--seconds", seconds) for job, seconds in lengths.items()]
    )
    assert [(code, errors) for code, _, errors in done] == [(0, "")] * len(JOBS)
    output = done[JOBS.index("toll-fraud")][1]
    assert "one second here is 6 seconds there" in output
    assert re.search(
        r"^00:\d\d  stolen-key   <- premium-numbers/end: hangup ", output, re.MULTILINE
    )
    assert re.search(r"^  stolen-key   completed    heard: nothing$", output, re.MULTILINE)
    assert re.search(r"^  london       in-progress  heard: nothing$", output, re.MULTILINE)


def test_demo_plays_faster_and_from_the_scenarios_start(capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(EXAMPLES / "after-hours")
    assert run(["demo", folder, "--speed", "80", "--seconds", "1"]) == 0
    output = capsys.readouterr().out
    assert "one second here is 80 seconds there" in output
    assert re.search(r"^\d\d:\d\d  early-bird   says: We open at nine", output, re.MULTILINE)


def test_demo_shows_who_is_told_beside_the_call(capsys: pytest.CaptureFixture[str]) -> None:
    for job in ("runaway-calls", "incident-broadcast", "agent-assist"):
        assert run(["demo", str(EXAMPLES / job), "--speed", "80", "--seconds", "1"]) == 0
    output = capsys.readouterr().out
    hook = "https://desk.example.com/hooks/calls"
    for line in (
        r"support       <- call-caps/inbound-soon: limit, notify, log   \(direction inbound; .*\)",
        rf'callflow      posts to {hook}: {{"call":"CA\w{{32}}","caller":"\+13125550115",.*}}',
        rf"in-conference says: {re.escape(NEWS)}",
        r"router       streams: started assist: wss://assist\.example\.com/calls, both_tracks",
        r'agent-2      message: {"type":"hint",.*}',
    ):
        assert re.search(rf"^\d\d:\d\d  {line}$", output, re.MULTILINE), line


FLOW = 'version: 1\nflow: f\nrules:\n  - id: r\n    match: {from: "+14155550100"}\n    then: %s\n'


@pytest.mark.parametrize(
    ("files", "code", "said"),
    [
        ({"f.yaml": FLOW % "[hangup]"}, 2, "error: there is no scenario in {folder}\n  name a"),
        ({}, 2, "error: there is no scenario in {folder}\n"),
        (
            {"a.scenario.yaml": "", "b.scenario.yaml": "", "f.yaml": FLOW % "[hangup]"},
            2,
            "error: {folder} has several scenarios: a.scenario.yaml, b.scenario.yaml\n",
        ),
        (
            {"a.scenario.yaml": "calls: []\n", "f.yaml": FLOW % "[hangupp]"},
            1,
            "  6 |     then: [hangupp]\n    |            ^~~~~~~\n",
        ),
        (
            {"a.scenario.yaml": "calls:\n  - {form: x}\n", "f.yaml": FLOW % "[hangup]"},
            1,
            "  2 |   - {form: x}\n    |      ^~~~\nerror: {folder} can't be played\n",
        ),
        ({"a.scenario.yaml": "calls: []\n"}, 1, "there is no flow file in this folder"),
    ],
)
def test_demo_says_what_is_missing_or_wrong(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    files: dict[str, str],
    code: int,
    said: str,
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert run(["demo", str(tmp_path)]) == code
    output = capsys.readouterr()
    assert said.replace("{folder}", str(tmp_path)) in output.err
    assert output.out == ""


def test_demo_refuses_a_folder_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["demo", "no/such/folder"]) == 2
    assert "'no/such/folder' does not exist" in capsys.readouterr().err
