# SPDX-License-Identifier: Apache-2.0
"""`minova up`: start every service on this machine, wait until all answer, follow their logs until Ctrl-C."""

import argparse
import dataclasses
import os
import subprocess
import sys
import time

from minova.up import (
    banner,
    control,
    errors,
    example,
    external_broker,
    guard,
    keeper,
    orders,
    output,
    plan,
    ports,
    processes,
    record,
    settings,
)
from minova.up.api_client import ApiClient, ApiError
from minova.up.readiness import REPORTING, Readiness
from minova.up.supervisor import Supervisor, ended_sentence

START_SECONDS = 60
# Silence during the start is fine for so long; then it is said what is being waited for.
FIRST_NEWS_SECONDS = 6
PROBE_SECONDS = 0.1


def parser():
    up = argparse.ArgumentParser(
        prog="minova up",
        description="Start broker, conductor, scheduler, network, compute and API as separate processes, "
        "wait until all answer, and follow their logs. Ctrl-C, or `minova down` elsewhere, stops everything.",
    )
    settings.add_arguments(up)
    up.add_argument(
        "--demo", action="store_true", help="when all is ready, boot a server and show its RPC messages"
    )
    up.add_argument(
        "--no-restart",
        dest="restart",
        action="store_false",
        help="leave a service dead that ended by itself; else it is started again, later each time",
    )
    up.add_argument(
        "-v", "--verbose", action="store_true", help="show the services' lines during the start, too"
    )
    return up


def run(args):
    """Exit code: 0 after a clean stop, 1 when the start failed or something had to be killed."""
    try:
        with ports.FreePorts() as free_ports:
            chosen = settings.resolve(args, free_ports.find)
            with record.lock(chosen.state_path, _say):
                return _run_locked(chosen, args)
    except errors.UpError as err:
        print(f"minova up: {err}", file=sys.stderr)
        return 1


def _run_locked(chosen, args):
    clean_up_after_crash(chosen.state_path, _say)
    _check(chosen)
    chosen = _fitting_the_broker(chosen)
    commands = plan.commands(chosen)
    plan.write_config(chosen)
    # The guard comes before anything that it must not inherit, and before there is anything to guard.
    watchdog = guard.Guard(lambda groups: _note_loss(chosen, groups))
    try:
        screen = output.Screen(sys.stdout, [command.service for command in commands])
        supervisor = Supervisor(screen, watchdog, chosen.log_path)
        with supervisor.signals():
            return Deployment(chosen, supervisor, args).run(commands)
    finally:
        watchdog.dismiss()


