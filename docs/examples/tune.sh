#!/bin/sh
# Tunes a function with frugal serve, by curl.
#
#   FRUGAL_URL=http://127.0.0.1:8265 FRUGAL_TOKEN=$(cat frugal.db.token) sh tune.sh
set -eu

# call METHOD PATH [BODY]. The token goes by standard input, so that no list of processes shows it.
call() {
  printf 'user = "%s:"\n' "$FRUGAL_TOKEN" |
    curl --silent --show-error --fail-with-body --config - --request "$1" \
      --header 'Content-Type: application/json' ${3:+--data "$3"} "$FRUGAL_URL/v1/$2"
}
# A text or a number of a flat piece of JSON, by its key.
get() { sed -n "s/.*\"$1\":\"\{0,1\}\([^,\"}]*\).*/\1/p"; }

id=$(call POST experiments '{"name": "example by curl", "observation_budget": 10,
  "parameters": [{"name": "x", "type": "double", "bounds": {"min": 0, "max": 1}}],
  "metrics": [{"name": "accuracy", "objective": "maximize"}]}' | get id)

for _ in 1 2 3 4 5 6 7 8 9 10; do
  suggestion=$(call POST "experiments/$id/suggestions" '{}')
  x=$(printf %s "$suggestion" | get x)
  value=$(awk "BEGIN { print 1 - ($x - 0.3) ^ 2 }")   # stands for a training
  call POST "experiments/$id/observations" \
    "{\"suggestion\": \"$(printf %s "$suggestion" | get id)\", \"value\": $value}" > /dev/null
done

call GET "experiments/$id/best_assignments"
