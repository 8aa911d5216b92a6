# SPDX-License-Identifier: Apache-2.0
"""`minova status`: the processes of `minova up`, whether they answer, and what the cloud holds."""

import argparse
import collections
import socket
import sys
import time

from minova.up import errors, plan, processes, record, settings
from minova.up.api_client import ApiClient, ApiError
from minova.up.readiness import REPORTING, service_name

# The table has to fit a terminal of 80 columns.
ROW = "{:12} {:>7} {:>9} {:>8} {:>8}  {}"
PAGE_LIMIT = 1000


def parser():
    status = argparse.ArgumentParser(
        prog="minova status",
        description="Show what `minova up` runs. The exit code is 0 when every service answers, 3 otherwise.",
    )
    settings.add_state_path(status)
    return status


def run(args):
    try:
        return _show(settings.state_path(args.state_path))
    except errors.UpError as err:
        print(f"minova status: {err}", file=sys.stderr)
        return 3


def _show(state_path):
    found = record.running(state_path)
    if found is None:
        print(f"No minova up runs on the state path {state_path}.")
        return 3
    api = ApiClient(found.api_url, timeout_seconds=5)
    answers = service_answers(found, api)
    _print_head(found)
    _print_table(found, answers)
    _print_cloud(found, api)
    return 0 if all(answer == "yes" for answer in answers.values()) else 3


def service_answers(found, api):
    """Service to `yes` or the reason why not."""
    rows = _rows(api)
    answers = {}
    for service, pid in found.processes.items():
        if service == "db sync":
            continue
        answers[service] = (
            _answer(service, found, api, rows) if processes.alive(pid) else _end(found.ended.get(service))
        )
    return answers


def _end(end):
    """What became of a service whose process has ended; ``end`` is None for a moment, until that is noticed."""
    if end is None:
        return "no, its process has ended"
    if end.get("by_user"):
        return "no, stopped by you"
    if end["restart_at"] is None:
        return f"no, ended with {end['outcome']}"
    return f"no, {end['outcome']}, restart in {max(end['restart_at'] - time.time(), 0):.0f} s"


def _rows(api):
    """Rows of GET /os-services by service; None when the API does not say."""
    try:
        services = api.get("/os-services")["services"]
    except (ApiError, KeyError, TypeError):
        return None
    by_service = collections.defaultdict(list)
    for row in services:
        by_service[service_name(row)].append(row)
    return by_service


def _answer(service, found, api, rows):
    if processes.is_paused(found.processes[service]):
        return "no, paused"
    kind = plan.kind_of(service)
    if kind == "api":
        return _api_answer(ApiClient(found.api_urls[service], timeout_seconds=5))
    if kind == "page":
        return _api_answer(ApiClient(found.page_url, timeout_seconds=5), "/api/state")
    if service == "broker":
        return _broker_answer(found.transport_url)
    if rows is None:
        return "unknown, the API does not answer"
    return _reported(_rows_of(service, rows[kind])) if kind in REPORTING else "yes"


def _rows_of(service, rows):
    """Those of one of several processes, each of which reports as a controller of its own."""
    kind, _, number = service.partition("-")
    if not number or kind == "compute":
        return rows
    return [row for row in rows if row.get("host") == plan.controller(number)]


def _reported(rows):
    up = [row for row in rows if row.get("state") == "up"]
    if up:
        return "yes"
    last = max((str(row.get("updated_at")) for row in rows), default=None)
    return f"no, last report {last}" if last else "no, it has never reported"


def _api_answer(api, path="/"):
    try:
        api.get(path)
    except ApiError as err:
        return f"no: {err}"
    return "yes"


def _broker_answer(transport_url):
    try:
        socket.create_connection(settings.addresses(transport_url)[0], timeout=3).close()
    except OSError as err:
        return f"no: {err.strerror or err}"
    return "yes"


def _print_head(found):
    phase = "" if found.ready else ", still starting"
    since = duration(time.time() - found.started)
    print(f"minova up (pid {found.pid}), up for {since}{phase}, in {found.state_path}\n")


def _print_table(found, answers):
    print(ROW.format("service", "pid", "processes", "memory", "restarts", "answers"))
    total_bytes = 0
    for service, answer in answers.items():
        pid = found.processes[service]
        count, rss_bytes = processes.group_rss_bytes(pid)
        total_bytes += rss_bytes
        restarts = found.restarts.get(service, 0)
        print(ROW.format(service, pid, count, _megabytes(rss_bytes), restarts, answer))
    print(ROW.format("total", "", "", _megabytes(total_bytes), sum(found.restarts.values()), ""))


def _print_cloud(found, api):
    print(f"\nAPI      {found.api_url}")
    if found.page_url:
        print(f"page     {found.page_url}")
    print(f"bus      {settings.bus(found.transport_url, found.embedded_broker)}")
    try:
        print(f"servers  {_servers(api)}")
        print(f"hosts    {_hosts(api)}")
    except (ApiError, KeyError, TypeError) as err:
        print(f"servers  unknown: {err}")


def _servers(api):
    """`3 (2 ACTIVE, 1 ERROR)`, counted page by page over all projects."""
    counts, marker = collections.Counter(), ""
    while True:
        page = api.get(f"/servers/detail?all_tenants=1&limit={PAGE_LIMIT}{marker}")["servers"]
        counts.update(server["status"] for server in page)
        if len(page) < PAGE_LIMIT:
            break
        marker = f"&marker={page[-1]['id']}"
    details = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    return f"{counts.total()} ({details})" if details else "0"


def _hosts(api):
    """`3 (3 up)`, of the compute services."""
    rows = (_rows(api) or {}).get("compute", [])
    return f"{len(rows)} ({sum(row.get('state') == 'up' for row in rows)} up)"


def duration(seconds):
    """`42 s`, `12 min`, `3 h 5 min`, `2 d 4 h`."""
    minutes, hours, days = int(seconds // 60), int(seconds // 3600), int(seconds // 86400)
    if days:
        return f"{days} d {hours % 24} h"
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min" if minutes else f"{int(seconds)} s"


def _megabytes(size_bytes):
    return f"{size_bytes / 1e6:.0f} MB"
