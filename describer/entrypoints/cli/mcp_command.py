"""`describer mcp`: the tools for agents, over the standard input and output of a program that a client starts."""

import asyncio
import os
import sys
from collections.abc import Mapping

import click

from describer.entrypoints.cli import help_text
from describer.entrypoints.cli.services import Services
from describer.entrypoints.cli.setup import Setup
from describer.entrypoints.mcp import Tools
from describer.entrypoints.mcp_files import AllowedFiles
from describer.entrypoints.mcp_tools import TOOLS, Tool, with_files
from describer.settings import Need

_WITHOUT_STORAGE = ("describe_image", "ask_about_images")


@click.command("mcp", short_help="Serve the tools for agents.", help=help_text.MCP, epilog=help_text.MCP_EXAMPLES)
@click.argument("paths", nargs=-1, metavar="[FILE|FOLDER]...", type=click.Path())
@click.pass_obj
def mcp_(setup: Setup, paths: tuple[str, ...]) -> None:
    files = AllowedFiles.of(paths)

    async def serve(app: Services) -> None:
        # The package takes half a second to import, which no other command needs.
        from describer.entrypoints.cli.mcp_server import serve_stdio  # noqa: PLC0415

        tools = Tools(app.on_demand, app.catalogue, app.memory, app.settings.images_blob_uri, files=files)
        if sys.stdin.isatty():
            click.echo("This waits for an MCP client, which starts it by itself; Ctrl-C ends it.", err=True)
        serving = asyncio.create_task(serve_stdio(tools, _offered(app, files)))
        try:
            await asyncio.wait({serving})  # not the task itself: it cannot be cancelled while a thread waits for a line
        except asyncio.CancelledError:
            await tools.close()
            await app.close()
            os._exit(0)
        await tools.close()
        await serving

    setup.work({Need.MODEL}, serve)


def _offered(app: Services, files: AllowedFiles) -> Mapping[str, Tool]:
    """The tools that can be answered: those about stored descriptions need storage."""
    tools = with_files(TOOLS) if files.roots else TOOLS
    if app.settings.images_blob_uri or app.settings.images_account.connection_string:
        return tools
    return {name: tools[name] for name in _WITHOUT_STORAGE}
