# SPDX-License-Identifier: Apache-2.0
"""Send the broker's protocol code any number of inputs, from a seed: python -m tests.fuzz 1000000 --seed 1.

Each input is a connection's whole stream: handshakes and work that are mutated, methods in any order with any
arguments, frames of noise, in pieces of any size. Ends with 1, and the seed of the one input, when something is wrong.
"""

import argparse
import asyncio
import logging
import pathlib
import random
import re
import sys
import time

import minova  # noqa: F401 - before anything imports oslo.messaging
from tests.fuzz import broker, inputs

_BATCH = 500  # inputs for one broker
_PIECES = (1, 7, 64, 4096)


def main():
    arguments = _parse_arguments()
    logging.getLogger("minova").addHandler(logging.NullHandler())
    logging.getLogger("minova").propagate = False
    if arguments.only is not None:
        return 0 if asyncio.run(_run_batch(arguments.seed, [arguments.only])) else 1
    started, base_kilobytes = time.monotonic(), 0
    for first in range(0, arguments.count, _BATCH):
        numbers = range(first, min(first + _BATCH, arguments.count))
        if not asyncio.run(_run_batch(arguments.seed, numbers)):
            return 1
        base_kilobytes = base_kilobytes or _resident_kilobytes()
        if (first // _BATCH) % 100 == 99:
            _report(numbers[-1] + 1, started, base_kilobytes)
    _report(arguments.count, started, base_kilobytes)
    return 0


async def _run_batch(seed, numbers):
    fuzzed = broker.FuzzedBroker()
    number = None
    try:
        for number in numbers:
            choices = random.Random(f"{seed}-{number}")
            stream = inputs.make_stream(choices)
            await fuzzed.try_stream(stream, choices.choice(_PIECES))
            fuzzed.check_witness()
        await fuzzed.clean()
    except Exception as err:  # noqa: BLE001 - whatever it is, it was found
        print(f"seed {seed}, input {number}: {type(err).__name__}: {err}")
        print(f"to see it alone, if it shows alone: --seed {seed} --only {number}")
        return False
    finally:
        fuzzed.close()
    return True


def _report(count, started, base_kilobytes):
    seconds = time.monotonic() - started
    grown = _resident_kilobytes() - base_kilobytes
    print(
        f"{count} inputs, {seconds:.0f} s, memory {grown:+d} kB since the first batch, nothing found",
        flush=True,
    )


def _resident_kilobytes():
    status = pathlib.Path("/proc/self/status")
    return int(re.search(r"VmRSS:\s+(\d+)", status.read_text())[1]) if status.exists() else 0


def _parse_arguments():
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("count", type=int, nargs="?", default=100_000, help="how many inputs (100000)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, metavar="N", help="run the one input of that number")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
