# SPDX-License-Identifier: Apache-2.0
"""`minova server`: create, list, wait for, stop, start, reboot, evacuate and delete servers, by plain requests."""

import argparse
import re
import sys
import time
import urllib.parse

from minova.trace.line import printable
from minova.up import errors, example, record, settings
from minova.up.api_client import ApiClient, ApiError

POLL_SECONDS = 0.05
ROW = "{:14} {:8} {:14} {:10} {}"
ACTIONS = {
    "stop": {"os-stop": None},
    "start": {"os-start": None},
    "reboot": {"reboot": {"type": "SOFT"}},
    "evacuate": {"evacuate": {"onSharedStorage": False}},
}
GONE = "gone"
# What a server is when an action on it has come to its end, well or badly.
ENDS = {
    "create": ("ACTIVE", "ERROR"),
    "delete": (GONE,),
    "stop": ("SHUTOFF", "ERROR"),
    "evacuate": ("ACTIVE", "SHUTOFF", "ERROR"),
}


def parser():
    server = argparse.ArgumentParser(
        prog="minova server",
        description="Requests about servers to the API of the running minova up. For all that the API can do use "
        "the openstack client.",
    )
    commands = server.add_subparsers(dest="command", required=True)
    create = commands.add_parser("create", help="boot servers")
    create.add_argument("name")
    create.add_argument(
        "--count", type=settings.positive, default=1, metavar="N", help="NAME-1 to NAME-N in one request"
    )
    create.add_argument("--flavor", help="its name or id (default: the smallest)")
    create.add_argument("--metadata", action="append", type=_pair, default=[], metavar="KEY=VALUE")
    create.add_argument("--zone", help="availability zone, or ZONE:HOST")
    _add_wait(create)
    _add_existing(commands.add_parser("delete", help="delete servers"))
    for action in ACTIONS:
        command = commands.add_parser(action, help=f"{action} servers")
        _add_existing(command)
        if action == "reboot":
            command.add_argument(
                "--hard", action="store_true", help="as by its power switch; also one in ERROR"
            )
    wait = commands.add_parser("wait", help="wait until a server is in a state")
    wait.add_argument("names", nargs=1, metavar="name")
    wait.add_argument("states", nargs="+", metavar="state", help=f"a status, a task state, or {GONE!r}")
    _add_common(wait)
    _add_common(commands.add_parser("list", help="list servers"))
    return server


def _add_existing(command):
    command.add_argument("names", nargs="+", metavar="name", help="name or uuid")
    _add_wait(command)


def _add_wait(command):
    command.add_argument("--wait", action="store_true", help="until it is done")
    _add_common(command)


def _add_common(command):
    command.add_argument(
        "--timeout", type=float, default=60, help="seconds to wait at most (default: %(default)s)"
    )
    settings.add_state_path(command)


def run(args):
    """Exit code: 0, or 1 when something was refused, failed, or took too long."""
    try:
        return do(ApiClient(_running(args).api_url, timeout_seconds=30), args)
    except (errors.UpError, ApiError) as err:
        print(f"minova server: {err}", file=sys.stderr)
        return 1


def do(client, args):
    """What was asked for, with the API that is behind this client; returns the exit code.

    :raises errors.UpError: when there is no such server or flavor, or it took too long.
    :raises ApiError: when the API refuses.
    """
    return _COMMANDS.get(args.command, _act)(client, args)


def _running(args):
    state_path = settings.state_path(args.state_path)
    running = record.running(state_path)
    if running is None:
        raise errors.UpError(f"No minova up runs on the state path {state_path}. Start one: minova up")
    return running


def _create(client, args):
    body = example.server_body(client, args.name)
    server = body["server"]
    server["metadata"] = dict(args.metadata)
    if args.count > 1:
        server |= {"min_count": args.count, "max_count": args.count, "return_reservation_id": True}
    if args.flavor:
        server["flavorRef"] = _flavor_id(client, args.flavor)
    if args.zone:
        server["availability_zone"] = args.zone
    headers, answer = client.send("POST", "/servers", body)
    print(f"{headers['x-openstack-request-id']} {args.name}")
    if not args.wait:
        return 0
    return _wait_all(client, _ids_of(client, answer), args, ENDS["create"])


