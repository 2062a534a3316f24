"""Makes a vision model of random weights: a Llama of 1.7 MB, and its projector, as GGUF. Run with the package `gguf`.

    python -m tests.servers.tiny FOLDER

Random weights would never close a string. So the last layer is no random one: what it likes best follows from the token
before, in a chain through `SENTENCE`, after whose last sign a quotation mark comes, or the end where the grammar allows
it; and it likes to end arrays and objects. A grammar then leads it through any JSON schema.
"""

import sys
from itertools import pairwise
from pathlib import Path

import gguf
import numpy as np
import numpy.typing as npt

SENTENCE = "Sky, blue."
"""Each sign once, for each leads to the next."""
CONTEXT = 16_384
_WIDTH, _HEADS, _BLOCKS, _FEED = 128, 4, 2, 256
_SIDE, _PATCH, _SEEN = 64, 16, 64
_SMALL = 0.005  # of random weights: what follows is decided by the last token, not by them
_NORMAL, _UNKNOWN, _CONTROL, _BYTE = 1, 2, 3, 6  # kinds of tokens, as llama.cpp numbers them
_CHAT = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant:"

_random = np.random.default_rng(7)


def _weights(*shape: int, scale: float = _SMALL) -> npt.NDArray[np.float32]:
    return (_random.standard_normal(shape) * scale).astype(np.float32)


def _vocabulary() -> tuple[list[bytes], list[int]]:
    signs = [chr(code).replace(" ", "\u2581").encode() for code in range(0x20, 0x7F)]
    tokens = [b"<unk>", b"<s>", b"</s>", *(f"<0x{byte:02X}>".encode() for byte in range(256)), *signs]
    return tokens, [_UNKNOWN, _CONTROL, _CONTROL, *[_BYTE] * 256, *[_NORMAL] * len(signs)]


def _last_layer(tokens: list[bytes], embedded: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The weights by which a token is liked, given the one before."""
    at = {token: number for number, token in enumerate(tokens)}
    last = np.zeros((len(tokens), _WIDTH), np.float32)

    def likes(before: str, after: str, much: float) -> None:
        last[at[after.encode()]] += much * embedded[at[before.encode()]]

    signs = SENTENCE.replace(" ", "\u2581")
    for before, after in pairwise(signs):
        likes(before, after, 8)
    likes('"', signs[0], 8)
    likes(":", signs[0], 3)
    likes(signs[-1], '"', 8)
    likes(signs[-1], "</s>", 10)
    for before, after, much in (('"', "]", 4), ('"', "}", 4), ("]", ",", 4), ("}", "</s>", 6)):
        likes(before, after, much)
    return last


def write_model(path: Path) -> None:
    """The language model."""
    tokens, kinds = _vocabulary()
    embedded = _random.standard_normal((len(tokens), _WIDTH)).astype(np.float32)
    embedded /= np.linalg.norm(embedded, axis=1, keepdims=True)
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("tiny")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(_WIDTH)
    writer.add_block_count(_BLOCKS)
    writer.add_feed_forward_length(_FEED)
    writer.add_head_count(_HEADS)
    writer.add_head_count_kv(_HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(_WIDTH // _HEADS)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types(kinds)
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(True)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(_CHAT)
    writer.add_tensor("token_embd.weight", embedded)
    writer.add_tensor("output_norm.weight", np.ones(_WIDTH, np.float32))
    writer.add_tensor("output.weight", _last_layer(tokens, embedded))
    for block in range(_BLOCKS):
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{block}.{name}.weight", np.ones(_WIDTH, np.float32))
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            writer.add_tensor(f"blk.{block}.{name}.weight", _weights(_WIDTH, _WIDTH))
        for name, shape in (("gate", (_FEED, _WIDTH)), ("up", (_FEED, _WIDTH)), ("down", (_WIDTH, _FEED))):
            writer.add_tensor(f"blk.{block}.ffn_{name}.weight", _weights(*shape))
    _write(writer)


def write_projector(path: Path) -> None:
    """What turns a picture into tokens: a vision transformer of LLaVA's kind."""
    writer = gguf.GGUFWriter(str(path), "clip")
    writer.add_bool("clip.has_vision_encoder", True)
    writer.add_bool("clip.use_gelu", True)
    writer.add_string("clip.projector_type", "mlp")
    sizes = {"image_size": _SIDE, "patch_size": _PATCH, "embedding_length": _SEEN, "feed_forward_length": _FEED}
    for name, size in (sizes | {"block_count": _BLOCKS, "projection_dim": _WIDTH}).items():
        writer.add_uint32(f"clip.vision.{name}", size)
    writer.add_uint32("clip.vision.attention.head_count", _HEADS)
    writer.add_float32("clip.vision.attention.layer_norm_epsilon", 1e-5)
    for name in ("image_mean", "image_std"):
        writer.add_array(f"clip.vision.{name}", [0.5] * 3)
    writer.add_tensor("v.class_embd", _weights(_SEEN))
    writer.add_tensor("v.patch_embd.weight", _weights(_SEEN, 3, _PATCH, _PATCH))
    writer.add_tensor("v.position_embd.weight", _weights((_SIDE // _PATCH) ** 2 + 1, _SEEN))
    _norm(writer, "v.pre_ln")
    for block in range(_BLOCKS):
        for name in ("ln1", "ln2"):
            _norm(writer, f"v.blk.{block}.{name}")
        for name in ("attn_q", "attn_k", "attn_v", "attn_out"):
            _linear(writer, f"v.blk.{block}.{name}", _SEEN, _SEEN)
        _linear(writer, f"v.blk.{block}.ffn_up", _FEED, _SEEN)
        _linear(writer, f"v.blk.{block}.ffn_down", _SEEN, _FEED)
    _linear(writer, "mm.0", _WIDTH, _SEEN)
    _linear(writer, "mm.2", _WIDTH, _WIDTH)
    _write(writer)


def _norm(writer: gguf.GGUFWriter, name: str) -> None:
    writer.add_tensor(f"{name}.weight", np.ones(_SEEN, np.float32))
    writer.add_tensor(f"{name}.bias", np.zeros(_SEEN, np.float32))


def _linear(writer: gguf.GGUFWriter, name: str, rows: int, columns: int) -> None:
    writer.add_tensor(f"{name}.weight", _weights(rows, columns, scale=0.02))
    writer.add_tensor(f"{name}.bias", np.zeros(rows, np.float32))


def _write(writer: gguf.GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    write_model(folder / "tiny.gguf")
    write_projector(folder / "tiny-projector.gguf")
