# SPDX-License-Identifier: Apache-2.0
"""What a check found."""

import dataclasses

OK, WARNING, ERROR = "ok", "warning", "error"


@dataclasses.dataclass(frozen=True)
class Finding:
    """One sentence on what is, and one on what to do where something is to be done."""

    level: str
    text: str
    advice: str = ""


def ok(text):
    return Finding(OK, text)


def warning(text, advice=""):
    return Finding(WARNING, text, advice)


def error(text, advice=""):
    return Finding(ERROR, text, advice)
