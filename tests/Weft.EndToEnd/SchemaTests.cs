using Weft.Support;

namespace Weft.EndToEnd;

/// <summary>The schema that editors get, judged by a validator of somebody else's: Debian's python3-jsonschema.</summary>
public sealed class SchemaTests : IDisposable
{
    /// <summary>Prints the name of each file with how many things are wrong with it.</summary>
    private const string Validator = """
        import json, sys, yaml
        from jsonschema import Draft202012Validator
        schema = json.load(open(sys.argv[1], encoding="utf-8"))
        Draft202012Validator.check_schema(schema)
        for path in sys.argv[2:]:
            print(path, len(list(Draft202012Validator(schema).iter_errors(yaml.safe_load(open(path, encoding="utf-8"))))))
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_the_program_takes_the_schema_takes_and_what_it_refuses_the_schema_refuses()
    {
        _folder.Write("weft.yaml", "weft: 1\ntasks: {a: {run: x}}\n");
        _folder.Write("schema.json", WeftProgram.Run(_folder.Root, "check", "--schema").Out);
        _folder.Write("validate.py", Validator);
        File.Copy(Repository.Path("examples/digits/study/weft.yaml"), _folder.Path("study.yaml"));
        _folder.Write("whole.yaml", """
            weft: 1
            config: conf/main.yaml
            params: {day: {type: str, default: "2026-11-01"}, n: 3}
            env: {requirements: requirements.txt, modules: [cuda/12.2], setup: "export A=1", vars: {A: 1, B: true}, secrets: [KEY]}
            workflows: {sub: {inputs: {n: int}, outputs: {m: t.m}, tasks: {t: {script: "echo m=1", outputs: {m: {type: int}}}}}}
            tasks:
              a: {run: [python, -c, pass], outputs: {d: data/, e: {at: out/}}, retry: {times: 3, for: [system], backoff: {first: 1s, factor: 2}}}
              b:
                call: pkg.mod:fn
                inputs: {raw: ./raw.csv, big: {path: /data, digest: stat}, list: [1, 2], from: a.d}
                sweep: {grid: {lr: "1:3:m", model: [x, y]}, select: max(acc), need: 90%, random: {n: 5, seed: 1}}
                resources: {cpu: 0.5, memory: 4GB, gpu: "A100:2", time: 30}
                checkpoint: 2m
                engine: {use: hpc, sbatch: [--qos=long]}
              c: {uses: sub, inputs: {n: 3}, when: b.best.acc > 0.9, approve: {message: 'sure?', limit: 2h}, foreach: {x: [1, 2]}, need: 2}
            engines: {hpc: {kind: slurm}}
            schedules: {nightly: {run: main, cron: "0 3 * * *", with: {day: x}}}
            on_failure: {then: continue, run: a}
            """);
        string[] wrong = ["wrong1.yaml", "wrong2.yaml", "wrong3.yaml", "wrong4.yaml"];
        _folder.Write(wrong[0], "weft: 1\ntasks: {a: {rnu: x}}\n");
        _folder.Write(wrong[1], "weft: 2\ntasks: {a: {run: x}}\n");
        _folder.Write(wrong[2], "weft: 1\ntasks: {a: {run: x, script: y}}\n");
        _folder.Write(wrong[3], "weft: 1\ntasks: {a: {run: x, sweep: {need: 1}}}\n");
        ProgramResult result = WeftProgram.Finish(WeftProgram.StartProgram(_folder.Root, [], "/usr/bin/python3", ["validate.py", "schema.json", "study.yaml", "whole.yaml", .. wrong]));
        Assert.Equal("study.yaml 0\nwhole.yaml 0\nwrong1.yaml 1\nwrong2.yaml 1\nwrong3.yaml 1\nwrong4.yaml 1\n", result.Out);
    }
}