class Deployment:
    """One run, from the first process to the last."""

    def __init__(self, chosen, supervisor, args):
        self._settings = chosen
        self._supervisor = supervisor
        self._screen = supervisor.screen
        self._demo_wanted = args.demo
        self._verbose = args.verbose
        self._demo = None
        self._failed = False
        self._record = record.Record(
            pid=os.getpid(),
            started=time.time(),
            state_path=chosen.state_path,
            api_url=chosen.api_url,
            api_urls=plan.api_urls(chosen),
            page_url=chosen.page_url,
            transport_url=chosen.transport_url,
            embedded_broker=chosen.embedded_broker,
            hosts=chosen.hosts,
            management_url=chosen.management_url if chosen.embedded_broker else "",
            database_connection=chosen.database_connection or "",
            config_files=[*chosen.config_files, chosen.generated_config],
        )
        self._keeper = keeper.Keeper(supervisor, self._record, chosen.log_path, restart=args.restart)
        self._orders = orders.Orders(supervisor, self._keeper, self._record)
        self._control = None

    def run(self, commands):
        try:
            self._start(commands)
            if self._wait_ready():
                self._follow()
        finally:
            self._stop()
        return 1 if self._failed else 0

    def _stop_wanted(self):
        return self._supervisor.stop_requests or self._screen.gone

    def _start(self, commands):
        names = ", ".join(command.service for command in commands if not command.one_shot)
        self._screen.say(f"Starting {names} ...")
        if not self._verbose:
            self._screen.hold()
        for command in commands:
            self._record.processes[command.service] = self._supervisor.start(command).pid
        record.save(self._record)

    def _wait_ready(self):
        """False when the start failed or was cut short."""
        readiness = Readiness(
            self._record.api_urls.values(),
            self._expected_reports(),
            self._record.started,
            self._record.page_url,
        )
        begin = time.monotonic()
        news_at, missing = begin + FIRST_NEWS_SECONDS, []
        while not self._stop_wanted():
            if self._report_failed_start():
                return False
            missing = readiness.missing() or self._unfinished()
            if not missing:
                return self._announce(time.monotonic() - begin)
            if time.monotonic() > begin + START_SECONDS:
                return self._give_up(missing)
            if time.monotonic() > news_at:
                self._screen.say(f"Still waiting for {', '.join(missing)}.")
                news_at += FIRST_NEWS_SECONDS
            self._wait(PROBE_SECONDS)
        return False

    def _expected_reports(self):
        """A compute reports for each of its hosts, any other process once."""
        expected = {kind: self._settings.processes.get(kind, 1) for kind in REPORTING}
        return {**expected, "compute": self._settings.hosts}

    def _unfinished(self):
        return [] if self._supervisor.one_shots_done() else ["db sync"]

    def _wait(self, seconds):
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0 and not self._stop_wanted():
            self._supervisor.wait(left)

    def _report_failed_start(self):
        ended = self._supervisor.newly_ended()
        for process in ended:
            self._supervisor.wait(0)
            self._screen.say(f"{ended_sentence(process)} Its last lines:", trouble=True)
            for line in process.output.last_lines:
                self._screen.say(f"    {line}")
        self._failed = self._failed or bool(ended)
        return bool(ended)

    def _give_up(self, missing):
        self._failed = True
        self._screen.say(
            f"Not ready after {START_SECONDS} s: {', '.join(missing)}. See {self._settings.log_path}.",
            trouble=True,
        )
        return False

    def _announce(self, seconds):
        self._control = control.ControlServer(
            self._settings.state_path, self._supervisor, self._orders.answer
        )
        self._record.control = self._control.path
        self._record.ready = True
        record.save(self._record)
        self._screen.say(
            banner.text(self._settings, seconds, len(self._supervisor.services()), self._example())
        )
        self._screen.release(show=False)
        if self._demo_wanted:
            self._start_demo()
        return True

    def _example(self):
        try:
            return example.server_body(ApiClient(self._settings.api_url))
        except ApiError:
            # All flavors may have been deleted; that is no reason not to run.
            return None

    def _start_demo(self):
        """A process of its own: what it imports to read the bus does not stay in this one."""
        self._screen.hold()
        self._demo = subprocess.Popen(
            [sys.executable, "-m", "minova.cmd.cli", "demo", "--state-path", self._settings.state_path]
        )

    def _follow(self):
        while not self._stop_wanted():
            self._supervisor.wait()
            self._end_demo()
            self._control.look()
            self._keeper.look()

    def _end_demo(self):
        if self._demo and self._demo.poll() is not None:
            self._demo = None
            self._screen.say("Following the logs of all services; Ctrl-C stops everything.")
            self._screen.release(show=True)

    def _stop(self):
        begin = time.monotonic()
        if self._control:
            self._control.close()
        if self._demo:
            self._demo.terminate()
            self._demo.wait()
        self._screen.release(show=False)
        if not self._verbose:
            self._screen.hold()
        self._screen.say("Stopping ...")
        clean = self._supervisor.stop()
        record.remove(self._settings.state_path)
        self._failed = self._failed or not clean
        self._screen.say(f"Stopped in {time.monotonic() - begin:.1f} s.")


def clean_up_after_crash(state_path, say):
    """Stop what an earlier `minova up` that was killed may have left, and remove its record."""
    old = record.load(state_path)
    if old is None:
        return
    # The command line tells a service of that run from another program that got its process id since.
    left = {
        service: pid for service, pid in old.processes.items() if state_path in processes.command_line(pid)
    }
    guard.stop_groups({pid: plan.turn_to_stop(service) for service, pid in left.items()})
    record.remove(state_path)
    stopped = f"; {len(left)} processes that it left behind were stopped" if left else ""
    say(f"A minova up (pid {old.pid}) did not end in good order{stopped}. Its record is removed.")


def _check(chosen):
    """Look for what would make the start fail, while it can be said in one sentence."""
    api_ports = (chosen.api_port, *chosen.further_api_ports)
    wanted = [(chosen.api_listen, port, "--api-port") for port in api_ports]
    if chosen.page_port is not None:
        wanted.append((chosen.page_listen, chosen.page_port, "--page-port"))
    if chosen.embedded_broker:
        wanted.append((chosen.broker_listen, chosen.broker_port, "--broker-port"))
        wanted.append((chosen.broker_listen, chosen.management_port, "--management-port"))
    ports.check_free(wanted)
    if not chosen.embedded_broker:
        ports.check_answers(settings.addresses(chosen.transport_url))


def _fitting_the_broker(chosen):
    """The settings with what a broker of the user's own needs; his configuration files go before it."""
    given = settings.read_config_files(chosen.config_files)
    if chosen.embedded_broker or given.has_section("oslo_messaging_rabbit"):
        return chosen
    options = external_broker.rabbit_options(chosen.transport_url)
    return dataclasses.replace(chosen, rabbit_options=options)


def _note_loss(chosen, groups):
    log = output.LogFile(os.path.join(chosen.log_path, "up.log"))
    log.write(
        f"{time.strftime('%Y-%m-%d %H:%M:%S')} minova up was killed; its {len(groups)} services were stopped."
    )
    log.close()


def _say(text):
    print(text, flush=True)
