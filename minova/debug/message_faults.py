# SPDX-License-Identifier: Apache-2.0
"""Of `minova fault`: what the embedded broker does to messages (minova/broker/debugger/faults.py)."""

from minova.broker.debugger.faults import ACTIONS, DELAY
from minova.debug import client, options

# Options of `add` that only these faults have.
OPTIONS = ("drop", "duplicate", "corrupt", "seed", *options.PATTERNS, "kinds")
PREFIX = "m"  # of their numbers, to tell them from those of hypervisors


def describe_add(add):
    group = add.add_argument_group("what happens to messages", "One of these, or --delay.")
    group.add_argument("--drop", action="store_true", help="the broker takes the message, and it is gone")
    group.add_argument("--duplicate", action="store_true", help="it comes twice")
    group.add_argument("--corrupt", action="store_true", help="some of its octets are changed: it is no JSON")
    group.add_argument(
        "--seed",
        type=int,
        metavar="N",
        help="the same seed strikes the same messages (default: a random one)",
    )
    options.add_match(add)


def add(args):
    """The line of the new fault.

    :raises client.DebugError: when it makes no sense, or there is no embedded broker
    """
    action, match = _action(args), options.match_of(args)
    if not match:
        raise client.DebugError("Say which messages, for example --method build_and_run_instance.")
    fields = {"action": action, "probability": args.probability, "skip": args.skip, "count": args.count}
    if action == DELAY:
        fields["delay_seconds"] = options.seconds_or_error(args.delay)
    fields |= {"expires_seconds": args.expires, "seed": args.seed}
    return _line(client.connect(args.state_path).add_fault(**match, **fields))


def lines(state_path):
    """Those of the running broker; none where there is no embedded one."""
    try:
        return [_line(fault) for fault in client.connect(state_path).faults()]
    except client.NoBroker:
        return []


def clear(state_path, fault_id):
    """How many were cleared; None means all, of which there are none without an embedded broker."""
    try:
        return client.connect(state_path).clear_faults(fault_id)["cleared"]
    except client.NoBroker:
        if fault_id is not None:
            raise
        return 0


def _action(args):
    given = [action for action in ACTIONS if getattr(args, action)]
    if len(given) != 1:
        raise client.DebugError(
            "Say what happens to messages by one of --drop, --delay 2s, --duplicate and --corrupt, or name a METHOD "
            "of the hypervisors."
        )
    return given[0]


def _line(fault):
    delay = f" {fault['delay_seconds']:g} s" if fault["delay_seconds"] else ""
    parts = [f"{PREFIX}{fault['id']}: {fault['action']}{delay}, {options.describe(fault)}"]
    parts += (
        [f"probability {fault['probability']:g}, seed {fault['seed']}"] if fault["probability"] != 1 else []
    )
    parts += [f"skip {fault['skip']}"] if fault["skip"] else []
    parts += [f"count {fault['count']}"] if fault["count"] is not None else []
    parts += [options.time_left(fault["expires_at"])] if fault["expires_at"] is not None else []
    return ", ".join([*parts, f"struck {fault['strikes']} of {fault['hits']}"])
