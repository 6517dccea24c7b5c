#!/bin/sh
# Copies one file with every engine and every cache mode, checks each copy, and shows what the
# program measured. The status is 1 when a copy differs or fails without the program having said
# before it began that the combination is impossible here.
set -eu

usage() {
  echo "usage: $0 BINARY [DIRECTORY]" >&2
  exit 2
}

if [ $# -lt 1 ] || [ $# -gt 2 ]; then usage; fi
binary=$1
if [ ! -x "$binary" ]; then
  echo "demo: $binary is not there: run make" >&2
  exit 2
fi
case $binary in
  /*) ;;
  *) binary=$PWD/$binary ;;
esac

megabytes=64
more=123
export LC_ALL=C

# A directory beside the build is on a real disk as a rule, which /tmp may not be.
if [ $# -eq 2 ]; then
  root=$2
else
  root=$(dirname "$binary")
fi
work=$(mktemp -d "$root/xio-demo.XXXXXX")
cleanup() { rm -rf "$work"; }
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# Short names keep the reasons in the table short.
cd "$work"
source=source
target=target
report=report.json
messages=messages
dd if=/dev/urandom of="$source" bs=1M count=$megabytes 2>"$messages"
dd if=/dev/urandom bs=$more count=1 2>"$messages" >>"$source"
sync "$source"

# Prints what the table shows of the report, which is JSON with one key per line: wall time; waiting,
# copying and what cannot be told apart, reads and writes added; calls, switches, source pages,
# target pages; the bases, once each.
summary='
function value(line) {
  sub(/^[^:]*:[ ]*/, "", line)
  sub(/,[ ]*$/, "", line)
  gsub(/"/, "", line)
  return line
}
function milliseconds(count) { return sprintf("%.2f", count / 1e6) }
/"wall_ns"/ && wall == "" { wall = value($0) }
/"phases"[ ]*:/ { section = "phases" }
/"system_calls"[ ]*:/ { section = "calls" }
/"context_switches"[ ]*:/ { section = "switches" }
/"page_cache"[ ]*:/ { section = "pages" }
section == "phases" && /"wait_ns"/ { if (value($0) != "null") { waited += value($0); waits++ } }
section == "phases" && /"copy_ns"/ { if (value($0) != "null") { copied += value($0); copies++ } }
section == "phases" && /"merged_ns"/ { if (value($0) != "null") { merged += value($0); merges++ } }
section == "phases" && /"basis"/ {
  basis = value($0)
  if (!(basis in seen)) { seen[basis] = 1; bases = bases (bases == "" ? "" : "+") basis }
}
section == "calls" && /"total"/ { calls = value($0) }
section == "switches" && /"(in)?voluntary"/ { switches += value($0); counted = 1 }
section == "pages" && /"after"[ ]*:/ { moment = "after" }
section == "pages" && /"before"[ ]*:/ { moment = "before" }
section == "pages" && /"resident_pages"/ && moment == "after" {
  resident = value($0)
  if (resident == "null") resident = "-"
  moment = ""
}
section == "pages" && /"role"/ { pages[value($0)] = resident; resident = "" }
END {
  printf "%s|%s|%s|%s|%s|%s|%s|%s|%s\n", wall == "" ? "-" : milliseconds(wall),
    waits ? milliseconds(waited) : "-", copies ? milliseconds(copied) : "-",
    merges ? milliseconds(merged) : "-", calls == "" ? "-" : calls, counted ? switches : "-",
    pages["source"] == "" ? "-" : pages["source"], pages["target"] == "" ? "-" : pages["target"],
    bases == "" ? "-" : bases
}'

# Prints the cells of one copy, separated by bars.
copy_once() {
  engine=$1 notify=$2 cache=$3
  rm -f "$target" "$report"
  name=$engine
  set -- copy --engine "$engine" --cache "$cache" --report=json --report-to "$report"
  if [ -n "$notify" ]; then
    name="$engine $notify"
    set -- "$@" --notify "$notify"
  fi
  status=0
  "$binary" "$@" "$source" "$target" 2>"$messages" </dev/null || status=$?
  if [ $status -ne 0 ]; then
    # The message can name the engine and the reason; a bar would end the cell.
    reason=$(sed -n '1{s/^xio copy: //;s/|/ /g;p;}' "$messages")
    if [ $status -eq 1 ] && [ ! -e "$target" ] && head -n 1 "$messages" | grep -q '^xio copy: '
    then
      result="not possible: $reason"
    else
      result="FAILED with status $status: $reason"
    fi
    printf '%s|%s|%s|-|-|-|-|-|-|-|-|-\n' "$name" "$cache" "$result"
  elif cmp -s "$source" "$target"; then
    printf '%s|%s|identical|%s\n' "$name" "$cache" "$(cells)"
  else
    printf '%s|%s|DIFFERENT|%s\n' "$name" "$cache" "$(cells)"
  fi
}

cells() {
  if [ -s "$report" ]; then awk "$summary" "$report"; else echo '-|-|-|-|-|-|-|-|-'; fi
}

table=table
{
  printf 'engine|cache|result|wall ms|wait ms|copy ms|both ms|calls|switches|'
  printf 'source|target|basis\n'
} >"$table"
run_engine() {
  for cache in page direct uncached keep; do
    copy_once "$1" "$2" "$cache" >>"$table"
    # Some combinations take a while: show that something happens where somebody looks.
    if [ -t 2 ]; then printf '\r\033[K%s %s %s' "$1" "$2" "$cache" >&2; fi
  done
}

for engine in blocking nonblocking select poll epoll sigio; do run_engine $engine ''; done
for notify in suspend poll signal thread; do run_engine posix-aio $notify; done
for engine in libaio uring kernel; do run_engine $engine ''; done
if [ -t 2 ]; then printf '\r\033[K' >&2; fi

cat <<TEXT
$megabytes MiB + $more bytes of random data, copied in $root

wait, copy       time in these phases of all reads and all writes, which some engines overlap
both             time in phases that the engine cannot tell apart
source, target   pages of the files in the page cache afterwards
basis            how the engine comes to know the phases, see xio copy --report

TEXT
# Reasons are longer than any column: a row with one ends with it.
awk -F '|' '
  {
    fields[NR] = NF
    brief[NR] = $3 ~ /^(not|FAILED)/
    for (i = 1; i <= NF; i++) {
      cell[NR, i] = $i
      if (!(i == 3 && brief[NR]) && length($i) > width[i]) width[i] = length($i)
    }
  }
  END {
    for (row = 1; row <= NR; row++) {
      line = ""
      last = brief[row] ? 3 : fields[row]
      for (i = 1; i <= last; i++) {
        right = i > 3 && i < fields[row]
        line = line sprintf(right ? "%*s  " : "%-*s  ", width[i], cell[row, i])
      }
      sub(/ +$/, "", line)
      print line
    }
  }' "$table"

bad=$(grep -c -e '|DIFFERENT|' -e '|FAILED with' "$table" || true)
good=$(grep -c '|identical|' "$table" || true)
impossible=$(grep -c '|not possible: ' "$table" || true)
echo
echo "$good identical, $impossible not possible here, $bad wrong"
if [ "$bad" -ne 0 ] || [ "$good" -eq 0 ]; then exit 1; fi
