// SPDX-License-Identifier: Apache-2.0
// The form that boots servers.

import { submit } from "./actions.js";
import { get } from "./api.js";
import { byId, el, show } from "./dom.js";
import { count } from "./format.js";

export class BootForm {
  // `booted(answer)` is told the server's answer.
  constructor(booted) {
    this._dialog = byId("boot");
    this._form = byId("boot-form");
    this._booted = booted;
    this._form.addEventListener("submit", (event) => this._submit(event));
  }

  async open() {
    this._form.querySelector(".form-error").textContent = "";
    this._dialog.showModal();
    this._form.elements.name.select();
    try {
      this._fill(await get("api/choices"));
    } catch (error) {
      this._form.querySelector(".form-error").textContent = error.message;
    }
  }

  close() {
    this._dialog.close();
  }

  _fill({ flavors, images }) {
    const smallestFirst = flavors.toSorted((one, other) => one.ram - other.ram);
    fillSelect(this._form.elements.flavor, smallestFirst, (flavor) => `${flavor.name}: ${flavor.vcpus} vCPU, ${flavor.ram} MB, ${flavor.disk} GB`);
    fillSelect(this._form.elements.image, images, (image) => image.name);
  }

  async _submit(event) {
    event.preventDefault();
    const wrong = this._form.querySelector(".form-error");
    let body;
    try {
      body = bodyOf(new FormData(this._form));
    } catch (error) {
      wrong.textContent = error.message;
      return;
    }
    let answer = null;
    const went = await submit(this._form, "POST", "api/servers", body, (given) => {
      answer = given;
      return body.count > 1 ? `Asked for ${count(body.count, "server")}.` : `Asked for ${body.name}.`;
    });
    if (went) {
      this.close();
      this._booted(answer);
    }
  }
}

function fillSelect(select, items, text) {
  const chosen = select.value;
  show(select, items.map((item) => el("option", { value: item.id, "data-key": item.id }, text(item))));
  if (items.some((item) => item.id === chosen)) {
    select.value = chosen;
  }
}

function bodyOf(fields) {
  const metadata = metadataOf(fields.get("metadata"));
  const seconds = Number(fields.get("spawn_seconds"));
  if (seconds > 0) {
    metadata["minova:spawn_seconds"] = String(seconds);
  }
  if (fields.get("fail")) {
    metadata["minova:fail"] = fields.get("fail");
  }
  return {
    name: fields.get("name"),
    flavor: fields.get("flavor"),
    image: fields.get("image"),
    count: Number(fields.get("count")),
    metadata,
  };
}

function metadataOf(text) {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return Object.fromEntries(
    lines.map((line) => {
      const at = line.indexOf("=");
      if (at < 1) {
        throw new Error(`Metadata is written key=value; “${line.trim()}” is not.`);
      }
      return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    }),
  );
}
