// SPDX-License-Identifier: Apache-2.0
// Names on the broker, made shorter for people.

// oslo.messaging calls its connections `minova-compute:<process id>:<uuid>`: `compute (32092)`.
export function processOf(client) {
  const [name, pid] = (client || "unknown").split(":");
  return /^\d+$/.test(pid ?? "") ? `${name.replace(/^minova-/, "")} (${pid})` : name;
}

// `reply_72938f…` of a name that ends with a uuid, `amq.gen-OpokCf…` of one that the broker made up.
export function shortened(name) {
  return name.replace(/([0-9a-f]{6})[0-9a-f]{26}\b/g, "$1…").replace(/^(amq\.gen-.{6}).+/, "$1…");
}
