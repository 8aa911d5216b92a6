# SPDX-License-Identifier: Apache-2.0
"""Console scripts: one file each, wiring only."""
