// SPDX-License-Identifier: Apache-2.0
// The view "Services": the processes of `minova up`, and buttons that kill, stop, start and pause them.

import { act } from "./actions.js";
import { get } from "./api.js";
import { byId, el, onAction, show } from "./dom.js";
import { clock, count } from "./format.js";

// In this order, as far as the state of a service allows them.
const BUTTONS = [
  ["resume", "Resume", "primary"],
  ["start", "Start", "primary"],
  ["kill", "Kill", "danger"],
  ["restart", "Restart"],
  ["pause", "Pause"],
  ["stop", "Stop"],
];
const SIGNS = {
  running: ["●", "good"],
  paused: ["‖", "busy"],
  stopped: ["○", "muted"],
  starting: ["◐", "busy"],
  stopping: ["◐", "busy"],
};

export class ServicesView {
  constructor({ refreshSoon }) {
    this._refreshSoon = refreshSoon;
    onAction(byId("panel-services"), "click", { service: (button) => this._act(button) });
  }

  opened() {}

  async refresh() {
    const { services, reason } = await get("api/services");
    show(byId("service-list"), services.length > 0 ? el("ul", { class: "services" }, services.map(card)) : el("p", { class: "empty" }, reason));
  }

  async _act(button) {
    const { service, what } = button.dataset;
    await act(button, "POST", `api/services/${encodeURIComponent(service)}/${what}`, {}, (answer) => answer.done);
    this._refreshSoon();
  }
}

function card(service) {
  const [sign, look] = SIGNS[service.state] ?? ["✕", "bad"];
  return el(
    "li",
    { class: "service", "data-key": service.name },
    el("h3", {}, service.name),
    el("p", { class: `state ${look}` }, el("span", { "aria-hidden": "true" }, sign), " ", el("span", {}, service.state)),
    el("p", { class: "detail" }, details(service).join(" · ")),
    el("div", { class: "actions" }, BUTTONS.filter(([what]) => service.actions.includes(what)).map((each) => button(service, ...each))),
  );
}

function details(service) {
  return [
    service.pid && `process ${service.pid}`,
    service.restarts > 0 && `restarted ${count(service.restarts, "time")}`,
    service.processes > 1 && count(service.processes, "process", "processes"),
    service.memory_bytes > 0 && `${Math.round(service.memory_bytes / 1e6)} MB`,
    service.outcome && `ended with ${service.outcome}`,
    service.restart_at && `starts again at ${clock(service.restart_at)}`,
  ].filter(Boolean);
}

function button(service, what, label, look = "") {
  return el(
    "button",
    {
      type: "button",
      class: `button small ${look}`,
      "data-key": what,
      "data-action": "service",
      "data-service": service.name,
      "data-what": what,
      "aria-label": `${label} ${service.name}`,
    },
    label,
  );
}
