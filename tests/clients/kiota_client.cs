using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net.Http;
using System.Threading;
using System.Threading.Tasks;
using Generated.Client;
using Generated.Client.Models;
using Microsoft.Kiota.Abstractions;
using Microsoft.Kiota.Abstractions.Authentication;
using Microsoft.Kiota.Abstractions.Serialization;
using Microsoft.Kiota.Http.HttpClientLibrary;

// Every operation by the client that Kiota generates; every alternative, null and problem is read.
string app = Environment.GetEnvironmentVariable("APP"), key = Environment.GetEnvironmentVariable("KEY");
var http = new HttpClient();
http.DefaultRequestHeaders.Add("x-functions-key", key);
var adapter = new HttpClientRequestAdapter(new AnonymousAuthenticationProvider(), httpClient: http) { BaseUrl = app };
var client = new ApiClient(adapter);
var picture = File.ReadAllBytes(Environment.GetEnvironmentVariable("PICTURE"));
string name = Environment.GetEnvironmentVariable("BLOB"), odd = Environment.GetEnvironmentVariable("ODD_BLOB");

void Check(bool holds, string what) { if (!holds) throw new Exception("not so: " + what); Console.WriteLine("  " + what); }

Check((await client.Api.Health.GetAsync()).Version != null, "health");
Check((await client.Api.Health.Deep.GetAsync()).Checks.Count > 0, "deepHealth");
Image bytes = new ImageByBytes { Kind = "base64", Base64 = Convert.ToBase64String(picture) };
Image blob = new ImageByBlob { Kind = "blob", Blob = new Blob { Container = "images", Name = name } };
Image byUrl = new ImageByUrl { Kind = "url", Url = "https://127.0.0.1/x.jpg" };
var one = (Described)await client.Api.Describe.PostAsync(new Ask { Images = new List<Image> { bytes } });
Check(one.AltText != "" && one.Usage.PromptTokens >= 0 && one.Record == null, "describe: a description, and a null");
var whole = (Described)await client.Api.Describe.PostAsync(new Ask { Images = new List<Image> { blob }, Include = Ask_include.Record });
Check(whole.Record.Source.Name == name && whole.Record.Source.Size > 0, "describe: the record");
var several = (Results)await client.Api.Describe.PostAsync(new Ask { Images = new List<Image> { bytes, blob, byUrl } });
Check(several.ResultsProp[0] is DescribedResult first && first.Status != null && several.ResultsProp[1] is DescribedResult, "describe: several descriptions");
Check(several.ResultsProp[2] is Undescribed none && none.Problem.Type.Contains("unfetchable"), "describe: a problem among them");
var answer = (AnsweredQuestion)await client.Api.Describe.PostAsync(new Ask { Images = new List<Image> { bytes }, Prompt = "What is it?" });
Check(answer.Answer != "" && answer.Usage.Calls >= 0, "describe: an answer");
Check(await client.Api.Describe.Picture.PostAsync(new MemoryStream(picture), "image/jpeg", c => c.QueryParameters.Languages = new[] { "en" }) is Described, "describePicture");
var page = await client.Api.Descriptions.GetAsync(c => { c.QueryParameters.Prefix = "clients/"; c.QueryParameters.Limit = 1; });
Check(page.Descriptions.Count == 1 && page.Cursor != null, "listDescriptions: a cursor");
Check((await client.Api.Descriptions.GetAsync(c => c.QueryParameters.Prefix = "nothing/")).Cursor == null, "listDescriptions: a null");
Check((await client.Api.Coverage.GetAsync(c => c.QueryParameters.Prefix = "clients/")) != null, "getCoverage");
var record = await client.Api.Descriptions["images"][name].GetAsync();
Check(record.AltText != "" && record.Cost != null && record.Demand == null && record.At.Value.Year > 2025, "getDescription: nulls, numbers, a date");
Check((await client.Api.Description.GetAsync(c => { c.QueryParameters.Container = "images"; c.QueryParameters.Name = odd; })).Source.Name == odd, "getDescriptionByQuery");
var texts = new Change_texts { AdditionalData = new Dictionary<string, object> { ["en"] = new UntypedObject(new Dictionary<string, UntypedNode> { ["alt_text"] = new UntypedString("Tom.") }) } };
var changed = await client.Api.Descriptions["images"][name].PutAsync(new Change { Texts = texts }, c => c.Headers.Add("If-Match", "*"));
Check(changed.AltText == "Tom.", "correctDescription");
var again = await client.Api.Description.PutAsync(new Change { Texts = texts }, c => { c.Headers.Add("If-Match", "*"); c.QueryParameters.Container = "images"; c.QueryParameters.Name = odd; });
Check(again.AltText == "Tom.", "correctDescriptionByQuery");
var begun = await client.Api.Backfills.PostAsync(new NewBackfill { DryRun = true, Prefix = "clients/" });
Check(begun.Id != null && begun.DryRun == true, "beginBackfill: a dry run");
Check((await client.Api.Backfills[begun.Id].GetAsync()).Id == begun.Id, "getBackfill");
Check((await client.Api.Backfills[begun.Id].DeleteAsync()).Id == begun.Id, "stopBackfill");
try { await client.Api.Descriptions["images"]["absent.jpg"].GetAsync(); Check(false, "a problem is thrown"); }
catch (ProblemBody problem) { Check(problem.ResponseStatusCode == 404 && problem.Type.EndsWith("not-found") && problem.Errors == null, "a problem, typed"); }
