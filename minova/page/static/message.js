// SPDX-License-Identifier: Apache-2.0
// One message in full: what it is at a glance, each field explained, and the payload as it was sent.

import { el } from "./dom.js";
import { clock, duration, pretty, processName, size } from "./format.js";
import { shortened } from "./names.js";

const PARTS = [
  ["property", "AMQP properties"],
  ["envelope", "Envelope of oslo.messaging"],
  ["context", "Context of the request"],
  ["payload", "Payload"],
];
const NOTE_WORDS = {
  held: "held by a hold",
  released: "let go",
  dropped: "lost by a fault",
  delayed: "delayed by a fault",
  duplicated: "doubled by a fault",
  corrupted: "damaged by a fault",
  timed_out: "not answered in time",
};

// The answer of api/messages/<id> as elements.
export function messageBody({ message, fields }) {
  return [
    facts(message),
    message.notes?.length > 0 && notes(message),
    PARTS.map(([where, title], at) => part(title, fields.filter((field) => field.where === where), at !== 2)),
    el("details", { "data-key": "raw" }, el("summary", {}, "Decoded body as JSON"), block(message.body)),
  ];
}

function facts(message) {
  const rows = [
    ["From", processName(message.sender)],
    ["To", message.kind === "reply" ? processName(message.recipient) : destination(message)],
    ["Exchange", message.exchange || "the default exchange"],
    ["Routing key", shortened(message.routing_key)],
    ["Queues", (message.queues ?? []).map(shortened).join(", ")],
    ["Size", size(message.size_bytes)],
    ["Published", clock(message.time)],
    ["Delivered", delivered(message)],
    ["Raised", message.failure],
  ];
  return el(
    "dl",
    { class: "facts", "data-key": "facts" },
    rows.filter(([, value]) => value).map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))),
  );
}

function destination(message) {
  return message.kind === "fanout" ? `all of ${message.exchange.replace(/_fanout$/, "")}` : message.routing_key;
}

function delivered(message) {
  return (message.delivered ?? [])
    .map(({ queue, time }) => `${shortened(queue)}, after ${duration(time - message.time)}`)
    .join("; ");
}

function notes(message) {
  return el(
    "ul",
    { class: "notes", "data-key": "notes" },
    message.notes.map((note) =>
      el("li", {}, `${clock(note.time)} `, el("strong", {}, NOTE_WORDS[note.what] ?? note.what), note.text && `: ${note.text}`),
    ),
  );
}

function part(title, fields, open) {
  if (fields.length === 0) {
    return null;
  }
  return el(
    "details",
    { "data-key": title, open },
    el("summary", {}, `${title} `, el("span", { class: "number" }, `(${fields.length})`)),
    el("dl", { class: "fields" }, fields.map(field)),
  );
}

function field({ name, value, explanation }) {
  return el(
    "div",
    { class: "explained" },
    el("dt", {}, el("code", {}, name)),
    el("dd", { class: "value" }, isLong(value) ? block(value) : el("code", {}, plain(value))),
    el("dd", { class: "explanation" }, explanation),
  );
}

function isLong(value) {
  return (value !== null && typeof value === "object" && Object.keys(value).length > 0) || plain(value).length > 90;
}

function plain(value) {
  return typeof value === "string" ? value || '""' : JSON.stringify(value) ?? "";
}

function block(value) {
  return el("pre", { class: "scroll", tabindex: "0", role: "group", "aria-label": "JSON" }, pretty(value));
}
