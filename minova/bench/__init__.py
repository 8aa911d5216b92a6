# SPDX-License-Identifier: Apache-2.0
"""`minova bench`: starts a minova of its own, measures it, and stops it; docs/benchmarks.md explains the figures."""
