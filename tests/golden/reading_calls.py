"""The calls of make_reading.py: for each task arguments and options. MASK is the model's mask."""

from __future__ import annotations

from typing import Any

TEXT = "The cat sat on the mat."
LONG = "it was a very good film, so great! The dog ran in the park. " * 4
ODD = [
    "",
    " ",
    "a",
    "Zoë\u2019s café: naïve, déjà vu \u2014 100%!",
    "the 👩‍👩‍👧 cat 😀😀 sat 🇩🇪.",
    "שלום עולם the cat مرحبا",
    "猫在垫子上 the cat\tsat\non  the   mat",
    "thedogsatonthemat",
]
STRATEGIES = ["none", "simple", "first", "average", "max"]
Call = tuple[list[Any], dict[str, Any]]

NER: list[Call] = [
    *[([[TEXT, "dogs running badly", *ODD]], {"aggregation_strategy": s}) for s in STRATEGIES],
    *[([TEXT], {"aggregation_strategy": s, "ignore_labels": []}) for s in STRATEGIES],
    ([TEXT], {}),
    ([[TEXT]], {}),
    ([TEXT], {"ignore_labels": ["O", "B-PER", "PER"]}),
    ([TEXT], {"ignore_labels": ["PER"], "aggregation_strategy": "SIMPLE"}),
    ([LONG], {"aggregation_strategy": "simple"}),
    *[
        ([LONG], {"stride": stride, "aggregation_strategy": s, "ignore_labels": []})
        for stride in (0, 5, 20)
        for s in STRATEGIES[1:]
    ],
    ([LONG], {"stride": 8, "ignore_labels": []}),
    ([["the", "cat", "running", "sat"]], {"is_split_into_words": True}),
    (
        [[["the", "cat"], ["dogs", "ran", "😀"]]],
        {"is_split_into_words": True, "aggregation_strategy": "first", "ignore_labels": []},
    ),
    (
        [["the", "catly", "sat"]],
        {
            "is_split_into_words": True,
            "delimiter": "",
            "aggregation_strategy": "average",
            "ignore_labels": [],
        },
    ),
]
MASKS: list[Call] = [
    (["the MASK sat on the mat."], {}),
    ([["the MASK sat on the mat."]], {}),
    ([["the MASK sat.", "a MASK ran in the park"]], {"top_k": 2}),
    (["the MASK sat on the MASK."], {"top_k": 2}),
    ([["MASK", "the MASK MASK 😀"]], {"top_k": 1}),
    (["Zoë MASK שלום"], {"top_k": 3}),
    (["the MASK sat"], {"targets": ["cat", "dog", "cat"]}),
    (["the MASK sat"], {"targets": "cat", "top_k": 5}),
    (["the MASK sat"], {"targets": ["catdog", "zebra", "dog"]}),
    (["the MASK sat MASK"], {"targets": ["the", "cat", "dog"], "top_k": 2}),
    (["the MASK sat"], {"top_k": 0}),
    ([f"MASK {LONG}"], {"tokenizer_kwargs": {"truncation": True}, "top_k": 1}),
    ([f"MASK {LONG}"], {"tokenizer_kwargs": {"truncation": True, "max_length": 9}, "top_k": 1}),
]
LABELS = ["cat", "dog", "park", "film"]
ZERO_SHOT: list[Call] = [
    ([TEXT], {"candidate_labels": LABELS}),
    ([TEXT, LABELS], {}),
    ([[TEXT]], {"candidate_labels": LABELS}),
    ([[TEXT, "good film", *ODD[1:]]], {"candidate_labels": LABELS}),
    ([TEXT], {"candidate_labels": "cat, dog,park"}),
    ([TEXT], {"candidate_labels": LABELS, "multi_label": True}),
    ([TEXT], {"candidate_labels": ["cat"]}),
    ([TEXT], {"candidate_labels": ["cat"], "multi_label": False}),
    ([TEXT], {"candidate_labels": LABELS, "hypothesis_template": "it was {} ."}),
    ([LONG], {"candidate_labels": LABELS}),
]


def asked(question: Any, context: Any, **options: Any) -> Call:
    return [], {"question": question, "context": context, **options}


WHERE, PARK = "where was the cat?", "The cat sat on the mat. A dog ran in the park, badly running."
QUESTIONS: list[Call] = [
    asked(WHERE, PARK),
    asked(WHERE, PARK, top_k=3),
    asked(WHERE, PARK, top_k=8, align_to_words=False),
    asked(WHERE, PARK, top_k=3, max_answer_len=1),
    asked(WHERE, PARK, top_k=3, max_answer_len=4, align_to_words=False),
    asked(WHERE, PARK, handle_impossible_answer=True),
    asked(WHERE, PARK, handle_impossible_answer=True, top_k=4),
    asked([WHERE, "what ran?"], PARK),
    asked([WHERE, "what ran?"], [PARK, "a dog"], top_k=2),
    asked([WHERE], PARK),
    ([{"question": WHERE, "context": PARK}], {}),
    ([[{"question": WHERE, "context": PARK}, {"question": "dog?", "context": "a dog ran"}]], {}),
    asked("dog?", LONG, doc_stride=4, top_k=3),
    asked("dog?", LONG, doc_stride=10, top_k=3),
    asked("dog?", LONG, max_seq_len=24, doc_stride=6, top_k=4),
    asked("dog?", LONG, max_seq_len=24, doc_stride=6, handle_impossible_answer=True),
    *[asked("dog?", text, top_k=2) for text in ODD[2:]],
    *[asked(text, PARK, doc_stride=2) for text in ODD[2:5]],
]
CALLS: dict[str, list[Call]] = {
    "token-classification": NER,
    "fill-mask": MASKS,
    "zero-shot-classification": ZERO_SHOT,
    "question-answering": QUESTIONS,
}
