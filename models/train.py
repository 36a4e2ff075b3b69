"""Trains the default model and writes models/default: the one entry to the recipe.

    python models/train.py --tokens 24e6 --size small
    python models/train.py --tokens 24e6 --resume    # a run that was cut short
    python models/train.py --from-checkpoint        # export and evaluate again, no training

Needs models/requirements.txt, and in --data the texts that docs/model.md names. Whatever a
training makes goes to --build until it is exported.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

# A waiting thread that spins takes the core from the one it waits for when cores are shared.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import torch
from tokenizers import Tokenizer
from transformers import LlamaForCausalLM

from recipe import evaluator, sources
from recipe.corpora import read_stories
from recipe.dataset import build_groups, tokenizer_texts
from recipe.exporter import export
from recipe.network import make_network, save_network
from recipe.report import write_report
from recipe.rows import batches, rows
from recipe.settings import MIXTURE, SEED, SIZES, Paths, Schedule
from recipe.tokenizer import train_tokenizer, write_json, write_tokenizer
from recipe.trainer import Log, Training, held_out_loss

HERE = Path(__file__).resolve().parent
HELD_OUT_STORIES = 96  # for the curve only: a tenth of the held-out TinyStories


def main() -> None:
    options = parse_options()
    if complaint := sources.missing(options.data):
        sys.exit(f"intab: {complaint}")
    paths = Paths(options.data, options.build, options.out)
    torch.set_num_threads(options.threads)
    if not options.from_checkpoint:
        run_training(paths, options)
    export(paths)
    write_report(paths)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Train, export and evaluate the default model.")
    parser.add_argument("--tokens", type=float, default=24e6)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--hardware", default="2 CPU cores", help="for the model card")
    parser.add_argument("--data", type=Path, default=sources.DATA, help="docs/model.md: the texts")
    parser.add_argument("--build", type=Path, default=HERE.parent / "build" / "model")
    parser.add_argument("--out", type=Path, default=HERE / "default")
    parser.add_argument("--from-checkpoint", action="store_true")
    return parser.parse_args()


def run_training(paths: Paths, options: argparse.Namespace) -> None:
    size = SIZES[options.size]
    paths.build.mkdir(parents=True, exist_ok=True)
    asked = {"tokens": options.tokens, "size": options.size, "hardware": options.hardware}
    write_json(paths.run, asked)
    tokenizer = train_tokenizer(tokenizer_texts(paths.data))
    write_tokenizer(tokenizer, paths.texts)
    network = make_network(size)
    data = batches(rows(build_groups(paths.data, tokenizer), MIXTURE, SEED), size.batch)
    log = make_log(paths, tokenizer, network)
    training = Training(network, Schedule(), paths.state)
    if options.resume:
        training.resume(data, log)
    training.run(data, options.tokens, log)
    save_network(network, paths.checkpoint)


def make_log(paths: Paths, tokenizer: Tokenizer, network: LlamaForCausalLM) -> Log:
    stories = read_stories(paths.data / "stories-heldout.jsonl")
    simple = [story for story in stories if story.source == "tinystories"][:HELD_OUT_STORIES]
    held_out = evaluator.batches_of(tokenizer, simple)

    return Log(paths.log, lambda: held_out_loss(network, held_out))


if __name__ == "__main__":
    main()
