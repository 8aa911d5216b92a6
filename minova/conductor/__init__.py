# SPDX-License-Identifier: Apache-2.0
"""The service that writes the records for the computes and runs the long tasks."""