def _ids_of(client, answer):
    """Of the servers of one request, whose answer names one server or the reservation of several."""
    if "server" in answer:
        return [answer["server"]["id"]]
    query = {"reservation_id": answer["reservation_id"], "sort_key": "display_name", "sort_dir": "asc"}
    return [server["id"] for server in _servers(client, query)]


def _flavor_id(client, wanted):
    for flavor in client.get("/flavors")["flavors"]:
        if wanted in (flavor["name"], flavor["id"]):
            return flavor["id"]
    raise errors.UpError(f"There is no flavor {wanted}.")


def _delete(client, args):
    ids = [_find(client, name)["id"] for name in args.names]
    for server_id in ids:
        client.send("DELETE", f"/servers/{server_id}")
    return _wait_all(client, ids, args, ENDS["delete"]) if args.wait else 0


def _act(client, args):
    ids = [_find(client, name)["id"] for name in args.names]
    body = {"reboot": {"type": "HARD"}} if getattr(args, "hard", False) else ACTIONS[args.command]
    for server_id in ids:
        client.send("POST", f"/servers/{server_id}/action", body)
    return _wait_all(client, ids, args, ENDS.get(args.command, ENDS["create"])) if args.wait else 0


def _wait(client, args):
    return _wait_all(client, [_find(client, args.names[0])["id"]], args, args.states)


def _list(client, args):
    print(ROW.format("name", "status", "task", "host", "").rstrip())
    for server in _servers(client, {"sort_key": "display_name", "sort_dir": "asc"}):
        print(_row(server))
    return 0


_COMMANDS = {"create": _create, "delete": _delete, "wait": _wait, "list": _list}


def _servers(client, query):
    return client.get(f"/servers/detail?{urllib.parse.urlencode(query)}")["servers"]


def _find(client, name):
    """The newest server of this name or id."""
    found = _servers(client, {"name": f"^{re.escape(name)}$"}) or _servers(client, {"uuid": name})
    if not found:
        raise errors.UpError(f"There is no server {name}.")
    return found[0]


def _wait_all(client, ids, args, states):
    deadline = time.monotonic() + args.timeout
    return max([_wait_for(client, server_id, states, deadline) for server_id in ids])


def _wait_for(client, server_id, states, deadline):
    """Show one server when it is in one of these states; returns the exit code."""
    while not (server := _at_its_end(client, server_id, states)):
        if time.monotonic() > deadline:
            wanted = " or ".join(states)
            raise errors.UpError(f"Server {server_id} is not {wanted} in time: {_now(client, server_id)}.")
        time.sleep(POLL_SECONDS)
    print(_row(server))
    return 1 if server["status"] == "ERROR" and states[0].upper() != "ERROR" else 0


def _at_its_end(client, server_id, states):
    states = [state.lower() for state in states]
    found = _servers(client, {"uuid": server_id})
    if not found:
        return {"name": server_id, "status": GONE} if GONE in states else None
    task = found[0].get("OS-EXT-STS:task_state")
    return found[0] if task in states or (found[0]["status"].lower() in states and not task) else None


def _now(client, server_id):
    found = _servers(client, {"uuid": server_id})
    if not found:
        return "it is gone"
    task = found[0].get("OS-EXT-STS:task_state")
    return f"it is {found[0]['status']}" + (f", {task}" if task else "")


def _row(server):
    host = server.get("OS-EXT-SRV-ATTR:host")
    task = server.get("OS-EXT-STS:task_state")
    fault = server.get("fault", {}).get("message", "")
    return printable(ROW.format(server["name"], server["status"], task or "-", host or "-", fault).rstrip())


def _pair(text):
    key, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return key, value
