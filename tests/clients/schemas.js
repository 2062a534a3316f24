// ajv resolves the published schemas and holds what the app wrote to them.
import { readFileSync } from "node:fs";
import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const { DOCS, RECORD, EVENT } = process.env;
for (const [name, file] of [["record", RECORD], ["event", EVENT]]) {
  const ajv = addFormats.default(new Ajv.default({ strict: false }));
  const validate = ajv.compile(JSON.parse(readFileSync(`${DOCS}/${name}.schema.json`, "utf8")));
  if (!validate(JSON.parse(readFileSync(file, "utf8")))) throw new Error(JSON.stringify(validate.errors));
  console.log(`  ${name}`);
}
