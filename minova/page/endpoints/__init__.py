# SPDX-License-Identifier: Apache-2.0
"""What a browser asks of the page, one module per noun; docs/page.md shows each answer."""
