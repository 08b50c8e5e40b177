"""What `make wheel-check` runs against the installed package: python test_promptferry.py"""

import ast
import contextlib
import doctest
import importlib
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
import types
import unittest.mock
from pathlib import Path

import promptferry as pf
from promptferry import _command, _progress, _session

HERE = Path(__file__).resolve().parent
QUESTION = ["evaluate", "--model", "zoo:bert-tiny", "--template", "[X] is in [Y] .", "--facts", "atlas:capital"]


def module(name):
    """What is not needed by the package, and tested with where it is installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise unittest.SkipTest(f"{name} is not there") from None


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

    def test_a_prompt_is_its_path_too(self):
        carried = pf.transfer(self.prompt, to="zoo:roberta-tiny")
        path = str(self.prompt.path)
        self.assertEqual(pf.Prompt(carried.path).model, "zoo:roberta-tiny")
        for source in path, self.prompt.path:
            self.assertEqual(pf.transfer(source, to="zoo:roberta-tiny").path.read_bytes(), carried.path.read_bytes())
        self.assertEqual(pf.transfer([(path, 0.5), (self.prompt, 0.5)], to="zoo:roberta-tiny").shape, carried.shape)
        answers = [pf.evaluate("zoo:roberta-tiny", "atlas:capital", prompt=p) for p in (carried, carried.path, str(carried.path))]
        self.assertEqual(len({answer.accuracy for answer in answers}), 1)
        started = pf.distil(path, to="zoo:roberta-tiny", facts="atlas:capital", start=str(carried.path), epochs=1)
        self.assertEqual(started.shape, carried.shape)
        with self.assertRaises(pf.PromptFerryError):
            pf.evaluate("zoo:roberta-tiny", "atlas:capital", prompt="nowhere.safetensors")

    def test_the_same_seed_gives_the_same_bytes(self):
        again = pf.tune("zoo:bert-tiny", "atlas:capital", epochs=2)
        self.assertEqual(again.path.read_bytes(), self.prompt.path.read_bytes())

    def test_vectors_and_forms(self):
        numpy = module("numpy")
        with tempfile.TemporaryDirectory() as folder:
            array = numpy.load(pf.convert(self.prompt, os.path.join(folder, "p.npy")))
            # The last bytes of a safetensors file with one tensor are that tensor.
            data = numpy.frombuffer(self.prompt.path.read_bytes()[-4 * array.size :], "<f4").reshape(self.prompt.shape)
            numpy.testing.assert_array_equal(array, data)
            saved = self.prompt.save(Path(folder) / "copy.safetensors")
            numpy.testing.assert_array_equal(saved.vectors, data)
            made = pf.Prompt.from_vectors(data, "zoo:bert-tiny", self.prompt.template)
            numpy.testing.assert_array_equal(made.vectors, data)

    def test_rows(self):
        names = ["Paris", "Lyon", "Nice"]
        rows = [{"subject": name, "object": "France"} for name in names]
        columns = {"subject": names, "object": ["France"] * 3}
        gaps = [{**row, "note": float("nan")} for row in rows]
        forms = [rows, iter(rows), Frame(rows), Arrow(rows), gaps, columns, [(name, "France") for name in names]]
        results = [pf.evaluate("zoo:bert-tiny", form, template="[X] is in [Y] .").result for form in forms]
        for result in results:
            self.assertEqual(result["factCount"], 3)
            self.assertEqual(result["meanLogProbability"], results[0]["meanLogProbability"])
        with self.assertRaisesRegex(ValueError, "row 0 of the facts has no subject, only town"):
            pf.evaluate("zoo:bert-tiny", [{"town": "Oslo"}], template="[X] is in [Y] .")

    def test_rows_of_libraries(self):
        pairs = [("Paris", "France"), ("Oslo", "Norway")]
        columns = {"subject": ["Paris", "Oslo"], "object": ["France", "Norway"]}
        makers = {
            "numpy": lambda numpy: [numpy.array(pairs), numpy.array(pairs, dtype=[("subject", "U9"), ("object", "U9")])],
            "pandas": lambda pandas: [pandas.DataFrame(columns)],
            "polars": lambda polars: [polars.DataFrame(columns)],
            "pyarrow": lambda pyarrow: [pyarrow.table(columns)],
            "datasets": lambda datasets: [datasets.Dataset.from_dict(columns)],
        }
        wanted = pf.evaluate("zoo:bert-tiny", pairs, template="[X] is in [Y] .").result["meanLogProbability"]
        for name, make in makers.items():
            with self.subTest(name):
                for table in make(module(name)):
                    answers = pf.evaluate("zoo:bert-tiny", table, template="[X] is in [Y] .")
                    self.assertEqual(answers.result["meanLogProbability"], wanted)

    def test_models_of_transformers(self):
        transformers = module("transformers")
        module("torch")
        folder = str(HERE.parent / "share/promptferry/zoo/bert-tiny")
        model = transformers.AutoModelForMaskedLM.from_pretrained(folder)
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
        wanted = pf.evaluate("zoo:bert-tiny", "atlas:capital", template="[X] is in [Y] .").result["microAccuracy"]
        for form in [model, (model, tokenizer), pf.save_model(model)]:
            answers = pf.evaluate(form, "atlas:capital", template="[X] is in [Y] .")
            self.assertEqual(answers.result["microAccuracy"], wanted)
        carried = pf.transfer(self.prompt, to=model)
        self.assertEqual(carried.shape, self.prompt.shape)
        with self.assertRaisesRegex(TypeError, "save_pretrained"):
            pf.inspect(3)

    def test_errors_are_one_line(self):
        with self.assertRaises(pf.PromptFerryError) as caught:
            pf.evaluate("zoo:bert-tiny", "nowhere.csv", template="[X] [Y]")
        self.assertEqual(caught.exception.status, 1)
        self.assertIn("nowhere.csv: is not there", str(caught.exception))
        self.assertTrue(caught.exception.place.endswith("nowhere.csv"))
        self.assertEqual(caught.exception.problem, "is not there")
        with self.assertRaises(pf.PromptFerryError) as caught:
            pf.tune("zoo:bert-tiny", "atlas:capital", epochs=0)
        self.assertEqual((caught.exception.status, "epochs" in str(caught.exception)), (64, True))
        self.assertIsNone(caught.exception.place)

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
        for name in ["_command", "_inputs", "_prompt"]:
            self.assertEqual(doctest.testmod(importlib.import_module(f"promptferry.{name}")).failed, 0)

    def test_the_notebook(self):
        """Runs the code of tour.ipynb cell after cell, and shows what its cells end with, as a notebook does."""
        cells = json.loads((HERE / "tour.ipynb").read_text())["cells"]
        names, shown = {}, []
        with contextlib.redirect_stdout(io.StringIO()):
            for cell in cells:
                if cell["cell_type"] != "code":
                    continue
                self.assertEqual(cell["outputs"], [])
                code = ast.parse("".join(cell["source"]))
                last = code.body.pop() if code.body and isinstance(code.body[-1], ast.Expr) else None
                exec(compile(code, "tour.ipynb", "exec"), names)
                if last:
                    value = eval(compile(ast.Expression(last.value), "tour.ipynb", "eval"), names)
                    shown.append(value._repr_html_() if hasattr(value, "_repr_html_") else repr(value))
        self.assertGreater(len(shown), 4)
        self.assertTrue(any("<table>" in text for text in shown))


class Bars(unittest.TestCase):
    """Progress as tqdm shows it."""

    def drawn(self, option, *messages, is_done=True, has_tqdm=True):
        """Where each bar of a call stood when it was taken away."""
        ends = []

        class Bar:
            def __init__(self, total, **_):
                self.n, self.total = 0, total

            def update(self, count):
                self.n += count

            def close(self):
                ends.append((self.n, self.total))

        modules = {"tqdm": types.ModuleType("tqdm"), "tqdm.auto": types.SimpleNamespace(tqdm=Bar)}
        with unittest.mock.patch.dict(sys.modules, modules), unittest.mock.patch.object(
            _progress.importlib.util, "find_spec", return_value=has_tqdm or None
        ), unittest.mock.patch.object(_progress, "_is_watched", return_value=True):
            display = _progress.Display(option)
            for title, done, total in messages:
                display.message({"progress": {"title": title, "done": done, "total": total, "unit": "steps"}})
            display.close(is_done=is_done)
        return ends

    def test_it_ends_full_where_the_call_is_done(self):
        self.assertEqual(self.drawn(None, ("a", 1, 9), ("a", 7, 9), ("b", 1, 2)), [(9, 9), (2, 2)])
        self.assertEqual(self.drawn(True, ("a", 7, 9), is_done=False), [(7, 9)])
        self.assertEqual(self.drawn(None), [])

    def test_without_tqdm(self):
        with contextlib.redirect_stderr(io.StringIO()) as said:
            self.assertEqual(self.drawn(None, ("a", 1, 9), has_tqdm=False), [])
            self.assertEqual(said.getvalue(), "")
            self.assertEqual(self.drawn(True, ("a", 1, 9), has_tqdm=False), [])
            self.assertEqual(said.getvalue(), "a: 1/9 steps\n")

    def test_in_a_real_notebook(self):
        """The bar of a call that is done was full and is hidden; that of one that was stopped is left, in red."""
        nbclient, nbformat = module("nbclient"), module("nbformat")
        for name in ["tqdm", "ipykernel", "ipywidgets"]:
            module(name)
        tune = "pf.tune('zoo:bert-tiny', 'atlas:capital', epochs={})"
        # As often happens anyway: messages come by time.
        drop = (
            "whole = pf._progress.Display.message\n"
            "pf._progress.Display.message = lambda self, m: m.get('progress', {}).get('done') == 100 or whole(self, m)"
        )
        stop = "import _thread, threading\nthreading.Timer(1, _thread.interrupt_main).start()"
        texts = [
            f"import promptferry as pf\n{drop}", tune.format(20) + ";",
            f"{stop}\ntry:\n    {tune.format(100_000)}\nexcept KeyboardInterrupt:\n    print('stopped')", "pf.close()",
        ]
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in texts])
        nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
        widgets = notebook.metadata["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]

        def shown(cell):
            views = [output["data"]["application/vnd.jupyter.widget-view+json"] for output in cell.outputs if "data" in output]
            self.assertEqual(len(views), 1)
            box = widgets[views[0]["model_id"]]["state"]
            state = [widgets[name.removeprefix("IPY_MODEL_")]["state"] for name in box["children"]][1]
            return state, widgets[box["layout"].removeprefix("IPY_MODEL_")]["state"]["visibility"]

        bar, visibility = shown(notebook.cells[1])
        self.assertEqual((bar["value"], bar["max"], bar["bar_style"], visibility), (100, 100, "", "hidden"))
        bar, visibility = shown(notebook.cells[2])
        self.assertEqual((bar["max"], bar["bar_style"], visibility), (500_000, "danger", None))
        self.assertIn("stopped", [output.get("text", "").strip() for output in notebook.cells[2].outputs])


class Process(unittest.TestCase):
    """One process answers all calls."""

    def tearDown(self):
        pf.close()

    def test_a_model_is_opened_once(self):
        opened = [_command.reply(QUESTION)["opened"] for _ in range(3)]
        self.assertEqual(opened, [1, 0, 0])
        pf.close()
        self.assertEqual(_command.reply(QUESTION)["opened"], 1)

    def test_threads_are_answered_in_turn(self):
        results = []
        threads = [threading.Thread(target=lambda: results.append(_command.reply(QUESTION))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(result["opened"] for result in results), [0] * 7 + [1])
        self.assertEqual(len({result["result"]["meanLogProbability"] for result in results}), 1)

    def test_a_fork_has_its_own(self):
        _command.reply(QUESTION)
        first = _session._session._process.pid
        child = os.fork()
        if child == 0:
            try:
                opened = _command.reply(QUESTION)["opened"]
                own = _session._session._process.pid
                pf.close()
                os._exit(0 if opened == 1 and own != first else 1)
            finally:
                os._exit(2)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        self.assertEqual((_command.reply(QUESTION)["opened"], _session._session._process.pid), (0, first))

    def test_one_that_was_killed_is_started_anew(self):
        pf.version()
        os.kill(_session._session._process.pid, signal.SIGKILL)
        _session._session._process.wait()
        for _ in range(200):  # until the thread that reads has seen it
            if not _session._session.is_open:
                break
            threading.Event().wait(0.01)
        self.assertEqual(_command.reply(QUESTION)["opened"], 1)

        def kill(progress):
            self.assertEqual((progress.title, progress.unit), ("tuning on bert-tiny", "steps"))
            os.kill(_session._session._process.pid, signal.SIGKILL)

        with self.assertRaises(pf.PromptFerryError) as caught:
            pf.tune("zoo:bert-tiny", "atlas:capital", epochs=100_000, progress=kill)
        self.assertEqual(caught.exception.status, -signal.SIGKILL)
        self.assertIn("the command was ended by SIGKILL before it answered. The next call starts it anew", str(caught.exception))
        self.assertEqual(_command.reply(QUESTION)["opened"], 1)

    def test_what_a_progress_function_raises_stops_the_call(self):
        def stop(progress):
            raise RuntimeError("enough")

        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "best.safetensors")
            with self.assertRaisesRegex(RuntimeError, "enough"):
                pf.tune("zoo:bert-tiny", "atlas:capital", epochs=100_000, output=path, progress=stop)
            before = _session._session._process.pid
            self.assertEqual(pf.inspect(path)["vectorCount"], 5)
            self.assertEqual(_session._session._process.pid, before)

    def test_paths_start_from_the_folder_of_the_call(self):
        with tempfile.TemporaryDirectory() as folder:
            before = os.getcwd()
            pf.version()
            try:
                os.chdir(folder)
                Path("facts.jsonl").write_text('{"sub_label": "Paris", "obj_label": "France", "predicate_id": "p"}\n')
                facts = pf.evaluate("zoo:bert-tiny", "facts.jsonl", template="[X] is in [Y] .")
                self.assertEqual(facts.count, 1)
                prompt = pf.tune("zoo:bert-tiny", "atlas:capital", epochs=1, output="p.safetensors")
            finally:
                os.chdir(before)
            self.assertEqual(prompt.shape, (5, 128))

    def test_the_environment_is_that_of_the_call(self):
        _command.reply(QUESTION)
        os.environ["HF_HUB_OFFLINE"] = "1"
        try:
            with self.assertRaises(pf.PromptFerryError) as caught:
                pf.inspect("hf:nobody/nothing")
            self.assertIn("HF_HUB_OFFLINE", str(caught.exception))
        finally:
            del os.environ["HF_HUB_OFFLINE"]

    def test_a_command_without_sessions(self):
        for command, said in [("/bin/true", "protocol 1"), ("/bin/cat", "session")]:
            os.environ["PROMPTFERRY"], before = command, os.environ.get("PROMPTFERRY")
            try:
                with self.assertRaisesRegex(pf.PromptFerryError, said):
                    pf.version()
            finally:
                del os.environ["PROMPTFERRY"]
                if before:
                    os.environ["PROMPTFERRY"] = before
        self.assertTrue(pf.version())


if __name__ == "__main__":
    unittest.main()
