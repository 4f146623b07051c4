/** The style of all pages: one file, no fonts, no images, from 320 px. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --ink: #1b1f3a; --soft: #5b6080; --paper: #f5f6fb; --card: #fff; --line: #d9dcec; --accent: #3b3fd8; --accent-ink: #fff; --warn: #fff3cd; --warn-ink: #6b4e00; --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaf8; --soft: #a4a9c8; --paper: #12142a; --card: #1b1e3a; --line: #333863; --accent: #8b8ffb; --accent-ink: #0d0f22; --warn: #3c3108; --warn-ink: #f5dc8a; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
.banner { margin: 0; padding: .55rem 1rem; background: var(--warn); color: var(--warn-ink); text-align: center; font-size: .875rem; font-weight: 600; }
main { max-width: 34rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.25rem; margin: .5rem 0 1rem; } h2 { font-size: 1rem; margin: 0 0 .25rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 1rem; margin: 0 0 1rem; overflow-wrap: anywhere; }
.amount { font-size: 1.75rem; font-weight: 700; margin: 0; font-variant-numeric: tabular-nums; }
.soft { color: var(--soft); font-size: .875rem; margin: .25rem 0; } .bad { color: var(--bad); }
label { display: block; font-size: .875rem; color: var(--soft); margin: .75rem 0 .25rem; }
input, select { width: 100%; min-height: 44px; padding: .4rem .75rem; border: 1px solid var(--line); border-radius: 10px; background: var(--paper); color: inherit; font: inherit; }
.keys { display: flex; flex-wrap: wrap; gap: .5rem; margin-top: 1rem; }
button, .button { min-height: 44px; padding: .55rem 1rem; border: 1px solid var(--line); border-radius: 10px; background: var(--card); color: inherit; font: inherit; font-weight: 600; cursor: pointer; text-decoration: none; }
.primary { flex: 1 1 100%; background: var(--accent); border-color: var(--accent); color: var(--accent-ink); }
button:focus-visible, input:focus-visible, select:focus-visible, a:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
a { color: var(--accent); } ul { list-style: none; margin: 0; padding: 0; } li { border-top: 1px solid var(--line); padding: .6rem 0; } li:first-child { border-top: 0; }
`;
