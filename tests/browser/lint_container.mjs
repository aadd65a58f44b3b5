// Says what is wrong with a container file, as JSON: one message a line it complains about.
// Usage: node lint_container.mjs FILE

import { readFileSync } from "node:fs";
import { validate } from "dockerfile-utils";

const problems = validate(readFileSync(process.argv[2], "utf8"));
console.log(JSON.stringify(problems.map((one) => `${one.range.start.line + 1}: ${one.message}`)));
