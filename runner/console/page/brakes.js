// Stopping and going on: the dialogs of pause, resume and the kill switch.

import { get, post, Refused } from "./api.js";
import { $, fill, h, say, show } from "./dom.js";
import { name, rename, state } from "./state.js";
import { clock, counted, scope, until } from "./words.js";

const SPANS = [["15m", "15 minutes"], ["1h", "1 hour"], ["4h", "4 hours"], ["", "until resumed"], ["other", "other"]];
const REASONS = ["A rule does what it must not", "Far too many calls are changed", "Something is wrong at Twilio", "Somebody asked for it"];
let told = () => {};

/** `tell(words)` says what became of an order. */
export function prepare({ tell }) {
  told = tell;
  spans($("pause-for"), "pause-span", "1h");
  spans($("stop-for"), "stop-span", "");
  fill($("stop-reasons"), ...REASONS.map((text) => h("button", { type: "button", class: "chip", onclick: () => {
    $("stop-reason").value = text;
    $("stop-reason").focus();
  } }, text)));
  for (const dialog of document.querySelectorAll("dialog")) {
    for (const each of dialog.querySelectorAll("[data-close]")) each.addEventListener("click", () => dialog.close());
  }
}

function spans(place, group, chosen) {
  const other = h("input", { class: "other", "aria-label": "For how long, such as 90m or 2h 30m", placeholder: "90m", autocomplete: "off", maxlength: "20" });
  const choices = SPANS.map(([value, words]) => h("label", {}, h("input", { type: "radio", name: group, value, checked: value === chosen }), h("span", {}, words)));
  other.addEventListener("input", () => (place.querySelector('[value="other"]').checked = true));
  fill(place, h("legend", {}, "For"), ...choices, other);
}

/** The chosen length, "" for ever. */
function span(place) {
  const chosen = place.querySelector("input[type=radio]:checked")?.value ?? "";
  if (chosen !== "other") return { for: chosen };
  const typed = place.querySelector(".other").value.replace(/\s+/g, "");
  if (!typed) throw new Refused("For how long is missing.", { hint: "Write it like 90m or 2h30m, or choose another length." });
  return { for: typed };
}

/** Opens a dialog with a clean slate; `order()` gives path and body, at once or later, `done(answer)` what to say. */
function ask(dialog, { order, done }) {
  const form = dialog.querySelector("form");
  const fault = form.querySelector(".fault");
  const by = form.querySelector(".by");
  show(fault, false);
  by.value = name();
  form.onsubmit = async (event) => {
    event.preventDefault();
    const button = form.querySelector(".go");
    if (button.disabled) return;
    button.disabled = true;
    show(fault, false);
    rename(by.value.trim());
    try {
      const [path, body] = await order();
      const answer = await post(path, Object.fromEntries(Object.entries({ ...body, by: by.value.trim() }).filter(([, value]) => value !== "")));
      dialog.close();
      told(done(answer));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      fill(fault, h("b", {}, error.message), error.hint ? h("span", {}, ` ${error.hint}`) : null);
      show(fault, true);
    } finally {
      button.disabled = false;
    }
  };
  if (!dialog.open) dialog.showModal();
}

function reasonOf(id) {
  const input = $(id);
  const text = input.value.trim();
  input.setAttribute("aria-invalid", String(!text));
  if (text) return text;
  input.focus();
  throw new Refused("A reason is missing.", { hint: "Say why, for whoever finds it stopped." });
}

// ---- pause and resume -----------------------------------------------------------------------

/** Asks why and for how long a rule, or its flow, is to rest. */
export function pause(rule) {
  const key = `${rule.flow}/${rule.rule}`;
  say($("pause-title"), `Pause ${key}`, 120);
  const choice = (value, ...words) => h("label", {}, h("input", { type: "radio", name: "pause-what", value, checked: value === "rule", onchange: () => means(rule) }), h("span", {}, ...words));
  fill($("pause-scope"), h("legend", {}, "What"), choice("rule", "the rule ", h("b", {}, key)), choice("flow", "all rules of the flow ", h("b", {}, rule.flow)));
  const accounts = state.status?.accounts.list ?? [];
  show($("pause-account-box"), accounts.length > 1);
  fill($("pause-account"), h("option", { value: "" }, "in every account"), ...accounts.map((each) => h("option", { value: each.account }, `in ${each.alias || each.account}`)));
  $("pause-account").onchange = () => means(rule);
  $("pause-reason").value = "";
  $("pause-reason").removeAttribute("aria-invalid");
  means(rule);
  ask($("pause"), {
    order: () => ["pause", { ...chosen(rule), reason: reasonOf("pause-reason"), ...span($("pause-for")) }],
    done: ({ paused }) => `Paused: ${scope(paused)}, ${until(paused)}.`,
  });
  $("pause-reason").focus();
}

function chosen(rule) {
  const whole = $("pause-scope").querySelector("input:checked")?.value === "flow";
  return { flow: rule.flow, rule: whole ? "" : rule.rule, account: $("pause-account").value };
}

