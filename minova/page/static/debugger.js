// SPDX-License-Identifier: Apache-2.0
// The view "Debugger": messages that are held, the rules that hold them, and faults on the bus.

import { act, submit } from "./actions.js";
import { get } from "./api.js";
import { byId, el, onAction, show } from "./dom.js";
import { clock, count, pretty } from "./format.js";

const PATTERNS = ["method", "host", "server", "exchange", "routing_key"];
// Of so many held messages the payload is read, too.
const IN_FULL = 20;

export class DebuggerView {
  constructor({ refreshSoon }) {
    this._refreshSoon = refreshSoon;
    // Id of a held message to its payload.
    this._payloads = new Map();
    fillInCriteria();
    onAction(byId("panel-debugger"), "click", {
      step: (button) => this._act(button, "POST", "api/debug/step", stepBody(button), "The message was let go."),
      "clear-holds": (button) => this._act(button, "DELETE", "api/debug/holds", {}, "All holds are cleared."),
      "clear-hold": (button) => this._clear(button, "holds", "The hold is cleared."),
      "clear-faults": (button) => this._act(button, "DELETE", "api/debug/faults", {}, "All faults are cleared."),
      "clear-fault": (button) => this._clear(button, "faults", "The fault is cleared."),
    });
    byId("hold-form").addEventListener("submit", (event) => this._add(event, "holds", holdBody, "Such messages are held from now on."));
    byId("fault-form").addEventListener("submit", (event) => this._add(event, "faults", faultBody, "The fault is in place."));
    byId("fault-form").elements.action.addEventListener("change", showDelay);
    showDelay();
  }

  opened() {}

  async refresh() {
    const debug = await get("api/debug");
    byId("debugger-area").hidden = !debug.available;
    show(byId("debugger-unavailable"), debug.available ? null : el("p", { class: "notice" }, debug.reason));
    if (debug.available) {
      showHeld(debug.held, await this._readPayloads(debug.held.slice(0, IN_FULL)));
      showRules("holds", debug.holds, holdWords, "Nothing is held.");
      showRules("faults", debug.faults, faultWords, "Nothing is broken.");
    }
  }

  // Each is read once; what is held no longer is forgotten.
  async _readPayloads(held) {
    const known = this._payloads;
    const read = ({ id }) => known.get(id) ?? heldPayload(id);
    this._payloads = new Map(await Promise.all(held.map(async (message) => [message.id, await read(message)])));
    return this._payloads;
  }

  async _act(button, method, path, body, done) {
    await act(button, method, path, body, done);
    this._refreshSoon();
  }

  _clear(button, kind, done) {
    return this._act(button, "DELETE", `api/debug/${kind}/${encodeURIComponent(button.dataset.rule)}`, {}, done);
  }

  async _add(event, kind, bodyOf, done) {
    event.preventDefault();
    const form = event.target;
    if (await submit(form, "POST", `api/debug/${kind}`, bodyOf(new FormData(form)), done)) {
      form.reset();
      showDelay();
    }
    this._refreshSoon();
  }
}

// What a hold and a fault choose messages by alike.
function fillInCriteria() {
  for (const place of document.querySelectorAll("[data-criteria]")) {
    place.replaceWith(byId("criteria").content.cloneNode(true));
  }
}

function showDelay() {
  byId("delay-field").hidden = byId("fault-form").elements.action.value !== "delay";
}

function stepBody(button) {
  return button.dataset.held ? { id: Number(button.dataset.held) } : {};
}

function holdBody(fields) {
  return { ...given(fields, PATTERNS), ...kindsOf(fields) };
}

function kindsOf(fields) {
  return fields.get("kind") ? { kinds: [fields.get("kind")] } : {};
}

function faultBody(fields) {
  const action = fields.get("action");
  const body = { action, ...given(fields, ["method", "host"]), ...kindsOf(fields), probability: Number(fields.get("probability")) };
  for (const name of ["count", "expires_seconds", ...(action === "delay" ? ["delay_seconds"] : [])]) {
    if (fields.get(name)) {
      body[name] = Number(fields.get(name));
    }
  }
  return body;
}

