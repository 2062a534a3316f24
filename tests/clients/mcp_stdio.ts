// The tools over the standard input and output, by the official client; a file outside of the folder is refused.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";

const environment = process.env as Record<string, string>;
const { PYTHON, ROOT, ALLOWED, SECRET, BLOB } = environment;
const picture = `${ALLOWED}/cat.jpg`;
const client = new Client({ name: "test", version: "1" });
const args = ["-m", "describer", "mcp", ALLOWED];
await client.connect(new StdioClientTransport({ command: PYTHON, args, env: environment, cwd: ROOT, stderr: "inherit" }));

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(`not so: ${what}`);
  console.log(`  ${what}`);
}

async function call(name: string, given: Record<string, unknown>): Promise<Record<string, any>> {
  const result = await client.callTool({ name, arguments: given });
  check(!result.isError, `${name} ${Object.keys(given).join(", ")}`);
  return result.structuredContent as Record<string, any>;
}

const tools = (await client.listTools()).tools;
check(tools.length === 4 && tools.every((tool) => tool.annotations?.readOnlyHint === true), "four tools that change nothing");
check((await call("describe_image", { file: picture })).status === "described", "a file");
check((await call("ask_about_images", { question: "What?", images: [picture, `images/${BLOB}`] })).ending === "complete", "two");
check((await call("find_descriptions", { prefix: "clients/", limit: 1 })).descriptions.length === 1, "stored descriptions");
check((await call("find_undescribed", { prefix: "clients/" })).names.length === 0, "none without a description");
for (const file of [SECRET, `${ALLOWED}/../secret.jpg`, `${ALLOWED}/link.jpg`]) {
  const refused = await client.callTool({ name: "describe_image", arguments: { file } });
  check(refused.isError === true && JSON.stringify(refused.content).includes("may read"), "a file outside is refused");
}
await client.close();
