import icon from "swagger-ui-dist/favicon-32x32.png" with { type: "file" };
import style from "swagger-ui-dist/swagger-ui.css" with { type: "file" };
import script from "swagger-ui-dist/swagger-ui-bundle.js" with { type: "file" };

interface DocsFile {
  readonly path: string;
  readonly type: string;
  /** The content, or a file inside the executable. */
  readonly content: { readonly text: string } | { readonly file: string };
}

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>codeq API</title>
<link rel="icon" type="image/png" href="/docs/icon.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="ui"></div>
<script src="/docs/swagger-ui.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

const START = `SwaggerUIBundle({ url: "/openapi.json", dom_id: "#ui", deepLinking: true, validatorUrl: null });\n`;

const DOCS_FILES: readonly DocsFile[] = [
  { path: "/docs", type: "text/html; charset=utf-8", content: { text: PAGE } },
  { path: "/docs/start.js", type: "text/javascript; charset=utf-8", content: { text: START } },
  { path: "/docs/swagger-ui.js", type: "text/javascript; charset=utf-8", content: { file: script } },
  { path: "/docs/swagger-ui.css", type: "text/css; charset=utf-8", content: { file: style } },
  { path: "/docs/icon.png", type: "image/png", content: { file: icon } },
];

/** Nothing from anywhere else: the page works without a network, and no other page may frame it. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** The browsable API document. Yields the path of each file and how to answer it. */
export function docsRoutes(): readonly { readonly path: string; readonly run: (requestId: string) => Response }[] {
  return DOCS_FILES.map(({ path, type, content }) => ({
    path,
    run: (requestId) => {
      const headers = {
        "content-type": type,
        "content-security-policy": POLICY,
        "x-content-type-options": "nosniff",
        "x-request-id": requestId,
      };
      return new Response("text" in content ? content.text : Bun.file(content.file), { headers });
    },
  }));
}
