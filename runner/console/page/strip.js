// The first glance: figures, accounts, and the banners for whatever is wrong.

import { $, attribute, fill, h, keyed, mark, say, show } from "./dom.js";
import { operates, since, state, ticks } from "./state.js";
import { clock, count, counted, length, old, outcome, ranked, reason, until } from "./words.js";

const ROLES = {
  leading: ["good", "leading"],
  "dry-run": ["held", "dry run"],
  standby: ["quiet", "standby"],
  stalled: ["bad", "stalled"],
  starting: ["quiet", "starting"],
};
// What the tiles say, in their order: its name, its title, and whether it is the hour's.
const TILES = ["calls", "matched", "held", "done", "failed", "rules", "poll"];
let acted = 0; // whose rule has had its turn on them: nothing is in the way
const TITLES = { calls: "live calls", matched: "fit a rule", held: "held back", done: "done in the hour", failed: "failed or unknown", rules: "rules", poll: "last poll" };

/** Makes the tiles; their numbers come with the first status. */
export function prepare() {
  fill($("figures"), ...TILES.map((name) =>
    h("div", { class: "tile", id: `tile-${name}`, data: { tone: "quiet" } },
      h("dt", {}, TITLES[name]), h("dd", { class: "big" }, "–"), h("dd", { class: "small" }))));
}

function tile(name, big, small, tone = "quiet") {
  const node = $(`tile-${name}`);
  attribute(node, "data-tone", tone);
  say(node.querySelector(".big"), big);
  say(node.querySelector(".small"), small);
}

/** Shows a new status. */
export function draw(status) {
  const { calls, matched, held, spent, acts, rules, accounts } = status;
  const where = accounts.total === 1 ? "in 1 account" : `in ${count(accounts.total)} accounts`;
  if (status.role === "standby") tile("calls", "–", "seen by the runner that acts");
  else tile("calls", count(calls), accounts.late ? `${where}, ${count(accounts.late)} of them late` : where, accounts.late ? "bad" : "quiet");
  tile("matched", count(matched), calls ? `${Math.round((matched / calls) * 100)} % of them` : "");
  acted = spent;
  if (!held) drawHeld({ reasons: {} });
  const bad = (acts.failed ?? 0) + (acts.unknown ?? 0);
  tile("done", count(acts.done ?? 0), others(acts));
  tile("failed", count(bad), bad ? `${acts.failed ?? 0} failed, ${acts.unknown ?? 0} unknown` : "in the hour", bad ? "bad" : "quiet");
  const tripped = distinct(status.pauses.filter((each) => each.tripped));
  const paused = distinct(status.pauses.filter((each) => each.flow && !each.tripped));
  const stopped = [tripped && `${tripped} tripped`, paused && `${paused} paused`].filter(Boolean);
  tile("rules", count(rules.total), stopped.join(", ") || "none is paused", stopped.length ? "held" : "quiet");
  role(status);
  banners(status);
  keyed($("accounts-rows"), accounts.list, { key: (each) => each.account, make: accountRow, patch: () => {} });
  tick();
}

/** Of how many rules, or flows, they are: each may stand for several accounts. */
function distinct(pauses) {
  return new Set(pauses.map((each) => `${each.flow}/${each.rule}`)).size;
}

/** What is held back, in the tile: a guard matters more than a rule that has acted. */
export function drawHeld({ reasons }) {
  const ranks = ranked(reasons);
  const many = ranks.reduce((sum, [, each]) => sum + each, 0);
  const grave = ranks.some(([name]) => ["held", "bad"].includes(reason(name)[1]));
  const words = ranks.slice(0, 2).map(([name, each]) => `${count(each)} ${reason(name)[2]}`);
  tile("held", count(many), [...words, ...(acted && !words.length ? [`${count(acted)} acted already`] : [])].join(", "), grave ? "held" : "quiet");
}

function others(acts) {
  const rest = Object.entries(acts).filter(([name]) => !["done", "failed", "unknown"].includes(name));
  return rest.map(([name, many]) => `${count(many)} ${outcome(name)[2]}`).join(", ");
}

function role(status) {
  const [tone, words] = ROLES[status.role] ?? ["quiet", status.role];
  attribute($("role"), "data-tone", state.live ? tone : "quiet");
  say($("role"), state.live ? words : `was ${words}`);
}

// ---- accounts -------------------------------------------------------------------------------

function accountRow() {
  return h("tr", { role: "row" }, h("td", { role: "cell" }), h("td", { role: "cell", class: "n" }), h("td", { role: "cell", class: "n" }));
}

