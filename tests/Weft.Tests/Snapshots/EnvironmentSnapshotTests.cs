using System.Text.Json;
using Weft.Snapshots;
using Weft.Support;

namespace Weft.Tests.Snapshots;

/// <summary>Interpreters are read from folders as virtual environments, Debian and pyenv lay them out.</summary>
public sealed class EnvironmentSnapshotTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_virtual_environment_has_its_own_packages()
    {
        _folder.Write("venv/pyvenv.cfg", $"home = {_folder.Path("usr/bin")}\ninclude-system-site-packages = false\nversion = 3.11.7\n");
        Install("venv/lib/python3.11/site-packages", "numpy-1.26.4.dist-info", "Scikit_Learn-1.4.0.dist-info", "numpy", "easy-install.pth", "odd.egg-info");
        Assert.Equal("3.11.7: numpy 1.26.4, scikit-learn 1.4.0", Read("venv/bin/python"));
    }

    [Fact]
    public void One_that_shares_the_packages_of_the_system_prefers_its_own()
    {
        Debian();
        _folder.Write("venv/pyvenv.cfg", $"home = {_folder.Path("usr/bin")}\ninclude-system-site-packages = true\nversion = 3.11.7\n");
        Install("venv/lib/python3.11/site-packages", "six-2.0.dist-info");
        Assert.Equal("3.11.7: pyyaml 6.0, six 2.0", Read("venv/bin/python3"));
    }

    [Fact]
    public void The_interpreter_of_a_system_tells_its_version_by_its_name()
    {
        Debian();
        Assert.Equal("3.11: pyyaml 6.0, six 1.16", Read("usr/bin/python3"));
    }

    [Fact]
    public void A_script_of_pyenv_leads_to_the_version_that_the_folder_asks_for()
    {
        _folder.Write("pyenv/shims/python3", "#!/bin/sh\n");
        _folder.Write("pyenv/version", "3.10.1\n");
        _folder.Write("project/.python-version", "3.12.2\n");
        foreach (string version in (string[])["3.10", "3.12"])
        {
            string prefix = $"pyenv/versions/{version}.{(version == "3.10" ? 1 : 2)}";
            _folder.Write($"{prefix}/bin/python{version}", "");
            File.CreateSymbolicLink(_folder.Path($"{prefix}/bin/python3"), $"python{version}");
            Install($"{prefix}/lib/python{version}/site-packages", $"v-{version}.dist-info");
        }
        Assert.Equal("3.12: v 3.12", Read("pyenv/shims/python3", "project/deep"));
        Assert.Equal("3.10: v 3.10", Read("pyenv/shims/python3"));
    }

    [Fact]
    public void Other_programs_are_no_interpreters()
    {
        _folder.Write("bin/python", "#!/bin/sh\n");
        Assert.Empty(Take("bin/python", "").Interpreters);
        Assert.Empty(Take("bin/bash", "").Interpreters);
    }

    [Fact]
    public void Of_the_variables_only_telling_ones_are_kept_and_none_that_sounds_secret()
    {
        var variables = new Dictionary<string, string> { ["OMP_NUM_THREADS"] = "3", ["HOME"] = "/root", ["TF_API_TOKEN"] = "x", ["CUDA_VISIBLE_DEVICES"] = "0", ["AWS_SECRET_ACCESS_KEY"] = "x", ["HYDRA_FULL_ERROR"] = "1" };
        Assert.Equal(["CUDA_VISIBLE_DEVICES", "HYDRA_FULL_ERROR", "OMP_NUM_THREADS"], EnvironmentSnapshot.Take([], _folder.Root, variables).Variables.Keys);
    }

    [Fact]
    public void It_is_read_as_it_was_written()
    {
        Debian();
        EnvironmentSnapshot environment = Take("usr/bin/python3", "");
        using var content = new MemoryStream();
        using (var json = new Utf8JsonWriter(content))
            environment.Write(json);
        EnvironmentSnapshot read = EnvironmentSnapshot.Read(JsonDocument.Parse(content.ToArray()).RootElement);
        Assert.Equal(environment.Interpreters.Keys, read.Interpreters.Keys);
        Assert.Equal(environment.Interpreters.Values.Single().Packages, read.Interpreters.Values.Single().Packages);
        Assert.Equal(environment.Machine, read.Machine);
        Assert.Contains("kernel", read.Machine.Keys);
    }

    private void Debian()
    {
        _folder.Write("usr/bin/python3.11", "");
        File.CreateSymbolicLink(_folder.Path("usr/bin/python3"), "python3.11");
        Install("usr/lib/python3/dist-packages", "PyYAML-6.0.egg-info");
        Install("usr/local/lib/python3.11/dist-packages", "six-1.16-py3.11.egg-info");
    }

    private void Install(string folder, params string[] entries)
    {
        foreach (string entry in entries)
            Directory.CreateDirectory(_folder.Path($"{folder}/{entry}"));
    }

    private EnvironmentSnapshot Take(string program, string folder) => EnvironmentSnapshot.Take([_folder.Path(program)], _folder.Path(folder), new Dictionary<string, string>());

    private string Read(string program, string folder = "")
    {
        Interpreter one = Assert.Single(Take(program, folder).Interpreters).Value;
        return $"{one.Version}: {string.Join(", ", one.Packages.Select(package => $"{package.Key} {package.Value}"))}";
    }
}
