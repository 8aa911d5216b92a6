// SPDX-License-Identifier: Apache-2.0
// The view "Servers": what runs where, what can be done to it, and the hosts.

import { act } from "./actions.js";
import { get } from "./api.js";
import { decisions } from "./decisions.js";
import { byId, el, onAction, show } from "./dom.js";
import { table } from "./table.js";

const SIGNS = { ACTIVE: "●", BUILD: "◐", ERROR: "✕", SHUTOFF: "○", REBOOT: "◐", HARD_REBOOT: "◐", DELETED: "–" };
// In these a server can leave a host that is down.
const EVACUABLE = ["ACTIVE", "SHUTOFF", "ERROR"];
const CLASSES = { ACTIVE: "good", ERROR: "bad", SHUTOFF: "muted", DELETED: "muted" };

export class ServersView {
  constructor({ go, refreshSoon }) {
    this._go = go;
    this._refreshSoon = refreshSoon;
    this._servers = [];
    this._flavors = new Map();
    // Names of the hosts that are down.
    this._down = new Set();
    this._chosen = null;
    this._focusDecisions = false;
    onAction(byId("panel-servers"), "click", {
      power: (button) => this._power(button),
      delete: (button) => this._delete(button),
      decide: () => (this._focusDecisions = true),
      "close-decisions": () => this._close(),
    });
  }

  // The address may name a server, whose scheduling is then shown.
  opened([server]) {
    this._chosen = server ?? null;
    byId("decisions-card").hidden = !this._chosen;
  }

  async refresh() {
    const [servers, hosts] = await Promise.all([get("api/servers"), get("api/hosts")]);
    this._servers = servers.servers;
    this._down = new Set(hosts.hosts.filter((host) => host.state !== "up").map((host) => host.host));
    await this._learnFlavors();
    show(byId("server-table"), this._table());
    show(byId("host-table"), hostTable(hosts.hosts));
    await this._refreshDecisions();
  }

  // Flavors are asked for only when a server has one whose name is not known.
  async _learnFlavors() {
    if (this._servers.some((server) => !this._flavors.has(server.flavor))) {
      const { flavors } = await get("api/choices");
      this._flavors = new Map(flavors.map((flavor) => [flavor.id, flavor.name]));
    }
  }

  async _refreshDecisions() {
    const chosen = this._chosen;
    if (!chosen) {
      return;
    }
    const answer = await get(`api/decisions/${encodeURIComponent(chosen)}`);
    if (chosen !== this._chosen) {
      return;
    }
    byId("decisions-heading").textContent = `Scheduling of ${this._nameOf(chosen)}`;
    show(byId("decisions"), decisions(answer.decisions));
    if (this._focusDecisions) {
      this._focusDecisions = false;
      byId("decisions-heading").focus();
    }
  }

  _nameOf(id) {
    return this._servers.find((server) => server.id === id)?.name ?? id;
  }

  _table() {
    if (this._servers.length === 0) {
      return el(
        "p",
        { class: "empty" },
        "There is no server yet. ",
        el("button", { type: "button", class: "button", "data-action": "open-boot" }, "Boot one"),
      );
    }
    const rows = this._servers.map((server) => row(server, this._flavors.get(server.flavor), this._down.has(server.host)));
    return table("Servers", ["Name", "Status", "Host", "Flavor", "What can be done"], rows, { cards: true });
  }

  async _power(button) {
    const { server, what } = button.dataset;
    const name = this._nameOf(server);
    await act(button, "POST", `api/servers/${encodeURIComponent(server)}/${what}`, {}, `Asked to ${what} ${name}.`);
    this._refreshSoon();
  }

  async _delete(button) {
    const id = button.dataset.server;
    await act(button, "DELETE", `api/servers/${encodeURIComponent(id)}`, undefined, `Asked to delete ${this._nameOf(id)}.`);
    this._refreshSoon();
  }

  _close() {
    const id = this._chosen;
    this._go(["servers"]);
    document.querySelector(`[data-key="${CSS.escape(id)}"] [data-action=decide]`)?.focus();
  }
}

function row(server, flavor, isDown) {
  return {
    key: server.id,
    cells: [
      [el("span", { class: "name" }, server.name), el("code", { class: "id" }, server.id)],
      status(server),
      [server.host || "–", isDown && el("span", { class: "detail" }, hostState("down"))],
      flavor ?? server.flavor,
      buttons(server, isDown),
    ],
  };
}

function status(server) {
  return [
    el(
      "span",
      { class: `state ${CLASSES[server.status] ?? "busy"}` },
      el("span", { "aria-hidden": "true" }, SIGNS[server.status] ?? "◐"),
      ` ${server.status}`,
    ),
    server.task_state && el("span", { class: "detail" }, server.task_state),
    server.fault && el("span", { class: "detail fault" }, server.fault),
  ];
}

function buttons(server, isDown) {
  const running = server.status === "ACTIVE";
  return el(
    "span",
    { class: "actions" },
    running && power(server, "reboot", "Reboot"),
    running && power(server, "stop", "Stop"),
    server.status === "SHUTOFF" && power(server, "start", "Start"),
    isDown && EVACUABLE.includes(server.status) && power(server, "evacuate", "Evacuate"),
    el(
      "button",
      { type: "button", class: "button small danger", "data-key": "delete", "data-action": "delete", "data-server": server.id, "aria-label": `Delete ${server.name}` },
      "Delete",
    ),
    el(
      "a",
      { class: "button small", "data-key": "decide", "data-action": "decide", href: `#servers/${server.id}`, "aria-label": `Scheduling of ${server.name}` },
      "Scheduling",
    ),
  );
}

function power(server, what, label) {
  return el(
    "button",
    {
      type: "button",
      class: "button small",
      "data-key": what,
      "data-action": "power",
      "data-what": what,
      "data-server": server.id,
      "aria-label": `${label} ${server.name}`,
    },
    label,
  );
}

function hostTable(hosts) {
  if (hosts.length === 0) {
    return el("p", { class: "empty" }, "No compute host has reported yet.");
  }
  const inOrder = hosts.toSorted((one, other) => one.host.localeCompare(other.host, "en", { numeric: true }));
  return table("Hosts", ["Host", "State", "Running servers", "vCPUs", "Memory (MB)", "Disk (GB)"], inOrder.map(hostRow), { cards: true });
}

function hostRow(host) {
  return {
    key: host.host,
    cells: [
      host.host,
      [hostState(host.state), host.status === "disabled" && ", disabled"],
      host.running_vms,
      usage(host.vcpus_used, host.vcpus),
      usage(host.memory_mb_used, host.memory_mb),
      usage(host.local_gb_used, host.local_gb),
    ],
  };
}

function hostState(state) {
  const [sign, look] = state === "up" ? ["●", "good"] : ["✕", "bad"];
  return el("span", { class: `state ${look}` }, el("span", { "aria-hidden": "true" }, sign), ` ${state}`);
}

function usage(used, all) {
  const bar = el("span", { class: "usage", "aria-hidden": "true" }, el("span"));
  bar.firstChild.style.setProperty("--width", `${Math.min(100, all > 0 ? (used / all) * 100 : 0).toFixed(1)}%`);
  return [`${used.toLocaleString("en")} of ${all.toLocaleString("en")}`, bar];
}
