// Every tool by the official client, which holds each answer to the schema of its tool.
import { readFileSync } from "node:fs";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const { MCP, MCP_KEY, PICTURE, BLOB } = process.env as Record<string, string>;
const client = new Client({ name: "test", version: "1" });
const requestInit = { headers: { "x-functions-key": MCP_KEY } };
await client.connect(new StreamableHTTPClientTransport(new URL(MCP), { requestInit }));

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(`not so: ${what}`);
  console.log(`  ${what}`);
}

async function call(name: string, args: Record<string, unknown>): Promise<Record<string, any>> {
  const result = await client.callTool({ name, arguments: args });
  check(!result.isError, `${name} ${Object.keys(args).join(", ")}`);
  return result.structuredContent as Record<string, any>;
}

const tools = (await client.listTools()).tools;
check(tools.length === 4 && tools.every((tool) => tool.outputSchema !== undefined), "four tools with schemas");
const url = `data:image/jpeg;base64,${readFileSync(PICTURE).toString("base64")}`;
check((await call("describe_image", { url })).status === "described", "a picture by its bytes");
check((await call("describe_image", { blob: `images/${BLOB}`, language: "en" })).alt_text !== "", "a stored one");
check((await call("ask_about_images", { question: "What is it?", images: [url] })).ending === "complete", "a question");
const found = await call("find_descriptions", { prefix: "clients/", limit: 1 });
check(found.descriptions.length === 1 && found.cursor !== null, "stored descriptions");
check((await call("find_undescribed", { prefix: "clients/" })).names.length === 0, "none without a description");
const wrong = await client.callTool({ name: "describe_image", arguments: { image_url: "https://pictures.example/a.jpg" } });
check(wrong.isError === true && JSON.stringify(wrong.content).includes("use url"), "a wrong argument is an error");
await client.close();
