using System.Collections.Immutable;
using Weft.Text;
using Weft.Tracking.Search;

namespace Weft.Tests.Tracking;

public sealed class SearchParserTests
{
    [Theory]
    [InlineData("metrics.acc > 0.9", FieldKind.Metric, "acc", Comparison.Greater)]
    [InlineData("metric.acc>=-1.5e-3", FieldKind.Metric, "acc", Comparison.GreaterOrEqual)]
    [InlineData("metrics.`val/loss` < 1", FieldKind.Metric, "val/loss", Comparison.Less)]
    [InlineData("metrics.\"a b\" != +2", FieldKind.Metric, "a b", Comparison.NotEqual)]
    [InlineData("`metrics`.`a.b` <= .5", FieldKind.Metric, "a.b", Comparison.LessOrEqual)]
    [InlineData("parameters.lr = '0.1'", FieldKind.Param, "lr", Comparison.Equal)]
    [InlineData("tags.mlflow.user = \"it's\"", FieldKind.Tag, "mlflow.user", Comparison.Equal)]
    [InlineData("tag.x iLike '%a_'", FieldKind.Tag, "x", Comparison.ILike)]
    [InlineData("params.x is not NULL", FieldKind.Param, "x", Comparison.IsNotNull)]
    [InlineData("tags.'a b' IS NULL", FieldKind.Tag, "a b", Comparison.IsNull)]
    [InlineData("run_id IN ('a', 'b')", FieldKind.Attribute, "run_id", Comparison.In)]
    [InlineData("attr.run_id not in (\"a\")", FieldKind.Attribute, "run_id", Comparison.NotIn)]
    [InlineData("attributes.`Run Name` = 'n'", FieldKind.Attribute, "run_name", Comparison.Equal)]
    [InlineData("run name LIKE 'n%'", FieldKind.Attribute, "run_name", Comparison.Like)]
    [InlineData("Created > 1600000000000", FieldKind.Attribute, "start_time", Comparison.Greater)]
    [InlineData("run.status = 'FINISHED'", FieldKind.Attribute, "status", Comparison.Equal)]
    [InlineData("datasets.context IN ('train')", FieldKind.Dataset, "context", Comparison.In)]
    public void A_clause_is_read(string filter, FieldKind kind, string key, Comparison comparison)
    {
        Clause clause = Assert.Single(Read(filter, out Diagnostics diagnostics));
        Assert.Empty(diagnostics);
        Assert.Equal((kind, key, comparison), (clause.Field.Kind, clause.Field.Key, clause.Comparison));
    }

    [Fact]
    public void Clauses_are_joined_by_and_in_any_case()
    {
        ImmutableArray<Clause> clauses = Read("metrics.a > 1 AnD params.b = 'x and y'\n and tags.c != \"d\"", out Diagnostics diagnostics);
        Assert.Empty(diagnostics);
        Assert.Equal(["a", "b", "c"], clauses.Select(clause => clause.Field.Key));
        Assert.Equal("x and y", clauses[1].Text);
    }

    [Theory]
    [InlineData("")]
    [InlineData("  \n ")]
    public void Nothing_asks_for_all(string filter)
    {
        Assert.Empty(Read(filter, out Diagnostics diagnostics));
        Assert.Empty(diagnostics);
    }

