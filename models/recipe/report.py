"""The model card: measures what was trained and fills recipe/card.md.

Every number in the card comes from here; its words are in the template.
"""

from __future__ import annotations

import asyncio
import csv
import datetime
import json
import shutil
from dataclasses import asdict
from pathlib import Path
from string import Template

from tokenizers import Tokenizer
from transformers import AutoTokenizer, LlamaForCausalLM

from recipe import abilities, evaluator, ngrams
from recipe.corpora import Story, drop_asked, read_stories, read_training_groups
from recipe.curve import write_curve
from recipe.network import load_network, parameter_count
from recipe.settings import CONTEXT, Paths

TEMPLATE = Path(__file__).with_name("card.md")
FIRST_VERSION = Path(__file__).with_name("first_version.json")
OPENINGS = 10
LENGTH = 120
CHATS = (
    "Write a story with the words dog, rain and box.",
    "Tell me a story with these three words: moon, cake, brave.",
    "Tell me a story about a brave cat.",
    "Write a story about a lost ball in eight sentences.",
    'Write a story called "The Little Red Boat".',
    "Continue this story:\n\nTom found a small key under the old tree. He picked it up.",
    "Mia had a blue kite. The wind took it over the hill.\n\nQuestion: What did Mia have?",
    "The fox hid in the barn, for he was afraid of the dog.\n\nQuestion: Why did the fox hide?",
    "Give this story a title:\n\nA snail raced a rabbit. The rabbit slept. The snail won.",
    "Who are you?",
)
ABILITIES = {
    "f1": "FairytaleQA test split: mean token F1, greedy",
    "questions": "questions that fit in the context",
    "simple_right": "questions that a sentence answers, of the training's patterns: right, greedy",
    "titles_right": "titles, by the training's pattern: right, greedy",
    "all_words": "stories with all three asked words",
    "mean_words": "asked words in a story, of 3",
    "right_sentences": "stories with the asked number of sentences",
    "sentences_off": "sentences too many or too few, mean",
    "distinct_1": "distinct-1 of the stories",
    "distinct_2": "distinct-2",
    "distinct_3": "distinct-3",
    "repeated_4": "4-grams that stood in the story before",
}


def write_report(paths: Paths) -> None:
    """Write card and curve beside the graph in `paths.out`."""
    network = load_network(paths.checkpoint)
    tokenizer = Tokenizer.from_file(str(paths.out / "tokenizer.json"))
    shutil.copyfile(paths.log, paths.out / "training.csv")
    write_curve(paths.log, paths.out / "training.svg")
    run = json.loads(paths.run.read_text("utf-8"))
    rounded = evaluator.round_weights(network)
    facts = {
        "date": datetime.date.today().isoformat(),
        "budget": f"{run['tokens']:g}",
        "size": run["size"],
        "hardware": run["hardware"],
        "losses": losses(network, rounded, tokenizer, paths),
        "abilities": abilities_table(asyncio.run(abilities.measure(str(paths.out), paths.data))),
        "samples": samples(rounded, tokenizer, paths),
        "gap": f"{logit_gap(rounded, tokenizer, paths):.1e}",
    }
    facts |= _shape(network) | _trained(paths.log) | _sizes(paths.out)
    card = Template(TEMPLATE.read_text("utf-8")).substitute(facts)
    (paths.out / "README.md").write_text(card, encoding="utf-8")


def held_out_stories(paths: Paths) -> dict[str, list[Story]]:
    stories = list(drop_asked(read_stories(paths.data / "stories-heldout.jsonl")))
    simple = [story for story in stories if story.source == "tinystories"]
    others = [story for story in stories if story.source != "tinystories"]
    return {"all held-out stories": stories, "TinyStories part": simple, "the others": others}


