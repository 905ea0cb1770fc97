#!/bin/sh
# Records what CPython does in every program into testdata/, the random ones among them. Uses $PYTHON, or else the first
# python3.
set -eu
cd "$(dirname "$0")"
python=${PYTHON:-python3}
if ! command -v "$python" >/dev/null; then
	echo "record.sh: no interpreter $python; name one in PYTHON" >&2
	exit 1
fi
PYTHONDONTWRITEBYTECODE=1 "$python" programs/record.py testdata
PYTHON=$python exec go test -count=1 -run '^TestRandomRecorded$' . -record
