// The live calls: who speaks with whom for how long, what was done, what is held back.

import { $, attribute, h, keyed, retag, say, show } from "./dom.js";
import { List } from "./lists.js";
import { asked, since } from "./state.js";
import { age, outcome, reason } from "./words.js";

const COLUMNS = [["age", "age", "n age"], ["from", "from"], ["to", "to"], ["status", "status", "status"], ["rule, and what came of it", "rule", "deed"]];
const FILTERS = { "calls-q": "q", "calls-status": "status", "calls-account": "account", "calls-held": "held" };

/** `why(sid)` is asked for by a row. */
export function calls({ why }) {
  const made = new WeakMap();
  const make = () => {
    const row = h("tr", { role: "row", class: "opens" }, ...COLUMNS.map(([, , kind]) => h("td", { role: "cell", class: kind || "end" })));
    const [, from, to, status, deed] = row.children;
    const parts = { button: h("button", { type: "button", class: "opener", tabindex: "-1" }), alias: h("small"), to: h("span"), status: h("span"), rule: h("span", { class: "rule" }), what: h("span") };
    from.append(parts.button, parts.alias);
    to.append(parts.to);
    status.append(parts.status);
    deed.append(parts.rule, " ", parts.what);
    row.addEventListener("click", () => why(made.get(row).call.sid, parts.button));
    made.set(row, { parts });
    return row;
  };
  const patch = (row, call) => {
    const own = made.get(row);
    own.call = call;
    draw(row, call, own.parts);
  };
  const list = new List({ name: "calls", noun: "call", columns: COLUMNS, filters: FILTERS, sort: "-age", key: (call) => call.sid, make, patch, after: rove, more: asked });
  list.tick = () => tick(list, made);
  $("calls-rows").addEventListener("keydown", (event) => walk(event));
  return list;
}

function draw(row, call, parts) {
  say(row.children[0], age(call.age_ms));
  const from = call.from || "withheld";
  say(parts.button, from, 60);
  attribute(parts.button, "aria-label", `Why: call from ${from} to ${call.to || "nobody"}`);
  attribute(parts.button, "title", call.sid);
  const below = [call.caller_name.replace(/^\*+$/, ""), call.alias, call.parent && "a leg"].filter(Boolean).join(", ");
  say(parts.alias, below, 80);
  say(parts.to, call.to || "–", 60);
  say(parts.status, call.status);
  attribute(parts.status, "data-status", call.status);
  deed(call, parts);
}

/** The last act, else what is held back, else the rules that fit. */
function deed(call, parts) {
  const held = call.held;
  const done = call.outcome ? outcome(call.outcome) : null;
  const rule = held?.rule || call.rule || call.rules[0] || "";
  say(parts.rule, rule, 120);
  if (held) {
    const [shape, tone, word] = reason(held.reason);
    retag(parts.what, shape, tone, `held: ${word}`);
    attribute(parts.what, "title", held.detail);
    return;
  }
  attribute(parts.what, "title", null);
  if (done) retag(parts.what, ...done);
  else retag(parts.what, "half", "live", rule ? "fits" : "");
}

/** Ages go on by themselves while what they count from is live. */
function tick(list, made) {
  if (!list.document) return;
  const gone = since(list.readAt);
  if (!gone) return;
  for (const row of $("calls-rows").children) {
    const call = made.get(row)?.call;
    if (call?.age_ms != null && !row.classList.contains("over")) say(row.children[0], age(call.age_ms + gone));
  }
}

// ---- by keyboard: one stop for the tab key, arrows from row to row ----------------------------

function rove() {
  const buttons = [...$("calls-rows").querySelectorAll(".opener")];
  if (!buttons.some((each) => each.tabIndex === 0) && buttons.length) buttons[0].tabIndex = 0;
}

function walk(event) {
  const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -1e9, End: 1e9 }[event.key];
  const here = document.activeElement?.closest?.("tr");
  if (!step || !here) return;
  event.preventDefault();
  const rows = [...here.parentNode.children];
  const next = rows[Math.max(0, Math.min(rows.length - 1, rows.indexOf(here) + step))];
  for (const each of here.parentNode.querySelectorAll('.opener[tabindex="0"]')) each.tabIndex = -1;
  const button = next.querySelector(".opener");
  button.tabIndex = 0;
  button.focus();
}

/** Which accounts there are to choose from. */
export function chooseAccounts(list) {
  show($("calls-account-box"), list.length > 1);
  const options = [{ account: "", alias: "every account" }, ...list];
  keyed($("calls-account"), options, {
    key: (each) => each.account,
    make: (each) => h("option", { value: each.account }),
    patch: (node, each) => say(node, each.alias || each.account, 60),
  });
}
