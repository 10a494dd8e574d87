"""The report's page around its parts: no script, no font, nothing from elsewhere."""

from __future__ import annotations

from typing import Final

PAGE: Final = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="generator" content="customersms campaign report">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Campaign <!--title--></title>
<style>
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --card: #fff; --text: #1b2430; --dim: #5b6675; --line: #dfe3e9; --bars: #3b6fd4; --limit: #c2410c;
  --planned: #7aa7c7; --sending: #3b6fd4; --accepted: #2e9e62; --rejected: #d0453b; --unknown: #a14fc0;
  --skipped: #b8912f;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12161c; --card: #1b212a; --text: #e6eaf0; --dim: #98a4b3; --line: #303946; --bars: #6c9bf0;
    --limit: #fb923c; --planned: #6f98b5; --sending: #6c9bf0; --accepted: #4cc387; --rejected: #f0736a;
    --unknown: #c583e0; --skipped: #d8b456;
  }
}
* { box-sizing: border-box; }
body { margin: 0; padding: 1rem; background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 60rem; margin: 0 auto; }
h1 { font-size: 1.5rem; margin: 0.5rem 0 0; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 0 0 0.75rem; }
p { margin: 0 0 0.75rem; color: var(--dim); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 0.6rem; padding: 1rem; }
section { margin: 1rem 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 0.35rem 1rem 0.35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; }
th { color: var(--dim); font-weight: 600; font-size: 0.85rem; white-space: nowrap; }
td.n { white-space: nowrap; }
.bar { display: flex; height: 1.6rem; border-radius: 0.4rem; overflow: hidden; margin-bottom: 1rem; }
.bar i { min-width: 3px; }
.dot { display: inline-block; width: 0.7em; height: 0.7em; border-radius: 50%; margin-right: 0.5em; }
.planned { background: var(--planned); } .sending { background: var(--sending); }
.accepted { background: var(--accepted); } .rejected { background: var(--rejected); }
.unknown { background: var(--unknown); } .skipped { background: var(--skipped); }
.chart {
  position: relative; display: flex; align-items: flex-end; gap: 1px; height: 11rem; padding-top: 2px;
  border-bottom: 1px solid var(--dim);
}
.chart i { flex: 1 1 0; min-width: 1px; background: var(--bars); border-radius: 2px 2px 0 0; }
.limit { position: absolute; left: 0; right: 0; border-top: 2px dashed var(--limit); }
.axis { display: flex; justify-content: space-between; gap: 1rem; color: var(--dim); font-size: 0.8rem; }
</style>
</head>
<body>
<main>
<h1>Campaign <!--title--></h1>
<p><!--facts--></p>
<!--parts-->
</main>
</body>
</html>
"""
