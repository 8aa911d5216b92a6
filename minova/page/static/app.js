// SPDX-License-Identifier: Apache-2.0
// The page: wires the views, the tabs and the address together, and says how it stands with the API and the broker.

import { get } from "./api.js";
import { BootForm } from "./boot.js";
import { DebuggerView } from "./debugger.js";
import { byId, el, onAction, show } from "./dom.js";
import { clock, count } from "./format.js";
import { Live } from "./live.js";
import { RequestsView } from "./requests.js";
import { ServersView } from "./servers.js";
import { ServicesView } from "./services.js";
import { Tabs } from "./tabs.js";
import { TopologyView } from "./topology.js";

class Page {
  constructor() {
    const context = { go: (parts, quietly) => this._go(parts, quietly), refreshSoon: () => this._live.soon() };
    this._live = new Live((news) => this._refresh(news));
    this._views = {
      messages: new RequestsView(context),
      servers: new ServersView(context),
      topology: new TopologyView(context),
      services: new ServicesView(context),
      debugger: new DebuggerView(context),
    };
    this._open = null;
    // When messages were last missed, as far as the user has read of it.
    this._read = null;
    this._lostAt = null;
    this._boot = new BootForm((answer) => this._booted(answer));
    this._tabs = new Tabs(byId("tabs"), (name, rest) => this._opened(name, rest));
    onAction(document.body, "click", {
      "open-boot": () => this._boot.open(),
      "close-boot": () => this._boot.close(),
      "dismiss-lost": () => this._dismissLost(),
      skip: (_, event) => skip(event),
    });
  }

  start() {
    this._tabs.openFromHash();
    this._live.start();
  }

  _opened(name, rest) {
    this._open = name;
    this._views[name].opened(rest);
    this._live.soon();
  }

  // Change the address; `quietly` without a step in the browser's history.
  _go(parts, quietly = false) {
    const hash = `#${parts.filter(Boolean).map(encodeURIComponent).join("/")}`;
    if (quietly) {
      history.replaceState(null, "", hash);
    } else {
      location.hash = hash;
    }
  }

  async _refresh(news) {
    const name = this._open;
    const [state, view] = await Promise.allSettled([get("api/state"), this._views[name].refresh(news)]);
    if (state.status === "fulfilled") {
      showState(state.value);
      this._lostAt = state.value.bus.lost_at;
    } else {
      show(byId("status"), "not connected");
    }
    show(byId("trouble"), troubles(state, view, name === this._open, this._read));
  }

  // Until more are missed.
  _dismissLost() {
    this._read = this._lostAt;
    this._live.soon();
    byId("content").focus();
  }

  // The messages of what was just asked for are what one wants to see.
  _booted(answer) {
    if (this._open === "messages" && answer?.request_id) {
      this._views.messages.follow(answer.request_id);
    }
    this._live.soon();
  }
}

function skip(event) {
  event.preventDefault();
  byId("content").focus();
}

function showState(state) {
  const { bus } = state;
  const words = [
    bus.state !== "connected" ? "broker away" : bus.tracing === false ? "tracing off" : "watching",
    count(state.trace.messages, "message"),
  ];
  show(byId("status"), el("span", { class: `dot ${bus.state === "connected" && bus.tracing !== false ? "good" : "bad"}`, "aria-hidden": "true" }), words.join(" · "));
}

function troubles(state, view, current, read) {
  if (state.status === "rejected") {
    return trouble("page", `${state.reason.message} Is minova up still running? This page tries again by itself.`);
  }
  const { bus } = state.value;
  return [
    bus.state !== "connected" && trouble("bus", `The broker is away. ${bus.reason ?? ""} Messages appear again when it is back.`),
    bus.tracing === false && trouble("tracing", bus.hint),
    bus.lost_at !== null && bus.lost_at !== read && trouble("lost", lostWords(bus), dismissLost()),
    current && view.status === "rejected" && trouble("view", problem(view.reason)),
  ];
}

function lostWords(bus) {
  return (
    `Diagrams have gaps: this page was paused or too slow, and the broker threw away at least ${count(bus.lost_copies, "copy", "copies")} of messages ` +
    `meant for it, the last before ${clock(bus.lost_at)}. The services got their messages.`
  );
}

function dismissLost() {
  return el("button", { type: "button", class: "button small", "data-action": "dismiss-lost" }, "Dismiss");
}

function problem(error) {
  if (error.name !== "Error") {
    console.error(error);
  }
  return error.message;
}

// A hint may hold what is to be typed in lines of its own.
function trouble(key, text, button = null) {
  const lines = text.split("\n");
  return el(
    "div",
    { class: "notice bad", "data-key": key },
    lines.map((line) => (line.startsWith("  ") ? el("pre", {}, line.trim()) : el("p", {}, line))),
    button,
  );
}

new Page().start();
