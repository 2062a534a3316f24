// Every operation by Kiota's client for TypeScript; every alternative, null and problem is read.
import { readFileSync } from "node:fs";
import { AnonymousAuthenticationProvider, Headers, MultipartBody } from "@microsoft/kiota-abstractions";
import { DefaultRequestAdapter } from "@microsoft/kiota-bundle";
import { createApiClient } from "./kiota/apiClient.js";
import type { AnsweredQuestion, Described, DescribedResult, ImageByBlob, ImageByBytes, ImageByUrl, ProblemBody, Results, Undescribed } from "./kiota/models/index.js";

const { APP, KEY, PICTURE, BLOB, ODD_BLOB } = process.env as Record<string, string>;
const file = readFileSync(PICTURE);
const picture = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength) as ArrayBuffer;

/** The library's own provider of keys refuses http://127.0.0.1. */
class Key extends AnonymousAuthenticationProvider {
  public authenticateRequest = async (request: { headers: Headers }): Promise<void> => {
    request.headers.add("x-functions-key", KEY);
  };
}

function check(holds: unknown, what: string): void {
  if (!holds) throw new Error(`not so: ${what}`);
  console.log(`  ${what}`);
}

const adapter = new DefaultRequestAdapter(new Key());
adapter.baseUrl = APP;
const { api } = createApiClient(adapter);
check((await api.health.get())!.version, "health");
check((await api.health.deep.get())!.checks!.length > 0, "deepHealth");
const bytes: ImageByBytes = { kind: "base64", base64: file.toString("base64") };
const blob: ImageByBlob = { kind: "blob", blob: { container: "images", name: BLOB } };
const url: ImageByUrl = { kind: "url", url: "https://127.0.0.1/x.jpg" };
const one = (await api.describe.post({ images: [bytes] })) as Described;
// This library reads null in place of an object as {}.
check(one.kind === "description" && one.altText && one.record?.status === undefined, "describe: a description, and a null");
const whole = (await api.describe.post({ images: [blob], include: "record" })) as Described;
check(whole.record!.source!.name === BLOB && whole.record!.demand == null, "describe: the record");
const several = (await api.describe.post({ images: [bytes, blob, url] })) as Results;
const [first, , last] = several.results as [DescribedResult, DescribedResult, Undescribed];
check(several.kind === "descriptions" && first.kind === "description" && first.altText, "describe: several descriptions");
// Kiota 1.38 reads each element of a list by the first alternative; what that lacks is in `additionalData`.
const told = last.problem ?? (last as unknown as { additionalData: { problem: ProblemBody } }).additionalData.problem;
check(told.status === 422, "describe: a problem among them");
const answer = (await api.describe.post({ images: [bytes], prompt: "What is it?" })) as AnsweredQuestion;
check(answer.kind === "answer" && answer.answer && answer.usage!.calls! >= 0, "describe: an answer");
const sent = await api.describe.picture.post(picture, "image/jpeg", { queryParameters: { languages: ["en"] } });
check(sent!.kind === "description", "describePicture");
const form = new MultipartBody();
form.requestAdapter = adapter;
form.addOrReplacePart("images", "image/jpeg", picture, undefined, "a.jpg");
check((await api.describe.form.post(form))!.kind === "description", "describeForm");
const page = (await api.descriptions.get({ queryParameters: { prefix: "clients/", limit: 1 } }))!;
check(page.descriptions!.length === 1 && page.cursor, "listDescriptions: a cursor");
check((await api.descriptions.get({ queryParameters: { prefix: "nothing/" } }))!.cursor == null, "listDescriptions: a null");
check(await api.coverage.get({ queryParameters: { prefix: "clients/" } }), "getCoverage");
const item = api.descriptions.byContainer("images").byName(BLOB);
const record = (await item.get())!;
check(record.altText && record.cost!.usd! >= 0 && record.demand == null && record.at!.getFullYear() > 2025, "getDescription: nulls, numbers, a date");
const odd = { queryParameters: { container: "images", name: ODD_BLOB } };
check((await api.description.get(odd))!.source!.name === ODD_BLOB, "getDescriptionByQuery");
const headers = { "If-Match": ["*"] } as unknown as Record<string, string[]>;
const change = { texts: { additionalData: { en: { alt_text: "Tom." } } } };
check((await item.put(change, { headers }))!.altText === "Tom.", "correctDescription");
check((await api.description.put(change, { ...odd, headers }))!.altText === "Tom.", "correctDescriptionByQuery");
const begun = (await api.backfills.post({ dryRun: true, prefix: "clients/" }))!;
check(begun.id && begun.dryRun, "beginBackfill: a dry run");
const backfill = api.backfills.byBackfill_id(begun.id!);
check((await backfill.get())!.id === begun.id, "getBackfill");
check((await backfill.delete())!.id === begun.id, "stopBackfill");
const absent = api.descriptions.byContainer("images").byName("absent.jpg");
const problem = (await absent.get().then(() => undefined, (error: ProblemBody) => error))!;
check(problem.responseStatusCode === 404 && problem.type?.endsWith("not-found") && problem.errors == null, "a problem, typed");
