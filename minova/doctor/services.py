# SPDX-License-Identifier: Apache-2.0
"""Whether services report, answer over RPC and HTTP, and run."""

import importlib.metadata
import queue
import threading
import time

import oslo_messaging as messaging

import minova.conf
from minova import baserpc, context, rpc, servicegroup
from minova.db import services
from minova.doctor import broker, database, queue_states
from minova.doctor.finding import error, ok, warning
from minova.explain import lives
from minova.explain.sentence import count, duration
from minova.up.api_client import ApiClient, ApiError
from minova.up.control import ControlClient, ControlError

CONF = minova.conf.CONF
NEEDED = ("minova-conductor", "minova-scheduler", "minova-network", "minova-compute")
# Of a kind that are named one by one.
_NAMED = 5
PING_SECONDS = 2.5
ALL_PINGS_SECONDS = 3
_THREADS = 8
# Of a thousand hosts not all are asked: those chosen stand for the others of their process.
_COMPUTES_ASKED = 40


def registered():
    with database.opened() as opened, opened.reader() as conn:
        return services.find(conn)


def heartbeats(patient):
    rows = registered()
    found = [finding for binary in NEEDED for finding in _of_kind(patient, binary, rows)]
    return found or ok(f"All {count(len(rows), 'service')} report, the last {_latest(rows)} ago.")


def _of_kind(patient, binary, rows):
    own = [row for row in rows if row.binary == binary]
    start = f"Start it: {patient.start(binary.removeprefix('minova-'))}, or {binary}."
    if not own:
        yield error(f"No {binary} has ever reported.", start)
    down = [row for row in own if not servicegroup.is_up(row)]
    if down:
        none = "No other is up" if len(down) == len(own) else f"{len(own) - len(down)} of {len(own)} are up"
        yield error(f"{_names(binary, down)} down: the last report came {_latest(down)} ago. {none}.", start)
    late = [row for row in own if row not in down and row.seconds_since_report > 2 * CONF.report_interval]
    if late:
        yield warning(
            f"{_names(binary, late)} late: the last report came {_latest(late)} ago, and one is due every "
            f"{CONF.report_interval:g} s.",
            f"After {CONF.service_down_time} s it counts as down. It is dead, paused, or cannot reach the bus.",
        )
    disabled = [row for row in own if row.disabled]
    if disabled:
        yield warning(
            f"{_names(binary, disabled)} disabled ({disabled[0].disabled_reason or 'no reason given'}).",
            "The scheduler gives it nothing. openstack compute service set --enable HOST BINARY ends that.",
        )


def _names(binary, rows):
    hosts = ", ".join(row.host for row in rows[:_NAMED])
    more = f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
    return f"{binary} on {hosts}{more} {'is' if len(rows) == 1 else 'are'}"


def _latest(rows):
    return duration(min((row.seconds_since_report for row in rows), default=0))


def pings(patient):
    """Over RPC: whether those that are up answer. One that is paused reports no more, but counts as up for a while."""
    if why := broker.why_silent(patient):
        return error(f"No service was asked, since the broker does not answer ({why}).")
    rows = _asked([row for row in registered() if servicegroup.is_up(row)])
    if not rows:
        return error("No service is up that could be asked.", "Start minova: `minova up`.")
    deaf = _deaf(patient, rows)
    releases = _ask([row for row in rows if row not in deaf])
    silent = [row for row in rows if row.id not in releases]
    found = [
        _unanswered(binary, [row for row in silent if row.binary == binary]) for binary in _kinds(silent)
    ]
    found += _differing([row for row in rows if row.id in releases], releases)
    return found or ok(f"{count(len(rows), 'service')} asked over RPC, and all answered.")


