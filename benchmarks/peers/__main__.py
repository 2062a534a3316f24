"""The app beside two ways of doing the same job that people write: `python -m benchmarks.peers [--mode MODE]` (Linux).

- notebook: LlamaIndex's multi-modal class, as in notebooks that describe pictures; see apps/notebook.
- sample: the openai client in a blob trigger, as in Azure's samples; see apps/sample.

All three run on the same development host and worker library, Azurite and stand-in model, each in its own virtual
environment. The peers are set as their documentation has it: functions that are not asynchronous, in the worker's pool
of threads at its default size; clients made once; retries as the SDKs come; whole pictures, without a `detail`. Where
they are better, the table says so. Overhead is the call of the function, with what the host reads for it, less the
model's seconds. Memory and computing are of the process that holds host and worker, and of its children. Everything
shares this machine's cores; what 4 MB a picture cost on a network is not measured. Not Azure.
"""

from benchmarks.figures import Figure, conclude, parser
from benchmarks.peers.modes import MODES, Sizes
from benchmarks.peers.rivals import set_up


def main() -> None:
    """The command line."""
    options = parser("peers")
    options.add_argument("--mode", action="append", choices=list(MODES), help="may be repeated; default: all")
    options.add_argument(
        "--tiny", action="store_true", help="a tenth of the pictures: tries the benchmark, shows nothing"
    )
    given = options.parse_args()
    set_up()
    sizes, figures = Sizes().tiny() if given.tiny else Sizes(), list[Figure]()
    for name in given.mode or MODES:
        figures += MODES[name](sizes)
    conclude(figures, given)


if __name__ == "__main__":
    main()
