namespace Weft.Records;

/// <summary>
/// The tables. Times are Unix milliseconds; ids of executions and runs, digests, node paths and states are text as their types print them;
/// bodies, outputs and tallies are JSON. Words in braces: <see cref="Dialect"/>.
/// </summary>
internal static class Tables
{
    public const string First = Tracking + Executions + Stored + Named;

    /// <summary>
    /// MLflow's experiments and runs. Names of metrics, params and labels are numbers of <c>key</c>. A metric's identity is the whole row, so
    /// logging a point again changes nothing; a NaN is stored as value 0 with nan 1. <c>metric_last</c> is what searches and lists read.
    /// </summary>
    private const string Tracking = """
        CREATE TABLE experiment (
            id {id}, name {text} NOT NULL UNIQUE, location {text} NOT NULL, stage {text} NOT NULL, created {int} NOT NULL, updated {int} NOT NULL);
        CREATE TABLE experiment_label (
            experiment {int} NOT NULL, key {text} NOT NULL, value {text} NOT NULL, PRIMARY KEY (experiment, key)) {clustered};
        CREATE TABLE run (
            id {id}, run_id {text} NOT NULL UNIQUE, experiment {int} NOT NULL, parent {int}, name {text} NOT NULL, status {text} NOT NULL,
            stage {text} NOT NULL, started {int} NOT NULL, ended {int}, user_id {text} NOT NULL, uri {text} NOT NULL, deleted {int},
            execution {text}, path {text}, summary {blob});
        CREATE INDEX run_newest ON run (experiment, stage, started DESC, run_id);
        CREATE INDEX run_parent ON run (parent) WHERE parent IS NOT NULL;
        CREATE INDEX run_node ON run (execution, path) WHERE execution IS NOT NULL;
        CREATE TABLE key (id {id}, name {text} NOT NULL UNIQUE);
        CREATE TABLE metric (
            run {int} NOT NULL, key {int} NOT NULL, step {int} NOT NULL, ts {int} NOT NULL, value {real} NOT NULL, nan {int} NOT NULL,
            PRIMARY KEY (run, key, step, ts, value, nan)) {clustered};
        CREATE TABLE metric_last (
            run {int} NOT NULL, key {int} NOT NULL, experiment {int} NOT NULL, value {real} NOT NULL, nan {int} NOT NULL, step {int} NOT NULL,
            ts {int} NOT NULL, min {real}, max {real}, count {int} NOT NULL, PRIMARY KEY (run, key)) {clustered};
        CREATE INDEX metric_last_value ON metric_last (experiment, key, value, run) WHERE nan = 0;
        CREATE TABLE param (run {int} NOT NULL, key {int} NOT NULL, value {text} NOT NULL, PRIMARY KEY (run, key)) {clustered};
        CREATE INDEX param_value ON param (key, {head value}, run);
        CREATE TABLE label (run {int} NOT NULL, key {int} NOT NULL, value {text} NOT NULL, PRIMARY KEY (run, key)) {clustered};
        CREATE INDEX label_value ON label (key, {head value}, run);
        """;

    /// <summary>
    /// What was asked for, and what is known of it. <c>execution.key</c> is the digest of definition and inputs: one unfinished execution of a
    /// key is resumed, not begun again. <c>node</c> holds only the points that were touched; <c>tally</c> the counts of a sweep or of the whole
    /// execution, so that lists read no points. <c>ingest.folded</c> is how many bytes of a file of the run folder are in the tables.
    /// </summary>
    private const string Executions = """
        CREATE TABLE execution (
            id {text} NOT NULL PRIMARY KEY, name {text} NOT NULL UNIQUE, definition {text} NOT NULL, key {text} NOT NULL, plan {text} NOT NULL,
            snapshot {text}, state {text} NOT NULL, owner {text}, lease {int}, port {int}, token_hash {text}, stop_asked {text}, tally {text},
            created {int} NOT NULL, ended {int}) {clustered};
        CREATE INDEX execution_definition ON execution (definition, id);
        CREATE INDEX execution_key ON execution (key, id);
        CREATE INDEX execution_open ON execution (id) WHERE ended IS NULL;
        CREATE TABLE plan (digest {text} NOT NULL PRIMARY KEY, body {blob} NOT NULL);
        CREATE TABLE node (
            execution {text} NOT NULL, path {text} NOT NULL, phase {text} NOT NULL, attempt {int} NOT NULL, key {text}, origin {text},
            outputs {text}, tally {text}, ended {int}, PRIMARY KEY (execution, path)) {clustered};
        CREATE TABLE attempt (
            execution {text} NOT NULL, path {text} NOT NULL, number {int} NOT NULL, rank {int} NOT NULL, snapshot {text},
            engine {text} NOT NULL, handle {text}, pid {int}, state {text} NOT NULL, class {text}, exit {int}, signal {int}, reason {text},
            tail {text}, intended {int} NOT NULL, started {int}, ended {int}, PRIMARY KEY (execution, path, number, rank)) {clustered};
        CREATE INDEX attempt_open ON attempt (execution) WHERE ended IS NULL;
        CREATE TABLE event (
            execution {text} NOT NULL, seq {int} NOT NULL, at {int} NOT NULL, kind {text} NOT NULL, actor {text}, path {text}, body {text},
            PRIMARY KEY (execution, seq)) {clustered};
        CREATE TABLE signal (
            execution {text} NOT NULL, path {text} NOT NULL, at {int} NOT NULL, sender {text} NOT NULL, body {text} NOT NULL,
            PRIMARY KEY (execution, path)) {clustered};
        CREATE TABLE ingest (
            execution {text} NOT NULL, file {text} NOT NULL, folded {int} NOT NULL, PRIMARY KEY (execution, file)) {clustered};
        """;

