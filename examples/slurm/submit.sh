#!/bin/bash
# submit.sh MODEL OUT [options of sbatch]: scan a model in shards, and join them.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
MODEL=$(realpath "$1") OUT=$(realpath "$2")
shift 2
export MODEL OUT
mkdir -p "$OUT"
scan=$(sbatch --parsable "$@" --output="$OUT/%x-%a.log" "$here/scan.sbatch")
merge=$(sbatch --parsable --dependency=afterok:"$scan" --kill-on-invalid-dep=yes --output="$OUT/%x.log" "$here/merge.sbatch")
echo "$scan $merge"
