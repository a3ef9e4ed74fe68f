"""tools/export_checkpoint.py against files written by torch itself; skipped where torch is absent."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

try:
    import torch
    import torch.fx
    from torch import nn
except ImportError:
    print('SKIPPED: python3 has no torch')
    sys.exit(77)

import torch_fixture as fixture

TOOL = Path(__file__).resolve().parents[2] / 'tools' / 'export_checkpoint.py'

# The network lives in a module that exists only while the files are written.
SOURCE = '''
import torch
from torch import nn

class Add(nn.Module):
    def forward(self, a, b):
        return a + b

class Context(nn.Module):
    def __init__(self, c_in, c):
        super().__init__()
        self.conv1, self.act1 = nn.Conv2d(c_in, c, 1), nn.LeakyReLU()
        self.conv2, self.act2, self.bn1 = nn.Conv2d(c, c, 3, padding=1), nn.LeakyReLU(), nn.BatchNorm2d(c)
        self.conv3, self.act3 = nn.Conv2d(c, c, 3, padding=2, dilation=2), nn.LeakyReLU()
        self.bn2, self.add = nn.BatchNorm2d(c), Add()
    def forward(self, x):
        s = self.act1(self.conv1(x))
        a = self.bn1(self.act2(self.conv2(s)))
        return self.add(s, self.bn2(self.act3(self.conv3(a))))

class Residual(nn.Module):
    def __init__(self, c_in, c, pool=True):
        super().__init__()
        self.conv1, self.act1 = nn.Conv2d(c_in, c, 1), nn.LeakyReLU()
        self.conv2, self.act2, self.bn1 = nn.Conv2d(c_in, c, 3, padding=1), nn.LeakyReLU(), nn.BatchNorm2d(c)
        self.conv3, self.act3, self.bn2 = nn.Conv2d(c, c, 3, padding=2, dilation=2), nn.LeakyReLU(), nn.BatchNorm2d(c)
        self.conv4, self.act4, self.bn3 = nn.Conv2d(c, c, 2, padding=1, dilation=2), nn.LeakyReLU(), nn.BatchNorm2d(c)
        self.conv5, self.act5, self.bn4 = nn.Conv2d(3 * c, c, 1), nn.LeakyReLU(), nn.BatchNorm2d(c)
        self.pool = nn.AvgPool2d(3, 2, 1) if pool else nn.Identity()
    def forward(self, x):
        a = self.bn1(self.act2(self.conv2(x)))
        b = self.bn2(self.act3(self.conv3(a)))
        c = self.bn3(self.act4(self.conv4(b)))
        r = self.act1(self.conv1(x)) + self.bn4(self.act5(self.conv5(torch.cat((a, b, c), 1))))
        return self.pool(r), r

class Up(nn.Module):
    def __init__(self, c_in, skip, c, fold):
        super().__init__()
        self.pixel_shuffle = nn.PixelShuffle(2)
        self.conv1, self.act1 = nn.Conv2d(c_in // 4 + skip, c, 3, padding=1), nn.LeakyReLU()
        self.conv2, self.act2 = nn.Conv2d(c, c, 3, padding=2, dilation=2), nn.LeakyReLU()
        self.conv3, self.act3 = nn.Conv2d(c, c, 2, padding=1, dilation=2), nn.LeakyReLU()
        self.conv4, self.act4 = nn.Conv2d(3 * c, c, 1), nn.LeakyReLU()
        self.bn1, self.bn2, self.bn3 = nn.BatchNorm2d(c), nn.BatchNorm2d(c), nn.BatchNorm2d(c)
        self.bn4 = nn.Identity() if fold else nn.BatchNorm2d(c)
    def forward(self, x, skip):
        a = self.bn1(self.act1(self.conv1(torch.cat((self.pixel_shuffle(x), skip), 1))))
        b = self.bn2(self.act2(self.conv2(a)))
        c = self.bn3(self.act3(self.conv3(b)))
        return self.bn4(self.act4(self.conv4(torch.cat((a, b, c), 1))))

class Network(nn.Module):
    def __init__(self, fold):
        super().__init__()
        self.downCntx, self.downCntx2, self.downCntx3 = Context(5, 32), Context(32, 32), Context(32, 32)
        self.resBlock1, self.resBlock2, self.resBlock3 = Residual(32, 64), Residual(64, 128), Residual(128, 256)
        self.resBlock4, self.resBlock5 = Residual(256, 256), Residual(256, 256, False)
        self.upBlock1, self.upBlock2 = Up(256, 256, 128, False), Up(128, 256, 128, False)
        self.upBlock3, self.upBlock4 = Up(128, 128, 64, False), Up(64, 64, 32, fold)
        self.logits = nn.Conv2d(32, 20, 1)
    def forward(self, x):
        x = self.downCntx3(self.downCntx2(self.downCntx(x)))
        x, a = self.resBlock1(x)
        x, b = self.resBlock2(x)
        x, c = self.resBlock3(x)
        x, d = self.resBlock4(x)
        x = self.upBlock1(self.resBlock5(x)[1], d)
        x = self.upBlock4(self.upBlock3(self.upBlock2(x, c), b), a)
        return torch.softmax(self.logits(x), 1)

class LeafAdd(torch.fx.Tracer):
    def is_leaf_module(self, module, name):
        return isinstance(module, Add) or super().is_leaf_module(module, name)
'''


def bits(tensor):
    """Row-major little-endian float32 bytes, as torch converts them."""
    return tensor.detach().float().contiguous().numpy().tobytes()


class WithTorch(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.folder = Path(cls.scratch.name)
        (cls.folder / 'vanishing_network.py').write_text(SOURCE)
        sys.path.insert(0, str(cls.folder))
        import vanishing_network
        cls.code = vanishing_network
        torch.manual_seed(3)

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def network(self, fold=False):
        model = self.code.Network(fold).eval()
        for tensor in list(model.parameters()) + list(model.buffers()):
            if tensor.is_floating_point():
                tensor.data.normal_()
        return model

    def export(self, content, *options):
        """Exports torch.save(content) in both forms, which must agree; name -> (dtype, shape, bytes)."""
        results = []
        for new in (True, False):
            torch.save(content, self.folder / 'in.pth', _use_new_zipfile_serialization=new)
            target = self.folder / 'out.safetensors'
            # -I: the tool sees neither this folder nor the one with the network's code.
            command = [sys.executable, '-I', '-c', f'import sys; sys.path.insert(0, {str(TOOL.parent)!r})\n'
                       'import export_checkpoint\ncode = export_checkpoint.main()\n'
                       'assert not {"torch", "numpy", "vanishing_network"} & set(sys.modules)\n'
                       'sys.exit(code)', self.folder / 'in.pth', '-o', target, *options]
            subprocess.run(list(map(str, command)), check=True, capture_output=True)
            results.append(fixture.read_safetensors(target)[1])
        self.assertEqual(results[0], results[1])
        return results[0]

    def assert_same(self, exported, expected):
        wanted = {name: ('F32', tuple(tensor.shape), bits(tensor)) for name, tensor in expected.items()
                  if not name.endswith('num_batches_tracked')}
        self.assertEqual(exported, wanted)

    def test_checkpoint_with_prefix(self):
        model = self.network()
        self.assertEqual(len(model.state_dict()), 312)
        optimizer = torch.optim.SGD(model.parameters(), 0.1, momentum=0.9)
        for parameter in model.parameters():
            parameter.grad = torch.ones_like(parameter)
        reference = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        checkpoint = {'epoch': 149, 'state_dict': {'module.' + name: t for name, t in reference.items()},
                      'scheduler': torch.optim.lr_scheduler.StepLR(optimizer, 1).state_dict(), 'info': {'best': 1.0}}
        optimizer.step()
        checkpoint['optimizer'] = optimizer.state_dict()
        self.assert_same(self.export(checkpoint), reference)

    def test_whole_module(self):
        model = self.network()
        self.assert_same(self.export(model), model.state_dict())
        self.assert_same(self.export(nn.DataParallel(model)), model.state_dict())

    def test_graph_module(self):
        model = self.network(fold=True)
        graph = self.code.LeafAdd().trace(model)
        traced = torch.fx.GraphModule(model, graph)
        self.assertIsInstance(traced.downCntx.add, self.code.Add)
        self.assertEqual(len(model.state_dict()), 307)
        self.assert_same(self.export(traced), model.state_dict())

    def test_other_precisions(self):
        for dtype in (torch.float16, torch.bfloat16, torch.float64):
            values = {'x': torch.randn(1000).to(dtype), 'y': (torch.randn(40, 25) * 1e-6).to(dtype).t()}
            self.assert_same(self.export(values, '--any'), values)
        model = self.network().half()
        self.assert_same(self.export(model), model.state_dict())

    def test_strided_parameters(self):
        base = torch.randn(6, 7, 8)
        values = {'t': nn.Parameter(base.permute(2, 0, 1)), 'slice': base[1:5:2, 3:, ::3], 'row': base[2],
                  'wide': base[0, 0, :3].expand(4, 3), 'scalar': base[1, 1, 1], 'empty': torch.zeros(0, 3)}
        self.assert_same(self.export(values, '--any'), values)
        model = self.network().to(memory_format=torch.channels_last)
        self.assertFalse(model.resBlock2.conv2.weight.is_contiguous())
        model.logits.weight = nn.Parameter(torch.randn(32, 20, 1, 1).transpose(0, 1))
        self.assert_same(self.export(model), model.state_dict())


if __name__ == '__main__':
    unittest.main()
