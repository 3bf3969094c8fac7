/** Colours of a light page. Text reaches a contrast of 4.5 on what it stands on, marks of plots 3. */
const LIGHT = `color-scheme:light;--bg:#f5f6f9;--card:#fff;--ink:#182033;--mu:#556074;--line:#dce1ea;--soft:#eef1f6;--ref:#6d788d;--ref-in:#dfe4ec;--cur:#2a5bd0;--link:#1d4fc4;--s:#b0211b;--s-in:#fdeae8;--m:#855000;--m-in:#fcf0d8;--n:#17693d;--n-in:#e2f3ea;--i:#4b5568;--i-in:#e8ebf1;--l0:#b0211b;--l1:#2a5bd0;--l2:#1b7a48;--l3:#8a5300;--l4:#7b3fb5;--l5:#0a7480;--l6:#b02a78;--l7:#5b6472`;

const DARK = `color-scheme:dark;--bg:#0f131a;--card:#171d27;--ink:#e5e9f1;--mu:#a3adbf;--line:#2b3444;--soft:#1f2733;--ref:#93a0b6;--ref-in:#323c4d;--cur:#6f9dff;--link:#8fb4ff;--s:#ff8d84;--s-in:#431b19;--m:#f2b757;--m-in:#3a2a0d;--n:#6dcf99;--n-in:#153122;--i:#b4bdcc;--i-in:#2a3342;--l0:#ff8d84;--l1:#7aa5ff;--l2:#6dcf99;--l3:#f2b757;--l4:#c39bf0;--l5:#5fc9d3;--l6:#f48fc4;--l7:#aab4c5`;

