# Sourced by quickstart and test, after `log` is set to a file: steps with their time, their
# output in the log, and the log's tail on the screen when one fails.

mkdir -p "$(dirname "$log")"
: > "$log"

fail() {
  echo "$(basename "$0"): $*" >&2
  exit 2
}

# elapsed SINCE -> "3 min 7 s", SINCE as in $SECONDS.
elapsed() {
  local passed=$((SECONDS - $1))
  if ((passed >= 60)); then printf '%d min ' $((passed / 60)); fi
  echo "$((passed % 60)) s"
}

# step TEXT COMMAND...: says what it does, does it quietly, says how long it took. Returns the
# command's status; a failure shows the end of what the command said.
step() {
  local text=$1 began=$SECONDS status=0 from
  shift
  printf '%-44s ' "$text ..."
  echo "== $*" >> "$log"
  from=$(wc -l < "$log")
  "$@" >> "$log" 2>&1 < /dev/null || status=$?
  if ((status == 0)); then
    echo "done ($(elapsed "$began"))"
  else
    echo "FAILED ($(elapsed "$began"))"
    tail -n "+$((from + 1))" "$log" | tail -n 40 | sed 's/^/    /' >&2
    echo "    (all of it: $log)" >&2
  fi
  return "$status"
}

# install_packages LIST...: the Debian packages of these files, those that are missing.
install_packages() {
  local wanted missing
  [[ -r /etc/os-release ]] && . /etc/os-release
  [[ ${ID:-} == debian && ${VERSION_ID:-} == 12 ]] ||
    fail "this is ${PRETTY_NAME:-no Debian}; the packages of $* are those of Debian 12 (bookworm)"
  mapfile -t wanted < <(sed 's/#.*//' "$@" | tr -s ' \t' '\n' | sed '/^$/d' | sort -u)
  mapfile -t missing < <(for package in "${wanted[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2> /dev/null | grep -q '^install ok installed$' ||
      echo "$package"
  done)
  ((${#missing[@]} > 0)) || { echo "All ${#wanted[@]} packages are installed."; return; }

  local as_root=()
  if ((EUID != 0)); then
    command -v sudo > /dev/null || fail "packages are missing (${missing[*]}); run it as root or install sudo"
    sudo -n true 2> /dev/null || fail "packages are missing (${missing[*]}) and sudo asks for a password; run 'sudo -v' first"
    as_root=(sudo)
  fi
  as_root+=(env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300)
  step "Reading the package lists" "${as_root[@]}" update || exit 2
  step "Installing ${#missing[@]} packages" "${as_root[@]}" install -y --no-install-recommends "${missing[@]}" || exit 2
}

# ccache finds what another clone of the same source compiled.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=true

# configure CMAKE-OPTION...: into build/. ccache where it is.
configure() {
  local launcher=()
  if command -v ccache > /dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
  step "Configuring" cmake -S . -B build -G Ninja -DCMAKE_BUILD_TYPE=Release "${launcher[@]}" "$@" || exit 1
}

# build: ninja's count of files becomes a percentage on the screen.
build() {
  local began=$SECONDS from
  from=$(wc -l < "$log")
  [[ -t 1 ]] && local tty=1 || local tty=0
  if ! cmake --build build 2>&1 < /dev/null | tee -a "$log" | awk -v tty=$tty '
    match($0, /^\[[0-9]+\/[0-9]+\]/) {
      split(substr($0, 2, RLENGTH - 2), n, "/")
      percent = int(100 * n[1] / n[2])
      if (tty) printf "\rBuilding ... %3d %% (%d of %d)", percent, n[1], n[2]
      else if (percent >= next_percent) {
        printf "Building ... %3d %% (%d of %d)\n", percent, n[1], n[2]
        next_percent = percent - percent % 20 + 20
      }
      fflush()
    }
    END { if (tty) printf "\r" }'; then
    printf '%-44s FAILED (%s)\n' "Building ..." "$(elapsed "$began")"
    # The compilers' words, not the progress around them.
    tail -n "+$((from + 1))" "$log" | grep -v '^\[[0-9]*/[0-9]*\]' | tail -n 40 | sed 's/^/    /' >&2
    echo "    (all of it: $log)" >&2
    exit 1
  fi
  printf '%-44s done (%s)\n' "Building ..." "$(elapsed "$began")"
}
