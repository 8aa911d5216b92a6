// SPDX-License-Identifier: Apache-2.0
// How the scheduler chose: for each decision the hosts by filters, and the weights of the hosts that were left.

import { el } from "./dom.js";
import { clockOfText, count } from "./format.js";
import { table } from "./table.js";

// The decisions about one server, oldest first, as elements.
export function decisions(found) {
  if (found.length === 0) {
    return el("p", { class: "empty" }, "No decision about this server is kept.");
  }
  return found.map((decision, at) =>
    el(
      "section",
      { class: "decision", "data-key": `${decision.request_id}-${at}` },
      el("h3", {}, `Attempt ${decision.attempt}: ${outcome(decision)}`),
      el("p", { class: "hint" }, `${clockOfText(decision.time)} · ${count(decision.considered, "host")} considered, ${decision.left} left after the filters`),
      filterTable(decision),
      weightTable(decision),
    ),
  );
}

function outcome(decision) {
  if (!decision.host) {
    return decision.undone ? `no host, since ${decision.undone}` : "no host";
  }
  const alternates = decision.alternates.join(", ");
  return `${decision.host} was chosen${alternates ? `; next best ${alternates}` : ""}`;
}

// One row for each host, one column for each filter.
function filterTable(decision) {
  const names = decision.filters.map((filter) => filter.name);
  const rows = decision.hosts.map((host) => ({
    key: host.host,
    cells: [host.host, ...names.map((name) => verdict(host.filters[name]))],
  }));
  return [el("h4", {}, "Filters"), table("What each filter said of each host", ["Host", ...names], rows, { cards: true }), notNamed(decision)];
}

function verdict({ answer, reason }) {
  if (answer === "not asked") {
    return el("span", { class: "state muted" }, "not asked");
  }
  const passed = answer === "passed";
  return el(
    "span",
    { class: passed ? "state good" : "state bad" },
    el("span", { "aria-hidden": "true" }, passed ? "✓ " : "✕ "),
    passed ? "passed" : `refused: ${reason}`,
  );
}

// Of many hosts only some are kept by name.
function notNamed(decision) {
  const missing = decision.considered - decision.hosts.length;
  return missing > 0 && el("p", { class: "hint" }, `and ${count(missing, "further host")}, whose names were not kept.`);
}

function weightTable(decision) {
  const weighed = decision.hosts.filter((host) => host.weight !== null);
  if (weighed.length === 0) {
    return null;
  }
  const rows = weighed.map((host) => ({
    key: host.host,
    changed: host.chosen ? "chosen" : null,
    cells: [
      [host.host, host.chosen && [" ", el("span", { class: "mark good" }, "chosen")]],
      fixed(host.weight),
      ...decision.weighers.map((name) => fixed(host.weighers[name])),
    ],
  }));
  return [el("h4", {}, "Weights"), table("Weights of the hosts that were left", ["Host", "Sum", ...decision.weighers], rows, { cards: true })];
}

function fixed(number) {
  return el("span", { class: "number" }, Number.isFinite(number) ? number.toFixed(3) : "–");
}
