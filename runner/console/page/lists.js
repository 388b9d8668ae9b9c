// What the long lists have in common: searching, filtering, sorting, paging, and rows that stay.

import { Feed, get } from "./api.js";
import { $, attribute, fill, h, keyed, say, show } from "./dom.js";
import { state, ticks } from "./state.js";
import { count, counted } from "./words.js";

const PAGE = 100;
const TYPING = 150; // milliseconds from the last letter to the question
const STILL = 3_000; // rows keep their places for so long after a pointer or a key was among them

/** How a column is sorted at first: numbers from the greatest, names from the first. */
function first(column) {
  return ["age", "matches", "acts", "held", "trips"].includes(column) ? `-${column}` : column;
}

/**
 * A list in the section `name`, of the document `api/NAME`.
 * `columns` are [title, what it sorts by or "", class]; `filters` say what of the API each control
 * is; `make` and `patch` make a row and bring it up to date, `more` gives further parameters.
 */
export class List {
  constructor({ name, noun, columns, filters, sort, key, make, patch, after = () => {}, more = () => ({}) }) {
    Object.assign(this, { name, noun, columns, filters, sort, key, make, patch, after, more });
    this.offset = 0;
    this.touched = -STILL;
    this.other = true; // it was asked for otherwise than what is on view: rows may move
    this.document = null;
    this.readAt = 0;
    this.feed = new Feed({
      read: (signal) => get(name, this.query(), { signal }),
      show: (document) => this.take(document),
      failed: (error) => this.complain(error),
      shown: () => !document.hidden && (this.seen || !this.document), // once in any case
    });
    this.seen = true;
    this.prepare();
  }

  query() {
    const chosen = Object.entries(this.filters).map(([id, parameter]) => {
      const control = $(id);
      return [parameter, control.type === "checkbox" ? control.checked : control.value.trim()];
    });
    return { limit: PAGE, offset: this.offset || "", sort: this.sort, ...Object.fromEntries(chosen), ...this.more() };
  }

  prepare() {
    const section = $(this.name);
    fill($(`${this.name}-head`), ...this.columns.map((column) => this.header(column)));
    this.sorts();
    this.headers();
    for (const id of Object.keys(this.filters)) {
      const control = $(id);
      let timer = 0;
      control.addEventListener(control.type === "search" ? "input" : "change", () => {
        clearTimeout(timer);
        timer = setTimeout(() => this.ask(), control.type === "search" ? TYPING : 0);
      });
    }
    const rows = $(`${this.name}-rows`);
    for (const kind of ["pointermove", "pointerdown", "focusin", "keydown"]) {
      rows.addEventListener(kind, () => (this.touched = ticks()), { passive: true });
    }
    const watch = new IntersectionObserver(([entry]) => {
      this.seen = entry.isIntersecting;
      this.feed.wake();
    });
    watch.observe(section);
  }

  header([title, sort, kind]) {
    const attributes = { role: "columnheader", scope: "col", class: kind || null, data: sort ? { sort } : {} };
    if (!sort) return h("th", attributes, title.startsWith(" ") ? h("span", { class: "unseen" }, title.trim()) : title);
    return h("th", attributes, h("button", { type: "button", onclick: () => this.order(sort) }, title));
  }

  /** Where there is no room for headers a list is sorted by this. */
  sorts() {
    const select = $(`${this.name}-sort`);
    for (const [title, sort] of this.columns) {
      if (sort) select.append(h("option", { value: first(sort) }, `by ${title.split(",")[0]}`));
    }
    select.addEventListener("change", () => {
      this.sort = select.value;
      this.headers();
      this.ask();
    });
  }

  headers() {
    $(`${this.name}-sort`).value = this.sort;
    for (const cell of $(`${this.name}-head`).children) {
      if (!cell.dataset.sort) continue;
      const mine = this.sort.replace("-", "") === cell.dataset.sort;
      attribute(cell, "aria-sort", mine ? (this.sort.startsWith("-") ? "descending" : "ascending") : null);
    }
  }

  /** Once more turns it round. */
  order(column) {
    const other = first(column) === column ? `-${column}` : column;
    this.sort = this.sort === first(column) ? other : first(column);
    this.headers();
    this.ask();
  }

  /** Asks for something else than before: from its first page, and rows may move. */
  ask() {
    this.offset = 0;
    this.other = true;
    this.feed.again();
  }

  take(document) {
    if (this.offset && this.offset >= document.matching) return this.ask();
    this.document = document;
    this.readAt = ticks();
    const rows = document[this.name];
    const still = !this.other && ticks() - this.touched < STILL;
    this.other = false;
    keyed($(`${this.name}-rows`), rows, { key: this.key, make: this.make, patch: this.patch, still });
    const { total, matching } = document;
    say($(`${this.name}-count`), matching === total ? count(total) : `${count(matching)} of ${count(total)}`);
    const unseen = this.name === "calls" && (state.status?.accounts.late || state.status?.role === "standby");
    const none = unseen && !total ? "No call is known: nobody has looked lately." : total ? `No ${this.noun} is like that; there ${total === 1 ? "is" : "are"} ${counted(total, this.noun)}.` : `There are no ${this.noun}s.`;
    this.empty(rows.length ? "" : none);
    this.pages(document);
    this.after(document);
  }

  complain(error) {
    if (error.status && error.status !== 401) this.empty([error.message, error.hint].filter(Boolean).join(" "));
  }

  empty(words) {
    const place = $(`${this.name}-empty`);
    say(place, words);
    show(place, Boolean(words));
  }

  pages({ matching, offset }) {
    const pager = $(`${this.name}-pager`);
    show(pager, matching > PAGE);
    if (matching <= PAGE) return;
    if (!pager.children.length) {
      const turn = (by) => () => {
        this.offset = Math.max(0, this.offset + by);
        this.other = true;
        this.feed.again();
      };
      fill(pager, h("button", { type: "button", class: "plain", onclick: turn(-PAGE) }, "Previous"), h("span", { role: "status" }), h("button", { type: "button", class: "plain", onclick: turn(PAGE) }, "Next"));
    }
    const [previous, words, next] = pager.children;
    say(words, `${count(offset + 1)} to ${count(Math.min(offset + PAGE, matching))} of ${count(matching)}`);
    previous.disabled = offset === 0;
    next.disabled = offset + PAGE >= matching;
  }
}
