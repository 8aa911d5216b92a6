// SPDX-License-Identifier: Apache-2.0
// Where the milliseconds of a request went: a bar for each step, and the same as a table.

import { el } from "./dom.js";
import { duration } from "./format.js";

const KINDS = {
  queue: "in a queue",
  work: "at work",
  reply: "reply on its way",
  wait: "waiting",
};

// A request with its `timeline` as elements; the rows of the table carry the bars.
export function timeline(request) {
  const begin = Math.min(...request.timeline.map((step) => step.begin));
  const total = Math.max(...request.timeline.map((step) => step.end)) - begin;
  const steps = request.timeline.toSorted((one, other) => one.begin - other.begin);
  return [
    sums(steps),
    el(
      "div",
      { class: "scroll", tabindex: "0", role: "group", "aria-label": "Timeline" },
      el(
        "table",
        { class: "bars", role: "table" },
        el("caption", { class: "visually-hidden" }, "Each step of the request in order, with when it began and how long it took"),
        el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, ["Step", "What", "Begins", "Takes"].map(header), el("td", { "aria-hidden": "true" }, scale(total)))),
        el("tbody", { role: "rowgroup" }, steps.map((step) => row(step, begin, total))),
      ),
    ),
  ];
}

function header(name) {
  return el("th", { scope: "col", role: "columnheader" }, name);
}

// The sum of each kind; steps overlap, so that these may be more than the request took.
function sums(steps) {
  const totals = new Map();
  for (const step of steps) {
    totals.set(step.kind, (totals.get(step.kind) ?? 0) + step.end - step.begin);
  }
  return el(
    "ul",
    { class: "legend" },
    [...totals].map(([kind, seconds]) =>
      el("li", {}, el("span", { class: `swatch ${kind}`, "aria-hidden": "true" }), `${KINDS[kind] ?? kind}: ${duration(seconds)}`),
    ),
  );
}

function row(step, begin, total) {
  return el(
    "tr",
    { "data-key": `${step.message}-${step.kind}-${step.begin}`, role: "row" },
    el("th", { scope: "row", role: "rowheader" }, step.name),
    el("td", { role: "cell" }, KINDS[step.kind] ?? step.kind),
    el("td", { class: "number", role: "cell" }, duration(step.begin - begin)),
    el("td", { class: "number", role: "cell" }, duration(step.end - step.begin)),
    el("td", { class: "bar-cell", "aria-hidden": "true" }, bar(step, begin, total)),
  );
}

function bar(step, begin, total) {
  const share = (seconds) => (total > 0 ? (seconds / total) * 100 : 0);
  // What took no time at the very end is seen, too.
  const left = Math.min(share(step.begin - begin), 99.5);
  const width = Math.min(Math.max(share(step.end - step.begin), 0.5), 100 - left);
  return bars(left, width, step.kind);
}

function bars(left, width, kind) {
  const element = el("span", { class: `bar ${kind}` });
  element.style.setProperty("--left", `${left.toFixed(2)}%`);
  element.style.setProperty("--width", `${width.toFixed(2)}%`);
  return element;
}

function scale(total) {
  return el("span", { class: "scale" }, el("span", {}, "0"), el("span", {}, duration(total)));
}
