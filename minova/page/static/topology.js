// SPDX-License-Identifier: Apache-2.0
// The view "Topology": what is on the broker, as a drawing and as tables, and what of it has come or gone.

import { get } from "./api.js";
import { Changes } from "./changes.js";
import { byId, el, show } from "./dom.js";
import { clock, count } from "./format.js";
import { graph } from "./graph.js";
import { processOf, shortened } from "./names.js";
import { table } from "./table.js";

export class TopologyView {
  constructor() {
    this._changes = new Changes();
  }

  opened() {}

  async refresh() {
    const topology = await get("api/topology");
    this._changes.see(itemsOf(topology), Date.now() / 1000);
    show(byId("graph"), drawing(topology, this._changes));
    show(byId("changes"), changeList(this._changes.log));
    show(byId("topology-reason"), reason(topology));
    show(byId("topology-tables"), tables(topology, this._changes));
  }
}

// [kind, name] of all that may come and go.
function itemsOf({ exchanges, queues, bindings, connections }) {
  return [
    ...exchanges.map((exchange) => ["exchange", exchange.name]),
    ...queues.map((queue) => ["queue", queue.name]),
    ...bindings.map((binding) => ["binding", bindingName(binding)]),
    ...new Set(connections.map((connection) => processOf(connection.client))),
  ].map((item) => (typeof item === "string" ? ["process", item] : item));
}

function bindingName({ source, destination, routing_key: key }) {
  return `${source || "(default)"} → ${destination} by ${key || "(empty)"}`;
}

function reason(topology) {
  return topology.reason && el("p", { class: "notice", "data-key": "reason" }, topology.reason);
}

function drawing(topology, changes) {
  return topology.queues.length > 0 ? graph(topology, changes) : el("p", { class: "empty" }, "There is no queue to be seen.");
}

function changeList(log) {
  if (log.length === 0) {
    return el("p", { class: "empty" }, "Nothing since this page was opened. Kill or start a service, and its queues go and come.");
  }
  return el(
    "ol",
    { class: "log" },
    log.map(({ time, kind, names, came }) =>
      el(
        "li",
        { "data-key": `${time}-${kind}-${came}` },
        el("span", { class: "time" }, clock(time)),
        el("span", { class: `mark ${came ? "good" : "bad"}` }, came ? "came" : "went"),
        ` ${names.length === 1 ? kind : count(names.length, kind)}: `,
        el("code", {}, names.slice(0, 4).map(shortened).join(", ")),
        names.length > 4 && ` and ${names.length - 4} more`,
      ),
    ),
  );
}

function tables(topology, changes) {
  return [
    section("Queues", queueTable(topology, changes)),
    section("Exchanges and bindings", exchangeTable(topology, changes)),
    section("Who is connected", connectionTable(topology)),
  ];
}

function section(title, content) {
  return el("section", { class: "card", "data-key": title, "aria-label": title }, el("h2", {}, title), content);
}

function queueTable({ queues, consumers, connections }, changes) {
  const clients = new Map(connections.map((connection) => [connection.name, processOf(connection.client)]));
  const rows = queues.map((queue) => {
    const mine = consumers.filter((consumer) => consumer.queue === queue.name);
    const who = [...new Set(mine.map((consumer) => clients.get(consumer.connection) ?? "?"))];
    return {
      key: queue.name,
      changed: changes.isNew("queue", queue.name) ? "new" : null,
      cells: [nameCell("queue", queue.name, changes), depth(queue), queue.consumers, who.join(", ") || nobody(queue), features(queue)],
    };
  });
  return table("Queues", ["Queue", "Messages", "Consumers", "Who consumes", "Kind"], rows, { cards: true });
}

function nameCell(kind, name, changes) {
  return [
    el("code", { title: name }, shortened(name) || "(default)"),
    changes.isNew(kind, name) && el("span", { class: "mark good" }, "new"),
  ];
}

function depth(queue) {
  const waiting = queue.unacknowledged > 0 ? ` (${queue.unacknowledged} not acknowledged)` : "";
  return el("span", { class: queue.messages > 0 ? "state busy" : "state muted" }, `${queue.messages}${waiting}`);
}

function nobody(queue) {
  return queue.consumers > 0 ? "?" : el("span", { class: queue.exclusive ? "state muted" : "state bad" }, "nobody");
}

function features(queue) {
  const words = [queue.type, queue.durable && "durable", queue.exclusive && "exclusive", queue.auto_delete && "auto-delete"];
  return words.filter(Boolean).join(", ");
}

function exchangeTable({ exchanges, bindings }, changes) {
  const rows = exchanges.map((exchange) => {
    const mine = bindings.filter((binding) => binding.source === exchange.name);
    return {
      key: exchange.name || "(default)",
      changed: changes.isNew("exchange", exchange.name) ? "new" : null,
      cells: [nameCell("exchange", exchange.name, changes), exchange.type, bindingsOf(exchange, mine)],
    };
  });
  return table("Exchanges and bindings", ["Exchange", "Type", "Bindings: routing key → queue"], rows, { cards: true });
}

function bindingsOf(exchange, mine) {
  if (exchange.name === "") {
    return "every queue by its own name";
  }
  if (mine.length === 0) {
    return el("span", { class: "state muted" }, "none");
  }
  return el(
    "details",
    {},
    el("summary", {}, count(mine.length, "binding")),
    el("ul", { class: "plain" }, mine.map((binding) => el("li", {}, el("code", {}, `${binding.routing_key || "(empty)"} → ${shortened(binding.destination)}`)))),
  );
}

function connectionTable({ connections }) {
  const rows = connections.map((connection) => ({
    key: connection.name,
    cells: [processOf(connection.client), connection.user, connection.channels ?? "–", el("code", {}, connection.name)],
  }));
  return table("Who is connected", ["Process", "User", "Channels", "Connection"], rows, { cards: true });
}
