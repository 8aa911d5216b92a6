# SPDX-License-Identifier: Apache-2.0
"""Rules by which the broker holds messages back or breaks them; where there is none, nothing here is called."""
