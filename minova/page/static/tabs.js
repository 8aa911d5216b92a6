// SPDX-License-Identifier: Apache-2.0
// Tabs after the ARIA pattern: arrow keys move, Home and End jump, the hash of the address says which one is open.
// `#servers/<id>` opens the tab `servers` and hands `<id>` to its view. No element may have the id `servers`: the
// browser would scroll to it.

export class Tabs {
  constructor(list, opened) {
    this._tabs = [...list.querySelectorAll("[role=tab]")];
    this._opened = opened;
    list.addEventListener("keydown", (event) => this._move(event));
    window.addEventListener("hashchange", () => this.openFromHash());
  }

  // Show what the address asks for; the first tab when it asks for none that there is.
  openFromHash() {
    const [name, ...rest] = location.hash.slice(1).split("/").map(decoded);
    const tab = this._tabs.find((each) => nameOf(each) === name) ?? this._tabs[0];
    for (const each of this._tabs) {
      const chosen = each === tab;
      each.setAttribute("aria-selected", String(chosen));
      each.tabIndex = chosen ? 0 : -1;
      document.getElementById(each.getAttribute("aria-controls")).hidden = !chosen;
    }
    document.title = `${tab.textContent} – minova`;
    this._opened(nameOf(tab), rest);
  }

  _move(event) {
    const at = this._tabs.indexOf(event.target);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
    if (event.key === " ") {
      event.preventDefault();
      event.target.click();
    } else if (at >= 0 && to !== undefined) {
      event.preventDefault();
      const tab = this._tabs.at(to % this._tabs.length);
      tab.focus();
      tab.click();
    }
  }
}

function nameOf(tab) {
  return tab.getAttribute("href").slice(1);
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
