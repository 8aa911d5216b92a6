# SPDX-License-Identifier: Apache-2.0
"""The REST API: OpenStack Compute's, one blueprint per noun."""
