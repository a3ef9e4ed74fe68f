"""Wrong command lines: exit code 2, and a suggestion where something resembles the word."""
from support import CliTest, Fixture


class Usage(CliTest):
    def test_unknown_options_and_commands(self):
        for words, needles in (
                (("evalute", "-d", "D"), ["'evalute'", "did you mean 'evaluate'?"]),
                (("--confg", "w8a8", "-d", "D"), ["'--confg'", "did you mean '--config'?"]),
                (("evaluate", "--dataset-pth=D"), ["'--dataset-pth'", "did you mean '--dataset-path'?"]),
                (("run", "--hash"), ["'--hash'", "did you mean '--hashes'?"]),
                (("import", "--encoding", "x"), ["'--encoding'", "did you mean '--encodings'?"]),
                (("doctor", "D", "--deep"), ["'--deep'"]),
                (("table", "a.json", "--formt", "text"), ["did you mean '--format'?"]),
                (("targets", "extra"), ["extra"]),
                (("run", "--config", "w8a8"), ["--scan"]),
                (("--config", "w8a8"), ["--dataset-path"])):
            self.fails(2, needles, *words)

    def test_unknown_values(self):
        data = ("-d", Fixture.tree, "-q")
        for words, needles in (
                (("--config", "w8a8", *data, "--target", "hexagon-hvy"),
                 ["'hexagon-hvy'", "did you mean 'hexagon-hvx'?"]),
                (("--config", "w8a8", *data, "--simd", "AVX9"), ["'AVX9'", "this machine runs"]),
                (("inspect", "--config", "w8a8", "--target", "idea"), ["did you mean 'ideal'?"]),
                (("--config", "w8a8", *data, "--kernels", "fast"), ["fast", "simd", "ref"]),
                (("--config", "w8a8", *data, "--metric", "mine"), ["'mine'", "model-card or official"]),
                (("--config", "w8a8", *data, "--split", "validation"), ["'validation'", "valid"]),
                (("--config", "w8a8", *data, "--threads", "-1"), ["threads"]),
                (("--config", "w8a8", *data, "--limit", "0"), ["limit"]),
                (("--config", "w8a8", *data, "--sequences", "08,8"), ["08", "twice"]),
                (("table", "a.json", "--format", "html"), ["html", "markdown"]),
                (("--config", "a/b", *data), ["'a/b'", "--model"]),
                (data, ["--config w8a8", "--model"])):
            self.fails(2, needles, *words)

    def test_sizes(self):
        for command in (("-d", Fixture.tree), ("run", "--scan", Fixture.scan()), ("inspect",)):
            for option, value in (("--width", 100), ("--height", 8), ("--width", 0), ("--height", -16),
                                  ("--width", 16384), ("--width", "wide")):
                self.fails(2, [option, f"'{value}'", "multiple of 16"], *command, "--config", "w8a8", option, value)

    def test_options_that_exclude_each_other(self):
        data = ("-d", Fixture.tree)
        self.fails(2, ["--predictions", "--knn"], *data, "--predictions", "P", "--knn")
        self.fails(2, ["--predictions", "--save-predictions"], *data, "--predictions", "P", "--save-predictions", "Q")
        self.fails(2, ["--no-labels", "--json"], *data, "--config", "w8a8", "--no-labels", "--save-predictions", "P",
                   "--json", "r.json")
        self.fails(2, ["--explain", "--scan"], "inspect", "--config", "w8a8", "--scan", Fixture.scan())
