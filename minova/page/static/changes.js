// SPDX-License-Identifier: Apache-2.0
// Remembers what was there, and tells what has come and gone since.

const NEW_SECONDS = 12;
const KEPT_ENTRIES = 30;

export class Changes {
  constructor() {
    this._seen = null;
    // Newest first: {time, kind, names, came}
    this.log = [];
  }

  // `items` are [kind, name] of all that is there now.
  see(items, now) {
    const current = new Map(items.map(([kind, name]) => [`${kind} ${name}`, { kind, name, since: -Infinity }]));
    if (this._seen) {
      this._compare(current, now);
    }
    this._seen = current;
    this._now = now;
  }

  // Whether something has come a short while ago.
  isNew(kind, name) {
    return this._now - (this._seen.get(`${kind} ${name}`)?.since ?? -Infinity) < NEW_SECONDS;
  }

  _compare(current, now) {
    const came = [];
    for (const [key, item] of current) {
      const before = this._seen.get(key);
      item.since = before ? before.since : now;
      if (!before) {
        came.push(item);
      }
    }
    const went = [...this._seen].filter(([key]) => !current.has(key)).map(([, item]) => item);
    this._note(went, false, now);
    this._note(came, true, now);
  }

  _note(items, came, now) {
    const kinds = Map.groupBy(items, (item) => item.kind);
    for (const [kind, some] of kinds) {
      this.log.unshift({ time: now, kind, names: some.map((item) => item.name), came });
    }
    this.log.length = Math.min(this.log.length, KEPT_ENTRIES);
  }
}
