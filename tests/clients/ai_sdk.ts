// The AI SDK: OpenAI's provider with Responses (its default) and Chat Completions, the provider for compatible servers, Azure's.
import { createAzure } from "@ai-sdk/azure";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateText, jsonSchema, Output, stepCountIs, streamText, tool, type LanguageModel } from "ai";
import { ADDRESS, AZURE_ADDRESS, CALLER_KEY, MODEL, QUESTION, SCHEMA, tried, type Ways } from "./openai_checks.js";

type Answer = { alt_text: string };
type Make = (key?: string) => LanguageModel;
const schema = jsonSchema<Answer>(SCHEMA);

function ways(make: Make): Ways {
  const asked = (urls: string[], key?: string) => {
    const pictures = urls.map((url) => ({ type: "image" as const, image: new URL(url) }));
    const content = [{ type: "text" as const, text: QUESTION }, ...pictures];
    return { model: make(key), messages: [{ role: "user" as const, content }], maxRetries: 0 };
  };
  return {
    text: async (urls) => (await generateText(asked(urls))).text,
    schema: async (url) => (await generateText({ ...asked([url]), output: Output.object({ schema }) })).output,
    async tool(url) {
      let noted: Answer = { alt_text: "" };
      const note = tool({ inputSchema: schema, execute: async (given: Answer) => ((noted = given), "noted") });
      const answer = await generateText({ ...asked([url]), tools: { note }, stopWhen: stepCountIs(3) });
      if (answer.steps.length !== 2 || !answer.text.includes("pixels")) throw new Error("no answer after the tool's result");
      return noted;
    },
    async stream(url) {
      let text = "";
      for await (const piece of streamText(asked([url])).textStream) text += piece;
      return text;
    },
    fails: (url, key) => generateText(asked([url], key)),
  };
}

const openai = (apiKey = CALLER_KEY) => createOpenAI({ baseURL: ADDRESS, apiKey });
const azure = (apiKey = CALLER_KEY) => createAzure({ baseURL: `${AZURE_ADDRESS}/openai`, apiKey });
const byDeployment = (apiKey = CALLER_KEY) =>
  createAzure({ baseURL: `${AZURE_ADDRESS}/openai`, apiKey, useDeploymentBasedUrls: true, apiVersion: "2025-04-01-preview" });
const compatible = (apiKey = CALLER_KEY) => createOpenAICompatible({ name: "app", baseURL: ADDRESS, apiKey });
await tried("AI SDK, openai", ways((key) => openai(key)(MODEL)));
await tried("AI SDK, openai, chat", ways((key) => openai(key).chat(MODEL)));
await tried("AI SDK, openai-compatible", { ...ways((key) => compatible(key)(MODEL)), fetches: true });
await tried("AI SDK, azure", ways((key) => azure(key)(MODEL)));
await tried("AI SDK, azure by deployment", ways((key) => byDeployment(key).chat(MODEL)));
