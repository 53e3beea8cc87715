/** The look of the page: light or dark as the reader has it, one column on a narrow screen. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --text: #1b1f24; --quiet: #59636e; --line: #d9dee4; --grid: #e8ebef;
  --good: #176f2c; --good-back: #e2f5e7; --bad: #b3261e; --bad-back: #fdeceb; --warn: #8a5300; --warn-back: #fff3dc;
  --s0: #1f6feb; --s1: #c2410c; --s2: #0f766e; --s3: #9333ea; --s4: #be185d; --s5: #4d7c0f; --highlight: #1f6feb1a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0e1116; --card: #161b22; --text: #e6edf3; --quiet: #9aa5b1; --line: #30363d; --grid: #262c34;
    --good: #6fdd8b; --good-back: #10301b; --bad: #ff9a92; --bad-back: #3a1614; --warn: #f2c265; --warn-back: #33260c;
    --s0: #6cb0ff; --s1: #ffa657; --s2: #4fd1c5; --s3: #d2a8ff; --s4: #ff8fc0; --s5: #a5d65c; --highlight: #6cb0ff24;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
main { max-width: 1200px; margin: 0 auto; padding: 24px 16px 48px; }
h1 { font-size: 24px; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 17px; margin: 0 0 4px; overflow-wrap: anywhere; }
p { margin: 0 0 12px; }
.quiet { color: var(--quiet); }
.headline { font-size: 34px; font-weight: 650; line-height: 1.2; margin: 16px 0 0; font-variant-numeric: tabular-nums; }
.verdict { margin: 16px 0; padding: 10px 14px; border-radius: 8px; font-weight: 600; }
.verdict.valid { color: var(--good); background: var(--good-back); }
.verdict.invalid { color: var(--bad); background: var(--bad-back); }
.verdict.partial { color: var(--warn); background: var(--warn-back); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 16px; margin: 16px 0; }
.facts-grid { display: grid; gap: 16px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); margin: 16px 0; }
.facts-grid section { margin: 0; min-width: 0; }
.scroll { overflow-x: auto; }
.scroll:focus-visible { outline: 2px solid var(--s0); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 8px; font-size: 14px; border-bottom: 1px solid var(--line); text-align: left; white-space: nowrap; }
th { color: var(--quiet); font-weight: 600; font-size: 13px; }
th.right, td.right { text-align: right; }
dl { display: grid; grid-template-columns: minmax(0, 2fr) minmax(0, 3fr); gap: 4px 12px; margin: 0; }
dt { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
ul { margin: 0; padding-left: 20px; overflow-wrap: anywhere; }
details { margin-top: 8px; }
summary { cursor: pointer; color: var(--quiet); }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; list-style: none; padding: 0; margin: 4px 0; font-size: 13px; }
.legend svg { width: 28px; height: 10px; vertical-align: middle; margin-right: 6px; }
.chart { display: block; width: 100%; height: auto; }
.chart.narrow { display: none; }
@media (max-width: 640px) { .chart.wide { display: none; } .chart.narrow { display: block; } .headline { font-size: 28px; } }
svg text { fill: var(--quiet); font: 12px system-ui, sans-serif; }
svg .label { fill: var(--text); font-weight: 600; }
svg .grid { stroke: var(--grid); } svg .base, svg .mark { stroke: var(--line); }
svg .highlight { fill: var(--highlight); }
.series polyline, .series line { fill: none; stroke: var(--ink); stroke-width: 2; stroke-linejoin: round; stroke-dasharray: var(--dash); }
.series circle { fill: var(--card); stroke: var(--ink); stroke-width: 2; }
.series .spread { fill: var(--ink); opacity: 0.16; }
.s0 { --ink: var(--s0); --dash: none; } .s1 { --ink: var(--s1); --dash: 7 3; } .s2 { --ink: var(--s2); --dash: 2 3; }
.s3 { --ink: var(--s3); --dash: 9 3 2 3; } .s4 { --ink: var(--s4); --dash: 4 4; } .s5 { --ink: var(--s5); --dash: 12 4; }
.bars > div { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 2px 12px; margin-top: 8px; font-variant-numeric: tabular-nums; }
.bar { height: 16px; border-radius: 3px; background: var(--s0); min-width: 1px; }
.bars .track { width: 100%; }
@media print { section { break-inside: avoid; } }
`;
