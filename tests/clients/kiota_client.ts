// Every operation by Kiota's client for TypeScript; every alternative, null and problem is read.
import { readFileSync } from "node:fs";
import { MultipartBody, type AuthenticationProvider } from "@microsoft/kiota-abstractions";
import { FetchRequestAdapter } from "@microsoft/kiota-http-fetchlibrary";
import { createApiClient } from "./kiota/apiClient.js";
import type * as models from "./kiota/models/index.js";

const { APP, KEY, PICTURE, BLOB, ODD_BLOB } = process.env as Record<string, string>;
const picture = readFileSync(PICTURE);
const bytesOf = picture.buffer.slice(picture.byteOffset, picture.byteOffset + picture.byteLength) as ArrayBuffer;
const provider: AuthenticationProvider = {
  authenticateRequest: async (request) => void request.headers.add("x-functions-key", KEY),
};
const adapter = new FetchRequestAdapter(provider);
adapter.baseUrl = APP;
const api = createApiClient(adapter).api;

function check(holds: unknown, what: string): void {
  if (!holds) throw new Error(`not so: ${what}`);
  console.log(`  ${what}`);
}

check((await api.health.get())!.version, "health");
check((await api.health.deep.get())!.checks!.length > 0, "deepHealth");
const bytes: models.ImageByBytes = { kind: "base64", base64: picture.toString("base64") };
const blob: models.ImageByBlob = { kind: "blob", blob: { container: "images", name: BLOB } };
const url: models.ImageByUrl = { kind: "url", url: "https://127.0.0.1/x.jpg" };
const one = (await api.describe.post({ images: [bytes] })) as models.Described;
// The library, a preview, reads a null where an object may stand as an object without values.
check(one.kind === "description" && one.altText && !one.record?.source, "describe: a description, and a null");
const whole = (await api.describe.post({ images: [blob], include: "record" })) as models.Described;
check(whole.record!.source!.name === BLOB && whole.record!.source!.size! > 0, "describe: the record");
const several = (await api.describe.post({ images: [bytes, blob, url] })) as models.Results;
const [first, , last] = several.results! as [models.DescribedResult, unknown, models.Undescribed];
check(first.kind === "description" && first.status, "describe: several descriptions");
check(last.kind === "problem" && last.problem!.status === 422, "describe: a problem among them");
const answer = (await api.describe.post({ images: [bytes], prompt: "What is it?" })) as models.AnsweredQuestion;
check(answer.answer && answer.usage!.calls! >= 0, "describe: an answer");
check((await api.describe.picture.post(bytesOf, "image/jpeg"))!.kind === "description", "describePicture");
const form = new MultipartBody();
form.addOrReplacePart("images", "image/jpeg", bytesOf, undefined, "a.jpg");
check((await api.describe.form.post(form))!.kind === "description", "describeForm");
const page = (await api.descriptions.get({ queryParameters: { prefix: "clients/", limit: 1 } }))!;
check(page.descriptions!.length === 1 && page.cursor, "listDescriptions: a cursor");
check((await api.descriptions.get({ queryParameters: { prefix: "nothing/" } }))!.cursor == null, "listDescriptions: a null");
check(await api.coverage.get(), "getCoverage");
const item = api.descriptions.byContainer("images").byName(BLOB);
const record = (await item.get())!;
check(record.altText && record.cost!.usd! >= 0 && record.at!.getFullYear() > 2025, "getDescription: numbers, a date");
const queryParameters = { container: "images", name: ODD_BLOB };
check((await api.description.get({ queryParameters }))!.source!.name === ODD_BLOB, "getDescriptionByQuery");
const change: models.Change = { texts: { additionalData: { en: { alt_text: "Tom." } } } };
const headers = { "If-Match": ["*"] };
check((await item.put(change, { headers }))!.altText === "Tom.", "correctDescription");
check((await api.description.put(change, { headers, queryParameters }))!.altText === "Tom.", "correctDescriptionByQuery");
const begun = (await api.sweeps.post({ dryRun: true, prefix: "clients/" }))!;
check(begun.id && begun.dryRun === true, "beginSweep: a dry run");
const sweep = api.sweeps.bySweep_id(begun.id!);
check((await sweep.get())!.id === begun.id, "getSweep");
check((await sweep.delete())!.id === begun.id, "stopSweep");
const absent = await api.descriptions.byContainer("images").byName("absent.jpg").get().then(
  () => undefined,
  (problem: models.ProblemBody) => problem,
);
check(absent!.responseStatusCode === 404 && absent!.type!.endsWith("not-found"), "a problem, typed");
