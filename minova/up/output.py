# SPDX-License-Identifier: Apache-2.0
"""Where the services' lines go: to the terminal with a coloured prefix, and to a bounded file per service."""

import collections
import os
import re

# ANSI colours, one after the other; red is left for trouble.
COLOURS = (36, 33, 32, 35, 34, 96, 93)
RED = 31
# A line without an end is cut here, so that memory stays bounded.
LONGEST_LINE_BYTES = 65536
LOG_FILE_BYTES = 10_000_000
# Lines that are kept to be told when a service ends unexpectedly.
LAST_LINES = 15
# Lines that wait while the screen is held.
HELD_LINES = 500
_ERROR_LEVEL = re.compile(r" (ERROR|CRITICAL) ")


def wants_colour(stream):
    """Colour is for a terminal, unless NO_COLOR (any value) says otherwise."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def file_name(service):
    """Name of a service's log file."""
    return f"{service.replace(' ', '-')}.log"


class Screen:
    """The terminal: lines of services with a prefix, sentences of `minova up` without."""

    def __init__(self, stream, services):
        self._stream = stream
        self._width = max(map(len, services), default=0)
        self._colours = dict(zip(services, COLOURS, strict=False)) if wants_colour(stream) else None
        self._held = None
        # Whether nobody reads any more: `| head` has ended, or the terminal was closed.
        self.gone = False

    def line(self, service, text):
        """One line of a service; kept back while the screen is held."""
        if self._held is None:
            self._write(self._prefixed(service, text))
        else:
            self._held.append((service, text))

    def say(self, text, trouble=False):
        """A sentence of `minova up` itself."""
        self._write(self._coloured(text, RED) if trouble else text)

    def hold(self):
        """Keep the lines of services back, for example while a demo has the screen."""
        self._held = collections.deque(maxlen=HELD_LINES)

    def release(self, show):
        """Let lines through again; `show` those that were kept back, or drop them."""
        held, self._held = self._held or (), None
        for service, text in held if show else ():
            self.line(service, text)

    def _prefixed(self, service, text):
        colour = RED if _ERROR_LEVEL.search(text[:80]) else (self._colours or {}).get(service)
        return f"{self._coloured(f'{service:{self._width}} |', colour)} {text}"

    def _coloured(self, text, colour):
        return f"\033[{colour}m{text}\033[0m" if self._colours is not None and colour else text

    def _write(self, text):
        if self.gone:
            return
        try:
            self._stream.write(text + "\n")
            self._stream.flush()
        except OSError:
            self.gone = True


class ServiceOutput:
    """What one service wrote: cut into lines, shown, filed, and the last of it remembered."""

    def __init__(self, service, screen, log_path):
        self.last_lines = collections.deque(maxlen=LAST_LINES)
        self._service = service
        self._screen = screen
        self._file = LogFile(os.path.join(log_path, file_name(service)))
        self._rest = b""

    def feed(self, chunk):
        """Take bytes as they come from the pipe."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._line(line)
        if len(self._rest) > LONGEST_LINE_BYTES:
            self._end_line()

    def close(self):
        if self._rest:
            self._end_line()
        self._file.close()

    def _end_line(self):
        line, self._rest = self._rest, b""
        self._line(line)

    def _line(self, line):
        text = line.decode(errors="replace").rstrip("\r")
        self.last_lines.append(text)
        self._file.write(text)
        self._screen.line(self._service, text)


class LogFile:
    """A file that begins anew at a limit; the one before is kept beside it with the ending `.1`."""

    def __init__(self, path, limit_bytes=LOG_FILE_BYTES):
        self._path = path
        self._limit_bytes = limit_bytes
        self._open()

    def write(self, line):
        self._size_bytes += self._file.write(line + "\n")
        self._file.flush()
        if self._size_bytes > self._limit_bytes:
            self._rotate()

    def close(self):
        self._file.close()

    def _open(self):
        self._file = open(self._path, "a", encoding="utf-8", errors="replace")  # noqa: SIM115 - closed by close()
        self._size_bytes = self._file.tell()

    def _rotate(self):
        self._file.close()
        os.replace(self._path, f"{self._path}.1")
        self._open()
