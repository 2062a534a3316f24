"""Text in a picture, read by RapidOCR (PP-OCR models, Apache-2.0, whose weights lie inside its package)."""

import logging
from dataclasses import dataclass

import numpy as np
from rapidocr import RapidOCR

from local.azure_openai.sight.picture import Pixels

SURE = 0.9
"""Lines below this score are dropped as recognition errors."""
DETECTION_SIDE = 960


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text.

    Args:
        text: verbatim.
        height: pixels.
        area: pixels that its box covers.
        left, top: of its box, in pixels from the picture's upper left corner.
    """

    text: str
    height: float
    area: float
    left: float = 0.0
    top: float = 0.0


class Reader:
    """The OCR models, loaded. One caller at a time."""

    def __init__(self) -> None:
        logging.getLogger("RapidOCR").setLevel(logging.ERROR)
        self._ocr = RapidOCR(
            params={
                "Global.log_level": "error",
                "Global.use_cls": False,  # no third model for upside-down lines
                "Det.limit_type": "max",
                "Det.limit_side_len": DETECTION_SIDE,
                "EngineConfig.onnxruntime.intra_op_num_threads": 2,
            }
        )

    def read(self, pixels: Pixels) -> list[Line]:
        """Return the lines that were read with certainty, from top to bottom."""
        result = self._ocr(pixels[:, :, ::-1])
        if result.boxes is None or result.txts is None:
            return []
        lines = []
        for box, text, score in zip(result.boxes, result.txts, result.scores, strict=True):
            width, height = (float(np.linalg.norm(box[corner] - box[0])) for corner in (1, 3))  # boxes may be tilted
            if score >= SURE and sum(map(str.isalnum, text)) >= 2:
                left, top = (float(min(corner[axis] for corner in box)) for axis in (0, 1))
                lines.append(Line(text.strip(), height, width * height, left, top))
        return lines
