"""Documents on a call: loaded from text or URL, followed verb by verb, replaced, given up."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from runner.model import Millis
from runner.sandbox import trace
from runner.sandbox.fetches import Fetch, absolute, on_loopback
from runner.sandbox.legs import Leg, Source
from runner.sandbox.rows import API_VERSION
from runner.sandbox.twiml import BadTwiml, Element, parse

if TYPE_CHECKING:
    from runner.sandbox.world import World

#: What fetching a document costs, so that a document which redirects to itself takes time too.
FETCH: Millis = 100
APOLOGY = "We are sorry, an application error has occurred. Goodbye."


def hold(leg: Leg, what: str) -> None:
    """Stays with the present verb until somebody ends it."""
    leg.doing = what


def load(world: World, leg: Leg, source: Source) -> None:
    """Lets a leg follow a new document from the start."""
    leg.document += 1
    leg.verbs = ()
    leg.doing = ""
    if source.twiml is not None:
        trace.brought(leg)
        follow(world, leg, source.twiml)
    else:
        fetch(world, leg, source)


def follow(world: World, leg: Leg, text: str) -> None:
    """Starts on a document's text; one that can't be read ends the call after an apology."""
    try:
        leg.verbs = parse(text)
    except BadTwiml as bad:
        give_up(world, leg, code=bad.code, reason=str(bad))
        return
    proceed(world, leg)


def proceed(world: World, leg: Leg) -> None:
    """Plays the next verb; a document without one is over, and so is the call."""
    leg.doing = ""
    if not leg.verbs:
        world.end(leg, "completed")
        return
    verb, leg.verbs = leg.verbs[0], leg.verbs[1:]
    if leg.row.status == "ringing" and not _silent(verb):
        world.answer(leg)
    if verb.name in world.verbs:
        world.verbs[verb.name](world, leg, verb)
    else:
        world.note(leg, "fault", f"12200 <{verb.name}> is no verb")
        wait(world, leg, 0)


def _silent(verb: Element) -> bool:
    """True for what can be done to a call without answering it."""
    bridging = verb.name == "Dial" and verb.attributes.get("answerOnBridge") == "true"
    return bridging or verb.name in ("Redirect", "Reject")


def wait(world: World, leg: Leg, millis: Millis, *, doing: str = "") -> None:
    """Goes on with the next verb after so long. Always by the timeline, so that nothing nests."""
    leg.doing = doing
    world.step(leg, millis, partial(proceed, world, leg))


def fetch(
    world: World,
    leg: Leg,
    source: Source,
    *,
    extra: dict[str, str] | None = None,
    plays: bool = True,
) -> None:
    """Asks for a document: of the scenario's, or over loopback; elsewhere nobody connects."""
    request = Fetch(
        sid=leg.row.sid,
        document=leg.document,
        url=absolute(leg.url, source.url),
        method=source.method,
        parameters=parameters(world, leg) | (extra or {}),
        plays=plays,
        fallback=Source(url=source.fallback_url, method=source.fallback_method)
        if source.fallback_url
        else None,
    )
    world.note(leg, "fetches", request.url)
    send(world, request)


def send(world: World, request: Fetch) -> None:
    """Lets somebody answer a request: the scenario, a server on this machine, or nobody."""
    if request.url in world.documents:
        deliver(world, request, world.documents[request.url])
    elif on_loopback(request.url):
        world.outbox.append(request)
    else:
        refuse(world, request, "the sandbox connects to this machine only")


def deliver(world: World, request: Fetch, text: str) -> None:
    """Brings a document to the leg that asked, unless it has moved on."""
    trace.came(world, request, text)
    if request.take is not None:
        world.timeline.after(FETCH, partial(request.take, text, ""))
        return
    leg = _asker(world, request)
    if leg is not None:
        leg.url = request.url
        world.step(leg, FETCH, partial(follow, world, leg, text))


def refuse(world: World, request: Fetch, reason: str) -> None:
    """Tells the leg that asked that there is no document."""
    trace.failed(world, request, reason)
    if request.take is not None:
        request.take(None, reason)
        return
    if world.has(request.sid):
        world.note(world.leg(request.sid), "fault", f"11200 {request.url}: {reason}")
    leg = _asker(world, request)
    if leg is None:
        return
    if request.fallback is not None:
        again = partial(fetch, world, leg, request.fallback)
        world.step(leg, FETCH, again)
    else:
        apologise(world, leg)


def give_up(world: World, leg: Leg, *, code: int, reason: str) -> None:
    """Writes a fault down and ends the call after an apology."""
    world.note(leg, "fault", f"{code} {reason}")
    apologise(world, leg)


def apologise(world: World, leg: Leg) -> None:
    """Says that something is wrong and hangs up."""
    leg.verbs = (Element("Say", text=APOLOGY),)
    wait(world, leg, 0)


def _asker(world: World, request: Fetch) -> Leg | None:
    if not request.plays or not world.has(request.sid):
        return None
    leg = world.leg(request.sid)
    return leg if leg.row.live and leg.document == request.document else None


def action_of(verb: Element) -> Source:
    """Where a verb's `action` sends the call; the running document's own URL without one."""
    return Source(
        url=verb.attributes.get("action", ""), method=verb.attributes.get("method", "POST")
    )


def go_on(world: World, leg: Leg, verb: Element, told: dict[str, str]) -> None:
    """Goes on after a verb that is over: with its action, which is told how it went, or the next.

    The verb is one of those that have no action unless they name it.
    """
    if verb.attributes.get("action"):
        fetch(world, leg, action_of(verb), extra=told)
    else:
        wait(world, leg, 0)


def tell(world: World, leg: Leg, verb: Element, told: dict[str, str]) -> None:
    """Tells the action of a verb that the call was taken out of. The answer is not played."""
    if verb.attributes.get("action"):
        fetch(world, leg, action_of(verb), extra=told, plays=False)


def parameters(world: World, leg: Leg) -> dict[str, str]:
    """What Twilio sends about a call with every request for a document."""
    return {
        "CallSid": leg.row.sid,
        "AccountSid": world.account_sid,
        "From": leg.row.from_,
        "To": leg.row.to,
        "CallStatus": leg.row.status,
        "Direction": leg.row.direction,
        "ApiVersion": API_VERSION,
    }