/** The style of a report: of the page, its tables and its plots. */
export const REPORT_STYLE = [
  `:root{${LIGHT}}@media(prefers-color-scheme:dark){:root{${DARK}}}@media print{:root{${LIGHT};--bg:#fff}}`,
  "*{box-sizing:border-box}html{-webkit-text-size-adjust:100%;text-size-adjust:100%}",
  "body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}",
  "main{max-width:1100px;margin:0 auto;padding:28px 20px 40px}",
  "h1{font-size:1.65rem;line-height:1.25;margin:0 0 10px;letter-spacing:-.01em}h2{font-size:1.15rem;line-height:1.3;margin:36px 0 10px;letter-spacing:-.005em}h3{font-size:1rem;line-height:1.35;margin:0;display:inline}",
  "p{margin:0 0 10px;max-width:75ch}.vh{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}.scroll{position:relative}.mu,caption,footer{color:var(--mu)}small,.sm{font-size:.85rem}bdi{unicode-bidi:isolate}",
  ":focus-visible{outline:2px solid var(--link);outline-offset:2px}",
  ".card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:16px 18px;margin:0 0 14px}",
  ".lead{font-size:1.05rem;margin:12px 0 16px}.top{display:flex;flex-wrap:wrap;gap:8px;align-items:center}",
  ".facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(165px,1fr));gap:12px 24px;margin:0}.facts .b{margin:2px 4px 0 0}.facts .w{grid-column:span 2}.facts dt,.st dt{color:var(--mu);font-size:.8rem}.facts dd,.st dd{margin:0;font-weight:600}",
  ".b{display:inline-flex;align-items:center;gap:.45em;border-radius:99px;padding:1px 10px 1px 9px;font-size:.8rem;font-weight:600;white-space:nowrap;color:var(--i);background:var(--i-in)}",
  ".b::before{content:'';width:.6em;height:.6em;background:currentColor;flex:none}.b.s{color:var(--s);background:var(--s-in)}.b.m{color:var(--m);background:var(--m-in)}.b.m::before{clip-path:polygon(50% 0,100% 100%,0 100%)}.b.n{color:var(--n);background:var(--n-in)}.b.n::before{border-radius:50%}.b.i::before{height:.2em}",
  ".b.big{font-size:1rem;padding:4px 16px 4px 14px}",
  ".note{border-left:4px solid var(--m);background:var(--m-in);border-radius:6px;padding:10px 14px;margin:0 0 14px}.note p:last-child{margin:0}",
  ".cause{list-style:none;margin:0;padding:0}.cause>li{padding:14px 0;border-top:1px solid var(--line)}.cause>li:first-child{border:0;padding-top:2px}.cause>li:last-child{padding-bottom:2px}",
  ".row{display:flex;flex-wrap:wrap;gap:4px 10px;align-items:center;margin-bottom:6px}.row b:last-child{margin-left:auto}.chips{display:flex;flex-wrap:wrap;gap:6px;margin:8px 0 0;padding:0;list-style:none}.chips li{border:1px solid var(--line);border-radius:6px;padding:1px 8px;font-size:.85rem;background:var(--soft)}",
  ".hint{margin:8px 0 0;padding-left:1.1em;font-size:.92rem}",
  "details.card{padding:0}details.card>summary{padding:12px 18px}details.card>div{padding:4px 18px 16px}summary{cursor:pointer}summary .b{margin-left:8px;vertical-align:1px}summary .k{margin-left:8px}",
  ".feat{display:grid;grid-template-columns:minmax(0,3fr) minmax(0,2fr);gap:8px 32px;align-items:start}.st{display:grid;grid-template-columns:1fr 1fr;gap:10px 18px;margin:0}.st .w{grid-column:1/-1}.st dd{font-size:.95rem}.st dd small{font-weight:400;color:var(--mu)}",
  ".key{display:flex;flex-wrap:wrap;gap:2px 16px;margin:0 0 8px;padding:0;list-style:none;font-size:.8rem;color:var(--mu)}.key li{display:flex;gap:6px;align-items:center}.key svg{flex:none}",
  ".scroll{overflow-x:auto;max-width:100%}table{border-collapse:collapse;width:100%;font-size:.88rem}caption{text-align:left;padding:0 0 6px;font-size:.85rem}th,td{padding:5px 20px 5px 0;text-align:left;border-bottom:1px solid var(--line);vertical-align:top;white-space:nowrap}thead th{color:var(--mu);font-weight:600;font-size:.8rem;vertical-align:bottom}tbody th{font-weight:600;white-space:normal;min-width:6.5em}tbody tr:last-child>*{border-bottom:0}td.n,th.n,.n2 td:nth-child(n+2),.n3 td:nth-child(n+3),.n4 td:nth-child(n+4){text-align:right}td:last-child,th:last-child{padding-right:0}",
  ".more{margin-top:12px}.more>summary{color:var(--link);font-size:.88rem;margin-bottom:6px}",
  ".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(250px,1fr));gap:14px}.tiles .card{margin:0}.tiles h3{display:block;margin-bottom:4px}.big-n{font-size:1.5rem;font-weight:650;line-height:1.3}",
  "svg{display:block}svg text{font-size:11px;fill:var(--mu);font-family:inherit}.plot{overflow:visible;margin-left:44px;width:calc(100% - 48px)}.tl{width:calc(100% - 74px)}.bars{overflow:hidden}.bars text{font-size:12px;fill:var(--ink)}.bars .e{fill:var(--mu)}text.e{text-anchor:end}text.m{text-anchor:middle}text.it{font-style:italic}",
  ".gr{stroke:var(--line)}.ax{stroke:var(--mu)}.re{fill:var(--ref-in);stroke:var(--ref)}.cu{fill:var(--cur)}.tr{fill:var(--soft)}.hit{fill:var(--mu);opacity:0}.hit:hover{opacity:.12}.ha{fill:url(#hatch)}.hl{stroke:var(--line);stroke-width:2}",
  ".iv{overflow:visible}.iv .rg{stroke:var(--cur);stroke-width:3;stroke-linecap:round}line.th{stroke:var(--mu);stroke-dasharray:2 2}line.th.m{stroke:var(--m)}line.th.s{stroke:var(--s)}.tl text.th{paint-order:stroke;stroke:var(--card);stroke-width:3px}",
  ".l{fill:none;stroke-width:2;vector-effect:non-scaling-stroke;stroke-linejoin:round;stroke-linecap:butt}svg text.le{font-weight:700;font-size:12px}",
  Array.from(
    { length: 8 },
    (_, i) =>
      `.l${i}{stroke:var(--l${i})${["", ";stroke-dasharray:7 3", ";stroke-dasharray:2 3", ";stroke-dasharray:9 3 2 3"][i % 4]}}svg text.k${i}{fill:var(--l${i})}`,
  ).join(""),
  ".ag table{font-size:.76rem}.ag tbody th{min-width:8em}.ag td{text-align:right}.ag td.s{color:var(--s);background:var(--s-in);font-weight:600}.ag td.m{color:var(--m);background:var(--m-in);font-weight:600}.ag td,.ag thead th{padding:5px;text-align:right}.ag thead th{white-space:normal;font-size:.7rem;overflow-wrap:normal}.ag th:first-child{text-align:left;padding-left:0}.ag tbody td{border-left:1px solid var(--line)}.ag .b{font-size:.7rem;padding:0 8px 0 7px}",
  "footer{margin-top:36px;font-size:.82rem;border-top:1px solid var(--line);padding-top:12px}",
  "@media(max-width:720px){main{padding:18px 12px 28px}.feat{grid-template-columns:minmax(0,1fr)}.card{padding:14px}details.card>summary{padding:12px 14px}details.card>div{padding:2px 14px 14px}svg .od{display:none}.facts{grid-template-columns:1fr 1fr}th,td{padding-right:12px}h1{font-size:1.4rem}}",
  "@media print{body{font-size:10.5pt}main{max-width:none;padding:0}.card,li,tr,.note{break-inside:avoid}h2{break-after:avoid}.scroll{overflow:visible}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}details.more:not([open]){display:none}.feat{grid-template-columns:minmax(0,3fr) minmax(0,2fr)}th,td{white-space:normal;padding-right:8px}.ag table{font-size:6pt}.ag thead th,.ag .b{font-size:5.5pt}.ag td,.ag thead th{padding:2px;white-space:nowrap}.ag thead th{white-space:normal}.ag tbody th{min-width:7em}.ag .b{padding:0 3px}thead th{overflow-wrap:normal}}",
].join("\n");
