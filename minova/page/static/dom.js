// SPDX-License-Identifier: Apache-2.0
// Makes elements of plain values, and brings what is shown to a new state without losing focus or selection.
// Nothing here reads markup: what comes from outside becomes text.

const SVG = "http://www.w3.org/2000/svg";
// What the user may have changed since; a new state does not undo it.
const LEFT_TO_USER = new Set(["open"]);

// An HTML element; attributes that are null, undefined or false are left out, true is an empty one.
export function el(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

// An SVG element.
export function shape(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

export function byId(id) {
  return document.getElementById(id);
}

// Make the children of `parent` equal to `children` (nodes, texts, lists of them, null for nothing). Elements with
// the same data-key, or else the same place and tag, are kept and changed.
export function show(parent, ...children) {
  const focused = document.activeElement;
  const held = parent.contains(focused);
  patchChildren(parent, nodesOf(children));
  if (held && focused !== document.activeElement) {
    restoreFocus(parent, focused);
  }
}

// Call handlers[name](element, event) for an event on, or inside of, an element with data-action="name".
export function onAction(root, type, handlers) {
  root.addEventListener(type, (event) => {
    const element = event.target.closest("[data-action]");
    if (element && root.contains(element) && Object.hasOwn(handlers, element.dataset.action)) {
      handlers[element.dataset.action](element, event);
    }
  });
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  element.append(...nodesOf(children));
  return element;
}

function nodesOf(children) {
  return children
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false && child !== "")
    .map((child) => (child instanceof Node ? child : document.createTextNode(String(child))));
}

function patchChildren(parent, wanted) {
  const kept = keptByKey(parent, wanted);
  let current = parent.firstChild;
  for (const node of wanted) {
    const key = keyOf(node);
    const old = key ? kept.get(key) : current;
    if (!old || !alike(old, node)) {
      parent.insertBefore(node, current);
      continue;
    }
    if (old === current) {
      current = current.nextSibling;
    } else {
      parent.insertBefore(old, current);
    }
    patch(old, node);
  }
  while (current) {
    const next = current.nextSibling;
    current.remove();
    current = next;
  }
}

// The children that stay by their key; those that go are removed at once, so that what stays need not be moved,
// which would cost it the focus.
function keptByKey(parent, wanted) {
  const keys = new Set(wanted.map(keyOf));
  const kept = new Map();
  for (const child of [...parent.children]) {
    const key = keyOf(child);
    if (key && keys.has(key)) {
      kept.set(key, child);
    } else if (key) {
      child.remove();
    }
  }
  return kept;
}

function keyOf(node) {
  return node.nodeType === Node.ELEMENT_NODE ? node.getAttribute("data-key") : null;
}

function alike(old, node) {
  return old.nodeName === node.nodeName && keyOf(old) === keyOf(node);
}

function patch(old, node) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== node.data) {
      old.data = node.data;
    }
    return;
  }
  patchAttributes(old, node);
  patchChildren(old, [...node.childNodes]);
}

function patchAttributes(old, node) {
  for (const { name } of [...old.attributes]) {
    if (!node.hasAttribute(name) && !LEFT_TO_USER.has(name)) {
      old.removeAttribute(name);
    }
  }
  for (const { name, value } of node.attributes) {
    if (old.getAttribute(name) === value || LEFT_TO_USER.has(name)) {
      continue;
    }
    if (name === "style") {
      // The page's own policy forbids the attribute, but not this.
      old.style.cssText = node.style.cssText;
    } else {
      old.setAttribute(name, value);
    }
  }
}

// What had the focus may be gone: then it goes to the heading of its card, not to the top of the page.
function restoreFocus(parent, focused) {
  if (focused.isConnected && !focused.disabled) {
    focused.focus({ preventScroll: true });
  } else {
    parent.closest("section")?.querySelector("h2[tabindex]")?.focus({ preventScroll: true });
  }
}
