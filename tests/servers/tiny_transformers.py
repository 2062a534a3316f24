"""Makes a vision model for `transformers serve`: LLaVA's shape, and weights that say one answer, whatever is asked.

    python -m tests.servers.tiny_transformers FOLDER

The server holds no model to a schema. So the last layer is a chain through the pieces of an answer in our schema, each
a token of its own: what comes next follows from the token before. What is asked, and the picture, have no weight.
"""

import json
import sys
from itertools import pairwise
from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    CLIPImageProcessor,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

_SIDE, _PATCH = 56, 14
_SAID = {
    "en": "A green meadow under a blue sky.",
    "de": "Eine Wiese unter blauem Himmel.",
    "ja": "青い空の下の緑の草原。",
}
_TEXTS = {tag: {"alt_text": said, "description": said, "extended_description": ""} for tag, said in _SAID.items()}
_ANSWER = {
    "image_kind": "illustration",
    "visible_text": "",
    "texts": _TEXTS,
    "tags": ["sky"],
    "is_decorative": False,
    "uncertainties": [],
}
_SPECIAL = ("<unk>", "<pad>", "</s>", "<image>", "<asked>")
_CHAT = (
    "{% for message in messages %}{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}"
    "{% endif %}{% endfor %}{% endif %}{% endfor %}{% if add_generation_prompt %}<asked>{% endif %}"
)


def _pieces() -> list[str]:
    """The answer in pieces, no two of which are the same, and none of which is a single sign."""
    text = json.dumps(_ANSWER, ensure_ascii=False)
    pieces, start = [], 0
    for end in range(2, len(text) + 1):
        if text[start:end] not in pieces and (end - start) >= 8:
            pieces.append(text[start:end])
            start = end
    return [*pieces[:-1], pieces[-1] + text[start:]]


def _tokenizer(pieces: list[str]) -> PreTrainedTokenizerFast:
    signs = [chr(code) for code in range(32, 127)] + ["\n"]
    vocabulary = {token: number for number, token in enumerate([*_SPECIAL, *signs, *pieces])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("[\\s\\S]"), "isolated")
    tokenizer.decoder = decoders.Fuse()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="<unk>",
        pad_token="<pad>",
        eos_token="</s>",
        additional_special_tokens=["<image>", "<asked>"],
        clean_up_tokenization_spaces=False,
    )


def write(folder: Path) -> None:
    """Model, tokenizer and processor."""
    pieces = _pieces()
    tokenizer = _tokenizer(pieces)
    size = len(tokenizer)
    width = -(-size // 8) * 8
    text = LlamaConfig(
        vocab_size=size, hidden_size=width, intermediate_size=16, num_hidden_layers=1, num_attention_heads=4,
        max_position_embeddings=8192, eos_token_id=2, pad_token_id=1, bos_token_id=2,
    )  # fmt: skip
    seen = CLIPVisionConfig(
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=_SIDE,
        patch_size=_PATCH,
    )
    config = LlavaConfig(vision_config=seen, text_config=text, image_token_index=3, tie_word_embeddings=False)
    model = LlavaForConditionalGeneration(config)
    decoder = model.model.language_model
    with torch.no_grad():
        decoder.embed_tokens.weight.copy_(torch.eye(size, width))
        for layer in decoder.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        model.lm_head.weight.zero_()
        for before, after in pairwise(["<asked>", *pieces, "</s>"]):
            model.lm_head.weight[tokenizer.convert_tokens_to_ids(after), tokenizer.convert_tokens_to_ids(before)] = 10
    model.generation_config.update(eos_token_id=2, pad_token_id=1, bos_token_id=2, do_sample=False)
    sizes = {"height": _SIDE, "width": _SIDE}
    images = CLIPImageProcessor(size=sizes, crop_size=sizes)
    LlavaProcessor(
        images, tokenizer, patch_size=_PATCH, vision_feature_select_strategy="default", chat_template=_CHAT,
        image_token="<image>", num_additional_image_tokens=1,
    ).save_pretrained(folder)  # fmt: skip
    model.save_pretrained(folder)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
