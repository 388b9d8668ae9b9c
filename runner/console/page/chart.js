// The last hour as a picture: live calls as an area, what was done and what failed as bars below.

import { $, attribute, fill, h, say, svg } from "./dom.js";
import { clock, count } from "./words.js";

const HOUR = 3_600_000;
const MINUTE = 60_000;
const EDGE = { left: 34, right: 6, top: 8, bottom: 16 };
let hour = { end: Date.now(), minutes: [] }; // 60 of them, oldest first; null where nobody looked
let at = null; // the minute that is read out

/** Shows a chart document; `now` is the runner's time. */
export function draw(document, now) {
  hour = { end: Date.parse(now), minutes: inMinutes(document.points, Date.parse(now)) };
  paint();
  table();
  const known = hour.minutes.filter(Boolean);
  const most = known.reduce((top, each) => (each.calls > top.calls ? each : top), { calls: 0, at: hour.end });
  const sum = (name) => known.reduce((all, each) => all + each[name], 0);
  const words = known.length
    ? `Last hour: ${count(known.at(-1).calls)} live calls now, ${count(most.calls)} at the most at ${clock(most.at, { seconds: false })}; ${count(sum("done"))} done, ${count(sum("failed"))} failed or unknown. Left and right arrows read minute by minute.`
    : "Last hour: nothing is known yet.";
  attribute($("chart"), "aria-label", words);
}

/** The steps as sixty minutes: the most that were live in each, and all that was done. */
export function inMinutes(points, end) {
  const minutes = Array(60).fill(null);
  for (const point of points) {
    const when = Date.parse(point.at);
    const index = 59 - Math.floor((end - when) / MINUTE);
    if (index < 0 || index > 59) continue;
    const minute = (minutes[index] ??= { at: end - (60 - index) * MINUTE, calls: 0, done: 0, failed: 0, held: 0 });
    minute.calls = Math.max(minute.calls, point.calls);
    minute.held = Math.max(minute.held, point.held);
    minute.done += point.done;
    minute.failed += point.failed;
  }
  return minutes;
}

/** Follows the size of its place, and reads out minutes by pointer and by arrow keys. */
export function prepare() {
  const place = $("chart");
  new ResizeObserver(paint).observe(place);
  place.addEventListener("pointermove", (event) => {
    const box = place.getBoundingClientRect();
    const wide = box.width - EDGE.left - EDGE.right;
    read(Math.floor(((event.clientX - box.left - EDGE.left) / wide) * 60));
  });
  place.addEventListener("pointerleave", () => read(null));
  place.addEventListener("blur", () => read(null));
  place.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -60, End: 60 }[event.key];
    if (!step) return;
    event.preventDefault();
    read((at ?? 60) + step, $("said"));
  });
}

function read(index, aloud) {
  at = index == null ? null : Math.max(0, Math.min(59, index));
  const minute = at == null ? null : hour.minutes[at];
  const from = at == null ? 0 : hour.end - (60 - at) * MINUTE;
  const words = at == null ? "" : `${clock(from, { seconds: false })}  ${minute ? `${count(minute.calls)} live, ${count(minute.done)} done, ${count(minute.failed)} failed` : "nobody looked"}`;
  say($("readout"), words);
  if (aloud) say(aloud, words);
  paint();
}

function paint() {
  const place = $("chart");
  const [wide, high] = [place.clientWidth, place.clientHeight];
  if (!wide || !high) return;
  const box = { x: EDGE.left, w: wide - EDGE.left - EDGE.right, top: EDGE.top, floor: high - EDGE.bottom, wide, high };
  box.line = box.top + (box.floor - box.top) * 0.68; // calls above it, acts below
  const calls = ceiling(Math.max(1, ...hour.minutes.map((each) => each?.calls ?? 0)));
  const acts = Math.max(0, ...hour.minutes.map((each) => (each ? each.done + each.failed : 0)));
  fill(place, svg("svg", { width: wide, height: high, viewBox: `0 0 ${wide} ${high}`, "aria-hidden": "true" },
    ...grid(box, calls, acts), ...areas(box, calls), ...bars(box, acts), ...cursor(box)));
}

