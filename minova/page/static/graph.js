// SPDX-License-Identifier: Apache-2.0
// The topology as a drawing: exchanges, queues and processes in three columns, with lines for bindings and consumers.

import { shape } from "./dom.js";
import { processOf, shortened } from "./names.js";

const ROW = 30;
const BOX = 22;
const TOP = 34;
const COLUMNS = {
  exchange: { x: 8, width: 190, title: "Exchanges" },
  queue: { x: 320, width: 310, title: "Queues" },
  process: { x: 760, width: 190, title: "Processes" },
};
const WIDTH = 958;

// An SVG; for a screen reader it is one picture, since the tables say the same.
export function graph(topology, changes) {
  const nodes = layout(topology);
  const rows = Math.max(...["exchange", "queue", "process"].map((kind) => nodes.filter((node) => node.kind === kind).length));
  const height = TOP + rows * ROW;
  return shape(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": `${countOf(nodes, "exchange")} exchanges, ${countOf(nodes, "queue")} queues, ${countOf(nodes, "process")} processes` },
    Object.values(COLUMNS).map(({ x, title }) => shape("text", { x, y: 16, class: "column" }, title)),
    lines(topology, nodes),
    nodes.map((node) => box(node, changes)),
  );
}

function countOf(nodes, kind) {
  return nodes.filter((node) => node.kind === kind).length;
}

// {kind, name, text, note, x, y}: each column is spread over the height of the longest.
function layout(topology) {
  const bound = new Set(topology.bindings.map((binding) => binding.source));
  const exchanges = topology.exchanges.filter(({ name }) => name !== "" && bound.has(name));
  const queues = [...topology.queues].sort((one, other) => one.name.localeCompare(other.name));
  const processes = inOrderOfQueues(topology, queues);
  const rows = Math.max(exchanges.length, queues.length, processes.length);
  return [
    ...placed("exchange", rows, exchanges.map(({ name, type }) => ({ name, text: name, note: type }))),
    ...placed("queue", rows, queues.map((queue) => ({ name: queue.name, text: shortened(queue.name), note: String(queue.messages), queue }))),
    ...placed("process", rows, processes.map((name) => ({ name, text: name, note: "" }))),
  ];
}

// Each process beside the queues that it consumes, so that few lines cross.
function inOrderOfQueues({ connections, consumers }, queues) {
  const places = new Map(connections.map((connection) => [processOf(connection.client), []]));
  const clients = new Map(connections.map((connection) => [connection.name, processOf(connection.client)]));
  for (const { queue, connection } of consumers) {
    places.get(clients.get(connection))?.push(queues.findIndex(({ name }) => name === queue));
  }
  const mean = (name) => places.get(name).reduce((sum, place) => sum + place, 0) / Math.max(places.get(name).length, 1);
  return [...places.keys()].sort((one, other) => mean(one) - mean(other) || one.localeCompare(other));
}

function placed(kind, rows, items) {
  const step = (rows * ROW) / Math.max(items.length, 1);
  return items.map((item, at) => ({ ...item, kind, x: COLUMNS[kind].x, y: TOP + step * (at + 0.5) - BOX / 2 }));
}

function lines(topology, nodes) {
  const find = (kind, name) => nodes.find((node) => node.kind === kind && node.name === name);
  const clients = new Map(topology.connections.map((connection) => [connection.name, processOf(connection.client)]));
  const bindings = topology.bindings.map(({ source, destination }) => [find("exchange", source), find("queue", destination), "binding"]);
  const consumers = topology.consumers.map(({ queue, connection }) => [find("queue", queue), find("process", clients.get(connection)), "consumer"]);
  return [...bindings, ...consumers].filter(([from, to]) => from && to).map(line);
}

function line([from, to, look]) {
  const x1 = from.x + COLUMNS[from.kind].width;
  const y1 = from.y + BOX / 2;
  const y2 = to.y + BOX / 2;
  const bend = (to.x - x1) / 2;
  return shape(
    "path",
    { "data-key": `${from.name}|${to.name}`, class: `line ${look}`, d: `M${x1} ${y1}C${x1 + bend} ${y1} ${to.x - bend} ${y2} ${to.x} ${y2}` },
    shape("title", {}, `${from.text} → ${to.text}`),
  );
}

function box(node, changes) {
  const { width } = COLUMNS[node.kind];
  const isNew = changes.isNew(node.kind, node.name);
  const full = node.queue?.messages > 0;
  // What is one connection's alone is that one's to leave: the page counts so what it has missed.
  const deserted = node.queue && node.queue.consumers === 0 && !node.queue.exclusive;
  return shape(
    "g",
    { "data-key": `${node.kind} ${node.name}`, class: ["node", node.kind, isNew && "new", full && "full", deserted && "deserted"].filter(Boolean).join(" ") },
    shape("title", {}, `${node.name}${deserted ? " has no consumer" : ""}`),
    shape("rect", { x: node.x, y: node.y, width, height: BOX, rx: 5 }),
    shape("text", { x: node.x + 8, y: node.y + 15 }, node.text),
    shape("text", { x: node.x + width - 8, y: node.y + 15, class: "note" }, [isNew && "new", deserted && "no consumer", node.note].filter(Boolean).join(" · ")),
  );
}
