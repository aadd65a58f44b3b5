// Says which parts of a mail's HTML some of the large clients do not support, as JSON: title -> clients.
// Usage: node lint_mail.mjs FILE

import { readFileSync } from "node:fs";
import { caniemail } from "caniemail";

const CLIENTS = ["gmail.*", "outlook.windows", "outlook.outlook-com", "outlook.macos", "outlook.ios",
  "outlook.android", "apple-mail.*"];

const html = readFileSync(process.argv[2], "utf8");
const found = {};
for (const [client, issues] of caniemail({ clients: CLIENTS, html }).issues.errors.entries()) {
  for (const issue of issues) {
    found[issue.title] ??= [];
    if (!found[issue.title].includes(client)) found[issue.title].push(client);
  }
}
console.log(JSON.stringify(found));
