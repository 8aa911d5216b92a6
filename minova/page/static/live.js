// SPDX-License-Identifier: Apache-2.0
// Keeps what is shown up to date: after an event of the server, but at most a few times a second, and now and then
// without one, since a queue's depth changes without a message that we hear of.

const PAUSE_MILLISECONDS = 350;
const QUIET_MILLISECONDS = 2500;

// What has changed since the last time.
class News {
  constructor() {
    this._everything = false;
    this._what = new Set();
    this._requests = new Set();
  }

  // One event of /api/events; null for everything.
  add(event) {
    this._everything ||= event === null || event.requests === null;
    event?.what.forEach((topic) => this._what.add(topic));
    event?.requests?.forEach((id) => this._requests.add(id));
  }

  has(topic) {
    return this._everything || this._what.has(topic);
  }

  hasRequest(id) {
    return this._everything || this._requests.has(id);
  }
}

export class Live {
  // `refresh(news)` is an async function that shows the newest; it never throws.
  constructor(refresh) {
    this._refresh = refresh;
    this._busy = false;
    this._asked = false;
    this._timer = 0;
    this._news = new News();
  }

  start() {
    const events = new EventSource("api/events");
    events.addEventListener("change", (event) => this._soon(JSON.parse(event.data)));
    events.onerror = () => this.soon();
    document.addEventListener("visibilitychange", () => this.soon());
    this.soon();
  }

  // Read everything again, as soon as the pause since the last time is over.
  soon() {
    this._soon(null);
  }

  _soon(event) {
    this._news.add(event);
    this._asked = true;
    if (!this._busy && !document.hidden) {
      this._run();
    }
  }

  async _run() {
    clearTimeout(this._timer);
    const news = this._news;
    this._news = new News();
    this._busy = true;
    this._asked = false;
    await this._refresh(news);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
    this._busy = false;
    if (this._asked && !document.hidden) {
      this._run();
    } else {
      this._timer = setTimeout(() => this.soon(), QUIET_MILLISECONDS);
    }
  }
}
