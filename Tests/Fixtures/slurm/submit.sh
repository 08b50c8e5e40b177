#!/bin/bash
# promptferry: What "carries"?, 28 of 28 cells
#SBATCH --job-name=promptferry-small
#SBATCH --comment="promptferry: What carries?, 28 of 28 cells"
#SBATCH --array=0-7%256
#SBATCH --output=/runs/100%%/logs/%A_%a.log
#SBATCH --open-mode=append
#SBATCH --signal=USR2@90
#SBATCH --requeue
#SBATCH --partition=long
#SBATCH --time=4:00:00
#SBATCH --gpus=1
#SBATCH --cpus-per-task=4
#SBATCH --mem=16G

cd /home/me || exit 1
export HF_HUB_OFFLINE=1  # models were fetched before
task=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID
echo "$(date '+%F %T') task $task on ${SLURMD_NODENAME:-$(hostname)}, start $((${SLURM_RESTART_COUNT:-0} + 1))"

# Signals are for the command below. This shell waits for its end.
trap : TERM USR2
srun --ntasks=1 --cpus-per-task="${SLURM_CPUS_PER_TASK:-1}" '/opt/my tools/promptferry' experiment run 'it'\''s.json' --output /runs/small --shard "$SLURM_ARRAY_TASK_ID/8"
status=$?
echo "$(date '+%F %T') task $task ends with $status"

# 140: USR2, 90 seconds before the end of its time. Where it stands is written, and it goes on in a new start: 3 times at most,
# or as often as wanted where there is time left, as it was preempted then. Of the array only this task is started again.
if [ $status = 140 ]; then
  left=$(squeue --noheader --job "$SLURM_JOB_ID" --format %L | tr -d ' ')
  case "$left" in [01]:??) echo . >> /runs/100%/logs/"$task.timeouts" ;; esac
  count=$(cat /runs/100%/logs/"$task.timeouts" 2>/dev/null | wc -l)
  if [ "$count" -le 3 ]; then
    scontrol requeue "$task" && sleep 120
  else
    echo "task $task is not started again: its time was over $count times"
  fi
fi
# 143: TERM. Slurm starts what it preempts again, and ends what was cancelled, when this shell has not ended by itself.
if [ $status = 143 ]; then sleep 3600; fi
exit $status