function means(rule) {
  const what = chosen(rule);
  const select = $("pause-account");
  const where = what.account ? ` ${select.selectedOptions[0].textContent}` : " in every account";
  const now = what.rule && rule.matches != null ? ` It fits ${counted(rule.matches, "call")} now.` : "";
  const subject = what.rule ? `the rule ${what.flow}/${what.rule}` : `every rule of the flow ${what.flow}`;
  say($("pause-means"), `This stops ${subject}${where}: nothing more of it is sent from that moment. It keeps its calls from the rules below it.${now}`, 900);
}

/** Asks whether what stands is to be lifted. `rule` is the one whose button it was. */
export function resume(standing, rule, all = lifted(state.status, standing, rule)) {
  const what = all.length > 1 ? `${scope({ ...standing, account: "" })} in ${all.map((each) => each.alias || each.account || "every account").join(", ")}` : scope(standing);
  say($("resume-title"), `Resume ${what}`, 160);
  const broad = rule && !(standing.rule && standing.flow) ? ` This is more than the rule ${rule.flow}/${rule.rule}.` : "";
  const now = rule?.matches ? ` ${counted(rule.matches, "call")} may be acted on in the next poll, within the guards.` : " What fits may be acted on in the next poll, within the guards.";
  say($("resume-means"), `This lifts the pause of ${what}.${broad}${now}`, 600);
  facts(standing);
  const target = { flow: standing.flow, rule: standing.rule, account: all.length > 1 ? "" : standing.account };
  const order = async () => {
    const now = lifted(await get("status"), standing, rule);
    if (!same(now, all)) {
      resume(now[0], rule, now);
      throw changed();
    }
    return ["resume", target];
  };
  ask($("resume"), { order, done: ({ resumed }) => `Resumed: ${resumed.map(scope).join(", ") || "nothing was paused any more"}.` });
}

/** What is lifted with it. Of a rule's button, and of no account, it is all of that name: a guard
 * trips in each account by itself. */
function lifted(status, { account, flow, rule }, button) {
  const alike = (status?.pauses ?? []).filter((each) => each.flow === flow && each.rule === rule);
  return button && flow ? alike : alike.filter((each) => !account || each.account === account);
}

/** Whether these are the pauses that were shown: what somebody else ordered meanwhile is another. */
function same(now, before) {
  const key = (each) => `${each.account} ${each.at} ${each.tripped} ${each.reason}`;
  const known = new Set(before.map(key));
  return now.every((each) => known.has(key(each)));
}

function changed() {
  return new Refused("Nothing was resumed: something else is paused by now.", { hint: "It is shown above: look at it, and ask again if it is to go on." });
}

function facts(standing) {
  const rows = [["by", standing.tripped ? "a guard" : standing.by || "nobody said"], ["at", clock(standing.at)], ["until", standing.until ? clock(standing.until) : "somebody resumes it"], ["reason", standing.reason || "none"]];
  fill($("resume-facts"), ...rows.flatMap(([term, text]) => [h("dt", {}, term), h("dd", {}, text)]));
}

// ---- the kill switch ------------------------------------------------------------------------

/** Asks for a reason to stop everything. */
export function stop() {
  const { status } = state;
  const rules = status ? `all ${counted(status.rules.total, "rule")} in ${counted(status.accounts.total, "account")}` : "all rules";
  const elsewhere = ["standby", "dry-run"].includes(status?.role) ? " It stops the runner that acts on this store, too." : "";
  const now = status && state.live && status.role === "leading" ? ` ${counted(status.calls, "live call")} ${status.calls === 1 ? "goes" : "go"} on as ${status.calls === 1 ? "it is" : "they are"}.` : "";
  const kill = status?.kill;
  const already = kill ? `It is stopped already, by ${kill.by || "somebody"} at ${clock(kill.at)}, ${until(kill)}: this takes its place. ` : "";
  say($("stop-means"), `${already}Nothing is sent to any call from that moment: ${rules}, over restarts too.${elsewhere}${now} What Twilio has been told already can't be taken back.`, 600);
  if (!$("stop").open) $("stop-reason").value = "";
  $("stop-reason").removeAttribute("aria-invalid");
  ask($("stop"), {
    order: () => ["kill", { reason: reasonOf("stop-reason"), ...span($("stop-for")) }],
    done: () => "Everything is stopped.",
  });
  $("stop-reason").focus();
}

/** Asks whether everything is to go on. */
export function lift(standing) {
  say($("resume-title"), "Resume everything");
  say($("resume-means"), "This lifts the kill switch: what fits is acted on from the next poll on, within the guards. Rules that are paused or tripped by themselves stay so.", 600);
  facts(standing);
  const order = async () => {
    const { kill } = await get("status");
    if (kill && !same([kill], [standing])) {
      lift(kill);
      throw changed();
    }
    return ["resume", { all: true }];
  };
  ask($("resume"), { order, done: () => "Everything goes on." });
}
