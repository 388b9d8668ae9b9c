// Ties the page together: the live line, the documents that follow from it, and the keys.

import { door, Feed, get, post, Refused } from "./api.js";
import * as brakes from "./brakes.js";
import { calls, chooseAccounts } from "./calls.js";
import * as chart from "./chart.js";
import { $, fill, h, keyed, say, show } from "./dom.js";
import { drawActs, drawHeld } from "./held.js";
import { rules } from "./rules.js";
import { asked, name, operates, rename, state, ticks } from "./state.js";
import { Line } from "./stream.js";
import * as strip from "./strip.js";
import * as why from "./why.js";
import { clock, counted, scope, until } from "./words.js";

const CHART = 10_000; // milliseconds from one reading of the chart to the next
const SAID = 6_000;
const LEFT = 60_000; // so long a page in the background stays live

const lists = { rules: rules({ brake: brakes.pause, release: brakes.resume }), calls: calls({ why: why.open }) };
const onView = (id) => {
  const place = { seen: false };
  new IntersectionObserver(([entry]) => {
    if (entry.isIntersecting && !place.seen && id === "held") feeds.held.stale = true; // its rows
    place.seen = entry.isIntersecting;
    wake();
  }).observe($(id));
  return place;
};
const views = { held: onView("held"), acts: onView("acts"), hour: onView("chart") };
const feeds = {
  rules: lists.rules.feed,
  calls: lists.calls.feed,
  // Off view its reasons are wanted still, for the tile, and its rows are not.
  held: new Feed({ read: (signal) => get("held", { limit: views.held.seen ? 100 : 1, ...asked() }, { signal }), show: takeHeld, shown }),
  acts: new Feed({ read: (signal) => get("acts", { limit: 50 }, { signal }), show: takeActs, shown: () => shown() && (views.acts.seen || !views.acts.filled) }),
  chart: new Feed({ read: (signal) => get("chart", {}, { signal }), show: (document) => chart.draw(document, state.status.now), shown: () => shown() && views.hour.seen }),
};

function shown() {
  return !document.hidden;
}

function wake() {
  for (const feed of Object.values(feeds)) feed.wake();
}

function takeActs(document) {
  views.acts.filled = true;
  drawActs(document, why.open);
}

function takeHeld(document) {
  strip.drawHeld(document);
  if (views.held.seen) drawHeld(document, why.open);
}

// ---- the line -------------------------------------------------------------------------------

const line = new Line({ heard, lost });

function heard(status) {
  state.live = true;
  if ($("login").open) $("login").close();
  take(status);
  const stopped = status.kill ? "STOPPED · " : "";
  const seen = status.role === "standby" ? "Standby" : counted(status.calls, "live call");
  document.title = `${stopped}${seen} · callflow`;
}

/** Shows a status; `error` is why the line brings none. */
function take(status, error) {
  const restarted = state.status?.started_at !== status.started_at;
  Object.assign(state, { status, heardAt: ticks() });
  strip.draw(status);
  strip.line(error);
  person();
  pauses(status.pauses);
  trips(status.pauses);
  chooseAccounts(status.accounts.list);
  follow(status, restarted ? ticks() : "");
  say($("about"), `callflow ${status.version}, running since ${clock(status.started_at)}`);
}

/** Reads anew what has another revision than before. */
function follow(status, mark) {
  for (const part of ["calls", "rules", "held", "acts"]) feeds[part].changed(`${status.started_at} ${status.revisions[part]} ${mark}`);
  feeds.chart.changed(Math.floor(Date.parse(status.now) / CHART));
}

function lost(error) {
  state.live = false;
  if (error.status === 401) return;
  strip.line(error);
  document.title = "NOT LIVE · callflow";
  glance(error);
}

/** One look without the line: who may stop everything must be able to, also where none comes through. */
async function glance(error) {
  try {
    const status = await get("status");
    if (!state.live) take(status, error);
  } catch (failure) {
    if (!(failure instanceof Refused)) throw failure;
  }
}

$("retry").addEventListener("click", () => line.connect());

setInterval(() => {
  if (document.hidden) return;
  if (state.live) {
    strip.tick();
    lists.calls.tick();
  } else strip.line();
}, 1000);

// A browser opens six connections to a runner: pages that nobody looks at must not keep them.
let leaving = 0;
document.addEventListener("visibilitychange", () => {
  clearTimeout(leaving);
  if (!shown()) leaving = setTimeout(rest, LEFT);
  else if (!line.open && !$("login").open) line.connect();
  else wake();
});

function rest() {
  line.close();
  lost(new Refused("The page was in the background."));
}

