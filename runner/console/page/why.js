// One call in one panel: what each rule makes of it, the deciding facts first.

import { get, Refused } from "./api.js";
import { $, fill, h, put, say, tag } from "./dom.js";
import { asked, operates } from "./state.js";
import { age, clock, count, counted, length, outcome, plain, reason } from "./words.js";

const TRUTHS = new Map([[true, ["tick", "good", "yes"]], [false, ["cross", "quiet", "no"]], [null, ["query", "held", "unknown"]]]);
const GROUPS = { all: "all of", any: "any of", not: "not" };
// Fate → its shape, its tone, what it says, and how early it is told. Others match and are held.
const FATES = {
  acts: ["disc", "good", "would act now", 0],
  shadow: ["dashes", "live", "fits, and only records it", 2],
  records: ["dashes", "live", "fits, and changes no call", 2],
  hold: ["half", "held", "does not fit for long enough yet", 3],
  once: ["ring", "quiet", "fits, and has acted already", 3],
  unlisted: ["ring", "quiet", "fits a call that no poll asks for", 4],
  taken: ["ring", "quiet", "an earlier rule decides", 5],
  "no-match": ["ring", "quiet", "does not fit", 6],
  disabled: ["ring", "quiet", "is switched off", 7],
  "flow-disabled": ["ring", "quiet", "is switched off", 7],
  "other-account": ["ring", "quiet", "is for another account", 7],
};
const SOURCES = { live: "as it is now", over: "the call is over", ledger: "from the ledger alone" };
const OPEN = 8; // rules of one sort that are shown at once
let asking = null;
let shownSid = "";
let cameFrom = null;
let onPause = () => {};

/** `pause(rule)` is asked for from the panel. */
export function prepare({ pause }) {
  onPause = pause;
  $("why-again").addEventListener("click", () => look(shownSid));
  $("why").addEventListener("close", () => {
    asking?.abort();
    if (cameFrom?.isConnected) cameFrom.focus({ preventScroll: true });
  });
}

/** Opens the panel for a call; `opener` gets the focus back. */
export function open(sid, opener = null) {
  shownSid = sid;
  cameFrom = opener;
  say($("why-title"), "Why");
  fill($("why-body"), h("p", { class: "empty", role: "status" }, "Looking…"));
  if (!$("why").open) $("why").showModal();
  look(sid);
}

export function refresh() {
  if ($("why").open) look(shownSid);
}

async function look(sid) {
  asking?.abort();
  const mine = (asking = new AbortController());
  $("why-body").setAttribute("aria-busy", "true");
  try {
    const document = await get(`why/${encodeURIComponent(sid)}`, asked(), { signal: mine.signal });
    if (asking === mine) draw(document);
  } catch (error) {
    if (asking !== mine || !(error instanceof Refused)) return;
    fill($("why-body"), h("div", { class: "fault", role: "alert" }, h("p", {}, error.message), error.hint ? h("p", {}, error.hint) : null));
  } finally {
    if (asking === mine) $("why-body").removeAttribute("aria-busy");
  }
}

function draw(document) {
  const rules = [...document.rules].sort((a, b) => rank(a) - rank(b));
  const telling = rules.filter((each) => rank(each) <= 4);
  const others = rules.filter((each) => rank(each) > 4);
  fill($("why-body"), head(document), summary(document, telling),
    ...telling.slice(0, OPEN).map((each) => rule(each, true)), ...more(telling.slice(OPEN)),
    ...(others.length && telling.length ? [h("h3", {}, "Rules that leave it alone")] : []),
    ...others.slice(0, OPEN).map((each) => rule(each, false)), ...more(others.slice(OPEN)),
    ledger(document.ledger));
}

function rank({ fate }) {
  return FATES[fate] ? FATES[fate][3] : 1;
}

