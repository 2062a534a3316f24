#!/bin/sh
# Three grammar engines that model servers offer for structured answers read one JSON schema in two ways. JSON Schema searches
# for a `pattern` anywhere in a text. llguidance does so; xgrammar and outlines-core hold the whole text to it, so that
# a model asked for a text with a capital letter somewhere can only answer with one letter.
# xgrammar 0.2.9, llguidance 1.9.1, outlines-core 0.2.14. Exits with 1 if that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet xgrammar==0.2.9 llguidance==1.9.1 outlines-core==0.2.14 jsonschema==4.25.1
cd "$folder"
venv/bin/python - <<'PYTHON'
import json, re

import jsonschema, llguidance, outlines_core.json_schema, xgrammar

SCHEMA = {"type": "string", "pattern": "[A-Z]"}
ANSWER = '"a Tabby cat"'


def by_xgrammar():
    bytes_alone = [f"<0x{byte:02X}>" for byte in range(256)] + ["</s>"]
    tokens = xgrammar.TokenizerInfo(bytes_alone, vocab_type=xgrammar.VocabType.BYTE_FALLBACK, stop_token_ids=[256])
    grammar = xgrammar.GrammarCompiler(tokens).compile_json_schema(json.dumps(SCHEMA))
    return xgrammar.GrammarMatcher(grammar, terminate_without_stop_token=True).accept_string(ANSWER)


def by_llguidance():
    tokens = llguidance.LLTokenizer("byte")
    matcher = llguidance.LLMatcher(tokens, llguidance.LLMatcher.grammar_from_json_schema(json.dumps(SCHEMA)))
    answer = tokens.tokenize_bytes(ANSWER.encode())
    return matcher.try_consume_tokens(answer) == len(answer) and matcher.is_accepting()


def by_outlines():
    return bool(re.fullmatch(outlines_core.json_schema.build_regex_from_schema(json.dumps(SCHEMA)), ANSWER))


jsonschema.validate(json.loads(ANSWER), SCHEMA)
seen = {"xgrammar": by_xgrammar(), "llguidance": by_llguidance(), "outlines-core": by_outlines()}
print(f"{SCHEMA} allows {ANSWER}:", seen)
assert seen == {"xgrammar": False, "llguidance": True, "outlines-core": False}, "this has changed"
PYTHON