// ---- who looks ------------------------------------------------------------------------------

function person() {
  show($("kill"), operates());
  show($("numbers-box"), operates());
  show($("logout"), Boolean(state.status.access?.session));
  document.body.dataset.role = state.status.access?.role ?? "";
}

$("numbers").addEventListener("change", (event) => {
  state.numbers = event.target.checked;
  for (const part of ["calls", "held"]) feeds[part].again();
  why.refresh();
  tell(state.numbers ? "Phone numbers are shown; that you looked is recorded." : "Phone numbers are masked again.");
});

door.closed = () => {
  line.close();
  state.live = false;
  const dialog = $("login");
  if (dialog.open) return;
  dialog.querySelector(".by").value = name();
  show(dialog.querySelector(".fault"), false);
  strip.line(new Refused("The runner asks who is there.", { status: 401 }));
  dialog.showModal(); // over what is open: nothing that was typed there is lost
  $("login-token").focus();
};

$("logout").addEventListener("click", async () => {
  try {
    await post("logout", {});
    line.connect();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    tell(`${error.message} ${error.hint}`);
  }
});

$("login").addEventListener("cancel", (event) => event.preventDefault());
$("login").querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const fault = $("login").querySelector(".fault");
  rename($("login").querySelector(".by").value.trim());
  try {
    await post("login", { token: $("login-token").value });
    $("login-token").value = "";
    $("login").close();
    line.connect();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const wait = error.after ? ` Try again in ${error.after} s.` : "";
    fill(fault, h("b", {}, error.message), ` ${error.hint}${wait}`);
    show(fault, true);
    $("login-token").select();
  }
});

// ---- pauses in force, and what is said ------------------------------------------------------

function pauses(all) {
  const list = all.filter((each) => each.flow || each.rule || each.account);
  show($("pauses"), list.length > 0);
  const names = [...new Set(list.map((each) => scope({ ...each, account: each.flow ? "" : each.account }).replace(/^(rule|flow) /, "")))];
  say($("pauses-count"), `${counted(list.length, "pause")} in force: ${names.slice(0, 3).join(", ")}${names.length > 3 ? " …" : ""}`);
  keyed($("pauses-list"), list.slice(0, 50), {
    key: (each) => `${each.account}/${each.flow}/${each.rule}/${each.tripped}/${each.at}/${each.until}/${each.reason}`,
    make: (each) => h("li", {},
      h("p", {}, h("b", {}, scope(each)), ` ${each.tripped ? "tripped" : `paused by ${each.by || "somebody"}`} at ${clock(each.at)}${each.tripped ? ": " : `, ${until(each)}: `}${each.reason}`),
      h("button", { type: "button", class: "plain operator", "aria-label": `Resume ${scope(each)}…`, onclick: () => brakes.resume(each) }, "Resume…")),
    patch: (node) => show(node.querySelector("button"), operates()),
  });
}

/** Says what a guard has stopped since the last look. */
let tripped = null;
function trips(all) {
  const now = new Set(all.filter((each) => each.tripped).map((each) => `${each.flow}/${each.rule}`));
  const fresh = tripped ? [...now].filter((each) => !tripped.has(each)) : [];
  tripped = now;
  if (fresh.length) tell(`A guard tripped: ${fresh.slice(0, 3).join(", ")}${fresh.length > 3 ? " and others" : ""}.`);
}

/** After an order the page looks at once, and does not wait for the line. */
async function ordered(words) {
  tell(words);
  try {
    const status = await get("status");
    if (state.live) heard(status);
    else take(status);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
  }
}

let silence = 0;
function tell(words) {
  say($("said"), words);
  clearTimeout(silence);
  silence = setTimeout(() => say($("said"), ""), SAID);
}

// ---- keys -----------------------------------------------------------------------------------

const KEYS = {
  KeyK: () => operates() && !$("stop").open && brakes.stop(),
  KeyR: () => $("rules-q").focus(),
  KeyC: () => $("calls-q").focus(),
};

document.addEventListener("keydown", (event) => {
  if (!event.altKey || !event.shiftKey || event.ctrlKey || event.metaKey || !KEYS[event.code]) return;
  event.preventDefault();
  const open = document.querySelector("dialog[open]");
  if (open?.id === "login" || (open && event.code !== "KeyK")) return;
  KEYS[event.code]();
});
$("kill").addEventListener("click", () => brakes.stop());
$("lift").addEventListener("click", () => brakes.lift(state.status.kill));

strip.prepare();
chart.prepare();
chart.tableOnDemand();
brakes.prepare({ tell: ordered });
why.prepare({ pause: (rule) => brakes.pause(rule) });
line.connect();
