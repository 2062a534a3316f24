// A model takes longer than the official client waits: each call is answered before that, and a later one has the answer.
import { readFileSync } from "node:fs";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const { MCP, MCP_KEY, SLOW_PICTURE } = process.env as Record<string, string>;
const client = new Client({ name: "test", version: "1" });
const requestInit = { headers: { "x-functions-key": MCP_KEY } };
await client.connect(new StreamableHTTPClientTransport(new URL(MCP), { requestInit }));
const url = `data:image/jpeg;base64,${readFileSync(SLOW_PICTURE).toString("base64")}`;

async function patiently(name: string, args: Record<string, unknown>): Promise<void> {
  for (let call = 1; call <= 10; call++) {
    const began = Date.now();
    const result = await client.callTool({ name, arguments: args });
    const took = ((Date.now() - began) / 1000).toFixed(1);
    if (!result.isError) {
      console.log(`  ${name}: call ${call} has the answer after ${took} s`);
      return;
    }
    const told = JSON.parse((result.content as { text: string }[])[0].text);
    if (told.error !== "not yet") throw new Error(`not so: ${told.error}`);
    console.log(`  ${name}: call ${call} is told "not yet" after ${took} s`);
    await new Promise((done) => setTimeout(done, told.retry_after_seconds * 1000));
  }
  throw new Error(`${name} has no answer`);
}

await Promise.all([
  patiently("describe_image", { url }),
  patiently("ask_about_images", { question: "What is it?", images: [url] }),
]);
await client.close();
