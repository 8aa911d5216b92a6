# SPDX-License-Identifier: Apache-2.0
"""The page: listens to the firehose, and shows messages, topology, servers and services to a browser."""
