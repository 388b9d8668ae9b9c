// Makes and patches elements. All text goes in as text; nothing here reads markup.

import { plain } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";

export const $ = (id) => document.getElementById(id);

/** An element. `on…` listens, `data` fills the dataset, false and null attributes are left out. */
export function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value == null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "data") Object.assign(node.dataset, value);
    else node.setAttribute(name, value === true ? "" : said(name, value));
  }
  put(node, children);
  return node;
}

/** Attributes that are read, or read out, are texts like others. */
function said(name, value) {
  return name === "title" || name === "aria-label" ? plain(value, 400) : String(value);
}

/** Children of an element: nodes as they are, everything else as text. */
export function put(node, children) {
  for (const child of children.flat()) {
    if (child == null || child === false || child === "") continue;
    node.append(child instanceof Node ? child : plain(child));
  }
  return node;
}

/** Puts other children in the place of those there are. */
export function fill(node, ...children) {
  node.replaceChildren();
  return put(node, children);
}

/** Changes a text only where it is another: what stands still isn't painted, nor read out, again. */
export function say(node, text, most) {
  const shown = plain(text, most);
  if (node.textContent !== shown) node.textContent = shown;
}

export function attribute(node, name, value) {
  if (value == null || value === false) return node.removeAttribute(name);
  const shown = said(name, value);
  if (node.getAttribute(name) !== shown) node.setAttribute(name, shown);
}

export function show(node, whether) {
  if (node.hidden === whether) node.hidden = !whether;
}

/**
 * Makes the children of `parent` those of `items`, by key, and keeps the elements there are.
 * With `still` nothing moves or goes: rows keep their places, and those that are over say so.
 */
export function keyed(parent, items, { key, make, patch, still = false }) {
  const before = new Map([...parent.children].map((each) => [each.dataset.key, each]));
  const after = items.map((item) => {
    const name = key(item);
    const node = before.get(name) ?? make(item);
    before.delete(name);
    if (node.dataset.key === undefined) node.dataset.key = name;
    node.classList.remove("over");
    patch(node, item);
    return node;
  });
  if (still && parent.children.length) {
    for (const node of before.values()) node.classList.add("over");
    return;
  }
  for (const node of before.values()) node.remove();
  after.forEach((node, index) => {
    if (parent.children[index] !== node) parent.insertBefore(node, parent.children[index] ?? null);
  });
}

// Shapes beside words, so that nothing is told by its colour alone.
const SHAPES = {
  disc: [["circle", { cx: 6, cy: 6, r: 4.5, class: "fill" }]],
  ring: [["circle", { cx: 6, cy: 6, r: 4, class: "line" }]],
  dashes: [["circle", { cx: 6, cy: 6, r: 4, class: "line", "stroke-dasharray": "2.5 2" }]],
  half: [["circle", { cx: 6, cy: 6, r: 4, class: "line" }], ["path", { d: "M6 2a4 4 0 0 1 0 8z", class: "fill" }]],
  cross: [["path", { d: "M2 2l8 8M10 2l-8 8", class: "line" }]],
  tick: [["path", { d: "M1.5 6.5l3 3 6-7", class: "line" }]],
  query: [["path", { d: "M3.6 4a2.4 2.4 0 1 1 3.6 2.1C6.400 6.600 6 7 6 8M6 10.200v.1", class: "line" }]],
  bars: [["path", { d: "M4 2v8M8 2v8", class: "line" }]],
  warning: [["path", { d: "M6 1.200L11.400 10.800H.6z", class: "fill" }]],
  shield: [["path", { d: "M6 1l4.500 1.600v3C10.500 8.400 8.600 10.300 6 11.200 3.400 10.300 1.500 8.400 1.500 5.600v-3z", class: "fill" }]],
};

export function mark(shape, tone) {
  const parts = SHAPES[shape].map(([tag, attributes]) => svg(tag, attributes));
  return svg("svg", { class: "mark", viewBox: "0 0 12 12", "aria-hidden": "true", data: { tone } }, ...parts);
}

/** A shape and its word. */
export function tag(shape, tone, word) {
  return h("span", { class: "tag", data: { tone } }, mark(shape, tone), h("span", {}, word));
}

/** Takes a tag's place in `slot` only where it says something else than before. */
export function retag(slot, shape, tone, word) {
  const now = `${shape} ${tone} ${word}`;
  if (slot.dataset.now === now) return;
  slot.dataset.now = now;
  fill(slot, ...(word ? [tag(shape, tone, word)] : []));
}
