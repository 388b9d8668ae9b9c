// What was held back, by reason, and the feed of what was done.

import { $, h, keyed, mark, retag, say, show } from "./dom.js";
import { clock, count, counted, outcome, ranked, reason } from "./words.js";

const ROWS = 12; // of one reason
const CALLS = 6; // of one row

/** Shows a held document; `why(sid, opener)` opens a call. */
export function drawHeld(document, why) {
  const groups = ranked(document.reasons).map(([name, many]) => {
    const held = document.held.filter((each) => each.reason === name);
    return { name, many, seen: held.length, rows: alike(held) };
  });
  say($("held-count"), count(document.total));
  keyed($("held-groups"), groups, { key: (each) => each.name, make: group, patch: (node, each) => patchGroup(node, each, why) });
  say($("held-empty"), "Nothing is held back.");
  show($("held-empty"), !document.total);
}

/** Calls of one rule that are held back in the same words: the words are shown once. */
function alike(held) {
  const rows = new Map();
  for (const each of held) {
    const key = `${each.rule} ${each.account} ${each.detail}`;
    if (!rows.has(key)) rows.set(key, { ...each, key, calls: [] });
    rows.get(key).calls.push(each.call);
  }
  return [...rows.values()].slice(0, ROWS);
}

function group({ name }) {
  const [shape, tone, word, sentence] = reason(name);
  const grave = tone !== "quiet";
  return h("details", { class: "group", open: grave, data: { tone } },
    h("summary", {}, mark(shape, tone), h("b", {}, word), h("span", { class: "many" }), h("span", { class: "sentence" }, sentence)),
    h("ul", {}), h("p", { class: "rest" }));
}

function patchGroup(node, { many, seen, rows }, why) {
  say(node.querySelector(".many"), count(many));
  keyed(node.querySelector("ul"), rows, {
    key: (each) => each.key,
    make: () => h("li", {}, h("p", {}, h("b", { class: "rule" }), " ", h("small", {})), h("p", { class: "sids" }), h("p", { class: "detail" })),
    patch: (row, each) => patchRow(row, each, why),
  });
  const rest = node.querySelector(".rest");
  show(rest, many > seen);
  say(rest, `and ${counted(many - seen, "more call", "more calls")}: tick “held” beside the live calls`);
}

function patchRow(row, { rule, alias, detail, calls }, why) {
  say(row.querySelector(".rule"), rule, 120);
  say(row.querySelector("small"), [counted(calls.length, "call"), alias].filter(Boolean).join(", "), 80);
  say(row.querySelector(".detail"), detail, 400);
  keyed(row.querySelector(".sids"), calls.slice(0, CALLS), {
    key: (sid) => sid,
    make: (sid) => h("button", { type: "button", class: "opener", title: sid, "aria-label": `Why: call ${sid}`, onclick: (event) => why(sid, event.currentTarget) }, short(sid)),
    patch: () => {},
  });
}

/** The end of a SID tells calls apart; the whole of it is in the title. */
function short(sid) {
  return sid.length > 12 ? `${sid.slice(0, 2)}…${sid.slice(-6)}` : sid;
}

/** Shows an acts document. */
export function drawActs(document, why) {
  const rows = $("acts-rows");
  const seen = new Map();
  const acts = document.acts.map((each) => {
    const base = `${each.at} ${each.call} ${each.flow} ${each.rule} ${each.part} ${each.outcome}`;
    seen.set(base, (seen.get(base) ?? 0) + 1);
    return { ...each, key: `${base} ${seen.get(base)}` };
  });
  keyed(rows, acts, { key: (each) => each.key, make: (each) => act(each, why), patch: () => {} });
  show($("acts-empty"), !acts.length);
  say($("acts-empty"), "Nothing was done since the start.");
}

function act(each, why) {
  const slot = h("span", { class: "what" });
  retag(slot, ...outcome(each.outcome));
  const button = h("button", { type: "button", class: "opener", title: each.call, "aria-label": `Why: call ${each.call}`, onclick: (event) => why(each.call, event.currentTarget) }, short(each.call));
  const part = each.part && each.then.length > 1 ? each.part : each.then.join(", ");
  return h("li", {}, h("time", { datetime: each.at }, clock(each.at)), slot,
    h("span", { class: "rule" }, `${each.flow}/${each.rule}`), h("span", { class: "then" }, part), button,
    each.detail ? h("small", {}, each.detail) : null);
}
