"""The port `ImagePreparer`: from a model's name to the size in which it is shown a picture, prepared by a process."""

from dataclasses import dataclass, field

from describer.vision.families import Families
from describer.vision.imaging.pool import Pool
from describer.vision.imaging.values import Limits, PreparedImage
from describer.vision.imaging.wire import RequestOptions


@dataclass(frozen=True, slots=True)
class ProcessStudio:
    """Pictures are prepared in other processes, sized by the rule of the model's family.

    Args:
        families: decides, with the detail, the size in which a picture is sent.
        limits: bytes and memory that one picture may take.
        pool: the processes.
    """

    families: Families
    limits: Limits
    pool: Pool = field(default_factory=Pool)

    async def prepare(self, data: bytes, *, model: str, detail: str, max_tokens: int | None = None) -> PreparedImage:
        """Decodes, shrinks and encodes."""
        family = self.families(model).name
        order = RequestOptions(len(data), family, detail, max_tokens, self.limits.max_bytes, self.limits.decode_memory)
        return await self.pool.prepare(order, data)

    async def close(self) -> None:
        """Ends the processes."""
        await self.pool.close()
