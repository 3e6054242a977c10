// The first call in C# (.NET 6 or later), without packages: sends one event, prints what the gateway says.
//
//     dotnet new console -o first && cp docs/examples/plain-http/First.cs first/Program.cs
//     CLAIMS_KEY=… dotnet run --project first -- http://127.0.0.1:8710 EVENT.json
//
// On a status of 503, 408 or none at all send the same file again: the ledger knows events by their id.
using System;
using System.IO;
using System.Net.Http;
using System.Net.Http.Headers;

using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
client.DefaultRequestHeaders.Authorization =
    new AuthenticationHeaderValue("Bearer", Environment.GetEnvironmentVariable("CLAIMS_KEY"));
using var content = new ByteArrayContent(await File.ReadAllBytesAsync(args[1]));
content.Headers.ContentType = new MediaTypeHeaderValue("application/cloudevents+json");
using var answer = await client.PostAsync($"{args[0]}/v1/events", content);
var told = await answer.Content.ReadAsStringAsync();
(answer.IsSuccessStatusCode ? Console.Out : Console.Error).WriteLine(told);
return answer.IsSuccessStatusCode ? 0 : 1;
