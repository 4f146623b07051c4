/** The phones page's style: one file, no fonts, no images, from 320 px. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --ink: #17251b; --soft: #566b5c; --paper: #f4f7f3; --card: #fff; --line: #d5dfd6; --green: #1a7f37; --green-ink: #fff;
  --warn: #fff3cd; --warn-ink: #6b4e00; --bad: #b3261e; --screen: #e9f3ea; --shadow: 0 12px 32px rgb(10 40 20 / .16); }
@media (prefers-color-scheme: dark) { :root { --ink: #e6efe7; --soft: #9db3a2; --paper: #101813; --card: #18231c; --line: #2d3d32; --green: #3fb45f; --green-ink: #07150b;
  --warn: #3c3108; --warn-ink: #f5dc8a; --bad: #ff8a80; --screen: #0f1a13; --shadow: 0 12px 32px rgb(0 0 0 / .5); } }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
.banner { margin: 0; padding: .55rem 1rem; background: var(--warn); color: var(--warn-ink); text-align: center; font-size: .875rem; font-weight: 600; }
header { display: flex; align-items: baseline; justify-content: space-between; gap: 1rem; max-width: 60rem; margin: 0 auto; padding: 1rem 1rem .25rem; }
h1 { font-size: 1.25rem; margin: 0; } h2 { font-size: 1rem; margin: 0 0 .75rem; }
h3 { font-size: .8125rem; color: var(--soft); margin: 1.25rem 0 .5rem; font-weight: 600; }
a { color: var(--green); }
main { display: grid; gap: 1.25rem; max-width: 60rem; margin: 0 auto; padding: .75rem 1rem 2.5rem; }
.choose { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 1rem; order: 2; align-self: start; }
label { display: block; font-size: .8125rem; color: var(--soft); margin-bottom: .25rem; }
.row { display: flex; gap: .5rem; flex-wrap: wrap; }
input { flex: 1 1 9rem; min-width: 0; min-height: 44px; padding: .4rem .75rem; border: 1px solid var(--line); border-radius: 10px; background: var(--paper); color: inherit; font: inherit; }
button { min-height: 44px; padding: .4rem .9rem; border: 1px solid var(--line); border-radius: 10px; background: var(--card); color: inherit; font: inherit; font-weight: 600; cursor: pointer; }
button:hover { border-color: var(--green); } button:disabled { opacity: .5; cursor: default; }
input:focus-visible, button:focus-visible, a:focus-visible { outline: 3px solid var(--green); outline-offset: 2px; }
.primary { background: var(--green); border-color: var(--green); color: var(--green-ink); }
.wrong { color: var(--bad); margin: .5rem 0 0; font-size: .875rem; }
.examples { list-style: none; margin: 0; padding: 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(8rem, 1fr)); gap: .5rem; }
.examples button, #ringing button { width: 100%; text-align: left; display: grid; gap: .05rem; }
.examples button { padding: .4rem .6rem; } .examples b { font-size: .9375rem; white-space: nowrap; font-variant-numeric: tabular-nums; } .examples span { font-weight: 400; font-size: .8125rem; color: var(--soft); }
.examples button[aria-pressed=true] { border-color: var(--green); box-shadow: inset 0 0 0 1px var(--green); }
#ringing { display: grid; gap: .5rem; } #ringing:not(:empty) { margin-top: .75rem; }
#ringing button { border-color: var(--green); } #ringing span { font-weight: 400; font-size: .8125rem; color: var(--soft); }
.handset { position: relative; justify-self: center; width: min(100%, 22rem); height: 36rem; max-height: calc(100vh - 4rem); min-height: 27rem; background: #10160f; border: 1px solid var(--line); border-radius: 34px; padding: 12px; box-shadow: var(--shadow); order: 1; }
.screen { position: relative; height: 100%; display: flex; flex-direction: column; background: var(--screen); border-radius: 24px; overflow: hidden; }
.status { display: flex; justify-content: space-between; padding: .5rem 1rem; font-size: .8125rem; font-weight: 600; }
.wallet { padding: .5rem 1rem .75rem; text-align: center; border-bottom: 1px solid var(--line); }
.wallet strong { display: block; font-size: 1.5rem; font-variant-numeric: tabular-nums; } .wallet small { color: var(--soft); }
.notice { margin: .6rem .75rem 0; padding: .5rem .7rem; border-radius: 10px; background: var(--warn); color: var(--warn-ink); font-size: .8125rem; }
.inbox { flex: 1; overflow-y: auto; padding: .75rem; display: flex; flex-direction: column; gap: .6rem; }
.sms { background: var(--card); border: 1px solid var(--line); border-radius: 4px 14px 14px; padding: .55rem .7rem; font-size: .875rem; overflow-wrap: anywhere; }
.sms small { display: block; color: var(--soft); margin-bottom: .15rem; }
.empty { margin: auto; color: var(--soft); text-align: center; padding: 0 1rem; }
.shade { position: absolute; inset: 0; display: grid; place-items: center; padding: .9rem; background: rgb(8 18 11 / .62); overflow-y: auto; }
.dialog { width: 100%; background: var(--card); border-radius: 16px; padding: 1rem; box-shadow: var(--shadow); }
.dialog h2 { font-size: .8125rem; color: var(--soft); margin: 0 0 .35rem; }
.dialog p { margin: 0 0 .8rem; overflow-wrap: anywhere; } .dialog .what { font-size: 1.0625rem; }
.dialog .left { font-size: .8125rem; color: var(--soft); margin: .6rem 0 0; text-align: center; font-variant-numeric: tabular-nums; }
.dialog input { width: 100%; text-align: center; letter-spacing: .5em; font-size: 1.25rem; margin-bottom: .6rem; }
.keys { display: grid; grid-template-columns: repeat(3, 1fr); gap: .5rem; } .keys .primary { grid-column: 1 / -1; }
.keys button { padding: .35rem .25rem; font-size: .8125rem; } .keys .primary { font-size: 1rem; }
.inbox .notice { margin: 0; }
.notice button { display: block; width: 100%; margin-top: .4rem; }
@media (max-width: 719px) { .empty-handed .handset { display: none; } .row button { width: 100%; } }
@media (min-width: 720px) { main { grid-template-columns: minmax(0, 1fr) 22rem; gap: 2rem; } .choose { order: 1; } .handset { order: 2; position: sticky; top: 1rem; } }
`;
