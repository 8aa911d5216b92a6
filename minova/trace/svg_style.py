# SPDX-License-Identifier: Apache-2.0
"""The colours and fonts of svg.py, light and dark. A page may set the variables on its own."""

_LIGHT = (
    "--paper:#ffffff;--ink:#1c2430;--muted:#5d6b7c;--lane:#cfd6df;--head:#eef2f7;--work:#dfe7f1;"
    "--call:#1557c0;--cast:#0a7a52;--fanout:#7a3cc4;--reply:#4c5a6b;--bad:#b3201f;--held:#8f5a00;--focus:#1557c0;"
)
_DARK = (
    "--paper:#12171e;--ink:#e6ebf2;--muted:#9aa7b7;--lane:#3a4552;--head:#1f2833;--work:#2c3947;"
    "--call:#7db0ff;--cast:#58d3a0;--fanout:#c79bff;--reply:#aab6c5;--bad:#ff8a80;--held:#f2bd5c;--focus:#7db0ff;"
)

STYLE = (
    f".minova-trace{{{_LIGHT}font:13px system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',sans-serif;"
    "color-scheme:light dark}"
    f"@media (prefers-color-scheme:dark){{.minova-trace{{{_DARK}}}}}"
    f"[data-theme=light] .minova-trace{{{_LIGHT}}}[data-theme=dark] .minova-trace{{{_DARK}}}"
    ".minova-trace .paper{fill:var(--paper)}"
    ".minova-trace text{fill:var(--ink)}"
    ".minova-trace .lane{stroke:var(--lane);stroke-width:1.5}"
    ".minova-trace .head{fill:var(--head);stroke:var(--lane)}"
    ".minova-trace .head-text{font-weight:600;text-anchor:middle}"
    ".minova-trace .work{fill:var(--work);stroke:var(--lane)}"
    ".minova-trace .time{fill:var(--muted);text-anchor:end;font-size:12px;font-variant-numeric:tabular-nums}"
    ".minova-trace .gap{stroke:var(--lane);stroke-dasharray:2 5}"
    ".minova-trace .gap-text{fill:var(--muted);font-size:11.5px;font-style:italic}"
    ".minova-trace .message{cursor:pointer;outline:none}"
    # Drawn over the lanes, so that they have to show through.
    ".minova-trace .row{fill:var(--focus);fill-opacity:0}"
    ".minova-trace .message:is(:hover,:focus-visible,[aria-expanded=true]) .row{fill-opacity:.08}"
    ".minova-trace .message:focus-visible .row{stroke:var(--focus);stroke-width:2}"
    ".minova-trace .name{font-weight:600;font-size:12.5px}"
    ".minova-trace .route{fill:var(--muted);font-size:11px}"
    ".minova-trace .arrow{stroke:var(--colour);stroke-width:2;fill:none}"
    ".minova-trace .tip,.minova-trace .kind{fill:var(--colour)}"
    ".minova-trace .kind{font-weight:700}"
    ".minova-trace .time{paint-order:stroke;stroke-width:4px}"
    ".minova-trace .name,.minova-trace .route{paint-order:stroke;stroke:var(--paper);stroke-width:4px;"
    "stroke-linejoin:round}"
    ".minova-trace .call{--colour:var(--call)}"
    ".minova-trace .cast{--colour:var(--cast)}"
    ".minova-trace .fanout{--colour:var(--fanout)}"
    ".minova-trace .reply{--colour:var(--reply)}"
    ".minova-trace .reply .arrow{stroke-dasharray:6 4}"
    ".minova-trace .sign .arrow{stroke-dasharray:1 5;stroke-linecap:round}"
    ".minova-trace .failed,.minova-trace .bad{--colour:var(--bad)}"
    ".minova-trace .failed .name{fill:var(--bad)}"
    ".minova-trace .note{font-size:11.5px;font-weight:600;text-anchor:middle;paint-order:stroke;"
    "stroke:var(--paper);stroke-width:4px}"
    # On a row in another colour the rim of the letters has that colour too.
    ".minova-trace .message:is(:hover,:focus-visible,[aria-expanded=true]) :is(.name,.route,.note)"
    "{stroke:color-mix(in srgb,var(--focus) 8%,var(--paper))}"
    ".minova-trace .note.bad{fill:var(--bad)}"
    ".minova-trace .note.held{fill:var(--held)}"
)
