"""Promises of the console's page: what it shows, how it is used by keyboard, and what it bears."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.console.browser import barriers
from tests.console.paging import FLOW, Paging, Watched, open_console, see, text_of
from tests.site import MINUTE, SECOND

if TYPE_CHECKING:
    from playwright.async_api import Page

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def console(tmp_path: Path) -> AsyncIterator[Paging]:
    async with open_console(tmp_path) as opened, opened.serving():
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def watched(page: Page, console: Paging) -> AsyncIterator[Watched]:
    """Whatever happens on the page, it complains about nothing and asks nobody else."""
    watching = Watched(page)
    yield watching
    watching.is_content(console.url)


async def test_the_first_screen_says_what_is_live_and_one_click_says_why(
    watched: Watched, console: Paging
) -> None:
    page, here = watched.page, console.here
    await page.set_viewport_size({"width": 1280, "height": 800})
    row = here.site.sandbox.add_call(from_="+13125550115", to="+14155550102", direction="inbound")
    here.site.sandbox.add_call(from_="+13125550116", to="+14155550109", direction="inbound")
    await console.poll(after=65 * SECOND)
    await page.goto(console.url)
    await see(page, "#tile-calls", "live calls 2 in 1 account")
    await see(page, "#tile-matched", "1")
    await see(page, "#tile-poll", "1 s")
    await see(page, "#role", "leading")
    await see(page, "#rules-rows tr", "ends/talk shadow")
    await see(page, "#calls-rows tr", "+1312***0115 shop +1415***0102")
    assert (await text_of(page, "#calls-rows tr:nth-child(1) .age")).startswith("1:0")
    await see(page, "#calls-rows tr", "ends/talk recorded only")
    assert "0115" in await page.inner_text("#calls-rows")
    await see(page, "#acts-rows li", "recorded only ends/talk say, hangup")
    await page.wait_for_selector("#chart svg .area")
    label = await page.get_attribute("#chart", "aria-label")
    assert label is not None
    assert label.startswith("Last hour: 2 live calls now, 2 at the most")
    await page.focus("#chart")
    await page.keyboard.press("ArrowLeft")
    await see(page, "#readout", "2 live, 0 done, 0 failed")
    await page.click(".as-table summary")
    await see(page, "#hour-rows tr:last-child", "2 0 0")
    await page.click(".as-table summary")
    for part in ("#figures", "#chart", "#rules-rows tr", "#calls-rows tr"):
        box = await page.locator(part).first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 800, part
    await page.click(f'#calls-rows tr[data-key="{row.sid}"]')
    await see(page, "#why .answer", "recorded only ends/talk: say, hangup")
    await see(page, "#why .conditions li", "yes to eq +1415***0102 it is +1415***0102")
    await see(page, "#why .rule-card summary", "ends/cut does not fit")
    await see(page, "#why .ledger li", "ends/talk say, hangup")
    await page.keyboard.press("Escape")
    await page.wait_for_function("() => document.activeElement.className === 'opener'")


async def test_numbers_are_masked_until_an_operator_asks_which_is_recorded(
    watched: Watched, console: Paging
) -> None:
    page, here = watched.page, console.here
    row = here.site.sandbox.add_call(
        from_="+13125550115", to="+14155550109", caller_name="Zoe Ramirez"
    )
    await console.poll()
    await page.goto(console.url)
    await see(page, "#calls-rows", "+1312***0115")
    assert "Ramirez" not in await page.content()
    assert here.site.told("numbers.shown") == []
    await page.get_by_role("switch", name="Show numbers (recorded)").click()
    await see(page, "#calls-rows", "+13125550115 Zoe Ramirez")
    await see(page, "#said", "is recorded")
    assert len(here.site.told("numbers.shown")) == 1
    await page.click("#calls-rows tr")
    await see(page, "#why .ends", "+13125550115 → +14155550109")
    await page.keyboard.press("Escape")
    await page.fill("#calls-q", row.sid[-8:])
    await see(page, "#calls-count", "1")
    await page.fill("#calls-q", "nobody")
    await see(page, "#calls-empty", "No call is like that; there is 1 call.")


async def test_a_pause_and_the_kill_switch_by_keyboard_alone(
    watched: Watched, console: Paging
) -> None:
    page, here = watched.page, console.here
    await page.goto(console.url)
    await see(page, "#rules-rows", "ends/cut")
    assert await page.locator("#stop").is_hidden()
    await page.focus("#rules-q")
    for _ in range(9):  # past the headers, to the brake of the first rule
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.closest('#rules-rows') !== null"):
            break
    await page.keyboard.press("Enter")
    await see(page, "#pause-means", "This stops the rule ends/cut in every account")
    await page.keyboard.press("Enter")
    await see(page, "#pause .fault", "A reason is missing.")
    await page.keyboard.type("cuts off agents")
    await page.keyboard.press("Tab")
    await page.keyboard.press("ArrowRight")  # from an hour to four
    await page.keyboard.press("Enter")
    await see(page, "#said", "Paused: rule ends/cut, until ")
    await see(page, "#rules-rows tr[data-paused]", "cuts off agents")
    (pause,) = here.board.pauses()
    assert (pause.scope, pause.reason) == ("rule ends/cut", "cuts off agents")
    assert pause.until == here.site.time.now() + 4 * 60 * MINUTE

    await page.keyboard.press("Alt+Shift+K")
    await see(page, "#stop-means", "Nothing is sent to any call from that moment")
    await page.keyboard.press("Enter")
    await see(page, "#stop .fault", "A reason is missing.")
    await page.keyboard.press("Escape")
    assert here.crew.kill.standing(here.site.time.now()) is None
    await page.keyboard.press("Alt+Shift+K")
    await page.keyboard.type("who wrote this?")
    await page.keyboard.press("Enter")
    await see(page, "#killed-head", "Everything is stopped: nothing is sent to any call")
    await see(page, "#killed-why", "until somebody resumes it: who wrote this?")
    assert await page.title() == "STOPPED · 0 live calls · callflow"
    here.site.sandbox.add_call(to="+14155550101")
    await console.poll()
    assert here.site.updates() == []
    await page.focus("#lift")
    await page.keyboard.press("Enter")
    await see(page, "#resume-means", "This lifts the kill switch")
    await page.focus("#resume .go")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#killed", state="hidden")
    await console.poll()
    assert here.site.updates() == []  # the rule rests still
    await page.click("#rules-rows [aria-label='Resume ends/cut…']")
    await page.click("#resume .go")
    await page.wait_for_selector("#rules-rows tr[data-paused]", state="detached")
    await console.poll()
    assert here.site.updates() == [{"Status": "completed"}]


async def test_no_row_moves_under_the_pointer(watched: Watched, console: Paging) -> None:
    page, here = watched.page, console.here
    await page.set_viewport_size({"width": 1280, "height": 800})
    first = here.site.sandbox.add_call(to="+14155550101")
    here.site.sandbox.add_call(to="+14155550109")
    await console.poll()
    await page.goto(console.url)
    await see(page, "#calls-count", "2")
    order = await rows(page)
    await page.evaluate(
        "setInterval(() => document.querySelector('#calls-rows').dispatchEvent("
        "new PointerEvent('pointermove')), 100)"
    )
    await console.poll(after=2 * SECOND)
    await page.wait_for_selector(f'#calls-rows tr.over[data-key="{first.sid}"]')
    await see(page, "#calls-count", "1")
    assert await rows(page) == order
    await page.fill("#calls-q", "0109")  # who asks for something else wants to see it
    await page.wait_for_selector("#calls-rows tr.over", state="detached")
    assert len(await rows(page)) == 1


async def rows(page: Page) -> list[str]:
    """The calls on view, in their order."""
    found: list[str] = await page.eval_on_selector_all(
        "#calls-rows tr", "rows => rows.map(row => row.dataset.key)"
    )
    return found


@pytest.mark.parametrize(("scheme", "wide"), [("light", 1280), ("dark", 390)])
async def test_axe_finds_nothing_on_the_page_nor_in_its_dialogs(
    watched: Watched, console: Paging, scheme: str, wide: int
) -> None:
    page, here = watched.page, console.here
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    await page.set_viewport_size({"width": wide, "height": 800})
    for to in ("+14155550101", "+14155550102", "+14155550109"):
        here.site.sandbox.add_call(to=to)
    await console.poll()
    await page.goto(console.url)
    await see(page, "#rules-rows", "ends/cut")
    await page.click("#rules-rows .plain")
    assert await barriers(page) == []
    await page.fill("#pause-reason", "a reason")
    await page.click("#pause .go")
    await see(page, "#rules-rows tr[data-paused]", "a reason")
    await page.click("#calls-rows tr:has-text('ends/talk')")
    await see(page, "#why .conditions", "yes")
    assert await barriers(page) == []
    await page.keyboard.press("Escape")
    await page.click("#kill")
    assert await barriers(page) == []
    await page.fill("#stop-reason", "a reason")
    await page.click("#stop .go")
    await see(page, "#killed", "a reason")
    await page.click("#lift")
    assert await barriers(page) == []
    await page.keyboard.press("Escape")
    assert await barriers(page) == []
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert await page.evaluate(overflow) == 0
    if wide < 640:
        assert await page.evaluate(SMALL) == []


async def test_lists_are_sorted_on_a_phone_too(watched: Watched, console: Paging) -> None:
    page, here = watched.page, console.here
    await page.set_viewport_size({"width": 390, "height": 800})
    sids = [here.site.sandbox.add_call(to=f"+1415555010{last}").sid for last in (8, 7, 9)]
    await console.poll()
    await page.goto(console.url)
    await see(page, "#calls-rows", "0109")
    await page.select_option("#calls-sort", label="by to")
    eight, seven, nine = sids
    await page.wait_for_function(
        "sid => document.querySelector('#calls-rows tr').dataset.key === sid", arg=seven
    )
    assert await rows(page) == [seven, eight, nine]
    assert await page.input_value("#rules-sort") == "file"
    await page.set_viewport_size({"width": 1280, "height": 800})
    assert not await page.is_visible("#calls-sort")
    await page.click("#calls-head button:has-text('to')")
    assert await page.get_attribute("#calls-head [data-sort=to]", "aria-sort") == "descending"


#: What a thumb has to hit and can't, on a phone.
SMALL = """[...document.querySelectorAll("button, select, input[type=search], summary")]
    .filter(each => each.checkVisibility() && !each.closest("#calls-rows"))
    .filter(each => each.getBoundingClientRect().height < 44).map(each => each.outerHTML)"""

HOSTILE = "<script>window.cracked=1</script><img src=x onerror=window.cracked=1>"
TURNED = "\u202egnp.exe\u202c"


async def test_hostile_texts_are_shown_as_what_they_are(watched: Watched, console: Paging) -> None:
    page, here = watched.page, console.here
    long = "9" * 10_000
    here.site.sandbox.add_call(from_=f"sip:{HOSTILE}@evil.example", to=f"sip:{TURNED}@a.example")
    here.site.sandbox.add_call(from_=f"client:{long}", to="client:b", caller_name=HOSTILE)
    here.flows(FLOW.replace("One line", f'"{HOSTILE}{TURNED}"'))
    await console.poll()
    await page.goto(console.url)
    await page.check("#numbers")
    await see(page, "#calls-rows", HOSTILE)
    await see(page, "#calls-rows", "[U+202E]gnp.exe")
    await see(page, "#calls-rows", f"… ({10_000 + 7:,} characters)")
    await page.click("#calls-rows tr:has-text('sip:')")
    await see(page, "#why .ends", HOSTILE)
    await page.keyboard.press("Escape")
    await page.click("#rules-rows .plain")
    await page.fill("#pause-reason", HOSTILE)
    await page.click("#pause .go")
    await see(page, "#rules-rows .standing", HOSTILE)
    assert await page.evaluate("window.cracked") is None
    assert await page.locator("main script, main img").count() == 0
    assert TURNED not in await page.inner_text("body")


async def test_ten_thousand_calls_are_a_page_of_them_and_stay_in_place(
    watched: Watched, console: Paging
) -> None:
    page, here = watched.page, console.here
    for number in range(10_000):
        here.site.sandbox.add_call(from_=f"+1312555{number:04}", to="+14155550109")
    await console.poll()
    await page.goto(console.url)
    await see(page, "#calls-pager", "1 to 100 of 10,000")
    nodes = await page.evaluate("document.querySelectorAll('*').length")
    assert nodes < 3_000

    wire = await page.context.new_cdp_session(page)
    received: list[int] = []
    wire.on("Network.dataReceived", lambda event: received.append(event["dataLength"]))
    await wire.send("Network.enable")
    await page.evaluate("for (const each of document.querySelectorAll('tr')) each.mine = true")
    await console.poll(after=MINUTE)
    await see(page, "#calls-rows .age", "1:0")
    assert await page.evaluate("[...document.querySelectorAll('tr')].every(each => each.mine)")
    assert await page.evaluate("document.querySelectorAll('*').length") == nodes
    assert sum(received) < 80_000  # one status, and what is on view: of 10,000 calls a hundred

    for text, matching in (("***0042", "1 of 10,000"), ("***12", "100 of 10,000")):
        await page.fill("#calls-q", text)
        await see(page, "#calls-count", matching)
    await page.fill("#calls-q", "")
    await see(page, "#calls-pager", "1 to 100 of 10,000")
    await page.click("#calls-pager >> text=Next")
    await see(page, "#calls-pager", "101 to 200 of 10,000")
    await page.click("#calls-head >> text=from")
    await see(page, "#calls-rows tr:nth-child(1)", "+1312***0000")


async def test_a_broken_line_is_said_at_once_and_mended(watched: Watched, console: Paging) -> None:
    page, here = watched.page, console.here
    await page.goto("about:blank")
    other = here.site.folder / "other"
    other.mkdir()
    async with open_console(other) as second:
        async with second.serving():
            await page.goto(second.url)
            await second.poll()
            await see(page, "#accounts-rows", "1 s ago")
        await see(page, "#lost-head", "Not live: ")
        await see(page, "#lost-age", "What you see is as of ")
        assert await text_of(page, "#link-text") == "not live"
        assert await text_of(page, "#role") == "was leading"
        assert "ago" not in await page.inner_text("#accounts-rows")
        assert (await page.title()).startswith("NOT LIVE")
        assert await page.evaluate("document.body.classList.contains('stale')")
        second.here.site.sandbox.add_call(to="+14155550109")
        await second.poll()
        async with second.serving():
            await page.evaluate("document.querySelector('#retry').click()")  # or it has by itself
            await see(page, "#tile-calls", "live calls 1")
            await see(page, "#calls-rows", "+1415***0109")
            assert await page.locator("#lost").is_hidden()
        await page.goto(console.url)
    watched.asked = [each for each in watched.asked if each.startswith(console.url)]
    watched.heard.clear()  # the browser tells of refused connections itself
