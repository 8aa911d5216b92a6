// SPDX-License-Identifier: Apache-2.0
// The sequence diagram of one request: the SVG that minova/trace/svg.py drew, and how its messages are chosen.
// The markup is our own server's, which has escaped whatever was on the wire; it is the only one that is read as such.

const STEPS = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };

export class Diagram {
  // `chosen(id)` is told the unique id of a message that was clicked or entered; `moved(id)` of one that got focus.
  constructor(area, { chosen, moved }) {
    this._area = area;
    this._markup = "";
    this._current = null;
    this._chosen = chosen;
    this._moved = moved;
    area.addEventListener("click", (event) => this._choose(event));
    area.addEventListener("keydown", (event) => this._key(event));
    area.addEventListener("focusin", (event) => this._focused(event));
  }

  // Show `markup` with the message `selected` (or null) marked; the focus stays on its message.
  show(markup, selected) {
    if (markup !== this._markup) {
      this._replace(markup);
    }
    for (const message of this._messages()) {
      message.setAttribute("aria-expanded", String(idOf(message) === selected));
    }
  }

  focus(id) {
    this._find(id)?.focus();
  }

  // Forget which message the Tab key reaches, for another request.
  reset() {
    this._current = null;
  }

  _replace(markup) {
    const focused = this._area.contains(document.activeElement);
    this._markup = markup;
    this._area.innerHTML = markup;
    this._area.style.setProperty("--natural-width", `${this._area.firstElementChild?.getAttribute("width") ?? 0}px`);
    const current = this._find(this._current) ?? this._messages()[0];
    this._rove(current);
    if (focused) {
      current?.focus({ preventScroll: true });
    }
  }

  // Only one message is reached by the Tab key; the arrow keys go on from there.
  _rove(current) {
    for (const message of this._messages()) {
      message.setAttribute("tabindex", message === current ? "0" : "-1");
    }
  }

  _messages() {
    return [...this._area.querySelectorAll(".message")];
  }

  _find(id) {
    return this._messages().find((message) => idOf(message) === id);
  }

  _choose(event) {
    const message = event.target.closest(".message");
    if (message) {
      this._chosen(idOf(message));
    }
  }

  _focused(event) {
    const message = event.target.closest(".message");
    if (message && idOf(message) !== this._current) {
      this._current = idOf(message);
      this._rove(message);
      this._moved(this._current);
    }
  }

  _key(event) {
    const messages = this._messages();
    const at = messages.indexOf(event.target.closest(".message"));
    if (at < 0 || event.altKey || event.ctrlKey || event.metaKey) {
      return;
    }
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      this._chosen(idOf(messages[at]));
      return;
    }
    const to = { Home: 0, End: messages.length - 1 }[event.key] ?? at + (STEPS[event.key] ?? NaN);
    if (messages[to]) {
      event.preventDefault();
      messages[to].focus();
    }
  }
}

function idOf(message) {
  return message.getAttribute("data-message");
}
