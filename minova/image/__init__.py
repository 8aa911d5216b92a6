# SPDX-License-Identifier: Apache-2.0
"""Images: what instances are booted from."""
