# SPDX-License-Identifier: Apache-2.0
"""`minova demo`: boot one server with curl, watch it become ACTIVE, and show the RPC messages that did it."""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

from minova.trace import line
from minova.trace.firehose import Firehose, TraceError, off_hint
from minova.up import errors, example, record, settings
from minova.up.api_client import ApiClient, ApiError

BOOT_SECONDS = 30
POLL_SECONDS = 0.02
# After so long without a message the conversation is over.
QUIET_SECONDS = 0.4
# The simulated hypervisor takes its time, so that the states can be watched.
SPAWN_SECONDS = 1


def parser():
    demo = argparse.ArgumentParser(
        prog="minova demo",
        description="Boot one server on the running minova with curl, watch it become ACTIVE, and show "
        "the RPC messages that did it.",
    )
    settings.add_state_path(demo)
    return demo


def run(args):
    """Exit code: 0 when the server became ACTIVE."""
    state_path = settings.state_path(args.state_path)
    try:
        running = record.running(state_path)
        if running is None:
            raise errors.UpError(f"No minova up runs on the state path {state_path}. Start one: minova up")
        with Firehose(running.transport_url) as firehose:
            return Demo(running.api_url, firehose).run()
    except (errors.UpError, ApiError, TraceError) as err:
        print(f"minova demo: {err}", file=sys.stderr)
        return 1


class Demo:
    """One server, and what is said on the bus about it."""

    def __init__(self, api_url, firehose):
        self._api = ApiClient(api_url, timeout_seconds=10)
        self._firehose = firehose
        self._messages = []
        self._traced = firehose.is_on()

    def run(self):
        body = example.server_body(self._api)
        body["server"]["metadata"] = {"minova:spawn_seconds": str(SPAWN_SECONDS)}
        with self._listening():
            begin = time.time()
            request_id, server_id = self._create(body)
            server = self._watch(server_id, begin)
            self._wait_for_quiet()
        self._show_messages(request_id, begin)
        return 0 if server["status"] == "ACTIVE" else 1

    @contextlib.contextmanager
    def _listening(self):
        listener = threading.Thread(target=self._listen, daemon=True)
        listener.start()
        try:
            yield
        finally:
            self._firehose.stop()
            listener.join()

    def _create(self, body):
        """(request id, server id) of the new server."""
        command = example.curl_command(self._api.url, body)
        print(f"$ {example.shown(command)}", flush=True)
        headers, answer = run_curl(command) if shutil.which("curl") else self._create_without_curl(body)
        print(json.dumps(answer), flush=True)
        if "server" not in answer:
            raise ApiError("the API refused to create the server")
        return headers.get("x-openstack-request-id", ""), answer["server"]["id"]

    def _create_without_curl(self, body):
        print("(curl is not installed here; the same request is sent by Python.)")
        headers, answer = self._api.send("POST", "/servers", body)
        return {name.lower(): value for name, value in headers.items()}, answer

    def _watch(self, server_id, begin):
        """Show each state until the server is built; returns it as it then is."""
        print(f"\n$ curl {self._api.url}/servers/{server_id}      (again and again)")
        seen = None
        while time.time() < begin + BOOT_SECONDS:
            server = self._api.get(f"/servers/{server_id}")["server"]
            state = (
                server["status"],
                server.get("OS-EXT-STS:task_state"),
                server.get("OS-EXT-SRV-ATTR:host"),
            )
            if state != seen:
                print(_state_line(time.time() - begin, *state), flush=True)
                seen = state
            if server["status"] in ("ACTIVE", "ERROR"):
                _print_fault(server)
                return server
            time.sleep(POLL_SECONDS)
        raise ApiError(f"the server was not built within {BOOT_SECONDS} s; its state is {seen[0]}")

    def _listen(self):
        try:
            for message in self._firehose.messages():
                if message:
                    self._messages.append(message)
        except TraceError as err:
            print(f"minova demo: {err}", file=sys.stderr)

    def _wait_for_quiet(self):
        """Until no message has come for a while; the last ones follow the state that the API shows."""
        count, quiet_since = -1, time.monotonic()
        deadline = time.monotonic() + 5
        while time.monotonic() < min(quiet_since + QUIET_SECONDS, deadline):
            if len(self._messages) != count:
                count, quiet_since = len(self._messages), time.monotonic()
            time.sleep(0.02)

    def _show_messages(self, request_id, begin):
        if not self._traced:
            print(f"\nThe RPC messages cannot be shown. {off_hint(self._firehose.virtual_host)}")
            return
        mine = [message for message in self._messages if message.request_id == request_id]
        size = line.size(sum(message.size_bytes for message in mine))
        print(f"\nThese {len(mine)} RPC messages ({size}) did it; `minova trace` shows such lines live:")
        for message in mine:
            print(line.human(message, begin))


def run_curl(command):
    """(headers in lower case, decoded body) of the answer."""
    with tempfile.TemporaryDirectory() as directory:
        dump = os.path.join(directory, "headers")
        # What is not shown only keeps curl's progress meter away and the headers for us.
        done = subprocess.run(
            [*command, "--silent", "--show-error", "--dump-header", dump],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise ApiError(done.stderr.strip())
        with open(dump, encoding="latin-1") as lines:
            pairs = [text.partition(":") for text in lines if ":" in text]
    try:
        return {name.strip().lower(): value.strip() for name, _, value in pairs}, json.loads(done.stdout)
    except ValueError as err:
        raise ApiError(f"the answer is not JSON: {done.stdout[:200]}") from err


def _state_line(seconds, status, task_state, host):
    return f"{seconds:8.3f} {status:7} {task_state or '-':12} {f'on {host}' if host else ''}".rstrip()


def _print_fault(server):
    if fault := server.get("fault"):
        print(f"         {fault.get('message')}")
