# SPDX-License-Identifier: Apache-2.0
"""minova-manage: the database, the services and the hosts, for operators."""

import sys

from minova import broken_pipe
from minova.manage import command


@broken_pipe.ends_quietly
def main():
    return command.run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