/** Lets ages go on, once a second; only while what they count from is live. */
export function tick() {
  const { status } = state;
  if (!status) return;
  const gone = since();
  const list = status.accounts.list.map((each) => aged(each, gone));
  [...$("accounts-rows").children].forEach((row, index) => list[index] && account(row, list[index]));
  const late = list.filter((each) => each.late);
  const many = Math.max(status.accounts.late, late.length);
  const oldest = Math.max(...list.map((each) => each.age ?? -1), -1);
  const words = late.slice(0, 2).map((each) => each.alias || each.account).join(", ");
  tile("poll", oldest < 0 ? "none yet" : old(oldest), many ? `late: ${words}${many > 2 ? ` and ${many - 2} more` : ""}` : state.live ? "ago" : "before that", many ? "bad" : "quiet");
  say($("accounts-count"), many ? `${many} late` : status.accounts.total > list.length ? `${list.length} of ${status.accounts.total}` : "");
}

function aged(each, gone) {
  const old = each.age_ms == null ? null : each.age_ms + gone;
  return { ...each, age: old, late: each.late || old == null || old > 3 * each.interval_ms };
}

function account(row, each) {
  const [name, calls, poll] = row.children;
  attribute(row, "data-tone", each.late ? "bad" : "quiet");
  say(name, each.alias || each.account);
  attribute(name, "title", each.alias ? each.account : null);
  say(calls, count(each.calls));
  const words = each.age == null ? "none yet" : `${old(each.age)} ${state.live ? "ago" : "before that"}`;
  say(poll, each.late ? `late: ${words}${each.error ? `, ${each.error}` : ""}` : words);
}

// ---- banners --------------------------------------------------------------------------------

function banners(status) {
  const { kill, reload, trouble, holder } = status;
  show($("killed"), Boolean(kill));
  show($("lift"), operates());
  if (kill) {
    say($("killed-head"), "Everything is stopped: nothing is sent to any call");
    const by = kill.by ? `by ${kill.by} ` : "";
    say($("killed-why"), `${by}at ${clock(kill.at)}, ${until(kill)}${kill.reason ? `: ${kill.reason}` : ""}`);
  }
  show($("reload"), !reload.ok);
  if (!reload.ok) drawProblems(reload);
  show($("trouble"), Boolean(trouble));
  say($("trouble-text"), `Trouble: ${trouble}`);
  const stands = { standby: `This runner stands by${holder ? `; ${holder} acts` : ""}. Which calls are live is seen there.`, "dry-run": "Dry run: what would be done is shown; nothing is sent." }[status.role];
  show($("standing"), Boolean(stands));
  say($("standing-text"), stands ?? "");
}

function drawProblems(reload) {
  const errors = reload.errors ? `${counted(reload.errors, "error")} in the flows` : "The flows can't be read";
  say($("reload-head"), `${errors}: the ${counted(reload.rules, "rule")} of ${clock(reload.at)} stay in force`);
  const grave = (each) => (each.severity === "warning" ? 1 : 0);
  const problems = reload.problems.map((each, index) => ({ ...each, index })).sort((a, b) => grave(a) - grave(b));
  const all = reload.trouble ? [{ message: reload.trouble, index: -1 }, ...problems] : problems;
  keyed($("problems"), all, { key: (each) => String(each.index), make: () => h("li"), patch: problem });
}

function problem(node, each) {
  const now = JSON.stringify(each);
  if (node.dataset.now === now) return;
  node.dataset.now = now;
  const place = each.path ? h("code", { class: "place" }, `${each.path}:${each.line}:${each.column}`) : null;
  const shape = each.severity === "warning" ? mark("warning", "held") : mark("cross", "bad");
  const code = each.code ? h("small", {}, ` [${each.code}]`) : null;
  fill(node, shape, place, h("span", {}, each.message, code), each.hint ? h("small", { class: "hint" }, each.hint) : null);
}

// ---- the line -------------------------------------------------------------------------------

/** Says how fresh the page is: live, or as of when. `error` is why it is not. */
export function line(error) {
  const { status, live } = state;
  document.body.classList.toggle("stale", !live && Boolean(status));
  attribute($("link"), "data-state", live ? "live" : status ? "lost" : "connecting");
  say($("link-text"), live ? `live, ${clock(status.now)}` : status ? "not live" : "connecting");
  show($("lost"), !live && Boolean(status || error));
  if (live) return;
  if (status) role(status);
  tick();
  if (error) say($("lost-head"), `Not live: ${error.message}`);
  if (!status) say($("lost-age"), error?.hint ?? "");
  else say($("lost-age"), `What you see is as of ${clock(status.now)}, ${old(ticks() - state.heardAt)} ago. Trying again…`);
}
