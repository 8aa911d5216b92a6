# SPDX-License-Identifier: Apache-2.0
"""`minova doctor`: all checks, one line for each finding."""

import argparse
import collections
import json
import logging
import os
import sys
import textwrap

from minova.explain import width
from minova.explain.sentence import count
from minova.trace.line import printable
from minova.up import configuration, errors

_INDENT = 21


def parser():
    doctor = argparse.ArgumentParser(
        prog="minova doctor",
        description="Look at broker, database, services, queues, tasks, clocks and disk, and say what is wrong and "
        "what to do. It takes some 8 seconds at most, whatever hangs. The exit code is 1 when there is an error.",
    )
    doctor.add_argument("--json", action="store_true", help="the findings as one JSON object")
    configuration.add_arguments(doctor)
    return doctor


def run(args):
    """Exit code: 0 without errors (there may be warnings), 1 with."""
    try:
        patient = _patient(args)
    except errors.UpError as err:
        print(f"minova doctor: {err}", file=sys.stderr)
        return 1
    # What oslo.messaging and its like say about a broker that is away is said by the findings.
    logging.disable(logging.CRITICAL)
    code = _examine(patient, args.json)
    # Threads that still wait for who does not answer would keep the interpreter from ending.
    sys.stdout.flush()
    os._exit(code)


def _patient(args):
    from minova.doctor.patient import Patient

    found = configuration.load(args)
    conf = configuration.CONF
    return Patient(
        found=found,
        state_path=conf.state_path,
        transport_url=conf.transport_url,
        api_urls=tuple((found.api_urls or {"api": found.api_url}).values()) if found else _api_urls(conf),
        management_url=found.management_url if found else "",
    )


def _api_urls(conf):
    from minova.up import settings

    return (f"http://{settings.reachable(conf.api.listen)}:{conf.api.port}",)


def _examine(patient, as_json):
    from minova.doctor import checks, examination

    found = examination.examine(patient, checks.CHECKS)
    levels = collections.Counter(finding.level for _, findings in found for finding in findings)
    if as_json:
        print(json.dumps(_document(found, levels), indent=1))
    else:
        print("\n".join(map(printable, _lines(found, levels, width.of_output()))))
    return 1 if levels["error"] else 0


def _document(found, levels):
    return {
        "ok": not levels["error"],
        "findings": [
            {"check": name, "level": one.level, "text": one.text, "advice": one.advice}
            for name, findings in found
            for one in findings
        ],
    }


def _lines(found, levels, columns):
    for name, findings in found:
        for one in findings:
            yield from _wrapped(f"{one.level:8} {name:12}", one.text, columns)
            if one.advice:
                yield from _wrapped("", one.advice, columns)
    counted = " and ".join(count(levels[level], level) for level in ("error", "warning"))
    yield ""
    yield f"{counted} in {count(len(found), 'check')}."


def _wrapped(head, text, columns):
    return textwrap.wrap(
        text,
        columns,
        initial_indent=f"{head:{_INDENT}}",
        subsequent_indent=" " * _INDENT,
        break_on_hyphens=False,
        break_long_words=False,
    )
