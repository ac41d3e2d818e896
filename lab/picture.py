# SPDX-License-Identifier: GPL-2.0-or-later
"""The picture of a scenario, as SVG: hubs above, spokes below, the underlay between them."""
from html import escape

from .story import tunnel_of

WIDTH, HEIGHT, GAP, MARGIN = 190, 92, 30, 20
UNDERLAY_TOP, UNDERLAY_HEIGHT, SPOKES_TOP = 170, 60, 300
STYLE = """text { font: 13px sans-serif; fill: #222 } .name { font-weight: bold; font-size: 15px }
.hub { fill: #dbe9f6; stroke: #2b6cb0 } .spoke { fill: #e6f4e1; stroke: #4a8f29 } .underlay { fill: #f2f2f2; stroke: #888 }
.line { stroke: #888; fill: none } .direct { stroke: #c05621; stroke-width: 2; stroke-dasharray: 6 4; fill: none }
.note { fill: #c05621; text-anchor: middle } .middle { text-anchor: middle; fill: #555 }"""


def _x(index, count, width):
    """The left edge of a box in a row that is in the middle of the picture."""
    return (width - count * WIDTH - (count - 1) * GAP) // 2 + index * (WIDTH + GAP)


def _box(node, x, y, kind):
    lines = [("name", node.name), ("", f"tunnel {tunnel_of(node)}"), ("", f"NBMA {node.nbma_address}"),
             ("", f"LAN {node.lan_prefix}")]
    yield f'<rect class="{kind}" x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="6"/>'
    for i, (style, text) in enumerate(lines):
        yield f'<text class="{style}" x="{x + 12}" y="{y + 21 + 20 * i}">{escape(text)}</text>'


def svg(scenario, direct):
    """`direct`: whether there is a direct path between spokes in the end."""
    hubs, spokes = scenario.hubs, scenario.spokes[:4]
    columns = max(len(hubs), len(spokes))
    width, height = columns * (WIDTH + GAP) - GAP + 2 * MARGIN, SPOKES_TOP + HEIGHT + (80 if direct else MARGIN)
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
           f"<title>{escape(scenario.title)}</title>", f"<style>{STYLE}</style>",
           f'<rect width="{width}" height="{height}" fill="white"/>']
    for row, kind, y in ((hubs, "hub", MARGIN), (spokes, "spoke", SPOKES_TOP)):
        for i, node in enumerate(row):
            x = _x(i, len(row), width)
            ends = (y + HEIGHT, UNDERLAY_TOP) if kind == "hub" else (UNDERLAY_TOP + UNDERLAY_HEIGHT, y)
            out.append(f'<line class="line" x1="{x + WIDTH // 2}" y1="{ends[0]}" x2="{x + WIDTH // 2}" y2="{ends[1]}"/>')
            out.extend(_box(node, x, y, kind))
    out += [f'<rect class="underlay" x="{MARGIN}" y="{UNDERLAY_TOP}" width="{width - 2 * MARGIN}" '
            f'height="{UNDERLAY_HEIGHT}" rx="30"/>',
            f'<text class="middle" x="{width // 2}" y="{UNDERLAY_TOP + 35}">any IP network</text>']
    if direct:
        left, right = (_x(i, len(spokes), width) + WIDTH // 2 for i in (0, len(spokes) - 1))
        y = SPOKES_TOP + HEIGHT
        out += [f'<path class="direct" d="M {left} {y} C {left} {y + 45} {right} {y + 45} {right} {y}"/>',
                f'<text class="note" x="{(left + right) // 2}" y="{y + 55}">direct, when packets have found the way</text>']
    return "\n".join([*out, "</svg>"]) + "\n"
