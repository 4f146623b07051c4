/**
 * The look of the page: one column for a small phone, large things to touch, the system's own letters, light or dark as the
 * phone is set. The shop's own colours stand before it: theme.ts.
 */
export const STYLE = `
:root{color-scheme:light dark;--ink:#101820;--soft:#46535f;--card:#fff;--line:#c9d1d8;--field:#74808c;--shade:rgba(16,24,32,.22);
  --bad:#b3261e;--bad-ink:#5f1410;--bad-tint:#fdecea;--warn:#7a5900;--warn-ink:#4a3600;--warn-tint:#fff4d6}
@media (prefers-color-scheme:dark){:root{--ink:#eaf0f4;--soft:#b3bec8;--card:#1a2027;--line:#3d4853;--field:#8a96a1;--shade:rgba(0,0,0,.6);
  --bad:#ff9a91;--bad-ink:#ffd9d5;--bad-tint:#3c1a18;--warn:#e8bf53;--warn-ink:#ffe7ad;--warn-tint:#3a2e0b}}
*{box-sizing:border-box;-webkit-tap-highlight-color:transparent}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;min-height:100vh;display:flex;flex-direction:column;background:var(--tint);color:var(--ink);
  font:400 1.0625rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif}
[hidden]{display:none!important}
.band{background:var(--accent);color:var(--on-accent);padding:1rem 1rem 5.25rem}
.wrap{width:100%;max-width:27rem;margin:0 auto}
.shop{display:flex;align-items:center;gap:.75rem;min-height:2.75rem}
.logo,.initial{flex:none;width:2.75rem;height:2.75rem;border-radius:.75rem;background:#fff;object-fit:contain}
.initial{display:flex;align-items:center;justify-content:center;color:var(--brand);font-weight:700;font-size:1.25rem}
.shop-name{font-weight:650;font-size:1.125rem;line-height:1.25;overflow-wrap:anywhere;flex:1}
.language{flex:none;color:inherit;font-size:.9375rem;padding:.625rem .25rem;text-underline-offset:.2em}
.due{margin:1.25rem 0 0}
.due-label{display:block;font-size:.9375rem}
.amount{display:block;white-space:nowrap;font-size:2.5rem;line-height:1.15;font-weight:750;letter-spacing:-.02em;font-variant-numeric:tabular-nums}
.amount.long{font-size:1.875rem}
.item{display:block;margin-top:.25rem;overflow-wrap:anywhere}
main{flex:1;width:100%;max-width:29rem;margin:-4rem auto 0;padding:0 1rem}
.card{background:var(--card);border-radius:1.25rem;padding:1.5rem 1.25rem;box-shadow:0 1px 2px rgba(16,24,32,.08),0 12px 32px -12px var(--shade)}
h1{margin:0 0 1rem;font-size:1.375rem;line-height:1.25;font-weight:700;letter-spacing:-.01em;text-wrap:balance}
h1:focus{outline:0}
p{margin:0 0 1rem;overflow-wrap:anywhere}
.test{margin:0;background:#ffe9a8;color:#3d2c00;text-align:center;padding:.375rem 1rem;font-size:.875rem;font-weight:600}
.note{display:flex;gap:.75rem;border-radius:.875rem;padding:.875rem 1rem;margin:0 0 1.25rem}
.note p{margin:0}
.note.bad{background:var(--bad-tint);color:var(--bad-ink)}
.note.warn{background:var(--warn-tint);color:var(--warn-ink)}
.note strong{display:block}
label,legend{display:block;font-weight:600;padding:0;margin:0 0 .375rem}
fieldset{border:0;margin:0 0 1.25rem;padding:0;min-width:0}
.field{margin:0 0 1.25rem}
.hint{display:block;color:var(--soft);font-size:.9375rem;margin:.375rem 0 0}
input[type=tel],input[type=text],input[type=email]{width:100%;min-height:3.25rem;padding:.625rem .875rem;border:1.5px solid var(--field);border-radius:.875rem;
  background:var(--card);color:inherit;font:inherit;font-size:1.1875rem;letter-spacing:.01em}
input[type=tel]{font-variant-numeric:tabular-nums}
input::placeholder{color:var(--soft);opacity:1}
input[aria-invalid=true]{border-color:var(--bad);border-width:2px}
:focus-visible{outline:3px solid var(--strong);outline-offset:2px}
.methods{display:grid;gap:.5rem}
.method{position:relative;display:flex;align-items:center;gap:.75rem;min-height:3.75rem;margin:0;padding:.625rem .875rem;border:1.5px solid var(--line);border-radius:.875rem;
  font-weight:600;cursor:pointer;transition:border-color .15s}
.method input{flex:none;width:1.375rem;height:1.375rem;margin:0;accent-color:var(--strong)}
.method:has(input:checked){border-color:var(--strong);background:var(--tint);box-shadow:inset 0 0 0 1px var(--strong)}
.method-name{flex:1;min-width:0}
.method-name small{display:block;font-weight:400;font-size:.875rem;color:var(--soft)}
.method-name small.fits{color:var(--strong);font-weight:600}
.country{margin:.25rem 0 -.125rem;font-size:.9375rem;font-weight:600;color:var(--soft)}
summary{list-style:none;display:flex;align-items:center;gap:.75rem;min-height:3.5rem;padding:.5rem .875rem;font-weight:600;cursor:pointer}
summary::-webkit-details-marker{display:none}
summary::after{content:"";flex:none;width:.5rem;height:.5rem;margin-inline-start:auto;border:solid var(--soft);border-width:0 2px 2px 0;transform:translateY(-.125rem) rotate(45deg)}
[open]>summary::after{transform:translateY(.125rem) rotate(225deg)}
summary small{display:block;font-weight:400;font-size:.875rem;line-height:1.35;color:var(--soft)}
.methods summary{border:1.5px solid var(--line);border-radius:.875rem}
details .method{margin-top:.5rem}details .country{margin:1rem 0 0}
.help{margin:0 0 1.25rem;border-top:1px solid var(--line);border-bottom:1px solid var(--line)}
.help summary{padding:.5rem 0}.help p{color:var(--soft);margin:0 0 .875rem}
.brand{flex:none;width:2.25rem;height:2.25rem;border-radius:50%;display:flex;align-items:center;justify-content:center;font-size:.9375rem;font-weight:700;
  background:#3f4b57;color:#fff}
.brand-mpesa,.brand-vodacom{background:#19722c}
.brand-mtn{background:#ffcb05;color:#101820}
.brand-orange{background:#ff7900;color:#101820}
.brand-wave{background:#1dc8ff;color:#101820}
.brand-moov{background:#0a4f9e}
.brand-airtel{background:#c4000b}
.brand-freemoney,.brand-vodafone{background:#b5002b}
.brand-wizall{background:#4b2a85}
.brand-tigo,.brand-togocel{background:#12357f}
button,.button{display:flex;align-items:center;justify-content:center;width:100%;min-height:3.5rem;padding:.75rem 1rem;border:2px solid var(--strong);border-radius:.9375rem;
  background:var(--accent);color:var(--on-accent);font:inherit;font-size:1.1875rem;font-weight:700;text-align:center;text-decoration:none;cursor:pointer;overflow-wrap:anywhere}
button:hover,.button:hover{filter:brightness(1.06)}
button:active,.button:active{transform:scale(.985)}
form[data-sent] button{opacity:.75;cursor:default}
.button.quiet,button.quiet{background:var(--card);color:var(--strong);border-color:var(--line);font-size:1.0625rem;font-weight:600;min-height:3rem}
.stack{display:grid;gap:.75rem;margin-top:1.25rem}
.under{margin:.875rem 0 0;text-align:center;font-size:.9375rem;color:var(--soft)}
.text-link,footer a{color:var(--strong);text-underline-offset:.2em}
.text-link{display:block;text-align:center;padding:.75rem;margin-top:.5rem}
.sign{width:4.5rem;height:4.5rem;margin:.25rem auto 1rem;display:block;overflow:visible}
.center{text-align:center}
.disc{fill:var(--tint)}.line{fill:none;stroke:var(--strong);stroke-width:4;stroke-linecap:round;stroke-linejoin:round}
.disc.bad{fill:var(--bad-tint)}.line.bad{stroke:var(--bad)}
.disc.warn{fill:var(--warn-tint)}.line.warn{stroke:var(--warn)}
.disc.done{fill:var(--strong)}.line.done{stroke:var(--card);stroke-width:5}
.pop{animation:pop .45s cubic-bezier(.3,1.5,.6,1);transform-origin:36px 36px}
.ring{animation:ring 1.6s ease-in-out infinite;transform-origin:36px 36px}
.dots span{display:inline-block;width:.5rem;height:.5rem;margin:0 .1875rem;border-radius:50%;background:var(--strong);animation:dot 1.4s ease-in-out infinite}
.dots span:nth-child(2){animation-delay:.2s}.dots span:nth-child(3){animation-delay:.4s}
@keyframes ring{0%,100%{transform:rotate(0)}10%,30%{transform:rotate(-7deg)}20%,40%{transform:rotate(7deg)}50%{transform:rotate(0)}}
@keyframes pop{0%{transform:scale(.4);opacity:0}100%{transform:none;opacity:1}}
@keyframes dot{0%,80%,100%{opacity:.25}40%{opacity:1}}
ol.steps{list-style:none;counter-reset:step;margin:0 0 1.25rem;padding:0;display:grid;gap:.875rem;text-align:start}
.steps li{counter-increment:step;display:flex;gap:.75rem;overflow-wrap:anywhere}
.steps li::before{content:counter(step);flex:none;width:1.75rem;height:1.75rem;border-radius:50%;background:var(--tint);color:var(--strong);font-weight:700;
  display:flex;align-items:center;justify-content:center;font-size:.9375rem}
.receipt{margin:0 0 1.5rem;padding:1rem 0 0;border-top:2px dashed var(--line);display:grid;gap:.75rem;text-align:start}
.receipt div{display:flex;justify-content:space-between;gap:1rem}
.receipt dt{color:var(--soft);flex:none;max-width:45%}
.receipt dd{margin:0;font-weight:600;text-align:end;unicode-bidi:plaintext;font-variant-numeric:tabular-nums;overflow-wrap:anywhere;min-width:0}
footer{width:100%;max-width:29rem;margin:0 auto;padding:1.25rem 1.25rem 2rem;color:var(--soft);font-size:.9375rem;text-align:center}
footer p{margin:0 0 .375rem}
footer a{display:inline-block;padding:.5rem}
@media (min-width:40rem){.band{padding-top:2rem;padding-bottom:6rem}main{margin-top:-4.5rem}.card{padding:2rem}}
@media (prefers-reduced-motion:reduce){.ring,.pop,.dots span{animation:none}}
`.replace(/\n\s*/g, '');
