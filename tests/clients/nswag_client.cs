using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net.Http;
using Generated;

// Every operation by the client that NSwag generates; every alternative, null and problem is read.
var http = new HttpClient { BaseAddress = new Uri(Environment.GetEnvironmentVariable("APP")), Timeout = TimeSpan.FromMinutes(4) };
http.DefaultRequestHeaders.Add("x-functions-key", Environment.GetEnvironmentVariable("KEY"));
var client = new Client(http) { BaseUrl = Environment.GetEnvironmentVariable("APP") };
var picture = File.ReadAllBytes(Environment.GetEnvironmentVariable("PICTURE"));
string name = Environment.GetEnvironmentVariable("BLOB"), odd = Environment.GetEnvironmentVariable("ODD_BLOB");

void Check(bool holds, string what) { if (!holds) throw new Exception("not so: " + what); Console.WriteLine("  " + what); }

Check((await client.HealthAsync()).Status == HealthStatus.Ok, "health");
Check((await client.DeepHealthAsync()).Checks.Count > 0, "deepHealth");

var bytes = new ImageByBytes { Base64 = Convert.ToBase64String(picture) };
var blob = new ImageByBlob { Blob = new Blob { Container = "images", Name = name } };
var byUrl = new ImageByUrl { Url = "https://127.0.0.1/x.jpg" };
var one = (Described)await client.DescribeAsync(new Ask { Images = new List<Image> { bytes } });
Check(one.Alt_text != "" && one.Usage.Prompt_tokens >= 0 && one.Record == null, "describe: a description, and a null");
var whole = (Described)await client.DescribeAsync(new Ask { Images = new List<Image> { blob }, Include = AskInclude.Record });
Check(whole.Record.Source.Name == name && whole.Record.Source.Size > 0, "describe: the record");
var several = (Results)await client.DescribeAsync(new Ask { Images = new List<Image> { bytes, blob, byUrl } });
var items = several.Results1.ToList();
Check(items[0] is DescribedResult first && first.Alt_text != "" && items[1] is DescribedResult, "describe: several descriptions");
Check(items[2] is Undescribed none && none.Problem.Type.Contains("unfetchable"), "describe: a problem among them");
var answer = (AnsweredQuestion)await client.DescribeAsync(new Ask { Images = new List<Image> { bytes }, Prompt = "What is it?" });
Check(answer.Answer != "" && answer.Ending != "" && answer.Usage.Calls >= 0, "describe: an answer");
var stream = new MemoryStream(picture);
Check(await client.DescribePictureAsync(languages: new[] { "en" }, context: "A test", body: new FileParameter(stream, "a.jpg", "image/jpeg")) is Described, "describePicture");
Check(await client.DescribeFormAsync(max_chars: 200, images: new[] { new FileParameter(new MemoryStream(picture), "a.jpg") }) is Described, "describeForm");

var page = await client.ListDescriptionsAsync(prefix: "clients/", limit: 1);
Check(page.Descriptions.Count == 1 && page.Cursor != null, "listDescriptions: a cursor");
Check((await client.ListDescriptionsAsync(prefix: "nothing/")).Cursor == null, "listDescriptions: a null");
Check((await client.GetCoverageAsync(prefix: "clients/")) != null, "getCoverage");
var record = await client.GetDescriptionAsync("images", name, null);
Check(record.Alt_text != "" && record.Cost != null && record.Demand == null && record.At.Year > 2025, "getDescription: nulls, numbers, a date");
Check((await client.GetDescriptionByQueryAsync("images", odd, null)).Source.Name == odd, "getDescriptionByQuery");
var change = new Change { Texts = new Dictionary<string, NewTexts> { ["en"] = new NewTexts { Alt_text = "Tom." } } };
Check((await client.CorrectDescriptionAsync("images", name, "*", change)).Alt_text == "Tom.", "correctDescription");
Check((await client.CorrectDescriptionByQueryAsync("images", odd, "*", change)).Alt_text == "Tom.", "correctDescriptionByQuery");
var begun = await client.BeginBackfillAsync(new NewBackfill { Dry_run = true, Prefix = "clients/" });
Check(begun.Id != null && begun.Dry_run, "beginBackfill: a dry run");
Check((await client.GetBackfillAsync(begun.Id)).Id == begun.Id, "getBackfill");
Check((await client.StopBackfillAsync(begun.Id)).Id == begun.Id, "stopBackfill");
try { await client.GetDescriptionAsync("images", "absent.jpg", null); Check(false, "a problem is thrown"); }
catch (ApiException<ProblemBody> problem) { Check(problem.StatusCode == 404 && problem.Result.Type.EndsWith("not-found") && problem.Result.Errors == null, "a problem, typed"); }
