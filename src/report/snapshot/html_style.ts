/** How the page of a snapshot looks: light and dark, on screens of any width, and on paper. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --back: #f4f5f7; --card: #fff; --ink: #1b1f24; --soft: #5c6570; --line: #dfe3e8; --track: #e9ecf0; --code: #f1f3f5;
  --ok: #1a7f45; --ok-back: #e3f4e9; --warning: #935f00; --warning-back: #fdf0d3; --critical: #b3261e;
  --critical-back: #fce5e3; --unknown: #30618f; --unknown-back: #e3eef8; --bar: #4a86c5;
}
@media (prefers-color-scheme: dark) {
  :root {
    --back: #12151a; --card: #1a1f26; --ink: #e4e8ed; --soft: #98a3b0; --line: #2b323c; --track: #2a313b; --code: #12161c;
    --ok: #5ccb8a; --ok-back: #14301f; --warning: #eab54a; --warning-back: #352a10; --critical: #ff8d84;
    --critical-back: #3c1a18; --unknown: #7db6ea; --unknown-back: #152a3d; --bar: #5b9bdd;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0; background: var(--back); color: var(--ink); overflow-wrap: anywhere;
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif;
}
main { max-width: 1080px; margin: 0 auto; padding: 24px 20px 40px; }
h1, h2, h3, p, ul, dl, pre { margin: 0; }
code, pre, .mono { font: 0.87em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.verdict { border-radius: 12px; padding: 20px 24px; background: var(--tone-back); border-left: 6px solid var(--tone); }
.verdict h1 { font-size: 1.45rem; line-height: 1.3; font-weight: 650; }
.verdict .word { color: var(--tone); letter-spacing: 0.04em; margin-right: 0.5em; }
.facts { display: flex; flex-wrap: wrap; gap: 2px 18px; margin-top: 8px; padding: 0; list-style: none; color: var(--soft); }
.facts strong { color: var(--ink); font-weight: 600; }
.ok { --tone: var(--ok); --tone-back: var(--ok-back); }
.warning { --tone: var(--warning); --tone-back: var(--warning-back); }
.critical { --tone: var(--critical); --tone-back: var(--critical-back); }
.unknown { --tone: var(--unknown); --tone-back: var(--unknown-back); }
.plain, .good { --tone: var(--bar); }
section { margin-top: 26px; }
h2 { font-size: 0.82rem; text-transform: uppercase; letter-spacing: 0.08em; color: var(--soft); margin-bottom: 10px; }
.card {
  background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px 18px; margin-bottom: 12px;
}
.finding { border-left: 4px solid var(--tone); }
.finding header { display: flex; gap: 10px; align-items: baseline; }
.finding h3 { font-size: 1.05rem; line-height: 1.4; font-weight: 600; }
.tag {
  flex: none; font-size: 0.7rem; font-weight: 700; letter-spacing: 0.06em; text-transform: uppercase; color: var(--tone);
  background: var(--tone-back); border-radius: 5px; padding: 2px 7px;
}
.finding p { margin: 8px 0 0; }
.evidence { margin: 10px 0 0; padding: 0 0 0 1.1em; color: var(--soft); }
pre.next {
  margin-top: 12px; background: var(--code); border: 1px solid var(--line); border-radius: 7px; padding: 9px 12px;
  white-space: pre-wrap; user-select: all;
}
pre.next::before { content: "$ "; color: var(--soft); user-select: none; }
.columns { column-width: 310px; column-gap: 12px; }
.columns .card { display: inline-block; width: 100%; break-inside: avoid; }
.card h3 { font-size: 0.95rem; font-weight: 600; margin-bottom: 8px; }
.figure { display: grid; grid-template-columns: 1fr auto; gap: 0 12px; padding: 3px 0; }
.figure .label { color: var(--soft); }
.figure .value, td.n, th.n { font-variant-numeric: tabular-nums; text-align: right; white-space: nowrap; }
.figure.warning .value, .figure.critical .value, td.warning, td.critical { color: var(--tone); font-weight: 650; }
.bar { grid-column: 1 / -1; position: relative; height: 6px; border-radius: 3px; background: var(--track); margin: 2px 0 4px; }
.bar i { position: absolute; inset: 0 auto 0 0; min-width: 2px; border-radius: 3px; background: var(--tone); }
.bar b { position: absolute; top: -2px; width: 2px; height: 10px; border-radius: 1px; background: var(--soft); opacity: 0.55; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.92em; }
th { text-align: left; color: var(--soft); font-weight: 600; }
th, td { padding: 5px 14px 5px 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; }
th:last-child, td:last-child { padding-right: 0; }
td .bar { width: 84px; margin: 4px 0 0 auto; }
details { border-top: 1px solid var(--line); padding: 9px 0; }
details:first-of-type { border-top: 0; }
summary { cursor: pointer; font-weight: 600; }
summary span { color: var(--soft); font-weight: 400; margin-left: 0.6em; }
details > div { padding: 8px 0 4px; }
.small, .quiet { color: var(--soft); }
.small { font-size: 0.88em; }
.notes { padding-left: 1.1em; }
.state { font-weight: 600; color: var(--tone); }
footer { margin-top: 28px; color: var(--soft); font-size: 0.88em; }
@media print {
  body { background: #fff; } main { max-width: none; padding: 0; } .card { break-inside: avoid; }
  details > div { display: block; }
}
`;
