// SPDX-License-Identifier: Apache-2.0
// The view "Messages": the recent requests, the diagram of the chosen one, one message in full, and the timeline.

import { get, PageError } from "./api.js";
import { Diagram } from "./diagram.js";
import { byId, el, onAction, show } from "./dom.js";
import { clock, count, duration } from "./format.js";
import { messageBody } from "./message.js";
import { timeline } from "./timeline.js";

// More rows than these nobody reads; the filter finds the others.
const LISTED = 100;
const ASKED = 500;
const MARKS = { running: "busy", failed: "bad", unfinished: "busy", recovered: "good" };

export class RequestsView {
  constructor({ go, refreshSoon }) {
    this._go = go;
    this._refreshSoon = refreshSoon;
    this._requests = [];
    // Requests and messages that are not in that list.
    this._unlisted = 0;
    this._forgotten = 0;
    // What the records say: request id to {outcome, reason}, and uuid to name of servers that no message names.
    this._outcomes = new Map();
    this._names = new Map();
    this._asksOutcomes = false;
    this._request = null;
    this._id = null;
    this._message = null;
    this._diagram = new Diagram(byId("diagram"), {
      chosen: (id) => this._open(id, true),
      moved: (id) => this._message && this._open(id, false),
    });
    this._listen();
  }

  // The address asks for a request, and for one of its messages.
  opened([id, message]) {
    if (id && id !== this._id) {
      byId("follow").checked = false;
      this._choose(id);
    }
    if (message) {
      this._message = message;
    }
  }

  // Show what was just asked for, and what is asked after that.
  follow(id) {
    byId("follow").checked = true;
    this._choose(id);
    this._go(["messages", id], true);
  }

  async refresh(news) {
    if (news.has("requests")) {
      const { requests, total, forgotten_messages: forgotten } = await get(`api/requests?limit=${ASKED}${byId("background").checked ? "" : "&routine=no"}`);
      this._requests = requests;
      this._unlisted = total - requests.length;
      this._forgotten = forgotten;
    }
    this._followNewest();
    this._showList();
    this._readOutcomes();
    if (!this._request || this._request.request.running || news.hasRequest(this._id)) {
      await this._refreshRequest();
    }
  }

  // Nothing waits for this: the messages are seen without the API, too.
  async _readOutcomes() {
    if (this._asksOutcomes) {
      return;
    }
    this._asksOutcomes = true;
    try {
      const { outcomes, names } = await get("api/outcomes");
      this._outcomes = new Map(Object.entries(outcomes));
      this._names = new Map(Object.entries(names));
      this._showList();
      this._showHead();
    } catch (error) {
      if (!(error instanceof PageError)) {
        throw error;
      }
    } finally {
      this._asksOutcomes = false;
    }
  }

  _listen() {
    onAction(byId("panel-messages"), "click", { "close-message": () => this._close() });
    byId("request-filter").addEventListener("input", () => this._showList());
    byId("background").addEventListener("change", () => this._refreshSoon());
    byId("follow").addEventListener("change", () => this._refreshSoon());
    byId("request-list").addEventListener("click", (event) => this._clicked(event));
    byId("request-list").addEventListener("keydown", (event) => moveInList(event));
    byId("message").addEventListener("keydown", (event) => event.key === "Escape" && this._close());
  }

  _clicked(event) {
    if (event.target.closest("a")) {
      byId("follow").checked = false;
    }
  }

  _choose(id) {
    this._id = id;
    this._message = null;
    byId("message").hidden = true;
    this._request = null;
    this._diagram.reset();
    this._refreshSoon();
  }

  _followNewest() {
    const newest = this._wanted()[0];
    if (newest && (!this._id || (byId("follow").checked && newest.id !== this._id && !this._message))) {
      this._choose(newest.id);
      this._go(["messages", newest.id], true);
    }
  }

  // Newest first, without what the filter leaves out.
  _wanted() {
    const words = byId("request-filter").value.toLowerCase().split(/\s+/).filter(Boolean);
    return this._requests
      .filter((request) => words.every((word) => textOf(request, this._names).includes(word)))
      .reverse();
  }

  _showList() {
    const wanted = this._wanted();
    const rows = wanted.slice(0, LISTED).map((request) => this._row(request));
    const more = wanted.length - rows.length;
    show(
      byId("request-list"),
      rows.length > 0 ? el("ul", { class: "rows" }, rows) : this._emptyList(),
      more > 0 && el("p", { class: "hint", "data-key": "more" }, `and ${count(more, "older one")}; the filter finds them.`),
      this._unlisted > 0 && el("p", { class: "hint", "data-key": "unlisted" }, `${count(this._unlisted, "older request")} not looked at: this list has the last ${ASKED}.`),
      this._forgotten > 0 && el("p", { class: "hint", "data-key": "forgotten" }, `${count(this._forgotten, "older message")} no longer kept here; `, el("code", {}, "minova trace show"), " draws what is recorded."),
    );
  }

