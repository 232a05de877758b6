namespace Weft.Records;

/// <summary>
/// The tables of what runs read and make: datasets, logged models, registered models and their versions, traces. As in <see cref="Tables"/>,
/// times are Unix milliseconds.
/// </summary>
internal static class ModelTables
{
    public const string All = Inputs + LoggedModels + Registry + Traces;

    /// <summary>A dataset is one (experiment, name, digest); a run has one edge to each dataset it read.</summary>
    private const string Inputs = """
        CREATE TABLE dataset (
            id {id}, experiment {int} NOT NULL, name {text} NOT NULL, digest {text} NOT NULL, source_type {text} NOT NULL, source {text} NOT NULL,
            schema {text}, profile {text}, UNIQUE (experiment, name, digest));
        CREATE TABLE dataset_input (run {int} NOT NULL, dataset {int} NOT NULL, PRIMARY KEY (run, dataset)) {clustered};
        CREATE INDEX dataset_input_dataset ON dataset_input (dataset, run);
        CREATE TABLE dataset_input_label (
            run {int} NOT NULL, dataset {int} NOT NULL, key {text} NOT NULL, value {text} NOT NULL, PRIMARY KEY (run, dataset, key)) {clustered};
        CREATE TABLE model_input (run {int} NOT NULL, model {text} NOT NULL, PRIMARY KEY (run, model)) {clustered};
        CREATE TABLE model_output (run {int} NOT NULL, model {text} NOT NULL, step {int} NOT NULL, PRIMARY KEY (run, model)) {clustered};
        """;

    /// <summary>Status is MLflow's number: 1 pending, 2 ready, 3 upload failed.</summary>
    private const string LoggedModels = """
        CREATE TABLE logged_model (
            id {text} NOT NULL PRIMARY KEY, experiment {int} NOT NULL, name {text} NOT NULL, location {text} NOT NULL, created {int} NOT NULL,
            updated {int} NOT NULL, status {int} NOT NULL, type {text}, source_run {text}, status_message {text}, stage {text} NOT NULL) {clustered};
        CREATE INDEX logged_model_newest ON logged_model (experiment, created DESC);
        CREATE TABLE logged_model_metric (
            model {text} NOT NULL, name {text} NOT NULL, ts {int} NOT NULL, step {int} NOT NULL, run {text} NOT NULL, value {real} NOT NULL,
            nan {int} NOT NULL, dataset_name {text}, dataset_digest {text}, PRIMARY KEY (model, name, ts, step, run)) {clustered};
        CREATE TABLE logged_model_param (model {text} NOT NULL, key {text} NOT NULL, value {text} NOT NULL, PRIMARY KEY (model, key)) {clustered};
        CREATE TABLE logged_model_label (model {text} NOT NULL, key {text} NOT NULL, value {text} NOT NULL, PRIMARY KEY (model, key)) {clustered};
        """;

    /// <summary><c>last_version</c> is the greatest number ever given, so that none is given twice.</summary>
    private const string Registry = """
        CREATE TABLE registered_model (
            id {id}, name {text} NOT NULL UNIQUE, description {text}, created {int} NOT NULL, updated {int} NOT NULL, last_version {int} NOT NULL);
        CREATE TABLE registered_model_label (model {int} NOT NULL, key {text} NOT NULL, value {text} NOT NULL, PRIMARY KEY (model, key)) {clustered};
        CREATE TABLE registered_model_alias (model {int} NOT NULL, alias {text} NOT NULL, version {int} NOT NULL, PRIMARY KEY (model, alias)) {clustered};
        CREATE TABLE model_version (
            model {int} NOT NULL, version {int} NOT NULL, created {int} NOT NULL, updated {int} NOT NULL, description {text}, user_id {text},
            stage {text} NOT NULL, source {text} NOT NULL, storage {text} NOT NULL, run_id {text}, run_link {text}, status {text} NOT NULL,
            status_message {text}, logged_model {text}, PRIMARY KEY (model, version)) {clustered};
        CREATE INDEX model_version_run ON model_version (run_id) WHERE run_id IS NOT NULL;
        CREATE TABLE model_version_label (
            model {int} NOT NULL, version {int} NOT NULL, key {text} NOT NULL, value {text} NOT NULL, PRIMARY KEY (model, version, key)) {clustered};
        """;

    /// <summary>A trace of calls; <c>assessment.body</c> and <c>span.content</c> are JSON as MLflow's clients read it.</summary>
    private const string Traces = """
        CREATE TABLE trace (
            id {text} NOT NULL PRIMARY KEY, experiment {int} NOT NULL, started {int} NOT NULL, duration {int}, state {text} NOT NULL,
            client_id {text}, request {text}, response {text}) {clustered};
        CREATE INDEX trace_newest ON trace (experiment, started DESC);
        CREATE TABLE trace_label (trace {text} NOT NULL, key {text} NOT NULL, value {text} NOT NULL, PRIMARY KEY (trace, key)) {clustered};
        CREATE TABLE trace_metadata (trace {text} NOT NULL, key {text} NOT NULL, value {text} NOT NULL, PRIMARY KEY (trace, key)) {clustered};
        CREATE TABLE assessment (
            id {text} NOT NULL PRIMARY KEY, trace {text} NOT NULL, name {text} NOT NULL, kind {text} NOT NULL, value {text}, created {int} NOT NULL,
            updated {int} NOT NULL, body {blob} NOT NULL) {clustered};
        CREATE INDEX assessment_trace ON assessment (trace, created);
        CREATE TABLE span (
            trace {text} NOT NULL, id {text} NOT NULL, parent {text}, name {text} NOT NULL, type {text}, status {text} NOT NULL, started_ns {int} NOT NULL,
            ended_ns {int}, content {text} NOT NULL, PRIMARY KEY (trace, id)) {clustered};
        """;

    /// <summary>
    /// Traces that a run refers to, which may come before the trace; assessments that replace others; the number that an assessment is, for searches.
    /// </summary>
    public const string TraceLinks = """
        CREATE TABLE trace_run (trace {text} NOT NULL, run {text} NOT NULL, PRIMARY KEY (trace, run)) {clustered};
        CREATE INDEX trace_run_run ON trace_run (run, trace);
        ALTER TABLE assessment ADD COLUMN overrides {text};
        ALTER TABLE assessment ADD COLUMN valid {int} NOT NULL DEFAULT 1;
        ALTER TABLE assessment ADD COLUMN number {real};
        """;
}