// What was filled in.
function given(fields, names) {
  return Object.fromEntries(names.map((name) => [name, fields.get(name).trim()]).filter(([, value]) => value));
}

async function heldPayload(id) {
  try {
    return (await get(`api/debug/held/${id}`)).payload;
  } catch (error) {
    // It was let go meanwhile.
    return error.message;
  }
}

function showHeld(held, payloads) {
  show(byId("held-actions"), held.length > 0 && el("button", { type: "button", class: "button primary", "data-action": "step" }, "Step: let the oldest go"));
  show(byId("held"), held.length > 0 ? el("ul", { class: "rules" }, held.map((message) => heldRow(message, payloads.get(message.id)))) : el("p", { class: "empty" }, "No message is held. Add a hold below, then boot a server."));
}

function heldRow(message, payload) {
  const name = [message.kind, message.method].filter(Boolean).join(" ") || "message";
  return el(
    "li",
    { "data-key": message.id },
    el(
      "div",
      { class: "held" },
      el("p", {}, el("strong", {}, name), ` in `, el("code", {}, message.queue), el("span", { class: "detail" }, heldDetails(message))),
      message.request_id && el("a", { href: `#messages/${encodeURIComponent(message.request_id)}/${encodeURIComponent(message.unique_id)}` }, "See it in its diagram"),
      payload && el("details", { "data-key": "body", open: true }, el("summary", {}, "Payload"), el("pre", { class: "scroll", tabindex: "0", role: "group", "aria-label": `Payload of ${name}` }, readable(payload))),
    ),
    el("button", { type: "button", class: "button small", "data-key": "step", "data-action": "step", "data-held": message.id, "aria-label": `Let ${name} in ${message.queue} go` }, "Let it go"),
  );
}

function heldDetails(message) {
  return [`held since ${clock(message.since)}`, message.sender && `from ${message.sender}`, message.server_names.join(", ")].filter(Boolean).join(" · ");
}

// The message itself stands as a string within the envelope.
function readable(payload) {
  try {
    return pretty(JSON.parse(payload)["oslo.message"]);
  } catch {
    return pretty(payload);
  }
}

function showRules(kind, rules, words, none) {
  const noun = kind.slice(0, -1);
  show(
    byId(kind),
    rules.length === 0 && el("p", { class: "empty" }, none),
    rules.length > 0 &&
      el(
        "ul",
        { class: "rules" },
        rules.map((rule) =>
          el(
            "li",
            { "data-key": rule.id },
            el("span", {}, words(rule), el("span", { class: "detail" }, progress(rule))),
            el("button", { type: "button", class: "button small", "data-key": "clear", "data-action": `clear-${noun}`, "data-rule": rule.id, "aria-label": `Clear ${noun} ${rule.id}: ${words(rule)}` }, "Clear"),
          ),
        ),
      ),
    rules.length > 1 && el("button", { type: "button", class: "button", "data-action": `clear-${kind}` }, `Clear all ${kind}`),
  );
}

// A hold counts the messages that it held; a fault those that matched, and those that it broke.
function progress(rule) {
  if (rule.hits === undefined) {
    return `has held ${count(rule.count, "message")}`;
  }
  return `has met ${count(rule.hits, "message")}, broke ${rule.strikes}${rule.spent ? "; it is spent" : ""}`;
}

function holdWords(hold) {
  return patternWords(hold) || "every message";
}

function faultWords(fault) {
  return [
    fault.action === "delay" ? `delay by ${fault.delay_seconds} s` : fault.action,
    patternWords(fault),
    fault.probability < 1 && `with probability ${fault.probability}`,
    fault.count && `at most ${fault.count}`,
    fault.expires_at && `until ${clock(fault.expires_at)}`,
  ].filter(Boolean).join(", ");
}

function patternWords(rule) {
  const kinds = rule.kinds.length > 0 ? [`only ${rule.kinds.join(", ")}`] : [];
  return [...PATTERNS.filter((name) => rule[name]).map((name) => `${name.replace("_", " ")} ${rule[name]}`), ...kinds].join(", ");
}