def losses(
    network: LlamaForCausalLM, rounded: LlamaForCausalLM, tokenizer: Tokenizer, paths: Paths
) -> str:
    read = read_training_groups(paths.data).values()
    training = _ids(tokenizer, [story for group in read for story in group])
    first = json.loads(FIRST_VERSION.read_text("utf-8"))["bits_a_byte"]
    lines = []
    for name, stories in held_out_stories(paths).items():
        exact = evaluator.measure(network, tokenizer, stories)
        small = evaluator.measure(rounded, tokenizer, stories)
        size = sum(len(story.text.encode()) for story in stories)
        baseline = ngrams.bits_a_byte(training, _ids(tokenizer, stories), size)
        lines.append(
            f"| {name} | {len(stories)} | {baseline:.4f} | {first[name]:.4f} "
            f"| {exact.bits_a_byte:.4f} | {small.bits_a_byte:.4f} "
            f"| {exact.nats_a_token:.4f} | {small.nats_a_token:.4f} |"
        )
    return "\n".join(lines)


def abilities_table(found: abilities.Abilities) -> str:
    """Beside the first version, whose figures recipe/abilities.py took with the same seeds."""
    first = json.loads(FIRST_VERSION.read_text("utf-8"))
    now = asdict(found)
    rows = ((text, first[name], now[name]) for name, text in ABILITIES.items())
    return "\n".join(f"| {text} | {old:.3g} | {new:.3g} |" for text, old, new in rows)


def samples(network: LlamaForCausalLM, tokenizer: Tokenizer, paths: Paths) -> str:
    """The openings are the first of the held-out file, the chats the same for every version."""
    simple = held_out_stories(paths)["TinyStories part"][:OPENINGS]
    openings = [story.text.split(".")[0] + "." for story in simple]
    template = AutoTokenizer.from_pretrained(paths.out)
    rendered = [
        str(
            template.apply_chat_template(
                [{"role": "user", "content": asked}], add_generation_prompt=True, tokenize=False
            )
        )
        for asked in CHATS
    ]
    made = evaluator.sample(network, tokenizer, [*openings, *rendered], LENGTH)
    asked = [*openings, *(f"[user] {chat}\n[assistant]" for chat in CHATS)]
    pairs = zip(asked, made, strict=True)
    return "\n\n".join(f"```text\n{prompt} >>>{text}\n```" for prompt, text in pairs)


def logit_gap(network: LlamaForCausalLM, tokenizer: Tokenizer, paths: Paths) -> float:
    stories = held_out_stories(paths)["all held-out stories"][:20]
    prompts = [tokenizer.encode(story.text).ids[: CONTEXT // 2] for story in stories]
    return evaluator.largest_logit_gap(network, paths.onnx, prompts)


def _ids(tokenizer: Tokenizer, stories: list[Story]) -> list[list[int]]:
    return [found.ids for found in tokenizer.encode_batch_fast([s.text for s in stories])]


def _shape(network: LlamaForCausalLM) -> dict[str, str]:
    config = network.config
    return {
        "parameters": f"{parameter_count(network) / 1e6:.2f}",
        "layers": str(config.num_hidden_layers),
        "width": str(config.hidden_size),
        "heads": str(config.num_attention_heads),
        "inner": str(config.intermediate_size),
        "vocabulary": str(config.vocab_size),
        "context": str(config.max_position_embeddings),
    }


def _trained(log: Path) -> dict[str, str]:
    with log.open(encoding="utf-8") as lines:
        last = list(csv.DictReader(lines))[-1]
    speed = float(last["tokens"]) / float(last["seconds"])
    return {
        "tokens": f"{float(last['tokens']) / 1e6:.1f}",
        "steps": last["step"],
        "speed": f"{speed:,.0f}",
    }


def _sizes(folder: Path) -> dict[str, str]:
    files = json.loads((folder / "intab.json").read_text("utf-8"))["files"]
    total = sum(entry["size"] for entry in files.values())
    return {
        "megabytes": f"{total / 1e6:.2f}",
        "onnx_megabytes": f"{files['onnx/model_quantized.onnx']['size'] / 1e6:.2f}",
    }
