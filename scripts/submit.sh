#!/usr/bin/env bash
# Submit a sweep to a Ray cluster. What follows is a `modelcollapse run` command; --out must be a folder that the cluster
# can reach: any fsspec URL, such as s3://bucket/run.
#
#   ray dashboard cluster.yaml &                      # forwards the jobs API of a cluster made with cluster.yaml
#   scripts/submit.sh collapse-rates --corpus amazon --out s3://my-bucket/collapse-rates
#
# RAY_API_ADDRESS chooses another jobs API than http://127.0.0.1:8265; RAY_AUTH_MODE=token sends the token of ~/.ray.
#
# On SLURM there is no jobs API to submit to; in the batch script, with one task for each node:
#
#   export RAY_AUTH_MODE=disabled RAY_USAGE_STATS_ENABLED=0      # or token, with one ~/.ray/auth_token for all nodes
#   srun ray symmetric-run --address "$(hostname):6379" --min-nodes "$SLURM_NNODES" -- \
#       modelcollapse run collapse-rates --corpus amazon --out /shared/runs/collapse-rates
set -euo pipefail

if [ $# -lt 1 ] || [[ " $* " != *" --out"* ]]; then
    echo "usage: scripts/submit.sh EXPERIMENT|SPEC.toml [options of modelcollapse run] --out URL" >&2
    exit 2
fi
out=$(for ((i = 1; i <= $#; i++)); do
    case ${!i} in --out=*) echo "${!i#--out=}" ;; --out) next=$((i + 1)) && echo "${!next}" ;; esac
done)

export RAY_API_SERVER_ADDRESS=${RAY_API_ADDRESS:-http://127.0.0.1:8265}
export RAY_USAGE_STATS_ENABLED=0
id=modelcollapse-$(date +%Y%m%d-%H%M%S)-$$
ray job submit --address "$RAY_API_SERVER_ADDRESS" --submission-id "$id" --no-wait \
    -- modelcollapse run "$@"
cat <<EOF

Follow:  ray job logs --address $RAY_API_SERVER_ADDRESS --follow $id
         modelcollapse status $out
Stop:    ray job stop --address $RAY_API_SERVER_ADDRESS $id      (the same submission goes on from there)
Fetch:   modelcollapse export $out results.parquet; modelcollapse report $out
EOF
