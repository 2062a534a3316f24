"""The grammar engines that model servers use, alone: our schema compiles, and what each lets through is read.

    python -m tests.servers.grammars SCHEMAS.json COUNT

Run with the packages of requirements/servers.txt. Prints a line of JSON for each engine and schema: its version, and
the completions. At each step a token is taken by chance of those that the engine allows, the ends of strings, arrays
and objects more often than others; a token is a byte.
"""

import json
import random
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib import metadata
from typing import Any

import llguidance
import outlines_core
import xgrammar

END = 256
TOKENS = [*(bytes([byte]) for byte in range(256)), b"<end>"]
_OFTEN = {ord('"'): 40.0, ord("]"): 30.0, ord("}"): 30.0, ord(","): 5.0}
_MOST = 20_000

type Complete = Callable[[], bytes]


def xgrammar_engine(schema: str) -> Complete:
    """Used by vLLM and SGLang."""
    about = xgrammar.TokenizerInfo(TOKENS, vocab_type=xgrammar.VocabType.RAW, stop_token_ids=[END])
    grammar = xgrammar.GrammarCompiler(about).compile_json_schema(schema, any_whitespace=False)
    mask = xgrammar.allocate_token_bitmask(1, len(TOKENS))

    def complete() -> bytes:
        matcher = xgrammar.GrammarMatcher(grammar)

        def steps() -> Iterator[int]:
            while not matcher.is_terminated():
                matcher.fill_next_token_bitmask(mask)
                words = mask[0].tolist()
                token = _chosen(token for token in range(len(TOKENS)) if words[token >> 5] >> (token & 31) & 1)
                matcher.accept_token(token)
                yield token

        return _joined(steps())

    return complete


def llguidance_engine(schema: str) -> Complete:
    """Used by vLLM, SGLang and llama.cpp where it is built with it."""

    class Tokenizer:
        eos_token_id, bos_token_id, tokens, special_token_ids = END, None, TOKENS, (END,)

        def __call__(self, text: bytes | str) -> list[int]:
            return [*(text if isinstance(text, bytes) else text.encode())]

    tokenizer = llguidance.LLTokenizer(llguidance.TokenizerWrapper(Tokenizer()))
    grammar = llguidance.LLMatcher.grammar_from_json_schema(schema, {"whitespace_flexible": False})

    def complete() -> bytes:
        matcher = llguidance.LLMatcher(tokenizer, grammar)
        if matcher.is_error():
            raise ValueError(matcher.get_error())

        def steps() -> Iterator[int]:
            while not matcher.is_stopped():
                allowed = matcher.compute_logit_bias()
                token = _chosen(token for token in range(len(TOKENS)) if allowed[token])
                matcher.consume_token(token)
                yield token

        return _joined(steps())

    return complete


def outlines_engine(schema: str) -> Complete:
    """Used by Text Generation Inference and vLLM."""
    expression = outlines_core.json_schema.build_regex_from_schema(schema)
    signs = {chr(code): [code] for code in range(32, 127)}
    index = outlines_core.Index(expression, outlines_core.Vocabulary(END, signs))

    def complete() -> bytes:
        guide = outlines_core.Guide(index)

        def steps() -> Iterator[int]:
            while not guide.is_finished():
                token = _chosen(guide.get_tokens())
                if token != END:
                    guide.advance(token)
                yield token

        return _joined(steps())

    return complete


ENGINES = {"xgrammar": xgrammar_engine, "llguidance": llguidance_engine, "outlines_core": outlines_engine}


def _chosen(allowed: Iterable[int]) -> int:
    tokens = [*allowed]
    chances = [_OFTEN.get(token, 1.0 if 32 <= token < 127 or token == END else 0.02) for token in tokens]
    return random.choices(tokens, chances)[0]  # noqa: S311 - no secret


def _joined(steps: Iterator[int]) -> bytes:
    said = bytearray()
    for token in steps:
        if token == END:
            break
        said.append(token)
        if len(said) > _MOST:
            raise ValueError("no end")
    return bytes(said)


def _tried(engine: Callable[[str], Complete], schema: Any, count: int) -> dict[str, Any]:
    try:
        complete = engine(json.dumps(schema))
        return {"said": [complete().decode("utf-8", "replace") for _ in range(count)]}
    except Exception as error:  # noqa: BLE001 - whatever an engine raises is its row in the table
        return {"fault": f"{type(error).__name__}: {str(error)[:300]}"}


if __name__ == "__main__":
    random.seed(7)
    for name, engine in ENGINES.items():
        for schema in json.loads(sys.argv[1]):
            told = {"engine": f"{name.replace('_', '-')} {metadata.version(name)}"}
            print(json.dumps(told | _tried(engine, schema, int(sys.argv[2]))), flush=True)
