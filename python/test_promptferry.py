"""What `make wheel-check` runs against the installed package: python test_promptferry.py"""

import doctest
import importlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

import promptferry as pf
from promptferry import _command


class Frame:
    """What pandas has of a table, as far as it is used."""

    def __init__(self, rows):
        self.rows = rows

    def to_dict(self, orient):
        assert orient == "records"
        return self.rows


class Arrow(Frame):
    def to_pylist(self):
        return self.rows


class Tour(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.prompt = pf.tune("zoo:bert-tiny", "atlas:capital", epochs=2)

    def test_the_tour(self):
        carried = pf.transfer(self.prompt, to="zoo:roberta-tiny")
        self.assertEqual((carried.model, carried.shape, carried.template), ("zoo:roberta-tiny", (5, 128), self.prompt.template))
        answers = pf.evaluate("zoo:roberta-tiny", "atlas:capital", prompt=carried)
        self.assertGreater(answers.accuracy, 0.3)
        low, high = answers.interval
        self.assertTrue(0 <= low < answers.accuracy < high <= 1)
        self.assertIn("%", answers._repr_html_())
        chosen = pf.transfer([(self.prompt, 2)], to="zoo:roberta-tiny", method="any", select="agreement", subjects="atlas:capital")
        self.assertEqual(chosen.result["method"], "any")
        distilled = pf.distil(self.prompt, "zoo:roberta-tiny", "atlas:capital", start=carried, epochs=1)
        self.assertTrue(0 < distilled.result["bestDevDivergence"] < 5, distilled.result)

    def test_the_same_seed_gives_the_same_bytes(self):
        again = pf.tune("zoo:bert-tiny", "atlas:capital", epochs=2)
        self.assertEqual(again.path.read_bytes(), self.prompt.path.read_bytes())

    def test_vectors_and_forms(self):
        try:
            import numpy
        except ImportError:
            self.skipTest("NumPy is not there: vectors are not read")
        with tempfile.TemporaryDirectory() as folder:
            array = numpy.load(pf.convert(self.prompt, os.path.join(folder, "p.npy")))
            # The last bytes of a safetensors file with one tensor are that tensor.
            data = numpy.frombuffer(self.prompt.path.read_bytes()[-4 * array.size :], "<f4").reshape(self.prompt.shape)
            numpy.testing.assert_array_equal(array, data)
            saved = self.prompt.save(Path(folder) / "copy.safetensors")
            numpy.testing.assert_array_equal(saved.vectors, data)

    def test_rows(self):
        rows = [{"subject": name, "object": "France"} for name in ["Paris", "Lyon", "Nice"]]
        results = [pf.evaluate("zoo:bert-tiny", kind, template="[X] is in [Y] .").result for kind in [rows, iter(rows), Frame(rows), Arrow(rows)]]
        for result in results:
            self.assertEqual(result["factCount"], 3)
            self.assertEqual(result["meanLogProbability"], results[0]["meanLogProbability"])

    def test_errors_are_one_line(self):
        with self.assertRaises(pf.PromptFerryError) as caught:
            pf.evaluate("zoo:bert-tiny", "nowhere.csv", template="[X] [Y]")
        self.assertEqual(caught.exception.status, 1)
        self.assertIn("nowhere.csv: is not there", str(caught.exception))
        with self.assertRaises(pf.PromptFerryError) as caught:
            pf.tune("zoo:bert-tiny", "atlas:capital", epochs=0)
        self.assertEqual((caught.exception.status, "epochs" in str(caught.exception)), (64, True))

    def test_an_interruption_keeps_the_best_so_far(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "best.safetensors")
            timer = threading.Timer(2, os.kill, (os.getpid(), signal.SIGINT))
            timer.start()
            with self.assertRaises(KeyboardInterrupt):
                pf.tune("zoo:bert-tiny", "atlas:capital", epochs=100_000, output=path)
            self.assertEqual(pf.inspect(path)["vectorCount"], 5)

    def test_the_command(self):
        done = subprocess.run([sys.executable, "-m", "promptferry", "--version"], check=True, capture_output=True, text=True)
        self.assertTrue(done.stdout.startswith(f"promptferry {pf.version()}"))

    def test_documentation(self):
        for module in [_command, importlib.import_module("promptferry._prompt")]:
            self.assertEqual(doctest.testmod(module).failed, 0)


if __name__ == "__main__":
    unittest.main()
