# SPDX-License-Identifier: Apache-2.0
"""`minova`: one command for the user; a subcommand's module is imported only when it is asked for."""

import importlib
import io
import os
import sys

from minova import broken_pipe

# Name, module (with `parser()` and `run(args) -> exit code`), and the line that --help shows.
COMMANDS = (
    ("up", "minova.up.up", "start every service on this machine and follow their logs"),
    ("down", "minova.up.down", "stop what `minova up` started"),
    ("status", "minova.up.status", "show the processes, the API and the bus of `minova up`"),
    ("service", "minova.up.service_command", "kill, stop, start or pause services of `minova up`"),
    ("server", "minova.up.server_command", "create, list, stop, start, reboot, evacuate and delete servers"),
    ("demo", "minova.up.demo", "boot a server with curl and show the RPC messages that did it"),
    ("trace", "minova.trace.command", "show each RPC message as it is sent"),
    ("hold", "minova.debug.hold_command", "hold messages back in the broker, to look at them on their way"),
    ("step", "minova.debug.step_command", "let one held message go"),
    ("explain", "minova.explain.command", "tell the story of a server, and what its faults mean"),
    ("doctor", "minova.doctor.command", "look for what is wrong, and say what to do"),
    ("fault", "minova.debug.fault_command", "break what the hypervisors do, or the messages on the bus"),
    ("chaos", "minova.chaos.command", "kill, stop and restart services under load, and check what is left"),
    ("bench", "minova.bench.command", "measure a minova of its own"),
)


@broken_pipe.ends_quietly
def main(argv=None):
    """Run one subcommand; returns the exit code."""
    argv = sys.argv[1:] if argv is None else argv
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(_usage())
        return 0
    if sys.stdout is None:
        # Whoever started it has closed it.
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - open as long as it runs
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A server may have a name that the terminal cannot show.
        sys.stdout.reconfigure(errors="replace")
    try:
        return _run(*argv)
    except KeyboardInterrupt:
        return 130


def _usage():
    lines = [f"  {name:8} {line}" for name, _, line in COMMANDS]
    return "\n".join(["usage: minova COMMAND [options]", "", *lines, "", "minova COMMAND --help tells more."])


def _run(command, *arguments):
    # To import the module may take long enough for a Ctrl-C.
    module = _module_of(command)
    if module is None:
        print(f"minova: there is no command {command!r}.\n\n{_usage()}", file=sys.stderr)
        return 2
    return module.run(module.parser().parse_args(arguments))


def _module_of(command):
    for name, module, _ in COMMANDS:
        if name == command:
            return importlib.import_module(module)
    return None


if __name__ == "__main__":
    sys.exit(main())