def _asked(rows):
    computes = [row for row in rows if row.topic == "compute"]
    step = max(1, -(-len(computes) // _COMPUTES_ASKED))
    return [row for row in rows if row.topic != "compute"] + computes[::step]


def _kinds(rows):
    return dict.fromkeys(row.binary for row in rows)


def _unanswered(binary, rows):
    return error(
        f"{_names(binary, rows)} listed as up, but did not answer over RPC.",
        "It is dead, paused (`minova service list`), cut off from the broker, or has no free thread.",
    )


def _deaf(patient, rows):
    """Those on whose queue nobody listens: a ping would only lie there."""
    states = queue_states.read(patient.address, [f"{row.topic}.{row.host}" for row in rows])
    listened_to = {one.name for one in states if one.consumers}
    return [row for row in rows if f"{row.topic}.{row.host}" not in listened_to]


def _differing(rows, releases, own=None):
    """Services of another release of minova than this one's."""
    own = own or importlib.metadata.version("minova")
    for release in sorted({releases[row.id] for row in rows} - {own}):
        others = [row for row in rows if releases[row.id] == release]
        for binary in _kinds(others):
            yield warning(
                f"{_names(binary, [row for row in others if row.binary == binary])} running minova {release}, and "
                f"this is minova {own}.",
                "Fine while an upgrade is under way ([upgrade_levels]); else restart it with the present release.",
            )


def _ask(rows):
    """Of those that answered in time the release of minova that they run, by the id of their row."""
    if not rows:
        return {}
    bus = rpc.Bus("minova-doctor", CONF.host)
    apis = {topic: baserpc.BaseAPI(bus, topic) for topic in {row.topic for row in rows}}
    waiting, answered = queue.SimpleQueue(), {}
    for row in rows:
        waiting.put(row)
    # Daemons: where the broker goes away meanwhile, oslo.messaging would try for ever.
    threads = [
        threading.Thread(target=_ping_all, args=(apis, waiting, answered), daemon=True)
        for _ in range(min(_THREADS, len(rows)))
    ]
    deadline = time.monotonic() + ALL_PINGS_SECONDS
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0, deadline - time.monotonic()))
    if not any(thread.is_alive() for thread in threads):
        # Else the queue for answers stays until it expires; with a broker that does not answer it cannot be helped.
        bus.cleanup()
    # A copy: those that come later change it no more.
    return dict(answered)


def _ping_all(apis, waiting, answered):
    while True:
        try:
            row = waiting.get_nowait()
        except queue.Empty:
            return
        try:
            answer = apis[row.topic].ping(
                context.get_admin_context(), arg="doctor", server=row.host, timeout_seconds=PING_SECONDS
            )
        except messaging.MessagingException:
            continue
        answered[row.id] = str(answer.get("release", "of an older release"))


def apis(patient):
    """Over HTTP."""
    found = []
    for url in patient.api_urls:
        try:
            ApiClient(url, timeout_seconds=PING_SECONDS).get("/")
        except ApiError as err:
            found.append(error(f"The API does not answer: {err}", _find_out_or_start(patient)))
    return found or ok(f"The API answers at {', '.join(patient.api_urls)}.")


def _find_out_or_start(patient):
    if patient.found:
        return "`minova service list` shows whether it runs."
    return f"Start it: {patient.start('api')}, or minova-api."


def processes(patient):
    """Of a `minova up` on this state path."""
    if patient.found is None:
        return ok(f"No minova up runs on {patient.state_path}: there are no processes of it to look at.")
    dead = [error(sentence) for sentence in lives.sentences(patient.found)]
    try:
        ControlClient(patient.found).send("list")
    except ControlError as err:
        dead.append(warning(str(err)))
    names = [name for name in patient.found.processes if name != "db sync"]
    return dead or ok(f"minova up (pid {patient.found.pid}) runs {', '.join(names)}.")


def pins(_patient):
    """Versions of the RPC that are held back, which only an upgrade under way should do."""
    pinned = {name: CONF.upgrade_levels[name] for name in CONF.upgrade_levels if CONF.upgrade_levels[name]}
    if not pinned:
        return ok("No version of the RPC is pinned.")
    named = ", ".join(f"{name}={level}" for name, level in sorted(pinned.items()))
    return warning(
        f"[upgrade_levels] pins {named}: newer features are not used.",
        "Take the pins away when all services are of the same version.",
    )
