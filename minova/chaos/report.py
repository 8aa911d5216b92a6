# SPDX-License-Identifier: Apache-2.0
"""What a storm did and found, in lines for people."""

import collections
import glob
import os
import statistics

from minova.chaos import levels, plan

_LOG_LINES = 12


def lines(storm):
    """The whole report."""
    return [
        *_requests(storm),
        *_faults(storm),
        *_ends(storm),
        *_levels(storm),
        *_violations(storm),
    ]


def _requests(storm):
    yield ""
    yield f"requests{'':18} answers"
    by_kind = collections.defaultdict(list)
    for (kind, status), count in sorted(storm.ledger.answers.items(), key=str):
        by_kind[kind].append(f"{status}: {count}")
    for kind, answers in by_kind.items():
        yield f"  {kind:24} {', '.join(answers)}"


def _faults(storm):
    counts = storm.injector.counts
    kinds = [kind for kind in plan.KINDS if any(kind == met for _, met in counts)]
    yield ""
    yield f"faults{'':14}" + "".join(f"{kind:>16}" for kind in kinds) + f"{'started again':>16}"
    for service in sorted({service for service, _ in counts}):
        numbers = "".join(f"{counts[service, kind]:>16}" for kind in kinds)
        yield f"  {service:18}{numbers}{storm.restarts.get(service, 0):>16}"


def _ends(storm):
    servers = storm.ledger.servers.values()
    asked = collections.Counter(_end(server) for server in servers)
    seconds = sorted(server.built_seconds for server in servers if server.built_seconds is not None)
    yield ""
    yield "servers   " + ", ".join(f"{count} {end}" for end, count in sorted(asked.items()))
    if len(seconds) > 1:
        median, most = statistics.median(seconds), seconds[-1]
        yield f"          from request to rest: {median:.1f} s (median), {most:.1f} s (longest)"
    if storm.settle_seconds is not None:
        yield f"          all at rest {storm.settle_seconds:.0f} s after the storm"


def _end(server):
    if server.created is None:
        return "not answered any more"
    if server.created.status != 202:
        return f"create {server.created.status}"
    return server.status or "still building when the storm ended"


def _levels(storm):
    columns = "".join(f"{measure:>18}" for measure in levels.MEASURES)
    yield ""
    yield f"levels (start, most, end of the longest life){columns}"
    for service, (lives, seconds, of_life) in sorted(storm.levels.services().items()):
        cells = "".join(f"{_cell(of_life.get(measure)):>18}" for measure in levels.MEASURES)
        yield f"  {service:12} {lives:4} lives, longest {seconds / 60:5.1f} min   {cells}"
    for what, level in storm.levels.of_bus.items():
        yield f"  broker's {what:20} {_cell(level)}"


def _cell(level):
    return f"{level.start:.0f} {level.most:.0f} {level.end:.0f}" if level else "-"


def _violations(storm):
    yield ""
    found = storm.ledger.violations
    if not found:
        yield "Nothing was found."
        return
    yield f"{len(found)} violations:"
    for sentence, traces in found:
        yield f"* {sentence}"
        yield from _log_lines(storm, traces)


def _log_lines(storm, traces):
    """The last lines of the logs that name an instance or a request."""
    if not traces:
        return
    matching = []
    for path in sorted(glob.glob(os.path.join(storm.settings.state_path, "log", "*.log*"))):
        name = os.path.basename(path)
        with open(path, encoding="utf-8", errors="replace") as log:
            matching += [(line[:23], name, line) for line in log if any(trace in line for trace in traces)]
    for _, name, line in sorted(matching)[-_LOG_LINES:]:
        yield f"    {name:18} {line.rstrip()[:300]}"