  _row(request) {
    const chosen = request.id === this._id;
    return el(
      "li",
      { "data-key": request.id },
      el(
        "a",
        { href: `#messages/${encodeURIComponent(request.id)}`, "aria-current": chosen ? "true" : null },
        el("span", { class: "row-title" }, titleOf(request, this._names)),
        mark(request, this._outcomes.get(request.id)),
        el("span", { class: "row-detail" }, `${clock(request.begin)} · ${count(request.messages, "message")} · ${length(request)}`),
      ),
    );
  }

  _emptyList() {
    const nothing = "Nothing has been asked yet. Boot a server, and its messages appear here as they are sent.";
    return el("p", { class: "empty" }, this._requests.length > 0 ? "No request fits the filter." : nothing);
  }

  async _refreshRequest() {
    const id = this._id;
    const found = id && (await found404(get(`api/requests/${encodeURIComponent(id)}`)));
    if (id !== this._id) {
      return;
    }
    this._request = found;
    this._showRequest();
    if (found && this._message) {
      await this._showMessage();
    }
  }

  _showRequest() {
    const request = this._request;
    byId("diagram-area").hidden = !request;
    byId("timeline").hidden = !request || request.timeline.length === 0;
    this._showHead();
    show(byId("request-empty"), !request && this._id && el("p", { class: "empty" }, `No message of request ${this._id} is kept here.`));
    if (request) {
      this._diagram.show(request.svg, this._message);
      show(byId("timeline-body"), timeline(request));
    }
  }

  _showHead() {
    const request = this._request?.request;
    byId("request-heading").textContent = request ? titleOf(request, this._names) : "No request chosen";
    show(byId("request-summary"), request && summary(this._request, this._outcomes.get(request.id)));
  }

  async _open(id, moveFocus) {
    this._message = id;
    byId("follow").checked = false;
    this._go(["messages", this._id, id], true);
    this._diagram.show(this._request.svg, id);
    await this._showMessage();
    if (moveFocus) {
      byId("message-heading").focus();
      byId("message").scrollIntoView({ block: "nearest" });
    }
  }

  async _showMessage() {
    const id = this._message;
    const found = await found404(get(`api/messages/${encodeURIComponent(id)}`));
    if (id !== this._message) {
      return;
    }
    byId("message").hidden = false;
    byId("message-heading").textContent = found ? headingOf(found.message) : "This message is no longer kept here";
    show(byId("message-body"), found && messageBody(found));
  }

  _close() {
    const id = this._message;
    this._message = null;
    byId("message").hidden = true;
    this._go(["messages", this._id], true);
    this._diagram.show(this._request?.svg ?? "", null);
    this._diagram.focus(id);
  }
}

function moveInList(event) {
  const links = [...event.currentTarget.querySelectorAll("a")];
  const to = links.indexOf(event.target) + ({ ArrowDown: 1, ArrowUp: -1 }[event.key] ?? NaN);
  if (links[to]) {
    event.preventDefault();
    links[to].focus();
  }
}

function mark(request, outcome) {
  const word = markOf(request, outcome?.outcome);
  return word && el("span", { class: `mark ${MARKS[word]}` }, word);
}

// What a message says is of the moment, what the records say is how it ended.
function markOf(request, outcome) {
  if (outcome === "failed") {
    return outcome;
  }
  return request.running ? "running" : outcome ?? (request.failed ? "failed" : null);
}

function length(request) {
  return duration(request.end - request.begin);
}

function summary({ request, shown }, outcome) {
  return [
    el(
      "p",
      {},
      el("code", {}, request.id),
      ` · began ${clock(request.begin)} · ${count(request.messages, "message")} in ${length(request)} `,
      mark(request, outcome),
    ),
    outcome && outcome.outcome === markOf(request, outcome.outcome) && explanation(request, outcome),
    shown < request.messages && el("p", { class: "hint" }, `The first ${shown.toLocaleString("en")} are drawn.`),
  ];
}

function explanation(request, { outcome, reason }) {
  const sentences = {
    failed: reason,
    unfinished: `By the records the server is still ${reason}, and nothing has been said since ${clock(request.end)}. Should nobody go on, a conductor takes over when the task's deadline has passed.`,
    recovered: "A message failed or was lost; by the records what was asked for was done all the same.",
  };
  return el("p", { class: outcome === "failed" ? "fault" : null }, sentences[outcome]);
}

function headingOf(message) {
  return `${message.kind} ${message.method}`;
}

// A server that no message names stands in the title with the beginning of its uuid.
function titleOf(request, names) {
  const [uuid] = serversOf(request);
  return names.has(uuid) ? request.title.replace(uuid.slice(0, 8), () => names.get(uuid)) : request.title;
}

function textOf(request, names) {
  return [titleOf(request, names), request.id, ...serversOf(request)].join(" ").toLowerCase();
}

// Uuids of the servers that it is about.
function serversOf(request) {
  return Object.keys(request.servers);
}

// What a promise brings, or null where the server has no such thing any more.
async function found404(promise) {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof PageError && error.status === 404) {
      return null;
    }
    throw error;
  }
}
