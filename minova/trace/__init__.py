# SPDX-License-Identifier: Apache-2.0
"""Reads the broker's firehose and shows which service said what to which."""