function head(document) {
  const facts = [document.status, document.direction, document.age_ms == null ? "" : `age ${age(document.age_ms)}`].filter(Boolean).join(", ");
  return h("div", { class: "who" },
    "status" in document ? h("p", { class: "ends" }, h("b", {}, document.from || "withheld"), " → ", h("b", {}, document.to || "–")) : null,
    facts ? h("p", {}, facts) : null,
    h("p", { class: "sid" }, h("code", {}, document.call)),
    document.parent_call_sid ? h("p", {}, "a leg that ", h("code", {}, document.parent_call_sid), " dialled") : null,
    h("p", { class: "asof" }, `${SOURCES[document.source] ?? document.source}, ${clock(document.at)}`),
    ...document.notes.map((note) => h("p", { class: "remark" }, plain(note, 600))));
}

/** The answer, before its reasons. */
function summary({ would_act: acting, ledger: entries, rules }, telling) {
  const last = entries.at(-1);
  const done = last?.outcome ? h("li", {}, tag(...outcome(last.outcome)), ` ${last.rule}: ${last.then.join(", ")}, ${clock(last.time)}`) : null;
  const held = telling.filter((each) => rank(each) === 1);
  const lines = [
    done,
    ...acting.slice(0, OPEN).map((name) => h("li", {}, tag("disc", "good", "would act now"), ` ${name}`)),
    ...held.slice(0, OPEN).map((each) => h("li", {}, tag(reason(each.fate)[0], reason(each.fate)[1], reason(each.fate)[2]), ` ${each.flow}/${each.rule}: ${each.detail}`)),
  ].filter(Boolean);
  const none = rules.length ? `No rule fits this call; ${counted(rules.length, "rule")} looked at it.` : "";
  return lines.length ? h("ul", { class: "answer" }, ...lines) : none ? h("p", { class: "answer" }, none) : null;
}

function more(rest) {
  if (!rest.length) return [];
  const place = h("div", {});
  const button = h("button", { type: "button", class: "plain", onclick: () => {
    const now = rest.splice(0, 50);
    put(place, now.map((each) => rule(each, false)));
    say(button, `${counted(rest.length, "more rule")}…`);
    button.hidden = !rest.length;
  } }, `${counted(rest.length, "more rule")}…`);
  return [place, button];
}

// ---- one rule -------------------------------------------------------------------------------

function rule(each, open) {
  const [shape, tone, words] = FATES[each.fate] ?? [...reason(each.fate).slice(0, 2), `fits, held back: ${reason(each.fate)[2]}`];
  const body = h("div", { class: "inside" });
  const details = h("details", { class: "rule-card", data: { tone } },
    h("summary", {}, h("b", {}, `${each.flow}/${each.rule}`), tag(shape, tone, words), h("code", { class: "place" }, each.position)), body);
  const inside = () => body.children.length || put(body, [conditions(each), facts(each), sent(each), brake(each)]);
  details.addEventListener("toggle", () => details.open && inside());
  if (open) inside();
  details.open = open;
  return details;
}

function conditions({ match }) {
  const items = match.group === "all" ? match.items : [match];
  return h("ul", { class: "conditions", "aria-label": "Conditions" }, ...items.map(condition));
}

function condition(node) {
  const [shape, tone, word] = TRUTHS.get(node.truth);
  const truth = h("span", { class: "truth" }, tag(shape, tone, word));
  if (node.items) return h("li", { data: { tone } }, truth, h("span", {}, `${GROUPS[node.group]}:`), h("ul", {}, ...node.items.map(condition)));
  const beside = node.missing || `it is ${node.shown || "empty"}`;
  return h("li", { data: { tone } }, truth, h("code", { class: "words", title: node.position }, node.words),
    h("span", { class: "seen" }, plain(beside, 400), node.implicit ? h("small", {}, " (implied)") : null));
}

