using System;
using System.IO;
using NJsonSchema;

// NJsonSchema resolves the published schemas and holds what the app wrote to them.
foreach (var (name, file) in new[] { ("record", "RECORD"), ("event", "EVENT") })
{
    var schema = await JsonSchema.FromFileAsync(Path.Combine(Environment.GetEnvironmentVariable("DOCS"), name + ".schema.json"));
    var faults = schema.Validate(File.ReadAllText(Environment.GetEnvironmentVariable(file)));
    if (faults.Count > 0) throw new Exception(string.Join("; ", faults));
    Console.WriteLine("  " + name);
}
