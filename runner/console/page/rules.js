// The rules: what each matches, does and is kept from, and its brake.

import { attribute, fill, h, mark, say, show } from "./dom.js";
import { List } from "./lists.js";
import { operates } from "./state.js";
import { count, outcome, scope, until } from "./words.js";

const COLUMNS = [["rule", "name"], ["fits now", "matches", "n"], ["acts", "acts", "n acts"], ["held", "held", "n"], ["trips", "trips", "n trips"], [" Brake", "", "brake"]];
const FILTERS = { "rules-q": "q", "rules-state": "state" };

/** `brake(rule)` is asked to pause it, `release(pause, rule)` to lift what stands. */
export function rules({ brake, release, after }) {
  const made = new WeakMap();
  const make = (rule) => {
    const row = h("tr", { role: "row" }, ...COLUMNS.map(([title, , kind], index) =>
      h("td", { role: "cell", class: index ? kind : "name", data: { title: title.trim() } })));
    const [name, , acts, , , act] = row.children;
    const parts = { key: h("strong"), mode: h("span", { class: "chip" }), then: h("span", { class: "then" }), standing: h("p", { class: "standing" }), shape: h("span"), standingText: h("span"), done: h("span"), bad: h("span", { class: "bad" }) };
    name.append(parts.key, " ", parts.mode, parts.then, parts.standing);
    parts.standing.append(parts.shape, parts.standingText);
    acts.append(parts.done, parts.bad);
    parts.button = h("button", { type: "button", class: "plain", onclick: () => made.get(row).act() });
    act.append(parts.button);
    made.set(row, { parts });
    return row;
  };
  const patch = (row, rule) => {
    const own = made.get(row);
    own.act = lifts(rule) ? () => release(rule.paused, rule) : () => brake(rule);
    draw(row, rule, own.parts);
  };
  return new List({ name: "rules", noun: "rule", columns: COLUMNS, filters: FILTERS, sort: "file", key: (rule) => `${rule.flow}/${rule.rule}`, make, patch, after });
}

/** Whether its button lifts a pause: the kill switch has a button of its own. */
function lifts(rule) {
  return Boolean(rule.paused && (rule.paused.flow || rule.paused.account));
}

function draw(row, rule, parts) {
  const [, matches, acts, held, trips] = row.children;
  const key = `${rule.flow}/${rule.rule}`;
  say(parts.key, key, 200);
  attribute(parts.key, "title", [rule.description, rule.position].filter(Boolean).join(" — "));
  const mode = rule.enabled ? { enforce: "", canary: `canary ${percent(rule)}` }[rule.mode] ?? rule.mode : "switched off";
  say(parts.mode, mode);
  show(parts.mode, Boolean(mode));
  say(parts.then, rule.then.join(", "), 120);
  standing(rule.paused, parts, row);
  number(matches, rule.matches);
  number(held, rule.held);
  number(trips, rule.trips);
  attribute(trips, "data-tone", rule.trips ? "held" : null);
  outcomes(acts, rule.acts, parts);
  say(parts.button, lifts(rule) ? "Resume…" : "Pause…");
  attribute(parts.button, "aria-label", `${lifts(rule) ? "Resume" : "Pause"} ${key}…`);
  parts.button.hidden = !operates();
}

function percent({ share }) {
  return share == null ? "" : `${Math.round(share * 1000) / 10} %`;
}

function number(cell, value) {
  say(cell, count(value));
  attribute(cell, "data-none", !value);
}

function standing(pause, parts, row) {
  show(parts.standing, Boolean(pause));
  attribute(row, "data-paused", Boolean(pause));
  if (!pause) return;
  const broad = scope(pause) === "everything" ? "stopped with everything" : null;
  const what = pause.tripped ? "tripped" : pause.rule ? "paused" : `${scope(pause)} is paused`;
  const by = pause.by && !pause.tripped ? ` by ${pause.by}` : "";
  const end = pause.tripped ? "" : `, ${until(pause)}`;
  if (parts.shape.dataset.now !== what) fill(parts.shape, mark(pause.tripped ? "warning" : "bars", "held"), " ").dataset.now = what;
  say(parts.standingText, broad ?? `${what}${by}${end}: ${pause.reason}`);
}

function outcomes(cell, acts, parts) {
  const bad = (acts.failed ?? 0) + (acts.unknown ?? 0);
  const total = Object.values(acts).reduce((sum, each) => sum + each, 0);
  say(parts.done, count(total - bad));
  say(parts.bad, bad ? ` ${count(bad)} bad` : "");
  attribute(cell, "data-none", !total);
  const words = Object.entries(acts).map(([name, many]) => `${count(many)} ${outcome(name)[2]}`).join(", ");
  attribute(cell, "title", words || null);
}
