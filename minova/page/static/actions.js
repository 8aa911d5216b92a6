// SPDX-License-Identifier: Apache-2.0
// What the user asks the server to do, with its outcome told once: to the eye as a notice, to a screen reader too.

import { byId, el, show } from "./dom.js";
import { send } from "./api.js";

const SHOWN_MILLISECONDS = 6000;

let notices = [];

// Send a request for a button, which is disabled meanwhile; says `done` or what went wrong. Returns whether it went.
export async function act(button, method, path, body, done) {
  if (button?.getAttribute("aria-disabled") === "true") {
    return false;
  }
  button?.setAttribute("aria-disabled", "true");
  try {
    const answer = await send(method, path, body);
    say(typeof done === "function" ? done(answer) : done);
    return true;
  } catch (error) {
    say(error.message, true);
    return false;
  } finally {
    button?.removeAttribute("aria-disabled");
  }
}

// Send what a form asks for; what is wrong is shown in the form. Returns whether it went.
export async function submit(form, method, path, body, done) {
  const wrong = form.querySelector(".form-error");
  const button = form.querySelector("button:not([type=button])");
  wrong.textContent = "";
  button.setAttribute("aria-disabled", "true");
  try {
    const answer = await send(method, path, body);
    say(typeof done === "function" ? done(answer) : done);
    return true;
  } catch (error) {
    wrong.textContent = error.message;
    return false;
  } finally {
    button.removeAttribute("aria-disabled");
  }
}

// Tell a sentence; `bad` when it is one of trouble.
export function say(sentence, bad = false) {
  const notice = { sentence, bad };
  notices = [...notices.slice(-2), notice];
  showNotices();
  setTimeout(() => {
    notices = notices.filter((each) => each !== notice);
    showNotices();
  }, SHOWN_MILLISECONDS * (bad ? 2 : 1));
}

function showNotices() {
  show(byId("said"), notices.map(({ sentence, bad }) => el("p", { class: bad ? "notice bad" : "notice" }, sentence)));
}
