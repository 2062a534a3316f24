// What each client for JavaScript does with the OpenAI-compatible endpoint; openai_checks.py is the same for Python.
import { readFileSync } from "node:fs";

export const { ADDRESS, AZURE_ADDRESS, CALLER_KEY, MODEL } = process.env as Record<string, string>;
export const QUESTION = "What is in the picture?";
export const SCHEMA = {
  type: "object" as const,
  properties: { alt_text: { type: "string" as const } },
  required: ["alt_text"],
  additionalProperties: false as const,
};

export function bytes(name: "PHOTO" | "HEIC" | "SMALL" | "BUSY"): Buffer {
  return readFileSync(process.env[name]!);
}

export function address(name: "PHOTO" | "HEIC" | "SMALL" | "BUSY"): string {
  return `data:image/${name === "HEIC" ? "heic" : "jpeg"};base64,${bytes(name).toString("base64")}`;
}

export const NO_PICTURE = "data:image/png;base64,eHl6";
export const PRIVATE = "https://127.0.0.1/a.jpg";

/** A client's ways to ask; each gives what the client's user gets. */
export interface Ways {
  text(pictures: string[]): Promise<string>;
  schema(picture: string): Promise<{ alt_text: string }>;
  tool(picture: string): Promise<{ alt_text: string }>;
  stream(picture: string): Promise<string>;
  /** Whether the client fetches https: addresses itself, and so refuses private ones itself. */
  fetches?: boolean;
  /** With another key or a wrong one; retries are off. */
  fails(picture: string, key?: string): Promise<unknown>;
}

function check(what: string, holds: unknown): void {
  if (!holds) throw new Error(`not so: ${what}`);
  console.log(`  ${what}`);
}

function status(error: any): number {
  return error?.status ?? error?.statusCode ?? error?.lastError?.statusCode ?? 0;
}

async function failed(call: Promise<unknown>): Promise<[number, string]> {
  try {
    await call;
  } catch (error) {
    return [status(error), String((error as Error).message)];
  }
  return [200, ""];
}

export async function tried(name: string, ways: Ways): Promise<void> {
  const said = (what: string) => `${what}: ${name}`;
  check(said("text"), /\d+ by \d+ pixels/.test(await ways.text([address("PHOTO")])));
  const several = await ways.text([address("PHOTO"), address("HEIC"), address("SMALL")]);
  check(said("pictures"), several.split("A test picture").length === 4);
  check(said("schema"), (await ways.schema(address("PHOTO"))).alt_text.includes("pixels"));
  check(said("tools"), (await ways.tool(address("PHOTO"))).alt_text.includes("pixels"));
  check(said("stream"), /\d+ by \d+ pixels.*\.$/.test(await ways.stream(address("PHOTO"))));
  const errors: [string, string, string | undefined, number, RegExp][] = [
    ["401", address("SMALL"), "wrong", 401, /key is missing or wrong/],
    ["429", address("BUSY"), undefined, 429, /./],
    ["400", NO_PICTURE, undefined, 400, /not in a supported picture format/],
    ["refused address", PRIVATE, undefined, ways.fetches ? 0 : 400, ways.fetches ? /not allowed/ : /host|address/i],
  ];
  for (const [what, picture, key, expected, words] of errors) {
    const [got, message] = await failed(ways.fails(picture, key));
    if (got !== expected || !words.test(message)) throw new Error(`${what}: ${got} ${message}`);
    check(said(what), true);
  }
}
