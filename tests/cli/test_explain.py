"""intsim inspect --explain: the printed arithmetic is recomputed here, and agrees with what the engine gave."""
import re

from support import CliTest, Fixture

SITES = {"Conv2d": [("downCntx.conv1", 3, 10, 100), ("resBlock1.conv4", 2, 0, 0), ("resBlock2.conv2", 5, 31, 127)],
         "LeakyReLU": [("downCntx.act1", 3, 10, 100), ("downCntx.act1", 0, 20, 30)],
         "BatchNorm2d": [("downCntx.bn1", 3, 10, 100), ("downCntx.bn2", 4, 60, 7)],
         "Add": [("module_add", 1, 2, 3)],
         "Concat": [("module_cat", 10, 2, 3), ("module_cat", 100, 2, 3), ("module_cat", 191, 63, 255)],
         "PixelShuffle": [("upBlock1.pixel_shuffle", 1, 3, 4), ("upBlock4.pixel_shuffle", 2, 9, 11)],
         "AvgPool2d": [("resBlock1.pool", 1, 0, 5), ("resBlock2.pool", 9, 3, 3)],
         "Softmax": [("module_softmax", 1, 2, 3), ("module_softmax", 9, 40, 200)]}


def lists_of(line):
    return [[int(v) for v in part.split(",")] for part in re.findall(r"\[([-0-9, ]+)\]", line)]


class Explain(CliTest):
    def explain(self, site, *words, config="w8a8"):
        done = self.ok("inspect", "--config", config, "--explain", *site, "--scan", Fixture.scan(), "--width", 256,
                       *words)
        self.assertRegex(done.stdout, r"engine       code \d+, equal\n$")
        return done.stdout

    def check_arithmetic(self, text):
        """Every 'a op b = c' of integers holds; returns how many there were."""
        count = 0
        for line in text.splitlines():
            found = re.fullmatch(r"\S+(?: \S+)? {2,}([-+*<>()^0-9 ]+) = (-?\d+)", line)
            if found and re.search("[-+*<>]", found[1].lstrip("-")):
                self.assertEqual(eval(found[1].replace("^", "**")), int(found[2]), line)  # pylint: disable=eval-used
                count += 1
        return count

    def result(self, text):
        code = int(re.search(r"^engine       code (\d+)", text, re.M)[1])
        self.assertEqual(int(re.search(r"^result       code (\d+)", text, re.M)[1]), code)
        return code

    def test_all_operations_and_profiles(self):
        for target in ("hexagon-hvx", "ideal", "aimet"):
            steps = 0
            for op, sites in SITES.items():
                for site in sites:
                    text = self.explain(site, "--target", target)
                    self.assertIn(f"({op})", text)
                    self.result(text)
                    steps += self.check_arithmetic(text)
            self.assertGreater(steps, 40 if target != "aimet" else -1)

    def test_convolution_from_its_parameters(self):
        for target, site, config in (("hexagon-hvx", ("resBlock1.conv4", 2, 0, 0), "w8a8"),
                                     ("ideal", ("resBlock1.conv4", 7, 33, 100), "w8a8"),
                                     ("hexagon-hvx", ("downCntx.conv2", 6, 40, 255), "w4a8")):
            text = self.explain(site, "--target", target, config=config)
            zero = int(re.search(r"reads .*zero point (\d+)", text)[1])
            out = re.search(r"writes .*zero point (\d+), codes 0\.\.(\d+)", text)
            total = sum((q - zero) * w for line in text.splitlines() if line.startswith("channel ")
                        for q, w in zip(*lists_of(line)))
            value = lambda name: int(re.search(rf"^{name} +(-?\d+)", text, re.M)[1])
            if "form hvx8" in text:
                a = (total + value("bias BZ")) << value("shift sh")
                code = (a * value("multiplier R") + (1 << 30)) >> 31
            else:
                shift = value("shift S")
                code = int(out[1]) + (((total + value("bias B")) * value("multiplier M") + (1 << (shift - 1))) >> shift)
            self.assertEqual(self.result(text), min(max(code, 0), int(out[2])))

    def test_receptive_field_is_where_it_should_be(self):
        text = self.explain(("resBlock1.conv4", 2, 20, 50))  # 2x2, dilation 2, padding 1: the four diagonal neighbours
        line = next(line for line in text.splitlines() if line.startswith("channel 5 "))
        corners = [(19, 49), (19, 51), (21, 49), (21, 51)]
        self.assertEqual(lists_of(line)[0], [self.result(self.explain(("resBlock1.bn2", 5, *at))) for at in corners])
        corner = self.explain(("resBlock1.conv4", 2, 0, 0))
        zero = int(re.search(r"reads .*zero point (\d+)", corner)[1])
        line = next(line for line in corner.splitlines() if line.startswith("channel 5 "))
        self.assertEqual(lists_of(line)[0][:3], [zero] * 3)
        self.assertIn("192 of them outside", corner)

    def test_pooling_and_shuffle(self):
        pool = self.explain(("resBlock2.pool", 9, 3, 3))
        zero, out_zero = map(int, re.search(r"reads .*zero point (\d+)[^$]*?writes .*zero point (\d+)", pool).groups())
        taps = lists_of(next(line for line in pool.splitlines() if line.startswith("input codes")))[0]
        self.assertEqual(len(taps), 9)
        multiplier = int(re.search(r"multiplier R +(\d+)", pool)[1])
        self.assertEqual(self.result(pool), out_zero + (((sum(taps) - 9 * zero) * multiplier + (1 << 30)) >> 31))
        shuffle = self.explain(("upBlock1.pixel_shuffle", 1, 3, 4))
        self.assertIn("channel 6, row 1, column 2", shuffle)
        source = self.explain((re.search(r"reads +(\S+):", shuffle)[1], 6, 1, 2))
        self.assertEqual(self.result(shuffle), self.result(source))

    def test_wrong_requests(self):
        words = ("inspect", "--config", "w8a8", "--scan", Fixture.scan(), "--width", 256, "--explain")
        self.fails(2, ["'resBlock1.conv9'", "did you mean 'resBlock1.conv"], *words, "resBlock1.conv9", 0, 0, 0)
        self.fails(2, ["channel '64'", "0..63"], *words, "resBlock1.conv4", 64, 0, 0)
        self.fails(2, ["row 'x'", "0..63"], *words, "resBlock1.conv4", 0, "x", 0)
        self.fails(2, ["column '256'", "0..255"], *words, "resBlock1.conv4", 0, 0, 256)
        self.fails(2, ["--scan"], "inspect", "--config", "w8a8", "--explain", "logits", 0, 0, 0)
