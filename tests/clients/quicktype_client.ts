// A record by the types that quicktype makes of the schema, which it checks when it reads. Not an event: what it writes
// for extension attributes, whose names are not known beforehand, does not compile.
import { readFileSync } from "node:fs";
import { Convert as Records } from "./quicktype-record.js";

const { RECORD } = process.env as Record<string, string>;

function there(read: { from(text: string): unknown; to(value: never): string }, path: string): void {
  const text = readFileSync(path, "utf8");
  const plain = JSON.stringify(JSON.parse(text), (_, value) => sorted(value));
  const back = JSON.stringify(JSON.parse(read.to(read.from(text) as never)), (_, value) => sorted(value));
  if (plain !== back.replaceAll(".000Z", "Z")) throw new Error(`not the same:\n${plain}\n${back}`);
}

function sorted(value: unknown): unknown {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)));
}

there({ from: Records.toStoredRecord, to: Records.storedRecordToJson }, RECORD);
console.log("  a record, there and back");
