#!/usr/bin/env bash
# How does ruleferry compare with jq, jaq, cp and zstd on a large bundle? benches/README.md says what each row means.
set -euo pipefail
export LC_ALL=C

usage() {
  cat <<'TEXT'
usage: benches/compare.sh [--quick]

Makes a large bundle from testdata/bundles/example.ndjson, runs each comparison and prints one table.

  --quick               a bundle of 20 MB: shows that everything runs; its numbers mean little
  RULEFERRY_BIN         the command to measure        (default: target/release/ruleferry)
  RULEFERRY_BENCH_MB    size of the bundle            (default: 1000)
  RULEFERRY_BENCH_DIR   where bundles are kept        (default: ${TMPDIR:-/tmp}/ruleferry-bench)
  RULEFERRY_BENCH_JOBS  threads, for zstd too         (default: 2)
TEXT
}

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
EXAMPLE=$ROOT/testdata/bundles/example.ndjson
BIN=${RULEFERRY_BIN:-$ROOT/target/release/ruleferry}
MB=${RULEFERRY_BENCH_MB:-1000}
DIR=${RULEFERRY_BENCH_DIR:-${TMPDIR:-/tmp}/ruleferry-bench}
JOBS=${RULEFERRY_BENCH_JOBS:-2}
RUNS=5
STARTS=200
FILTER='if has("tags") and has("rule_id") then .tags += ["x"] else . end'
ONE=(--step 'add-tags = { tags = ["x"] }')
SIX=("${ONE[@]}"
  --step 'delete-tags = { tags = ["acme"] }'
  --step 'rename-rules = { suffix = " (x)" }'
  --step 'disable = {}'
  --step 'strip-response-actions = {}'
  --step 'strip-server-fields = {}')
ROWS=()
NOTES=()

case ${1:-} in
  '') ;;
  --quick) MB=20 ;;
  -h | --help) usage; exit 0 ;;
  *) usage >&2; exit 2 ;;
esac

fail() { printf 'compare.sh: %s\n' "$*" >&2; exit 1; }
say() { printf '%s\n' "$*" >&2; }
have() { command -v "$1" >/dev/null 2>&1; }
calc() { awk "BEGIN { printf \"$1\", $2 }"; }
bytes() { wc -c <"$1" | tr -d ' '; }
skip() { say "skipped: $1"; NOTES+=("skipped: $1"); }

# --- the bundle ----------------------------------------------------------------------------------------------------

