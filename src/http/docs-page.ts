/** The page at `/docs`: Swagger UI from our own origin. Scripts and styles are files, so that the policy needs no exception. */
export const DOCS_HTML = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="referrer" content="no-referrer">
    <title>Malipo API</title>
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="/docs/ui/swagger-ui.css">
    <link rel="stylesheet" href="/docs/page.css">
  </head>
  <body>
    <div id="api"><p>The documentation needs JavaScript. The same content is in <a href="/openapi.json">openapi.json</a>.</p></div>
    <script src="/docs/ui/swagger-ui-bundle.js" defer></script>
    <script src="/docs/page.js" defer></script>
  </body>
</html>
`;

/** Starts Swagger UI. `validatorUrl: null`: it would send the document to another host. */
export const DOCS_SCRIPT = `window.ui = SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#api',
  deepLinking: true,
  validatorUrl: null,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  tryItOutEnabled: false,
  persistAuthorization: false,
  syntaxHighlight: { activated: false },
});
`;

/** What Swagger UI's own style leaves to be done, most of it on phones. */
export const DOCS_STYLE = `body { margin: 0; background: #fafafa; }
#api > p { margin: 2rem; font-family: sans-serif; }
.swagger-ui .wrapper { box-sizing: border-box; }
.swagger-ui table { word-break: break-word; }
.swagger-ui pre, .swagger-ui .microlight { white-space: pre-wrap; overflow-wrap: anywhere; }
@media (max-width: 640px) {
  .swagger-ui .wrapper { padding: 0 8px; }
  .swagger-ui .info { margin: 16px 0; }
  .swagger-ui .info .title { font-size: 28px; overflow-wrap: anywhere; }
  .swagger-ui .scheme-container { padding: 8px 0; }
  .swagger-ui .servers > label { margin-right: 0; }
  .swagger-ui .opblock-tag { flex-wrap: wrap; font-size: 20px; padding-right: 0; }
  .swagger-ui .opblock-tag small { flex-basis: 100%; padding: 4px 0; }
  .swagger-ui .opblock .opblock-summary { flex-wrap: wrap; }
  .swagger-ui .opblock .opblock-summary-control { flex-wrap: wrap; min-width: 0; }
  .swagger-ui .opblock .opblock-summary-path { max-width: 100%; overflow-wrap: anywhere; flex-shrink: 1; }
  .swagger-ui .opblock .opblock-summary-description { flex-basis: 100%; padding: 4px 8px; }
  .swagger-ui .parameters-container, .swagger-ui .responses-inner { overflow-x: auto; }
  .swagger-ui .parameters-col_description input, .swagger-ui .parameters-col_description select { max-width: 100%; }
  .swagger-ui .response-col_links { display: none; }
  .swagger-ui .auth-wrapper { flex-wrap: wrap; justify-content: flex-start; }
}
`;