/** The next round number, so that the scale is still while calls come and go. */
function ceiling(most) {
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 5, 10].map((each) => each * power).find((each) => each >= most);
}

function grid(box, calls, acts) {
  const lines = [0, 0.5, 1].map((part) => {
    const y = Math.round(box.line - (box.line - box.top) * part) + 0.5;
    return svg("line", { x1: box.x, x2: box.x + box.w, y1: y, y2: y, class: part ? "grid" : "ground" });
  });
  const scale = [[box.top + 4, count(calls)], [box.line - 1, "0"], [box.line + 13, acts ? count(acts) : ""]];
  const texts = scale.map(([y, text]) => svg("text", { x: box.x - 6, y, "text-anchor": "end", class: "scale" }, text));
  const hours = box.w > 420 ? [60, 45, 30, 15, 0] : [60, 30, 0];
  const times = hours.map((back) => svg("text", { x: box.x + box.w * (1 - back / 60), y: box.high - 3, class: "scale", "text-anchor": back === 60 ? "start" : back ? "middle" : "end" }, back ? clock(hour.end - back * MINUTE, { seconds: false }) : "now"));
  return [...lines, ...texts, ...times];
}

/** One area for each stretch in which somebody looked: what is not known is not drawn. */
function areas(box, most) {
  const each = box.w / 60;
  const y = (minute) => (box.line - ((box.line - box.top) * minute.calls) / most).toFixed(1);
  const stretches = [];
  hour.minutes.forEach((minute, index) => {
    if (!minute) return;
    if (hour.minutes[index - 1]) stretches.at(-1).push(index);
    else stretches.push([index]);
  });
  return stretches.flatMap((stretch) => {
    const top = stretch.map((index) => `H${(box.x + index * each).toFixed(1)}V${y(hour.minutes[index])}H${(box.x + (index + 1) * each).toFixed(1)}`).join("");
    const start = `M${(box.x + stretch[0] * each).toFixed(1)} ${y(hour.minutes[stretch[0]])}`;
    const close = `V${box.line}H${(box.x + stretch[0] * each).toFixed(1)}Z`;
    return [svg("path", { d: start + top + close, class: "area" }), svg("path", { d: start + top, class: "edge" })];
  });
}

function bars(box, most) {
  const [each, room] = [box.w / 60, box.floor - box.line - 6];
  return hour.minutes.flatMap((minute, index) => {
    if (!minute) return [];
    const x = box.x + index * each + each * 0.14;
    const tall = (number) => (number && most ? Math.max(2, (room * number) / most) : 0);
    const [done, failed] = [tall(minute.done), tall(minute.failed)];
    const bar = (y, height, name) => height && svg("rect", { x, y, width: each * 0.72, height, class: name });
    return [bar(box.floor - done, done, "done"), bar(box.floor - done - failed - (done && failed ? 1 : 0), failed, "failed")].filter(Boolean);
  });
}

function cursor(box) {
  if (at == null) return [];
  const x = box.x + (box.w / 60) * (at + 0.5);
  return [svg("line", { x1: x, x2: x, y1: box.top, y2: box.floor, class: "cursor" })];
}

function table() {
  if (!$("hour-rows").closest("details").open) return;
  const rows = Array.from({ length: 12 }, (_, part) => {
    const minutes = hour.minutes.slice(part * 5, part * 5 + 5).filter(Boolean);
    const sum = (name) => count(minutes.reduce((all, each) => all + each[name], 0));
    const cells = minutes.length ? [count(Math.max(...minutes.map((each) => each.calls))), sum("done"), sum("failed")] : ["–", "–", "–"];
    const from = clock(hour.end - HOUR + part * 5 * MINUTE, { seconds: false });
    return h("tr", {}, h("th", { scope: "row" }, from), ...cells.map((each) => h("td", { class: "n" }, each)));
  });
  fill($("hour-rows"), ...rows);
}

/** The table is only made for who opens it. */
export function tableOnDemand() {
  $("hour-rows").closest("details").addEventListener("toggle", table);
}
