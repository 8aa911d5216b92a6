// SPDX-License-Identifier: Apache-2.0
// Requests to the page's own server. Whatever goes wrong becomes a PageError with a sentence for people.

const TIMEOUT_MILLISECONDS = 15000;

export class PageError extends Error {
  // status is 0 when nobody answered.
  constructor(sentence, status) {
    super(sentence);
    this.status = status;
  }
}

export function get(path) {
  return send("GET", path);
}

export async function send(method, path, body) {
  const answer = await exchange(method, path, body);
  const content = await decoded(answer);
  if (!answer.ok) {
    throw new PageError(sentenceOf(content) || `${method} ${path} was answered with ${answer.status}.`, answer.status);
  }
  return content;
}

async function exchange(method, path, body) {
  const options = { method, cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MILLISECONDS) };
  if (method !== "GET") {
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(body ?? {});
  }
  try {
    return await fetch(path, options);
  } catch (error) {
    throw new PageError(
      error.name === "TimeoutError"
        ? `No answer within ${TIMEOUT_MILLISECONDS / 1000} seconds.`
        : "The page's own server does not answer.",
      0,
    );
  }
}

async function decoded(answer) {
  try {
    return await answer.json();
  } catch {
    return null;
  }
}

function sentenceOf(content) {
  const found = content && (content.error ?? content.message ?? content.reason);
  return typeof found === "string" ? found : found?.message;
}
