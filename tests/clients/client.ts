// Every operation by openapi-typescript and openapi-fetch; every alternative, null and problem is read.
import { readFileSync } from "node:fs";
import createClient from "openapi-fetch";
import type { paths } from "./generated.js";

const { APP, KEY, PICTURE, BLOB, ODD_BLOB } = process.env as Record<string, string>;
const client = createClient<paths>({ baseUrl: APP, headers: { "x-functions-key": KEY } });
const picture = readFileSync(PICTURE);

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(`not so: ${what}`);
  console.log(`  ${what}`);
}

check((await client.GET("/api/health")).data?.status === "ok", "health");
check((await client.GET("/api/health/deep")).data!.checks.length > 0, "deepHealth");
const bytes = { kind: "base64" as const, base64: picture.toString("base64") };
const blob = { kind: "blob" as const, blob: { container: "images", name: BLOB } };
const one = (await client.POST("/api/describe", { body: { images: [bytes] } })).data!;
check(one.kind === "description" && one.alt_text !== "" && one.record === null, "describe: a description, and a null");
const whole = (await client.POST("/api/describe", { body: { images: [blob], include: "record" } })).data!;
check(whole.kind === "description" && whole.record!.source.name === BLOB, "describe: the record");
const url = { kind: "url" as const, url: "https://127.0.0.1/x.jpg" };
const several = (await client.POST("/api/describe", { body: { images: [bytes, blob, url] } })).data!;
if (several.kind !== "descriptions") throw new Error(several.kind);
const [first, , last] = several.results;
check(first!.kind === "description" && first!.alt_text !== "", "describe: several descriptions");
check(last!.kind === "problem" && last!.problem.type.endsWith("unfetchable"), "describe: a problem among them");
const answer = (await client.POST("/api/describe", { body: { images: [bytes], prompt: "What is it?" } })).data!;
check(answer.kind === "answer" && answer.answer !== "" && answer.usage.calls >= 0, "describe: an answer");
const raw = await client.POST("/api/describe/picture", {
  params: { query: { languages: ["en"] } },
  body: picture as unknown as string,
  bodySerializer: (body) => body as unknown as BodyInit,
  headers: { "content-type": "image/jpeg" },
});
check(raw.data?.kind === "description", "describePicture");
const form = await client.POST("/api/describe/form", {
  body: { images: ["a.jpg"], max_chars: 200 },
  bodySerializer: () => {
    const filled = new FormData();
    filled.append("images", new Blob([picture]), "a.jpg");
    return filled;
  },
});
check(form.data?.kind === "description", "describeForm");
const page = (await client.GET("/api/descriptions", { params: { query: { prefix: "clients/", limit: 1 } } })).data!;
if (typeof page === "string") throw new Error(page); // other formats come as text
check(page.descriptions.length === 1 && page.cursor !== null, "listDescriptions: a cursor");
const none = (await client.GET("/api/descriptions", { params: { query: { prefix: "nothing/" } } })).data!;
if (typeof none === "string") throw new Error(none);
check(none.cursor === null, "listDescriptions: a null");
check((await client.GET("/api/coverage", { params: { query: { prefix: "clients/" } } })).data !== undefined, "getCoverage");
const path = { container: "images", name: BLOB };
const record = (await client.GET("/api/descriptions/{container}/{name}", { params: { path } })).data!;
check(record.alt_text !== "" && record.demand === null && record.cost!.usd >= 0, "getDescription: nulls, numbers");
const query = { container: "images", name: ODD_BLOB };
check((await client.GET("/api/description", { params: { query } })).data?.source.name === ODD_BLOB, "getDescriptionByQuery");
const header = { "If-Match": "*" };
const body = { texts: { en: { alt_text: "Tom." } } };
const changed = await client.PUT("/api/descriptions/{container}/{name}", { params: { path, header }, body });
check(changed.data?.alt_text === "Tom.", "correctDescription");
const again = await client.PUT("/api/description", { params: { query, header }, body });
check(again.data?.alt_text === "Tom.", "correctDescriptionByQuery");
const backfill = (await client.POST("/api/backfills", { body: { dry_run: true, prefix: "clients/" } })).data!;
check(backfill.id !== "" && backfill.dry_run, "beginBackfill: a dry run");
const oneBackfill = { params: { path: { backfill_id: backfill.id } } };
check((await client.GET("/api/backfills/{backfill_id}", oneBackfill)).data?.id === backfill.id, "getBackfill");
check((await client.DELETE("/api/backfills/{backfill_id}", oneBackfill)).data?.id === backfill.id, "stopBackfill");
const absent = await client.GET("/api/descriptions/{container}/{name}", { params: { path: { ...path, name: "absent.jpg" } } });
check(absent.response.status === 404 && absent.error!.type.endsWith("not-found"), "a problem, typed");