    [Theory]
    [InlineData("metrics.a > 1 OR metrics.b > 1", "search/expected-and", 14)]
    [InlineData("metrics.a > 1; metrics.b > 1", "search/expected-and", 13)]
    [InlineData("(metrics.a > 1)", "search/expected-identifier", 0)]
    [InlineData("NOT metrics.a > 1", "search/unknown-attribute", 0)]
    [InlineData("metrics.a >", "search/expected-number", 11)]
    [InlineData("metrics.a", "search/expected-operator", 9)]
    [InlineData("metrics.a LIKE '1'", "search/operator", 10)]
    [InlineData("metrics.a > '1'", "search/expected-number", 12)]
    [InlineData("metrics.a = nan", "search/expected-number", 12)]
    [InlineData("metrics.a == 1", "search/expected-number", 11)]
    [InlineData("params.a = 1", "search/expected-string", 11)]
    [InlineData("params.a > '1'", "search/operator", 9)]
    [InlineData("params.a = b", "search/expected-string", 11)]
    [InlineData("metrics.a IS NULL", "search/operator", 10)]
    [InlineData("foo.a = 'b'", "search/unknown-entity", 0)]
    [InlineData("foo = 'b'", "search/unknown-attribute", 0)]
    [InlineData("status IN ('RUNNING')", "search/operator", 7)]
    [InlineData("run_id IN ()", "search/expected-string", 11)]
    [InlineData("run_id IN (1)", "search/expected-string", 11)]
    [InlineData("run_id IN 'a'", "search/expected-list", 10)]
    [InlineData("tags.a = 'b", "search/open-quote", 9)]
    [InlineData("tags.`a = 'b'", "search/open-quote", 5)]
    [InlineData("dataset.foo = 'b'", "search/unknown-attribute", 0)]
    public void A_mistake_is_told_where_it_stands(string filter, string id, int at)
    {
        Assert.Empty(Read(filter, out Diagnostics diagnostics));
        Diagnostic diagnostic = Assert.Single(diagnostics);
        Assert.Equal((id, at), (diagnostic.Id, diagnostic.At!.Value.Start));
    }

    [Theory]
    [InlineData("metrics.acc", FieldKind.Metric, "acc", true)]
    [InlineData("metrics.`a/b` DESC", FieldKind.Metric, "a/b", false)]
    [InlineData("params.\"a b\" asc", FieldKind.Param, "a b", true)]
    [InlineData(" start_time  desc ", FieldKind.Attribute, "start_time", false)]
    [InlineData("tags.mlflow.user", FieldKind.Tag, "mlflow.user", true)]
    public void An_order_is_read(string order, FieldKind kind, string key, bool ascending)
    {
        var diagnostics = new Diagnostics();
        OrderKey? read = SearchParser.Order(SearchSchema.Runs, new Source("<order 1>", order), diagnostics);
        Assert.Empty(diagnostics);
        Assert.Equal((kind, key, ascending), (read!.Value.Field.Kind, read.Value.Field.Key, read.Value.Ascending));
    }

    [Theory]
    [InlineData("metrics.acc DESC now")]
    [InlineData("metrics.acc down")]
    [InlineData("nothing ASC")]
    [InlineData("datasets.name")]
    [InlineData("")]
    public void A_wrong_order_is_refused(string order)
    {
        var diagnostics = new Diagnostics();
        Assert.Null(SearchParser.Order(SearchSchema.Runs, new Source("<order 1>", order), diagnostics));
        Assert.True(diagnostics.HasErrors);
    }

    [Fact]
    public void A_field_stands_in_an_order_once()
    {
        var diagnostics = new Diagnostics();
        SearchParser.Orders(SearchSchema.Runs, ["start_time", "created DESC"], diagnostics);
        Assert.Equal("search/duplicate-order", Assert.Single(diagnostics).Id);
    }

    [Theory]
    [InlineData("eyJvZmZzZXQiOiAyfQ==", 2)]
    [InlineData("eyJvZmZzZXQiOjJ9", 2)]
    [InlineData("", 0)]
    [InlineData(null, 0)]
    public void A_page_token_holds_an_offset(string? token, long offset) => Assert.Equal(offset, PageToken.Read(token));

    [Theory]
    [InlineData("?")]
    [InlineData("bm90IGpzb24=")]
    [InlineData("e30=")]
    public void Anything_else_is_no_page_token(string token) => Assert.Throws<Weft.Tracking.TrackingException>(() => PageToken.Read(token));

    private static ImmutableArray<Clause> Read(string filter, out Diagnostics diagnostics)
    {
        diagnostics = new Diagnostics();
        return SearchParser.Filter(SearchSchema.Runs, new Source("<filter>", filter), diagnostics);
    }
}
