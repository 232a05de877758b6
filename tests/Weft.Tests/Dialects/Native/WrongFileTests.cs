using System.Collections.Immutable;
using Weft.Dialects;
using Weft.Support;
using Weft.Text;
using Weft.Workflows;

namespace Weft.Tests.Dialects.Native;

/// <summary>Files as people get them wrong: what is said, where, and what is suggested. Nothing of them may be run.</summary>
public sealed class WrongFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    // Keys and kinds of values.
    [InlineData("taks: {a: {run: x}}", "2:1 unknown key `taks` in the file (did you mean `tasks`?)", "1:1 the file has none of `tasks` and `workflows`")]
    [InlineData("tasks:\n\ta: {run: x}", "3:1 not YAML: while scanning a mapping, found invalid tab as indentation (indent with spaces; YAML does not allow tabs there)")]
    [InlineData("tasks:\n  a: {run: x}\n  a: {run: y}", "4:3 key `a` stands twice in one map")]
    [InlineData("tasks: [{run: x}]", "2:8 `tasks` of the file must be a map of tasks, found a list")]
    [InlineData("tasks: {a: {run: x, retry: {for: [user]}}}", "2:28 `retry` of task `a` has no `times` (it needs `times:` and a whole number from 0 to 1000)")]
    [InlineData("tasks: {a: {run: x, retry: {times: 2, for: [usr]}}}", "2:45 item 1 of `for` of `retry` of task `a` must be `node`, `oom`, `preempted`, `system`, `time` or `user`, found `usr` (did you mean `user`?)")]
    [InlineData("tasks: {a: {run: x, parallel: \"2\"}}", "2:31 `parallel` of task `a` must be a whole number from 1, found the text `2` (leave the quotes out)")]
    [InlineData("tasks: {a: {run: 5}}", "2:18 `run` of task `a` must be a command or a list of texts, found the number `5` (write it in quotes: `\"5\"`)")]
    [InlineData("tasks: {a: {run: x, resources: {memory: 4}}}", "2:41 `memory` of `resources` of task `a` must be a size: `4` has no unit (`4GB`, `4MB`)")]
    [InlineData("tasks: {a: {run: x, resources: {cpu: -1}}}", "2:38 `cpu` of `resources` of task `a` must be a number from 0, found -1")]
    [InlineData("tasks: {a: {run: x, ports: 70000}}", "2:28 `ports` of task `a` must be a whole number from 1 to 65535, found 70000")]
    [InlineData("tasks: {a: {run: x, notify: {on: [failed]}}}", "2:29 `notify` of task `a` has none of `email`, `slack` and `url`")]
    [InlineData("tasks: {a: {run: x, tag: my tag}}", "2:26 `tag` of task `a` must be a name: names have letters, digits, `_` and `-` only, and do not begin with `-`")]
    [InlineData("tasks: {a: {run: x, env: {vars: {A B: 1}}}}", "2:34 `A B` cannot be the name of a variable: names of variables have letters, digits and `_` only, and do not begin with a digit")]
    [InlineData("tasks: {a: {run: x, sweep: {}}}", "2:28 `sweep` of task `a` has none of `grid`, `zip`, `list`, `each`, `inner` and `concat`")]
    [InlineData("tasks: {a: {run: x, sweep: {grid: {p: [1]}, need: 150%}}}", "2:51 `need` of `sweep` of task `a` must be a share or a number: `150%` is none (`all`, `90%`, `0.9`, or a number of points)")]
    [InlineData("tasks: {a: {call: train.fit}}", "2:19 `call` of task `a` must be a function as `package.module:function`: `train.fit` has no `module:function`")]
    // Names that do not exist.
    [InlineData("tasks: {a: {run: x, needs: [trian]}, train: {run: x}}", "2:29 `main` has no task `trian` (did you mean `train`?)")]
    [InlineData("tasks: {p: {run: x, outputs: {data: d}}, a: {run: x, inputs: {d: p.date}}}", "2:66 `p` has no output `date` (did you mean `data`?)")]
    [InlineData("tasks: {prepare: {run: x}, a: {run: x, inputs: {d: prepre.data}}}", "2:52 there is no node `prepre` in `main` (did you mean `prepare`?)")]
    [InlineData("params: {day: 1}\ntasks: {a: {run: 'x ${{ params.dya }}'}}", "3:25 `main` has no parameter `dya` (did you mean `day`?)")]
    [InlineData("tasks: {a: {run: 'x ${{ inputs.m }}', inputs: {mm: 1}}}", "2:25 the task `a` has no input `m` (did you mean `mm`?)")]
    [InlineData("tasks: {a: {run: 'x ${{ outputs.m }}', outputs: {mm: f}}}", "2:25 the task `a` has no output `m` (did you mean `mm`?)")]
    [InlineData("tasks: {p: {run: x, outputs: {d: d}}, a: {run: 'x ${{ p.d }}'}}", "2:55 the task `a` sees its inputs, not the node `p` (bind it to an input)")]
    [InlineData("workflows: {sub: {tasks: {t: {run: x}}}}\ntasks: {a: {uses: sbu}}", "3:19 there is no workflow `sbu` in this file (did you mean `sub`?)")]
    [InlineData("workflows: {sub: {inputs: {n: int}, tasks: {t: {run: 'x ${{ inputs.n }}'}}}}\ntasks: {a: {uses: sub}}", "3:9 the input `n` (int) of `sub` is not bound")]
    [InlineData("engines: {hpc: {kind: slrum}}\ntasks: {a: {run: x}}", "2:23 `kind` of engine `hpc` must be `local`, `slurm`, `sge` or `kubernetes`, found `slrum` (did you mean `slurm`?)")]
    // Graphs.
    [InlineData("tasks: {a: {run: x, needs: [c]}, b: {run: x, needs: [a]}, c: {run: x, needs: [b]}}", "2:9 `main` runs in a circle: a -> b -> c -> a")]
    [InlineData("workflows: {u: {tasks: {x: {uses: v}}}, v: {tasks: {y: {uses: u}}}}\ntasks: {a: {uses: u}}", "2:24 `u` uses itself: u -> v -> u", "2:52 `v` uses itself: v -> u -> v")]
    [InlineData("tasks: {a: {run: x, outputs: {o: {at: out.txt}}}, b: {run: x, outputs: {o: {at: out.txt}}}}", "2:51 `a` and `b` both write `out.txt` in the project's folder (give one of them another path, or write `workspace: private`)")]
    // Expressions.
    [InlineData("tasks: {a: {run: x, when: 'x >'}}", "2:31 the expression ends where a value was expected")]
    [InlineData("params: {day: 1}\ntasks: {a: {run: x, when: params.day + 1}}", "3:27 a condition must be true or false, this is int (compare it with something)")]
    [InlineData("params: {day: 1}\ntasks: {a: {run: x, when: '${{ params.day > 1 }}'}}", "3:28 found `$` where a value was expected (an expression by itself needs no `${{ }}`)")]
    [InlineData("tasks: {a: {run: 'x ${{ params.day '}}", "2:21 `${{` has no closing `}}` (write `$${{` for a literal `${{`)")]
    // Sweeps.
    [InlineData("tasks: {a: {run: x, sweep: {grid: {p: '3:1'}}}}", "2:40 this range starts above its stop and counts up (to count down write `3:1:-1`)")]
    [InlineData("tasks: {a: {run: x, sweep: {grid: {lr: [1]}, where: lrr > 1}}}", "2:53 `lrr` is no parameter of this sweep (did you mean `lr`?)")]
    [InlineData("tasks: {a: {run: x, sweep: {grid: {p: [1]}, select: max(mean(acc) over sede)}}}", "2:9 `a` takes the mean over `sede`, which is no parameter of its sweep (it has: `p`)")]
    [InlineData("tasks: {a: {run: x, outputs: {acc: f}, sweep: {grid: {p: [1]}, select: max(acc)}}}", "2:9 `a` selects by `acc`, which is its file and no number (give the file or the result another name)")]
    [InlineData("tasks: {a: {run: x, sweep: {grid: {p: [1]}}}, b: {run: x, inputs: {m: a.best.params.p}}}", "2:71 `a` has no best point, as nothing says by what to select it (write `select: max(RESULT)` in its sweep)")]
    [InlineData("tasks: {a: {run: x, sweep: {grid: {lr: [1]}, select: min(loss)}}, b: {run: x, inputs: {m: a.best.params.rl}}}", "2:91 the points of `a` have no parameter `rl` (did you mean `lr`?)")]
    [InlineData("tasks: {a: {run: x, foreach: {p: [1, 2], q: [1]}}}", "2:9 the lists must have one length, these have 2 and 1")]
    [InlineData("tasks: {a: {script: x, args: hydra, sweep: {grid: {p: [1]}}}}", "2:30 `args` goes with `run` only (a script takes `${{ item.NAME }}`, a function its arguments by name)")]
    // Places.
    [InlineData("tasks: {a: {run: python3 trian.py}}", "2:18 there is no file `trian.py` (did you mean `train.py`?)")]
    [InlineData("tasks: {a: {run: x, env: {python: .venv}}}", "2:35 there is no virtual environment or interpreter `.venv` (`python3 -m venv .venv` makes one; or name a file for pip by `requirements`)")]
    [InlineData("tasks: {a: {run: x, working_dir: nowhere}}", "2:34 there is no folder `nowhere`")]
    [InlineData("tasks: {a: {run: x, outputs: {o: /etc/passwd}}}", "2:34 the path of the output `o` leads out of its folder (write a relative path without `..`)")]
    [InlineData("tasks: {a: {run: x, outputs: {größe: a.txt, grüße: b.txt, größe-2: {type: int}}}}", "2:45 `größe` and `grüße` would share the variable `WEFT_OUTPUT_GR__E`, in which the program finds their paths (give one of them another name)")]
    // Schedules.
    [InlineData("tasks: {a: {run: x}}\nschedules: {n: {run: mian, cron: every day}}", "3:34 `cron` of schedule `n` must be a cron expression: it has 2 fields instead of five: minute, hour, day of the month, month, day of the week", "3:22 there is no workflow `mian` in this file (did you mean `main`?)")]
    [InlineData("tasks: {a: {run: x}}\nschedules: {n: {run: main, cron: 0 25 * * *, timezone: Europe/Berln, with: {day: 1}}}", "3:34 `cron` of schedule `n` must be a cron expression: `25` is no hour from 0 to 23", "3:56 `timezone` of schedule `n` must be a time zone: this machine knows no `Europe/Berln` (`UTC`, `Europe/Berlin`)", "3:77 `main` has no parameter `day`")]
    public void What_is_wrong_is_said_in_one_go(string yaml, params string[] expected)
    {
        _folder.Write("train.py", "");
        _folder.Write("weft.yaml", "weft: 1\n" + yaml + "\n");
        Assert.Equal(expected, Problems().Where(problem => problem.Severity == Severity.Error).Select(Show));
    }

    [Fact]
    public void What_no_engine_does_yet_is_named_and_stops_nothing()
    {
        _folder.Write("weft.yaml", """
            weft: 1
            tasks:
              a: {run: x, env: {image: "python:3.12"}, ports: [8080], app: {port: 8888}, keep: 30d, notify: {on: [failed], email: me@example.org}, isolate: true}
            schedules: {nightly: {run: main, cron: "*/15 0-6 1,15 jan-mar mon"}}
            """);
        Diagnostics problems = Problems();
        Assert.All(problems, problem => Assert.Equal(("weft/not-yet", Severity.Warning), (problem.Id, problem.Severity)));
        Assert.Equal(["image", "ports", "app", "email", "schedules"], problems.Select(problem => problem.At!.Value.Text.ToString()));
    }

    [Fact]
    public void A_file_with_many_mistakes_has_them_all_reported()
    {
        _folder.Write("weft.yaml", """
            weft: 2
            projekt: x
            tasks:
              a: {run: 'x ${{ inputs. }}', retry: -1}
              b: {scrpt: x}
              c: {run: x, when: 'x >', needs: [d]}
              e: {run: x, inputs: {v: nothing.x}}
            """);
        Assert.Equal(["1:7", "2:1", "4:27", "4:39", "5:7", "6:25", "6:36"], Problems().OrderBy(problem => problem.At!.Value.Start).Select(problem => problem.At!.Value.Position.ToString()).Distinct());
    }

    /// <summary>What `weft check` says of the file, without the points of its sweeps.</summary>
    private Diagnostics Problems()
    {
        Project project = Project.Open(_folder.Root, ImmutableDictionary<string, string>.Empty);
        var problems = new Diagnostics();
        problems.AddRange(project.Diagnostics);
        foreach (Runnable runnable in project.Runnables)
        {
            var own = new Diagnostics();
            if (runnable.Prepare(Arguments.None, own) is { } prepared)
            {
                foreach (GraphProblem problem in new GraphCheck(new Closure(prepared.Definitions)).Check(prepared.Workflow))
                    own.Add(problem.Diagnostic);
            }
            foreach (Diagnostic problem in own.Where(problem => !problems.Any(known => (known.Id, known.Message, known.At) == (problem.Id, problem.Message, problem.At))))
                problems.Add(problem);
        }
        return problems;
    }

    private static string Show(Diagnostic problem) => $"{problem.At?.Position} {problem.Message}{(problem.Hint is { } hint ? $" ({hint})" : "")}";
}
