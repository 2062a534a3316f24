// Every operation by openapi-generator's client for TypeScript; every alternative, null and problem is read.
import { readFileSync } from "node:fs";
import { Configuration, DefaultApi, ResponseError, type ImageByBlob, type ImageByBytes, type ImageByUrl } from "./openapi-generator/index.js";

const { APP, KEY, PICTURE, BLOB, ODD_BLOB } = process.env as Record<string, string>;
const picture = readFileSync(PICTURE);
const file = new Blob([picture], { type: "image/jpeg" });
const api = new DefaultApi(new Configuration({ basePath: APP, headers: { "x-functions-key": KEY } }));

function check(holds: unknown, what: string): void {
  if (!holds) throw new Error(`not so: ${what}`);
  console.log(`  ${what}`);
}

check((await api.health()).version, "health");
check((await api.deepHealth()).checks.length > 0, "deepHealth");
const bytes: ImageByBytes & { kind: "base64" } = { kind: "base64", base64: picture.toString("base64") };
const blob: ImageByBlob & { kind: "blob" } = { kind: "blob", blob: { container: "images", name: BLOB } };
const url: ImageByUrl & { kind: "url" } = { kind: "url", url: "https://127.0.0.1/x.jpg" };
const one = await api.describe({ ask: { images: [bytes] } });
check(one.kind === "description" && one.altText && one.record == null, "describe: a description, and a null");
const whole = await api.describe({ ask: { images: [blob], include: "record" } });
check(whole.kind === "description" && whole.record!.source.name === BLOB, "describe: the record");
const several = await api.describe({ ask: { images: [bytes, blob, url] } });
if (several.kind !== "descriptions") throw new Error(several.kind);
const [first, , last] = several.results;
check(first!.kind === "description" && first!.altText, "describe: several descriptions");
check(last!.kind === "problem" && last!.problem.status === 422, "describe: a problem among them");
const answer = await api.describe({ ask: { images: [bytes], prompt: "What is it?" } });
check(answer.kind === "answer" && answer.answer && answer.usage.calls >= 0, "describe: an answer");
check((await api.describePicture({ body: file })).kind === "description", "describePicture");
check((await api.describeForm({ images: [file] })).kind === "description", "describeForm");
const page = await api.listDescriptions({ prefix: "clients/", limit: 1 });
check(page.descriptions.length === 1 && page.cursor, "listDescriptions: a cursor");
check((await api.listDescriptions({ prefix: "nothing/" })).cursor === null, "listDescriptions: a null");
check(await api.getCoverage({ prefix: "clients/" }), "getCoverage");
const place = { container: "images", name: BLOB };
const record = await api.getDescription(place);
check(record.altText && record.demand === null && record.at.getFullYear() > 2025, "getDescription: nulls, a date");
const odd = { container: "images", name: ODD_BLOB };
check((await api.getDescriptionByQuery(odd)).source.name === ODD_BLOB, "getDescriptionByQuery");
const edit = { ifMatch: "*", change: { texts: { en: { altText: "Tom." } } } };
check((await api.correctDescription({ ...place, ...edit })).altText === "Tom.", "correctDescription");
check((await api.correctDescriptionByQuery({ ...odd, ...edit })).altText === "Tom.", "correctDescriptionByQuery");
const begun = await api.beginBackfill({ newBackfill: { dryRun: true, prefix: "clients/" } });
check(begun.id && begun.dryRun, "beginBackfill: a dry run");
check((await api.getBackfill({ backfillId: begun.id })).id === begun.id, "getBackfill");
check((await api.stopBackfill({ backfillId: begun.id })).id === begun.id, "stopBackfill");
const failed = await api.getDescription({ ...place, name: "absent.jpg" }).then(() => undefined, (error: ResponseError) => error);
check(failed!.response.status === 404 && (await failed!.response.json()).type.endsWith("not-found"), "a problem");
