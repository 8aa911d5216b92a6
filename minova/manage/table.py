# SPDX-License-Identifier: Apache-2.0
"""Tables on a terminal."""


def render(header, rows):
    """Left-aligned columns with two spaces between them; a line each for the header and every row."""
    cells = [tuple(header), *(tuple(str(cell) for cell in row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(_line(row, widths) for row in cells)


def _line(row, widths):
    return "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
