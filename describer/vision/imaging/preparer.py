"""The port `ImagePreparer`: from a model's name to the size in which it is shown a picture, prepared by a process."""

from dataclasses import dataclass, field

from describer.vision.families import Families
from describer.vision.imaging.pool import Pool
from describer.vision.imaging.values import Limits, PreparedImage
from describer.vision.imaging.wire import PreparationRequest


@dataclass(frozen=True, slots=True)
class ProcessPreparer:
    """Pictures are prepared in other processes, sized by the rule of the model's family.

    Args:
        families: decides, with the detail, the size in which a picture is sent.
        limits: bytes and memory that one picture may take.
        photo_tokens: that a picture without small text may take; 0: its sides bound it.
        text_tokens: that a picture with small text may take; 0: it is treated as any other.
        pool: the processes.
    """

    families: Families
    limits: Limits
    photo_tokens: int = 0
    text_tokens: int = 0
    pool: Pool = field(default_factory=Pool)

    async def prepare(self, data: bytes, *, model: str, detail: str, max_tokens: int | None = None) -> PreparedImage:
        """Decodes, shrinks and encodes."""
        order = PreparationRequest(
            size=len(data),
            family=self.families(model).name,
            detail=detail,
            max_tokens=max_tokens,
            photo_tokens=self.photo_tokens,
            text_tokens=self.text_tokens,
            max_bytes=self.limits.max_bytes,
            decode_memory=self.limits.decode_memory,
        )
        return await self.pool.prepare(order, data)

    async def close(self) -> None:
        """Ends the processes."""
        await self.pool.close()
