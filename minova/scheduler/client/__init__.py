# SPDX-License-Identifier: Apache-2.0
"""The scheduler as other services use it: query.py asks it, report.py tells it."""
