// How values are said: times, lengths, counts, outcomes, and text that came from elsewhere.

// Control characters, and those that hide or turn round what stands beside them.
const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u2800\u3164\ufeff\uffa0\ufff9-\ufffb]/g;
const MOST = 300;
const counts = new Intl.NumberFormat();
const clocks = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", hourCycle: "h23" });
const minutes = new Intl.DateTimeFormat(undefined, { timeStyle: "short", hourCycle: "h23" });
const days = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" });

/** Text from elsewhere as it may be shown: nothing hidden in it, and no longer than can be read. */
export function plain(value, most = MOST) {
  const text = String(value ?? "");
  const start = text.length > most ? text.slice(0, most).replace(/[\ud800-\udbff]$/, "") : text;
  const seen = start.replace(HIDDEN, (each) => `[U+${each.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}]`);
  return start === text ? seen : `${seen}… (${count(text.length)} characters)`;
}

export function count(number) {
  return counts.format(number);
}

export function counted(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/** `4:07`, `1:02:33`: for how long a call has lived. */
export function age(millis) {
  if (millis == null) return "–";
  const seconds = Math.max(0, Math.floor(millis / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const two = (each) => String(each).padStart(2, "0");
  return h ? `${count(h)}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** `14 s`, `3 min`, `2 h 5 min`: a length of time in words. */
export function length(millis) {
  const seconds = Math.max(0, Math.floor(millis / 1000));
  if (millis > 0 && millis < 1000) return `${Math.round(millis)} ms`;
  if (seconds < 120) return `${seconds} s`;
  const all = Math.floor(seconds / 60);
  if (all < 60) return seconds % 60 && all < 10 ? `${all} min ${seconds % 60} s` : `${all} min`;
  const [h, m] = [Math.floor(all / 60), all % 60];
  if (h >= 48) return `${Math.floor(h / 24)} days`;
  return m ? `${h} h ${m} min` : `${h} h`;
}

/** How old something is that is looked at every second. */
export function old(millis) {
  return length(Math.max(1000, millis));
}

/** A moment on this machine's clock; with its day where that isn't today's. */
export function clock(text, { seconds = true } = {}) {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return plain(text);
  if (at.toDateString() !== new Date().toDateString()) return days.format(at);
  return (seconds ? clocks : minutes).format(at);
}

export function until(pause) {
  return pause.until ? `until ${clock(pause.until, { seconds: false })}` : "until somebody resumes it";
}

/** What a pause is about, without SIDs where there is an alias. */
export function scope(pause) {
  const what = pause.rule ? `rule ${pause.flow}/${pause.rule}` : pause.flow ? `flow ${pause.flow}` : "";
  const where = pause.account ? `account ${pause.alias || pause.account}` : "";
  return [what, where].filter(Boolean).join(" in ") || "everything";
}

// Outcome → its shape, its tone, and the word for it.
const OUTCOMES = {
  done: ["disc", "good", "done"],
  failed: ["cross", "bad", "failed"],
  unknown: ["query", "bad", "unknown"],
  gone: ["ring", "quiet", "call was over"],
  withdrawn: ["ring", "quiet", "withdrawn"],
  shadowed: ["dashes", "quiet", "recorded only"],
  skipped: ["ring", "quiet", "skipped"],
  acted: ["ring", "quiet", "acted already"],
  intended: ["half", "live", "under way"],
  retrying: ["half", "held", "trying again"],
};

export function outcome(name) {
  return OUTCOMES[name] ?? ["ring", "quiet", plain(name, 40)];
}

// Why a verdict led to nothing, worst first: its shape, its tone, in a word, in a sentence.
const REASONS = {
  guard: ["warning", "held", "guard tripped", "A guard stopped the whole batch before anything was sent."],
  tripped: ["warning", "held", "tripped", "A guard stopped the rule; it stays so until somebody resumes it."],
  paused: ["bars", "held", "paused", "Somebody paused it."],
  protected: ["shield", "held", "protected", "The call, or a leg of it, may never be changed."],
  unsendable: ["cross", "bad", "can't be sent", "What the rule would send can't be made of this call."],
  "in-flight": ["half", "quiet", "under way", "An earlier change has no outcome yet."],
  "leg-group": ["ring", "quiet", "other leg first", "Another leg of the call is being changed."],
  outranked: ["ring", "quiet", "other rule first", "Another rule changes the call in this poll."],
  status: ["ring", "quiet", "wrong status", "The action is not possible in the call's status."],
};
const ORDER = Object.keys(REASONS);

export function reason(name) {
  return REASONS[name] ?? ["ring", "held", plain(name, 40), ""];
}

/** Reasons with their counts, the worst first. */
export function ranked(reasons) {
  const rank = (name) => (ORDER.indexOf(name) + 1 || ORDER.length / 2);
  return Object.entries(reasons).sort(([a], [b]) => rank(a) - rank(b));
}