# Repeats the example's records until they fill $1 bytes. Each copy has ids of its own, to which its references point.
# Rules get text of words drawn by a fixed generator: plain repetition would compress a hundredfold and read from cache.
make_bundle() {
  awk -v goal="$1" '
    function put(text) { printf "%s", text; size += length(text) }
    function words(n) {
      while (n-- > 0) { seed = (seed * 16807) % 2147483647; put(word[seed % vocabulary] " ") }
    }
    function learn(line,    n, i, part) {
      n = split(line, part, /[^A-Za-z]+/)
      for (i = 1; i <= n; i++)
        if (length(part[i]) > 2 && !(part[i] in known)) { known[part[i]]; word[vocabulary++] = part[i] }
    }
    # Cuts a record where an id begins (^A) and where text goes (^B).
    function cut(line, record,    n, i, part) {
      gsub(/"id":"[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]-/, "\"id\":\"\001-", line)
      gsub(/"(rule|item|list)_id":"/, "&\001-", line)
      gsub(/"list_id":"\001-endpoint_list"/, "\"list_id\":\"endpoint_list\"", line)
      sub(/"setup":"/, "&\001\002", line)
      pieces[record] = n = split(line, part, "\001")
      for (i = 1; i <= n; i++) piece[record, i] = part[i]
    }
    function copy(record, mark,    i, text) {
      put(piece[record, 1])
      for (i = 2; i <= pieces[record]; i++) {
        text = piece[record, i]
        if (substr(text, 1, 1) == "\002") { words(450); put(substr(text, 2)) }
        else put(mark text)
      }
      put("\n")
    }
    BEGIN { seed = 20260411 }
    /^[{]"exported_count":/ { details = $0; next }
    /"item_id":/ { items++ }
    /"immutable":false,"list_id":/ { lists++ }
    /"attributes":/ { connectors++ }
    { learn($0); cut($0, ++records) }
    END {
      for (copies = 0; size < goal; ) {
        mark = sprintf("%08x", ++copies)
        for (i = 1; i <= records; i++) copy(i, mark)
      }
      sub(/"exported_count":[0-9]+/, "\"exported_count\":" copies * records, details)
      sub(/"exported_rules_count":[0-9]+/, "\"exported_rules_count\":" copies * (records - items - lists - connectors), details)
      sub(/"exported_exception_list_count":[0-9]+/, "\"exported_exception_list_count\":" copies * lists, details)
      sub(/"exported_exception_list_item_count":[0-9]+/, "\"exported_exception_list_item_count\":" copies * items, details)
      sub(/"exported_action_connector_count":[0-9]+/, "\"exported_action_connector_count\":" copies * connectors, details)
      print details
    }' "$EXAMPLE"
}

# Writes the output of a command to a file that is there whole or not at all, unless an earlier run left it.
cached() {
  local file=$1
  shift
  [[ -s $file ]] && return
  say "making $file"
  "$@" >"$file.part"
  mv "$file.part" "$file"
}

prepare() {
  mkdir -p "$DIR"
  local version
  version=$(cat "$EXAMPLE" "${BASH_SOURCE[0]}" | cksum | tr ' ' '-')
  BIG=$DIR/big-$MB-$version.ndjson
  SLICE=$DIR/slice-$MB-$version.ndjson
  TEN=$DIR/ten-$version.ndjson
  OUT=$DIR/out-$$
  trap 'rm -f "$OUT" "$OUT".* "$DIR"/*.part' EXIT
  cached "$BIG" make_bundle "$((MB * 1000000))"
  RECORDS=$(wc -l <"$BIG" | tr -d ' ')
  cached "$SLICE" head -n "$((RECORDS / 10))" "$BIG"
  cached "$TEN" head -n 10 "$EXAMPLE"
  SCALE=$(calc %.6f "$(bytes "$BIG") / $(bytes "$SLICE")")
  ZST=$BIG.zst
  if have zstd; then cached "$ZST" zstd -q -c -3 "-T$JOBS" "$BIG"; fi
  cat "$BIG" >/dev/null
}

# --- measuring -----------------------------------------------------------------------------------------------------

# The seconds a function takes. What it says on stderr is kept for the case that it fails.
clock() {
  local TIMEFORMAT=%R
  { time "$1" 2>"$OUT.err"; } 2>&1
}

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# Runs two functions in turn and sets OURS and THEIRS to the medians of their seconds.
pair() {
  local ours='' theirs='' run t
  say "measuring: $1 against $2"
  for ((run = 0; run < RUNS; run++)); do
    t=$(clock "$1") || fail "$1: $(cat "$OUT.err")"
    ours+=$t$'\n'
    t=$(clock "$2") || fail "$2: $(cat "$OUT.err")"
    theirs+=$t$'\n'
  done
  OURS=$(printf %s "$ours" | median)
  THEIRS=$(printf %s "$theirs" | median)
}

row() { ROWS+=("| $1 | $2 | $3 | $4 | $5 |"); }
speed() { calc '%.2f s, %.0f MB/s' "$1, $(bytes "$BIG") / 1e6 / ($1 + 1e-9)"; }
slower() { calc '%.2f× the time' "$OURS / ($THEIRS + 1e-9)"; }

edit_null() { "$BIN" edit add-tags --tag x -j "$JOBS" "$BIG" >/dev/null; }
jq_slice() { jq -c "$FILTER" "$SLICE" >/dev/null; }
jaq_slice() { jaq -c "$FILTER" "$SLICE" >/dev/null; }
edit_file() { rm -f "$OUT.a" && sync && "$BIN" edit add-tags --tag x -j "$JOBS" "$BIG" -o "$OUT.a"; }
copy_file() { rm -f "$OUT.b" && sync && cp "${CP_FLAGS[@]}" -- "$BIG" "$OUT.b"; }
six_steps() { "$BIN" run "${SIX[@]}" -j "$JOBS" "$BIG" >/dev/null; }
one_step() { "$BIN" run "${ONE[@]}" -j "$JOBS" "$BIG" >/dev/null; }
edit_zst() { rm -f "$OUT.a.zst" && "$BIN" edit add-tags --tag x -j "$JOBS" "$ZST" -o "$OUT.a.zst"; }
pipe_zst() { rm -f "$OUT.b.zst" && zstd -q -dc "$ZST" | zstd -q "-T$JOBS" -3 -c >"$OUT.b.zst"; }
start_ours() { for ((n = 0; n < STARTS; n++)); do "$BIN" edit add-tags --tag x "$TEN" >/dev/null || return; done; }
start_cat() { for ((n = 0; n < STARTS; n++)); do cat "$TEN" >/dev/null || return; done; }

# --- the comparisons -----------------------------------------------------------------------------------------------

# Both tools print what `JSON.stringify` prints, so on this bundle they must agree byte for byte.
same_answer() {
  "$BIN" edit add-tags --tag x "$SLICE" >"$OUT.a" 2>"$OUT.err" || fail "edit: $(cat "$OUT.err")"
  "$1" -c "$FILTER" "$SLICE" >"$OUT.b"
  cmp -s "$OUT.a" "$OUT.b" || NOTES+=("the outputs of ruleferry and $1 differ: the comparison is void")
}

against_filter() {
  if ! have "$1"; then skip "$1 is not installed"; return; fi
  same_answer "$1"
  pair edit_null "$1_slice"
  local whole
  whole=$(calc %.6f "$THEIRS * $SCALE")
  row "add-tags to /dev/null, against \`$1 -c\`" "$(speed "$OURS")" "$(speed "$whole") (a tenth, scaled)" \
    "$(calc '%.1f× as fast' "$whole / ($OURS + 1e-9)")" "$2"
}

against_cp() {
  CP_FLAGS=(-f)
  # A copy that shares its blocks writes nothing.
  if cp --reflink=never -- "$TEN" "$OUT.b" 2>/dev/null; then CP_FLAGS+=(--reflink=never); fi
  pair edit_file copy_file
  row "add-tags, file to file, against \`cp\`" "$(speed "$OURS")" "$(speed "$THEIRS")" "$(slower)" "≤ 2×"
  rm -f "$OUT.a" "$OUT.b"
}

six_against_one() {
  pair six_steps one_step
  row "six steps in one \`run\`, against one step" "$(speed "$OURS")" "$(speed "$THEIRS")" "$(slower)" "≤ 1.6×"
}

against_zstd() {
  if ! have zstd; then skip "zstd is not installed"; return; fi
  pair edit_zst pipe_zst
  row "add-tags, .zst to .zst, against \`zstd -dc \| zstd -T$JOBS -3\`" "$(speed "$OURS")" "$(speed "$THEIRS")" "$(slower)" "≤ 1.4×"
  rm -f "$OUT.a.zst" "$OUT.b.zst"
}

start() {
  pair start_ours start_cat
  row "start to end on ten lines, against \`cat\`" "$(calc '%.1f ms' "$OURS / $STARTS * 1000")" \
    "$(calc '%.1f ms' "$THEIRS / $STARTS * 1000")" "$(calc '%.1f ms more' "($OURS - $THEIRS) / $STARTS * 1000")" "≤ 10 ms"
}

# The most memory a command holds, in KiB.
peak() {
  if ! "${TIMER[@]}" "$@" >/dev/null 2>"$OUT.err"; then fail "$*: $(cat "$OUT.err")"; fi
  awk '/Maximum resident set size/ { print $NF; exit } /maximum resident set size/ { printf "%d\n", $1 / 1024; exit }' "$OUT.err"
}

find_timer() {
  local program
  for program in gtime /usr/bin/time; do
    if "$program" -v true >/dev/null 2>&1; then TIMER=("$program" -v); return; fi
    if "$program" -l true >/dev/null 2>&1; then TIMER=("$program" -l); return; fi
  done
  return 1
}

memory() {
  if ! find_timer; then skip "peak memory: neither GNU nor BSD time is installed"; return; fi
  local input stream whole
  for input in "$BIG" "$ZST"; do
    [[ -e $input ]] || continue
    say "measuring: memory on ${input##*.}"
    stream=$(peak "$BIN" edit add-tags --tag x -j "$JOBS" "$input")
    whole=$(peak "$BIN" edit drop-unreferenced -j "$JOBS" "$input")
    row "peak memory of add-tags, .${input##*.} input" "$(calc '%.1f MiB' "$stream / 1024")" – – "≤ 64 MiB"
    row "peak memory of drop-unreferenced, .${input##*.} input" "$(calc '%.1f MiB' "$whole / 1024")" \
      "$(calc '%.1f MiB (add-tags)' "$stream / 1024")" "$(calc '%.0f bytes a record more' "($whole - $stream) * 1024 / $RECORDS")" \
      "≤ 200 bytes a record beyond its ids"
  done
}

# --- the report ----------------------------------------------------------------------------------------------------

machine() {
  local cpu='' tool versions
  if [[ -r /proc/cpuinfo ]]; then cpu=$(awk -F': ' '/^model name/ { print $2; exit }' /proc/cpuinfo); fi
  if [[ -z $cpu ]] && have sysctl; then cpu=$(sysctl -n machdep.cpu.brand_string 2>/dev/null || true); fi
  versions=$("$BIN" --version 2>/dev/null | head -n 1 || true)
  for tool in jq jaq zstd; do
    if have "$tool"; then versions+=", $("$tool" --version 2>&1 | head -n 1)"; fi
  done
  printf '%s cores (%s), %s; %s\n' "$(getconf _NPROCESSORS_ONLN)" "${cpu:-unknown}" "$(uname -srm)" "$versions"
}

report() {
  machine
  printf '%s; %s records, %s bytes a line; %s threads; medians of %s runs in turn\n\n' \
    "$(calc '%.0f MB' "$(bytes "$BIG") / 1e6")" "$RECORDS" "$(calc %.0f "$(bytes "$BIG") / $RECORDS")" "$JOBS" "$RUNS"
  printf '| what | ruleferry | the other | ratio | bar |\n|---|---|---|---|---|\n'
  printf '%s\n' "${ROWS[@]}"
  if ((${#NOTES[@]})); then printf '\n'; printf -- '- %s\n' "${NOTES[@]}"; fi
}

[[ -x $BIN ]] || have "$BIN" || fail "no ruleferry at \`$BIN\`; run \`cargo build --release\` or set RULEFERRY_BIN"
prepare
against_filter jq "≥ 40×"
against_filter jaq "≥ 8×"
against_cp
six_against_one
against_zstd
memory
start
report
