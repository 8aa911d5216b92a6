# SPDX-License-Identifier: Apache-2.0
"""A recording of the bus on disk: JSON lines, one per event, never larger than it may be."""

import contextlib
import json
import os
import time

from minova.trace import events

FORMAT = 1
_MESSAGE = b'{"event": "published"'
DEFAULT_MAX_BYTES = 64 * 1024 * 1024
# What is in memory is on disk after so long; who reads a recording under way waits at least this.
FLUSH_SECONDS = 0.2
_BLOCK_BYTES = 1 << 16


class RecordingError(Exception):
    """A file cannot be used as a recording; the message says why."""


def path_in(state_path):
    """Where the page of a `minova up` records."""
    return os.path.join(state_path, "trace", "recording.jsonl")


class Recorder:
    """Appends events to a file. When that is full, its oldest half goes, and its first line says how much went.

    :raises RecordingError: when the file holds something else, or cannot be written; so do its methods.
    """

    def __init__(self, path, max_bytes=DEFAULT_MAX_BYTES):
        self._path = path
        self._max_bytes = max_bytes
        self._flushed = time.monotonic()
        self._header = _header_of(path) if os.path.exists(path) and os.path.getsize(path) else None
        with _writing(path):
            self._file = open(path, "ab")  # noqa: SIM115 - open as long as it records
            _end_last_line(self._file, path)
        if self._header is None:
            self._header = {"minova_trace": FORMAT, "begin": time.time(), "dropped_messages": 0}
            self._file.write(_line(self._header))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def dropped_messages(self):
        """How many of the oldest had to go."""
        return self._header["dropped_messages"]

    def add(self, event):
        line = _line(event.to_dict())
        with _writing(self._path):
            if self._file.tell() + len(line) > self._max_bytes:
                self._drop_oldest()
            self._file.write(line)
        if time.monotonic() - self._flushed > FLUSH_SECONDS:
            self.flush()

    def flush(self):
        """To be called when it is quiet, so that a reader sees all."""
        with _writing(self._path):
            self._file.flush()
        self._flushed = time.monotonic()

    def close(self):
        with _writing(self._path):
            self._file.close()

    def _drop_oldest(self):
        """Write the newest half anew and put it in place in one step: readers see the old file or the new."""
        self._file.close()
        with open(self._path, "rb") as old, open(f"{self._path}.new", "wb") as new:
            old.readline()
            dropped = _skip(old, self._max_bytes // 2)
            self._header["dropped_messages"] += dropped
            new.write(_line(self._header))
            while chunk := old.read(1 << 20):
                new.write(chunk)
        os.replace(f"{self._path}.new", self._path)
        self._file = open(self._path, "ab")  # noqa: SIM115 - open as long as it records


class Recording:
    """The events of a file, each time anew; `header` is its first line."""

    def __init__(self, path):
        self.header = _header_of(path)
        self._path = path

    @property
    def dropped_messages(self):
        """How many messages went before the first that is left."""
        return self.header.get("dropped_messages", 0)

    def __iter__(self):
        return self.select(lambda line: True)

    def select(self, wants, offset=0):
        """The events of the messages whose line `wants` accepts; only these are decoded.

        :param offset: bytes at the beginning that are left out.
        """
        reader = events.Reader()
        with open(self._path, "rb") as lines:
            lines.seek(offset)
            # The header, or what is left of a line.
            lines.readline()
            for number, line in enumerate(lines, 2):
                if not _is_message(line) or wants(line):
                    event = self._event(reader, number, line)
                    if event is not None:
                        yield event

    def _event(self, reader, number, line):
        # The last line of a recording under way, or of a recorder that was killed, may be half written.
        if not line.endswith(b"\n"):
            return None
        try:
            return reader.read(json.loads(line))
        except (ValueError, TypeError, RecursionError) as err:
            raise RecordingError(f"{self._path}, line {number}, is not of a recording: {err}.") from err


def read(path):
    """The Recording in a file.

    :raises RecordingError: when there is none, and while it is read, when a line of it is of something else.
    """
    return Recording(path)


def _header_of(path):
    try:
        with open(path, "rb") as lines:
            header = json.loads(lines.readline(4096))
    except OSError as err:
        raise RecordingError(f"{path} cannot be read: {err.strerror}.") from err
    except (ValueError, RecursionError):
        header = None
    if not isinstance(header, dict) or "minova_trace" not in header:
        raise RecordingError(f"{path} is not a recording of minova trace.")
    if header["minova_trace"] != FORMAT:
        raise RecordingError(
            f"{path} has format {header['minova_trace']}; this minova knows format {FORMAT}."
        )
    return header


@contextlib.contextmanager
def _writing(path):
    try:
        yield
    except OSError as err:
        raise RecordingError(f"{path} cannot be written: {err.strerror}.") from err


def _end_last_line(file, path):
    """Cut off what a recorder that was killed, or that had no room, has left of its last line."""
    tail_bytes = _BLOCK_BYTES
    with open(path, "rb") as lines:
        size = os.fstat(lines.fileno()).st_size
        while True:
            begin = max(size - tail_bytes, 0)
            lines.seek(begin)
            end = lines.read(size - begin).rfind(b"\n") + 1
            if end or begin == 0:
                break
            tail_bytes *= 2
    if begin + end < size:
        file.truncate(begin + end)


def _skip(lines, up_to):
    """Read on until less than `up_to` bytes are left; returns how many messages that were."""
    size = os.fstat(lines.fileno()).st_size
    dropped = 0
    while size - lines.tell() > up_to:
        dropped += _is_message(lines.readline())
    return dropped


def _is_message(line):
    return line.startswith(_MESSAGE)


def _line(fields):
    return json.dumps(fields).encode() + b"\n"
