# Says in one sentence what the machine lacks: `need.sh python python3.11` or `need.sh node`.
# It knows no package manager but apt, and installs nothing.
set -eu

fail() { echo "intab: $1" >&2; exit 1; }

need_python() {
    command -v "$1" >/dev/null || fail "Python 3.11 or newer is needed and $1 is not there; try: apt-get install python3 python3-venv"
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "Python 3.11 or newer is needed and $1 is $("$1" -V); name a newer one with: make PYTHON=python3.11 ..."
    "$1" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "Python's venv module is missing; try: apt-get install python3-venv"
}

need_node() {
    command -v node >/dev/null || fail "Node.js 20 or newer is needed and node is not there; try: apt-get install nodejs npm"
    node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' ||
        fail "Node.js 20 or newer is needed and node is $(node --version)"
    command -v npm >/dev/null || fail "npm is needed and is not there; try: apt-get install npm"
}

case "$1" in
    python) need_python "$2" ;;
    node) need_node ;;
esac
