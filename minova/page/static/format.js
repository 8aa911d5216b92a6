// SPDX-License-Identifier: Apache-2.0
// How numbers, moments and names are shown.

export function duration(seconds) {
  if (!Number.isFinite(seconds)) {
    return "–";
  }
  if (seconds < 1) {
    return `${(seconds * 1000).toFixed(seconds < 0.01 ? 1 : 0)} ms`;
  }
  return seconds < 100 ? `${seconds.toFixed(seconds < 10 ? 2 : 1)} s` : `${Math.round(seconds / 60)} min`;
}

export function size(bytes) {
  return bytes < 1000 ? `${bytes} B` : `${(bytes / 1000).toFixed(1)} KB`;
}

// Of seconds since the epoch: 14:03:59 in the reader's zone.
export function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString(undefined, { hour12: false });
}

// Of a time as ISO 8601.
export function clockOfText(text) {
  return clock(Date.parse(text) / 1000);
}

// `1 message`, `2 messages`
export function count(number, noun, plural = `${noun}s`) {
  return `${number.toLocaleString("en")} ${number === 1 ? noun : plural}`;
}

// `api` of minova-api@host; a compute keeps its host: `compute.host1`.
export function processName(sender) {
  const [binary, host] = (sender || "?").split("@");
  const service = binary.replace(/^minova-/, "");
  return service === "compute" && host ? `${service}.${host}` : service;
}

// JSON with two spaces; text that is not JSON stays as it is.
export function pretty(value) {
  if (typeof value !== "string") {
    return JSON.stringify(value, null, 2);
  }
  try {
    const inner = JSON.parse(value);
    return inner !== null && typeof inner === "object" ? JSON.stringify(inner, null, 2) : value;
  } catch {
    return value;
  }
}
