import Handlebars from 'handlebars';

/** What the two layouts show. Every text is plain: the HTML layout escapes it. */
export interface EmailView {
  readonly locale: string;
  readonly subject: string;
  readonly heading: string;
  readonly lead: string;
  readonly label: string;
  /** Text and ground of the label. */
  readonly labelColour: string;
  readonly labelGround: string;
  /** `#rrggbb`, of the bar at the top. */
  readonly accent: string;
  readonly merchantName: string;
  readonly logoUrl: string | null;
  readonly amount: string | undefined;
  readonly rows: readonly { readonly name: string; readonly value: string }[];
  readonly testMode: string | undefined;
  /** Between a name and what it names, in plain text. */
  readonly colon: string;
  readonly help: string | undefined;
  readonly supportUrl: string | null;
  readonly sentBy: string;
  readonly why: string | undefined;
  readonly unsubscribe: string | undefined;
  readonly unsubscribeUrl: string | undefined;
}

// Tables and inline styles, because Outlook draws with Word and Gmail drops style sheets of forwarded mails. What the sheet
// adds, dark colours and narrow screens, is lost where a reader drops it, and nothing else is.
const HTML = `<!doctype html>
<html lang="{{locale}}" xmlns="http://www.w3.org/1999/xhtml">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no">
<meta name="x-apple-disable-message-reformatting">
<title>{{subject}}</title>
<style>
:root { color-scheme: light dark; supported-color-schemes: light dark; }
@media (max-width: 480px) {
  .page { padding: 12px 8px !important; }
  .card { padding-left: 20px !important; padding-right: 20px !important; }
  .amount { font-size: 30px !important; }
}
@media (prefers-color-scheme: dark) {
  .ground { background-color: #101418 !important; }
  .paper { background-color: #1b2127 !important; border-color: #2e363e !important; }
  .strong { color: #f2f4f7 !important; }
  .soft { color: #a7b0ba !important; }
  .line { border-color: #2e363e !important; }
}
</style>
</head>
<body class="ground" style="margin:0;padding:0;background-color:#f2f4f6;-webkit-text-size-adjust:100%;">
<div style="display:none;max-height:0;overflow:hidden;mso-hide:all;">{{lead}}</div>
<table class="ground" role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" bgcolor="#f2f4f6" style="background-color:#f2f4f6;">
<tr><td class="page" align="center" style="padding:32px 16px;">
<!--[if mso]><table role="presentation" width="600" cellpadding="0" cellspacing="0" border="0"><tr><td><![endif]-->
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="max-width:600px;">
<tr><td style="padding:0 4px 20px 4px;font-family:'Segoe UI',Helvetica,Arial,sans-serif;">
{{#if logoUrl}}<img class="strong" src="{{logoUrl}}" alt="{{merchantName}}" height="40" style="display:block;height:40px;width:auto;max-width:220px;border:0;font-size:16px;line-height:20px;font-weight:600;color:#101828;">{{else}}<span class="strong" style="font-size:20px;line-height:28px;font-weight:600;color:#101828;word-break:break-word;overflow-wrap:anywhere;" dir="auto">{{merchantName}}</span>{{/if}}
</td></tr>
<tr><td class="paper" bgcolor="#ffffff" style="background-color:#ffffff;border:1px solid #e4e7ec;border-radius:12px;overflow:hidden;">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">
<tr><td height="6" bgcolor="{{accent}}" style="height:6px;line-height:6px;font-size:0;background-color:{{accent}};border-radius:11px 11px 0 0;">&nbsp;</td></tr>
{{#if testMode}}<tr><td bgcolor="#fef0c7" align="center" style="padding:8px 20px;background-color:#fef0c7;color:#7a2e0e;font-family:'Segoe UI',Helvetica,Arial,sans-serif;font-size:13px;line-height:20px;font-weight:600;">{{testMode}}</td></tr>
{{/if}}<tr><td class="card" style="padding:28px 32px 8px 32px;font-family:'Segoe UI',Helvetica,Arial,sans-serif;">
<table role="presentation" cellpadding="0" cellspacing="0" border="0"><tr><td bgcolor="{{labelGround}}" style="padding:4px 12px;background-color:{{labelGround}};color:{{labelColour}};border-radius:12px;font-family:'Segoe UI',Helvetica,Arial,sans-serif;font-size:13px;line-height:18px;font-weight:600;">{{label}}</td></tr></table>
{{#if amount}}<p class="amount strong" style="margin:16px 0 0 0;font-size:36px;line-height:44px;font-weight:700;letter-spacing:-0.5px;color:#101828;word-break:break-word;overflow-wrap:anywhere;">{{amount}}</p>
{{/if}}<h1 class="strong" style="margin:12px 0 0 0;font-size:20px;line-height:28px;font-weight:600;color:#101828;word-break:break-word;overflow-wrap:anywhere;">{{heading}}</h1>
<p class="soft" style="margin:8px 0 0 0;font-size:15px;line-height:24px;color:#475467;word-break:break-word;overflow-wrap:anywhere;">{{lead}}</p>
</td></tr>
<tr><td class="card" style="padding:16px 32px 28px 32px;">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">
{{#each rows}}<tr>
<td class="soft line" valign="top" width="36%" style="padding:10px 12px 10px 0;border-top:1px solid #eaecf0;font-family:'Segoe UI',Helvetica,Arial,sans-serif;font-size:14px;line-height:20px;color:#667085;">{{name}}</td>
<td class="strong line" valign="top" align="right" style="padding:10px 0;border-top:1px solid #eaecf0;font-family:'Segoe UI',Helvetica,Arial,sans-serif;font-size:14px;line-height:20px;font-weight:500;color:#101828;word-break:break-word;overflow-wrap:anywhere;" dir="auto">{{value}}</td>
</tr>
{{/each}}</table>
</td></tr>
</table>
</td></tr>
<tr><td class="soft" align="center" style="padding:20px 12px 0 12px;font-family:'Segoe UI',Helvetica,Arial,sans-serif;font-size:13px;line-height:20px;color:#667085;word-break:break-word;overflow-wrap:anywhere;">
{{#if help}}{{help}} <a class="soft" href="{{supportUrl}}" style="color:#475467;">{{supportUrl}}</a><br>
{{/if}}{{sentBy}}{{#if why}} {{why}} <a class="soft" href="{{unsubscribeUrl}}" style="color:#475467;">{{unsubscribe}}</a>{{/if}}
</td></tr>
</table>
<!--[if mso]></td></tr></table><![endif]-->
</td></tr>
</table>
</body>
</html>
`;

const TEXT = `{{merchantName}}
{{#if testMode}}

*** {{testMode}} ***
{{/if}}

{{heading}}
{{#if amount}}{{amount}} ({{label}}){{else}}{{label}}{{/if}}

{{lead}}

{{#each rows}}
{{name}}{{../colon}}{{value}}
{{/each}}
{{#if help}}

{{help}} {{supportUrl}}
{{/if}}

--${' '}
{{sentBy}}
{{#if why}}
{{why}}
{{unsubscribe}}{{colon}}{{unsubscribeUrl}}
{{/if}}
`;

/** The mail as HTML. Compiled once, from text of ours alone. */
export const toHtml: (view: EmailView) => string = Handlebars.compile<EmailView>(HTML, { strict: true });

/** The same as plain text. */
export const toText: (view: EmailView) => string = Handlebars.compile<EmailView>(TEXT, {
  strict: true,
  noEscape: true,
});
