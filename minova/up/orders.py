# SPDX-License-Identifier: Apache-2.0
"""What a user may tell a running `minova up` to do with its services; the orders come through control.py."""

from minova.up import plan
from minova.up.process import outcome

ACTIONS = ("kill", "stop", "start", "restart", "pause", "resume")


class Orders:
    """Carries orders out. Nothing here waits: the keeper sees to what takes time."""

    def __init__(self, supervisor, keeper, found):
        self._supervisor = supervisor
        self._keeper = keeper
        self._record = found

    def answer(self, request):
        """The answer to one decoded line: ``ok``, ``services`` and, where something was refused, ``error``."""
        if not isinstance(request, dict):
            return _refusal('An order is a JSON object such as {"action": "kill", "service": "compute"}.')
        action, service = request.get("action"), request.get("service")
        if action == "list" and service is None:
            return {"ok": True, "services": [self._row(p) for p in self._supervisor.services()]}
        if action not in ACTIONS:
            return _refusal(f"There is no action {action!r}; there are list, {', '.join(ACTIONS)}.")
        chosen = self._chosen(service)
        if not chosen:
            return _refusal(f"There is no service {service!r}; there are {', '.join(self._names())}.")
        outcomes = [self._carry_out(action, process) for process in chosen]
        refused = [text for done, text in outcomes if not done]
        rows = [{**self._row(p), "text": text} for p, (_, text) in zip(chosen, outcomes, strict=True)]
        if len(refused) == len(outcomes):
            return {**_refusal(" ".join(refused)), "services": rows}
        return {"ok": True, "services": rows}

    def _chosen(self, name):
        """The service of that name, or all of that kind by their numbers."""
        found = sorted(self._supervisor.services(), key=lambda p: (len(p.service), p.service))
        return [p for p in found if p.service == name] or [p for p in found if p.kind == name]

    def _names(self):
        found = self._supervisor.services()
        return sorted({p.service for p in found} | {p.kind for p in found})

    def _carry_out(self, action, process):
        """(whether something was done, the sentence on it); what was done is also shown on the screen."""
        done, text = getattr(self, f"_{action}")(process)
        if done:
            self._supervisor.screen.say(f"You asked: {action} {process.service}. {text}")
        return done, text

    def _kill(self, process):
        if process.exit_code is not None:
            return False, self._not_running(process)
        process.kill()
        then = (
            "minova up starts it again" if self._keeper.restarts_what_ends else "it stays dead (--no-restart)"
        )
        return True, f"Sent SIGKILL to {_name(process)}; {then}."

    def _stop(self, process):
        if process.exit_code is not None and self._state(process) == "stopped":
            return False, self._not_running(process)
        running = process.exit_code is None
        self._keeper.stop(process)
        if not running:
            return True, f"{process.service} does not run, and stays so until you start it."
        return True, f"Sent SIGTERM to {_name(process)}; it stays stopped until you start it."

    def _start(self, process):
        if process.exit_code is None and not self._keeper.is_stopping(process):
            paused = f" but is paused: minova service resume {process.service}" if process.paused else ""
            return False, f"{_name(process)} runs already{paused}."
        self._keeper.start(process)
        return True, f"{process.service} is being started."

    def _restart(self, process):
        self._keeper.stop(process, start_again=True)
        if process.exit_code is None:
            return True, f"Sent SIGTERM to {_name(process)}; it is started again when it has ended."
        return True, f"{process.service} is being started."

    def _pause(self, process):
        if process.exit_code is not None:
            return False, self._not_running(process)
        if process.paused:
            return False, f"{_name(process)} is paused already."
        process.pause()
        return True, f"Sent SIGSTOP to {_name(process)}; nothing in it runs until you resume it."

    def _resume(self, process):
        if process.exit_code is not None:
            return False, self._not_running(process)
        if not process.paused:
            return False, f"{_name(process)} is not paused."
        process.resume()
        return True, f"Sent SIGCONT to {_name(process)}."

    def _not_running(self, process):
        return f"{process.service} does not run ({self._reason(process)})."

    def _reason(self, process):
        if self._state(process) == "stopped":
            return "stopped by you"
        return f"ended with {outcome(process.exit_code)}"

    def _row(self, process):
        return {
            "service": process.service,
            "kind": plan.kind_of(process.service),
            "pid": process.pid,
            "state": self._state(process),
            "restarts": self._record.restarts.get(process.service, 0),
        }

    def _state(self, process):
        """running, paused, stopping; starting (soon), stopped (by the user) or dead."""
        if process.exit_code is None:
            if self._keeper.is_stopping(process):
                return "stopping"
            return "paused" if process.paused else "running"
        end = self._record.ended.get(process.service)
        if end and end["by_user"]:
            return "stopped"
        return "starting" if end is None or end["restart_at"] is not None else "dead"


def _name(process):
    return f"{process.service} (pid {process.pid})"


def _refusal(sentence):
    return {"ok": False, "error": sentence}