    /// <summary>What the store holds: bytes by digest, who still needs them, results by cache key, and digests of files that did not change.</summary>
    private const string Stored = """
        CREATE TABLE blob (digest {text} NOT NULL PRIMARY KEY, size {int} NOT NULL, used {int} NOT NULL) {clustered};
        CREATE TABLE hold (digest {text} NOT NULL, holder {text} NOT NULL, PRIMARY KEY (digest, holder)) {clustered};
        CREATE INDEX hold_holder ON hold (holder);
        CREATE TABLE cache (key {text} NOT NULL PRIMARY KEY, origin {text}, used {int} NOT NULL) {clustered};
        CREATE TABLE filestat (
            path {text} NOT NULL PRIMARY KEY, size {int} NOT NULL, mtime_ns {int} NOT NULL, ctime_ns {int} NOT NULL, inode {int} NOT NULL,
            digest {text} NOT NULL) {clustered};
        """;

    /// <summary>What people name: movable tags, secrets (encrypted bodies), registered versions and launch plans.</summary>
    private const string Named = """
        CREATE TABLE tag (name {text} NOT NULL PRIMARY KEY, execution {text} NOT NULL, path {text}, moved {int} NOT NULL) {clustered};
        CREATE INDEX tag_execution ON tag (execution);
        CREATE TABLE secret (name {text} NOT NULL PRIMARY KEY, body {blob} NOT NULL, updated {int} NOT NULL) {clustered};
        CREATE TABLE version (
            name {text} NOT NULL, version {text} NOT NULL, digest {text} NOT NULL, snapshot {text}, body {text} NOT NULL, created {int} NOT NULL,
            PRIMARY KEY (name, version)) {clustered};
        CREATE TABLE launch_plan (
            name {text} NOT NULL, version {text} NOT NULL, body {text} NOT NULL, active {int} NOT NULL, updated {int} NOT NULL,
            PRIMARY KEY (name, version)) {clustered};
        """;

    /// <summary>Points of metrics as they came, a row for each request, until they are moved to <c>series</c> and <c>metric_last</c>.</summary>
    public const string Staged = """
        CREATE TABLE staged (id {id}, run {int} NOT NULL, points {blob} NOT NULL);
        CREATE INDEX staged_run ON staged (run, id);
        """;

    /// <summary>The points of metrics in blocks (<see cref="MetricSeries"/>), instead of a row of <c>metric</c> for each.</summary>
    public const string Series = """
        CREATE TABLE series (id {id}, run {int} NOT NULL, key {int} NOT NULL, first {int} NOT NULL, points {blob} NOT NULL);
        CREATE INDEX series_key ON series (run, key, first);
        """;

    /// <summary>Who may log in to a server, and what each may do; <c>subject</c> is an experiment's number or a model's name, <c>level</c> 0 none to 4 manage.</summary>
    public const string Accounts = """
        CREATE TABLE account (id {id}, name {text} NOT NULL UNIQUE, hash {text} NOT NULL, admin {int} NOT NULL, created {int} NOT NULL);
        CREATE TABLE account_token (hash {text} NOT NULL PRIMARY KEY, account {int} NOT NULL, created {int} NOT NULL) {clustered};
        CREATE INDEX account_token_account ON account_token (account);
        CREATE TABLE permission (
            account {int} NOT NULL, kind {text} NOT NULL, subject {text} NOT NULL, level {int} NOT NULL, PRIMARY KEY (account, kind, subject)) {clustered};
        """;
}
