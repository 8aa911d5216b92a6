# SPDX-License-Identifier: Apache-2.0
"""What can go wrong with `minova up`, in sentences for the person who typed it."""


class UpError(Exception):
    """Ends the command; the message says what is wrong and what to do."""