function facts(each) {
  const rows = [
    each.fate === "no-match" ? ["to fit", each.needs ? each.needs.join(" and ") : "no call can meet these conditions"] : null,
    each.fate === "acts" || each.fate === "no-match" || !each.detail ? null : ["because", each.detail],
    each.behind && each.fate === "no-match" ? ["even then", `${each.behind} stands above it and decides for the flow`] : null,
    each.hold ? ["for", `held ${length(each.hold.held_ms)} of ${length(each.hold.wanted_ms)}`, meter(Math.min(each.hold.held_ms, each.hold.wanted_ms), each.hold.wanted_ms)] : null,
    each.mode.name === "enforce" ? null : ["mode", `${each.mode.name}; this call is ${each.mode.in_cohort ? "in" : "outside"} it`],
    ["once", once(each.once)],
    ...each.guards.map((use) => ["guard", guard(use), use.allowed == null ? null : meter(use.used, use.allowed)]),
    each.pause && !["paused", "tripped"].includes(each.fate) ? ["pause", each.pause.text] : null,
    each.protected ? ["protection", each.protected] : null,
  ].filter(Boolean);
  return h("dl", { class: "facts" }, ...rows.flatMap(([name, text, extra]) => [h("dt", {}, name), h("dd", {}, plain(text, 600), extra ? " " : null, extra)]));
}

function meter(used, allowed) {
  const part = allowed ? Math.min(1, used / allowed) : 1;
  const full = used > allowed ? "meter over" : "meter";
  const bar = h("span", { class: full, "aria-hidden": "true" }, h("i", {}));
  bar.firstChild.style.setProperty("inline-size", `${Math.round(part * 100)}%`);
  return bar;
}

function once(turn) {
  const whose = turn.value ? ` (for ${turn.value})` : "";
  if (!turn.may_act) return turn.reason;
  if (turn.number === 0) return `not recorded for this call yet${whose}`;
  return turn.number === 1 ? `has not acted on this call yet${whose}` : `may act on this call for time number ${turn.number}${whose}`;
}

function guard(use) {
  const whose = use.together ? "all flows together, " : "";
  const from = use.from === "default" ? "by default" : `by the ${use.from}`;
  if (use.allowed == null) return `${whose}${use.guard} unlimited, ${from}`;
  const what = use.guard === "rate" ? `ended in the last ${length(use.per_ms)}` : "changed in this poll";
  return `${whose}${use.guard}: ${count(use.used)} of ${count(use.allowed)} ${what}, ${from}`;
}

function sent(each) {
  const words = each.fate === "acts" ? "is sent" : "would be sent";
  const parts = each.parts.map((part) => h("li", {}, h("b", {}, part.then.join(", ")), part.fault || part.skipped ? ` ${part.fault ? "fails" : "is skipped"}: ${part.fault || part.skipped}` : request(part)));
  const rest = each.continued ? h("p", { class: "remark" }, "An earlier poll began this act; these are the parts that it lacks.") : null;
  const effects = each.effects.map((effect) => h("li", {}, effect.text));
  return h("div", { class: "sent" }, parts.length ? h("h4", {}, `What ${words}`) : null, rest, parts.length ? h("ul", {}, ...parts) : null,
    effects.length ? h("h4", {}, "What comes of it") : null, effects.length ? h("ul", {}, ...effects) : null);
}

function request({ route, target, request: fields }) {
  const where = route ? { web: `POST to ${target}`, conference: "to its conference", history: "a line in the history" }[route] ?? `POST ${target}` : "";
  const lines = Object.entries(fields).map(([name, value]) => `${name}=${plain(value, 2000)}`);
  return [where ? ` ${where}` : null, lines.length ? h("pre", { tabindex: "0" }, plain(lines.join("\n"), 4000)) : null];
}

function brake(each) {
  if (!operates() || each.pause) return null;
  return h("button", { type: "button", class: "plain", onclick: () => onPause({ flow: each.flow, rule: each.rule, position: each.position }) }, `Pause ${each.flow}/${each.rule}…`);
}

// ---- the ledger -----------------------------------------------------------------------------

function ledger(entries) {
  const rows = [...entries].reverse().map((each) => h("li", {},
    h("time", { datetime: each.time }, clock(each.time)), h("span", {}, tag(...outcome(each.outcome))),
    h("b", {}, each.rule), h("span", { class: "then" }, each.then.join(", ")),
    h("p", {}, `why: ${plain(each.why, 600)}`), each.detail ? h("p", {}, plain(each.detail, 600)) : null,
    h("div", { class: "sent" }, request(each))));
  return h("section", { class: "ledger" }, h("h3", {}, "The ledger on this call"), rows.length ? h("ol", {}, ...rows) : h("p", {}, "Nothing was done to this call."));
}
