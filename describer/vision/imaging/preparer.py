"""Implements the port `ImagePreparer`: worker processes prepare pictures at the sizes for a model."""

from dataclasses import dataclass, field

from describer.vision.families import Families
from describer.vision.imaging.pool import Pool
from describer.vision.imaging.values import Limits, PreparedImage
from describer.vision.imaging.wire import PreparationRequest


@dataclass(frozen=True, slots=True)
class ProcessPreparer:
    """Prepares pictures in worker processes, sized by the model family's rule.

    Args:
        photo_tokens, text_tokens: see `Sizes`.
    """

    families: Families
    limits: Limits
    photo_tokens: int = 0
    text_tokens: int = 0
    pool: Pool = field(default_factory=Pool)

    async def prepare(self, data: bytes, *, model: str, detail: str, max_tokens: int | None = None) -> PreparedImage:
        request = PreparationRequest(
            size=len(data),
            family=self.families(model).name,
            detail=detail,
            max_tokens=max_tokens,
            photo_tokens=self.photo_tokens,
            text_tokens=self.text_tokens,
            max_bytes=self.limits.max_bytes,
            decode_memory=self.limits.decode_memory,
        )
        return await self.pool.prepare(request, data)

    async def close(self) -> None:
        await self.pool.close()
