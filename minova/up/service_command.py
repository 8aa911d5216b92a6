# SPDX-License-Identifier: Apache-2.0
"""`minova service`: list, kill, stop, start, restart, pause and resume the services of a running `minova up`."""

import argparse
import sys
import time

from minova.up import errors, record, settings
from minova.up.control import ControlClient
from minova.up.orders import ACTIONS
from minova.up.supervisor import STOP_SECONDS

ROW = "{:14} {:>8}  {:10} {:>8}"
POLL_SECONDS = 0.05
# A service that does not stop is killed after STOP_SECONDS.
SETTLE_SECONDS = STOP_SECONDS + 10
# What an action leads to. A killed service may be on its way back, or stay dead.
SETTLED = {
    "kill": ("running", "starting", "dead", "stopped"),
    "stop": ("stopped",),
    "start": ("running",),
    "restart": ("running",),
    "pause": ("paused",),
    "resume": ("running",),
}


def parser():
    service = argparse.ArgumentParser(
        prog="minova service",
        description="Play with the services of a running `minova up`. A kind such as compute means all of that "
        "kind, compute-2 one of several. kill is SIGKILL: the service is started again, unless minova up runs "
        "with --no-restart. stop is SIGTERM: it stays stopped until start. pause and resume are SIGSTOP and "
        "SIGCONT.",
    )
    service.add_argument("action", choices=("list", *ACTIONS))
    service.add_argument("names", nargs="*", metavar="NAME", help="a service, or a kind of service")
    settings.add_state_path(service)
    return service


def run(args):
    """Exit code: 0 when all was done, 1 when something was refused, 2 for a wrong command line."""
    if (args.action == "list") == bool(args.names):
        wrong = "takes no NAME" if args.names else "needs the NAME of a service"
        print(f"minova service: {args.action} {wrong}.", file=sys.stderr)
        return 2
    try:
        found = _running(settings.state_path(args.state_path))
        return _list(found) if args.action == "list" else _order_all(found, args)
    except errors.UpError as err:
        print(f"minova service: {err}", file=sys.stderr)
        return 1


def _running(state_path):
    found = record.running(state_path)
    if found is None:
        raise errors.UpError(f"No minova up runs on the state path {state_path}.")
    return found


def _list(found):
    print(ROW.format("service", "pid", "state", "restarts"))
    for row in ControlClient(found).send("list")["services"]:
        print(ROW.format(row["service"], row["pid"], row["state"], row["restarts"]))
    return 0


def _order_all(found, args):
    client = ControlClient(found)
    return max(_order(client, args.action, name) for name in args.names)


def _order(client, action, name):
    try:
        rows = client.send(action, name)["services"]
    except errors.UpError as err:
        print(f"minova service: {err}", file=sys.stderr)
        return 1
    for row in rows:
        print(row["text"])
    return _wait_settled(client, action, {row["service"]: row["pid"] for row in rows})


def _wait_settled(client, action, pids):
    """Wait until each of the services (with its process id before) is what the action leads to."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while left := [row for row in client.send("list")["services"] if not _is_settled(row, action, pids)]:
        if time.monotonic() > deadline:
            names = ", ".join(f"{row['service']} ({row['state']})" for row in left)
            print(f"minova service: after {SETTLE_SECONDS} s not yet: {names}.", file=sys.stderr)
            return 1
        time.sleep(POLL_SECONDS)
    return 0


def _is_settled(row, action, pids):
    if row["service"] not in pids:
        return True
    same = row["pid"] == pids[row["service"]]
    if action == "restart" or (action == "kill" and row["state"] == "running"):
        return not same and row["state"] == "running"
    return row["state"] in SETTLED[action]
