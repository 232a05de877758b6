using System.Buffers.Binary;
using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Weft.Server.Tests;

/// <summary>Spans by OpenTelemetry's protocol, and what is asked of traces that have them.</summary>
public sealed class SpanTests : IAsyncLifetime
{
    private const string V3 = "/api/3.0/mlflow/traces";
    private static readonly byte[] s_trace = [.. Enumerable.Range(1, 16).Select(i => (byte)i)];
    private static readonly string s_id = "tr-" + Convert.ToHexStringLower(s_trace);

    private TestServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await TestServer.StartAsync();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData("")]
    [InlineData("gzip")]
    [InlineData("deflate")]
    public async Task Spans_in_protobuf_make_a_trace(string encoding)
    {
        Answer answer = await Export(Request(Child(), Root()), "application/x-protobuf", encoding);
        Assert.Equal((200, "", "application/x-protobuf"), (answer.Status, answer.Body, answer.Headers["Content-Type"]));
        await CheckTrace();
    }

    [Fact]
    public async Task Spans_in_json_make_the_same_trace()
    {
        string id = Convert.ToHexStringLower(s_trace);
        Answer answer = await Export(Encoding.UTF8.GetBytes($$$$"""
            {"resourceSpans":[{"scopeSpans":[{"spans":[
              {"traceId":"{{{{id}}}}","spanId":"0000000000000002","parentSpanId":"0000000000000001","name":"child","startTimeUnixNano":"2000000","endTimeUnixNano":"3000000","status":{"code":2,"message":"bad"}},
              {"traceId":"{{{{id}}}}","spanId":"0000000000000001","name":"roöt","startTimeUnixNano":1000000,"endTimeUnixNano":"4000000","status":{"code":"STATUS_CODE_OK"},
               "attributes":[{"key":"fruit","value":{"stringValue":"apple"}},{"key":"n","value":{"intValue":"7"}},{"key":"x","value":{"doubleValue":1}},{"key":"b","value":{"boolValue":true}},
                 {"key":"l","value":{"arrayValue":{"values":[{"intValue":1},{"stringValue":"two"}]}}},{"key":"mlflow.spanType","value":{"stringValue":"LLM"}},{"key":"mlflow.spanInputs","value":{"kvlistValue":{"values":[{"key":"q","value":{"stringValue":"why"}}]}}}],
               "events":[{"name":"e","timeUnixNano":"5","attributes":[{"key":"k","value":{"stringValue":"v"}}]}]}
            ]}]}]}
            """), "application/json");
        Assert.Equal((200, "{}"), (answer.Status, answer.Body));
        await CheckTrace();
    }

    /// <summary>A double of 1 is <c>1</c> in the JSON above and <c>1.0</c> from protobuf: it is left out of the comparison.</summary>
    private async Task CheckTrace()
    {
        JsonElement trace = (await _server.Get($"{V3}/get?trace_id={s_id}")).Json.GetProperty("trace");
        JsonElement info = trace.GetProperty("trace_info");
        Assert.Equal(("OK", "0.003s", "roöt", """{"q": "why"}"""), (
            info.GetProperty("state").GetString(), info.GetProperty("execution_duration").GetString(),
            info.GetProperty("tags").GetProperty("mlflow.traceName").GetString(), info.GetProperty("request_preview").GetString()));
        Assert.Equal("TRACKING_STORE", info.GetProperty("tags").GetProperty("mlflow.trace.spansLocation").GetString());
        JsonElement root = trace.GetProperty("spans")[0], child = trace.GetProperty("spans")[1];
        Assert.Equal((Convert.ToBase64String(s_trace), "AAAAAAAAAAE=", "roöt", "1000000", "4000000"), (
            root.GetProperty("trace_id").GetString(), root.GetProperty("span_id").GetString(), root.GetProperty("name").GetString(),
            root.GetProperty("start_time_unix_nano").GetString(), root.GetProperty("end_time_unix_nano").GetString()));
        string attributes = root.GetProperty("attributes").GetRawText();
        Assert.Contains($$$"""{"key":"mlflow.traceRequestId","value":{"string_value":"{{{s_id}}}"}}""", attributes);
        Assert.Contains("""{"key":"fruit","value":{"string_value":"apple"}},{"key":"n","value":{"int_value":7}}""", attributes);
        Assert.Contains("""{"key":"b","value":{"bool_value":true}},{"key":"l","value":{"array_value":{"values":[{"int_value":1},{"string_value":"two"}]}}}""", attributes);
        Assert.Equal("""[{"time_unix_nano":"5","name":"e","attributes":[{"key":"k","value":{"string_value":"v"}}]}]""", root.GetProperty("events").GetRawText());
        Assert.Equal("""{"code":"STATUS_CODE_OK"}""", root.GetProperty("status").GetRawText());
        Assert.Equal("AAAAAAAAAAE=", child.GetProperty("parent_span_id").GetString());
        Assert.Equal("""{"message":"bad","code":"STATUS_CODE_ERROR"}""", child.GetProperty("status").GetRawText());
        Answer file = await _server.Get($"/ajax-api/2.0/mlflow/get-trace-artifact?request_id={s_id}");
        Assert.Equal("attachment; filename=traces.json", file.Headers["Content-Disposition"]);
        Assert.Equal("\"apple\"", file.Json.GetProperty("spans")[0].GetProperty("attributes").GetProperty("fruit").GetString());
    }

    [Fact]
    public async Task A_trace_is_whole_when_its_root_has_ended()
    {
        await Export(Request(Child()), "application/x-protobuf");
        Assert.Equal("404 RESOURCE_DOES_NOT_EXIST", (await _server.Get($"{V3}/get?trace_id={s_id}")).Error);
        Assert.Equal(1, (await _server.Get($"{V3}/get?trace_id={s_id}&allow_partial=true")).Json.GetProperty("trace").GetProperty("spans").GetArrayLength());
        Assert.Equal("IN_PROGRESS", (await _server.Get($"{V3}/{s_id}")).Json.GetProperty("trace").GetProperty("trace_info").GetProperty("state").GetString());
        Assert.Equal(0, (await _server.Get($"{V3}/batchGet?trace_ids={s_id}")).Json.GetProperty("traces").GetArrayLength());
        await Export(Request(Root()), "application/x-protobuf");
        await Export(Request(Root()), "application/x-protobuf");
        Assert.Equal(2, (await _server.Get($"{V3}/batchGet?trace_ids={s_id}&trace_ids=no")).Json.GetProperty("traces")[0].GetProperty("spans").GetArrayLength());
        Assert.Equal(1, (await _server.Get($"{V3}/batchGetInfos?trace_ids={s_id}")).Json.GetProperty("trace_infos").GetArrayLength());
        Assert.Equal(1, (await _server.Post($"{V3}/batchGetInfos", $$"""{"trace_ids":["{{s_id}}"]}""")).Json.GetProperty("trace_infos").GetArrayLength());
    }

    [Fact]
    public async Task A_trace_stays_where_it_is_whoever_knows_its_id()
    {
        await Export(Request(Root()), "application/x-protobuf");
        string other = (await _server.Post("experiments/create", """{"name":"other"}""")).Json.GetProperty("experiment_id").GetString()!;
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await Export(Request(Child()), "application/x-protobuf", experiment: other)).Error);
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Post(V3, $$$"""{"trace":{"trace_info":{"trace_id":"{{{s_id}}}","trace_location":{"mlflow_experiment":{"experiment_id":"{{{other}}}"}},"state":"ERROR"} } }""")).Error);
    }

    [Fact]
    public async Task A_span_says_which_trace_it_belongs_to_and_its_program_who_it_is()
    {
        await Export("""
            {"resourceSpans":[
              {"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"gemini-cli"}}]},"scopeSpans":[{"spans":[
                {"traceId":"00000000000000000000000000000007","spanId":"0000000000000001","name":"r","startTimeUnixNano":"1","endTimeUnixNano":"2",
                 "attributes":[{"key":"mlflow.traceRequestId","value":{"stringValue":"tr-mine"}}]}]}]},
              {"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"my shop"}}]},"scopeSpans":[{"spans":[
                {"traceId":"00000000000000000000000000000008","spanId":"0000000000000001","name":"r","startTimeUnixNano":"1","endTimeUnixNano":"2"}]}]}]}
            """u8.ToArray(), "application/json");
        string Attributes(string id) => _server.Get($"{V3}/get?trace_id={id}").Result.Json.GetProperty("trace").GetProperty("spans")[0].GetProperty("attributes").GetRawText();
        Assert.Contains("""{"key":"service.name","value":{"string_value":"gemini-cli"}}""", Attributes("tr-mine"), StringComparison.Ordinal);
        Assert.DoesNotContain("service.name", Attributes("tr-00000000000000000000000000000008"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prompts_are_linked_to_a_trace_once()
    {
        await Export(Request(Root()), "application/x-protobuf");
        for (int i = 0; i < 2; i++)
            Assert.Equal("{}", (await _server.Post("traces/link-prompts", $$"""{"trace_id":"{{s_id}}","prompt_versions":[{"name":"greet","version":"1"},{"name":"bye","version":"2"}]}""")).Body);
        Assert.Equal("""[{"name": "greet", "version": "1"}, {"name": "bye", "version": "2"}]""",
            (await _server.Get($"{V3}/{s_id}")).Json.GetProperty("trace").GetProperty("trace_info").GetProperty("tags").GetProperty("mlflow.linkedPrompts").GetString());
        Assert.Equal(1, (await _server.Post(V3 + "/search", """{"locations":[{"mlflow_experiment":{"experiment_id":"0"}}],"filter":"prompt = 'bye/2'"}""")).Json.GetProperty("traces").GetArrayLength());
        Assert.Equal("404 RESOURCE_DOES_NOT_EXIST", (await _server.Post("traces/link-prompts", """{"trace_id":"tr-no","prompt_versions":[]}""")).Error);
    }

    [Fact]
    public async Task What_is_no_span_is_refused()
    {
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await Export([0xff, 0xff], "application/x-protobuf")).Error);
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await Export([], "application/x-protobuf")).Error);
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await Export("{"u8.ToArray(), "application/json")).Error);
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await Export("""{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"zz"}]}]}]}"""u8.ToArray(), "application/json")).Error);
        // As MLflow's server says it: understood, and not to be sent again.
        Assert.Equal(422, (await Export("""{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"00000000000000000000000000000001","name":"no id"}]}]}]}"""u8.ToArray(), "application/json")).Status);
        Assert.Equal(422, (await Export(Request(Root()), "application/x-protobuf", experiment: "")).Status);
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await Export(Request(Root()), "text/plain")).Error);
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await Export(Request(Root()), "application/x-protobuf", "br", pack: false)).Error);
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await Export(Request(Root()), "application/x-protobuf", "gzip", pack: false)).Error);
        Assert.Equal("404 RESOURCE_DOES_NOT_EXIST", (await Export(Request(Root()), "application/x-protobuf", experiment: "99")).Error);
        Assert.Equal(422, (await Export(Request(Root()), "application/x-protobuf", experiment: null)).Status);
    }

    [Theory]
    [InlineData("span.name = 'child'", true)]
    [InlineData("span.name LIKE 'ro%' AND span.status = 'OK'", true)]
    [InlineData("span.name = 'child' AND span.status = 'OK'", false)]
    [InlineData("span.name RLIKE '^ch.ld$'", true)]
    [InlineData("span.name RLIKE '^ch' AND span.status = 'OK'", false)]
    [InlineData("span.type = 'LLM'", true)]
    [InlineData("span.attributes.fruit = 'apple'", true)]
    [InlineData("span.attributes.fruit LIKE 'APP%'", false)]
    [InlineData("span.attributes.fruit ILIKE 'APP%'", true)]
    [InlineData("span.attributes.n > 6", true)]
    [InlineData("span.attributes.n > 7", false)]
    [InlineData("span.attributes.none = 'x'", false)]
    [InlineData("span.content LIKE '%apple%'", true)]
    [InlineData("trace.text LIKE '%why%'", true)]
    [InlineData("trace.text LIKE '%never%'", false)]
    [InlineData("tag.`mlflow.traceName` RLIKE 'r.+t'", true)]
    [InlineData("name RLIKE 'x'", false)]
    [InlineData("feedback.good = 'true'", true)]
    [InlineData("feedback.score > 3", true)]
    [InlineData("feedback.score > 4", false)]
    [InlineData("feedback.score RLIKE '^4'", true)]
    [InlineData("expectation.answer = '42'", true)]
    [InlineData("expectation.answer IS NULL", false)]
    [InlineData("feedback.none IS NULL", true)]
    public async Task Traces_are_searched_by_spans_and_assessments(string filter, bool isFound)
    {
        await Export(Request(Child(), Root()), "application/x-protobuf");
        await Assess("""{"assessment_name":"good","source":{"source_type":"CODE"},"feedback":{"value":true}}""");
        await Assess("""{"assessment_name":"score","source":{"source_type":"CODE"},"feedback":{"value":4}}""");
        await Assess("""{"assessment_name":"answer","source":{"source_type":"HUMAN"},"expectation":{"value":"42"}}""");
        Answer answer = await Search(filter);
        Assert.True(answer.Status == 200, answer.Body);
        Assert.Equal(isFound, answer.Json.TryGetProperty("traces", out _));
    }

    [Theory]
    [InlineData("span.name RLIKE '('")]
    [InlineData("tags.k RLIKE '(a+)+$'")]
    public async Task A_pattern_that_is_none_or_that_never_ends_is_refused(string filter)
    {
        await Export(Request(Root()), "application/x-protobuf");
        await _server.Send("PATCH", $"{V3}/{s_id}/tags", $$"""{"key":"k","value":"{{new string('a', 60)}}!"}""");
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await Search(filter)).Error);
    }

    [Fact]
    public async Task A_slow_clause_keeps_pages_in_order()
    {
        for (byte i = 1; i <= 5; i++)
        {
            byte[] trace = new byte[16];
            trace[15] = i;
            await Export(Request(Span(trace, 1, 0, $"t{i}", i * 1_000_000UL, i * 1_000_000UL + 1, 1, "")), "application/x-protobuf");
        }
        string? token = null;
        var names = new List<string?>();
        do
        {
            JsonElement page = (await Search("span.name RLIKE '[1345]$'", 3, token)).Json;
            names.AddRange(page.GetProperty("traces").EnumerateArray().Select(trace => trace.GetProperty("tags").GetProperty("mlflow.traceName").GetString()));
            token = page.TryGetProperty("next_page_token", out JsonElement next) ? next.GetString() : null;
        }
        while (token is not null);
        Assert.Equal(["t5", "t4", "t3", "t1"], names);
        JsonElement correlation = (await _server.Post(V3 + "/calculate-filter-correlation", """{"experiment_ids":["0"],"filter_string1":"name RLIKE '[12]'","filter_string2":"name RLIKE '[123]'"}""")).Json;
        Assert.Equal((5, 2, 3, 2), (
            correlation.GetProperty("total_count").GetInt32(), correlation.GetProperty("filter1_count").GetInt32(),
            correlation.GetProperty("filter2_count").GetInt32(), correlation.GetProperty("joint_count").GetInt32()));
        // ln(2·5 / (2·3)) / −ln(2/5)
        Assert.Equal(0.5575, correlation.GetProperty("npmi").GetDouble(), 1e-4);
    }

    [Fact]
    public async Task A_link_to_a_run_may_come_before_the_trace()
    {
        string run = await _server.NewRun();
        Assert.Equal("{}", (await _server.Post("traces/link-to-run", $$"""{"run_id":"{{run}}","trace_ids":["{{s_id}}"]}""")).Body);
        await Export(Request(Root()), "application/x-protobuf");
        Assert.Equal(1, (await Search($"attribute.run_id = '{run}'")).Json.GetProperty("traces").GetArrayLength());
        Assert.Equal("404 RESOURCE_DOES_NOT_EXIST", (await _server.Post("traces/link-to-run", $$"""{"run_id":"{{new string('0', 32)}}","trace_ids":["{{s_id}}"]}""")).Error);
    }

    [Fact]
    public async Task An_assessment_is_made_changed_replaced_and_deleted()
    {
        await Export(Request(Root()), "application/x-protobuf");
        JsonElement made = (await Assess("""{"assessment_name":"q","source":{"source_type":"HUMAN","source_id":"me"},"feedback":{"value":{"rating":4}},"rationale":"r","metadata":{"a":"b"}}""")).Json.GetProperty("assessment");
        string id = made.GetProperty("assessment_id").GetString()!;
        Assert.Matches("^a-[0-9a-f]{32}$", id);
        Assert.Equal(("""{"value":{"rating":4}}""", true), (made.GetProperty("feedback").GetRawText(), made.GetProperty("valid").GetBoolean()));
        string path = $"{V3}/{s_id}/assessments/{id}";
        Assert.Equal(made.GetRawText(), (await _server.Get(path)).Json.GetProperty("assessment").GetRawText());
        JsonElement changed = (await _server.Send("PATCH", path, """{"assessment":{"assessment_name":"p","feedback":{"value":5},"rationale":"s"},"update_mask":"assessmentName,feedback,rationale"}""")).Json.GetProperty("assessment");
        Assert.Equal(("p", """{"value":5}""", "s", """{"a":"b"}"""), (
            changed.GetProperty("assessment_name").GetString(), changed.GetProperty("feedback").GetRawText(), changed.GetProperty("rationale").GetString(), changed.GetProperty("metadata").GetRawText()));
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await _server.Send("PATCH", path, """{"assessment":{"expectation":{"value":5}},"update_mask":"expectation"}""")).Error);
        string newer = (await Assess($$"""{"assessment_name":"q","source":{"source_type":"HUMAN"},"feedback":{"value":3},"overrides":"{{id}}"}""")).Json.GetProperty("assessment").GetProperty("assessment_id").GetString()!;
        Assert.False((await _server.Get(path)).Json.GetProperty("assessment").GetProperty("valid").GetBoolean());
        Assert.Equal("{}", (await _server.Send("DELETE", $"{V3}/{s_id}/assessments/{newer}")).Body);
        Assert.Equal("404 RESOURCE_DOES_NOT_EXIST", (await _server.Get($"{V3}/{s_id}/assessments/{newer}")).Error);
        Assert.True((await _server.Get(path)).Json.GetProperty("assessment").GetProperty("valid").GetBoolean());
        JsonElement expected = (await Assess("""{"assessment_name":"e","source":{"source_type":"CODE"},"expectation":{"value":{"ok":true,"n":[1]}}}""")).Json.GetProperty("assessment").GetProperty("expectation");
        Assert.Equal("""{"serialized_value":{"serialization_format":"JSON_FORMAT","value":"{\"ok\": true, \"n\": [1]}"}}""", expected.GetRawText());
        Assert.Equal(2, (await _server.Get($"{V3}/{s_id}")).Json.GetProperty("trace").GetProperty("trace_info").GetProperty("assessments").GetArrayLength());
        Assert.Equal("404 RESOURCE_DOES_NOT_EXIST", (await _server.Post($"{V3}/tr-no/assessments", """{"assessment":{"assessment_name":"e","source":{"source_type":"CODE"},"feedback":{}}}""")).Error);
        Assert.Equal("400 INVALID_PARAMETER_VALUE", (await Assess("""{"source":{"source_type":"CODE"},"feedback":{}}""")).Error);
    }

    private Task<Answer> Assess(string assessment) => _server.Post($"{V3}/{s_id}/assessments", $$"""{"assessment":{{assessment}}}""");

    private Task<Answer> Search(string filter, int most = 100, string? token = null) => _server.Post(
        V3 + "/search",
        $$$"""{"locations":[{"type":"MLFLOW_EXPERIMENT","mlflow_experiment":{"experiment_id":"0"}}],"max_results":{{{most}}},"filter":{{{JsonSerializer.Serialize(filter)}}},"page_token":{{{JsonSerializer.Serialize(token)}}}}""");

    private async Task<Answer> Export(byte[] body, string type, string encoding = "", bool pack = true, string? experiment = "0")
    {
        if (pack && encoding.Length > 0)
        {
            using var packed = new MemoryStream();
            using (Stream stream = encoding == "gzip" ? new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true) : new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
                stream.Write(body);
            body = packed.ToArray();
        }
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/traces") { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
        if (encoding.Length > 0)
            request.Content.Headers.ContentEncoding.Add(encoding);
        if (experiment is not null)
            request.Headers.Add("x-mlflow-experiment-id", experiment);
        return await _server.Send(request);
    }

    private static byte[] Root() => Span(
        s_trace, 1, 0, "roöt", 1_000_000, 4_000_000, 1, "",
        Attribute("fruit", Field(1, "apple"u8)), Attribute("n", [0x18, 7]), Attribute("x", [0x21, .. BitConverter.GetBytes(1.0)]), Attribute("b", [0x10, 1]),
        Attribute("l", Field(5, [.. Field(1, [0x18, 1]), .. Field(1, Field(1, "two"u8))])), Attribute("mlflow.spanType", Field(1, "LLM"u8)),
        Attribute("mlflow.spanInputs", Field(6, Field(1, [.. Field(1, "q"u8), .. Field(2, Field(1, "why"u8))]))),
        Field(11, [0x09, 5, 0, 0, 0, 0, 0, 0, 0, .. Field(2, "e"u8), .. Field(3, [.. Field(1, "k"u8), .. Field(2, Field(1, "v"u8))])]));

    private static byte[] Child() => Span(s_trace, 2, 1, "child", 2_000_000, 3_000_000, 2, "bad");

    private static byte[] Request(params byte[][] spans) => Field(1, Field(2, [.. spans.SelectMany(span => Field(2, span))]));

    private static byte[] Span(byte[] trace, byte id, byte parent, string name, ulong start, ulong end, byte code, string message, params byte[][] rest) =>
    [
        .. Field(1, trace), .. Field(2, [0, 0, 0, 0, 0, 0, 0, id]), .. parent == 0 ? [] : Field(4, [0, 0, 0, 0, 0, 0, 0, parent]), .. Field(5, Encoding.UTF8.GetBytes(name)),
        0x30, 1, 0x39, .. Bytes(start), 0x41, .. Bytes(end), .. rest.SelectMany(part => part), .. Field(15, [.. Field(2, Encoding.UTF8.GetBytes(message)), 0x18, code]),
    ];

    private static byte[] Attribute(string key, byte[] value) => Field(9, [.. Field(1, Encoding.UTF8.GetBytes(key)), .. Field(2, value)]);

    /// <summary>A length-delimited field: the tag is number × 8 + 2.</summary>
    private static byte[] Field(int number, ReadOnlySpan<byte> value)
    {
        byte[] length = value.Length < 128 ? [(byte)value.Length] : [(byte)(value.Length & 0x7f | 0x80), (byte)(value.Length >> 7)];
        return [(byte)(number * 8 + 2), .. length, .. value];
    }

    private static byte[] Bytes(ulong value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return bytes;
    }
}
