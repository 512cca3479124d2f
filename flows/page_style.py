"""How the report page looks: one style sheet for light and dark, phone, desk and paper."""

STYLE = """
:root {
  color-scheme: light dark;
  --ground: #fcfbf8; --raised: #f4f2ec; --ink: #23272a; --soft: #666d70; --rule: #dedbd2;
  --own: #0b6e4f; --own-soft: #e3efe9; --twin: #2f6fb0; --warn: #8f5a00; --bad: #ab3535;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #16191b; --raised: #1f2326; --ink: #e3e5e4; --soft: #9aa3a5; --rule: #363c3f;
    --own: #55c79c; --own-soft: #1c332b; --twin: #7fb3ea; --warn: #e0ac58; --bad: #ec8585;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; max-width: 61rem; padding: 2.5rem 1.5rem 5rem; background: var(--ground);
  color: var(--ink); font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", sans-serif;
  overflow-wrap: break-word;
}
h1, h2, h3, h4 { line-height: 1.25; font-weight: 650; text-wrap: balance; }
h1 { font-size: clamp(1.6rem, 4.5vw, 2.1rem); margin: 0.3rem 0 0.6rem; letter-spacing: -0.015em; }
h2 { font-size: 1.35rem; margin: 3.5rem 0 0.8rem; padding-top: 1.2rem;
  border-top: 1px solid var(--rule); }
h3 { font-size: 1.05rem; margin: 2rem 0 0.5rem; }
h4 { font-size: 0.9rem; margin: 1.1rem 0 0.2rem; }
p { margin: 0.5rem 0; max-width: 44rem; }
a { color: inherit; text-decoration-color: var(--soft); text-underline-offset: 0.2em; }
a:focus-visible, [tabindex]:focus-visible, summary:focus-visible {
  outline: 2px solid var(--twin); outline-offset: 2px; }
code, .mono { font: 0.88em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
small, .note, figcaption, caption { color: var(--soft); font-size: 0.85rem; }
.over { color: var(--soft); font-size: 0.9rem; margin: 0; }
.promoted { color: var(--own); } .kept { color: var(--warn); }
.reason { font-size: 1.1rem; }
nav { margin-top: 1.8rem; font-size: 0.9rem; color: var(--soft); }
nav a { margin-right: 1.1rem; white-space: nowrap; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr));
  gap: 1px; margin: 1.8rem 0 0; background: var(--rule); border: 1px solid var(--rule);
  border-radius: 6px; overflow: hidden; }
.facts div { background: var(--ground); padding: 0.75rem 1rem; }
.facts dt { color: var(--soft); font-size: 0.82rem; }
.facts dd { margin: 0; font-size: 1.25rem; font-weight: 600; font-variant-numeric: tabular-nums; }

figure { margin: 1rem 0 1.5rem; }
figcaption { margin-top: 0.6rem; max-width: 44rem; }
.row { display: grid; grid-template-columns: 14rem 1fr 4rem; gap: 0 1rem; align-items: center; }
.row .name { text-align: right; font-size: 0.9rem; line-height: 1.2; }
.value { white-space: nowrap; font-size: 0.9rem; font-variant-numeric: tabular-nums;
  color: var(--soft); }
.value.own, .value.better { color: var(--own); } .value.twin { color: var(--twin); }
.value.worse { color: var(--bad); }
.plot h4 { margin-left: 15rem; }
.track { display: block; overflow: visible; }
.grid { stroke: var(--rule); stroke-width: 1; }
.zero { stroke: var(--soft); stroke-width: 1.2; }
.interval { stroke-width: 3; stroke-linecap: round; stroke: var(--soft); }
.dot { fill: var(--soft); }
.own.interval, .better.interval { stroke: var(--own); }
.own.dot, .better.dot { fill: var(--own); }
.twin.interval { stroke: var(--twin); } .twin.dot { fill: var(--twin); }
.worse.interval { stroke: var(--bad); } .worse.dot { fill: var(--bad); }
.mark { fill: var(--ground); fill-opacity: 0.75; stroke: var(--soft); stroke-width: 1.3; }
.ticks { position: relative; height: 1.3rem; font-size: 0.78rem; color: var(--soft); }
.ticks span { position: absolute; transform: translateX(-50%); font-variant-numeric: tabular-nums; }
.legend { display: flex; flex-wrap: wrap; gap: 0.1rem 1.2rem; margin: 0.7rem 0 0;
  font-size: 0.85rem; color: var(--soft); max-width: none; }
.legend span { display: inline-flex; align-items: center; gap: 0.4rem; }
.plot > .legend { padding-left: 15rem; }
.key { overflow: visible; flex: none; }
.axis-title { text-align: center; font-size: 0.8rem; color: var(--soft); margin: 0.2rem auto 0; }
.losses .legend { padding-left: 2.5rem; }
.frame { position: relative; height: 19rem; margin: 0.5rem 0.8rem 1.6rem 2.5rem;
  border-left: 1px solid var(--rule); border-bottom: 1px solid var(--rule); }
.canvas { position: absolute; inset: 0; width: 100%; height: 100%; }
.curve { fill: none; vector-effect: non-scaling-stroke; stroke-linejoin: round; }
.curve.own { stroke: var(--own); } .curve.twin { stroke: var(--twin); }
.curve.train { stroke-width: 1.2; opacity: 0.55; } .curve.validation { stroke-width: 2.4; }
.tick { position: absolute; }
.tick b { position: absolute; font-weight: 400; font-size: 0.78rem; color: var(--soft); }
.tick.y { left: 0; right: 0; border-top: 1px solid var(--rule); }
.tick.y b { right: calc(100% + 0.5rem); top: -0.65rem; }
.tick.x { bottom: 0; height: 5px; border-left: 1px solid var(--soft); }
.tick.x b { top: 0.5rem; transform: translateX(-50%); }
.swatch { width: 1.2rem; border-top: 1.5px solid; opacity: 0.6; }
.swatch.validation { border-top-width: 3px; opacity: 1; }
.swatch.own { color: var(--own); } .swatch.twin { color: var(--twin); }

.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr));
  gap: 1.4rem 2rem; }
.plot .charts h4 { margin: 0 0 0.3rem; }
.chart { min-width: 0; break-inside: avoid; }
.chart > div { position: relative; padding-left: 2.6rem; }
.chart h4 b { float: right; }
.chart small { font-weight: 400; }
.chart .track { border-left: 1px solid var(--rule); border-bottom: 1px solid var(--rule); }
.chart .ends { position: absolute; left: 0; top: 0; bottom: 0; width: 2.3rem; display: flex;
  flex-direction: column; justify-content: space-between; text-align: right; line-height: 1.1;
  font-size: 0.75rem; color: var(--soft); font-variant-numeric: tabular-nums; }
.dates { display: flex; justify-content: space-between; margin: 0.1rem 0 0 2.6rem; max-width: none;
  font-size: 0.75rem; color: var(--soft); font-variant-numeric: tabular-nums; }
.night { fill: var(--soft); } .night.promoted { fill: var(--own); }
.night.hand { fill: var(--ground); stroke: var(--own); stroke-width: 2; }
line.reign { stroke: var(--own); stroke-width: 1.5; opacity: 0.6; }
line.plain { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 3 4; }
.swatch.reign { color: var(--own); } .swatch.plain { border-top-style: dashed; }
.charts + .legend { padding-left: 0; }

.wide { overflow-x: auto; margin: 1rem 0 1.5rem; }
table { border-collapse: collapse; font-size: 0.88rem; min-width: 100%; }
caption span { display: block; max-width: min(100%, 100vw - 2rem); }
caption { text-align: left; padding: 0 0 0.5rem; caption-side: top; }
th, td { padding: 0.35rem 0.7rem 0.35rem 0; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--rule); }
thead th { font-weight: 600; vertical-align: bottom; border-bottom-color: var(--soft); }
tbody th { font-weight: 400; min-width: 7rem; }
th.section { font-weight: 650; padding-top: 1rem; }
td.num { white-space: nowrap; }
td.told { white-space: normal; min-width: 5.5rem; font-size: 0.8em; }
.num { text-align: right; font-variant-numeric: tabular-nums; }
.scores table { font-size: 0.84rem; }
.scores th small { white-space: nowrap; }
.scores .rule { white-space: normal; min-width: 5.5rem; }
.scores .none { color: var(--soft); }
.scores .verdict { min-width: 7rem; }
td small, th small { display: block; font-size: 0.78rem; line-height: 1.4; }
td.digest { white-space: nowrap; }
td.own { color: var(--own); font-weight: 600; } td.own small { font-weight: 400; }
.narrow table { min-width: min(100%, 26rem); }
.good { color: var(--own); } .weak { color: var(--warn); }
.bar { display: block; min-width: 6rem; height: 0.6rem; margin-top: 0.4rem;
  background: var(--raised); }
.bar i { display: block; height: 100%; background: var(--twin); }
.digest { font: 0.85em/1.75 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
  overflow-wrap: anywhere; }

.sample { margin: 1.2rem 0; padding: 0.9rem 1.1rem; background: var(--raised);
  border-radius: 6px; }
.sample .over { margin-bottom: 0.5rem; overflow-wrap: anywhere; }
.sample .text { margin: 0; max-width: none; white-space: pre-wrap; overflow-wrap: anywhere;
  font: 0.88rem/1.6 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; color: var(--soft); }
mark { background: var(--own-soft); color: var(--ink); padding: 0.1em 0.15em;
  border-radius: 2px; box-decoration-break: clone; -webkit-box-decoration-break: clone; }
.sample dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.1rem 0.9rem;
  margin: 0.6rem 0 0; font-size: 0.88rem; }
.sample dt { color: var(--soft); }
.sample dd { grid-column: 2; margin: 0; overflow-wrap: anywhere; }
pre { background: var(--raised); padding: 0.8rem 1rem; border-radius: 6px; overflow-x: auto; }
details { margin: 1rem 0; } summary { cursor: pointer; color: var(--soft); font-size: 0.9rem; }
ul { padding-left: 1.2rem; max-width: 44rem; } li { margin: 0.4rem 0; }

@media (max-width: 40rem) {
  body { padding: 1.4rem 1rem 3rem; }
  h2 { margin-top: 2.5rem; }
  .row { grid-template-columns: 1fr 3.6rem; row-gap: 0; margin-bottom: 0.3rem; }
  .row .name { grid-column: 1 / -1; text-align: left; }
  .plot h4 { margin-left: 0; } .plot > .legend { padding-left: 0; }
  .row .name:empty { display: none; }
  .frame { height: 14rem; }
}
@media print {
  :root { --ground: #fff; --raised: #f5f5f5; --ink: #000; --soft: #555; --rule: #ccc;
    --own: #0b6e4f; --own-soft: #e3efe9; --twin: #2f6fb0; --warn: #8f5a00; --bad: #ab3535; }
  html { font-size: 12px; }
  body { max-width: none; padding: 0; }
  nav { display: none; }
  .wide { overflow: visible; }
  th, td { padding-right: 0.35rem; }
  .row, .sample, tr, figure.loss { break-inside: avoid; } h2, h3, h4 { break-after: avoid; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""
