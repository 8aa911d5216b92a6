# SPDX-License-Identifier: Apache-2.0
"""How a command ends that cannot write.

Where its reader has gone, as `| head` and `| grep -q` do, it ends quietly, as other commands of Unix; where a disk is
full, with a sentence.
"""

import errno
import functools
import os
import select
import signal
import sys

# What a shell says of a command that SIGPIPE has ended.
EXIT_CODE = 128 + signal.SIGPIPE
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


def ends_quietly(main):
    """A decorator for the `main` of each console script."""

    @functools.wraps(main)
    def run(*arguments):
        try:
            try:
                return main(*arguments)
            finally:
                # Else the interpreter does it, and complains. Where there is no output there is no stream.
                if sys.stdout:
                    sys.stdout.flush()
        except BrokenPipeError:
            if not reader_has_gone():
                raise
            _write_to_nobody(filter(_is_broken, (sys.stdout, sys.stderr)))
            return EXIT_CODE
        except OSError as err:
            if err.errno not in _NO_ROOM:
                raise
            _write_to_nobody([sys.stdout])
            what = f": {err.filename}" if err.filename else ""
            print(f"{os.path.basename(sys.argv[0])}: {err.strerror}{what}", file=sys.stderr)
            return 1

    return run


def reader_has_gone():
    """Whether a BrokenPipeError is of the output; it may be of a connection, too."""
    return any(map(_is_broken, (sys.stdout, sys.stderr)))


def _is_broken(stream):
    poll = select.poll()
    try:
        poll.register(stream.fileno(), 0)
    except (AttributeError, ValueError):
        # It is closed, or no file.
        return False
    return any(event & select.POLLERR for _, event in poll.poll(0))


def _write_to_nobody(streams):
    """What is still in a buffer is flushed at exit."""
    nobody = os.open(os.devnull, os.O_WRONLY)
    for stream in streams:
        os.dup2(nobody, stream.fileno())
