// OpenAI's own package for JavaScript: Chat Completions, Responses, and its client for Azure.
import OpenAI, { AzureOpenAI } from "openai";
import { ADDRESS, AZURE_ADDRESS, CALLER_KEY, MODEL, QUESTION, SCHEMA, tried, type Ways } from "./openai_checks.js";

type Make = (key?: string) => OpenAI;

function chat(make: Make): Ways {
  const messages = (urls: string[]): OpenAI.ChatCompletionMessageParam[] => {
    const pictures = urls.map((url) => ({ type: "image_url" as const, image_url: { url } }));
    return [{ role: "user", content: [{ type: "text", text: QUESTION }, ...pictures] }];
  };
  const client = make();
  const asked = { model: MODEL };
  return {
    async text(urls) {
      return (await client.chat.completions.create({ ...asked, messages: messages(urls) })).choices[0].message.content!;
    },
    async schema(url) {
      const json_schema = { name: "answer", strict: true, schema: SCHEMA };
      const response_format = { type: "json_schema" as const, json_schema };
      const answer = await client.chat.completions.create({ ...asked, messages: messages([url]), response_format });
      return JSON.parse(answer.choices[0].message.content!);
    },
    async tool(url) {
      const tools = [{ type: "function" as const, function: { name: "note", parameters: SCHEMA } }];
      const answer = await client.chat.completions.create({ ...asked, messages: messages([url]), tools });
      const call = answer.choices[0].message.tool_calls![0];
      return call.type === "function" ? JSON.parse(call.function.arguments) : {};
    },
    async stream(url) {
      const stream = await client.chat.completions.create({ ...asked, messages: messages([url]), stream: true });
      let text = "";
      for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
      return text;
    },
    fails: (url, key) => make(key).chat.completions.create({ ...asked, messages: messages([url]) }),
  };
}

function responses(make: Make): Ways {
  const input = (urls: string[]): OpenAI.Responses.ResponseInput => {
    const pictures = urls.map((image_url) => ({ type: "input_image" as const, image_url, detail: "auto" as const }));
    return [{ role: "user", content: [{ type: "input_text", text: QUESTION }, ...pictures] }];
  };
  const client = make();
  const asked = { model: MODEL };
  return {
    text: async (urls) => (await client.responses.create({ ...asked, input: input(urls) })).output_text,
    async schema(url) {
      const format = { type: "json_schema" as const, name: "answer", strict: true, schema: SCHEMA };
      const answer = await client.responses.create({ ...asked, input: input([url]), text: { format } });
      return JSON.parse(answer.output_text);
    },
    async tool(url) {
      const tools = [{ type: "function" as const, name: "note", parameters: SCHEMA, strict: true }];
      const answer = await client.responses.create({ ...asked, input: input([url]), tools });
      const call = answer.output[0];
      return call.type === "function_call" ? JSON.parse(call.arguments) : {};
    },
    async stream(url) {
      let text = "";
      for await (const event of await client.responses.create({ ...asked, input: input([url]), stream: true }))
        if (event.type === "response.output_text.delta") text += event.delta;
      return text;
    },
    fails: (url, key) => make(key).responses.create({ ...asked, input: input([url]) }),
  };
}

const openai: Make = (apiKey = CALLER_KEY) => new OpenAI({ baseURL: ADDRESS, apiKey, maxRetries: 0 });
const azure: Make = (apiKey = CALLER_KEY) =>
  new AzureOpenAI({ endpoint: AZURE_ADDRESS, apiKey, apiVersion: "2025-04-01-preview", maxRetries: 0 });
await tried("openai, Chat Completions", chat(openai));
await tried("openai, Responses", responses(openai));
await tried("AzureOpenAI, Chat Completions", chat(azure));
await tried("AzureOpenAI, Responses", responses(azure));
