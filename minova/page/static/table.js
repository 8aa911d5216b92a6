// SPDX-License-Identifier: Apache-2.0
// Tables that scroll in their own box, or become cards on a phone, and stay tables for a screen reader.

import { el } from "./dom.js";

// `columns` are names; a row is {key, changed, cells}, whose first cell is its header. As cards on a narrow screen.
export function table(caption, columns, rows, { cards = false } = {}) {
  // display: block takes a table's roles away, so that they are said.
  return el(
    "div",
    { class: cards ? "scroll cards" : "scroll", tabindex: "0", role: "group", "aria-label": caption },
    el(
      "table",
      { role: "table" },
      el("caption", { class: "visually-hidden" }, caption),
      el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, columns.map(columnHeader))),
      el("tbody", { role: "rowgroup" }, rows.map((row) => rowOf(row, columns))),
    ),
  );
}

function columnHeader(name) {
  return el("th", { scope: "col", role: "columnheader" }, name);
}

function rowOf({ key, changed, cells }, columns) {
  return el(
    "tr",
    { "data-key": key, class: changed, role: "row" },
    cells.map((cell, at) =>
      at === 0
        ? el("th", { scope: "row", role: "rowheader" }, cell)
        : el("td", { role: "cell", "data-label": columns[at], class: typeof cell === "number" ? "number" : null }, cell),
    ),
  );
}
